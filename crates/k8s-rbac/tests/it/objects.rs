//! The objects of a policy. The policy stores them in another form, and returns them unchanged.

use std::collections::BTreeMap;

use k8s_rbac::{
    AggregationRule, ClusterRole, ClusterRoleBinding, LabelSelector, Metadata, Objects, Policy,
    PolicyRule, Role, RoleBinding, RoleRef, Subject, SubjectName,
};
use k8s_rbac_oracle::strategies::world;
use proptest::prelude::*;
use serde_json::json;

fn text(text: &str) -> String {
    text.to_owned()
}

/// Metadata in which every field is set.
fn metadata(name: &str, namespace: &str) -> Metadata {
    Metadata {
        name: text(name),
        namespace: text(namespace),
        labels: BTreeMap::from([(text("team"), text(name))]),
    }
}

fn rules(verb: &str) -> Vec<PolicyRule> {
    // The text has more capacity than is used.
    let mut verbs = Vec::with_capacity(100);
    verbs.push(text(verb));
    vec![PolicyRule {
        verbs,
        api_groups: vec![text("apps")],
        resources: vec![text("deployments")],
        resource_names: vec![text("web")],
        non_resource_urls: vec![text("/x")],
    }]
}

fn subjects() -> Vec<Subject> {
    let subject = |kind: &str, api_group: &str, name: &str, namespace: &str| Subject {
        kind: text(kind),
        api_group: text(api_group),
        name: text(name),
        namespace: text(namespace),
    };
    vec![
        subject("User", k8s_rbac::API_GROUP, "User", ""),
        subject("Group", "", "", ""),
        subject("ServiceAccount", "", "ci", "dev"),
        subject("Robot", "example.com", "Role", "User"),
    ]
}

fn role_ref(kind: &str) -> RoleRef {
    RoleRef {
        api_group: text("example.com"),
        kind: text(kind),
        name: text("Group"),
    }
}

/// Objects with text in every field, including fields in which the API never has text.
fn full() -> Objects {
    Objects {
        roles: vec![Role {
            metadata: metadata("r", "dev"),
            rules: rules("get"),
        }],
        role_bindings: vec![RoleBinding {
            metadata: metadata("b", "dev"),
            subjects: subjects(),
            role_ref: role_ref("Role"),
        }],
        cluster_roles: vec![ClusterRole {
            metadata: metadata("r", "stray"),
            rules: rules("get"),
            aggregation_rule: Some(AggregationRule {
                cluster_role_selectors: vec![LabelSelector::default()],
            }),
        }],
        cluster_role_bindings: vec![ClusterRoleBinding {
            metadata: metadata("b", "stray"),
            subjects: subjects(),
            role_ref: role_ref("Unknown"),
        }],
    }
}

#[test]
fn every_field_comes_back() {
    let objects = full();
    let policy = Policy::new(objects.clone());
    assert_eq!(policy.objects(), objects);
    let again = Policy::new(policy.objects());
    assert_eq!(again.objects(), objects);
}

#[test]
fn an_object_is_found_by_its_name() {
    let objects = full();
    let mut policy = Policy::new(objects.clone());
    assert_eq!(policy.role("dev", "r").as_ref(), objects.roles.first());
    assert_eq!(
        policy.cluster_role("r").as_ref(),
        objects.cluster_roles.first()
    );
    assert_eq!(
        policy.role_binding("dev", "b").as_ref(),
        objects.role_bindings.first()
    );
    assert_eq!(
        policy.cluster_role_binding("b").as_ref(),
        objects.cluster_role_bindings.first()
    );
    for namespace in ["", "prod", "stray"] {
        assert_eq!(policy.role(namespace, "r"), None);
        assert_eq!(policy.role_binding(namespace, "b"), None);
    }
    assert!(policy.remove_role("dev", "r") && policy.remove_role_binding("dev", "b"));
    assert!(policy.remove_cluster_role("r") && policy.remove_cluster_role_binding("b"));
    assert_eq!(policy.objects(), Objects::default());
    assert_eq!(
        (policy.role("dev", "r"), policy.cluster_role("r")),
        (None, None)
    );
    assert_eq!(policy.role_binding("dev", "b"), None);
    assert_eq!(policy.cluster_role_binding("b"), None);
}

/// Bindings to a role that does not exist keep its name, and do not get the rules of another role.
#[test]
fn roles_with_equal_rules_stay_apart() {
    let role = |name: &str| ClusterRole {
        metadata: Metadata {
            name: text(name),
            ..Metadata::default()
        },
        rules: rules("get"),
        aggregation_rule: None,
    };
    let mut policy = Policy::default();
    policy.put_cluster_role(role("a"));
    policy.put_cluster_role(role("b"));
    let before = policy.clone();
    policy.put_cluster_role(ClusterRole {
        rules: rules("list"),
        ..role("b")
    });
    let verbs = |policy: &Policy| -> Vec<String> {
        let roles = policy.cluster_roles();
        roles
            .map(|role| format!("{} {:?}", role.name(), role.rules()[0].verbs))
            .collect()
    };
    assert_eq!(verbs(&before), [r#"a ["get"]"#, r#"b ["get"]"#]);
    assert_eq!(verbs(&policy), [r#"a ["get"]"#, r#"b ["list"]"#]);
    assert!(policy.remove_cluster_role("a"));
    assert_eq!(verbs(&policy), [r#"b ["list"]"#]);
    assert_eq!(verbs(&before), [r#"a ["get"]"#, r#"b ["get"]"#]);
}

#[test]
fn a_view_reads_as_the_object() {
    let objects = full();
    let policy = Policy::new(objects.clone());
    let views: Vec<_> = policy.bindings().collect();
    assert_eq!(views.len(), 2);
    for (view, namespace) in views.into_iter().zip([None, Some("dev")]) {
        let subjects: Vec<Subject<&str>> = view.subjects().collect();
        let want = subjects_of(&objects);
        assert_eq!(subjects, want);
        assert_eq!(view.subjects().len(), want.len());
        for (index, subject) in want.iter().enumerate() {
            assert_eq!(view.subject(index).as_ref(), Some(subject));
            let name = SubjectName::of(&subject.as_deref(), namespace);
            let object = objects.role_bindings[0].subjects.get(index);
            assert_eq!(name, object.and_then(|own| SubjectName::of(own, namespace)));
        }
        assert_eq!(view.subject(want.len()), None);
        assert_eq!(view.namespace(), namespace);
    }
}

fn subjects_of(objects: &Objects) -> Vec<Subject<&str>> {
    let subjects = objects.role_bindings[0].subjects.iter();
    subjects.map(Subject::as_deref).collect()
}

#[test]
fn a_borrowed_subject_serializes_as_the_object() {
    for subject in subjects() {
        let json = serde_json::to_value(&subject).unwrap();
        assert_eq!(serde_json::to_value(subject.as_deref()).unwrap(), json);
        assert_eq!(serde_json::from_value::<Subject>(json).unwrap(), subject);
    }
    for kind in ["Role", ""] {
        let role_ref = role_ref(kind);
        let json = serde_json::to_value(&role_ref).unwrap();
        assert_eq!(serde_json::to_value(role_ref.as_deref()).unwrap(), json);
        assert_eq!(serde_json::from_value::<RoleRef>(json).unwrap(), role_ref);
    }
    let subject = Subject {
        kind: "Group",
        name: "devs",
        ..Subject::default()
    };
    let json = json!({"kind": "Group", "name": "devs"});
    assert_eq!(serde_json::to_value(subject).unwrap(), json);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn objects_of_any_policy_make_an_equal_policy(world in world()) {
        let policy = Policy::new(world);
        let objects = policy.objects();
        prop_assert_eq!(Policy::new(objects.clone()).objects(), objects.clone());
        for role in &objects.roles {
            let found = policy.role(&role.metadata.namespace, &role.metadata.name);
            prop_assert_eq!(found.as_ref(), Some(role));
        }
        for binding in &objects.role_bindings {
            let metadata = &binding.metadata;
            let found = policy.role_binding(&metadata.namespace, &metadata.name);
            prop_assert_eq!(found.as_ref(), Some(binding));
        }
    }
}
