//! A search that ends as soon as one chain leads to a goal.

use k8s_rbac::{Policy, Request, SubjectName, User};

use crate::escalation_paths::unreached::user_of;
use crate::escalation_paths::{Scope, Target};

/// What a search is for.
///
/// Full access to the cluster and membership of `system:masters` meet every goal.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Goal<'g> {
    /// Full access to the cluster.
    Everything,
    /// Acting as a user, a service account or a member of a group.
    Subject(SubjectName),
    /// Being allowed a request.
    Request(Request<'g>),
}

impl Goal<'_> {
    /// Returns whether the user meets the goal without a step.
    pub(super) fn is_met_by(&self, policy: &Policy, user: &User) -> bool {
        match self {
            Self::Everything => false,
            Self::Subject(SubjectName::Group(name)) => user.groups.contains(name),
            Self::Subject(SubjectName::User(name)) => user.name == *name,
            Self::Request(request) => policy.authorize(user, request).decision().is_allow(),
        }
    }

    /// Returns whether the target of a step meets the goal.
    pub(super) fn is_met(&self, policy: &Policy, target: &Target<'_>) -> bool {
        if target.is_everything() {
            return true;
        }
        match (self, target) {
            (Self::Everything, _) => false,
            (Self::Subject(goal), Target::Subject(identity)) => goal == identity,
            (Self::Subject(goal), Target::UserWithGroups { identity, groups }) => match goal {
                SubjectName::User(_) => goal == identity,
                SubjectName::Group(name) => groups.contains(name),
            },
            (Self::Request(request), Target::Subject(identity)) => policy
                .authorize(&user_of(identity), request)
                .decision()
                .is_allow(),
            (Self::Request(request), Target::UserWithGroups { identity, groups }) => {
                let mut user = user_of(identity);
                user.groups.clone_from(groups);
                policy
                    .authorize(&user.authenticated(), request)
                    .decision()
                    .is_allow()
            }
            (Self::Request(request), Target::Role { rules, scope, .. }) => {
                allows_in(*scope, request) && rules.iter().any(|rule| rule.allows(request))
            }
            (Self::Request(request), Target::Everything(scope)) => {
                matches!(request, Request::Resource(_)) && allows_in(*scope, request)
            }
            _ => false,
        }
    }
}

/// Returns whether a role that is held in a scope applies to a request.
fn allows_in(scope: Scope<'_>, request: &Request<'_>) -> bool {
    match (scope, request.namespace()) {
        (Scope::Cluster, _) => true,
        (_, None) => false,
        (scope, Some(namespace)) => scope.contains(namespace),
    }
}
