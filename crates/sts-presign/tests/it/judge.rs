use serde::Deserialize;
use sts_presign::{Byte, Error, MAX_URL_LEN, Param};
use testkit::Report;

use crate::support::{GOOD, NOW, accept, at, judge, policy};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Case {
    pub(crate) name: String,
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
    #[serde(default)]
    attack: Vec<u8>,
    pub(crate) divergence: Option<String>,
    error: String,
}

#[derive(Deserialize)]
struct Cases {
    case: Vec<Case>,
}

impl Case {
    pub(crate) fn url(&self) -> String {
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

pub(crate) fn cases() -> Vec<Case> {
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
    let [binding] = accepted.binding() else {
        panic!("bound by {:?}", accepted.binding());
    };
    assert_eq!(
        (binding.name(), binding.value()),
        ("x-k8s-aws-id", "test-cluster")
    );
    assert_eq!(accepted.signed_at(), at("2023-04-28T00:00:00Z"));
    assert_eq!(accepted.expires_at(), at("2023-04-28T00:15:00Z"));
}

fn check(cases: &[Case]) {
    let mut report = Report::new();
    for case in cases {
        let got = judge(&case.url())
            .map(|_| "accepted")
            .map_err(|e| format!("{e:?}"));
        report.check(&case.name, &got, &Err(case.error.clone()));
    }
    report.finish();
}

#[test]
fn each_case_fails_at_its_own_check() {
    check(&cases());
}

/// The cases of one attack of `attacks.toml`.
#[track_caller]
fn attack(number: u8) {
    let of_it = |case: &Case| case.attack.contains(&number);
    let cases: Vec<Case> = cases().into_iter().filter(of_it).collect();
    assert!(cases.len() > 1, "nothing is tried");
    check(&cases);
}

#[test]
fn attack_01_parameters_twice_or_in_two_spellings() {
    attack(1);
}

#[test]
fn attack_02_letters_that_unicode_folds_into_ascii() {
    attack(2);
}

#[test]
fn attack_03_another_action() {
    attack(3);
}

#[test]
fn attack_04_the_binding_header_is_not_signed() {
    attack(4);
}

/// Another order of parameters, or hexadecimal digits in lower case, does not make a second request.
/// (`eks-token` tests that each URL has one token.)
#[test]
fn attack_06_every_copy_of_a_token_is_the_same_request() {
    let (base, query) = GOOD.split_once('?').unwrap();
    let mut pairs: Vec<&str> = query.split('&').collect();
    let sent = |url: &str| judge(url).unwrap().to_http().uri().to_string();
    for _ in 0..pairs.len() {
        pairs.rotate_left(1);
        let url = format!("{base}?{}", pairs.join("&"));
        assert_eq!(sent(&url), GOOD);
        assert_eq!(sent(&url.replace("%2F", "%2f").replace("%3B", "%3b")), GOOD);
        assert_eq!(
            sent(&url.replace("%2F", "/").replace("AKID", "%41KI%44")),
            GOOD
        );
    }
}

#[test]
fn attack_07_userinfo() {
    attack(7);
}

#[test]
fn attack_08_a_fragment() {
    attack(8);
}

#[test]
fn attack_09_a_port() {
    attack(9);
}

#[test]
fn attack_10_a_final_dot_or_upper_case_in_the_host() {
    attack(10);
}

#[test]
fn attack_11_a_look_alike_host() {
    attack(11);
}

#[test]
fn attack_12_text_that_whatwg_parsers_normalize() {
    attack(12);
}

#[test]
fn attack_13_text_that_http_uri_accepts() {
    attack(13);
}

#[test]
fn attack_14_control_characters() {
    attack(14);
}

#[test]
fn attack_15_pairs_that_parsers_disagree_about() {
    attack(15);
}

/// After one decoding a `%2F` is left, which is not a separator.
#[test]
fn attack_16_double_encoding() {
    let url = GOOD.replacen("%2F", "%252F", 1);
    assert_eq!(judge(&url).unwrap_err(), Error::CredentialScope);
    let url = GOOD.replace("%2F", "%252F");
    assert_eq!(judge(&url).unwrap_err(), Error::CredentialScope);
    // A value with a literal `%` is encoded once and decodes to itself.
    let token = "a%252Fb%2525";
    let sent = judge(&format!("{GOOD}&X-Amz-Security-Token={token}")).unwrap();
    let sent = sent.to_http().uri().to_string();
    assert!(
        sent.contains(&format!("X-Amz-Security-Token={token}&")),
        "{sent}"
    );
}

#[test]
fn attack_17_another_partition() {
    attack(17);
}

#[test]
fn attack_18_a_scope_that_contradicts_the_rest() {
    attack(18);
}

#[test]
fn attack_19_another_algorithm() {
    attack(19);
}

#[test]
fn attack_20_dates_that_do_not_exist_or_are_far_away() {
    attack(20);
}

#[test]
fn attack_21_expiries_that_are_not_plain_numbers() {
    attack(21);
}

#[test]
fn attack_22_signatures_in_another_form() {
    attack(22);
}

/// The work is linear in the size; `benches/accept.rs` has the times.
#[test]
fn attack_24_size_is_checked_before_everything_else() {
    assert_eq!(
        judge(&"%".repeat(MAX_URL_LEN + 1)).unwrap_err(),
        Error::TooLong
    );
    assert_eq!(
        judge(&"%".repeat(MAX_URL_LEN)).unwrap_err(),
        Error::NotHttps
    );
    let bomb = format!("{GOOD}&X-Amz-Security-Token={}", "%25".repeat(5_000));
    assert!(judge(&bomb).is_ok());
    let bomb = format!("{GOOD}&X-Amz-Security-Token={}%", "%25".repeat(5_000));
    assert_eq!(judge(&bomb).unwrap_err(), Error::PercentEncoding);
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
        "UnsuppliedHeader",
        "Value",
        "Version",
    ] {
        let name = |error: &String| error.split(['(', ' ']).next() == Some(code);
        assert!(reached.iter().any(name), "no case reaches {code}");
    }
}

/// The order of the front page: a URL that fails two checks is refused for the earlier check.
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

/// Comparing two numbers is cheaper than looking up a host, and stale tokens are far more frequent than any
/// other bad token.
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
fn the_longest_url_is_accepted() {
    let url = format!("{GOOD}&X-Amz-Security-Token=");
    let longest = format!("{url}{}", "a".repeat(MAX_URL_LEN - url.len()));
    assert!(judge(&longest).is_ok());
    assert_eq!(judge(&format!("{longest}@")).unwrap_err(), Error::TooLong);
}

#[test]
fn the_window_opens_five_minutes_before_signing_and_closes_fifteen_after() {
    let policy = policy("test-cluster", "aws");
    let accepted = accept(GOOD, &policy, at(NOW)).unwrap();
    let error = |now: &str| {
        let error = accept(GOOD, &policy, at(now)).err();
        assert_eq!(policy.check_time(&accepted, at(now)).err(), error);
        error
    };
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
    let one = policy("test-cluster", "aws").with_regions(["us-west-2"]);
    assert!(accept(GOOD, &one, at(NOW)).is_ok());
    let other = policy("test-cluster", "aws").with_regions(["eu-west-1"]);
    assert_eq!(
        accept(GOOD, &other, at(NOW)).unwrap_err(),
        Error::RegionNotAllowed
    );
}

#[test]
fn the_sent_request_is_the_accepted_one() {
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
fn a_url_has_its_claims() {
    let url = sts_presign::PresignedUrl::parse(GOOD).unwrap();
    assert_eq!(url.host(), "sts.us-west-2.amazonaws.com");
    assert_eq!(url.access_key_id(), "AKIDEXAMPLE");
    assert_eq!(url.region(), "us-west-2");
    assert_eq!(url.signed_at().to_rfc3339(), "2023-04-28T00:00:00Z");
    let signed: Vec<&str> = url.signed_headers().collect();
    assert_eq!(signed, ["host", "x-k8s-aws-id"]);
}

#[test]
fn attack_30_nothing_secret_is_printed() {
    let url = format!("{GOOD}&X-Amz-Security-Token=SESSIONTOKEN");
    let accepted = judge(&url).unwrap();
    let parsed = sts_presign::PresignedUrl::parse(&url).unwrap();
    for printed in [format!("{accepted:?}"), format!("{parsed:?}")] {
        assert!(printed.contains("AKIDEXAMPLE"), "{printed}");
        assert!(
            !printed.contains("d052bda1") && !printed.contains("SESSIONTOKEN"),
            "{printed}"
        );
    }
}

/// One error of each variant.
pub(crate) fn every_error() -> Vec<Error> {
    vec![
        Error::AccessKeyId,
        Error::Action,
        Error::Algorithm,
        Error::Authorization,
        Error::BindingHeaderAsParameter,
        Error::BindingHeaderNotSigned,
        Error::BindingHeaderValue,
        Error::Body,
        Error::ForwardedValue,
        Error::ClusterId,
        Error::CredentialScope,
        Error::Date,
        Error::DuplicateHeader,
        Error::DuplicateParameter(Param::Action),
        Error::EmptyParameter(Param::Action),
        Error::EndpointTable,
        Error::Expired { seconds: 1 },
        Error::Expires,
        Error::ForbiddenByte(Byte::At),
        Error::HeaderName,
        Error::HeaderValue,
        Error::Host,
        Error::HostHeader,
        Error::HostPartition,
        Error::HostNotSigned,
        Error::Method,
        Error::MissingParameter(Param::Action),
        Error::NotHttps,
        Error::NotYetValid { seconds: 1 },
        Error::Pair,
        Error::ParameterSpelling(Param::Action),
        Error::Path,
        Error::PercentEncoding,
        Error::Port,
        Error::PostPath,
        Error::ReadersDisagree,
        Error::RegionNotAllowed,
        Error::ScopeDate,
        Error::ScopeRegion,
        Error::Signature,
        Error::SignedHeaders,
        Error::TooLong,
        Error::UnknownParameter,
        Error::Unsigned,
        Error::UnsignedHeader,
        Error::UnsuppliedHeader,
        Error::Value(Param::Action),
        Error::Version,
    ]
}

#[test]
fn each_kind_of_forbidden_byte_has_its_own_sentence() {
    let kinds = [
        Byte::At,
        Byte::Control,
        Byte::Fragment,
        Byte::NonAscii,
        Byte::Other,
        Byte::Plus,
        Byte::Semicolon,
        Byte::Space,
    ];
    let said = kinds.map(|byte| Error::ForbiddenByte(byte).to_string());
    for sentence in &said {
        assert!(sentence.starts_with("the URL has a"), "{sentence}");
        assert_eq!(said.iter().filter(|other| *other == sentence).count(), 1);
    }
}

/// The texts of every error, for people and for programs.
#[test]
fn codes_are_kebab_case_and_unique_messages_and_advice_are_sentences() {
    let all = every_error();
    let mut codes = std::collections::BTreeSet::new();
    for error in &all {
        let (code, message, advice) = (error.code(), error.to_string(), error.advice());
        let kebab = |b: u8| matches!(b, b'a'..=b'z' | b'-');
        assert!(!code.is_empty() && code.bytes().all(kebab), "{code}");
        assert!(codes.insert(code), "{code} twice");
        assert!(
            !message.ends_with('.') && !message.contains('\n'),
            "{message}"
        );
        assert!(
            message.starts_with(|c: char| c.is_lowercase() || c == '`'),
            "{message}"
        );
        assert!(
            advice.ends_with('.') && advice.len() > 12,
            "{code}: {advice}"
        );
    }
    assert_eq!(codes.len(), all.len());
}
