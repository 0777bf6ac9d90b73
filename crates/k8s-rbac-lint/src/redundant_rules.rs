//! Finds rules whose permissions other rules of the same role grant as well.

use std::collections::{HashMap, HashSet};

use k8s_rbac::{Coverage, PolicyRule};

use crate::finding::Findings;
use crate::finding_code::FindingCode;

/// The number of rules of a role that are compared with each other. Our choice: `admin`, the largest
/// role of the default policy, has 27. In roles with more rules, only equal rules are found.
const MAX_RULES_COMPARED: usize = 64;

/// The number of permissions and entries that all compared rules may have together: a comparison
/// costs up to the product of both sides. Our choice: `admin` has 657.
const MAX_COMPARISON_SIZE: usize = 1024;

/// Finds the redundant rules, starting with the last rule, so that the remaining rules allow the
/// same.
pub(crate) fn check(rules: &[PolicyRule], out: &mut Findings) {
    let mut first_indices = HashMap::new();
    let repeated: HashMap<usize, usize> = rules
        .iter()
        .enumerate()
        .filter_map(|(index, rule)| {
            let first = *first_indices.entry(rule).or_insert(index);
            (first != index).then_some((index, first))
        })
        .collect();
    let mut redundant: HashSet<usize> = repeated.keys().copied().collect();
    let is_small = rules.len() <= MAX_RULES_COMPARED && comparison_size(rules).is_some();
    if !is_small && rules.len() > 1 {
        let message = "its rules are too many or too long to compare: only equal ones are found";
        out.add(FindingCode::NotChecked, "", message.to_owned());
    }
    if is_small {
        for (index, rule) in rules.iter().enumerate().rev() {
            let others = rules
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != index && !redundant.contains(other))
                .map(|(_, rule)| rule);
            // A rule that allows nothing, for example because it has no verbs, is a different
            // finding.
            let allows_something = rule.permissions().next().is_some();
            if !redundant.contains(&index)
                && allows_something
                && Coverage::of(others, [rule]).is_complete()
            {
                redundant.insert(index);
            }
        }
    }
    for (index, rule) in rules.iter().enumerate() {
        if !redundant.contains(&index) {
            continue;
        }
        let message = match repeated.get(&index) {
            Some(first) => format!("equal to rules[{first}]"),
            None => {
                let covering = rules
                    .iter()
                    .enumerate()
                    .filter(|(other, _)| !redundant.contains(other))
                    .find(|(_, other)| Coverage::of([*other], [rule]).is_complete());
                match covering {
                    Some((other, _)) => format!("rules[{other}] allows all of it"),
                    None => "other rules together allow all of it".to_owned(),
                }
            }
        };
        out.add(
            FindingCode::ShadowedRule,
            &format!("rules[{index}]"),
            message,
        );
    }
}

/// Returns the number of permissions and entries of rules; `None` if there are too many to compare.
pub(crate) fn comparison_size<'r>(
    rules: impl IntoIterator<Item = &'r PolicyRule>,
) -> Option<usize> {
    let mut size = 0_usize;
    for rule in rules {
        let lists = [
            &rule.verbs,
            &rule.api_groups,
            &rule.resources,
            &rule.resource_names,
            &rule.non_resource_urls,
        ];
        let lengths = lists.map(Vec::len);
        let entries = lengths.iter().copied().fold(0, usize::saturating_add);
        let [verbs, groups, resources, names, urls] = lengths;
        let permissions = verbs
            .saturating_mul(groups)
            .saturating_mul(resources)
            .saturating_mul(names.max(1))
            .saturating_add(urls.saturating_mul(verbs));
        size = size.saturating_add(entries).saturating_add(permissions);
        if size > MAX_COMPARISON_SIZE {
            return None;
        }
    }
    Some(size)
}
