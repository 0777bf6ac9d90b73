//! Aggregated `ClusterRole`s, whose rules are collected from the roles that their selectors match.
//!
//! As upstream: kube-controller-manager, `pkg/controller/clusterroleaggregation`.

mod collect;
mod components;
mod members;
pub(crate) mod selector;

use std::collections::HashSet;

use crate::objects::{ClusterRole, Objects, PolicyRule};
use collect::{Limits, collect_rules};
use members::Members;
use selector::SelectorError;

pub use collect::{MAX_AGGREGATED_RULES, MAX_AGGREGATION_STEPS};

impl ClusterRole {
    /// Collects the rules of the roles that the `aggregationRule` selects, as one pass of the
    /// controller does.
    ///
    /// The order is that of the selectors, then of role names, then of rules. The role itself is
    /// skipped, and each rule occurs once. Rules are equal if their lists are, order included.
    ///
    /// A role without an `aggregationRule` returns its own rules.
    ///
    /// # Errors
    ///
    /// The [`SelectorError`] of the first invalid selector. The controller then leaves the role as
    /// it is.
    pub fn aggregated_rules(&self, roles: &[Self]) -> Result<Vec<PolicyRule>, SelectorError<'_>> {
        let mut members = Members::new(roles);
        let mut steps = usize::MAX;
        let Some(selectors) = members.selectors_of(self, &mut steps)? else {
            return Ok(self.rules.clone());
        };
        let mut seen = HashSet::new();
        Ok(members
            .matched_by(self, &selectors)
            .into_iter()
            .flat_map(|role| &role.rules)
            .filter(|rule| seen.insert(*rule))
            .cloned()
            .collect())
    }
}

impl Objects {
    /// Lists the aggregated `ClusterRole`s, each with the `ClusterRole`s that its selectors match, in
    /// the order in which [`aggregate`](Self::aggregate) collects their rules. A role with an invalid
    /// selector is left out.
    ///
    /// The list stops at [`MAX_AGGREGATION_STEPS`] comparisons and members.
    #[must_use]
    pub fn aggregated_roles(&self) -> Vec<(&ClusterRole, Vec<&ClusterRole>)> {
        let mut steps = MAX_AGGREGATION_STEPS;
        let mut members = Members::new(&self.cluster_roles);
        let mut listed = Vec::new();
        for (_, role) in members.roles() {
            if let Ok(Some(selectors)) = members.selectors_of(role, &mut steps) {
                let of_role = members.matched_by(role, &selectors);
                let Some(left) = steps.checked_sub(of_role.len()) else {
                    break;
                };
                steps = left;
                listed.push((role, of_role));
            }
        }
        listed
    }

    /// Gives every aggregated `ClusterRole` its rules, as the control plane keeps doing, and
    /// replaces those that it had.
    ///
    /// Manifests as they are written need this before [`Policy::new`](crate::Policy::new):
    /// Kubernetes' own `admin`, `edit` and `view` have no rules there. Objects read back from a
    /// cluster do not.
    ///
    /// Aggregated roles may select each other. Roles in a circle end with the same rules in the same
    /// order: those that any of them collects from outside the circle.
    /// DIFFERENCE: in a cluster they also keep any rule that one of them ever had.
    ///
    /// The cost is a comparison of each distinct selector with each `ClusterRole`, and the size of
    /// the result. Both are bounded, by [`MAX_AGGREGATION_STEPS`] and [`MAX_AGGREGATED_RULES`].
    pub fn aggregate(&mut self) -> Aggregation {
        let collected = collect_rules(&self.cluster_roles, Limits::DEFAULT);
        let mut aggregation = Aggregation {
            refused: collected.refused,
            too_large: collected.too_large,
            ..Aggregation::default()
        };
        for (at, rules) in collected.rules {
            if let Some(role) = self.cluster_roles.get_mut(at)
                && role.rules != rules
            {
                aggregation.changed.push(role.metadata.name.clone());
                role.rules = rules;
            }
        }
        aggregation
    }
}

/// The result of [`Objects::aggregate`].
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Aggregation {
    /// The names of the `ClusterRole`s whose rules changed, in the order of the objects.
    pub changed: Vec<String>,
    /// The names of those with an invalid selector. They keep their rules.
    /// [`LabelSelector::compile`](crate::LabelSelector::compile) returns the reason.
    pub refused: Vec<String>,
    /// The names of those whose rules exceed [`MAX_AGGREGATED_RULES`] or
    /// [`MAX_AGGREGATION_STEPS`]. They keep their rules, so the policy may allow less than a
    /// cluster with these objects.
    pub too_large: Vec<String>,
}
