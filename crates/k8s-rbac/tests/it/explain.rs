//! Explanations: the cases of `testdata/explain.toml`, and that they agree with decisions.

use k8s_rbac::can_i::Question;
use k8s_rbac::{Decision, Grant, Objects, Policy, PolicyRule, Subject, User};
use proptest::collection::vec;
use proptest::prelude::*;
use serde::Deserialize;
use testkit::Report;

use crate::props::{question, world};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default)]
    user: String,
    #[serde(default)]
    groups: Vec<String>,
    subject: Option<Subject>,
    #[serde(default)]
    namespace: String,
    rule: PolicyRule,
    ask: String,
    #[serde(default)]
    is_granted: bool,
    #[serde(default)]
    miss: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    notes: Vec<String>,
}

#[test]
fn explanations_say_what_the_cases_say() {
    let mut report = Report::new();
    for case in testkit::toml::<File>("testdata/explain.toml").case {
        let subject = case.subject.unwrap_or_else(|| Subject {
            kind: "User".to_owned(),
            name: "u".to_owned(),
            ..Subject::default()
        });
        let binding = serde_json::json!([{
            "metadata": {"name": "b", "namespace": case.namespace},
            "subjects": [subject],
            "roleRef": {"kind": "ClusterRole", "name": "r"},
        }]);
        let role = serde_json::json!([{"metadata": {"name": "r"}, "rules": [case.rule]}]);
        let key = if case.namespace.is_empty() {
            "clusterRoleBindings"
        } else {
            "roleBindings"
        };
        let mut world = serde_json::json!({ "clusterRoles": role });
        world[key] = binding;
        let objects: Objects = serde_json::from_value(world).unwrap();
        let policy = Policy::new(objects);
        let name = if case.user.is_empty() {
            "u"
        } else {
            &case.user
        };
        let user = User::new(name, case.groups);
        let asked = Question::parse(&case.ask, "").unwrap();
        let explanation = policy.explain(&user, &asked.request());
        report.check(
            &case.name,
            &!explanation.grants().is_empty(),
            &case.is_granted,
        );
        let misses = explanation.near_misses();
        let parts: String = misses
            .iter()
            .map(|miss| format!("{:?}", miss.part()))
            .collect();
        report.check(&case.name, &parts, &case.miss);
        if !case.text.is_empty() {
            let text = misses.first().map(ToString::to_string).unwrap_or_default();
            report.check(&case.name, &text, &case.text);
        }
        let notes = explanation.notes().iter();
        let notes: Vec<String> = notes.map(|note| format!("{note:?}")).collect();
        report.check(&case.name, &notes, &case.notes);
    }
    report.finish();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_is_explained_is_what_is_decided(world in world(), questions in vec(question(), 8)) {
        let policy = Policy::new(world);
        for question in &questions {
            let request = question.request();
            let response = policy.rbac(&question.user, &request);
            let explanation = policy.explain(&question.user, &request);
            let granted = match response.decision() {
                Decision::Allow(Grant::Binding(grant)) => Some(grant),
                _ => None,
            };
            prop_assert_eq!(explanation.grants().first().copied(), granted);
            prop_assert!(explanation.unresolved().starts_with(response.unresolved()));
            if granted.is_none() {
                prop_assert_eq!(explanation.unresolved(), response.unresolved());
            }
            for miss in explanation.near_misses() {
                let is_of_rule = !miss.grant().rule().allows(&request);
                let is_of_binding = matches!(
                    miss.part(),
                    k8s_rbac::explain::Part::Namespace | k8s_rbac::explain::Part::Subject
                );
                prop_assert!(is_of_rule != is_of_binding);
            }
        }
    }
}
