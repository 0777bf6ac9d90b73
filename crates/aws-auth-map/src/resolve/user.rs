//! The Kubernetes user that an identity becomes.

use iam_principal::Identity;

use crate::resolve::extra::Extra;
use crate::rules::caller::user_id;

/// A Kubernetes user, with the fields of a TokenReview's `status.user`.
///
/// With the feature `serde` it serializes as that object.
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct UserInfo {
    username: String,
    groups: Vec<String>,
    uid: String,
    extra: Extra,
}

impl UserInfo {
    /// As upstream: `pkg/server/server.go`, `authenticateEndpoint`.
    pub(crate) fn new(identity: &Identity, username: String, groups: Vec<String>) -> Self {
        let account = identity.account();
        let uid = [
            "aws-iam-authenticator:",
            account.as_str(),
            ":",
            user_id(identity),
        ];
        Self {
            username,
            groups,
            uid: uid.concat(),
            extra: Extra::new(identity),
        }
    }

    /// Builds the user of a scrubbed account (upstream's `scrubbedAccounts`). Of the identity, it
    /// has only the username.
    pub(crate) fn scrubbed(username: String, groups: Vec<String>) -> Self {
        let uid = format!("aws-iam-authenticator:administrative:{username}");
        Self {
            username,
            groups,
            uid,
            extra: Extra::scrubbed(),
        }
    }

    /// Returns the username.
    #[must_use]
    pub fn username(&self) -> &str {
        &self.username
    }

    /// Returns the groups in the rule's order, duplicates included.
    #[must_use]
    pub fn groups(&self) -> &[String] {
        &self.groups
    }

    /// Returns `aws-iam-authenticator:ACCOUNT:USER-ID`.
    #[must_use]
    pub fn uid(&self) -> &str {
        &self.uid
    }

    /// Returns the extra fields. There are none for a scrubbed account.
    #[must_use]
    pub const fn extra(&self) -> &Extra {
        &self.extra
    }
}
