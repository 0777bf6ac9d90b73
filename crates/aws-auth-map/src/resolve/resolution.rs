//! What became of an identity.

use std::fmt;

use crate::resolve::backend::BackendKind;
use crate::resolve::user::UserInfo;
use crate::rules::RuleRef;
use crate::rules::access_policy::AccessPolicy;
use crate::rules::matching::MatchedOn;

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
    pub(crate) user: UserInfo,
    pub(crate) rule: RuleRef,
    pub(crate) matched_on: MatchedOn,
    pub(crate) backend: BackendKind,
    pub(crate) access_policies: Vec<AccessPolicy>,
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

    /// Returns the access policies of the access entry: what the user may do besides what RBAC
    /// allows; see [`AccessPolicy`].
    #[must_use]
    pub fn access_policies(&self) -> &[AccessPolicy] {
        &self.access_policies
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
    pub(crate) const fn new(reason: Reason, rule: RuleRef, backend: BackendKind) -> Self {
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
    /// `{{EC2PrivateDNSName}}`, and nobody said what it is; see [`IdentityMap::resolve_instance`](crate::IdentityMap::resolve_instance).
    PrivateDnsNameUnknown,
    /// A group begins with a reserved prefix.
    ReservedGroup,
    /// The name begins with a reserved prefix.
    ReservedUsername,
    /// The session name has a character that STS allows in none.
    SessionNameCharacter,
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
            Self::ReservedGroup => "reserved-group",
            Self::ReservedUsername => "reserved-username",
            Self::SessionNameCharacter => "session-name-character",
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
            Self::ReservedGroup => "a group of the user begins with a reserved prefix",
            Self::SessionNameCharacter => "the session name has a character that STS allows in none",
            Self::ReservedUsername => "the name of the user begins with a reserved prefix",
            Self::UserIdMismatch => "the rule is for the caller's user id, but names another ARN",
        })
    }
}
