//! Where the rules of aggregated `ClusterRole`s come from.

use std::collections::{HashMap, HashSet};

use k8s_rbac::{BindingGrant, Objects, PolicyRule};

/// Which `ClusterRole` brought each rule of an aggregated one.
///
/// An aggregated `ClusterRole` such as `admin` carries copies of the rules of others, which carry
/// copies themselves. To be made of the objects that the policy is made of, after
/// [`Objects::aggregate`].
#[derive(Debug)]
pub struct RuleSources<'o> {
    /// By the aggregated role and the rule, a member that has it.
    roles: HashMap<&'o str, HashMap<&'o PolicyRule, &'o str>>,
}

impl<'o> RuleSources<'o> {
    /// Looks at all `ClusterRole`s. It costs as much as to aggregate them.
    #[must_use]
    pub fn of(objects: &'o Objects) -> Self {
        let mut roles = HashMap::new();
        for (target, members) in objects.aggregated_roles() {
            // Those that have it of their own first: in a circle, the others only pass it on.
            let (own, aggregated): (Vec<_>, Vec<_>) = members
                .into_iter()
                .partition(|member| member.aggregation_rule.is_none());
            let mut sources = HashMap::new();
            for member in own.into_iter().chain(aggregated) {
                for rule in &member.rules {
                    sources.entry(rule).or_insert(member.metadata.name.as_str());
                }
            }
            roles.insert(target.metadata.name.as_str(), sources);
        }
        Self { roles }
    }

    /// Finds the names of the `ClusterRole`s through which a grant's rule came, the one that has
    /// it of its own last; none if the grant's role is not aggregated, or if no member has the rule
    /// now.
    #[must_use]
    pub fn of_grant(&self, grant: &BindingGrant<'_>) -> Vec<&'o str> {
        match grant.role().kind.as_str() {
            "ClusterRole" => self.of_rule(&grant.role().name, grant.rule()),
            _ => Vec::new(),
        }
    }

    /// Finds the same for a rule of the `ClusterRole` of a name.
    #[must_use]
    pub fn of_rule(&self, role: &str, rule: &PolicyRule) -> Vec<&'o str> {
        let mut sources = Vec::new();
        // Roles may aggregate each other in a circle.
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
