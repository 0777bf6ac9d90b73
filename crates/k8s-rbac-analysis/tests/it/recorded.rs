//! The subjects that may make a request, as recorded.

use k8s_rbac::{Objects, Policy, Request, ResourceRequest, Subject};
use k8s_rbac_analysis::{AllowedSubject, who_can};
use serde::Deserialize;
use testkit::Report;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct World {
    world: Objects,
    allowed_subjects: Vec<Allowed>,
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

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Attributes {
    #[serde(rename = "user")]
    _user: String,
    #[serde(default, rename = "groups")]
    _groups: Vec<String>,
    resource_request: bool,
    #[serde(default)]
    verb: String,
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    api_group: String,
    #[serde(default)]
    resource: String,
    #[serde(default)]
    subresource: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    path: String,
}

impl Attributes {
    fn request(&self) -> Request<'_> {
        if !self.resource_request {
            return Request::path(&self.verb, &self.path);
        }
        ResourceRequest::new(&self.verb, &self.api_group, &self.resource)
            .in_namespace(&self.namespace)
            .with_name(&self.name)
            .with_subresource(&self.subresource)
            .into()
    }
}

/// Upstream's list has repetitions. Without them it equals ours, in the same order.
#[test]
fn the_subjects_that_may_do_something_are_those_upstream_lists() {
    let mut report = Report::new();
    for case in testkit::json_lines::<World>("../k8s-rbac/testdata/authorize.jsonl") {
        let policy = Policy::new(case.world);
        for case in case.allowed_subjects {
            let request = case.attrs.request();
            let mut allowed = who_can(&policy, &request);
            if !case.super_user.is_empty() {
                allowed = allowed.with_super_user(&case.super_user);
            }
            let mut got: Vec<Subject<&str>> = Vec::new();
            for subject in allowed.subjects() {
                // The same words in two scopes mean two service accounts. Upstream's list does not
                // distinguish them.
                if !got.contains(&subject.subject()) {
                    got.push(subject.subject());
                }
            }
            let mut want: Vec<Subject> = Vec::new();
            for subject in case.subjects {
                if !want.contains(&subject) {
                    want.push(subject);
                }
            }
            let want: Vec<Subject<&str>> = want.iter().map(Subject::as_deref).collect();
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
    let request = ResourceRequest::new("get", "", "pods").in_namespace("ns");
    let allowed = who_can(&policy, &request.into());
    let grants: Vec<String> = (allowed.subjects().iter())
        .filter_map(AllowedSubject::grant)
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
