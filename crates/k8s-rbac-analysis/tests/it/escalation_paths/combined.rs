//! Permissions of which an impersonated user has one part and the group the other, and the forms of constrained
//! impersonation.

use k8s_rbac::{Objects, Policy, User};
use k8s_rbac_analysis::escalation_paths;
use serde_json::{Value, json};

const RBAC: &str = "rbac.authorization.k8s.io";
const AUTHENTICATION: &str = "authentication.k8s.io";

fn rule(verbs: &str, group: &str, resources: &str, names: &str) -> Value {
    let list = |text: &str| text.split_whitespace().map(str::to_owned).collect();
    let [verbs, resources, names]: [Vec<String>; 3] = [verbs, resources, names].map(list);
    json!({"verbs": verbs, "apiGroups": [group], "resources": resources, "resourceNames": names})
}

/// Binds each rule in the whole cluster, to a user or, after `%`, to a group.
fn policy(bound: &[(&str, Value)]) -> Policy {
    let name = |number: usize| json!({"name": format!("r{number}")});
    let numbered = || bound.iter().enumerate();
    let roles =
        numbered().map(|(number, (_, rule))| json!({"metadata": name(number), "rules": [rule]}));
    let bindings = numbered().map(|(number, (subject, _))| {
        let subject = match subject.strip_prefix('%') {
            Some(group) => json!({"kind": "Group", "name": group}),
            None => json!({"kind": "User", "name": subject}),
        };
        let role = json!({"kind": "ClusterRole", "name": format!("r{number}")});
        json!({"metadata": name(number), "subjects": [subject], "roleRef": role})
    });
    let (roles, bindings): (Vec<Value>, Vec<Value>) = (roles.collect(), bindings.collect());
    let objects = json!({"clusterRoles": roles, "clusterRoleBindings": bindings});
    Policy::new(serde_json::from_value::<Objects>(objects).unwrap())
}

/// Returns the targets of the steps of the user `u`, in order.
fn targets(bound: &[(&str, Value)]) -> Vec<String> {
    let policy = policy(bound);
    let paths = escalation_paths(&policy, &User::new("u", [""; 0])).unwrap();
    let targets = paths.steps().iter().map(|step| step.target().to_string());
    targets.collect()
}

#[test]
fn a_user_and_a_group_that_are_impersonated_together_each_have_a_part() {
    let certificates = "certificates.k8s.io";
    let admission = "admissionregistration.k8s.io";
    let client = "kubernetes.io/kube-apiserver-client";
    let account = r#"becomes ServiceAccount "a/ci""#;
    for (of_user, of_group, reached) in [
        (
            rule("create", certificates, "certificatesigningrequests", ""),
            vec![
                rule(
                    "update",
                    certificates,
                    "certificatesigningrequests/approval",
                    "",
                ),
                rule("approve", certificates, "signers", client),
            ],
            account,
        ),
        (
            rule("create", admission, "mutatingadmissionpolicies", ""),
            vec![rule(
                "create",
                admission,
                "mutatingadmissionpolicybindings",
                "",
            )],
            account,
        ),
        (
            rule("bind", RBAC, "clusterroles", "r2"),
            vec![rule("create", RBAC, "clusterrolebindings", "")],
            r#"has ClusterRole "r2" cluster-wide"#,
        ),
        (
            rule("escalate bind", RBAC, "clusterroles", ""),
            vec![rule("create", RBAC, "clusterroles clusterrolebindings", "")],
            "may do everything cluster-wide",
        ),
        (
            rule("create", "", "secrets", ""),
            vec![rule("get", "", "secrets", "a")],
            account,
        ),
        (
            rule("impersonate", "", "users", "w"),
            vec![rule("impersonate", "", "groups", "h")],
            r#"becomes Group "h""#,
        ),
        (
            rule("impersonate:user-info", AUTHENTICATION, "users", "panda"),
            vec![rule("impersonate-on:user-info:get", "", "pods", "")],
            r#"acts as User "panda", but only to get "pods""#,
        ),
    ] {
        let common = [
            ("u", rule("impersonate", "", "users", "v")),
            ("u", rule("impersonate", "", "groups", "g")),
            (
                "system:serviceaccount:ci:a",
                rule("get", "", "configmaps", ""),
            ),
        ];
        // By two roles, which adds nothing.
        let user = vec![("v", of_user.clone()), ("v", of_user)];
        let group: Vec<_> = of_group.into_iter().map(|rule| ("%g", rule)).collect();
        let is_reached = |parts: &[&[(&str, Value)]]| {
            targets(&parts.concat())
                .iter()
                .any(|target| target == reached)
        };
        assert!(is_reached(&[&common, &user, &group]), "{reached}");
        assert!(!is_reached(&[&common, &user]), "{reached}");
        assert!(!is_reached(&[&common, &group]), "{reached}");
    }
}

#[test]
fn an_impersonation_has_the_permissions_of_the_other_identity() {
    let token = || rule("create", "", "serviceaccounts/token", "a");
    let on = |mode: &str| {
        rule(
            &format!("impersonate-on:{mode}:create"),
            "",
            "serviceaccounts/token",
            "a",
        )
    };
    let by = |mode: &str, resource: &str, names: &str| {
        (
            "u",
            rule(
                &format!("impersonate:{mode}"),
                AUTHENTICATION,
                resource,
                names,
            ),
        )
    };
    let account = r#"becomes ServiceAccount "a/ci""#;
    let acts = |user: &str| {
        format!(r#"acts as User {user}, but only to create "serviceaccounts/token" named ["a"]"#)
    };
    for (bound, want) in [
        // Every user but the anonymous one is authenticated.
        (
            vec![
                ("u", rule("impersonate", "", "users", "v")),
                ("%system:authenticated", token()),
            ],
            vec![r#"becomes User "v""#.to_owned(), account.to_owned()],
        ),
        (
            vec![
                ("u", rule("impersonate", "", "users", "system:anonymous")),
                ("%system:unauthenticated", token()),
            ],
            vec![
                r#"becomes User "system:anonymous""#.to_owned(),
                account.to_owned(),
            ],
        ),
        // Of the nodes, only the one that is named.
        (
            vec![
                by("arbitrary-node", "nodes", "n1 N_1"),
                ("u", on("arbitrary-node")),
                ("system:node:n2", token()),
            ],
            vec![acts(r#""system:node:n1""#)],
        ),
        // The own node is asked for by the name `*`.
        (
            vec![
                by("associated-node", "nodes", "n1"),
                ("u", on("associated-node")),
            ],
            vec![],
        ),
        // Nodes and service accounts have modes of their own.
        (
            vec![
                by(
                    "user-info",
                    "users",
                    "panda system:node:n1 system:serviceaccount:ci:a",
                ),
                by("user-info", "groups", "g"),
                ("u", on("user-info")),
                ("%g", token()),
            ],
            vec![acts(r#""panda" in groups ["g"]"#), account.to_owned()],
        ),
        (
            vec![
                by("user-info", "users", ""),
                ("u", on("user-info")),
                ("system:node:n1", token()),
                ("system:node:N_1", rule("get", "", "pods", "")),
                ("panda", token()),
            ],
            vec![
                acts(r#""panda""#),
                acts(r#""system:node:N_1""#),
                account.to_owned(),
            ],
        ),
        // Both groups of all users.
        (
            vec![
                by("user-info", "users", "panda"),
                by(
                    "user-info",
                    "groups",
                    "system:authenticated system:unauthenticated",
                ),
                ("u", on("user-info")),
                ("%system:authenticated", rule("get", "", "pods", "")),
                ("%system:unauthenticated", rule("get", "", "pods", "")),
            ],
            vec![acts(
                r#""panda" in groups ["system:authenticated" "system:unauthenticated"]"#,
            )],
        ),
    ] {
        let account = (
            "system:serviceaccount:ci:a",
            rule("get", "", "configmaps", ""),
        );
        let bound: Vec<_> = bound.into_iter().chain([account]).collect();
        assert_eq!(targets(&bound), want);
    }
}
