//! Diagnoses of logins in POST form.

use sts_presign::{Check, Error, MAX_FORWARDED_HEADERS, Outcome};
use testkit::Report;

use super::{assert_whole, failed};
use crate::login::{Trial, cases, logins};
use crate::support::{NOW, at};

#[test]
fn each_failure_quotes_its_text() {
    let mut report = Report::new();
    for case in cases() {
        let mut trial = Trial::good();
        trial.change(&case);
        let diagnosis = trial.diagnose();
        report.check(&case.name, &failed(&diagnosis), &case.failed);
        assert_whole(&diagnosis, &Check::OF_POST);
        assert_eq!(diagnosis.refusal(), trial.judge().err(), "{}", case.name);
    }
    report.finish();
}

#[test]
fn every_good_login_passes_every_check() {
    for login in logins() {
        let diagnosis = login.diagnose(&login.policy(), at(NOW));
        assert_whole(&diagnosis, &Check::OF_POST);
        for finding in diagnosis.findings() {
            assert_eq!(finding.outcome(), Outcome::Passed, "{finding:?}");
        }
    }
}

#[test]
fn an_oversized_login_is_not_parsed() {
    let mut trial = Trial::good();
    for i in 0..=MAX_FORWARDED_HEADERS {
        trial.login.set(&format!("x-{i}"), "v");
    }
    let diagnosis = trial.diagnose();
    assert_eq!(diagnosis.refusal(), Some(Error::TooLong));
    let (first, rest) = diagnosis.findings().split_first().unwrap();
    assert_eq!(first.seen(), "47 headers, 723 bytes");
    for finding in rest {
        assert_eq!(finding.outcome(), Outcome::NotReached, "{finding:?}");
        assert_eq!(finding.seen(), "");
    }
}
