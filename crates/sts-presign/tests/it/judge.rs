use serde::Deserialize;
use sts_presign::{Error, MAX_URL_LEN, Param};
use testkit::Report;

use crate::support::{GOOD, NOW, accept, at, judge, policy};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Case {
    name: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    also_from: String,
    #[serde(default)]
    also_to: String,
    #[serde(default)]
    append: String,
    #[serde(default)]
    prepend: String,
    #[serde(default)]
    all: bool,
    error: String,
}

#[derive(Deserialize)]
struct Cases {
    case: Vec<Case>,
}

impl Case {
    fn url(&self) -> String {
        assert!(
            GOOD.contains(&self.from),
            "{}: nothing to replace",
            self.name
        );
        let times = if self.all { usize::MAX } else { 1 };
        let changed = match self.from.as_str() {
            "" => GOOD.to_owned(),
            from => GOOD.replacen(from, &self.to, times),
        };
        let changed = match self.also_from.as_str() {
            "" => changed,
            from => changed.replacen(from, &self.also_to, 1),
        };
        format!("{}{changed}{}", self.prepend, self.append)
    }
}

fn cases() -> Vec<Case> {
    testkit::toml::<Cases>(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/testdata/refused.toml"
    ))
    .case
}

#[test]
fn the_good_url_is_accepted() {
    let accepted = judge(GOOD).unwrap();
    assert_eq!(accepted.access_key_id(), "AKIDEXAMPLE");
    assert_eq!(accepted.endpoint().region(), "us-west-2");
    assert_eq!(accepted.signed_at(), at("2023-04-28T00:00:00Z"));
    assert_eq!(accepted.expires_at(), at("2023-04-28T00:15:00Z"));
}

#[test]
fn each_attack_fails_at_its_own_check() {
    let mut report = Report::new();
    for case in cases() {
        let got = judge(&case.url())
            .map(|_| "accepted")
            .map_err(|e| format!("{e:?}"));
        report.check(&case.name, &got, &Err(case.error));
    }
    report.finish();
}

#[test]
fn the_cases_reach_every_check_of_a_url() {
    let reached: Vec<String> = cases().into_iter().map(|case| case.error).collect();
    for code in [
        "AccessKeyId",
        "Action",
        "Algorithm",
        "BindingHeaderAsParameter",
        "BindingHeaderNotSigned",
        "CredentialScope",
        "Date",
        "DuplicateParameter",
        "EmptyParameter",
        "Expired",
        "Expires",
        "ForbiddenByte",
        "Host",
        "HostNotSigned",
        "HostPartition",
        "MissingParameter",
        "NotHttps",
        "NotYetValid",
        "Pair",
        "ParameterSpelling",
        "Path",
        "PercentEncoding",
        "Port",
        "ScopeDate",
        "ScopeRegion",
        "Signature",
        "SignedHeaders",
        "UnknownParameter",
        "UnsuppliableHeader",
        "Value",
        "Version",
    ] {
        let name = |error: &String| error.split(['(', ' ']).next() == Some(code);
        assert!(reached.iter().any(name), "no case reaches {code}");
    }
}

/// The order of the front page: a URL that fails at two checks is refused for the earlier one.
#[test]
fn the_first_failing_check_is_the_one_reported() {
    let steps: [(&str, &str, Error); 16] = [
        ("https://", "http://", Error::NotHttps),
        (".com/", ".com:443/", Error::Port),
        (
            "?Action",
            "?action",
            Error::ParameterSpelling(Param::Action),
        ),
        ("Identity", "Identities", Error::Action),
        ("2011", "2012", Error::Version),
        ("SHA256", "SHA512", Error::Algorithm),
        ("Expires=60", "Expires=901", Error::Expires),
        ("=d052", "=D052", Error::Signature),
        ("host%3Bx", "x%3Bhost%3Bx", Error::SignedHeaders),
        ("T000000Z", "T000060Z", Error::Date),
        ("aws4_request", "aws3_request", Error::CredentialScope),
        ("AKID", "AK-ID", Error::AccessKeyId),
        ("2F20230428", "2F20230427", Error::ScopeDate),
        ("%3Bx-k8s-aws-id", "", Error::BindingHeaderNotSigned),
        ("//sts.", "//s3.", Error::Host),
        ("%2Fus-west-2", "%2Fus-west-1", Error::ScopeRegion),
    ];
    for (i, (from, to, error)) in steps.iter().enumerate() {
        let mut url = GOOD.replacen(from, to, 1);
        for (from, to, _) in steps.iter().skip(i + 1) {
            url = url.replacen(from, to, 1);
        }
        assert_eq!(judge(&url).unwrap_err(), *error, "{url}");
    }
}

/// Comparing two numbers is cheaper than looking at a host, and hundreds of stale tokens are seen for
/// one that is wrong.
#[test]
fn the_window_is_checked_before_headers_host_and_region() {
    let wrong = GOOD
        .replacen("%3Bx-k8s-aws-id", "", 1)
        .replacen("//sts.", "//s3.", 1);
    let policy = policy("test-cluster", "aws");
    let error = |now: &str| accept(&wrong, &policy, at(now)).unwrap_err();
    assert_eq!(error("2023-04-28T00:15:01Z"), Error::Expired { seconds: 1 });
    assert_eq!(
        error("2023-04-27T23:54:59Z"),
        Error::NotYetValid { seconds: 1 }
    );
    assert_eq!(error(NOW), Error::BindingHeaderNotSigned);
}

#[test]
fn length_is_checked_before_everything_else() {
    let url = format!("{GOOD}&X-Amz-Security-Token=");
    let longest = format!("{url}{}", "a".repeat(MAX_URL_LEN - url.len()));
    assert!(judge(&longest).is_ok());
    assert_eq!(judge(&format!("{longest}@")).unwrap_err(), Error::TooLong);
}

#[test]
fn the_window_opens_five_minutes_before_signing_and_closes_fifteen_after() {
    let policy = policy("test-cluster", "aws");
    let error = |now: &str| accept(GOOD, &policy, at(now)).err();
    assert_eq!(
        error("2023-04-27T23:54:59Z"),
        Some(Error::NotYetValid { seconds: 1 })
    );
    assert_eq!(error("2023-04-27T23:55:00Z"), None);
    assert_eq!(error("2023-04-28T00:15:00Z"), None);
    assert_eq!(
        error("2023-04-28T00:15:01Z"),
        Some(Error::Expired { seconds: 1 })
    );
}

#[test]
fn the_window_can_be_narrowed_but_not_widened() {
    let narrow = policy("test-cluster", "aws")
        .with_clock_skew(0)
        .with_max_age(60);
    assert!(accept(GOOD, &narrow, at("2023-04-27T23:59:59Z")).is_err());
    assert!(accept(GOOD, &narrow, at(NOW)).is_ok());
    assert_eq!(
        accept(GOOD, &narrow, at(NOW)).unwrap().expires_at(),
        at(NOW)
    );
    assert!(accept(GOOD, &narrow, at("2023-04-28T00:01:01Z")).is_err());
    let wide = policy("test-cluster", "aws").with_max_age(3600);
    assert!(accept(GOOD, &wide, at("2023-04-28T00:15:01Z")).is_err());
}

#[test]
fn expires_has_no_other_effect() {
    for expires in ["0", "1", "60", "900"] {
        let url = GOOD.replace("Expires=60", &format!("Expires={expires}"));
        let last = at("2023-04-28T00:15:00Z");
        assert!(
            accept(&url, &policy("test-cluster", "aws"), last).is_ok(),
            "{expires}"
        );
    }
}

#[test]
fn regions_can_be_restricted() {
    let one = policy("test-cluster", "aws").with_regions(["us-west-2".to_owned()]);
    assert!(accept(GOOD, &one, at(NOW)).is_ok());
    let other = policy("test-cluster", "aws").with_regions(["eu-west-1".to_owned()]);
    assert_eq!(
        accept(GOOD, &other, at(NOW)).unwrap_err(),
        Error::RegionNotAllowed
    );
}

#[test]
fn what_is_sent_is_what_was_judged() {
    let lower_case_hex = GOOD.replace("%2F", "%2f").replace("%3B", "%3b");
    for url in [GOOD, &lower_case_hex] {
        let request = judge(url).unwrap().to_http();
        assert_eq!(request.method(), "GET");
        assert_eq!(request.uri().to_string(), GOOD);
        assert_eq!(request.headers()["x-k8s-aws-id"], "test-cluster");
        assert_eq!(request.headers()["accept"], "application/json");
        assert_eq!(request.headers().len(), 2);
    }
}

#[test]
fn nothing_secret_is_printed() {
    let url = format!("{GOOD}&X-Amz-Security-Token=SESSIONTOKEN");
    let accepted = judge(&url).unwrap();
    let printed = format!(
        "{accepted:?} {:?}",
        sts_presign::PresignedUrl::parse(&url).unwrap()
    );
    assert!(printed.contains("AKIDEXAMPLE"));
    assert!(
        !printed.contains("d052bda1") && !printed.contains("SESSIONTOKEN"),
        "{printed}"
    );
}
