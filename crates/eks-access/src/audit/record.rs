//! The distinct requests of a log: their users and decisions.

use k8s_rbac::User;
use serde::{Deserialize, Serialize};

use super::action::Action;
use super::shared::Shared;
use super::tally::Tally;

/// The user of a request, as authentication or impersonation reported it.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct AuditUser {
    /// The username.
    pub username: String,
    /// The groups.
    pub groups: Vec<String>,
}

impl AuditUser {
    /// Returns the user for RBAC.
    #[must_use]
    pub fn to_user(&self) -> User {
        User::new(self.username.clone(), self.groups.iter().cloned())
    }
}

/// Requests of one user that differ only in the name of the object.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct AuditRecord {
    /// The user; with an impersonation, the impersonated user.
    pub user: Shared<AuditUser>,
    /// The action that they requested.
    pub action: Action,
    /// The decision.
    pub outcome: Outcome,
    /// How often, when, and for which objects.
    pub tally: Tally,
}

/// The decision of a request.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(tag = "decision", content = "by", rename_all = "kebab-case")]
#[expect(clippy::exhaustive_enums, reason = "a request is allowed or denied")]
pub enum Outcome {
    /// The annotation `authorization.k8s.io/decision` is `allow`.
    Allowed(Authorizer),
    /// It is `forbid`: no authorizer allowed the request, or one denied it.
    Denied(Authorizer),
}

/// The authorizer that decided, if the annotation `authorization.k8s.io/reason` shows it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Authorizer {
    /// An access policy of Amazon EKS.
    AccessPolicy,
    /// The reason has another form. Usually the authorizer is a webhook.
    Other,
    /// RBAC, or no authorizer at all for a denied request.
    Rbac,
    /// Allowed without a reason: for a member of `system:masters`, by the Node authorizer, or by a webhook
    /// that gives no reason. An impersonation is allowed without a separate event.
    Unnamed,
}

impl Authorizer {
    pub(super) fn of_allowed(reason: &str) -> Self {
        match reason {
            "" => Self::Unnamed,
            _ if reason.starts_with("RBAC: allowed by ") => Self::Rbac,
            _ if reason.starts_with("EKS Access Policy: allowed by ") => Self::AccessPolicy,
            _ => Self::Other,
        }
    }

    pub(super) fn of_denied(reason: &str) -> Self {
        match reason {
            "" => Self::Rbac,
            // From 1.37 on, the name of the authorizer comes first.
            _ if reason.starts_with("RBAC: ") || reason.starts_with("rbac: ") => Self::Rbac,
            _ => Self::Other,
        }
    }
}
