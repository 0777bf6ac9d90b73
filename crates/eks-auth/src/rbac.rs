//! Deciding on an authenticated caller's requests: RBAC, and the access policies of access entries.

mod authorization;
mod kubernetes_user;

pub use authorization::{AccessPolicyGrant, AccessPolicyRules, Authorization, authorize};
pub use kubernetes_user::KubernetesUser;
