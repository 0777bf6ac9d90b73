//! Aggregated `ClusterRole`s, whose rules are collected from the roles that their selectors match.
//!
//! As upstream: kube-controller-manager, `pkg/controller/clusterroleaggregation`.

mod collect;
mod components;
mod members;
pub(crate) mod selector;

use std::collections::HashSet;

use thiserror::Error;

use crate::objects::{ClusterRole, Objects, PolicyRule};
use collect::{Limits, collect_rules};
use members::Members;
use selector::SelectorError;

pub use collect::{MAX_AGGREGATED_RULES, MAX_AGGREGATION_STEPS};

impl ClusterRole {
    /// Collects the rules of the roles that the `aggregationRule` selects, as one pass of the
    /// controller does.
    ///
    /// The rules are ordered by selector, then by the name of their role, then as in the role. The
    /// role itself is skipped, and each rule occurs once. Rules are equal if their lists are equal,
    /// including their order.
    ///
    /// A role without an `aggregationRule` returns its own rules.
    ///
    /// # Errors
    ///
    /// [`AggregationError::Selector`] for the first invalid selector; the controller then leaves the
    /// role unchanged. [`AggregationError::TooLarge`] if the selectors and the roles need more than
    /// [`MAX_AGGREGATION_STEPS`] comparisons.
    pub fn aggregated_rules(
        &self,
        roles: &[Self],
    ) -> Result<Vec<PolicyRule>, AggregationError<'_>> {
        self.collect_within(roles, MAX_AGGREGATION_STEPS)
    }

    fn collect_within(
        &self,
        roles: &[Self],
        mut steps: usize,
    ) -> Result<Vec<PolicyRule>, AggregationError<'_>> {
        let mut members = Members::new(roles);
        let selectors = members.selectors_of(self, &mut steps);
        let Some(selectors) = selectors.map_err(AggregationError::Selector)? else {
            return Ok(self.rules.clone());
        };
        // As in `collect_rules`, the last step is never taken.
        if steps == 0 {
            return Err(AggregationError::TooLarge);
        }
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
    /// Lists the aggregated `ClusterRole`s, each with the `ClusterRole`s that its selectors match.
    ///
    /// The list is bounded by [`MAX_AGGREGATION_STEPS`] comparisons and members; it names the roles
    /// that it leaves out.
    #[must_use]
    pub fn aggregated_roles(&self) -> AggregatedRoles<'_> {
        AggregatedRoles::of(&self.cluster_roles, MAX_AGGREGATION_STEPS)
    }

    /// Gives every aggregated `ClusterRole` its rules, as the control plane does all the time. They
    /// replace its earlier rules.
    ///
    /// Hand-written manifests need this before [`Policy::new`](crate::Policy::new): Kubernetes' own
    /// `admin`, `edit` and `view` have no rules there. Objects that were read back from a cluster
    /// do not need it.
    ///
    /// Aggregated roles may select each other. Roles in a circle end with the same rules in the same
    /// order: the rules that any of them collects from outside the circle. DIFFERENCE: in a cluster
    /// they also keep any rule that one of them ever had.
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

/// Why [`ClusterRole::aggregated_rules`] collects no rules.
#[derive(Clone, Copy, Debug, Eq, Error, Hash, PartialEq)]
#[non_exhaustive]
pub enum AggregationError<'s> {
    /// A selector is invalid.
    #[error("{0}")]
    Selector(SelectorError<'s>),
    /// The members cannot be found within [`MAX_AGGREGATION_STEPS`].
    #[error(
        "the aggregation needs more than {MAX_AGGREGATION_STEPS} comparisons of a selector with a role"
    )]
    TooLarge,
}

impl AggregationError<'_> {
    /// Returns a short, stable name of the error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Selector(_) => "invalid-selector",
            Self::TooLarge => "too-large",
        }
    }
}

/// The result of [`Objects::aggregated_roles`].
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct AggregatedRoles<'o> {
    /// The aggregated `ClusterRole`s, in the order of the objects.
    pub roles: Vec<AggregatedRole<'o>>,
    /// The names of the roles with an invalid selector, which are not listed.
    pub refused: Vec<&'o str>,
    /// The names of the roles that are not listed because of [`MAX_AGGREGATION_STEPS`]. Their members
    /// are unknown.
    pub too_large: Vec<&'o str>,
}

/// An aggregated `ClusterRole` with its members.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct AggregatedRole<'o> {
    /// The aggregated role.
    pub role: &'o ClusterRole,
    /// The roles that its selectors match, in the order in which [`Objects::aggregate`] collects
    /// their rules.
    pub members: Vec<&'o ClusterRole>,
}

impl<'o> AggregatedRoles<'o> {
    fn of(cluster_roles: &'o [ClusterRole], mut steps: usize) -> Self {
        let mut members = Members::new(cluster_roles);
        let mut listed = Self::default();
        for (_, role) in members.roles() {
            let name = role.metadata.name.as_str();
            let selectors = match members.selectors_of(role, &mut steps) {
                Ok(None) => continue,
                Ok(Some(selectors)) => selectors,
                Err(_) => {
                    listed.refused.push(name);
                    continue;
                }
            };
            let of_role = members.matched_by(role, &selectors);
            steps = steps.saturating_sub(of_role.len());
            // As in `collect_rules`, the last step is never taken: without one left, the members
            // may be incomplete.
            if steps == 0 {
                listed.too_large.push(name);
            } else {
                listed.roles.push(AggregatedRole {
                    role,
                    members: of_role,
                });
            }
        }
        listed
    }
}

/// The result of [`Objects::aggregate`].
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct Aggregation {
    /// The names of the `ClusterRole`s whose rules changed, in the order of the objects.
    pub changed: Vec<String>,
    /// The names of the roles with an invalid selector. They keep their rules.
    /// [`LabelSelector::compile`](crate::LabelSelector::compile) returns the reason.
    pub refused: Vec<String>,
    /// The names of the roles whose rules exceed [`MAX_AGGREGATED_RULES`] or
    /// [`MAX_AGGREGATION_STEPS`]. They keep their rules, so the policy may allow less than a
    /// cluster with these objects.
    pub too_large: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::{AggregationRule, LabelSelector, Metadata};

    fn role(name: &str, selector: Option<LabelSelector>) -> ClusterRole {
        ClusterRole {
            metadata: Metadata {
                name: name.to_owned(),
                ..Metadata::default()
            },
            rules: Vec::new(),
            aggregation_rule: selector.map(|selector| AggregationRule {
                cluster_role_selectors: vec![selector],
            }),
        }
    }

    #[test]
    fn rules_are_collected_whole_or_not_at_all() {
        let mut roles = vec![role("b", None), role("c", None)];
        for role in &mut roles {
            role.rules.push(PolicyRule {
                verbs: vec![role.metadata.name.clone()],
                ..PolicyRule::default()
            });
        }
        let target = role("a", Some(LabelSelector::default()));
        let count = |steps| {
            target
                .collect_within(&roles, steps)
                .map(|rules| rules.len())
        };
        // Two comparisons, and the step that is never taken.
        assert_eq!(count(3), Ok(2));
        for steps in 0..=2 {
            assert_eq!(count(steps), Err(AggregationError::TooLarge), "{steps}");
        }
        assert_eq!(AggregationError::TooLarge.code(), "too-large");
    }

    #[test]
    fn a_list_that_is_cut_names_the_roles_that_it_leaves_out() {
        let all = LabelSelector::default;
        let wrong = LabelSelector {
            match_labels: [("-".to_owned(), String::new())].into(),
            ..all()
        };
        let roles = [
            role("a", Some(all())),
            role("b", None),
            role("c", Some(all())),
            role("d", Some(wrong)),
        ];
        let list = |steps| {
            let listed = AggregatedRoles::of(&roles, steps);
            let names =
                |role: &AggregatedRole<'_>| (role.role.metadata.name.clone(), role.members.len());
            assert_eq!(listed.refused, ["d"]);
            (
                listed.roles.iter().map(names).collect::<Vec<_>>(),
                listed.too_large,
            )
        };
        let of = |name: &str| (name.to_owned(), 3);
        // One selector is compared with four roles; two roles have three members each.
        assert_eq!(list(11), (vec![of("a"), of("c")], Vec::new()));
        assert_eq!(list(10), (vec![of("a")], vec!["c"]));
        assert_eq!(list(8), (vec![of("a")], vec!["c"]));
        for steps in 0..=7 {
            assert_eq!(list(steps), (Vec::new(), vec!["a", "c"]), "{steps}");
        }
    }
}
