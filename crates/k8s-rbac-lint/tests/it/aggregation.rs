//! Roles that collect the rules of others.

use k8s_rbac::{ClusterRole, ClusterRoleBinding, Objects, PolicyRule};
use k8s_rbac_lint::{FindingCode, Lint};
use serde_json::json;

use crate::support::{place, sample_subjects};

/// The known role has the rule by aggregation, so a judged role that contains the rule grants no new
/// permission.
#[test]
fn a_known_aggregated_role_is_known_with_the_rules_that_it_collects() {
    let secrets = json!([{"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"]}]);
    let known: Objects = serde_json::from_value(json!({"clusterRoles": [
        {"metadata": {"name": "a"},
         "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"x": "1"}}]}},
        {"metadata": {"name": "b", "labels": {"x": "1"}}, "rules": secrets},
    ]}))
    .unwrap();
    let mut judged: Objects = serde_json::from_value(json!({
        "clusterRoles": [{"metadata": {"name": "a"}, "rules": secrets}],
        "clusterRoleBindings": [{
            "metadata": {"name": "b"}, "subjects": [{"kind": "Group", "name": "devs"}],
            "roleRef": {"kind": "ClusterRole", "name": "a"},
        }],
    }))
    .unwrap();
    judged.cluster_role_bindings[0].set_defaults();
    let risks =
        |lint: Lint| -> Vec<String> { lint.run(&judged).iter().map(ToString::to_string).collect() };
    assert_eq!(
        risks(Lint::new()),
        ["high secrets-read: ClusterRole/a rules[0]: get on secrets"]
    );
    assert_eq!(
        risks(Lint::new().with_known(known)),
        [
            "high binds-risky-role: ClusterRoleBinding/b roleRef: ClusterRole a allows secrets-read in the \
             whole cluster"
        ]
    );
}

/// Roles that each aggregate the next role. There are more than were once compared.
#[test]
fn many_aggregated_roles_are_linted() {
    let role = |n: usize| {
        let mut role = ClusterRole::default();
        role.metadata.name = format!("r{n}");
        role.metadata
            .labels
            .insert("chain".to_owned(), n.to_string());
        role
    };
    let mut objects = Objects::default();
    for n in 0..100 {
        let mut aggregated = role(n);
        let next: ClusterRole = serde_json::from_value(json!({"metadata": {"name": "next"},
            "aggregationRule": {"clusterRoleSelectors": [
                {"matchLabels": {"chain": (n + 1).to_string()}}]}}))
        .unwrap();
        aggregated.aggregation_rule = next.aggregation_rule;
        objects.cluster_roles.push(aggregated);
    }
    let mut last = role(100);
    last.rules.push(PolicyRule {
        verbs: vec!["get".to_owned()],
        api_groups: vec![String::new()],
        resources: vec!["secrets".to_owned()],
        ..PolicyRule::default()
    });
    objects.cluster_roles.push(last);
    let mut binding = ClusterRoleBinding::default();
    binding.metadata.name = "b".to_owned();
    binding.subjects = sample_subjects();
    "ClusterRole".clone_into(&mut binding.role_ref.kind);
    "r0".clone_into(&mut binding.role_ref.name);
    binding.set_defaults();
    objects.cluster_role_bindings.push(binding);
    let findings = Lint::new().run(&objects);
    let codes: Vec<String> = findings
        .iter()
        .map(|one| format!("{} {}", one.severity, one.code))
        .collect();
    // The finding is as severe as if the last role were bound itself, and no role is unused.
    assert_eq!(codes, ["high secrets-read"], "{findings:?}");
}

/// Aggregated roles that select each other. One of them is bound.
#[test]
fn a_circle_of_aggregated_roles_is_bound_where_one_is() {
    let mut objects: Objects = serde_json::from_value(json!({
        "clusterRoles": [
            {"metadata": {"name": "a", "labels": {"x": "1"}},
             "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"x": "1"}}]}},
            {"metadata": {"name": "b", "labels": {"x": "1"}},
             "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"x": "1"}}]}},
            {"metadata": {"name": "c", "labels": {"x": "1"}}, "rules": [
                {"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"]}]},
        ],
        "clusterRoleBindings": [{
            "metadata": {"name": "b"}, "subjects": [{"kind": "Group", "name": "devs"}],
            "roleRef": {"kind": "ClusterRole", "name": "a"},
        }],
    }))
    .unwrap();
    objects.cluster_role_bindings[0].set_defaults();
    let findings = Lint::new().run(&objects);
    let risks: Vec<String> = findings
        .iter()
        .filter(|finding| finding.code == FindingCode::SecretsRead)
        .map(place)
        .collect();
    assert_eq!(risks, ["high ClusterRole/c rules[0]"]);
}
