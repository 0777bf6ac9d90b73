//! Aggregated `ClusterRole`s: rules collected from others, by label.
//!
//! As upstream: kube-controller-manager, `pkg/controller/clusterroleaggregation`.

pub(crate) mod selector;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::aggregation::selector::SelectorError;
use crate::objects::{ClusterRole, Objects, PolicyRule};

impl ClusterRole {
    /// Collects the rules of the roles that the `aggregationRule` selects, as one round of the
    /// controller does: selector by selector, role by role in the order of their names, without
    /// the role itself, each rule once. Rules are the same if their lists are the same, in the
    /// same order.
    ///
    /// A role without an `aggregationRule` has the rules that it carries.
    ///
    /// # Errors
    ///
    /// The [`SelectorError`] of the first selector that cannot be asked. The controller then
    /// leaves the role as it is.
    pub fn aggregated_rules(&self, roles: &[Self]) -> Result<Vec<PolicyRule>, SelectorError<'_>> {
        let by_name = by_name(roles);
        let Some(members) = members(self, &by_name, roles)? else {
            return Ok(self.rules.clone());
        };
        let mut rules = Vec::new();
        let mut seen = HashSet::new();
        for rule in members
            .iter()
            .filter_map(|&at| roles.get(at))
            .flat_map(|role| &role.rules)
        {
            if seen.insert(rule) {
                rules.push(rule.clone());
            }
        }
        Ok(rules)
    }
}

impl Objects {
    /// Lists the aggregated `ClusterRole`s, each with the `ClusterRole`s that its selectors match, in
    /// the order in which [`aggregate`](Self::aggregate) collects their rules. A role with an invalid
    /// selector is left out.
    #[must_use]
    pub fn aggregated_roles(&self) -> Vec<(&ClusterRole, Vec<&ClusterRole>)> {
        let roles = &self.cluster_roles;
        let by_name = by_name(roles);
        let places: BTreeSet<usize> = by_name.values().copied().collect();
        places
            .into_iter()
            .filter_map(|at| {
                let role = roles.get(at)?;
                let members = members(role, &by_name, roles).ok()??;
                let members = members.into_iter().filter_map(|at| roles.get(at));
                Some((role, members.collect()))
            })
            .collect()
    }

    /// Gives every aggregated `ClusterRole` its rules, as the control plane keeps doing. What it
    /// carried before is overwritten.
    ///
    /// To be run before [`Policy::new`](crate::Policy::new) by whoever loads manifests as they are
    /// written: Kubernetes' own `admin`, `edit` and `view` have no rules there. Objects read back
    /// from a cluster have been through it.
    ///
    /// It works in rounds until nothing changes, so that roles may aggregate aggregated ones.
    /// DIFFERENCE: it starts with no rules at all. In a cluster, roles that aggregate each other in
    /// a circle keep what any of them ever had.
    ///
    /// It costs a look at every `ClusterRole` for each selector, and a second round.
    pub fn aggregate(&mut self) -> Aggregation {
        let Settled { rules, refused } = settle(&self.cluster_roles);
        let mut changed = Vec::new();
        for (at, rules) in rules {
            if let Some(role) = self.cluster_roles.get_mut(at)
                && role.rules != rules
            {
                changed.push(role.metadata.name.clone());
                role.rules = rules;
            }
        }
        Aggregation { changed, refused }
    }
}

/// What [`Objects::aggregate`] did.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Aggregation {
    /// The names of the `ClusterRole`s whose rules are others now, in the order of the objects.
    pub changed: Vec<String>,
    /// The names of those that have a selector that cannot be asked, and stay as they are;
    /// [`LabelSelector::compile`](crate::LabelSelector::compile) says why.
    pub refused: Vec<String>,
}

struct Settled {
    /// By the place of the role.
    rules: BTreeMap<usize, Vec<PolicyRule>>,
    refused: Vec<String>,
}

fn settle(roles: &[ClusterRole]) -> Settled {
    let by_name = by_name(roles);
    let mut targets: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut refused = Vec::new();
    let places: BTreeSet<usize> = by_name.values().copied().collect();
    for (at, role) in places.iter().filter_map(|&at| Some((at, roles.get(at)?))) {
        match members(role, &by_name, roles) {
            Ok(None) => {}
            Ok(Some(members)) => drop(targets.insert(at, members)),
            Err(_) => refused.push(role.metadata.name.clone()),
        }
    }
    // Rules by number, so that a round copies and compares numbers.
    let mut numbers: HashMap<&PolicyRule, usize> = HashMap::new();
    let mut all: Vec<&PolicyRule> = Vec::new();
    let mut current: HashMap<usize, Vec<usize>> = HashMap::new();
    for (at, role) in roles.iter().enumerate() {
        let rules = role.rules.iter().map(|rule| {
            *numbers.entry(rule).or_insert_with(|| {
                all.push(rule);
                all.len().saturating_sub(1)
            })
        });
        let rules: Vec<usize> = rules.collect();
        if !targets.contains_key(&at) {
            current.insert(at, rules);
        }
    }
    let order = members_first(&targets);
    // Without a circle the first round settles it, by this order. In a circle the sets of rules
    // grow for as many rounds as it has roles, at most; the order within could change for ever, so
    // that the number of rounds is what ends it.
    for _ in 0..=order.len() {
        let mut is_settled = true;
        for (at, members) in order.iter().filter_map(|at| Some((at, targets.get(at)?))) {
            let mut seen = HashSet::new();
            let rules = members.iter().filter_map(|member| current.get(member));
            let rules: Vec<usize> = rules
                .flatten()
                .copied()
                .filter(|&rule| seen.insert(rule))
                .collect();
            is_settled &= current.get(at).is_some_and(|before| *before == rules);
            current.insert(*at, rules);
        }
        if is_settled {
            break;
        }
    }
    let rules = targets.keys().map(|&at| {
        let numbers = current.remove(&at).unwrap_or_default();
        let rules = numbers.into_iter().filter_map(|number| all.get(number));
        (at, rules.map(|&rule| rule.clone()).collect())
    });
    Settled {
        rules: rules.collect(),
        refused,
    }
}

/// Finds the roles by name. Of two of one name the later one holds, as in a policy.
fn by_name(roles: &[ClusterRole]) -> BTreeMap<&str, usize> {
    let names = roles.iter().enumerate();
    names
        .map(|(at, role)| (role.metadata.name.as_str(), at))
        .collect()
}

/// Finds whose rules a role collects, in order; none if it does not aggregate.
fn members<'s>(
    role: &'s ClusterRole,
    by_name: &BTreeMap<&str, usize>,
    roles: &[ClusterRole],
) -> Result<Option<Vec<usize>>, SelectorError<'s>> {
    let Some(rule) = &role.aggregation_rule else {
        return Ok(None);
    };
    let mut members = Vec::new();
    let mut seen = HashSet::new();
    for selector in &rule.cluster_role_selectors {
        let selector = selector.compile()?;
        for (name, &at) in by_name {
            let is_selected =
                (roles.get(at)).is_some_and(|member| selector.matches(&member.metadata.labels));
            if is_selected && *name != role.metadata.name && seen.insert(at) {
                members.push(at);
            }
        }
    }
    Ok(Some(members))
}

/// Orders aggregated roles so that each stands after those whose rules it collects, circles apart.
fn members_first(targets: &BTreeMap<usize, Vec<usize>>) -> Vec<usize> {
    let mut order = Vec::new();
    let mut entered = HashSet::new();
    for &start in targets.keys() {
        // By hand, as a chain may be longer than a stack is deep.
        let mut path: Vec<(usize, std::slice::Iter<'_, usize>)> = Vec::new();
        let mut next = Some(start);
        loop {
            if let Some((at, members)) = next.and_then(|at| Some((at, targets.get(&at)?)))
                && entered.insert(at)
            {
                path.push((at, members.iter()));
            }
            let Some((at, members)) = path.last_mut() else {
                break;
            };
            next = members.next().copied();
            if next.is_none() {
                order.push(*at);
                path.pop();
            }
        }
    }
    order
}
