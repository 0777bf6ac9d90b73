//! The shortest path to a goal.

use k8s_rbac::{Objects, Policy, Request, ResourceRequest, SubjectName, User};
use k8s_rbac_analysis::escalation_paths::{EscalationSearch, Goal, MappingSource};
use testkit::Report;

use super::bound;

#[test]
fn a_path_to_a_goal_is_one_shortest_chain() {
    let objects: Objects = serde_json::from_value(serde_json::json!({
        "clusterRoles": [
            {"metadata": {"name": "v"}, "rules": [{"verbs": ["impersonate"], "apiGroups": [""],
                "resources": ["users"], "resourceNames": ["v", "x"]}]},
            {"metadata": {"name": "w"}, "rules": [{"verbs": ["impersonate"], "apiGroups": [""],
                "resources": ["users"], "resourceNames": ["w"]}]},
            {"metadata": {"name": "secrets"}, "rules": [
                {"verbs": ["get"], "apiGroups": [""], "resources": ["configmaps"]}]},
        ],
        "clusterRoleBindings": [
            {"metadata": {"name": "v"}, "subjects": [{"kind": "User", "name": "u"}],
             "roleRef": {"kind": "ClusterRole", "name": "v"}},
            {"metadata": {"name": "w"}, "subjects": [{"kind": "User", "name": "v"}],
             "roleRef": {"kind": "ClusterRole", "name": "w"}},
            {"metadata": {"name": "s"}, "subjects": [{"kind": "User", "name": "w"}],
             "roleRef": {"kind": "ClusterRole", "name": "secrets"}},
        ],
    }))
    .unwrap();
    let policy = Policy::new(objects);
    let search = EscalationSearch::new(&policy, &User::new("u", ["g"]));
    let steps = |goal: &Goal<'_>| {
        let path = search.path_to(goal).unwrap();
        path.map(|path| {
            let targets = path.steps().iter().map(|step| step.target().to_string());
            targets.collect::<Vec<_>>()
        })
    };
    let read = ResourceRequest::new("get", "", "configmaps");
    let chain = vec![
        r#"becomes User "v""#.to_owned(),
        r#"becomes User "w""#.to_owned(),
    ];
    assert_eq!(steps(&Goal::Request(read.into())), Some(chain.clone()));
    assert_eq!(
        steps(&Goal::Subject(SubjectName::User("w".to_owned()))),
        Some(chain)
    );
    assert_eq!(
        steps(&Goal::Subject(SubjectName::Group("g".to_owned()))),
        Some(Vec::new())
    );
    assert_eq!(
        steps(&Goal::Subject(SubjectName::Group(
            "system:masters".to_owned()
        ))),
        None
    );
    assert_eq!(steps(&Goal::Everything), None);
}

/// A service account is a member of the group of all accounts and of the group of its namespace. Every identity is
/// authenticated.
#[test]
fn an_account_that_is_reached_is_a_member_of_its_groups() {
    let policy = bound::policy(&[("u@ci", bound::rule("create", "", "pods", ""))]);
    let search = EscalationSearch::new(&policy, &User::new("u", [""; 0]));
    let mut report = Report::new();
    for (group, is_met) in [
        ("system:serviceaccounts:ci", true),
        ("system:serviceaccounts", true),
        ("system:authenticated", true),
        ("system:serviceaccounts:dev", false),
        ("system:unauthenticated", false),
    ] {
        let goal = Goal::Subject(SubjectName::Group(group.to_owned()));
        let path = search.path_to(&goal).unwrap();
        let last = path.and_then(|path| Some(path.steps().last()?.target().to_string()));
        let want = is_met.then_some(r#"becomes ServiceAccount "default/ci""#);
        report.check(group, &last.as_deref(), &want);
    }
    report.finish();
}

/// The goals that `u` reaches by impersonating a user in a group, by binding a role, and by escalating in a
/// namespace.
#[test]
fn a_goal_is_met_by_a_group_by_a_role_and_by_a_namespace() {
    let rbac = "rbac.authorization.k8s.io";
    let bound = |name: &str, namespace: &str, kind: &str, subject: &str, role: &str| {
        serde_json::json!({
            "metadata": {"name": name, "namespace": namespace},
            "subjects": [{"kind": kind, "name": subject}],
            "roleRef": {"kind": "ClusterRole", "name": role},
        })
    };
    let objects: Objects = serde_json::from_value(serde_json::json!({
        "clusterRoles": [
            {"metadata": {"name": "impersonates"}, "rules": [
                {"verbs": ["impersonate"], "apiGroups": [""], "resources": ["users"], "resourceNames": ["v"]},
                {"verbs": ["impersonate"], "apiGroups": [""], "resources": ["groups"], "resourceNames": ["ops"]}]},
            {"metadata": {"name": "binds"}, "rules": [
                {"verbs": ["create"], "apiGroups": [rbac], "resources": ["rolebindings"]},
                {"verbs": ["bind"], "apiGroups": [rbac], "resources": ["clusterroles"], "resourceNames": ["pods"]}]},
            {"metadata": {"name": "escalates"}, "rules": [
                {"verbs": ["escalate", "create", "update", "bind"], "apiGroups": [rbac],
                 "resources": ["roles", "rolebindings"]}]},
            {"metadata": {"name": "pods"}, "rules": [
                {"verbs": ["list"], "apiGroups": [""], "resources": ["pods"]}]},
            {"metadata": {"name": "configmaps"}, "rules": [
                {"verbs": ["get"], "apiGroups": [""], "resources": ["configmaps"]}]},
        ],
        "clusterRoleBindings": [
            bound("i", "", "User", "u", "impersonates"),
            bound("c", "", "Group", "ops", "configmaps"),
        ],
        "roleBindings": [
            bound("b", "binding", "User", "u", "binds"),
            bound("e", "escalating", "User", "u", "escalates"),
        ],
    }))
    .unwrap();
    let policy = Policy::new(objects);
    let search = EscalationSearch::new(&policy, &User::new("u", [""; 0]));
    let other = search.for_user(&User::new("w", [""; 0]));
    let mut report = Report::new();
    let group = |name: &str| Goal::Subject(SubjectName::Group(name.to_owned()));
    let user = |name: &str| Goal::Subject(SubjectName::User(name.to_owned()));
    let request = |verb, resource, namespace| {
        let request = ResourceRequest::new(verb, "", resource);
        Goal::Request(request.in_namespace(namespace).into())
    };
    for (goal, want) in [
        (user("v"), Some(r#"becomes User "v""#)),
        (user("x"), None),
        (group("ops"), Some(r#"becomes Group "ops""#)),
        (group("v"), None),
        (
            request("get", "configmaps", ""),
            Some(r#"becomes Group "ops""#),
        ),
        (
            request("list", "pods", "binding"),
            Some(r#"has ClusterRole "pods" in namespace "binding""#),
        ),
        (request("get", "pods", "binding"), None),
        (request("list", "pods", "other"), None),
        (request("list", "pods", ""), None),
        (
            request("delete", "secrets", "escalating"),
            Some(r#"may do everything in namespace "escalating""#),
        ),
        (request("delete", "secrets", "binding"), None),
        (request("delete", "secrets", ""), None),
        (Goal::Request(Request::path("get", "/metrics")), None),
    ] {
        let path = search.path_to(&goal).unwrap();
        let last = path.as_ref().map(|path| {
            let last = path.steps().last().map(|step| step.target().to_string());
            last.unwrap_or_default()
        });
        report.check(&format!("{goal:?}"), &last.as_deref(), &want);
        // Another user has none of the permissions.
        assert!(other.path_to(&goal).unwrap().is_none(), "{goal:?}");
    }
    report.finish();
    assert_eq!(
        *other.paths().unwrap().user(),
        SubjectName::User("w".to_owned())
    );
}

#[test]
fn no_step_leads_through_a_source_that_the_authenticator_does_not_read() {
    use MappingSource::{AccessEntries, AwsAuth, IdentityMappings};
    let rules = [
        (
            AccessEntries,
            &["patch"][..],
            "eks.services.k8s.aws",
            "accessentries",
        ),
        (AwsAuth, &["patch"], "", "configmaps"),
        (AwsAuth, &["create", "delete"], "", "configmaps"),
        (
            IdentityMappings,
            &["patch"],
            "iamauthenticator.k8s.aws",
            "iamidentitymappings",
        ),
    ];
    for (of_rule, verbs, group, resource) in rules {
        let objects: Objects = serde_json::from_value(serde_json::json!({
            "clusterRoles": [{"metadata": {"name": "r"}, "rules": [
                {"verbs": verbs, "apiGroups": [group], "resources": [resource]}]}],
            "clusterRoleBindings": [
                {"metadata": {"name": "b"}, "subjects": [{"kind": "User", "name": "u"}],
                 "roleRef": {"kind": "ClusterRole", "name": "r"}}],
        }))
        .unwrap();
        let policy = Policy::new(objects);
        let search = EscalationSearch::new(&policy, &User::new("u", [""; 0]));
        assert!(search.paths().unwrap().to_everything().is_some());
        for (unread, ..) in rules {
            let search = search.clone().without_mapping_source(unread);
            let paths = search.paths().unwrap();
            let is_found = paths.to_everything().is_some();
            assert_eq!(is_found, unread != of_rule, "{of_rule:?} {unread:?}");
            let goal = search.path_to(&Goal::Everything).unwrap();
            assert_eq!(goal.is_some(), is_found);
        }
    }
}
