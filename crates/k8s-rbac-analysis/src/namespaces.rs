//! In which namespaces a user may do something.

/// Finds the namespaces in which a user may do what a request asks, whatever namespace it
/// names itself; by [`Policy::authorize`], so that a member of
/// [`PRIVILEGED_GROUP`](k8s_rbac::PRIVILEGED_GROUP) may do it everywhere.
///
/// It costs a decision for each namespace that has a `RoleBinding`.
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

/// Where a user may do something.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a grant holds everywhere or in its namespace"
)]
pub enum AllowedNamespaces<'p> {
    /// In all namespaces, those to come included, and in none.
    Everywhere(Grant<'p>),
    /// In these, in the order of their names, each with the first grant there.
    Only(Vec<(&'p str, BindingGrant<'p>)>),
}
