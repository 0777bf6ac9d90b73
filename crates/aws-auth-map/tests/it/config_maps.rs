//! `ConfigMap`s as tools and people write and break them: the problems of each, and the callers that
//! it maps.

use std::collections::BTreeMap;

use aws_auth_map::{Backend, BackendKind, IdentityMap, Problem, Resolution, read_config_map};
use iam_principal::Identity;
use serde::Deserialize;
use testkit::Report;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    config_map: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    text: String,
    /// Severity, code, place, line and column of each problem.
    problems: Vec<String>,
    /// Callers, as `role NAME/SESSION` or `user NAME`, with the user and groups of each.
    resolves: BTreeMap<String, String>,
}

fn described(problem: &Problem) -> String {
    let number = |n: Option<usize>| n.map_or_else(|| "-".to_owned(), |n| n.to_string());
    format!(
        "{} {} {} {}:{}",
        problem.severity().as_str(),
        problem.code(),
        problem.at(),
        number(problem.line()),
        number(problem.column()),
    )
}

/// Reads `[PARTITION:ACCOUNT ]role NAME/SESSION`, or with `user PATH/NAME`, or `root`.
fn caller(text: &str) -> Identity {
    let (place, who) = match text.split_once(' ') {
        Some((place, who)) if place.contains(':') => (place, who),
        _ => ("aws:111122223333", text),
    };
    let (partition, account) = place.split_once(':').expect("a partition and an account");
    let (arn, user_id) = match who.split_once(' ') {
        Some(("role", session)) => {
            let (_, name) = session.split_once('/').expect("a session");
            let arn = format!("arn:{partition}:sts::{account}:assumed-role/{session}");
            (arn, format!("AROAEXAMPLE:{name}"))
        }
        Some(("user", name)) => {
            let arn = format!("arn:{partition}:iam::{account}:user/{name}");
            (arn, "AIDAEXAMPLE".to_owned())
        }
        _ => (
            format!("arn:{partition}:iam::{account}:root"),
            account.to_owned(),
        ),
    };
    Identity::new(&arn, account, &user_id)
        .expect("an identity")
        .with_access_key_id("ASIAEXAMPLE")
}

fn outcome(map: &IdentityMap, who: &str) -> String {
    match map.resolve_instance(&caller(who), "ip-10-0-0-7.ec2.internal") {
        Resolution::Mapped(mapped) => {
            let user = mapped.user();
            format!("{} [{}]", user.username(), user.groups().join(", "))
        }
        Resolution::NotMapped => "not-mapped".to_owned(),
        Resolution::Refused(refusal) => refusal.reason().code().to_owned(),
    }
}

fn cases() -> Vec<Case> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/config_maps");
    let files = std::fs::read_dir(directory).expect("the directory is there");
    let mut paths: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    paths.sort();
    let read = |path| testkit::toml::<File>(path).config_map;
    paths.into_iter().flat_map(read).collect()
}

#[test]
fn each_config_map_has_its_problems_and_users() {
    let mut report = Report::new();
    let cases = cases();
    assert!(cases.len() >= 100, "there are {}", cases.len());
    for case in &cases {
        let (rules, problems) = read_config_map(&case.text);
        let problems: Vec<String> = problems.iter().map(described).collect();
        report.check(&case.name, &problems, &case.problems);
        let map = IdentityMap::new().with_backend(Backend::new(BackendKind::EksConfigMap, rules));
        for (who, want) in &case.resolves {
            let got = outcome(&map, who);
            report.check(&format!("{}: {who}", case.name), &got, want);
        }
    }
    report.finish();
}

#[test]
fn no_two_config_maps_are_the_same() {
    let mut seen = BTreeMap::new();
    for case in &cases() {
        let earlier = seen.insert(case.text.clone(), case.name.clone());
        assert_eq!(earlier, None, "{}", case.name);
    }
}
