//! What somebody may do, and who may do something: as recorded, and as the oracle says.

use k8s_rbac::{Objects, Policy, Subject, SubjectRulesReviewStatus, User};
use serde::Deserialize;
use testkit::Report;

use crate::recorded::Attributes;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct World {
    world: Objects,
    rules_for: Vec<RulesFor>,
    allowed_subjects: Vec<Allowed>,
}

#[derive(Deserialize)]
struct RulesFor {
    user: String,
    groups: Option<Vec<String>>,
    namespace: String,
    #[serde(flatten)]
    status: SubjectRulesReviewStatus,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Allowed {
    attrs: Attributes,
    #[serde(default)]
    super_user: String,
    #[serde(default)]
    error: String,
    subjects: Vec<Subject>,
}

#[test]
fn the_rules_of_a_user_are_those_upstream_lists() {
    let mut report = Report::new();
    for case in testkit::json_lines::<World>("testdata/authorize.jsonl") {
        let policy = Policy::new(case.world);
        for case in case.rules_for {
            let user = User::new(case.user, case.groups.unwrap_or_default());
            let listing = policy.rules_for(&user, &case.namespace);
            let name = format!("{user:?} in {:?}", case.namespace);
            report.check(&name, &listing.status(), &case.status);
        }
    }
    report.finish();
}

/// Upstream's list has repeats; without them it is ours, in the same order.
#[test]
fn the_subjects_that_may_do_something_are_those_upstream_lists() {
    let mut report = Report::new();
    for case in testkit::json_lines::<World>("testdata/authorize.jsonl") {
        let policy = Policy::new(case.world);
        for case in case.allowed_subjects {
            let request = case.attrs.request();
            let mut allowed = policy.allowed_subjects(&request);
            if !case.super_user.is_empty() {
                allowed = allowed.with_super_user(&case.super_user);
            }
            let mut got: Vec<Subject> = Vec::new();
            for subject in allowed.subjects() {
                // The same words in two scopes: two service accounts, which upstream's list does
                // not tell apart.
                if !got.contains(subject.subject()) {
                    got.push(subject.subject().clone());
                }
            }
            let mut want: Vec<Subject> = Vec::new();
            for subject in case.subjects {
                if !want.contains(&subject) {
                    want.push(subject);
                }
            }
            report.check(&format!("{request:?}"), &got, &want);
            report.check("the error", &allowed.evaluation_error(), &case.error);
            for subject in allowed.subjects().iter().skip(1) {
                let rule = subject.grant().map(|grant| grant.rule().allows(&request));
                let is_super = subject.subject().name == case.super_user;
                report.check("granted", &rule.unwrap_or(is_super), &true);
            }
        }
    }
    report.finish();
}

#[test]
fn a_service_account_without_a_namespace_is_another_one_in_every_scope() {
    let objects: Objects = serde_json::from_value(serde_json::json!({
        "clusterRoles": [{
            "metadata": {"name": "r"},
            "rules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}],
        }],
        "clusterRoleBindings": [
            {"metadata": {"name": "everywhere"},
             "subjects": [{"kind": "ServiceAccount", "name": "ci"}, {"kind": "User", "name": "u"}],
             "roleRef": {"kind": "ClusterRole", "name": "r"}},
        ],
        "roleBindings": [
            {"metadata": {"name": "here", "namespace": "ns"},
             "subjects": [{"kind": "ServiceAccount", "name": "ci"}, {"kind": "User", "name": "u"}],
             "roleRef": {"kind": "ClusterRole", "name": "r"}},
        ],
    }))
    .unwrap();
    let policy = Policy::new(objects);
    let request = k8s_rbac::ResourceRequest::new("get", "", "pods").in_namespace("ns");
    let allowed = policy.allowed_subjects(&request.into());
    let grants: Vec<String> = (allowed.subjects().iter())
        .filter_map(k8s_rbac::AllowedSubject::grant)
        .map(|grant| grant.to_string())
        .collect();
    assert_eq!(
        grants,
        [
            r#"ClusterRoleBinding "everywhere" of ClusterRole "r" to ServiceAccount "ci/""#,
            r#"ClusterRoleBinding "everywhere" of ClusterRole "r" to User "u""#,
            r#"RoleBinding "here/ns" of ClusterRole "r" to ServiceAccount "ci/ns""#,
        ]
    );
}
