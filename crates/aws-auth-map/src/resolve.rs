//! From an identity to a user, or to the reason why not.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use iam_principal::{AccountId, Identity};

use crate::matching::{Caller, Match, MatchedOn, is_instance_id};
use crate::rules::{Found, Rule, RuleRef, Rules};
use crate::template::{Placeholder, Template};
use crate::user::{UserInfo, session_name};

/// The prefixes that EKS reserves for itself in the user names of access entries (EKS user guide,
/// "Create access entries"); none is reserved unless it is passed to
/// [`Backend::with_reserved_prefixes`].
pub const EKS_RESERVED_PREFIXES: [&str; 5] = ["system:", "eks:", "aws:", "amazon:", "iam:"];

/// Where rules come from, by upstream's names of its backend modes.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum BackendKind {
    /// EKS's access entries.
    AccessEntries,
    /// `IAMIdentityMapping` objects.
    Crd,
    /// A file that a program rewrites.
    DynamicFile,
    /// The ConfigMap `aws-auth`.
    EksConfigMap,
    /// The server's own configuration file.
    MountedFile,
}

impl BackendKind {
    /// All of them, by name.
    pub const ALL: [Self; 5] = [
        Self::AccessEntries,
        Self::Crd,
        Self::DynamicFile,
        Self::EksConfigMap,
        Self::MountedFile,
    ];

    /// Returns the kind that a mode names, by one of upstream's two deprecated names as well:
    /// `File` is `MountedFile`, and `ConfigMap` is `EKSConfigMap` (`pkg/mapper/mapper.go`).
    #[must_use]
    pub fn from_mode(mode: &str) -> Option<Self> {
        match mode {
            "ConfigMap" => Some(Self::EksConfigMap),
            "File" => Some(Self::MountedFile),
            _ => Self::ALL.into_iter().find(|kind| kind.as_str() == mode),
        }
    }

    /// Returns the name of the mode.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessEntries => "AccessEntries",
            Self::Crd => "CRD",
            Self::DynamicFile => "DynamicFile",
            Self::EksConfigMap => "EKSConfigMap",
            Self::MountedFile => "MountedFile",
        }
    }
}

impl fmt::Display for BackendKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One source of rules in a [`Map`].
#[derive(Clone, Debug)]
pub struct Backend {
    kind: BackendKind,
    rules: Rules,
    reserved_prefixes: Vec<String>,
}

impl Backend {
    /// Takes the rules of a source. No prefix is reserved, as upstream.
    #[must_use]
    pub const fn new(kind: BackendKind, rules: Rules) -> Self {
        Self {
            kind,
            rules,
            reserved_prefixes: Vec::new(),
        }
    }

    /// Refuses user names that begin with one of these: upstream's `usernamePrefixReserveList`.
    /// The rendered name is what counts. As upstream, an empty prefix reserves nothing.
    #[must_use]
    pub fn with_reserved_prefixes<'p>(self, prefixes: impl IntoIterator<Item = &'p str>) -> Self {
        let prefixes = prefixes.into_iter().filter(|prefix| !prefix.is_empty());
        let reserved_prefixes = prefixes.map(str::to_owned).collect();
        Self {
            reserved_prefixes,
            ..self
        }
    }

    /// Returns what kind of source this is.
    #[must_use]
    pub const fn kind(&self) -> BackendKind {
        self.kind
    }

    /// Returns the rules.
    #[must_use]
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }
}

/// The sources of rules, in the order in which they are asked.
#[derive(Clone, Debug, Default)]
pub struct Map {
    backends: Vec<Backend>,
    is_upstream_spelling_only: bool,
    scrubbed_accounts: HashSet<AccountId>,
}

impl Map {
    /// Makes a map without sources, which maps nobody.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a source that is asked after those before it.
    #[must_use]
    pub fn with_backend(mut self, backend: Backend) -> Self {
        self.backends.push(backend);
        self
    }

    /// Takes `<<SessionName>>` for text, as upstream.
    #[must_use]
    pub fn with_upstream_spelling_only(self) -> Self {
        Self {
            is_upstream_spelling_only: true,
            ..self
        }
    }

    /// Tells nothing but the user's name of identities in these accounts: upstream's
    /// `scrubbedAccounts`.
    #[must_use]
    pub fn with_scrubbed_accounts(self, accounts: impl IntoIterator<Item = AccountId>) -> Self {
        Self {
            scrubbed_accounts: accounts.into_iter().collect(),
            ..self
        }
    }

    /// Returns the sources.
    #[must_use]
    pub fn backends(&self) -> &[Backend] {
        &self.backends
    }

    /// Finds the user that an identity is.
    ///
    /// The order, as upstream (`pkg/server/server.go`, `doMapping`): for each backend
    ///
    /// 1. its rule for the caller's canonical ARN or user id (see [`Rules`]); if there is one, that
    ///    is the end: an ARN that contradicts the user id refuses, so does a template without a
    ///    value, so does a name with a reserved prefix, and otherwise the rendered name is the user;
    /// 2. failing that, its accounts: the user's name is the canonical ARN, unless that has a
    ///    reserved prefix;
    /// 3. failing that, the next backend.
    #[must_use]
    pub fn resolve(&self, identity: &Identity) -> Resolution {
        self.walk(identity, None)
    }

    /// Finds the user as [`resolve`](Self::resolve) does, where the instance that
    /// [`instance_id`] names is known to have this private DNS name.
    #[must_use]
    pub fn resolve_instance(&self, identity: &Identity, private_dns_name: &str) -> Resolution {
        self.walk(identity, Some(private_dns_name))
    }

    fn walk(&self, identity: &Identity, private_dns_name: Option<&str>) -> Resolution {
        let caller = Caller::new(identity);
        let values = Values {
            identity,
            private_dns_name,
            map: self,
        };
        for backend in &self.backends {
            let kind = backend.kind;
            if let Some(Found { at, rule, how }) = backend.rules.find(&caller) {
                // DIFFERENCE: upstream goes on to the accounts and the later backends.
                let Match::Yes(on) = how else {
                    return Resolution::Refused(Refusal::new(Reason::UserIdMismatch, at, kind));
                };
                return match values.render(rule) {
                    Ok((username, groups)) => {
                        self.conclude(identity, backend, (at, on), username, groups)
                    }
                    Err(reason) => Resolution::Refused(Refusal::new(reason, at, kind)),
                };
            }
            if let Some(at) = backend.rules.find_account(identity.account()) {
                let username = identity.canonical_arn().to_owned();
                let by = (at, MatchedOn::Account);
                return self.conclude(identity, backend, by, username, Vec::new());
            }
        }
        Resolution::NotMapped
    }

    // DIFFERENCE: upstream does not hold the names of `mapAccounts` against the reserved prefixes.
    fn conclude(
        &self,
        identity: &Identity,
        backend: &Backend,
        (rule, matched_on): (RuleRef, MatchedOn),
        username: String,
        groups: Vec<String>,
    ) -> Resolution {
        if backend
            .reserved_prefixes
            .iter()
            .any(|prefix| username.starts_with(prefix.as_str()))
        {
            let reason = Reason::ReservedUsername;
            return Resolution::Refused(Refusal::new(reason, rule, backend.kind));
        }
        let user = if self.scrubbed_accounts.contains(&identity.account()) {
            UserInfo::scrubbed(username, groups)
        } else {
            UserInfo::new(identity, username, groups)
        };
        Resolution::Mapped(Mapped {
            user,
            rule,
            matched_on,
            backend: backend.kind,
        })
    }
}

/// Returns the id of the EC2 instance that an identity is, if its session name is one: whoever has
/// rules with `{{EC2PrivateDNSName}}` asks EC2 for the private DNS name of it, and then
/// [`Map::resolve_instance`].
#[must_use]
pub fn instance_id(identity: &Identity) -> Option<&str> {
    Some(session_name(identity)).filter(|name| is_instance_id(name))
}

/// What the placeholders stand for.
struct Values<'r> {
    identity: &'r Identity,
    private_dns_name: Option<&'r str>,
    map: &'r Map,
}

impl<'r> Values<'r> {
    fn render(&self, rule: &Rule) -> Result<(String, Vec<String>), Reason> {
        let only = self.map.is_upstream_spelling_only;
        let render = |template: &Template| template.render(only, |name| self.value(name));
        let username = render(rule.username())?;
        let groups = rule.groups().iter().map(render).collect::<Result<_, _>>()?;
        Ok((username, groups))
    }

    fn value(&self, placeholder: Placeholder) -> Result<Cow<'r, str>, Reason> {
        let session_name = session_name(self.identity);
        Ok(match placeholder {
            Placeholder::AccessKeyId => self.identity.access_key_id().unwrap_or("").into(),
            Placeholder::AccountId => self.identity.account().to_string().into(),
            Placeholder::Ec2PrivateDnsName => {
                instance_id(self.identity).ok_or(Reason::NotAnInstance)?;
                self.private_dns_name
                    .ok_or(Reason::PrivateDnsNameUnknown)?
                    .into()
            }
            Placeholder::SessionName => session_name.replace('@', "-").into(),
            Placeholder::SessionNameRaw => session_name.into(),
        })
    }
}

/// What became of an identity.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "whoever asks must decide on each")]
pub enum Resolution {
    /// It is this user.
    Mapped(Mapped),
    /// No rule speaks of it.
    NotMapped,
    /// A rule speaks of it, and yields no user.
    Refused(Refusal),
}

impl Resolution {
    /// Returns the user, if there is one.
    #[must_use]
    pub const fn user(&self) -> Option<&UserInfo> {
        match self {
            Self::Mapped(mapped) => Some(&mapped.user),
            Self::NotMapped | Self::Refused(_) => None,
        }
    }
}

/// A user, and the rule that says so.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mapped {
    user: UserInfo,
    rule: RuleRef,
    matched_on: MatchedOn,
    backend: BackendKind,
}

impl Mapped {
    /// Returns the user.
    #[must_use]
    pub const fn user(&self) -> &UserInfo {
        &self.user
    }

    /// Returns the user, and forgets the rule.
    #[must_use]
    pub fn into_user(self) -> UserInfo {
        self.user
    }

    /// Returns the rule.
    #[must_use]
    pub const fn rule(&self) -> RuleRef {
        self.rule
    }

    /// Returns by what the rule knew the caller.
    #[must_use]
    pub const fn matched_on(&self) -> MatchedOn {
        self.matched_on
    }

    /// Returns where the rule comes from.
    #[must_use]
    pub const fn backend(&self) -> BackendKind {
        self.backend
    }
}

/// Why a rule yields no user.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Refusal {
    reason: Reason,
    rule: RuleRef,
    backend: BackendKind,
}

impl Refusal {
    const fn new(reason: Reason, rule: RuleRef, backend: BackendKind) -> Self {
        Self {
            reason,
            rule,
            backend,
        }
    }

    /// Returns the reason.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.reason
    }

    /// Returns the rule.
    #[must_use]
    pub const fn rule(&self) -> RuleRef {
        self.rule
    }

    /// Returns where the rule comes from.
    #[must_use]
    pub const fn backend(&self) -> BackendKind {
        self.backend
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}: {}", self.rule, self.backend, self.reason)
    }
}

/// What keeps a rule from yielding a user.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// `{{EC2PrivateDNSName}}`, and the session name is no instance's id.
    NotAnInstance,
    /// `{{EC2PrivateDNSName}}`, and nobody said what it is; see [`Map::resolve_instance`].
    PrivateDnsNameUnknown,
    /// The name begins with a reserved prefix.
    ReservedUsername,
    /// The rule is for the caller's user id, and names another ARN.
    UserIdMismatch,
}

impl Reason {
    /// Returns a stable name for it, in kebab case.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotAnInstance => "not-an-instance",
            Self::PrivateDnsNameUnknown => "private-dns-name-unknown",
            Self::ReservedUsername => "reserved-username",
            Self::UserIdMismatch => "user-id-mismatch",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAnInstance => {
                "`{{EC2PrivateDNSName}}` needs an instance, and the session name is no instance's id"
            }
            Self::PrivateDnsNameUnknown => "the private DNS name of the instance is not known",
            Self::ReservedUsername => "the name of the user begins with a reserved prefix",
            Self::UserIdMismatch => "the rule is for the caller's user id, but names another ARN",
        })
    }
}
