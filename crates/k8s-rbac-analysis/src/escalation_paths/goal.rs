//! A search that ends as soon as one chain leads to a goal.

use std::collections::HashSet;

use k8s_rbac::{Policy, Request, SubjectName, User};

use crate::escalation_paths::constrained::impersonated;
use crate::escalation_paths::unreached::user_of;
use crate::escalation_paths::{Scope, Target};
use crate::who_can::{AllowedSubject, who_can};

/// The goal of a search.
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
}

/// A goal, prepared for one look-up for each step.
pub(super) struct GoalTest<'g> {
    goal: &'g Goal<'g>,
    /// The subjects that may make the request.
    allowed: HashSet<SubjectName>,
}

impl<'g> GoalTest<'g> {
    pub(super) fn new(goal: &'g Goal<'g>, policy: &Policy) -> Self {
        let allowed = match goal {
            Goal::Request(request) => who_can(policy, request)
                .subjects()
                .iter()
                .filter_map(AllowedSubject::identity)
                .collect(),
            Goal::Everything | Goal::Subject(_) => HashSet::new(),
        };
        Self { goal, allowed }
    }

    /// Returns whether the target of a step meets the goal. A user with groups meets a goal only if the user or
    /// one of the groups meets it, and earlier steps reach those.
    pub(super) fn is_met(&self, target: &Target<'_>) -> bool {
        if target.is_everything() {
            return true;
        }
        match (self.goal, target) {
            (Goal::Subject(goal @ SubjectName::User(_)), Target::Subject(identity)) => {
                goal == identity
            }
            (Goal::Subject(SubjectName::Group(name)), Target::Subject(identity)) => {
                user_of(identity).groups.contains(name)
            }
            (Goal::Request(_), Target::Subject(identity)) => self.allows(user_of(identity)),
            (
                Goal::Request(request),
                Target::ConstrainedIdentity {
                    identity,
                    groups,
                    rules,
                },
            ) => {
                self.allows(impersonated(identity, groups))
                    && rules.iter().any(|rule| rule.allows(request))
            }
            (Goal::Request(request), Target::Role { rules, scope, .. }) => {
                allows_in(*scope, request) && rules.iter().any(|rule| rule.allows(request))
            }
            (Goal::Request(request), Target::Everything(scope)) => {
                matches!(request, Request::Resource(_)) && allows_in(*scope, request)
            }
            _ => false,
        }
    }

    /// Returns whether a user may make the request.
    fn allows(&self, user: User) -> bool {
        let groups = user.groups.into_iter().map(SubjectName::Group);
        let mut names = groups.chain([SubjectName::User(user.name)]);
        names.any(|name| self.allowed.contains(&name))
    }
}

/// Returns whether a role that is held in a scope applies to a request.
pub(super) fn allows_in(scope: Scope<'_>, request: &Request<'_>) -> bool {
    match (scope, request.namespace()) {
        (Scope::Cluster, _) => true,
        (_, None) => false,
        (scope, Some(namespace)) => scope.contains(namespace),
    }
}
