//! The namespaces in which a user may make a request.

/// Finds the namespaces in which a user may make a request. The namespace of the request itself is
/// ignored. [`Policy::authorize`] decides, so a member of
/// [`PRIVILEGED_GROUP`](k8s_rbac::PRIVILEGED_GROUP) may do it in every namespace.
///
/// The cost is one decision for each namespace that has a `RoleBinding`.
#[must_use]
pub fn allowed_namespaces<'p>(
    policy: &'p Policy,
    user: &User,
    request: &ResourceRequest<'_>,
) -> AllowedNamespaces<'p> {
    let everywhere = Request::from(request.in_namespace(""));
    if let Decision::Allow(grant) = policy.authorize(user, &everywhere).decision() {
        return AllowedNamespaces::Everywhere(grant);
    }
    let allowed = policy.namespaces().filter_map(|namespace| {
        let request = Request::from(request.in_namespace(namespace));
        match policy.rbac(user, &request).decision() {
            Decision::Allow(Grant::Binding(grant)) => Some((namespace, grant)),
            _ => None,
        }
    });
    AllowedNamespaces::Only(allowed.collect())
}

use k8s_rbac::{BindingGrant, Decision, Grant, Policy, Request, ResourceRequest, User};

/// The namespaces in which a user may make a request.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a grant holds everywhere or in its namespace"
)]
pub enum AllowedNamespaces<'p> {
    /// All namespaces, including future ones, and the cluster scope.
    Everywhere(Grant<'p>),
    /// These namespaces, ordered by name, each with the first grant there.
    Only(Vec<(&'p str, BindingGrant<'p>)>),
}
