//! The origin of the rules of aggregated `ClusterRole`s.

use std::collections::{HashMap, HashSet};

use k8s_rbac::{BindingGrant, Objects, PolicyRule};

/// The `ClusterRole`s from which the rules of aggregated `ClusterRole`s come.
///
/// An aggregated `ClusterRole` such as `admin` has copies of the rules of other `ClusterRole`s, which
/// may themselves have copies. Build this from the policy's objects, after [`Objects::aggregate`].
#[derive(Debug)]
pub struct RuleSources<'o> {
    /// The member that has the rule, by aggregated role and rule.
    roles: HashMap<&'o str, HashMap<&'o PolicyRule, &'o str>>,
    unknown: Vec<&'o str>,
}

impl<'o> RuleSources<'o> {
    /// Reads all `ClusterRole`s. The cost is the same as for aggregating them.
    #[must_use]
    pub fn of(objects: &'o Objects) -> Self {
        let mut roles = HashMap::new();
        let listed = objects.aggregated_roles();
        for target in listed.roles {
            // Members whose rule is their own come first: in a cycle, the other members only pass
            // it on.
            let (own, aggregated): (Vec<_>, Vec<_>) = target
                .members
                .into_iter()
                .partition(|member| member.aggregation_rule.is_none());
            let mut sources = HashMap::new();
            for member in own.into_iter().chain(aggregated) {
                for rule in &member.rules {
                    sources.entry(rule).or_insert(member.metadata.name.as_str());
                }
            }
            roles.insert(target.role.metadata.name.as_str(), sources);
        }
        Self {
            roles,
            unknown: listed.too_large,
        }
    }

    /// Returns the names of the aggregated `ClusterRole`s whose sources are unknown, because there
    /// are more than [`MAX_AGGREGATION_STEPS`](k8s_rbac::MAX_AGGREGATION_STEPS) members to examine.
    #[must_use]
    pub fn unknown(&self) -> &[&'o str] {
        &self.unknown
    }

    /// Returns the names of the `ClusterRole`s through which a grant's rule came, ending with the
    /// `ClusterRole` that has the rule itself. Empty if the grant's role is not aggregated, if no
    /// member has the rule now, or if the role's sources are [`unknown`](Self::unknown).
    #[must_use]
    pub fn of_grant(&self, grant: &BindingGrant<'_>) -> Vec<&'o str> {
        match grant.role().kind {
            "ClusterRole" => self.of_rule(grant.role().name, grant.rule()),
            _ => Vec::new(),
        }
    }

    /// Returns the sources of a rule of a `ClusterRole`, which is given by name, as above.
    #[must_use]
    pub fn of_rule(&self, role: &str, rule: &PolicyRule) -> Vec<&'o str> {
        let mut sources = Vec::new();
        // Roles may aggregate each other in a cycle.
        let mut seen = HashSet::new();
        let mut next = role;
        while let Some(&member) = self.roles.get(next).and_then(|members| members.get(rule))
            && seen.insert(member)
        {
            sources.push(member);
            next = member;
        }
        sources
    }
}
