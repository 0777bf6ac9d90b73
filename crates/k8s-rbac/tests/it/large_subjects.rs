//! Subjects with so many bindings that the bindings are indexed by role.

use k8s_rbac::{
    ClusterRole, ClusterRoleBinding, Metadata, Policy, PolicyRule, ResourceRequest, RoleRef,
    Subject, User,
};

/// More than the bindings from which on a subject is indexed by role.
const BINDINGS: usize = 40;

const GROUPS: [&str; 2] = ["a", "b"];

fn metadata(name: String) -> Metadata {
    Metadata {
        name,
        ..Metadata::default()
    }
}

/// A role that allows to get one resource, or nothing.
fn role(number: usize, resource: &str) -> ClusterRole {
    ClusterRole {
        metadata: metadata(format!("role{number}")),
        rules: vec![PolicyRule {
            verbs: vec!["get".to_owned()],
            api_groups: vec![String::new()],
            resources: vec![resource.to_owned()],
            ..PolicyRule::default()
        }],
        aggregation_rule: None,
    }
}

fn binding(group: &str, number: usize) -> ClusterRoleBinding {
    ClusterRoleBinding {
        metadata: metadata(binding_name(group, number)),
        subjects: vec![Subject {
            kind: "Group".to_owned(),
            name: group.to_owned(),
            ..Subject::default()
        }],
        role_ref: RoleRef {
            kind: "ClusterRole".to_owned(),
            name: format!("role{number}"),
            ..RoleRef::default()
        },
    }
}

fn binding_name(group: &str, number: usize) -> String {
    format!("{group}{number}")
}

/// Each of the groups is bound to each of the roles; role N allows to get the resource N.
fn policy() -> Policy {
    let mut policy = Policy::default();
    for number in 0..BINDINGS {
        policy.put_cluster_role(role(number, &number.to_string()));
        for group in GROUPS {
            policy.put_cluster_role_binding(binding(group, number));
        }
    }
    policy
}

/// Whether each of the groups may get a resource, and the bindings whose roles do not exist.
fn answers(policy: &Policy, resource: &str) -> [(bool, usize); 2] {
    GROUPS.map(|group| {
        let user = User::new("u", [group]);
        let response = policy.rbac(&user, &ResourceRequest::new("get", "", resource).into());
        (response.decision().is_allow(), response.unresolved().len())
    })
}

#[test]
fn a_binding_that_one_subject_loses_stays_with_the_other() {
    let mut policy = policy();
    assert_eq!(answers(&policy, "30"), [(true, 0), (true, 0)]);
    assert!(policy.remove_cluster_role_binding(&binding_name("a", 30)));
    assert_eq!(answers(&policy, "30"), [(false, 0), (true, 0)]);
    // The policy then has fewer bindings than are indexed.
    for number in 5..30 {
        assert!(policy.remove_cluster_role_binding(&binding_name("a", number)));
    }
    assert_eq!(answers(&policy, "29"), [(false, 0), (true, 0)]);
    assert_eq!(answers(&policy, "30"), [(false, 0), (true, 0)]);
    assert_eq!(answers(&policy, "31"), [(true, 0), (true, 0)]);
    // The policy then has many bindings again.
    for number in 5..30 {
        policy.put_cluster_role_binding(binding("a", number));
    }
    assert_eq!(answers(&policy, "29"), [(true, 0), (true, 0)]);
    assert_eq!(answers(&policy, "30"), [(false, 0), (true, 0)]);
}

#[test]
fn a_role_that_changes_changes_what_both_subjects_may() {
    let mut policy = policy();
    policy.put_cluster_role(role(30, "other"));
    assert_eq!(answers(&policy, "30"), [(false, 0); 2]);
    assert_eq!(answers(&policy, "other"), [(true, 0); 2]);
    assert!(policy.remove_cluster_role("role30"));
    assert_eq!(answers(&policy, "other"), [(false, 1); 2]);
    // The bindings to this role come first, so the reason names it although another role also
    // allows the request.
    assert_eq!(answers(&policy, "31"), [(true, 1); 2]);
    assert_eq!(answers(&policy, "29"), [(true, 0); 2]);
    assert!(policy.remove_cluster_role_binding(&binding_name("a", 30)));
    assert_eq!(answers(&policy, "other"), [(false, 0), (false, 1)]);
    policy.put_cluster_role(role(30, "other"));
    assert_eq!(answers(&policy, "other"), [(false, 0), (true, 0)]);
}

/// A rule with many combinations is found only by its resource or its path.
#[test]
fn a_rule_with_many_combinations_is_found_too() {
    let texts = |count: usize| -> Vec<String> { (0..count).map(|one| format!("t{one}")).collect() };
    for count in [63, 64, 65] {
        let mut policy = policy();
        let mut wide = role(30, "x");
        wide.rules = vec![
            PolicyRule {
                resources: texts(count),
                ..wide.rules[0].clone()
            },
            PolicyRule {
                verbs: vec!["get".to_owned()],
                non_resource_urls: texts(count).iter().map(|one| format!("/{one}")).collect(),
                ..PolicyRule::default()
            },
        ];
        policy.put_cluster_role(wide);
        let last = format!("t{}", count - 1);
        assert_eq!(answers(&policy, &last), [(true, 0); 2], "{count}");
        assert_eq!(answers(&policy, &format!("t{count}")), [(false, 0); 2]);
        let user = User::new("u", ["a"]);
        for (path, is_allowed) in [(format!("/{last}"), true), (format!("/t{count}"), false)] {
            let request = k8s_rbac::Request::path("get", &path);
            let response = policy.rbac(&user, &request);
            assert_eq!(response.decision().is_allow(), is_allowed, "{path}");
        }
    }
}
