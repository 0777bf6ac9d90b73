//! Which rules cover which, and who may grant them: recorded cases, written cases, and theorems.

use k8s_rbac::{Coverage, Objects, Permission, Policy, PolicyRule, User};
use proptest::collection::vec;
use proptest::prelude::*;
use serde::Deserialize;
use testkit::Report;

use crate::props::{question, rule};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Covers {
    owner: Option<Vec<PolicyRule>>,
    servant: Option<Vec<PolicyRule>>,
    covers: bool,
    missing: Vec<PolicyRule>,
    compact_strings: Vec<String>,
}

#[test]
fn rules_cover_what_upstream_says() {
    let mut report = Report::new();
    for vector in testkit::vectors::<Covers>("testdata/covers.jsonl") {
        let (name, case) = (vector.name(), vector.case);
        let coverage = Coverage::of(case.owner.iter().flatten(), case.servant.iter().flatten());
        report.check(&name, &coverage.is_complete(), &case.covers);
        let missing: Vec<_> = coverage.missing().iter().map(Permission::to_rule).collect();
        report.check(&name, &missing, &case.missing);
        report.check(&name, &coverage.missing_texts(), &case.compact_strings);
    }
    report.finish();
}

#[derive(Deserialize)]
struct Escalation {
    world: Objects,
    user: String,
    groups: Option<Vec<String>>,
    namespace: String,
    rules: Option<Vec<PolicyRule>>,
    ok: bool,
    #[serde(default)]
    message: String,
}

#[test]
fn an_escalation_is_worded_as_upstream_words_it() {
    let mut report = Report::new();
    for vector in testkit::vectors::<Escalation>("testdata/escalation.jsonl") {
        let (name, case) = (vector.name(), vector.case);
        let policy = Policy::new(case.world);
        let user = User::new(case.user, case.groups.unwrap_or_default());
        let rules = case.rules.unwrap_or_default();
        let escalation = policy.escalation(&user, &case.namespace, &rules);
        let got = escalation.as_ref().map(ToString::to_string);
        let want = (!case.ok).then_some(case.message);
        report.check(&name, &got, &want);
        // The message names the roles that do not exist, as a list if there are several.
        let unresolved = escalation
            .as_ref()
            .map_or(&[][..], |found| found.unresolved());
        let texts: Vec<String> = unresolved.iter().map(ToString::to_string).collect();
        let expected = match &*texts {
            [] => String::new(),
            [one] => format!("; resolution errors: [{one}]"),
            several => format!("; resolution errors: [[{}]]", several.join(", ")),
        };
        let message = got.as_deref().unwrap_or_default();
        let start = message.find("; resolution errors: ");
        let end = start.and_then(|at| message.get(at..)).unwrap_or_default();
        report.check(&format!("{name}\n    unresolved"), &end, &expected.as_str());
    }
    report.finish();
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    held: Vec<PolicyRule>,
    wanted: Vec<PolicyRule>,
    missing: Vec<String>,
}

#[test]
fn rules_cover_what_the_cases_say() {
    let mut report = Report::new();
    for case in testkit::toml::<Cases>("testdata/covers.toml").case {
        let coverage = Coverage::of(&case.held, &case.wanted);
        report.check(&case.name, &coverage.missing_texts(), &case.missing);
        report.check(&case.name, &coverage.is_cut(), &false);
    }
    report.finish();
}

#[test]
fn missing_roles_stand_behind_the_message() {
    let objects: Objects = serde_json::from_value(serde_json::json!({"clusterRoleBindings": [
        {"metadata": {"name": "b"}, "subjects": [{"kind": "User", "name": "u"}],
         "roleRef": {"kind": "ClusterRole", "name": "one"}},
        {"metadata": {"name": "c"}, "subjects": [{"kind": "User", "name": "u"}],
         "roleRef": {"kind": "Role", "name": "two"}},
    ]}))
    .unwrap();
    let policy = Policy::new(objects);
    let (user, rules) = (
        User::new("u", ["g"]),
        [PolicyRule {
            verbs: vec!["get".to_owned()],
            non_resource_urls: vec!["/x".to_owned()],
            ..PolicyRule::default()
        }],
    );
    let escalation = policy.escalation(&user, "", &rules).unwrap();
    assert_eq!(
        escalation.to_string(),
        concat!(
            r#"user "u" (groups=["g"]) is attempting to grant RBAC permissions not currently held:"#,
            "\n",
            r#"{NonResourceURLs:["/x"], Verbs:["get"]}; resolution errors: "#,
            r#"[[clusterrole.rbac.authorization.k8s.io "one" not found, "#,
            r#"role.rbac.authorization.k8s.io "two" not found]]"#,
        )
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_rule_allows_what_one_of_its_permissions_allows(rule in rule(), question in question()) {
        let request = question.request();
        let apart = rule.permissions().any(|permission| permission.to_rule().allows(&request));
        prop_assert_eq!(rule.allows(&request), apart);
    }

    #[test]
    fn putting_permissions_together_does_not_change_what_they_allow(
        rules in vec(rule(), 1..4),
        question in question(),
    ) {
        let request = question.request();
        let together = Coverage::of([], &rules).missing_rules();
        let allows = |rules: &[PolicyRule]| rules.iter().any(|rule| rule.allows(&request));
        prop_assert_eq!(allows(&rules), allows(&together));
    }

    #[test]
    fn permissions_cover_the_rule_that_they_come_from(rule in rule()) {
        let apart: Vec<PolicyRule> = rule.permissions().map(|one| one.to_rule()).collect();
        prop_assert!(Coverage::of(&apart, [&rule]).is_complete());
    }

    // Where a request's resource has a slash of its own, upstream's comparison and its decision
    // part; HTTP requests have none.
    #[test]
    fn what_is_covered_is_allowed(
        mut held in vec(rule(), 1..4),
        wanted in vec(rule(), 1..3),
        others in 0..4_usize,
        question in question(),
    ) {
        // Usually the user holds nearly everything, so that some permissions are covered.
        let missing = Coverage::of(&held, &wanted).missing_rules();
        let kept = missing.len().saturating_sub(others / 3);
        held.extend(missing.into_iter().take(kept));
        if Coverage::of(&held, &wanted).is_complete() {
            let request = question.request();
            let allows = |rules: &[PolicyRule]| rules.iter().any(|rule| rule.allows(&request));
            prop_assert!(!allows(&wanted) || allows(&held));
        }
    }
}
