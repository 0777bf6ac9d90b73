//! What came out, as data: printed for people by `print`, as JSON as it is.

use std::collections::BTreeMap;

use serde::Serialize;

#[derive(Default, Serialize)]
pub(crate) struct Report {
    pub(crate) cluster_id: String,
    pub(crate) callers: Vec<Caller>,
    /// Tokens that must not be accepted, and why they were not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) turned_away: Vec<TurnedAway>,
    /// What is wrong with the files that were read; the rest of them was used.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) problems: Vec<String>,
    /// Manifests of other kinds, which RBAC has no use for, by kind.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) skipped: BTreeMap<String, usize>,
    /// Whether a denial is what the reader came to see.
    #[serde(skip)]
    pub(crate) is_walk_through: bool,
}

impl Report {
    /// Whether everything that was asked was answered with yes.
    pub(crate) fn all_as_asked(&self) -> bool {
        self.is_walk_through
            || self.callers.iter().all(|caller| {
                caller.refused.is_none() && caller.checks.iter().all(|check| check.allowed)
            })
    }
}

/// One caller's way along the road, as far as it goes.
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

/// A token is a secret for fifteen minutes: its beginning and length are shown, no more.
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
    /// Of an allowed request what allows it; of another the API server's own message.
    pub(crate) reason: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) warnings: Vec<String>,
}

#[derive(Serialize)]
pub(crate) struct TurnedAway {
    pub(crate) what: String,
    pub(crate) code: String,
    pub(crate) message: String,
}
