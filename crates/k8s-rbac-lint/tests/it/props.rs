//! Removing rules and bindings that are called redundant changes no decision.

use k8s_rbac::{Objects, Policy, Role, RoleBinding};
use k8s_rbac_lint::{Finding, FindingCode, Lint};
use k8s_rbac_oracle::strategies::{question, world};
use proptest::prelude::*;

/// Removes the binding or rule that a finding calls redundant.
fn without(objects: &Objects, finding: &Finding) -> Objects {
    let mut left = objects.clone();
    let rule: Option<usize> = finding
        .path
        .strip_prefix("rules[")
        .and_then(|rest| rest.strip_suffix(']')?.parse().ok());
    let is_it = |kind: &str, namespace: &str, name: &str| {
        let object = &finding.object;
        object.kind == kind && object.namespace == namespace && object.name == name
    };
    let at_role = |role: &Role| is_it("Role", &role.metadata.namespace, &role.metadata.name);
    match rule {
        Some(at) => {
            for role in left.roles.iter_mut().filter(|role| at_role(role)) {
                role.rules.remove(at);
            }
            for role in &mut left.cluster_roles {
                if is_it("ClusterRole", "", &role.metadata.name) {
                    role.rules.remove(at);
                }
            }
        }
        None => {
            left.cluster_role_bindings
                .retain(|b| !is_it("ClusterRoleBinding", "", &b.metadata.name));
            left.role_bindings.retain(|b: &RoleBinding| {
                !is_it("RoleBinding", &b.metadata.namespace, &b.metadata.name)
            });
        }
    }
    left
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn removing_redundant_objects_changes_no_decision(
        world in world(),
        questions in proptest::collection::vec(question(), 16),
    ) {
        let policy = Policy::new(world.clone());
        for finding in Lint::new().run(&world) {
            let is_redundant = matches!(
                finding.code,
                FindingCode::DuplicateBinding | FindingCode::ShadowedBinding | FindingCode::ShadowedRule
            );
            if is_redundant {
                let left = Policy::new(without(&world, &finding));
                for question in &questions {
                    let request = question.request();
                    prop_assert_eq!(
                        policy.rbac(&question.user, &request).decision().is_allow(),
                        left.rbac(&question.user, &request).decision().is_allow(),
                        "{} {:?}", finding, question
                    );
                }
            }
        }
    }
}
