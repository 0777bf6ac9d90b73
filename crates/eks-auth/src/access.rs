//! From a mapped user to the user that authorizers see.

use aws_auth_map::UserInfo;

/// Returns the user as kube-apiserver's authorizers see it: with the group that every authenticated
/// user is in.
#[must_use]
pub fn kubernetes_user(user: &UserInfo) -> k8s_rbac::User {
    k8s_rbac::User::new(user.username(), user.groups().iter().cloned()).authenticated()
}
