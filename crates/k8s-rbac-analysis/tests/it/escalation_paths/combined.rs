//! Permissions that a user has together with groups that the same request impersonates. User and groups
//! each have a part.

use k8s_rbac::{KubernetesVersion, User};
use k8s_rbac_analysis::escalation_paths::EscalationSearch;
use serde_json::Value;

use super::bound::{
    APPROVAL, AUTHENTICATION, CERTIFICATES, CLIENT, RBAC, REQUESTS, policy, rule, targets,
};

const ACCOUNT: &str = "system:serviceaccount:ci:a";

#[test]
fn a_user_and_a_group_that_are_impersonated_together_each_have_a_part() {
    let admission = "admissionregistration.k8s.io";
    let account = r#"becomes ServiceAccount "a/ci""#;
    for (of_user, of_group, reached) in [
        (
            rule("create", CERTIFICATES, REQUESTS, ""),
            vec![
                rule("update", CERTIFICATES, APPROVAL, ""),
                rule("approve", CERTIFICATES, "signers", CLIENT),
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
            rule("create", "", "configmaps", ""),
            vec![rule("delete", "", "configmaps", "aws-auth")],
            r#"becomes Group "system:masters""#,
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
        // A user, and a service account by its name and by its namespace.
        for (identity, by, resource, names) in [
            ("v", "u", "users", "v"),
            ("system:serviceaccount:dev:b", "u", "serviceaccounts", "b"),
            (
                "system:serviceaccount:dev:b",
                "u@dev",
                "serviceaccounts",
                "",
            ),
        ] {
            let common = [
                (by, rule("impersonate", "", resource, names)),
                ("u", rule("impersonate", "", "groups", "g")),
                (ACCOUNT, rule("get", "", "configmaps", "")),
            ];
            // Two roles grant the same, which adds no permission.
            let user = vec![(identity, of_user.clone()), (identity, of_user.clone())];
            let group: Vec<_> = of_group.iter().map(|rule| ("%g", rule.clone())).collect();
            let is_reached = |parts: &[&[(&str, Value)]]| {
                targets(&parts.concat())
                    .iter()
                    .any(|target| target == reached)
            };
            assert!(
                is_reached(&[&common, &user, &group]),
                "{identity}: {reached}"
            );
            assert!(!is_reached(&[&common, &user]), "{identity}: {reached}");
            assert!(!is_reached(&[&common, &group]), "{identity}: {reached}");
        }
    }
}

/// The permissions for a certificate: to request it, to approve it, and for a signer.
fn certificate() -> [Value; 3] {
    [
        rule("create", CERTIFICATES, REQUESTS, ""),
        rule("update", CERTIFICATES, APPROVAL, ""),
        rule("approve", CERTIFICATES, "signers", CLIENT),
    ]
}

#[test]
fn several_groups_are_impersonated_with_any_user() {
    let [request, approval, signer] = certificate();
    let bound = [
        ("u", rule("impersonate", "", "users", "x")),
        ("u", rule("impersonate", "", "groups", "g h")),
        ("%g", request),
        ("%h", approval),
        ("%h", signer),
        (ACCOUNT, rule("get", "", "configmaps", "")),
    ];
    assert_eq!(
        targets(&bound),
        [
            r#"becomes User "x""#,
            r#"becomes Group "g""#,
            r#"becomes Group "h""#,
            r#"becomes Group "g" in groups ["g" "h"]"#,
            r#"becomes ServiceAccount "a/ci""#,
        ]
    );
}

/// The API server adds `system:authenticated` to the groups of a request, unless it impersonates
/// `system:unauthenticated`.
#[test]
fn an_impersonated_user_is_authenticated_unless_the_request_says_otherwise() {
    let (authenticated, unauthenticated) = ("%system:authenticated", "%system:unauthenticated");
    let both = "system:authenticated system:unauthenticated";
    for (groups, with_approval, with_signer, is_reached) in [
        ("g", "%g", authenticated, true),
        ("g system:unauthenticated", "%g", authenticated, true),
        ("g system:unauthenticated", "%g", unauthenticated, true),
        (
            "system:unauthenticated",
            unauthenticated,
            authenticated,
            false,
        ),
        (both, unauthenticated, authenticated, true),
    ] {
        let [request, approval, signer] = certificate();
        let bound = [
            ("u", rule("impersonate", "", "users", "v")),
            ("u", rule("impersonate", "", "groups", groups)),
            ("v", request.clone()),
            (with_approval, approval),
            (with_signer, signer),
            // This matters in combination as well.
            (unauthenticated, request),
            (ACCOUNT, rule("get", "", "configmaps", "")),
        ];
        let targets = targets(&bound);
        let account = r#"becomes ServiceAccount "a/ci""#;
        assert_eq!(
            targets.iter().any(|target| target == account),
            is_reached,
            "{groups} {targets:?}"
        );
    }
}

/// Verbs of constrained impersonation are used together with other verbs, and only since 1.36. `*` stands for them
/// as well.
#[test]
fn groups_that_add_nothing_are_not_impersonated() {
    let token_of_none = rule("create", "", "serviceaccounts/token", "none");
    for (of_other, version, groups) in [
        (
            rule("get", "", "configmaps", ""),
            KubernetesVersion::V1_36,
            r#"["g"]"#,
        ),
        (token_of_none, KubernetesVersion::V1_36, r#"["g"]"#),
        (
            rule("*", "", "endpoints", ""),
            KubernetesVersion::V1_35,
            r#"["g"]"#,
        ),
        (
            rule("*", "", "endpoints", ""),
            KubernetesVersion::V1_36,
            r#"["g" "h"]"#,
        ),
    ] {
        let [request, approval, signer] = certificate();
        let policy = policy(&[
            ("u", rule("impersonate", "", "users", "v")),
            ("u", rule("impersonate", "", "groups", "g h")),
            ("v", request),
            ("%g", approval),
            ("%g", signer),
            ("%h", of_other),
            (ACCOUNT, rule("get", "", "configmaps", "")),
        ]);
        let search = EscalationSearch::new(&policy, &User::new("u", [""; 0])).on_version(version);
        let paths = search.paths().unwrap();
        let targets: Vec<String> = paths
            .steps()
            .iter()
            .map(|step| step.target().to_string())
            .collect();
        assert_eq!(
            targets,
            [
                r#"becomes User "v""#,
                r#"becomes Group "g""#,
                r#"becomes Group "h""#,
                &format!(r#"becomes User "v" in groups {groups}"#),
                r#"becomes ServiceAccount "a/ci""#,
            ]
        );
    }
}

/// A user who is impersonated together with a group has the roles that the user gives themselves, before or after.
#[test]
fn a_role_that_the_user_gained_is_used_together_with_a_group() {
    let [request, approval, signer] = certificate();
    let common = [
        ("owner", request),
        ("u", rule("create", RBAC, "clusterrolebindings", "")),
        ("%g", approval),
        ("%g", signer),
        (ACCOUNT, rule("get", "", "configmaps", "")),
    ];
    let bind = |role: &str| rule("bind", RBAC, "clusterroles", role);
    let gained = r#"has ClusterRole "r0" cluster-wide"#;
    let together = r#"becomes User "u" in groups ["g"]"#;
    for (bound, want) in [
        (
            vec![
                ("u", bind("r0")),
                ("u", rule("impersonate", "", "users", "w")),
                ("w", rule("impersonate", "", "users", "u")),
                ("w", rule("impersonate", "", "groups", "g")),
            ],
            vec![
                r#"becomes User "w""#,
                gained,
                r#"becomes Group "g""#,
                together,
            ],
        ),
        (
            vec![
                ("u", bind("r6")),
                ("owner", bind("r0")),
                ("u", rule("impersonate", "", "users", "u")),
                ("u", rule("impersonate", "", "groups", "g")),
            ],
            vec![
                r#"becomes Group "g""#,
                r#"has ClusterRole "r6" cluster-wide"#,
                gained,
                together,
            ],
        ),
    ] {
        let bound = [common.to_vec(), bound].concat();
        let targets = targets(&bound);
        let (known, last) = targets.split_at(want.len());
        assert_eq!(known, want);
        let account = r#"becomes ServiceAccount "a/ci""#;
        assert!(last.iter().any(|target| target == account), "{targets:?}");
    }
}

#[test]
fn a_role_that_the_user_gained_is_used_by_itself() {
    let bound = [
        ("owner", rule("create", "", "serviceaccounts/token", "a")),
        ("u", rule("bind", RBAC, "clusterroles", "r0")),
        ("u", rule("create", RBAC, "clusterrolebindings", "")),
        (ACCOUNT, rule("get", "", "configmaps", "")),
    ];
    assert_eq!(
        targets(&bound),
        [
            r#"has ClusterRole "r0" cluster-wide"#,
            r#"becomes ServiceAccount "a/ci""#,
        ]
    );
}
