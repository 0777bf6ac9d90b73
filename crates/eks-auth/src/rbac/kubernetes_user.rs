//! From a mapped user to the user that authorizers see.

use std::collections::BTreeMap;

use aws_auth_map::UserInfo;

use crate::authenticated::Authenticated;

/// A user as kube-apiserver's authorizers see it: with the group `system:authenticated`, and with the uid
/// and the extra fields, which RBAC ignores but audit logs and `SubjectAccessReview`s contain.
#[derive(Clone, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(into = "Document"))]
pub struct KubernetesUser {
    rbac: k8s_rbac::User,
    uid: String,
    extra: BTreeMap<String, Vec<String>>,
}

impl KubernetesUser {
    /// Returns the username.
    #[must_use]
    pub fn username(&self) -> &str {
        &self.rbac.name
    }

    /// Returns the groups, `system:authenticated` among them.
    #[must_use]
    pub fn groups(&self) -> &[String] {
        &self.rbac.groups
    }

    /// Returns the uid.
    #[must_use]
    pub fn uid(&self) -> &str {
        &self.uid
    }

    /// Returns the extra fields.
    #[must_use]
    pub const fn extra(&self) -> &BTreeMap<String, Vec<String>> {
        &self.extra
    }

    /// Returns the name and the groups, as RBAC decides on them.
    #[must_use]
    pub const fn as_rbac(&self) -> &k8s_rbac::User {
        &self.rbac
    }
}

impl From<&UserInfo> for KubernetesUser {
    fn from(user: &UserInfo) -> Self {
        Self {
            rbac: rbac_user(user),
            uid: user.uid().to_owned(),
            extra: user
                .extra()
                .iter()
                .map(|(field, value)| (field.to_owned(), vec![value.to_owned()]))
                .collect(),
        }
    }
}

impl From<&Authenticated> for KubernetesUser {
    fn from(authenticated: &Authenticated) -> Self {
        Self::from(authenticated.user())
    }
}

impl AsRef<k8s_rbac::User> for KubernetesUser {
    fn as_ref(&self) -> &k8s_rbac::User {
        &self.rbac
    }
}

pub(super) fn rbac_user(user: &UserInfo) -> k8s_rbac::User {
    k8s_rbac::User::new(user.username(), user.groups().iter().cloned()).authenticated()
}

/// The fields of `UserInfo` of `authentication.k8s.io`.
#[cfg(feature = "serde")]
#[derive(serde::Serialize)]
struct Document {
    username: String,
    uid: String,
    groups: Vec<String>,
    extra: BTreeMap<String, Vec<String>>,
}

#[cfg(feature = "serde")]
impl From<KubernetesUser> for Document {
    fn from(user: KubernetesUser) -> Self {
        let k8s_rbac::User { name, groups, .. } = user.rbac;
        Self {
            username: name,
            uid: user.uid,
            groups,
            extra: user.extra,
        }
    }
}
