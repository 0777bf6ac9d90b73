//! The permissions that an impersonation needs beside the request, by kind of user, as in upstream
//! (apiserver, `pkg/endpoints/filters/impersonation`).

use eks_access::audit::AuditLog;
use serde_json::{Value, json};

use super::{event, lines, records, with};

/// The request of an administrator as another user.
fn as_user(user: Value, constraint: &str) -> Value {
    let event = event("admin", "get", "/api/v1/nodes/n");
    let event = with(event, "/impersonatedUser", user);
    match constraint {
        "" => event,
        verb => with(
            event,
            "/authenticationMetadata",
            json!({"impersonationConstraint": verb}),
        ),
    }
}

/// The user, their groups, the verb of a constrained impersonation, and the permissions that the
/// caller needs.
type Row<'r> = (&'r str, &'r [&'r str], &'r str, &'r [&'r str]);

const ROWS: [Row<'_>; 9] = [
    (
        "system:node:n",
        &["system:nodes", "system:authenticated"],
        "",
        // Plain impersonation adds no group of nodes: the caller asked for it.
        &[
            "impersonate groups [\"system:nodes\"]",
            "impersonate users [\"system:node:n\"]",
        ],
    ),
    (
        "system:node:n",
        &["system:nodes", "system:authenticated"],
        "impersonate:associated-node",
        &[
            "impersonate-on:associated-node:get nodes [\"n\"]",
            "impersonate:associated-node nodes.authentication.k8s.io [\"*\"]",
        ],
    ),
    (
        "system:node:n",
        &["system:nodes", "system:authenticated"],
        "impersonate:arbitrary-node",
        &[
            "impersonate-on:arbitrary-node:get nodes [\"n\"]",
            "impersonate:arbitrary-node nodes.authentication.k8s.io [\"n\"]",
        ],
    ),
    (
        "system:serviceaccount:dev:ci",
        &[
            "system:serviceaccounts",
            "system:serviceaccounts:dev",
            "system:authenticated",
        ],
        "impersonate:serviceaccount",
        &[
            "impersonate-on:serviceaccount:get nodes [\"n\"]",
            "impersonate:serviceaccount serviceaccounts.authentication.k8s.io in namespace dev [\"ci\"]",
        ],
    ),
    (
        "system:serviceaccount:dev:ci",
        // The API server adds neither of the last two to an account of this namespace.
        &[
            "system:serviceaccounts",
            "system:serviceaccounts:dev",
            "system:serviceaccounts:prod",
            "system:nodes",
        ],
        "",
        &[
            "impersonate groups [\"system:nodes\", \"system:serviceaccounts:prod\"]",
            "impersonate serviceaccounts in namespace dev [\"ci\"]",
        ],
    ),
    (
        "panda",
        &["system:serviceaccounts", "system:masters", "devs"],
        "",
        &[
            "impersonate groups [\"devs\", \"system:masters\", \"system:serviceaccounts\"]",
            "impersonate users [\"panda\"]",
        ],
    ),
    (
        "panda",
        &["devs", "system:nodes", "system:authenticated"],
        "impersonate:user-info",
        &[
            "impersonate-on:user-info:get nodes [\"n\"]",
            "impersonate:user-info groups.authentication.k8s.io [\"devs\", \"system:nodes\"]",
            "impersonate:user-info users.authentication.k8s.io [\"panda\"]",
        ],
    ),
    (
        "system:anonymous",
        &["system:unauthenticated"],
        "",
        &["impersonate users [\"system:anonymous\"]"],
    ),
    (
        // This is not the name of a service account.
        "system:serviceaccount:dev:CI",
        &[],
        "",
        &["impersonate users [\"system:serviceaccount:dev:CI\"]"],
    ),
];

#[test]
fn each_kind_of_user_needs_its_own_permissions() {
    for (username, groups, constraint, needed) in ROWS {
        let mut log = AuditLog::of_user("admin");
        let user = json!({"username": username, "groups": groups});
        let event = as_user(user, constraint);
        log.read("x", lines(&[event]).as_bytes()).unwrap();
        let shown: Vec<String> = records(&log)
            .iter()
            .map(|record| record.replacen("admin: ", "", 1))
            .map(|record| record.split(" x").next().unwrap_or_default().to_owned())
            .collect();
        assert_eq!(shown, needed, "{username} {groups:?} {constraint}");
    }
}

#[test]
fn a_log_of_the_impersonated_user_has_their_request_alone() {
    let mut log = AuditLog::of_user("panda");
    let event = as_user(json!({"username": "panda"}), "");
    log.read("x", lines(&[event]).as_bytes()).unwrap();
    assert_eq!(records(&log), ["panda: get nodes [\"n\"] x1"]);
    assert_eq!((log.counts().requests, log.counts().of_other_users), (1, 0));
}
