//! Resolves an identity to a Kubernetes user, or to the reason for a refusal.

pub(crate) mod backend;
pub(crate) mod backend_modes;
pub(crate) mod extra;
pub(crate) mod resolution;
pub(crate) mod user;

use std::borrow::Cow;
use std::collections::HashSet;

use iam_principal::{AccountId, Identity};

use self::backend::{AuthenticationMode, Backend, BackendKind};
use self::resolution::{Mapped, Reason, Refusal, Resolution};
use self::user::UserInfo;
use crate::rules::caller::{Caller, session_name};
use crate::rules::matching::{Match, MatchedOn};
use crate::rules::session_name::{is_instance_id, is_session_name};
use crate::rules::template::{Placeholder, Template};
use crate::rules::{Decision, Found, Rule, RuleRef};

/// Backends of rules, in the order in which they are searched.
#[derive(Clone, Debug, Default)]
pub struct IdentityMap {
    backends: Vec<Backend>,
    is_upstream_spelling_only: bool,
    scrubbed_accounts: HashSet<AccountId>,
    authentication_mode: Option<AuthenticationMode>,
    is_session_name_strict: bool,
    are_unreadable_sections_skipped: bool,
}

impl IdentityMap {
    /// Builds a map without backends, which maps no caller.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a backend, which is searched after those added before it.
    #[must_use]
    pub fn with_backend(mut self, backend: Backend) -> Self {
        self.backends.push(backend);
        self
    }

    /// Treats `<<SessionName>>` as literal text, as upstream does.
    #[must_use]
    pub fn with_upstream_spelling_only(self) -> Self {
        Self {
            is_upstream_spelling_only: true,
            ..self
        }
    }

    /// Refuses to render a session name that contains characters STS does not allow in one: anything
    /// but letters, digits and `_+=,.@-` (STS API, `AssumeRole`, `RoleSessionName`). A colon or
    /// bracket could otherwise imitate text that the operator wrote. Upstream renders any session
    /// name.
    #[must_use]
    pub fn with_strict_session_names(self) -> Self {
        Self {
            is_session_name_strict: true,
            ..self
        }
    }

    /// Treats a section or source that could not be read as empty, as upstream does. By default, a
    /// caller is refused if the unreadable part may have a rule for it. Otherwise a later section
    /// or backend with a wider rule would decide instead.
    #[must_use]
    pub fn with_unreadable_sections_skipped(self) -> Self {
        Self {
            are_unreadable_sections_skipped: true,
            ..self
        }
    }

    /// Omits every detail but the username for identities in these accounts: upstream's
    /// `scrubbedAccounts`.
    #[must_use]
    pub fn with_scrubbed_accounts(self, accounts: impl IntoIterator<Item = AccountId>) -> Self {
        Self {
            scrubbed_accounts: accounts.into_iter().collect(),
            ..self
        }
    }

    /// Searches the backends as EKS does in this mode: access entries before all other backends, or
    /// not at all; the ConfigMap last, or not at all. Without a mode, every backend is searched in
    /// order.
    #[must_use]
    pub fn with_authentication_mode(self, mode: AuthenticationMode) -> Self {
        Self {
            authentication_mode: Some(mode),
            ..self
        }
    }

    /// Returns the authentication mode, if one was set.
    #[must_use]
    pub const fn authentication_mode(&self) -> Option<AuthenticationMode> {
        self.authentication_mode
    }

    /// Returns the backends in the order in which they were added.
    #[must_use]
    pub fn backends(&self) -> &[Backend] {
        &self.backends
    }

    /// Resolves an identity to a user.
    ///
    /// As upstream (`pkg/server/server.go`, `doMapping`), the backends are searched in order, each
    /// in two steps:
    ///
    /// 1. If a rule matches the caller's user id or canonical ARN (see [`Rules`](crate::Rules)), it
    ///    decides. The caller is refused if the rule names another ARN, if its entry could not be
    ///    read, if a placeholder has no value, or if a rendered name starts with a reserved prefix.
    ///    Otherwise the rendered name is the user.
    /// 2. If `mapAccounts` lists the caller's account, the username is the canonical ARN, unless
    ///    that starts with a reserved prefix.
    ///
    /// If a section could not be read, a caller that no earlier section matches is refused. If
    /// neither step matches, the next backend is searched.
    #[must_use]
    pub fn resolve(&self, identity: &Identity) -> Resolution {
        self.walk(identity, None)
    }

    /// Resolves an identity as [`resolve`](Self::resolve) does, given the private DNS name of the
    /// instance that [`instance_id`] returns.
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
        for (index, backend) in self.asked_with_index() {
            let kind = backend.kind;
            let refuse = |reason, at| {
                let place = backend.rules.place(at);
                Resolution::Refused(Refusal::of_rule(reason, at, (index, kind), place))
            };
            return match self.decide(backend, &caller, identity) {
                None => continue,
                // DIFFERENCE: upstream continues with the accounts and the later backends.
                Some(Decision::Rule(Found {
                    at,
                    how: Match::Contradiction | Match::No,
                    ..
                })) => refuse(Reason::UserIdMismatch, at),
                // DIFFERENCE: upstream maps to an empty username, or without the groups.
                Some(Decision::Rule(Found { at, rule, .. })) if rule.is_refusing() => {
                    refuse(Reason::UnreadableRule, at)
                }
                Some(Decision::Rule(Found {
                    at,
                    rule,
                    how: Match::Yes(on),
                })) => match values.render(rule) {
                    Ok((username, groups)) => {
                        let by = (at, on, Some(rule));
                        self.conclude(identity, (index, backend), by, username, groups)
                    }
                    Err(reason) => refuse(reason, at),
                },
                Some(Decision::Account(at)) => {
                    let username = identity.canonical_arn().to_owned();
                    let by = (at, MatchedOn::Account, None);
                    self.conclude(identity, (index, backend), by, username, Vec::new())
                }
                // DIFFERENCE: upstream treats the section as empty.
                Some(Decision::Unreadable(section, place)) => {
                    Resolution::Refused(Refusal::unreadable(section, (index, kind), place))
                }
            };
        }
        Resolution::NotMapped
    }

    /// Returns how a backend decides about a caller.
    pub(crate) fn decide<'m>(
        &self,
        backend: &'m Backend,
        caller: &Caller<'_>,
        identity: &Identity,
    ) -> Option<Decision<'m>> {
        let (rules, account) = (&backend.rules, identity.account());
        if self.are_unreadable_sections_skipped {
            rules.decide_by_readable(caller, account)
        } else {
            rules.decide(caller, account)
        }
    }

    /// Returns the scrubbed accounts.
    pub(crate) fn scrubbed_accounts(&self) -> impl Iterator<Item = AccountId> {
        self.scrubbed_accounts.iter().copied()
    }

    /// Returns whether every detail but the username is omitted for identities in this account. Logs must
    /// then omit the rest as well, as upstream's do (`pkg/server/server.go`, `isLoggableIdentity`).
    #[must_use]
    pub fn scrubs(&self, account: AccountId) -> bool {
        self.scrubbed_accounts.contains(&account)
    }

    /// Returns the settings that change how templates render: whether only upstream's spelling is
    /// a placeholder, and whether session names are checked.
    pub(crate) const fn template_settings(&self) -> (bool, bool) {
        (self.is_upstream_spelling_only, self.is_session_name_strict)
    }

    /// Returns the backends in search order, without those that the authentication mode leaves out.
    pub(crate) fn asked(&self) -> impl Iterator<Item = &Backend> {
        self.asked_with_index().map(|(_, backend)| backend)
    }

    /// Returns the backends as [`asked`](Self::asked) does, each with its index in
    /// [`backends`](Self::backends).
    pub(crate) fn asked_with_index(&self) -> impl Iterator<Item = (usize, &Backend)> {
        let mode = self.authentication_mode;
        let is_first = move |(_, backend): &(usize, &Backend)| {
            mode.is_some() && backend.kind == BackendKind::AccessEntries
        };
        let first = self.backends.iter().enumerate().filter(is_first);
        let rest = self.backends.iter().enumerate();
        first
            .chain(rest.filter(move |one| !is_first(one)))
            .filter(move |(_, backend)| mode.is_none_or(|mode| mode.asks(backend.kind)))
    }

    // DIFFERENCE: upstream does not check the names of `mapAccounts` against the reserved prefixes.
    fn conclude(
        &self,
        identity: &Identity,
        (index, backend): (usize, &Backend),
        (at, matched_on, rule): (RuleRef, MatchedOn, Option<&Rule>),
        username: String,
        groups: Vec<String>,
    ) -> Resolution {
        let begins = |name: &String, prefixes: &[String]| {
            prefixes.iter().any(|p| name.starts_with(p.as_str()))
        };
        let reason = if begins(&username, &backend.reserved_prefixes) {
            Some(Reason::ReservedUsername)
        } else {
            let is_reserved = |group| begins(group, &backend.reserved_group_prefixes);
            groups
                .iter()
                .any(is_reserved)
                .then_some(Reason::ReservedGroup)
        };
        if let Some(reason) = reason {
            let place = backend.rules.place(at);
            return Resolution::Refused(Refusal::of_rule(reason, at, (index, backend.kind), place));
        }
        let user = if self.scrubbed_accounts.contains(&identity.account()) {
            UserInfo::scrubbed(username, groups)
        } else {
            UserInfo::new(identity, username, groups)
        };
        Resolution::Mapped(Mapped {
            user,
            rule: at,
            matched_on,
            backend: backend.kind,
            backend_index: index,
            held: rule.and_then(Rule::held),
        })
    }
}

/// Returns the session name of an identity if it is an EC2 instance id. `None` otherwise.
///
/// If rules use `{{EC2PrivateDNSName}}`, the program asks EC2 for the instance's private DNS name
/// and passes it to [`IdentityMap::resolve_instance`].
#[must_use]
pub fn instance_id(identity: &Identity) -> Option<&str> {
    Some(session_name(identity)).filter(|name| is_instance_id(name))
}

/// The values of the placeholders.
struct Values<'r> {
    identity: &'r Identity,
    private_dns_name: Option<&'r str>,
    map: &'r IdentityMap,
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
            Placeholder::SessionName | Placeholder::SessionNameRaw
                if self.map.is_session_name_strict && !is_session_name(session_name) =>
            {
                return Err(Reason::SessionNameCharacter);
            }
            Placeholder::SessionName => session_name.replace('@', "-").into(),
            Placeholder::SessionNameRaw => session_name.into(),
        })
    }
}
