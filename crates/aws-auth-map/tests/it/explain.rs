//! The comparison of every rule with an identity.

use aws_auth_map::{
    Backend, BackendKind, Finding, IdentityMap, Reader, Resolution, Step, read_config_map,
};
use proptest::prelude::*;
use serde::Deserialize;
use testkit::Report;

use crate::{map, rules, session, user};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    rules: String,
    caller: String,
    printed: Vec<String>,
}

fn printed(map: &IdentityMap, identity: &iam_principal::Identity) -> Vec<String> {
    let explanation = map.explain(identity);
    assert_eq!(explanation.resolution(), &map.resolve(identity));
    let steps = explanation.steps().iter();
    steps
        .map(|step| format!("{} {}", step.rule(), step.finding().code()))
        .collect()
}

#[test]
fn each_case_explains_its_rules() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/explain.toml");
    let mut report = Report::new();
    for case in testkit::toml::<Cases>(path).case {
        let text = case.rules.replace("'A:", "'arn:aws:iam::111122223333:");
        let caller = match case.caller.split_once(' ') {
            Some(("role", role)) => session(role, "s"),
            Some(("user", name)) => user(name),
            _ => panic!("{}", case.caller),
        };
        let (rules, _) = read_config_map(&text);
        report.check(&case.name, &printed(&map(rules), &caller), &case.printed);
    }
    report.finish();
}

#[test]
fn backends_after_the_one_that_decides_are_not_consulted() {
    let text = "mapRoles: [{rolearn: 'arn:aws:iam::111122223333:role/dev', username: a}]\nmapAccounts: ['111122223333']";
    let backend = |text: &str| Backend::new(BackendKind::EksConfigMap, rules(text));
    let map = IdentityMap::new()
        .with_backend(backend("mapAccounts: ['444455556666']"))
        .with_backend(backend(text))
        .with_backend(backend(text));
    assert_eq!(
        printed(&map, &session("dev", "s")),
        [
            "mapAccounts[0] other",
            "mapRoles[0] counts",
            "mapAccounts[0] beaten",
            "mapRoles[0] not-asked",
            "mapAccounts[0] not-asked",
        ]
    );
    let explanation = map.explain(&session("dev", "s"));
    let at = |step: &Step| (step.backend_index(), step.place().line());
    let at: Vec<_> = explanation.steps().iter().map(at).collect();
    let lines = [(0, 1), (1, 1), (1, 2), (2, 1), (2, 2)];
    assert_eq!(at, lines.map(|(backend, line)| (backend, Some(line))));
}

#[test]
fn a_user_id_explains_itself() {
    let file = r#"{"mapRoles": [
        {"userid": "AROAEXAMPLE", "rolearn": "arn:aws:iam::111122223333:role/other", "username": "a"},
        {"userid": "AROAOTHER", "rolearn": "arn:aws:iam::111122223333:role/dev", "username": "b"},
        {"userid": "AROAOTHERS", "username": "c"},
        {"userid": "AROANOTHER", "rolearn": "arn:aws:iam::111122223333:role/other", "username": "d"}]}"#;
    let (by_id, _) = Reader::new()
        .read_dynamic_file_by_user_id(file)
        .expect("not refused");
    let entry =
        r#"{"principalArn": "arn:aws:iam::111122223333:role/dev", "principalId": "AROAOLD"}"#;
    let (entries, _) = Reader::new().read_access_entries(entry);
    let map = IdentityMap::new()
        .with_backend(Backend::new(BackendKind::AccessEntries, entries))
        .with_backend(Backend::new(BackendKind::DynamicFile, by_id));
    assert_eq!(
        printed(&map, &session("dev", "s")),
        [
            "accessEntry[0] but-for-the-user-id",
            "mapRoles[0] contradicts",
            "mapRoles[1] but-for-the-user-id",
            "mapRoles[2] other",
            "mapRoles[3] other",
        ]
    );
    let explanation = map.explain(&session("dev", "s"));
    assert_eq!(explanation.near_misses().count(), 2);
}

#[test]
fn a_step_prints_its_rule_and_its_finding() {
    let text = "mapRoles:\n- {rolearn: 'arn:aws:iam::111122223333:role/team/dev', username: a}\n- {rolearn: 'arn:aws:iam::111122223333:role/dev', username: b}\n";
    let explanation = map(read_config_map(text).0).explain(&session("dev", "s"));
    let printed: Vec<String> = explanation
        .steps()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        printed,
        [
            "mapRoles[0] of EKSConfigMap: does not match, but would without the path of the role, which \
         STS does not report",
            "mapRoles[1] of EKSConfigMap: matches on the arn, and takes effect",
        ]
    );
}

fn entry() -> impl Strategy<Value = String> {
    let who = prop_oneof![
        "rolearn: 'arn:aws:iam::111122223333:role/(team/)?[ab*]'",
        "rolearnLike: 'arn:aws:iam::111122223333:role/[AaBb*?]'",
    ];
    who.prop_map(|who| format!("- {{{who}, username: x}}\n"))
}

proptest! {
    #[test]
    fn the_rule_that_takes_effect_is_the_one_that_maps(
        roles in prop::collection::vec(entry(), 0..6),
        users in prop::collection::vec(entry(), 0..3),
        has_account in any::<bool>(),
        role in "[ab]",
    ) {
        let users = users.concat().replace("rolearn", "userarn");
        let account = if has_account { "mapAccounts: ['111122223333']\n" } else { "" };
        let text = format!("mapRoles:\n{}mapUsers:\n{users}{account}", roles.concat());
        let (rules, _) = read_config_map(&text);
        let map = map(rules);
        let explanation = map.explain(&session(&role, "s"));
        let counting: Vec<_> = explanation
            .steps()
            .iter()
            .filter_map(|step| match step.finding() {
                Finding::Counts(on) => Some((step.rule(), on)),
                _ => None,
            })
            .collect();
        match map.resolve(&session(&role, "s")) {
            Resolution::Mapped(mapped) => {
                prop_assert_eq!(counting, [(mapped.rule(), mapped.matched_on())]);
            }
            _ => prop_assert!(counting.is_empty()),
        }
    }
}
