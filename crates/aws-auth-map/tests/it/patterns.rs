//! Patterns, and which rule wins if several rules match a caller.

use aws_auth_map::read_config_map;
use serde::Deserialize;
use testkit::Report;

use crate::{map, outcome, session};

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
    role: String,
    want: String,
    problem: Option<String>,
}

#[test]
fn each_case_of_several_rules_has_its_winner() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/patterns.toml");
    let mut report = Report::new();
    for case in testkit::toml::<Cases>(path).case {
        let text = case.rules.replace("'A:", "'arn:aws:iam::111122223333:");
        let (rules, problems) = read_config_map(&text);
        let got = outcome(&map(rules).resolve(&session(&case.role, "s")));
        let told: Vec<String> = problems
            .iter()
            .map(|p| format!("{} {}", p.code(), p.at()))
            .collect();
        report.check(
            &case.name,
            &(got, told),
            &(case.want, Vec::from_iter(case.problem)),
        );
    }
    report.finish();
}
