//! The result of resolving an identity.

use std::fmt;

use crate::resolve::backend::BackendKind;
use crate::resolve::user::UserInfo;
use crate::rules::RuleRef;
use crate::rules::access_policy::AccessPolicy;
use crate::rules::matching::MatchedOn;

/// The result of resolving an identity.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a caller must handle each")]
pub enum Resolution {
    /// The identity is this user.
    Mapped(Mapped),
    /// No rule matches the identity.
    NotMapped,
    /// A rule matches the identity but yields no user.
    Refused(Refusal),
}

impl Resolution {
    /// Returns the user. `None` if the identity was not mapped.
    #[must_use]
    pub const fn user(&self) -> Option<&UserInfo> {
        match self {
            Self::Mapped(mapped) => Some(&mapped.user),
            Self::NotMapped | Self::Refused(_) => None,
        }
    }
}

/// A user, and the rule that yielded it.
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

    /// Returns the user and discards the rest.
    #[must_use]
    pub fn into_user(self) -> UserInfo {
        self.user
    }

    /// Returns the rule.
    #[must_use]
    pub const fn rule(&self) -> RuleRef {
        self.rule
    }

    /// Returns the property of the caller that the rule matched on.
    #[must_use]
    pub const fn matched_on(&self) -> MatchedOn {
        self.matched_on
    }

    /// Returns the kind of the rule's backend.
    #[must_use]
    pub const fn backend(&self) -> BackendKind {
        self.backend
    }

    /// Returns the access policies of the access entry, which grant permissions in addition to
    /// RBAC; see [`AccessPolicy`].
    #[must_use]
    pub fn access_policies(&self) -> &[AccessPolicy] {
        &self.access_policies
    }
}

/// Why a matching rule yields no user.
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

    /// Returns the kind of the rule's backend.
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

/// The reason for a refusal.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// The rule uses `{{EC2PrivateDNSName}}`, and the session name is not an instance id.
    NotAnInstance,
    /// The rule uses `{{EC2PrivateDNSName}}`, and the name was not given; see
    /// [`IdentityMap::resolve_instance`](crate::IdentityMap::resolve_instance).
    PrivateDnsNameUnknown,
    /// A group starts with a reserved prefix.
    ReservedGroup,
    /// The username starts with a reserved prefix.
    ReservedUsername,
    /// The session name contains a character that STS does not allow.
    SessionNameCharacter,
    /// The rule is for the caller's user id but names another ARN.
    UserIdMismatch,
}

impl Reason {
    /// Returns a stable code in kebab case.
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
                "`{{EC2PrivateDNSName}}` needs an EC2 instance, but the session name is not an instance id"
            }
            Self::PrivateDnsNameUnknown => "the private DNS name of the instance is not known",
            Self::ReservedGroup => "a group of the user starts with a reserved prefix",
            Self::SessionNameCharacter => "the session name contains a character that STS does not allow",
            Self::ReservedUsername => "the username starts with a reserved prefix",
            Self::UserIdMismatch => "the rule is for the caller's user id, but names another ARN",
        })
    }
}
