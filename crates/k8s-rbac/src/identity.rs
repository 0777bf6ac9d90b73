//! Whom a subject names.

use std::fmt::{self, Display, Formatter};

use crate::objects::Subject;
use crate::quote::Quoted;

/// The beginning of the user names of service accounts.
///
/// As upstream: apiserver, `pkg/authentication/serviceaccount/util.go`.
pub(crate) const SERVICE_ACCOUNT_PREFIX: &str = "system:serviceaccount:";

/// A user or a group, whatever subject names it: a service account is the user of its full name.
///
/// Prints as kube-apiserver prints subjects: `Group "devs"`, `ServiceAccount "ci/dev"`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[expect(clippy::exhaustive_enums, reason = "a request has a user, and groups")]
pub enum Identity {
    /// A group.
    Group(String),
    /// A user, by the name that authentication gives.
    User(String),
}

impl Identity {
    /// Finds whom a subject names, in a binding of this namespace or a `ClusterRoleBinding`.
    ///
    /// As upstream: pkg/registry/rbac/validation/rule.go, `appliesToUser`. Kinds are compared
    /// exactly, the API group is not looked at, and an unknown kind names nobody. A service account
    /// without any namespace is nobody.
    #[must_use]
    pub fn of(subject: &Subject, binding_namespace: Option<&str>) -> Option<Self> {
        match subject.kind.as_str() {
            "User" => Some(Self::User(subject.name.clone())),
            "Group" => Some(Self::Group(subject.name.clone())),
            "ServiceAccount" => {
                let namespace = match subject.namespace.as_str() {
                    "" => binding_namespace.unwrap_or_default(),
                    own => own,
                };
                let name = format!("{SERVICE_ACCOUNT_PREFIX}{namespace}:{}", subject.name);
                (!namespace.is_empty()).then_some(Self::User(name))
            }
            _ => None,
        }
    }

    /// Returns namespace and name, if it is a service account.
    #[must_use]
    pub fn as_service_account(&self) -> Option<(&str, &str)> {
        match self {
            Self::Group(_) => None,
            Self::User(name) => split_service_account(name),
        }
    }
}

/// Takes the user name of a service account apart.
///
/// As upstream: apiserver, `pkg/authentication/serviceaccount/util.go`, `SplitUsername`.
pub(crate) fn split_service_account(user: &str) -> Option<(&str, &str)> {
    let (namespace, name) = user.strip_prefix(SERVICE_ACCOUNT_PREFIX)?.split_once(':')?;
    let is_one = !namespace.is_empty() && !name.is_empty() && !name.contains(':');
    is_one.then_some((namespace, name))
}

impl Display for Identity {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match (self, self.as_service_account()) {
            (_, Some((namespace, name))) => {
                let name = format!("{name}/{namespace}");
                write!(f, "ServiceAccount {}", Quoted(&name))
            }
            (Self::Group(name), None) => write!(f, "Group {}", Quoted(name)),
            (Self::User(name), None) => write!(f, "User {}", Quoted(name)),
        }
    }
}
