//! What the values of the interface say of themselves.

use k8s_rbac::review::{ReviewError, ReviewKind};
use k8s_rbac::{
    NonResourceRule, Policy, PolicyRule, Request, ResourceRequest, ResourceRule, ServiceAccount,
    User,
};
use serde_json::json;

#[test]
fn the_username_of_a_service_account_has_a_namespace_and_a_name() {
    for (username, want) in [
        ("system:serviceaccount:ns:name", Some(("ns", "name"))),
        ("system:serviceaccount:ns:", None),
        ("system:serviceaccount::name", None),
        ("system:serviceaccount::", None),
        ("system:serviceaccount:ns", None),
        ("system:serviceaccount:ns:name:x", None),
        ("system:serviceaccount:ns::name", None),
        ("system:serviceaccount::name:x", None),
        ("serviceaccount:ns:name", None),
    ] {
        let account = ServiceAccount::parse(username);
        let parts = account.map(|account| (account.namespace(), account.name()));
        assert_eq!(parts, want, "{username}");
    }
}

#[test]
fn codes_and_kinds_have_their_names() {
    for (error, code) in [
        (ReviewError::NamespaceRequired, "namespace-required"),
        (ReviewError::OtherNamespace, "other-namespace"),
        (
            ReviewError::RulesWithoutNamespace,
            "rules-without-namespace",
        ),
    ] {
        assert_eq!(error.code(), code);
    }
    for kind in [
        ReviewKind::LocalSubjectAccessReview,
        ReviewKind::SelfSubjectAccessReview,
        ReviewKind::SubjectAccessReview,
    ] {
        assert_eq!(json!(kind), kind.as_str());
    }
}

#[test]
fn a_rule_of_a_review_is_a_rule_again() {
    let texts = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
    let resource = PolicyRule {
        verbs: texts(&["get"]),
        api_groups: texts(&["apps"]),
        resources: texts(&["deployments"]),
        resource_names: texts(&["web"]),
        ..PolicyRule::default()
    };
    assert_eq!(PolicyRule::from(ResourceRule::from(&resource)), resource);
    let path = PolicyRule {
        verbs: texts(&["get"]),
        non_resource_urls: texts(&["/metrics"]),
        ..PolicyRule::default()
    };
    assert_eq!(PolicyRule::from(NonResourceRule::from(&path)), path);
}

#[test]
fn a_binding_names_the_subject_that_a_user_is() {
    let policy = Policy::new(
        serde_json::from_value(json!({
            "clusterRoles": [
                {"metadata": {"name": "other"}, "rules": [
                    {"verbs": ["list"], "apiGroups": ["apps"], "resources": ["deployments"]}]},
                {"metadata": {"name": "r"}, "rules": [
                    {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}]}],
            "clusterRoleBindings": [{
                "metadata": {"name": "a"}, "roleRef": {"kind": "ClusterRole", "name": "other"},
                "subjects": [{"kind": "User", "name": "carol"}]}, {
                "metadata": {"name": "b"}, "roleRef": {"kind": "ClusterRole", "name": "r"},
                "subjects": [
                    {"kind": "User", "name": "alice"},
                    {"kind": "Group", "name": "dev"},
                    {"kind": "ServiceAccount", "name": "ci", "namespace": "ns"},
                ]}],
        }))
        .unwrap(),
    );
    let binding = policy.bindings().nth(1).unwrap();
    let request: Request<'_> = ResourceRequest::new("get", "", "pods").into();
    for (name, group, subject) in [
        ("alice", "dev", Some("alice")),
        ("bob", "dev", Some("dev")),
        ("system:serviceaccount:ns:ci", "x", Some("ci")),
        ("bob", "alice", None),
        ("dev", "x", None),
    ] {
        let user = User::new(name, [group]);
        let found = binding.subject_for(&user).map(|subject| subject.name);
        assert_eq!(found, subject, "{name} in {group}");
        assert_eq!(policy.rbac(&user, &request).is_allow(), subject.is_some());
    }
}
