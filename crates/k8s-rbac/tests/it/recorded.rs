//! Recorded answers of kube-apiserver. The tests ask the same questions.

use k8s_rbac::reference;
use k8s_rbac::{Forbidden, Objects, Policy, PolicyRule, Request, ResourceRequest, User};
use serde::Deserialize;
use serde_json::Value;
use testkit::Report;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Attributes {
    user: String,
    #[serde(default)]
    groups: Vec<String>,
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
    pub(crate) fn user(&self) -> User {
        User::new(&self.user, &self.groups)
    }

    pub(crate) fn request(&self) -> Request<'_> {
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

#[derive(Deserialize)]
struct RuleCase {
    allow: bool,
    attrs: Attributes,
    rule: PolicyRule,
}

#[test]
fn one_rule_allows_what_upstream_says() {
    let mut report = Report::new();
    for case in testkit::json_lines::<RuleCase>("testdata/rule_allows.jsonl") {
        let request = case.attrs.request();
        let name = format!("{request:?} by {:?}", case.rule);
        report.check(&name, &case.rule.allows(&request), &case.allow);
        report.check(
            &format!("oracle: {name}"),
            &reference::rule_allows(&case.rule, &request),
            &case.allow,
        );
    }
    report.finish();
}

#[derive(Deserialize)]
struct World {
    world: Objects,
    checks: Vec<Check>,
}

#[derive(Deserialize)]
struct Check {
    attrs: Attributes,
    decision: String,
    #[serde(default)]
    reason: String,
}

#[test]
fn a_policy_decides_and_gives_the_reasons_of_upstream() {
    let mut report = Report::new();
    for vector in testkit::vectors::<World>("testdata/authorize.jsonl") {
        let place = format!("{}:{}", vector.file.display(), vector.line);
        let policy = Policy::new(vector.case.world);
        for check in &vector.case.checks {
            let (user, request) = (check.attrs.user(), check.attrs.request());
            let response = policy.rbac(&user, &request);
            let got = (response.decision().is_allow(), response.reason());
            let want = (check.decision == "Allow", check.reason.clone());
            report.check(&format!("{place}: {user:?} {request:?}"), &got, &want);
        }
    }
    report.finish();
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Refusal {
    attrs: Attributes,
    authz_reason: String,
    nil_user: bool,
    message: String,
    details: Value,
}

#[test]
fn a_refusal_is_worded_as_upstream_words_it() {
    let mut report = Report::new();
    for case in testkit::json_lines::<Refusal>("testdata/forbidden.jsonl") {
        let request = case.attrs.request();
        let user = if case.nil_user { "" } else { &case.attrs.user };
        let forbidden = Forbidden::new(user, request, &case.authz_reason);
        report.check(
            &format!("{request:?}"),
            &forbidden.to_string(),
            &case.message,
        );
        let details = serde_json::to_value(forbidden.details()).unwrap();
        report.check(&format!("details of {request:?}"), &details, &case.details);
        let body: Value = serde_json::from_str(&forbidden.body()).unwrap();
        assert_eq!(serde_json::to_value(forbidden).unwrap(), body);
        report.check("body", &body["message"], &case.message.into());
        report.check("body", &body["details"], &case.details);
    }
    report.finish();
}

#[test]
fn the_body_of_a_refusal_is_gos_json() {
    let request = ResourceRequest::new("get", "", "nodes").with_name("n1");
    assert_eq!(
        Forbidden::new("<x>", request.into(), "").body(),
        concat!(
            r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","#,
            r#""message":"nodes \"n1\" is forbidden: User \"\u0026lt;x\u0026gt;\" cannot get "#,
            r#"resource \"nodes\" in API group \"\" at the cluster scope","reason":"Forbidden","#,
            r#""details":{"name":"n1","kind":"nodes"},"code":403}"#,
            "\n",
        )
    );
}
