//! The command `write`.

use program::output::FAILED;

use super::{Directory, check};

const ADMIN: &str = "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: b}, \
                     subjects: [{kind: User, name: amy}], \
                     roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}}\n";

fn role(rules: &str) -> String {
    format!(
        "{{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {{name: r, namespace: n}}, rules: [{rules}]}}"
    )
}

#[test]
fn nothing_to_write_has_no_answer() {
    let dir = Directory::new("nothing");
    let admin = dir.file("admin.yaml", ADMIN);
    let other = dir.file(
        "other.yaml",
        "{apiVersion: v1, kind: Namespace, metadata: {name: a}}",
    );
    let line = format!("write --as amy {other} -f {admin}");
    check(&line, FAILED, &["no role or binding to write"]);
}

#[test]
fn an_object_that_validation_refuses_is_not_stored() {
    let dir = Directory::new("validation");
    let admin = dir.file("admin.yaml", ADMIN);
    let valid = role("{verbs: [get], apiGroups: [''], resources: [pods]}");
    let valid = dir.file("valid.yaml", &valid);
    check(&format!("write --as amy {valid} -f {admin}"), 0, &["yes"]);
    let without_verbs = role("{verbs: [], apiGroups: [''], resources: [pods]}");
    let invalid = dir.file("invalid.yaml", &without_verbs);
    for (version, why) in [
        (
            "1.34",
            "rules[0].verbs: Required value: verbs must contain at least one value\n",
        ),
        ("1.37", "rules[0].verbs: Required value\n"),
    ] {
        let line = format!("write --as amy {invalid} -f {admin} --kubernetes-version {version}");
        check(
            &line,
            1,
            &["Role.rbac.authorization.k8s.io \"r\" is invalid: ", why],
        );
    }
}

#[test]
fn a_permission_that_the_user_lacks_is_not_granted() {
    let dir = Directory::new("escalation");
    let writer = ADMIN.replace("name: cluster-admin", "name: writer");
    let may_write = "\
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: writer}, rules: [\
 {verbs: [create], apiGroups: [rbac.authorization.k8s.io], resources: [roles]},\
 {verbs: [list], apiGroups: [''], resources: [pods]}]}
";
    let policy = dir.file("policy.yaml", &format!("{writer}{may_write}"));
    let held = dir.file(
        "held.yaml",
        &role("{verbs: [list], apiGroups: [''], resources: [pods]}"),
    );
    let more = dir.file(
        "more.yaml",
        &role("{verbs: [get], apiGroups: [''], resources: [secrets]}"),
    );
    check(&format!("write --as amy {held} -f {policy}"), 0, &["yes"]);
    check(
        &format!("write --as amy {more} -f {policy}"),
        1,
        &["is attempting to grant RBAC permissions not currently held"],
    );
    // A name is escaped once, as the API server does.
    check(
        &format!(r"write --as a\b {more} -f {policy}"),
        1,
        &[r#"User "a\\b" cannot"#],
    );
}
