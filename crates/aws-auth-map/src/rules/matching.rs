//! The single place where a rule's principal meets a caller's.

use std::sync::LazyLock;

use iam_principal::{AccountId, ArnPattern, Identity, Kind, Partition, Principal};
use regex::Regex;
use thiserror::Error as ThisError;

use crate::resolve::user::user_id;

/// Folds an ARN for lookup.
///
/// Upstream lower-cases both sides (`pkg/mapper/configmap/configmap.go`, `RoleMapping`).
// DIFFERENCE: only ASCII is folded; Go's `ToLower` also takes the Kelvin sign for a `k`.
pub(crate) fn fold(arn: &str) -> String {
    arn.to_ascii_lowercase()
}

/// Removes the path of a role from a folded ARN, as STS does; what is no role's ARN stays.
// As upstream: pkg/arn/arn.go, StripPath.
pub(crate) fn strip_path(folded: &str) -> String {
    match Principal::parse(folded) {
        Ok(principal) if principal.kind() == Kind::Role => principal.without_path(),
        _ => folded.to_owned(),
    }
}

/// What rules know a caller by.
#[derive(Clone, Debug)]
pub(crate) struct Caller<'i> {
    canonical_arn: &'i str,
    folded_arn: String,
    user_id: &'i str,
}

impl<'i> Caller<'i> {
    pub(crate) fn new(identity: &'i Identity) -> Self {
        Self::of_arn(identity.canonical_arn(), user_id(identity))
    }

    /// Takes a canonical ARN and a user id, which may belong to nobody.
    pub(crate) fn of_arn(canonical_arn: &'i str, user_id: &'i str) -> Self {
        Self {
            canonical_arn,
            folded_arn: fold(canonical_arn),
            user_id,
        }
    }

    /// Returns the folded canonical ARN.
    pub(crate) fn folded_arn(&self) -> &str {
        &self.folded_arn
    }

    /// Returns the user id, as upstream has it.
    pub(crate) const fn user_id(&self) -> &'i str {
        self.user_id
    }
}

/// How a rule says whom it is for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Matcher {
    /// The ARN as it is written, and the user id that it has to be of.
    Exact {
        arn: String,
        user_id: Option<String>,
    },
    /// A pattern for the canonical ARN.
    Pattern(ArnPattern),
    /// The permission set, and the key of its roles.
    Sso { role: SsoRole, key: String },
    /// The user id, and the ARN that its owner has to have: as it is written, and folded without a
    /// path.
    UserId {
        user_id: String,
        arn: Option<(String, String)>,
    },
}

/// Whom a rule is for.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum RulePrincipal<'r> {
    /// The principal with this ARN, as it was written but for a session's, which is its role's where
    /// upstream makes it that.
    Arn(&'r str),
    /// The principal with this ARN, as long as it has this user id.
    ArnAndUserId(&'r str, &'r str),
    /// Every principal whose canonical ARN the pattern covers.
    Pattern(&'r ArnPattern),
    /// The roles of a permission set.
    Sso(&'r SsoRole),
    /// The principal with this user id, and with this ARN if one is given.
    UserId(&'r str, Option<&'r str>),
}

/// What came of a rule and a caller.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Match {
    /// The rule is for the caller.
    Yes(MatchedOn),
    /// The user id is the caller's, and the ARN is not.
    Contradiction,
    /// The rule is for somebody else.
    No,
}

/// By what a rule knew the caller.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum MatchedOn {
    /// The account.
    Account,
    /// The ARN.
    Arn,
    /// The ARN, and the user id as well.
    ArnAndUserId,
    /// A pattern that covers the ARN.
    Pattern,
    /// The permission set whose role the caller has.
    PermissionSet,
    /// The user id, whatever the ARN.
    UserId,
}

impl MatchedOn {
    /// Returns a stable name for it, in kebab case.
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
    /// Tells whether a rule is for a caller.
    pub(crate) fn meet(&self, caller: &Caller<'_>) -> Match {
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
                yes(pattern.matches(caller.canonical_arn), MatchedOn::Pattern)
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

/// The roles that IAM Identity Center makes in one account for one permission set.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct SsoRole {
    partition: Partition,
    account: AccountId,
    permission_set: String,
}

/// Why a permission set cannot be a rule.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, ThisError)]
#[non_exhaustive]
pub enum SsoError {
    /// Not 1 to 32 of the characters that Identity Center allows.
    #[error("a permission set's name is 1 to 32 of letters, digits and `+=,.@_-`")]
    PermissionSet,
}

impl SsoRole {
    /// Names the permission set.
    ///
    /// # Errors
    ///
    /// [`SsoError::PermissionSet`]: the name has to fit `[\w+=,.@-]{1,32}` (IAM Identity Center
    /// API, `CreatePermissionSet`, `Name`).
    pub fn new(
        partition: Partition,
        account: AccountId,
        permission_set: &str,
    ) -> Result<Self, SsoError> {
        if !PERMISSION_SET.is_match(permission_set) {
            return Err(SsoError::PermissionSet);
        }
        Ok(Self {
            partition,
            account,
            permission_set: permission_set.to_owned(),
        })
    }

    /// Returns the partition.
    #[must_use]
    pub const fn partition(&self) -> Partition {
        self.partition
    }

    /// Returns the account.
    #[must_use]
    pub const fn account(&self) -> AccountId {
        self.account
    }

    /// Returns the permission set's name.
    #[must_use]
    pub fn permission_set(&self) -> &str {
        &self.permission_set
    }

    /// Returns a pattern for the ARNs of these roles.
    #[cfg(feature = "yaml")]
    pub(crate) fn pattern(&self) -> String {
        let Self {
            partition,
            account,
            permission_set,
        } = self;
        let suffix = "?".repeat(16);
        format!("arn:{partition}:iam::{account}:role/AWSReservedSSO_{permission_set}_{suffix}")
    }

    /// Returns what the folded ARNs of these roles have in common: everything but the underscore
    /// and the suffix that Identity Center generates.
    pub(crate) fn key(&self) -> String {
        let Self {
            partition,
            account,
            permission_set,
        } = self;
        fold(&format!(
            "arn:{partition}:iam::{account}:role/AWSReservedSSO_{permission_set}"
        ))
    }
}

/// Returns the [`SsoRole::key`] that a caller's folded ARN may have a rule for.
// DIFFERENCE: upstream takes anything for the suffix, so that the rule for set `A` also lets in
// `AWSReservedSSO_A_Extra_…` (`pkg/config/mapper.go`, `SSOArnLike`).
pub(crate) fn sso_key(folded: &str) -> Option<&str> {
    // Whether it matches is found many times faster than where its groups are.
    let is_role = SSO_ROLE.is_match(folded);
    let (key, _) = folded.rsplit_once('_').filter(|_| is_role)?;
    Some(key)
}

/// Returns whether a session name is the id of an EC2 instance.
// As upstream: pkg/server/server.go, instanceIDPattern.
pub(crate) fn is_instance_id(session_name: &str) -> bool {
    INSTANCE_ID.is_match(session_name)
}

/// Returns whether a session name has only the characters that STS allows.
pub(crate) fn is_session_name(session_name: &str) -> bool {
    session_name
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b))
}

#[expect(clippy::expect_used, reason = "a literal that every test run compiles")]
fn compile(pattern: &'static str) -> Regex {
    Regex::new(pattern).expect("a valid pattern")
}

static PERMISSION_SET: LazyLock<Regex> = LazyLock::new(|| compile(r"\A[0-9A-Za-z_+=,.@-]{1,32}\z"));

/// Sixteen hexadecimal digits is what Identity Center generates ("Referencing permission sets in
/// resource policies", IAM Identity Center user guide).
static SSO_ROLE: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"\Aarn:[a-z-]+:iam::[0-9]{12}:role/awsreservedsso_[0-9a-z_+=,.@-]{1,32}_[0-9a-f]{16}\z",
    )
});

static INSTANCE_ID: LazyLock<Regex> =
    LazyLock::new(|| compile(r"\Ai-(?:[0-9A-Za-z_]{8}|[0-9A-Za-z_]{17})\z"));

#[cfg(test)]
mod tests {
    use super::{SsoError, SsoRole, fold, is_instance_id, sso_key};
    use iam_principal::{AccountId, Partition};

    #[test]
    fn only_ascii_case_is_folded() {
        assert_eq!(
            fold("ARN:AWS:IAM::1:ROLE/\u{212a}"),
            "arn:aws:iam::1:role/\u{212a}"
        );
    }

    #[test]
    fn a_permission_set_has_the_name_that_identity_center_allows() {
        let account = AccountId::parse("111122223333").expect("an account");
        let set = |name: &str| SsoRole::new(Partition::Aws, account, name);
        assert!(set("Read-Only").is_ok());
        for name in ["", "a b", "a*", "é", &"x".repeat(33)] {
            assert_eq!(set(name), Err(SsoError::PermissionSet), "{name:?}");
        }
    }

    #[test]
    fn a_permission_sets_role_ends_in_sixteen_hexadecimal_digits() {
        let arn = |role: &str| fold(&format!("arn:aws:iam::111122223333:role/{role}"));
        let key = arn("AWSReservedSSO_A");
        assert_eq!(
            sso_key(&arn("AWSReservedSSO_A_0123456789ABCDEF")),
            Some(key.as_str())
        );
        let extra = arn("AWSReservedSSO_A_Extra");
        assert_eq!(
            sso_key(&arn("AWSReservedSSO_A_Extra_0123456789abcdef")),
            Some(extra.as_str())
        );
        for role in [
            "AWSReservedSSO_A",
            "AWSReservedSSO_A_0123456789abcde",
            "AWSReservedSSO_A_0123456789abcdefg",
            "AWSReservedSSO__0123456789abcdef",
            "x/AWSReservedSSO_A_0123456789abcdef",
        ] {
            assert_eq!(sso_key(&arn(role)), None, "{role}");
        }
    }

    #[test]
    fn an_instance_id_has_eight_or_seventeen_characters() {
        assert!(is_instance_id("i-01234567") && is_instance_id("i-0123456789abcdef0"));
        for other in [
            "i-0123456",
            "i-012345678",
            "x-01234567",
            "i-0123456\u{e9}",
            "i-01234567\n",
        ] {
            assert!(!is_instance_id(other), "{other:?}");
        }
    }
}
