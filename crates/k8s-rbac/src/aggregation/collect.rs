//! Collecting the rules of all aggregated roles at once.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use super::components::components;
use super::members::{Members, spend};
use crate::objects::{ClusterRole, PolicyRule};

/// The total number of rules that all aggregated roles of one call may get: 4,194,304. Our choice:
/// with rules of ordinary size they take about a gigabyte, and two thousand roles with two thousand
/// collected rules each fit. A cluster could not store such roles, as an object may have 1.5 MiB.
pub const MAX_AGGREGATED_RULES: usize = 1 << 22;

/// How many steps one call may take: comparisons of a selector with a role, visits of a member, and
/// visits of a rule; 33,554,432. Our choice: a few seconds.
pub const MAX_AGGREGATION_STEPS: usize = 1 << 25;

#[derive(Default)]
pub(super) struct Collected {
    /// By the index of the role.
    pub(super) rules: BTreeMap<usize, Vec<PolicyRule>>,
    /// The roles with an invalid selector.
    pub(super) refused: Vec<String>,
    /// The roles that exceeded a limit.
    pub(super) too_large: Vec<String>,
}

/// Rules by number, so that collecting copies and compares numbers.
#[derive(Default)]
struct Numbers<'r> {
    numbers: HashMap<&'r PolicyRule, usize>,
    rules: Vec<&'r PolicyRule>,
}

impl<'r> Numbers<'r> {
    fn of(&mut self, rule: &'r PolicyRule) -> usize {
        *self.numbers.entry(rule).or_insert_with(|| {
            self.rules.push(rule);
            self.rules.len().saturating_sub(1)
        })
    }
}

/// The limits of one call.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub(super) rules: usize,
    pub(super) steps: usize,
}

impl Limits {
    pub(super) const DEFAULT: Self = Self {
        rules: MAX_AGGREGATED_RULES,
        steps: MAX_AGGREGATION_STEPS,
    };
}

pub(super) fn collect_rules(roles: &[ClusterRole], limits: Limits) -> Collected {
    let mut collected = Collected::default();
    let Limits {
        rules: mut room,
        mut steps,
    } = limits;
    let mut members = Members::new(roles);
    // The aggregated roles, each with its selectors.
    let mut aggregated: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, role) in members.roles() {
        match members.selectors_of(role, &mut steps) {
            Ok(None) => {}
            Ok(Some(selectors)) => drop(aggregated.insert(at, selectors)),
            Err(_) => collected.refused.push(role.metadata.name.clone()),
        }
    }
    let matched = members.into_matched();
    let mut numbers = Numbers::default();
    let mut number_own = |at: usize| -> Rc<[usize]> {
        let rules = roles.get(at).into_iter().flat_map(|role| &role.rules);
        rules.map(|rule| numbers.of(rule)).collect()
    };
    let mut current: HashMap<usize, Rc<[usize]>> = (0..roles.len())
        .filter(|at| !aggregated.contains_key(at))
        .map(|at| (at, number_own(at)))
        .collect();
    let mut too_large: Vec<usize> = Vec::new();
    for component in circles(&aggregated, &matched, roles) {
        let selectors = component
            .iter()
            .filter_map(|at| aggregated.get(at))
            .flatten();
        let rules = union(selectors, &matched, &current, &mut steps);
        let size = rules.len().saturating_mul(component.len());
        match room.checked_sub(size).filter(|_| steps > 0) {
            Some(left) => {
                room = left;
                current.extend(component.iter().map(|&at| (at, Rc::clone(&rules))));
            }
            None => {
                // The roles' own rules count, as for a role that is not aggregated.
                current.extend(component.iter().map(|&at| (at, number_own(at))));
                too_large.extend(component);
            }
        }
    }
    too_large.sort_unstable();
    for at in aggregated.into_keys() {
        if too_large.binary_search(&at).is_ok() {
            let name = roles.get(at).map(|role| role.metadata.name.clone());
            collected.too_large.extend(name);
            continue;
        }
        let rules = current
            .get(&at)
            .into_iter()
            .flat_map(|numbers| numbers.iter())
            .filter_map(|&number| numbers.rules.get(number))
            .map(|&rule| rule.clone())
            .collect();
        collected.rules.insert(at, rules);
    }
    collected
}

/// Groups aggregated roles that select each other in a circle. A group comes after the groups that
/// it collects from, and its roles are ordered by name.
///
/// A selector that several roles share is a node between them and the roles that it matches. So the
/// size of the graph depends on the selectors and their matches, not on the number of roles that
/// share them.
fn circles(
    aggregated: &BTreeMap<usize, Vec<usize>>,
    matched: &[Vec<usize>],
    roles: &[ClusterRole],
) -> impl Iterator<Item = Vec<usize>> {
    let selector_node = |selector: &usize| roles.len().saturating_add(*selector);
    let graph: Vec<Vec<usize>> = (0..roles.len())
        .map(|at| {
            let selectors = aggregated.get(&at).into_iter().flatten();
            selectors.map(selector_node).collect()
        })
        .chain(matched.iter().cloned())
        .collect();
    components(&graph).into_iter().filter_map(|mut component| {
        component.retain(|node| aggregated.contains_key(node));
        component.sort_unstable_by_key(|&at| roles.get(at).map(|role| &role.metadata.name));
        (!component.is_empty()).then_some(component)
    })
}

/// Returns the rules that selectors collect, each once: in the order of the selectors, then of the
/// roles that they match, then of the rules of a role. Roles without `current` rules are in the
/// circle itself, and add no rules.
fn union<'a>(
    selectors: impl Iterator<Item = &'a usize>,
    matched: &[Vec<usize>],
    current: &HashMap<usize, Rc<[usize]>>,
    steps: &mut usize,
) -> Rc<[usize]> {
    let mut rules = Vec::new();
    let mut seen = (HashSet::new(), HashSet::new(), HashSet::new());
    let (seen_selectors, seen_members, seen_rules) = (&mut seen.0, &mut seen.1, &mut seen.2);
    for selector in selectors.filter(|selector| seen_selectors.insert(**selector)) {
        for member in matched.get(*selector).into_iter().flatten() {
            if !spend(steps) {
                return rules.into();
            }
            if !seen_members.insert(*member) {
                continue;
            }
            for &rule in current.get(member).iter().flat_map(|rules| rules.iter()) {
                if !spend(steps) {
                    return rules.into();
                }
                if seen_rules.insert(rule) {
                    rules.push(rule);
                }
            }
        }
    }
    rules.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::{AggregationRule, LabelSelector, Metadata};

    /// `a` and `b` collect each other and `c`, which has three rules; `d` collects `b`.
    fn roles() -> Vec<ClusterRole> {
        let label = |key: &str| (key.to_owned(), "1".to_owned());
        let role = |name: &str, labels: &[&str], selects: &[&str]| ClusterRole {
            metadata: Metadata {
                name: name.to_owned(),
                labels: labels.iter().map(|key| label(key)).collect(),
                ..Metadata::default()
            },
            rules: Vec::new(),
            aggregation_rule: (!selects.is_empty()).then(|| AggregationRule {
                cluster_role_selectors: selects
                    .iter()
                    .map(|key| LabelSelector {
                        match_labels: BTreeMap::from([label(key)]),
                        ..LabelSelector::default()
                    })
                    .collect(),
            }),
        };
        let mut roles = vec![
            role("a", &["x"], &["x"]),
            role("b", &["x", "y"], &["x"]),
            role("c", &["x"], &[]),
            role("d", &[], &["y"]),
        ];
        roles[2].rules = ["get", "list", "watch"]
            .map(|verb| PolicyRule {
                verbs: vec![verb.to_owned()],
                ..PolicyRule::default()
            })
            .to_vec();
        roles
    }

    fn lengths(limits: Limits) -> (Vec<usize>, Vec<String>) {
        let collected = collect_rules(&roles(), limits);
        let lengths = collected.rules.values().map(Vec::len).collect();
        (lengths, collected.too_large)
    }

    #[test]
    fn limits_are_met_exactly_and_name_what_they_leave_out() {
        let limits = |rules, steps| Limits { rules, steps };
        let all = (vec![3, 3, 3], Vec::new());
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        assert_eq!(lengths(Limits::DEFAULT), all);
        // Three roles with three rules.
        assert_eq!(lengths(limits(9, 1_000)), all);
        assert_eq!(lengths(limits(8, 1_000)), (vec![3, 3], names(&["d"])));
        // `d` collects the rules of `b`, which has no rules.
        assert_eq!(lengths(limits(5, 1_000)), (vec![0], names(&["a", "b"])));
        // Eight comparisons; three members and three rules; one member and three rules. The last
        // step is never taken, to distinguish an exhausted budget from a budget that was just
        // enough.
        assert_eq!(lengths(limits(9, 19)), all);
        assert_eq!(lengths(limits(9, 18)), (vec![3, 3], names(&["d"])));
        for steps in 0..=14 {
            let none = (Vec::new(), names(&["a", "b", "d"]));
            assert_eq!(lengths(limits(9, steps)), none, "{steps}");
        }
    }
}
