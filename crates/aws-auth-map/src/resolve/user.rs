//! The Kubernetes user that an identity becomes.

use std::collections::BTreeMap;

use iam_principal::{Identity, Kind};

/// A Kubernetes user, with what upstream's answer to a TokenReview carries.
#[derive(Clone, Debug, Eq, PartialEq)]
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

    /// What is told of an identity whose account is kept out of the logs: upstream's
    /// `scrubbedAccounts`.
    pub(crate) fn scrubbed(username: String, groups: Vec<String>) -> Self {
        let uid = format!("aws-iam-authenticator:administrative:{username}");
        Self {
            username,
            groups,
            uid,
            extra: BTreeMap::new(),
        }
    }

    /// Returns the user's name.
    #[must_use]
    pub fn username(&self) -> &str {
        &self.username
    }

    /// Returns the groups, in the rule's order, as often as they stand there.
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
    /// and `sigs.k8s.io/aws-iam-authenticator/principalId`, each a list of one text, which may be
    /// empty. There are none for a scrubbed account.
    #[must_use]
    pub const fn extra(&self) -> &BTreeMap<&'static str, Vec<String>> {
        &self.extra
    }
}

/// The session name, as upstream has it: only an assumed role has one (`pkg/token/token.go`,
/// `getIdentityFromSTSResponse`).
pub(crate) fn session_name(identity: &Identity) -> &str {
    match identity.kind() {
        Kind::AssumedRole => identity.session_name().unwrap_or(""),
        Kind::FederatedUser | Kind::Role | Kind::Root | Kind::User => "",
    }
}

/// The user id, as upstream has it: without the session for an assumed role, whole for the others,
/// so that of a federated user it is `ACCOUNT:NAME`.
pub(crate) fn user_id(identity: &Identity) -> &str {
    match identity.kind() {
        Kind::AssumedRole => identity.user_id(),
        Kind::FederatedUser | Kind::Role | Kind::Root | Kind::User => identity.raw_user_id(),
    }
}
