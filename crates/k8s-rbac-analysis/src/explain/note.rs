//! Notes about a user and a request that do not depend on the policy.

use std::fmt::{self, Display, Formatter};

use k8s_rbac::{PRIVILEGED_GROUP, Request, ServiceAccount, User};

use k8s_rbac::api_resources::RESOURCES;

/// The group of kubelets, whose requests the Node authorizer answers first.
const NODES: &str = "system:nodes";

/// The group of every service account.
const SERVICE_ACCOUNTS: &str = "system:serviceaccounts";

/// A note about a user or a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Note {
    /// The resource is cluster-scoped, so a real request has no namespace and no `RoleBinding`
    /// applies.
    ClusterScoped,
    /// The user is a service account without the groups that authentication adds to every service
    /// account. [`User::service_account`] adds them.
    GroupsOfServiceAccount,
    /// The user is a node, whose requests the Node authorizer answers first.
    Node,
    /// The user may do everything, without RBAC.
    Privileged,
}

impl Display for Note {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ClusterScoped => {
                "the resource is cluster-scoped: a real request names no namespace, and no \
                 RoleBinding applies to it"
            }
            Self::GroupsOfServiceAccount => {
                "the user is a service account, but is not asked about with the groups of one"
            }
            Self::Node => "the user is a node: the Node authorizer is asked before RBAC",
            Self::Privileged => "a member of system:masters may do everything, whatever RBAC says",
        })
    }
}

/// Returns the notes on a user and a request. They do not depend on a policy.
#[must_use]
pub fn notes(user: &User, request: &Request<'_>) -> Vec<Note> {
    let is_in = |group: &str| user.groups.iter().any(|own| own == group);
    let is_misplaced = match request {
        Request::Resource(request) if request.namespace().is_some() => {
            let mut known = RESOURCES.iter();
            let known = known
                .find(|known| known.name == request.resource() && known.group == request.group());
            // The path of a Namespace object is also a path into that namespace.
            let is_own =
                request.resource() == "namespaces" && request.name() == request.namespace();
            known.is_some_and(|known| !known.is_namespaced) && !is_own
        }
        _ => false,
    };
    let is_account = ServiceAccount::parse(&user.name).is_some();
    let notes = [
        is_in(PRIVILEGED_GROUP).then_some(Note::Privileged),
        is_in(NODES).then_some(Note::Node),
        (is_account && !is_in(SERVICE_ACCOUNTS)).then_some(Note::GroupsOfServiceAccount),
        is_misplaced.then_some(Note::ClusterScoped),
    ];
    notes.into_iter().flatten().collect()
}
