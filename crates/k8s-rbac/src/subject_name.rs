//! The user or group that a subject names.

use std::fmt::{self, Display, Formatter};

use serde::Serialize;

use crate::admission::names::{dns_label, dns_subdomain};
use crate::go_text::quote::Quoted;
use crate::objects::Subject;

/// The prefix of the usernames of service accounts.
///
/// As upstream: apiserver, `pkg/authentication/serviceaccount/util.go`.
pub(crate) const SERVICE_ACCOUNT_PREFIX: &str = "system:serviceaccount:";

/// A user or a group. A service account is the user with its full username.
///
/// Prints as kube-apiserver prints subjects: `Group "devs"`, `ServiceAccount "ci/dev"`. Serializes as
/// `{"kind", "name"}`, and a service account as a user.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(tag = "kind", content = "name")]
#[expect(clippy::exhaustive_enums, reason = "a request has a user, and groups")]
pub enum SubjectName {
    /// A group.
    Group(String),
    /// A user, by the username that authentication reports.
    User(String),
}

impl SubjectName {
    /// Returns the user or group that a subject names, in a binding of this namespace. An empty
    /// namespace stands for a `ClusterRoleBinding`.
    ///
    /// As upstream: pkg/registry/rbac/validation/rule.go, `appliesToUser`. Kinds are compared
    /// exactly and the API group is ignored. `None` for an unknown kind, and for a service account
    /// without any namespace.
    #[must_use]
    pub fn of<S: AsRef<str>>(
        subject: &Subject<S>,
        binding_namespace: Option<&str>,
    ) -> Option<Self> {
        let subject = subject.as_deref();
        match subject.kind {
            "User" => Some(Self::User(subject.name.to_owned())),
            "Group" => Some(Self::Group(subject.name.to_owned())),
            "ServiceAccount" => {
                let namespace = match subject.namespace {
                    "" => binding_namespace.unwrap_or_default(),
                    own => own,
                };
                let name = format!("{SERVICE_ACCOUNT_PREFIX}{namespace}:{}", subject.name);
                (!namespace.is_empty()).then_some(Self::User(name))
            }
            _ => None,
        }
    }

    /// Returns the service account that this user is. `None` for any other user, and for a group.
    #[must_use]
    pub fn as_service_account(&self) -> Option<ServiceAccount<'_>> {
        match self {
            Self::Group(_) => None,
            Self::User(name) => ServiceAccount::parse(name),
        }
    }
}

/// A service account: its namespace and its name.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ServiceAccount<'n> {
    namespace: &'n str,
    name: &'n str,
}

impl<'n> ServiceAccount<'n> {
    /// Builds a service account from its parts, which are not checked.
    #[must_use]
    pub const fn new(namespace: &'n str, name: &'n str) -> Self {
        Self { namespace, name }
    }

    /// Parses a username of the form `system:serviceaccount:NAMESPACE:NAME`. `None` if it has
    /// another form.
    ///
    /// As upstream: apiserver, `pkg/authentication/serviceaccount/util.go`, `SplitUsername`, which also
    /// requires that [the names are valid](Self::has_valid_names).
    #[must_use]
    pub fn parse(username: &'n str) -> Option<Self> {
        let account = username.strip_prefix(SERVICE_ACCOUNT_PREFIX)?;
        let (namespace, name) = account.split_once(':')?;
        let is_one = !namespace.is_empty() && !name.is_empty() && !name.contains(':');
        is_one.then_some(Self { namespace, name })
    }

    /// Returns the namespace.
    #[must_use]
    pub const fn namespace(&self) -> &'n str {
        self.namespace
    }

    /// Returns the name within the namespace.
    #[must_use]
    pub const fn name(&self) -> &'n str {
        self.name
    }

    /// Returns whether the API server accepts these names: the namespace is a DNS label, and the name a DNS
    /// subdomain. If they are invalid, it impersonates the name as an ordinary user.
    #[must_use]
    pub fn has_valid_names(&self) -> bool {
        dns_label(self.namespace).is_empty() && dns_subdomain(self.name).is_empty()
    }

    /// Returns the username that authentication gives the service account.
    ///
    /// As upstream: the same file, `MakeUsername`.
    #[must_use]
    pub fn username(&self) -> String {
        format!("{SERVICE_ACCOUNT_PREFIX}{}:{}", self.namespace, self.name)
    }
}

impl Display for SubjectName {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match (self, self.as_service_account()) {
            (_, Some(account)) => {
                let name = format!("{}/{}", account.name, account.namespace);
                write!(f, "ServiceAccount {}", Quoted(&name))
            }
            (Self::Group(name), None) => write!(f, "Group {}", Quoted(name)),
            (Self::User(name), None) => write!(f, "User {}", Quoted(name)),
        }
    }
}
