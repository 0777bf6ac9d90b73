//! Objects that have findings.

use k8s_rbac::{ClusterRole, ClusterRoleBinding, Objects, PolicyRule, Subject};
use k8s_rbac_lint::Finding;

pub(crate) fn place(finding: &Finding) -> String {
    let place = format!("{} {} {}", finding.severity, finding.object, finding.path);
    place.trim_end().to_owned()
}

/// Objects with one rule in a `ClusterRole` that is bound in the whole cluster.
pub(crate) fn with_rule(verbs: &[&str], api_group: &str, resource: &str) -> Objects {
    let mut objects = sample();
    for role in &mut objects.cluster_roles {
        role.rules = vec![PolicyRule {
            verbs: verbs.iter().map(|&verb| verb.to_owned()).collect(),
            api_groups: vec![api_group.to_owned()],
            resources: vec![resource.to_owned()],
            ..PolicyRule::default()
        }];
    }
    objects
}

pub(crate) fn sample() -> Objects {
    let secrets = PolicyRule {
        verbs: vec!["get".to_owned()],
        api_groups: vec![String::new()],
        resources: vec!["secrets".to_owned()],
        ..PolicyRule::default()
    };
    let mut role = ClusterRole::default();
    role.metadata.name = "r".to_owned();
    role.rules = vec![secrets.clone(), secrets];
    let mut binding = ClusterRoleBinding::default();
    binding.metadata.name = "b".to_owned();
    "ClusterRole".clone_into(&mut binding.role_ref.kind);
    "r".clone_into(&mut binding.role_ref.name);
    binding.set_defaults();
    Objects {
        cluster_roles: vec![role],
        cluster_role_bindings: vec![binding],
        ..Objects::default()
    }
}

pub(crate) fn sample_subjects() -> Vec<Subject> {
    vec![Subject {
        kind: "Group".to_owned(),
        name: "devs".to_owned(),
        ..Subject::default()
    }]
}
