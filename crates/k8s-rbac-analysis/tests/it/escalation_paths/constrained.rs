//! The forms of constrained impersonation.

use k8s_rbac::User;
use k8s_rbac_analysis::escalation_paths;
use k8s_rbac_analysis::escalation_paths::{Scope, Target};
use serde_json::{Value, json};

use super::bound::{AUTHENTICATION, policy, rule, targets, targets_of};

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
    let in_dev = r#"acts as User "panda", but only to create "serviceaccounts/token" named ["a"] in namespace "dev""#;
    for (bound, want) in [
        // Every user except the anonymous user is authenticated.
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
        // Only the named node is allowed.
        (
            vec![
                by("arbitrary-node", "nodes", "n1 n-1 n.1 N_1 n_1 -n1 n1- .n1"),
                ("u", on("arbitrary-node")),
                ("system:node:n2", token()),
            ],
            vec![
                acts(r#""system:node:n1""#),
                acts(r#""system:node:n-1""#),
                acts(r#""system:node:n.1""#),
            ],
        ),
        // The request for the own node has the name `*`.
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
        // A request is authorized in its namespace, for either user.
        (
            vec![
                by("user-info", "users", "panda"),
                ("u@dev", on("user-info")),
                ("panda@ci", token()),
            ],
            vec![in_dev.to_owned()],
        ),
        (
            vec![
                by("user-info", "users", "panda"),
                ("u@dev", on("user-info")),
                ("panda@dev", token()),
            ],
            vec![
                in_dev.to_owned(),
                r#"becomes ServiceAccount "a/dev""#.to_owned(),
            ],
        ),
        // Both groups that contain all users.
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

/// The token of a service account names the node. The request for the node has the name `*`.
#[test]
fn only_a_service_account_impersonates_the_node_of_its_pod() {
    let account = "system:serviceaccount:vm:agent";
    let agent = User::service_account("vm", "agent");
    let by = |names: &str| {
        rule(
            "impersonate:associated-node",
            AUTHENTICATION,
            "nodes",
            names,
        )
    };
    let on = || rule("impersonate-on:associated-node:get", "", "secrets", "");
    let acts = r#"acts as User "system:node:*", but only to get "secrets""#;
    let as_agent = |bound: &[(&str, Value)]| targets_of(&agent, bound);
    assert_eq!(as_agent(&[(account, by("*")), (account, on())]), [acts]);
    assert_eq!(as_agent(&[(account, by("n1")), (account, on())]), [""; 0]);
    // A service account that is reached from another user.
    let pods = ("u@vm", rule("create", "", "pods", ""));
    assert_eq!(
        targets(&[pods, (account, by("*")), (account, on())]),
        [
            r#"becomes ServiceAccount "agent/vm""#,
            r#"becomes ServiceAccount "default/vm""#,
            acts,
        ]
    );
    // A user, with or without a group, has no such token, even if a service account impersonates them.
    let common = [
        (account, rule("impersonate", "", "users", "v")),
        (account, rule("impersonate", "", "groups", "g")),
    ];
    let becomes = [r#"becomes User "v""#, r#"becomes Group "g""#];
    for (with, other) in [("v", "v"), ("%g", "%g"), ("v", "%g")] {
        let bound = [common.to_vec(), vec![(with, by("*")), (other, on())]].concat();
        assert_eq!(as_agent(&bound), becomes, "{with} {other}");
    }
}

#[test]
fn the_rules_of_a_constrained_impersonation_name_its_requests() {
    let requests = json!({
        "verbs": ["impersonate-on:user-info:get", "impersonate-on:serviceaccount:list",
            "impersonate-on:user-info:", "impersonate-on:user-info:a b"],
        "apiGroups": [""], "resources": ["pods"],
    });
    let policy = policy(&[
        (
            "u",
            rule("impersonate:user-info", AUTHENTICATION, "users", "panda"),
        ),
        ("u@dev", requests.clone()),
    ]);
    let paths = escalation_paths(&policy, &User::new("u", [""; 0])).unwrap();
    let [step] = paths.steps() else {
        panic!("{paths}");
    };
    assert_eq!(
        step.target().to_string(),
        r#"acts as User "panda", but only to get, "", "a b" "pods" in namespace "dev""#
    );
    let Target::ConstrainedIdentity { rules, .. } = step.target() else {
        panic!("{paths}");
    };
    let [rule] = rules.as_slice() else {
        panic!("{paths}");
    };
    assert_eq!(rule.verbs(), ["get", "", "a b"]);
    assert_eq!(serde_json::to_value(rule.rule()).unwrap(), requests);
    assert_eq!(rule.scope(), Scope::Namespace("dev"));
}
