//! The Kubernetes user that an identity becomes.

use std::collections::BTreeMap;

use iam_principal::Identity;

use crate::rules::caller::{session_name, user_id};

/// A Kubernetes user, with the fields of a TokenReview's `status.user`.
///
/// With the feature `serde` it serializes as that object.
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct UserInfo {
    username: String,
    groups: Vec<String>,
    uid: String,
    extra: BTreeMap<&'static str, Vec<String>>,
}

impl UserInfo {
    /// As upstream: `pkg/server/server.go`, `authenticateEndpoint`.
    pub(crate) fn new(identity: &Identity, username: String, groups: Vec<String>) -> Self {
        let user_id = user_id(identity);
        let uid = format!("aws-iam-authenticator:{}:{user_id}", identity.account());
        let one = |text: &str| vec![text.to_owned()];
        let extra = BTreeMap::from([
            ("accessKeyId", one(identity.access_key_id().unwrap_or(""))),
            ("arn", one(identity.arn())),
            ("canonicalArn", one(identity.canonical_arn())),
            ("principalId", one(user_id)),
            ("sessionName", one(session_name(identity))),
            (
                "sigs.k8s.io/aws-iam-authenticator/principalId",
                one(user_id),
            ),
        ]);
        Self {
            username,
            groups,
            uid,
            extra,
        }
    }

    /// Builds the user of a scrubbed account (upstream's `scrubbedAccounts`), which names nothing
    /// of the identity but the username.
    pub(crate) fn scrubbed(username: String, groups: Vec<String>) -> Self {
        let uid = format!("aws-iam-authenticator:administrative:{username}");
        Self {
            username,
            groups,
            uid,
            extra: BTreeMap::new(),
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

    /// Returns the extra fields: `arn`, `canonicalArn`, `sessionName`, `accessKeyId`, `principalId`
    /// and `sigs.k8s.io/aws-iam-authenticator/principalId`. Each is a list of one text, which may
    /// be empty. The map is empty for a scrubbed account.
    #[must_use]
    pub const fn extra(&self) -> &BTreeMap<&'static str, Vec<String>> {
        &self.extra
    }
}
