//! The result of resolving an identity.

use std::fmt;
use std::sync::Arc;

use crate::resolve::backend::BackendKind;
use crate::resolve::user::UserInfo;
use crate::rules::access_policy::{AccessPolicy, Held, PolicyGap};
use crate::rules::matching::MatchedOn;
use crate::rules::{Place, RuleRef, Section};

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
    pub(crate) backend_index: usize,
    /// `None` without access policies and gaps in them.
    pub(crate) held: Option<Arc<Held>>,
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

    /// Returns the index of the rule's backend in [`IdentityMap::backends`](crate::IdentityMap::backends).
    #[must_use]
    pub const fn backend_index(&self) -> usize {
        self.backend_index
    }

    /// Returns the access policies of the access entry, which grant permissions in addition to
    /// RBAC; see [`AccessPolicy`].
    #[must_use]
    pub fn access_policies(&self) -> &[AccessPolicy] {
        self.held.as_ref().map_or(&[], |held| &held.policies)
    }

    /// Returns the gaps in the access policies of the access entry: it may have more. Empty if all
    /// policies are known.
    #[must_use]
    pub fn policy_gaps(&self) -> &[PolicyGap] {
        self.held.as_ref().map_or(&[], |held| &held.gaps)
    }
}

/// Why a caller is refused.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Refusal {
    reason: Reason,
    rule: Option<RuleRef>,
    section: Option<Section>,
    backend: BackendKind,
    backend_index: usize,
    place: Place,
}

impl Refusal {
    pub(crate) const fn of_rule(
        reason: Reason,
        rule: RuleRef,
        (backend_index, backend): (usize, BackendKind),
        place: Place,
    ) -> Self {
        Self {
            reason,
            rule: Some(rule),
            section: Some(rule.section()),
            backend,
            backend_index,
            place,
        }
    }

    /// Refuses because a section, or the whole source, could not be read.
    pub(crate) const fn unreadable(
        section: Option<Section>,
        (backend_index, backend): (usize, BackendKind),
        place: Place,
    ) -> Self {
        let reason = match section {
            Some(_) => Reason::UnreadableSection,
            None => Reason::UnreadableSource,
        };
        Self {
            reason,
            rule: None,
            section,
            backend,
            backend_index,
            place,
        }
    }

    /// Returns the reason.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.reason
    }

    /// Returns the rule. `None` if a section or the whole source could not be read.
    #[must_use]
    pub const fn rule(&self) -> Option<RuleRef> {
        self.rule
    }

    /// Returns the section. `None` if the whole source could not be read.
    #[must_use]
    pub const fn section(&self) -> Option<Section> {
        self.section
    }

    /// Returns the kind of the backend.
    #[must_use]
    pub const fn backend(&self) -> BackendKind {
        self.backend
    }

    /// Returns the index of the backend in [`IdentityMap::backends`](crate::IdentityMap::backends).
    #[must_use]
    pub const fn backend_index(&self) -> usize {
        self.backend_index
    }

    /// Returns where the rule or the section is in the source text.
    #[must_use]
    pub const fn place(&self) -> Place {
        self.place
    }
}

impl fmt::Display for Refusal {
    /// Prints the rule, the backend, the line and column, and the reason.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.rule, self.section) {
            (Some(rule), _) => write!(f, "{rule}")?,
            (None, Some(section)) => write!(f, "{section}")?,
            (None, None) => write!(f, "the source")?,
        }
        write!(f, " of {}", self.backend)?;
        match (self.place.line(), self.place.column()) {
            (Some(line), Some(column)) => write!(f, " (line {line}, column {column})")?,
            (Some(line), None) => write!(f, " (line {line})")?,
            _ => {}
        }
        write!(f, ": {}", self.reason)
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
    /// The rule's entry could not be read, so it refuses the callers it matches.
    UnreadableRule,
    /// A section could not be read, so a rule in it may match the caller.
    UnreadableSection,
    /// The source could not be read at all.
    UnreadableSource,
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
            Self::UnreadableRule => "unreadable-rule",
            Self::UnreadableSection => "unreadable-section",
            Self::UnreadableSource => "unreadable-source",
            Self::UserIdMismatch => "user-id-mismatch",
        }
    }
}

impl Reason {
    /// Returns whether the refusal says nothing about the caller, because the rules that would
    /// decide could not be read. A program must not report such a caller as unmapped, and a webhook
    /// must not let the answer be cached.
    #[must_use]
    pub const fn is_no_answer(self) -> bool {
        matches!(self, Self::UnreadableSection | Self::UnreadableSource)
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
            Self::UnreadableRule => "the entry cannot be read, so it refuses the callers it matches",
            Self::UnreadableSection => "the section cannot be read, so it may have a rule for the caller",
            Self::UnreadableSource => "the rules cannot be read",
            Self::UserIdMismatch => "the rule is for the caller's user id, but names another ARN",
        })
    }
}
