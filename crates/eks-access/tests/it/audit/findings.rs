//! Unused rules and denied requests as findings.

use eks_access::audit::DeniedRequest;
use eks_access::{Cluster, Document, Finding, Options, Place, Severity};
use serde_json::{Value, json};

use super::{denied, event, lines, log, with};

const RBAC: &str = "apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: r, namespace: dev}
rules:
- {apiGroups: [''], resources: [pods], verbs: [get, list, watch]}
- {apiGroups: [''], resources: [secrets], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: b, namespace: dev}
subjects: [{kind: User, name: u, apiGroup: rbac.authorization.k8s.io}]
roleRef: {kind: Role, name: r, apiGroup: rbac.authorization.k8s.io}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: c}
rules: [{nonResourceURLs: [/logs], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: p}
rules:
- {apiGroups: [apps], resources: [deployments], verbs: [list]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: b}
subjects: [{kind: User, name: u, apiGroup: rbac.authorization.k8s.io}]
roleRef: {kind: ClusterRole, name: c, apiGroup: rbac.authorization.k8s.io}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: p, namespace: dev}
subjects: [{kind: User, name: u, apiGroup: rbac.authorization.k8s.io}]
roleRef: {kind: ClusterRole, name: p, apiGroup: rbac.authorization.k8s.io}
";

fn cluster(options: &Options) -> Cluster {
    Cluster::from_documents([Document::new("rbac.yaml", RBAC)], options)
}

/// A finding with the line of its place, and without its empty parts.
fn shown(finding: &Finding) -> Value {
    let line = finding.place.as_ref().and_then(Place::line);
    json!([
        finding.code,
        format!("{:?}", finding.severity),
        finding.message,
        finding.object,
        finding.field,
        finding.help,
        line
    ])
}

#[test]
fn an_unused_rule_is_a_finding_at_its_place() {
    let cluster = cluster(&Options::new().without_default_policy());
    let log = log(&lines(&[event("u", "list", "/api/v1/namespaces/dev/pods")]));
    let found: Vec<Value> = log
        .unused(cluster.policy())
        .iter()
        .map(|one| shown(&one.finding(&cluster)))
        .collect();
    let (rule, verbs) = (
        "Remove the rule, if the log is of a time in which everything happened that the rule is for.",
        "Remove the verbs, if the log is of a time in which everything happened that they are for.",
    );
    let mut want = [
        json!([
            "partly-unused-rule",
            "Info",
            "no request of the log used it for get, watch, and RoleBinding \"b/dev\" grants it: \
             {APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"get\" \"list\" \"watch\"]}",
            "Role/dev/r",
            "rules[0]",
            verbs,
            5
        ]),
        json!([
            "unused-rule",
            "Low",
            "no request of the log needed it, and RoleBinding \"b/dev\" grants it: \
             {APIGroups:[\"\"], Resources:[\"secrets\"], Verbs:[\"get\"]}",
            "Role/dev/r",
            "rules[1]",
            rule,
            6
        ]),
        json!([
            "unused-rule",
            "Low",
            "no request of the log needed it, and ClusterRoleBinding \"b\" grants it: \
             {NonResourceURLs:[\"/logs\"], Verbs:[\"get\"]}",
            "ClusterRole/c",
            "rules[0]",
            rule,
            17
        ]),
        // A ClusterRole is in no namespace, even if the binding is.
        json!([
            "unused-rule",
            "Low",
            "no request of the log needed it, and RoleBinding \"p/dev\" grants it: \
             {APIGroups:[\"apps\"], Resources:[\"deployments\"], Verbs:[\"list\"]}",
            "ClusterRole/p",
            "rules[0]",
            rule,
            23
        ]),
    ];
    let by_object = |one: &Value| one.to_string();
    let mut found = found;
    found.sort_by_key(by_object);
    want.sort_by_key(by_object);
    assert_eq!(found, want);
}

#[test]
fn a_rule_of_the_default_policy_is_found_where_it_is_bound() {
    let text = "apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: viewers}
subjects: [{kind: User, name: u, apiGroup: rbac.authorization.k8s.io}]
roleRef: {kind: ClusterRole, name: view, apiGroup: rbac.authorization.k8s.io}
";
    let documents = [Document::new("bound.yaml", text)];
    let cluster = Cluster::from_documents(documents, &Options::new());
    let log = log("");
    let found: Vec<Finding> = log
        .unused(cluster.policy())
        .iter()
        .map(|one| one.finding(&cluster))
        .filter(|one| one.object == "ClusterRole/view")
        .collect();
    assert!(!found.is_empty());
    for one in found {
        let place = one.place.as_ref();
        assert_eq!(place.and_then(Place::line), Some(1), "{place:?}");
    }
}

/// The requests, each a verb and a URL, and the severity, message, object and help of their finding.
type Row<'r> = (
    &'r [(&'r str, &'r str)],
    Severity,
    &'r str,
    &'r str,
    Option<&'r str>,
);

const TIMES: [&str; 2] = ["2026-11-28T06:05:58.000001Z", "2026-11-28T06:05:58.000002Z"];

const DENIED: [Row<'_>; 6] = [
    (
        &[("get", "/api/v1/namespaces/prod/configmaps/web")],
        Severity::Low,
        "denied once for web, at 2026-11-28T06:05:58.000001Z",
        "u: get configmaps in namespace prod",
        Some(
            "If it is meant to be allowed, add this rule to a Role in namespace prod: {APIGroups:[\"\"], \
             Resources:[\"configmaps\"], ResourceNames:[\"web\"], Verbs:[\"get\"]}",
        ),
    ),
    (
        &[("delete", "/api/v1/nodes/b"), ("delete", "/api/v1/nodes/a")],
        Severity::Low,
        "denied 2 times for a, b, the last time at 2026-11-28T06:05:58.000002Z",
        "u: delete nodes",
        Some(
            "If it is meant to be allowed, add this rule to a ClusterRole: {APIGroups:[\"\"], \
             Resources:[\"nodes\"], ResourceNames:[\"a\" \"b\"], Verbs:[\"delete\"]}",
        ),
    ),
    (
        &[("post", "/logs")],
        Severity::Low,
        "denied once, at 2026-11-28T06:05:58.000001Z; nearly allowed by ClusterRoleBinding \"b\" of ClusterRole \
         \"c\" to User \"u\": its verbs are [\"get\"]",
        "u: post /logs",
        Some(
            "If it is meant to be allowed, add this rule to a ClusterRole: {NonResourceURLs:[\"/logs\"], \
             Verbs:[\"post\"]}",
        ),
    ),
    // A request that was denied but is allowed now needs no rule.
    (
        &[("get", "/logs"), ("get", "/logs")],
        Severity::Info,
        "denied 2 times, the last time at 2026-11-28T06:05:58.000002Z; it is allowed now",
        "u: get /logs",
        None,
    ),
    // No single rule allows this.
    (
        &[("post", "/version/*")],
        Severity::Low,
        "denied once, at 2026-11-28T06:05:58.000001Z",
        "u: post /version/*",
        None,
    ),
    (
        &[("get", "/api/v1/nodes/%1B%5B2J")],
        Severity::Low,
        "denied once for \\u{1b}[2J, at 2026-11-28T06:05:58.000001Z",
        "u: get nodes",
        Some(
            "If it is meant to be allowed, add this rule to a ClusterRole: {APIGroups:[\"\"], \
             Resources:[\"nodes\"], ResourceNames:[\"\\x1b[2J\"], Verbs:[\"get\"]}",
        ),
    ),
];

#[test]
fn a_denied_request_is_a_finding_without_a_place() {
    let cluster = cluster(&Options::new().without_default_policy());
    for (requests, severity, message, object, help) in DENIED {
        let events: Vec<Value> = requests
            .iter()
            .zip(TIMES)
            .map(|((verb, uri), time)| {
                let event = denied(event("u", verb, uri), "");
                with(event, "/requestReceivedTimestamp", json!(time))
            })
            .collect();
        let found = log(&lines(&events)).denied(Some(cluster.policy()));
        let found: Vec<Finding> = found.iter().map(DeniedRequest::finding).collect();
        let mut want = Finding::new("denied-request", severity, message).about(object);
        if let Some(help) = help {
            want = want.with_help(help);
        }
        assert_eq!(found, [want]);
    }
}
