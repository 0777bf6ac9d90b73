//! Which rules the requests of a log needed.

use eks_access::audit::AuditLog;
use k8s_rbac::{Manifests, Policy};
use serde_json::Value;

use super::{event, lines, log};

/// A binding in namespace `dev` for user `u` and group `gone`, or, without a namespace, in the cluster.
fn policy(namespace: &str, rule: &str) -> Policy {
    let (cluster, place) = match namespace {
        "" => ("Cluster", String::new()),
        namespace => ("", format!(", namespace: {namespace}")),
    };
    let manifests = format!(
        "
apiVersion: rbac.authorization.k8s.io/v1
kind: {cluster}Role
metadata: {{name: r{place}}}
rules: [{rule}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {cluster}RoleBinding
metadata: {{name: b{place}}}
subjects: [{{kind: User, name: u, apiGroup: rbac.authorization.k8s.io}}]
roleRef: {{kind: {cluster}Role, name: r, apiGroup: rbac.authorization.k8s.io}}
"
    );
    Policy::new(Manifests::read([("a.yaml", manifests.as_str())]).into_objects())
}

fn pods(count: usize) -> Vec<Value> {
    let url = |number| format!("/api/v1/namespaces/dev/pods/p{number}");
    (0..count)
        .map(|number| event("u", "delete", &url(number)))
        .collect()
}

/// The namespace of the binding, the rule, the requests, and the requests that used the rule.
type Row = (
    &'static str,
    &'static str,
    Vec<Value>,
    &'static [(&'static str, &'static str)],
);

#[test]
fn a_rule_is_used_by_what_it_allows() {
    let get = |uri: &str| vec![event("u", "get", uri)];
    let any = "{apiGroups: [''], resources: [pods], verbs: [delete, get, patch]}";
    let named =
        "{apiGroups: [''], resources: [pods], resourceNames: [p0, x], verbs: [delete, get, patch]}";
    let scale = "{apiGroups: [apps], resources: ['*/scale'], verbs: [get, patch]}";
    let path = "{nonResourceURLs: ['/logs/*'], verbs: [get, post]}";
    let rows: [Row; 11] = [
        (
            "dev",
            any,
            get("/api/v1/namespaces/dev/pods/p0"),
            &[("get", "pods")],
        ),
        // A RoleBinding grants nothing in another namespace, and nothing in the cluster.
        ("dev", any, get("/api/v1/namespaces/prod/pods/p0"), &[]),
        ("dev", any, get("/api/v1/pods/p0"), &[]),
        (
            "",
            any,
            get("/api/v1/namespaces/prod/pods/p0"),
            &[("get", "pods")],
        ),
        (
            "dev",
            named,
            get("/api/v1/namespaces/dev/pods/p0"),
            &[("get", "pods")],
        ),
        ("dev", named, get("/api/v1/namespaces/dev/pods/p1"), &[]),
        // If there are more names than are kept, any of them may be in the rule.
        ("dev", named, pods(65), &[("delete", "pods")]),
        ("dev", any, pods(65), &[("delete", "pods")]),
        (
            "dev",
            scale,
            get("/apis/apps/v1/namespaces/dev/deployments/web/scale"),
            &[("get", "deployments.apps/scale")],
        ),
        ("", path, get("/logs/x"), &[("get", "/logs/x")]),
        ("", path, get("/log"), &[]),
    ];
    for (namespace, rule, events, used) in rows {
        let policy = policy(namespace, rule);
        let unused = log(&lines(&events)).unused(&policy);
        let [one] = unused.as_slice() else {
            panic!("{unused:?}");
        };
        let got: Vec<(&str, &str)> = one
            .used()
            .iter()
            .map(|(verb, what)| (verb.as_str(), what.as_str()))
            .collect();
        assert_eq!(got, used, "{namespace} {rule} {events:?}");
        let written = policy.bindings().find_map(|one| one.rules()?.first());
        assert_eq!(Some(one.rule()), written);
        assert_eq!(one.is_unused(), used.is_empty());
    }
}

/// A log of one user says nothing about the bindings of other users. A log of all users says that their
/// rules are unused.
#[test]
fn a_binding_of_users_that_were_not_read_is_left_out() {
    let policy = policy("dev", "{apiGroups: [''], resources: [pods], verbs: [get]}");
    let text = lines(&[event("v", "get", "/healthz")]);
    for (mut log, unused) in [(AuditLog::new(), 1), (AuditLog::of_user("v"), 0)] {
        log.read("x", text.as_bytes()).unwrap();
        assert_eq!(log.unused(&policy).len(), unused);
    }
    let mut own = AuditLog::of_user("u");
    let text = lines(&[event("u", "get", "/healthz")]);
    own.read("x", text.as_bytes()).unwrap();
    assert_eq!(own.unused(&policy).len(), 1);
}
