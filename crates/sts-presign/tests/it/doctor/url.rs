//! Diagnoses of presigned URLs.

use serde::Deserialize;
use sts_presign::{Check, Outcome};
use testkit::Report;

use super::{assert_whole, diagnose, failed};
use crate::judge;
use crate::support::{GOOD, NOW, accept, at, judge, policy};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Case {
    name: String,
    fill: Option<usize>,
    #[serde(default)]
    replace: Vec<(String, String)>,
    #[serde(default)]
    append: String,
    now: Option<String>,
    regions: Option<Vec<String>>,
    failed: Vec<(String, String)>,
    #[serde(default)]
    not_reached: Vec<String>,
}

#[derive(Deserialize)]
struct Cases {
    case: Vec<Case>,
}

impl Case {
    fn url(&self) -> String {
        let mut url = match self.fill {
            Some(len) => "x".repeat(len),
            None => GOOD.to_owned(),
        };
        for (from, to) in &self.replace {
            assert!(url.contains(from), "{}: no {from}", self.name);
            url = url.replacen(from, to, 1);
        }
        url + &self.append
    }
}

/// A check. If it fails, no later check has input.
const LAST_OF_SHAPE: Check = Check::Complete;

#[test]
fn each_failure_quotes_its_text() {
    let cases: Cases = testkit::toml(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/testdata/diagnosed.toml"
    ));
    let mut report = Report::new();
    for case in cases.case {
        let policy = policy("test-cluster", "aws");
        let policy = match &case.regions {
            Some(regions) => policy.with_regions(regions.clone()),
            None => policy,
        };
        let (url, now) = (case.url(), at(case.now.as_deref().unwrap_or(NOW)));
        let diagnosis = policy.diagnose(&url, now);
        report.check(&case.name, &failed(&diagnosis), &case.failed);
        assert_whole(&diagnosis, &Check::OF_URL);
        let judged = accept(&url, &policy, now).err();
        assert_eq!(diagnosis.refusal(), judged, "{}", case.name);

        let first = judged.and_then(Check::of).unwrap();
        let not_reached = |check: Check| match first <= LAST_OF_SHAPE {
            true => check > first,
            false => case.not_reached.contains(&format!("{check:?}")),
        };
        for finding in diagnosis.findings() {
            let (check, outcome) = (finding.check(), finding.outcome());
            let reached = outcome != Outcome::NotReached;
            assert_eq!(reached, !not_reached(check), "{}: {check:?}", case.name);
        }
    }
    report.finish();
}

#[test]
fn a_diagnosis_agrees_with_accept_and_each_attack_fails_at_one_check() {
    let good = diagnose(GOOD);
    assert_eq!(good.refusal(), None);
    assert_whole(&good, &Check::OF_URL);
    for case in judge::cases() {
        let url = case.url();
        let diagnosis = diagnose(&url);
        assert_eq!(diagnosis.refusal(), judge(&url).err(), "{}", case.name);
        assert_whole(&diagnosis, &Check::OF_URL);
        let failed = failed(&diagnosis);
        let checks: Vec<&str> = failed.iter().map(|(check, _)| check.as_str()).collect();
        match *checks {
            // Other parsers read a different host from these texts.
            [_] | ["Host", "Readers"] => {}
            _ => panic!("{}: {checks:?}", case.name),
        }
    }
}

#[test]
fn a_failure_does_not_hide_earlier_findings() {
    let url = format!("{GOOD}&Action=GetCallerIdentity");
    let text = diagnose(&url).to_string();
    let length = format!("  1 length                 passed: {} bytes", url.len());
    assert_eq!(text.lines().next(), Some(&*length));
}
