//! Checks roles: their rules, the selectors of aggregated roles, and roles that no binding refers
//! to.

use std::collections::HashSet;

use k8s_rbac::{ClusterRole, Coverage, PolicyRule, Role};

use crate::cluster::{BoundScope, Cluster, key};
use crate::finding::Findings;
use crate::finding_code::FindingCode;
use crate::redundant_rules::{self, comparison_size};
use crate::risky_permissions::RoleRequirements;
use crate::rules::{self, Context, UserFacingRole};
use crate::unreachable::{self, Vocabulary};

/// The labels by which the user-facing roles of the default policy select other roles, beginning
/// with the narrowest.
const AGGREGATE_TO: [(UserFacingRole, &str); 3] = [
    (
        UserFacingRole::View,
        "rbac.authorization.k8s.io/aggregate-to-view",
    ),
    (
        UserFacingRole::Edit,
        "rbac.authorization.k8s.io/aggregate-to-edit",
    ),
    (
        UserFacingRole::Admin,
        "rbac.authorization.k8s.io/aggregate-to-admin",
    ),
];

pub(crate) fn check_role(
    role: &Role,
    cluster: &Cluster<'_>,
    vocabulary: &Vocabulary,
    out: &mut Findings,
) {
    let key = key(&role.metadata);
    if key.0.is_empty() {
        // Without a namespace, the role would be taken for a ClusterRole. The API server refuses it,
        // which is reported separately.
        return;
    }
    let context = Context {
        bound: cluster.bound_scope(key),
        rules: &role.rules,
        requirements: RoleRequirements::of(&role.rules),
        versions: cluster.versions(),
        namespace: key.0,
        aggregates_to: None,
    };
    check_rules(cluster.known().rules(key), &context, vocabulary, out);
    if context.bound == BoundScope::Unbound {
        let message = "no RoleBinding refers to it".to_owned();
        out.add(FindingCode::UnusedRole, "", message);
    }
}

pub(crate) fn check_cluster_role(
    role: &ClusterRole,
    cluster: &Cluster<'_>,
    vocabulary: &Vocabulary,
    out: &mut Findings,
) {
    let name = role.metadata.name.as_str();
    let is_known = cluster.known().has_role(("", name));
    let bound = cluster.bound_scope(("", name));
    if !is_known && bound == BoundScope::Unbound && !cluster.may_be_member(name) {
        let message = "no binding refers to it, and no aggregated role selects it".to_owned();
        out.add(FindingCode::UnusedRole, "", message);
    }
    if role.aggregation_rule.is_some() {
        return check_aggregated(role, cluster, out);
    }
    let labels = &role.metadata.labels;
    let is_labeled = |label: &str| labels.get(label).is_some_and(|value| value == "true");
    let context = Context {
        bound,
        rules: &role.rules,
        requirements: RoleRequirements::of(&role.rules),
        versions: cluster.versions(),
        namespace: "",
        aggregates_to: AGGREGATE_TO
            .iter()
            .find(|(_, label)| is_labeled(label))
            .map(|(target, _)| *target),
    };
    check_rules(cluster.known().rules(("", name)), &context, vocabulary, out);
}

/// Checks an aggregated role. Its rules are checked in the roles that they come from.
fn check_aggregated(role: &ClusterRole, cluster: &Cluster<'_>, out: &mut Findings) {
    let rule = role.aggregation_rule.as_ref();
    let selectors = rule.map_or(&[][..], |rule| &rule.cluster_role_selectors);
    for (index, selector) in selectors.iter().enumerate() {
        if selector.match_labels.is_empty() && selector.match_expressions.is_empty() {
            let path = format!("aggregationRule.clusterRoleSelectors[{index}]");
            let message = "an empty selector matches every ClusterRole".to_owned();
            out.add(FindingCode::AggregatesEverything, &path, message);
        }
    }
    if cluster.is_too_large(&role.metadata.name) {
        let message = "its rules are too many to collect".to_owned();
        out.add(FindingCode::NotChecked, "", message);
        return;
    }
    if !cluster.knows_members() {
        let message = "the roles that it selects are too many to find".to_owned();
        out.add(FindingCode::NotChecked, "", message);
    }
    let collected = cluster.role(("", &role.metadata.name));
    let collected: HashSet<&PolicyRule> = collected
        .map_or(&[][..], |summary| summary.rules)
        .iter()
        .collect();
    let mut own = role
        .rules
        .iter()
        .enumerate()
        .filter(|(_, rule)| !collected.contains(rule));
    if let Some((first, _)) = own.next() {
        let message = match own.count().saturating_add(1) {
            1 => "one rule comes from no role that it selects here".to_owned(),
            count => format!("{count} rules come from no role that it selects here"),
        };
        let path = format!("rules[{first}]");
        out.add(FindingCode::RulesOverwritten, &path, message);
    }
}

fn check_rules(
    known: &[PolicyRule],
    context: &Context<'_>,
    vocabulary: &Vocabulary,
    out: &mut Findings,
) {
    let is_known = |rule: &PolicyRule| {
        known.contains(rule)
            || (!known.is_empty()
                && comparison_size([rule]).is_some()
                && Coverage::of(known, [rule]).is_complete())
    };
    let mut added = Vec::new();
    for (index, rule) in context.rules.iter().enumerate() {
        if !known.is_empty() {
            if is_known(rule) {
                continue;
            }
            added.push(index);
        }
        let path = format!("rules[{index}]");
        rules::check(rule, &path, context, out);
        unreachable::check(rule, &path, !context.namespace.is_empty(), vocabulary, out);
    }
    if let Some(first) = added.first() {
        let message = match added.len() {
            1 => "one rule grants more than the known version of the role".to_owned(),
            count => format!("{count} rules grant more than the known version of the role"),
        };
        out.add(
            FindingCode::DefaultChanged,
            &format!("rules[{first}]"),
            message,
        );
    }
    if known.is_empty() {
        redundant_rules::check(context.rules, out);
    }
}
