//! How much of hostile input is compared, and the finding about the rest.

use k8s_rbac::{ClusterRoleBinding, PolicyRule, Subject};
use k8s_rbac_lint::{FindingCode, Lint};

use crate::support::{sample, sample_subjects, with_rule};

#[test]
fn paths_are_compared_up_to_their_limit() {
    for (count, codes) in [
        (128, [FindingCode::UrlWithoutParent]),
        (129, [FindingCode::NotChecked]),
    ] {
        let mut objects = with_rule(&[], "", "");
        for role in &mut objects.cluster_roles {
            role.rules = vec![PolicyRule {
                verbs: vec!["get".to_owned()],
                non_resource_urls: (0..count).map(|number| format!("/{number}/*")).collect(),
                ..PolicyRule::default()
            }];
        }
        let found: Vec<FindingCode> = (Lint::new().run(&objects).iter())
            .filter(|finding| finding.object.kind == "ClusterRole")
            .map(|finding| finding.code)
            .collect();
        assert_eq!(found, codes, "{count} paths");
    }
}

/// Comparing all of these rules and bindings with each other would be quadratic.
#[test]
fn many_rules_and_bindings_are_linted() {
    let rule = |n: usize| PolicyRule {
        verbs: vec!["get".to_owned()],
        api_groups: vec!["example.com".to_owned()],
        resources: vec![format!("r{n}")],
        ..PolicyRule::default()
    };
    let many = 20_000;
    let mut objects = sample();
    for role in &mut objects.cluster_roles {
        role.rules = (0..many).map(|n| rule(n / 2)).collect();
    }
    objects.cluster_role_bindings = (0..many)
        .map(|n| {
            let mut binding = ClusterRoleBinding::default();
            binding.metadata.name = format!("b{n}");
            binding.subjects = vec![Subject {
                kind: "Group".to_owned(),
                name: "devs".to_owned(),
                ..Subject::default()
            }];
            "ClusterRole".clone_into(&mut binding.role_ref.kind);
            "r".clone_into(&mut binding.role_ref.name);
            binding.set_defaults();
            binding
        })
        .collect();
    let findings = Lint::new().run(&objects);
    let count = |code| findings.iter().filter(|one| one.code == code).count();
    assert_eq!(count(FindingCode::ShadowedRule), many / 2);
    assert!(count(FindingCode::DuplicateBinding) > 0);
    // The findings are at the role, and at the first of the bindings.
    assert_eq!(count(FindingCode::NotChecked), 2);
}

/// A binding is compared with 16 others of its subject. The pairs of roles stay below their limit.
#[test]
fn bindings_of_a_subject_are_compared_up_to_their_limit() {
    for (count, not_checked) in [(17, 0), (18, 1)] {
        let mut objects = sample();
        objects.cluster_role_bindings = (0..count)
            .map(|n| {
                let mut binding = ClusterRoleBinding::default();
                binding.metadata.name = format!("b{n}");
                binding.subjects = sample_subjects();
                "ClusterRole".clone_into(&mut binding.role_ref.kind);
                binding.role_ref.name = format!("r{n}");
                binding.set_defaults();
                binding
            })
            .collect();
        let findings = Lint::new().run(&objects);
        let reported = findings
            .iter()
            .filter(|one| one.code == FindingCode::NotChecked);
        assert_eq!(reported.count(), not_checked, "{count}");
    }
}
