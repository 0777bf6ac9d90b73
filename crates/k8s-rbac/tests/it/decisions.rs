//! The parts of an answer beside the decision, for one small world.

use k8s_rbac::{
    BindingName, Decision, Grant, Missing, Objects, PRIVILEGED_GROUP, Policy, Request,
    ResourceRequest, Unresolved, User,
};
use serde_json::json;

fn world() -> serde_json::Value {
    let crb = |name: &str, kind: &str, role: &str, subjects: serde_json::Value| {
        json!({"metadata": {"name": name}, "subjects": subjects,
               "roleRef": {"kind": kind, "name": role}})
    };
    let rb = |name: &str, kind: &str, role: &str, subjects: serde_json::Value| {
        json!({"metadata": {"name": name, "namespace": "ns1"}, "subjects": subjects,
               "roleRef": {"kind": kind, "name": role}})
    };
    let user = |name: &str| json!({"kind": "User", "name": name});
    let rules = json!([
        {"verbs": ["list"], "apiGroups": [""], "resources": ["pods"]},
        {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]},
    ]);
    json!({
        "roles": [{"metadata": {"name": "r1", "namespace": "ns1"}, "rules": rules}],
        "clusterRoles": [{"metadata": {"name": "c1"}, "rules": rules}],
        "roleBindings": [
            rb("b1", "ClusterRole", "missing", json!([user("dave")])),
            rb("b2", "Weird", "r1", json!([user("dave")])),
            rb("b3", "Role", "gone", json!([user("dave")])),
            rb("b4", "Role", "r1", json!([
                {"kind": "ServiceAccount", "name": "builder"},
                {"kind": "Group", "name": "devs"},
                {"kind": "Group", "name": "ops"},
            ])),
        ],
        "clusterRoleBindings": [
            crb("c1", "Role", "r1", json!([user("dave")])),
            crb("c2", "ClusterRole", "c1", json!([
                {"kind": "ServiceAccount", "name": "homeless"},
                {"kind": "user", "name": "eve"},
            ])),
        ],
    })
}

fn pods(verb: &str) -> Request<'_> {
    ResourceRequest::new(verb, "", "pods")
        .in_namespace("ns1")
        .into()
}

#[test]
fn what_did_not_resolve_is_listed_in_walk_order() {
    let policy = Policy::new(serde_json::from_value(world()).unwrap());
    let user = User::new("dave", [""; 0]);
    let response = policy.rbac(&user, &pods("get"));
    assert_eq!(response.decision(), Decision::NoOpinion);
    let missing: Vec<Missing<'_>> = response
        .unresolved()
        .iter()
        .map(Unresolved::missing)
        .collect();
    assert_eq!(
        missing,
        [
            Missing::Role {
                name: "r1",
                namespace: None
            },
            Missing::ClusterRole { name: "missing" },
            Missing::UnsupportedKind { kind: "Weird" },
            Missing::Role {
                name: "gone",
                namespace: Some("ns1")
            },
        ]
    );
    let first = response.unresolved().first().map(Unresolved::binding);
    assert_eq!(first, Some(BindingName::ClusterRoleBinding { name: "c1" }));

    // Missing roles do not change a grant, and its reason does not mention them.
    let user = User::new("dave", ["ops"]);
    let response = policy.rbac(&user, &pods("get"));
    assert_eq!(response.unresolved().len(), 4);
    assert_eq!(
        response.reason(),
        r#"RBAC: allowed by RoleBinding "b4/ns1" of Role "r1" to Group "ops""#
    );
}

#[test]
fn a_grant_names_binding_role_rule_and_the_first_subject_that_matches() {
    let policy = Policy::new(serde_json::from_value(world()).unwrap());
    let builder = User::new("system:serviceaccount:ns1:builder", ["ops", "devs"]);
    let response = policy.rbac(&builder, &pods("get"));
    let Decision::Allow(Grant::Binding(grant)) = response.decision() else {
        panic!("{response:?}");
    };
    assert_eq!(
        grant.binding(),
        BindingName::RoleBinding {
            name: "b4",
            namespace: "ns1"
        }
    );
    assert_eq!(grant.role().name, "r1");
    assert_eq!(grant.subject().name, "builder");
    assert_eq!(grant.rule().verbs, ["get"]);
    assert!(
        response
            .reason()
            .ends_with(r#"to ServiceAccount "builder/ns1""#)
    );

    // The groups are a set: the binding's order of subjects decides which is named.
    let response = policy.rbac(&User::new("x", ["ops", "devs"]), &pods("get"));
    assert!(
        response.reason().ends_with(r#"to Group "devs""#),
        "{}",
        response.reason()
    );
}

#[test]
fn kinds_are_exact_and_a_service_account_without_a_namespace_is_nobody() {
    let policy = Policy::new(serde_json::from_value(world()).unwrap());
    for name in [
        "eve",
        "system:serviceaccount::homeless",
        "system:serviceaccount:ns1:homeless",
    ] {
        let user = User::new(name, [""; 0]);
        let response = policy.rbac(&user, &pods("get"));
        assert_eq!(response.decision(), Decision::NoOpinion, "{name}");
    }
}

#[test]
fn the_privileged_group_needs_no_binding_and_is_not_rbac() {
    let policy = Policy::new(Objects::default());
    let master = User::new("x", [PRIVILEGED_GROUP]);
    let response = policy.authorize(&master, &Request::path("get", "/metrics"));
    assert_eq!(response.decision(), Decision::Allow(Grant::PrivilegedGroup));
    let response = policy.rbac(&master, &Request::path("get", "/metrics"));
    assert_eq!(response.decision(), Decision::NoOpinion);
}

#[test]
fn of_two_objects_of_one_name_the_later_holds_in_the_place_of_the_first() {
    let mut objects: Objects = serde_json::from_value(world()).unwrap();
    let mut last = objects.role_bindings[3].clone();
    last.subjects.retain(|subject| subject.name == "ops");
    objects.role_bindings.push(last);
    let policy = Policy::new(objects);
    assert!(
        !policy
            .rbac(&User::new("x", ["devs"]), &pods("get"))
            .decision()
            .is_allow()
    );
    assert!(
        policy
            .rbac(&User::new("x", ["ops"]), &pods("get"))
            .decision()
            .is_allow()
    );
}
