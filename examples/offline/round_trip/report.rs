//! The report as data: `print` turns it into text, serde into JSON.

use std::collections::BTreeMap;

use serde::Serialize;

#[derive(Default, Serialize)]
pub(crate) struct Report {
    pub(crate) cluster_id: String,
    pub(crate) callers: Vec<Caller>,
    /// Tokens that must be refused, with the reasons.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) refused_tokens: Vec<RefusedToken>,
    /// Problems in the files. The rest of the files was used.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) problems: Vec<String>,
    /// The number of manifests of other kinds, which RBAC ignores, by kind.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) skipped: BTreeMap<String, usize>,
    /// Whether denials are expected.
    #[serde(skip)]
    pub(crate) is_walk_through: bool,
}

impl Report {
    /// Returns whether every question was answered with yes.
    pub(crate) fn is_all_allowed(&self) -> bool {
        self.is_walk_through
            || self.callers.iter().all(|caller| {
                caller.refused.is_none() && caller.checks.iter().all(|check| check.allowed)
            })
    }
}

/// One caller's token, identity, user and verdicts, as far as they exist.
#[derive(Serialize)]
pub(crate) struct Caller {
    pub(crate) name: String,
    pub(crate) token: TokenSeen,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) identity: Option<IdentitySeen>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserSeen>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refused: Option<Refusal>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) checks: Vec<Check>,
}

/// A token is a secret for fifteen minutes, so only its beginning and its length are shown.
#[derive(Serialize)]
pub(crate) struct TokenSeen {
    pub(crate) begins: String,
    pub(crate) length: usize,
    pub(crate) expires_at: String,
}

#[derive(Serialize)]
pub(crate) struct IdentitySeen {
    pub(crate) arn: String,
    pub(crate) canonical_arn: String,
    pub(crate) account: String,
    pub(crate) user_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) session_name: Option<String>,
    pub(crate) access_key_id: String,
}

#[derive(Serialize)]
pub(crate) struct UserSeen {
    pub(crate) username: String,
    pub(crate) uid: String,
    pub(crate) groups: Vec<String>,
}

#[derive(Serialize)]
pub(crate) struct Refusal {
    pub(crate) code: String,
    pub(crate) message: String,
}

#[derive(Serialize)]
pub(crate) struct Check {
    pub(crate) question: String,
    pub(crate) allowed: bool,
    /// The grant if the request is allowed, else the message of the API server.
    pub(crate) reason: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) warnings: Vec<String>,
}

#[derive(Serialize)]
pub(crate) struct RefusedToken {
    pub(crate) what: String,
    pub(crate) code: String,
    pub(crate) message: String,
}
