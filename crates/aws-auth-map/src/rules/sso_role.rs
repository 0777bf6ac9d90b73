//! The roles that IAM Identity Center creates for a permission set.

use std::sync::LazyLock;

use iam_principal::{AccountId, Partition};
use regex::Regex;
use thiserror::Error as ThisError;

use super::arn::fold;

/// The roles that IAM Identity Center creates in one account for one permission set.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct SsoRole {
    partition: Partition,
    account: AccountId,
    permission_set: String,
}

/// Why a rule cannot be built for a permission set.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, ThisError)]
#[non_exhaustive]
pub enum SsoError {
    /// The name is not 1 to 32 of the characters that Identity Center allows.
    #[error("a permission set name is 1 to 32 letters, digits, or characters of `+=,.@_-`")]
    PermissionSet,
}

impl SsoRole {
    /// Names the permission set.
    ///
    /// # Errors
    ///
    /// [`SsoError::PermissionSet`] if the name does not match `[\w+=,.@-]{1,32}` (IAM Identity
    /// Center API, `CreatePermissionSet`, `Name`).
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

    /// Returns a pattern that matches the ARNs of these roles.
    pub(crate) fn pattern(&self) -> String {
        let Self {
            partition,
            account,
            permission_set,
        } = self;
        let suffix = "?".repeat(16);
        format!("arn:{partition}:iam::{account}:role/AWSReservedSSO_{permission_set}_{suffix}")
    }

    /// Returns the folded ARN that these roles share: without the underscore and the generated
    /// suffix.
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

/// Returns the [`SsoRole::key`] of a caller's folded ARN. `None` if it is not a permission set role.
// DIFFERENCE: upstream accepts any suffix, so the rule for set `A` also matches
// `AWSReservedSSO_A_Extra_…` (`pkg/config/mapper.go`, `SSOArnLike`).
pub(crate) fn sso_key(folded: &str) -> Option<&str> {
    // A yes-or-no match is many times faster than a match with groups.
    let is_role = SSO_ROLE.is_match(folded);
    let (key, _) = folded.rsplit_once('_').filter(|_| is_role)?;
    Some(key)
}

#[expect(clippy::expect_used, reason = "a literal that every test run compiles")]
fn compile(pattern: &'static str) -> Regex {
    Regex::new(pattern).expect("a valid pattern")
}

static PERMISSION_SET: LazyLock<Regex> = LazyLock::new(|| compile(r"\A[0-9A-Za-z_+=,.@-]{1,32}\z"));

/// Identity Center generates sixteen hexadecimal digits ("Referencing permission sets in resource
/// policies", IAM Identity Center user guide).
static SSO_ROLE: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"\Aarn:[a-z-]+:iam::[0-9]{12}:role/awsreservedsso_[0-9a-z_+=,.@-]{1,32}_[0-9a-f]{16}\z",
    )
});

#[cfg(test)]
mod tests {
    use super::{SsoError, SsoRole, fold, sso_key};
    use iam_principal::{AccountId, Partition};

    #[test]
    fn a_permission_set_name_follows_identity_centers_rule() {
        let account = AccountId::parse("111122223333").expect("an account");
        let set = |name: &str| SsoRole::new(Partition::Aws, account, name);
        assert!(set("Read-Only").is_ok());
        for name in ["", "a b", "a*", "é", &"x".repeat(33)] {
            assert_eq!(set(name), Err(SsoError::PermissionSet), "{name:?}");
        }
    }

    #[test]
    fn a_permission_set_role_ends_in_sixteen_hexadecimal_digits() {
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
}
