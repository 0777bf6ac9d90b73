use sts_presign::{Check, Diagnosis, Error, Finding, MAX_QUOTED_LEN, Outcome};

use crate::judge::cases;
use crate::support::{GOOD, NOW, at, judge, policy};

fn diagnose(url: &str) -> Diagnosis {
    policy("test-cluster", "aws").diagnose(url, at(NOW))
}

/// What a check saw, if it failed.
fn failed(diagnosis: &Diagnosis) -> Vec<(Check, &str)> {
    let failed = diagnosis
        .findings()
        .iter()
        .filter(|finding| matches!(finding.outcome(), Outcome::Failed(_)));
    failed
        .map(|finding| (finding.check(), finding.seen()))
        .collect()
}

#[test]
fn the_doctor_says_what_the_judge_says() {
    assert_eq!(diagnose(GOOD).refusal(), None);
    for case in cases() {
        let url = case.url();
        assert_eq!(diagnose(&url).refusal(), judge(&url).err(), "{}", case.name);
    }
}

#[test]
fn there_is_a_finding_for_each_check_in_their_order() {
    for case in cases() {
        let diagnosis = diagnose(&case.url());
        let checks: Vec<Check> = diagnosis.findings().iter().map(Finding::check).collect();
        assert_eq!(checks, Check::ALL, "{}", case.name);
        for finding in diagnosis.findings() {
            if let Outcome::Failed(error) = finding.outcome() {
                assert_eq!(Check::of(error), Some(finding.check()), "{}", case.name);
                assert!(!error.advice().is_empty());
            }
        }
    }
    assert!(Check::ALL.is_sorted());
}

#[test]
fn what_can_still_be_seen_after_a_failure_is_looked_at() {
    let url = GOOD
        .replacen("2011", "2012", 1)
        .replacen("Expires=60", "Expires=3600", 1)
        .replacen("=host", "=amz-sdk-request%3Bhost", 1)
        .replace("us-west-2", "us-gov-west-1")
        .replacen("%2Fus-gov-west-1", "%2Fus-gov-east-1", 1);
    assert_eq!(
        failed(&diagnose(&url)),
        [
            (Check::Version, "\"2012-06-15\""),
            (Check::Expires, "\"3600\""),
            (Check::Headers, "\"amz-sdk-request\""),
            (Check::Partition, "aws-us-gov"),
            (
                Check::ScopeRegion,
                "the host's is \"us-gov-west-1\", the scope's \"us-gov-east-1\""
            ),
        ]
    );
}

#[test]
fn what_depends_on_a_failed_check_is_not_reached() {
    let url = GOOD
        .replacen("T000000Z", "T0000", 1)
        .replacen("aws4_request", "aws4", 1);
    let diagnosis = diagnose(&url);
    let not_reached: Vec<Check> = diagnosis
        .findings()
        .iter()
        .filter(|finding| finding.outcome() == Outcome::NotReached)
        .map(Finding::check)
        .collect();
    assert_eq!(
        not_reached,
        [Check::ScopeDate, Check::Window, Check::ScopeRegion]
    );
    assert_eq!(diagnosis.refusal(), Some(Error::Date));
}

#[test]
fn a_list_of_headers_that_is_none_is_not_looked_into() {
    let url = GOOD.replacen("host%3Bx-k8s-aws-id", "x-k8s-aws-id%3Bhost", 1);
    let diagnosis = diagnose(&url);
    let headers = diagnosis.findings().iter();
    let mut headers = headers.filter(|finding| finding.check() == Check::Headers);
    assert_eq!(
        headers.next().map(Finding::outcome),
        Some(Outcome::NotReached)
    );
    assert_eq!(diagnosis.refusal(), Some(Error::SignedHeaders));
}

#[test]
fn a_text_that_is_no_url_is_looked_at_as_far_as_it_is_one() {
    for (url, check, seen) in [
        ("x".repeat(20_000), Check::Length, "20000 bytes"),
        (format!("{GOOD}#"), Check::Bytes, "at byte 352"),
        ("http://x".to_owned(), Check::Scheme, ""),
        (
            GOOD.replacen(".com/", ".com/a/b", 1),
            Check::HostAndPath,
            "\"sts.us-west-2.amazonaws.com\"",
        ),
        (
            GOOD.replacen("&Version", "&&Version", 1),
            Check::Parameters,
            "parameter 2",
        ),
        (
            GOOD.replacen("Version", "version", 1),
            Check::Parameters,
            "parameter 2, \"version\"",
        ),
        (
            format!("{GOOD}&Version=1"),
            Check::Parameters,
            "parameter 9, \"Version\"",
        ),
        (
            GOOD.replacen("&Version=2011-06-15", "", 1),
            Check::Complete,
            "",
        ),
    ] {
        let diagnosis = diagnose(&url);
        assert_eq!(failed(&diagnosis), [(check, seen)], "{url}");
        for finding in diagnosis.findings() {
            let want = match finding.check().cmp(&check) {
                std::cmp::Ordering::Less => Outcome::Passed,
                std::cmp::Ordering::Equal => continue,
                std::cmp::Ordering::Greater => Outcome::NotReached,
            };
            assert_eq!(finding.outcome(), want, "{:?}", finding.check());
        }
    }
}

#[test]
fn attack_30_the_doctor_quotes_nothing_secret() {
    const TOKEN: &str = "IQoJb3JpZ2luX2VjEJr";
    let signature = GOOD.rsplit('=').next().unwrap();
    let (part, _) = signature.split_at(32);
    for case in cases() {
        let url = case.url();
        // In front and behind, and without its own name.
        for url in [
            url.replacen(
                "?Action",
                &format!("?X-Amz-Security-Token={TOKEN}&Action"),
                1,
            ),
            format!("{url}&X-Amz-Security-Token={TOKEN}"),
            url.replacen("/?Action", &format!("/?{TOKEN}{signature}=x&Action"), 1),
            url.replacen("/?", &format!("/X-Amz-Security-Token={TOKEN}&"), 1),
        ] {
            let told = format!("{0} {0:?}", diagnose(&url));
            assert!(!told.contains(TOKEN), "{}: {told}", case.name);
            assert!(!told.contains(part), "{}: {told}", case.name);
        }
    }
}

#[test]
fn what_is_quoted_is_escaped_and_cut() {
    let long = "a".repeat(100);
    for (value, seen) in [
        ("a%22b%5Cc", "\"a\\\"b\\\\c\"".to_owned()),
        (&*long, format!("\"{}\"…", "a".repeat(MAX_QUOTED_LEN))),
        (
            long.split_at(MAX_QUOTED_LEN).0,
            format!("\"{}\"", "a".repeat(MAX_QUOTED_LEN)),
        ),
    ] {
        let url = GOOD.replacen("GetCallerIdentity", value, 1);
        assert_eq!(failed(&diagnose(&url)), [(Check::Action, &*seen)]);
    }
}

/// A rendered message, whole, as people see it.
#[test]
fn the_person_whose_token_was_refused_reads_what_to_change() {
    let url = GOOD.replacen("=host", "=amz-sdk-request%3Bhost", 1);
    let told = diagnose(&url).to_string();
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines[0], " 1 length                 passed: 370 bytes");
    assert_eq!(lines[1], " 2 characters             passed");
    assert_eq!(lines[9], "10 X-Amz-Expires          passed: \"60\"");
    assert_eq!(lines[10], "11 X-Amz-Signature        passed: 64 characters");
    assert_eq!(
        lines[16],
        "17 headers signed         FAILED: signs a header the verifier cannot supply: \"amz-sdk-request\""
    );
    assert!(
        lines[17]
            .trim_start()
            .starts_with("Sign `host` and the binding header only")
    );
    assert_eq!(
        lines[18],
        "18 STS endpoint           passed: \"sts.us-west-2.amazonaws.com\""
    );
    assert_eq!(lines.len(), 23);
}

#[test]
fn what_was_seen_before_a_failure_is_still_told_after_it() {
    let url = format!("{GOOD}&Action=GetCallerIdentity");
    let told = diagnose(&url).to_string();
    let length = format!(" 1 length                 passed: {} bytes", url.len());
    assert_eq!(told.lines().next(), Some(&*length));
}
