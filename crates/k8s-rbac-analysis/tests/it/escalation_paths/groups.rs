//! Permissions that service accounts have by their groups.

use super::bound::{APPROVAL, CERTIFICATES, CLIENT, REQUESTS, rule, targets};

const FIRST: &str = "system:serviceaccount:ci:a";
const SECOND: &str = "system:serviceaccount:ci:b";

/// The user runs pods in the namespace of two accounts. The search examines the permissions of the group for the
/// first account, and combines them with the permissions of each account.
#[test]
fn each_account_has_what_its_groups_allow_together_with_its_own_permissions() {
    for account in [FIRST, SECOND] {
        let bound = [
            ("u@ci", rule("create", "", "pods", "")),
            (FIRST, rule("get", "", "configmaps", "")),
            (SECOND, rule("get", "", "configmaps", "")),
            (account, rule("create", CERTIFICATES, REQUESTS, "")),
            (
                "%system:serviceaccounts:ci",
                rule("update", CERTIFICATES, APPROVAL, ""),
            ),
            (
                "%system:serviceaccounts",
                rule("approve", CERTIFICATES, "signers", CLIENT),
            ),
            ("v", rule("get", "", "configmaps", "")),
        ];
        let targets = targets(&bound);
        let user = r#"becomes User "v""#;
        assert!(targets.iter().any(|target| target == user), "{targets:?}");
    }
}

#[test]
fn an_account_whose_group_may_do_everything_looks_for_nothing_more() {
    let accounts = [
        r#"becomes ServiceAccount "a/ci""#,
        r#"becomes ServiceAccount "b/ci""#,
        r#"becomes ServiceAccount "default/ci""#,
    ];
    let everything = "may do everything cluster-wide";
    let user = r#"becomes User "v""#;
    for (group, last) in [
        ("%system:serviceaccounts:ci", &[everything][..]),
        // Permission for everything in one namespace is less.
        (
            "%system:serviceaccounts:ci@ci",
            &[r#"has ClusterRole "r3" in namespace "ci""#, user],
        ),
    ] {
        let bound = [
            ("u@ci", rule("create", "", "pods", "")),
            (FIRST, rule("get", "", "configmaps", "")),
            (SECOND, rule("impersonate", "", "users", "v")),
            (group, rule("*", "*", "*", "")),
        ];
        assert_eq!(targets(&bound), [&accounts[..], last].concat());
    }
}
