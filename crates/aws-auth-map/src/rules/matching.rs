//! How a rule's principal is compared with a caller.

use iam_principal::ArnPattern;

use super::caller::Caller;
use super::sso_role::{SsoRole, sso_key};

/// The principals that a rule matches.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Matcher {
    /// The ARN as written, and the user id that its principal must have.
    Exact {
        arn: String,
        user_id: Option<String>,
    },
    /// A pattern for the canonical ARN.
    Pattern(ArnPattern),
    /// The permission set, and the key of its roles.
    Sso { role: SsoRole, key: String },
    /// The user id, and the ARN that its owner must have: as written, and folded without a path.
    UserId {
        user_id: String,
        arn: Option<(String, String)>,
    },
}

/// The principal that a rule is for.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum RulePrincipal<'r> {
    /// The principal with this ARN, as written. Where upstream converts a session's ARN to its
    /// role's ARN, this is the role's ARN.
    Arn(&'r str),
    /// The principal with this ARN and this user id.
    ArnAndUserId(&'r str, &'r str),
    /// Every principal whose canonical ARN the pattern matches.
    Pattern(&'r ArnPattern),
    /// The roles of a permission set.
    Sso(&'r SsoRole),
    /// The principal with this user id, and with this ARN if one is given.
    UserId(&'r str, Option<&'r str>),
}

/// The result of comparing a rule with a caller.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Match {
    /// The rule is for the caller.
    Yes(MatchedOn),
    /// The caller has the rule's user id and another ARN.
    Contradiction,
    /// The rule is for another principal.
    No,
}

/// The property of the caller that a rule matched on.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum MatchedOn {
    /// The account.
    Account,
    /// The ARN.
    Arn,
    /// The ARN and the user id.
    ArnAndUserId,
    /// A pattern for the ARN.
    Pattern,
    /// The permission set of the caller's role.
    PermissionSet,
    /// The user id, with any ARN.
    UserId,
}

impl MatchedOn {
    /// Returns a stable name in kebab case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Arn => "arn",
            Self::ArnAndUserId => "arn-and-user-id",
            Self::Pattern => "pattern",
            Self::PermissionSet => "permission-set",
            Self::UserId => "user-id",
        }
    }
}

impl Matcher {
    /// Compares the rule's principal with a caller.
    pub(crate) fn compare(&self, caller: &Caller<'_>) -> Match {
        let yes = |is: bool, on: MatchedOn| if is { Match::Yes(on) } else { Match::No };
        match self {
            Self::Exact { arn, user_id } => {
                let is = arn.eq_ignore_ascii_case(caller.folded_arn());
                match user_id {
                    None => yes(is, MatchedOn::Arn),
                    Some(id) => yes(is && id == caller.user_id(), MatchedOn::ArnAndUserId),
                }
            }
            Self::Pattern(pattern) => {
                yes(pattern.matches(caller.canonical_arn()), MatchedOn::Pattern)
            }
            Self::Sso { key, .. } => yes(
                sso_key(caller.folded_arn()) == Some(key),
                MatchedOn::PermissionSet,
            ),
            Self::UserId { user_id, .. } if user_id != caller.user_id() => Match::No,
            Self::UserId { arn: None, .. } => Match::Yes(MatchedOn::UserId),
            Self::UserId {
                arn: Some((_, key)),
                ..
            } if key == caller.folded_arn() => Match::Yes(MatchedOn::ArnAndUserId),
            Self::UserId { .. } => Match::Contradiction,
        }
    }

    pub(crate) fn principal(&self) -> RulePrincipal<'_> {
        match self {
            Self::Exact { arn, user_id: None } => RulePrincipal::Arn(arn),
            Self::Exact {
                arn,
                user_id: Some(user_id),
            } => RulePrincipal::ArnAndUserId(arn, user_id),
            Self::Pattern(pattern) => RulePrincipal::Pattern(pattern),
            Self::Sso { role, .. } => RulePrincipal::Sso(role),
            Self::UserId { user_id, arn } => {
                RulePrincipal::UserId(user_id, arn.as_ref().map(|(arn, _)| arn.as_str()))
            }
        }
    }
}
