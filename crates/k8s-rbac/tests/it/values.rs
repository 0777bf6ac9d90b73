//! The `Debug` and `Display` output, and the accessors, of public values.

use k8s_rbac::review::{ReviewError, ReviewKind};
use k8s_rbac::{
    Forbidden, KubernetesVersion, KubernetesVersionError, NonResourceRule, Objects, Policy,
    PolicyRule, Request, RequestInfo, ResourceRequest, ResourceRule, ServiceAccount, SubjectName,
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

#[test]
fn errors_have_codes_and_print_themselves() {
    for (url, code, part) in [
        ("/api/v1/a%2fb", "ambiguous-url", "an escaped separator"),
        ("/api//v1", "ambiguous-url", "an empty segment"),
        ("/api/../v1", "ambiguous-url", "a `.` or `..` segment"),
        ("/api/v1/", "ambiguous-url", "ends in a slash"),
        ("api", "not-a-path", "starts with `/`"),
        ("/%ff", "not-text", "does not decode to text"),
    ] {
        let error = RequestInfo::parse("GET", url).unwrap_err();
        assert_eq!(error.code(), code, "{url}");
        assert!(error.to_string().contains(part), "{url}: {error}");
    }
    for (text, error, part) in [
        (
            "x",
            KubernetesVersionError::Malformed,
            "expected a Kubernetes version",
        ),
        ("1.2", KubernetesVersionError::Unsupported, "1.31 to 1.37"),
    ] {
        let got = text.parse::<KubernetesVersion>().unwrap_err();
        assert_eq!(got, error);
        assert!(got.to_string().contains(part), "{got}");
    }
    for (error, code) in [
        (KubernetesVersionError::Malformed, "malformed-version"),
        (KubernetesVersionError::Unsupported, "unsupported-version"),
    ] {
        assert_eq!(error.code(), code);
    }
}

#[test]
fn a_subject_prints_its_kind_and_name() {
    for (subject, text) in [
        (SubjectName::User("a".to_owned()), "User \"a\""),
        (SubjectName::Group("a".to_owned()), "Group \"a\""),
        (
            SubjectName::User("system:serviceaccount:ns:a".to_owned()),
            "ServiceAccount \"a/ns\"",
        ),
    ] {
        assert_eq!(subject.to_string(), text);
    }
}

/// The values are written as Go writes them.
#[test]
fn a_name_in_a_refusal_is_escaped() {
    let request =
        ResourceRequest::new("get", "", "pods").with_name("\u{8}\u{c}\n\r\t\u{1}<&>\u{2028}\"\\");
    let body = Forbidden::new("u", request.into(), "").body();
    let escaped = r#""name":"\b\f\n\r\t\u0001\u003c\u0026\u003e\u2028\"\\""#;
    assert!(body.contains(escaped), "{body}");
}

#[test]
fn the_bindings_of_a_namespace_are_those_of_the_cluster_and_its_own() {
    let binding = |name: &str, namespace: &str| {
        json!({
            "metadata": {"name": name, "namespace": namespace},
            "roleRef": {"kind": "ClusterRole", "name": "r"},
        })
    };
    let objects: Objects = serde_json::from_value(json!({
        "clusterRoleBindings": [binding("all", "")],
        "roleBindings": [binding("one", "ns"), binding("two", "other")],
    }))
    .unwrap();
    let mut policy = Policy::new(objects);
    for (namespace, count) in [("", 1), ("ns", 2), ("other", 2), ("none", 1)] {
        assert_eq!(policy.bindings_in(namespace).count(), count, "{namespace}");
    }
    assert_eq!(policy.bindings().count(), 3);
    let namespaces: Vec<&str> = policy.namespaces().collect();
    assert_eq!(namespaces, ["ns", "other"]);
    policy.remove_role_binding("ns", "one");
    let namespaces: Vec<&str> = policy.namespaces().collect();
    assert_eq!(namespaces, ["other"]);
}

/// The API server stores no `RoleBinding` without a namespace.
#[test]
fn a_role_binding_without_a_namespace_is_not_in_effect() {
    let binding = |name: &str, namespace: &str| {
        json!({
            "metadata": {"name": name, "namespace": namespace},
            "subjects": [{"kind": "Group", "name": "devs"}],
            "roleRef": {"kind": "ClusterRole", "name": "r"},
        })
    };
    let objects: Objects = serde_json::from_value(json!({
        "clusterRoleBindings": [binding("a", "")],
        "roleBindings": [binding("b", ""), binding("c", "ns")],
    }))
    .unwrap();
    let policy = Policy::new(objects);
    let effects: Vec<(bool, bool)> = policy
        .bindings()
        .map(|binding| (binding.namespace() == Some(""), binding.is_in_effect()))
        .collect();
    assert_eq!(effects, [(false, true), (true, false), (false, true)]);
    let namespaces: Vec<&str> = policy.namespaces().collect();
    assert_eq!(namespaces, ["ns"]);
    let user = User::new("jane", ["devs"]);
    let of_jane: Vec<Option<&str>> = policy
        .all_bindings_for(&user)
        .map(|(binding, _)| binding.namespace())
        .collect();
    assert_eq!(of_jane, [None, Some("ns")]);
}

#[test]
fn a_binding_has_the_rules_of_its_role_or_none() {
    let objects: Objects = serde_json::from_value(json!({
        "clusterRoles": [
            {"metadata": {"name": "r"}, "rules": [
                {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}]},
            {"metadata": {"name": "empty"}}],
        "clusterRoleBindings": [
            {"metadata": {"name": "a"}, "roleRef": {"kind": "ClusterRole", "name": "r"}},
            {"metadata": {"name": "b"}, "roleRef": {"kind": "ClusterRole", "name": "empty"}},
            {"metadata": {"name": "c"}, "roleRef": {"kind": "ClusterRole", "name": "gone"}}],
    }))
    .unwrap();
    let rules = objects.cluster_roles[0].rules.clone();
    let policy = Policy::new(objects);
    let wants = [(Some(&*rules), false), (Some(&[][..]), false), (None, true)];
    for (binding, want) in policy.bindings().zip(wants) {
        let got = (binding.rules(), binding.unresolved().is_some());
        assert_eq!(got, want, "{:?}", binding.name());
    }
}

#[test]
fn a_resource_is_found_by_its_names_and_a_prefix_of_its_group() {
    use k8s_rbac::api_resources::find;
    for (name, group, found) in [
        ("deployments", "", Some("apps")),
        ("deployment", "apps", Some("apps")),
        ("deploy", "ap", Some("apps")),
        ("deploy", "batch", None),
        ("events", "events.k8s", Some("events.k8s.io")),
        ("nothing", "", None),
    ] {
        assert_eq!(
            find(name, group).map(|one| one.group),
            found,
            "{name}.{group}"
        );
    }
}
