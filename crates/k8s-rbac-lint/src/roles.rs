//! Roles: each rule, what rules give twice, what is collected into others, and whom nobody binds.

use std::collections::{HashMap, HashSet};

use crate::cluster::{Cluster, Reach, key};
use crate::finding::Findings;
use crate::finding_code::FindingCode;
use crate::risky_permissions::Met;
use crate::rules::{Context, Widened};
use crate::wording::plain;
use crate::{rules, unreachable};
use k8s_rbac::Coverage;
use k8s_rbac::{ClusterRole, PolicyRule, Role};

/// How many rules of a role are compared with each other. Our choice: `admin`, the largest role of the
/// default policy, has 27; beyond, only rules that are the same are found.
const MAX_RULES_COMPARED: usize = 64;

/// How many permissions and entries all rules together may have for a comparison, which costs up to
/// their product. Our choice: `admin` has 657.
const MAX_SIZE_COMPARED: usize = 1024;

/// The labels by which the default policy's roles for users collect others, the narrowest first.
const AGGREGATE_TO: [(Widened, &str); 3] = [
    (Widened::View, "rbac.authorization.k8s.io/aggregate-to-view"),
    (Widened::Edit, "rbac.authorization.k8s.io/aggregate-to-edit"),
    (
        Widened::Admin,
        "rbac.authorization.k8s.io/aggregate-to-admin",
    ),
];

pub(crate) fn check_role(
    role: &Role,
    cluster: &Cluster<'_>,
    vocabulary: &unreachable::Vocabulary,
    out: &mut Findings,
) {
    let key = key(&role.metadata);
    if key.0.is_empty() {
        // The API server would not store it, which is a finding; here it would be taken for a
        // ClusterRole.
        return;
    }
    let context = Context {
        reach: cluster.reach_of(key),
        rules: &role.rules,
        met: Met::of(&role.rules),
        namespace: key.0,
        widens: None,
    };
    check_rules(cluster.known_rules(key), &context, vocabulary, out);
    if context.reach == Reach::Unbound {
        out.add(
            FindingCode::UnusedRole,
            "",
            "no RoleBinding refers to it".to_owned(),
        );
    }
}

pub(crate) fn check_cluster_role(
    role: &ClusterRole,
    cluster: &Cluster<'_>,
    vocabulary: &unreachable::Vocabulary,
    out: &mut Findings,
) {
    let name = role.metadata.name.as_str();
    let known = cluster.known_cluster_role(name);
    let reach = cluster.reach_of(("", name));
    if known.is_none() && reach == Reach::Unbound && !cluster.is_member(name) {
        let message = "no binding refers to it, and no aggregated role collects it".to_owned();
        out.add(FindingCode::UnusedRole, "", message);
    }
    if role.aggregation_rule.is_some() {
        return check_aggregated(role, cluster, out);
    }
    let labels = &role.metadata.labels;
    let is_labeled = |label: &str| labels.get(label).is_some_and(|value| value == "true");
    let context = Context {
        reach,
        rules: &role.rules,
        met: Met::of(&role.rules),
        namespace: "",
        widens: (AGGREGATE_TO.iter())
            .find(|(_, label)| is_labeled(label))
            .map(|(widened, _)| *widened),
    };
    check_rules(cluster.known_rules(("", name)), &context, vocabulary, out);
}

/// Looks at an aggregated role. Its rules are looked at where they come from.
fn check_aggregated(role: &ClusterRole, cluster: &Cluster<'_>, out: &mut Findings) {
    let selectors = role.aggregation_rule.as_ref();
    let selectors = selectors.map_or(&[][..], |rule| &rule.cluster_role_selectors);
    for (at, selector) in selectors.iter().enumerate() {
        if selector.match_labels.is_empty() && selector.match_expressions.is_empty() {
            let path = format!("aggregationRule.clusterRoleSelectors[{at}]");
            let message = "an empty selector, which matches every ClusterRole".to_owned();
            out.add(FindingCode::AggregatesEverything, &path, message);
        }
    }
    let collected = cluster.role(("", &role.metadata.name));
    let collected = collected.map_or(&[][..], |gives| gives.rules);
    let collected: HashSet<&PolicyRule> = collected.iter().collect();
    let mut own = (role.rules.iter().enumerate()).filter(|(_, rule)| !collected.contains(rule));
    if let Some((first, _)) = own.next() {
        let count = own.count().saturating_add(1);
        let message = format!("{count} of its rules are of no role that it selects here");
        out.add(
            FindingCode::RulesOverwritten,
            &format!("rules[{first}]"),
            message,
        );
    }
}

fn check_rules(
    known: &[PolicyRule],
    context: &Context<'_>,
    vocabulary: &unreachable::Vocabulary,
    out: &mut Findings,
) {
    let is_known = |rule: &PolicyRule| {
        known.contains(rule)
            || (!known.is_empty()
                && size_of([rule]).is_some()
                && Coverage::of(known, [rule]).is_complete())
    };
    let mut added = Vec::new();
    for (at, rule) in context.rules.iter().enumerate() {
        if !known.is_empty() {
            if is_known(rule) {
                continue;
            }
            added.push(at);
        }
        let path = format!("rules[{at}]");
        rules::check(rule, &path, context, out);
        unreachable::check(rule, &path, !context.namespace.is_empty(), vocabulary, out);
    }
    if let Some(first) = added.first() {
        let message = format!(
            "{} of its rules give more than it is known to give",
            added.len()
        );
        out.add(
            FindingCode::DefaultChanged,
            &format!("rules[{first}]"),
            message,
        );
    }
    if known.is_empty() {
        shadowed(context.rules, out);
    }
}

/// Finds the rules that give nothing that the others do not give, the last of them first, so that
/// what is left gives the same.
fn shadowed(all: &[PolicyRule], out: &mut Findings) {
    let mut first_places = HashMap::new();
    let repeated: HashMap<usize, usize> = (all.iter().enumerate())
        .filter_map(|(at, rule)| {
            let first = *first_places.entry(rule).or_insert(at);
            (first != at).then_some((at, first))
        })
        .collect();
    let mut gone: HashSet<usize> = repeated.keys().copied().collect();
    if all.len() <= MAX_RULES_COMPARED && size_of(all).is_some() {
        for (at, rule) in all.iter().enumerate().rev() {
            let others = all.iter().enumerate();
            let others = others.filter(|(other, _)| *other != at && !gone.contains(other));
            // A rule without verbs, say, gives nothing; that is another finding.
            let gives_something = rule.permissions().next().is_some();
            if !gone.contains(&at)
                && gives_something
                && Coverage::of(others.map(|(_, rule)| rule), [rule]).is_complete()
            {
                gone.insert(at);
            }
        }
    }
    for (at, rule) in all.iter().enumerate().filter(|(at, _)| gone.contains(at)) {
        let message = match repeated.get(&at) {
            Some(first) => format!("the same as rules[{first}]"),
            None => {
                let others = all.iter().enumerate();
                let mut others = others.filter(|(other, _)| !gone.contains(other));
                match others.find(|(_, other)| Coverage::of([*other], [rule]).is_complete()) {
                    Some((by, _)) => format!("rules[{by}] gives all of it"),
                    None => "other rules together give all of it".to_owned(),
                }
            }
        };
        out.add(FindingCode::ShadowedRule, &format!("rules[{at}]"), message);
    }
}

/// Returns how many permissions and entries rules have, if that is not too many to compare them.
pub(crate) fn size_of<'r>(rules: impl IntoIterator<Item = &'r PolicyRule>) -> Option<usize> {
    let mut size = 0_usize;
    for rule in rules {
        let lists = [
            &rule.verbs,
            &rule.api_groups,
            &rule.resources,
            &rule.resource_names,
            &rule.non_resource_urls,
        ];
        let entries = lists.iter().map(|list| list.len());
        let entries = entries.fold(0_usize, usize::saturating_add);
        let [verbs, groups, resources, names, urls] = lists.map(Vec::len);
        let permissions = (verbs.saturating_mul(groups))
            .saturating_mul(resources)
            .saturating_mul(names.max(1))
            .saturating_add(urls.saturating_mul(verbs));
        size = size.saturating_add(entries).saturating_add(permissions);
        if size > MAX_SIZE_COMPARED {
            return None;
        }
    }
    Some(size)
}

/// Writes a role as a binding refers to it.
pub(crate) fn reference(kind: &str, name: &str) -> String {
    format!("{} {}", plain(kind), plain(name))
}
