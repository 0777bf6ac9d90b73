//! Diagnoses: their findings, and their text.

mod post;
#[cfg(all(feature = "sign", feature = "verify"))]
mod post_signature;
mod secrets;
#[cfg(all(feature = "sign", feature = "verify"))]
mod signature;
mod url;

use sts_presign::{Check, Diagnosis, Finding, Outcome};

use crate::support::{GOOD, NOW, at, policy};

fn diagnose(url: &str) -> Diagnosis {
    policy("test-cluster", "aws").diagnose(url, at(NOW))
}

/// The checks that failed, with the text that each quotes.
fn failed(diagnosis: &Diagnosis) -> Vec<(String, String)> {
    diagnosis
        .findings()
        .iter()
        .filter(|finding| matches!(finding.outcome(), Outcome::Failed(_)))
        .map(|finding| (format!("{:?}", finding.check()), finding.seen().to_owned()))
        .collect()
}

/// Every check occurs once, in order. Every error belongs to its check and has advice.
#[track_caller]
fn assert_whole(diagnosis: &Diagnosis, checks: &[Check]) {
    let found: Vec<Check> = diagnosis.findings().iter().map(Finding::check).collect();
    assert_eq!(found, checks);
    assert!(checks.is_sorted());
    for finding in diagnosis.findings() {
        if let Outcome::Failed(error) = finding.outcome() {
            assert_eq!(Check::of(error), Some(finding.check()));
            assert!(!error.advice().is_empty());
        }
    }
}

/// The whole text that users see.
#[test]
fn the_text_of_a_refused_token_says_what_to_change() {
    let url = GOOD.replacen("=host", "=amz-sdk-request%3Bhost", 1);
    let text = diagnose(&url).to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "  1 length                 passed: 370 bytes");
    assert_eq!(lines[1], "  2 characters             passed");
    assert_eq!(lines[9], " 10 X-Amz-Expires          passed: \"60\"");
    assert_eq!(
        lines[10],
        " 11 signature              passed: 64 characters"
    );
    assert_eq!(
        lines[16],
        " 17 signed headers         FAILED: a signed header has a value that the verifier cannot supply: \"amz-sdk-request\""
    );
    assert!(
        lines[17].starts_with("                           Sign only `host` and the binding header")
    );
    assert_eq!(
        lines[18],
        " 18 STS endpoint           passed: \"sts.us-west-2.amazonaws.com\""
    );
    assert_eq!(lines.len(), 23);
}

#[test]
fn the_text_of_a_refused_login_says_what_to_change() {
    let mut trial = crate::login::Trial::good();
    trial.login.set("X-Amz-Target", "t");
    trial.login.remove("Content-Length");
    trial.login.body.clear();
    let text = trial.diagnose().to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[1], " P2 method                 passed: \"POST\"");
    assert_eq!(
        lines[5].split_at(35).0,
        " P6 form                   FAILED: "
    );
    assert_eq!(
        lines[16],
        "P16 x-amz- headers signed  FAILED: an `x-amz-` header is not signed: \"x-amz-target\""
    );
    assert_eq!(lines[20], "P19 consistent values      not reached");
    assert_eq!(
        lines[22],
        "P21 signed headers         FAILED: a signed header has a value that the verifier cannot supply: \"content-length\""
    );
    assert_eq!(lines.len(), 29);
}
