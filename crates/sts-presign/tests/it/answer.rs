//! Responses of STS: the cases of `testdata/answers.toml`, and tests that no case can express.

use http::Response;
use iam_principal::{Identity, Partition};
use serde::Deserialize;
use sts_presign::{AnswerError, AnswerFailure, MAX_ANSWER_LEN, Refusal, read_identity};
use testkit::Report;

const GOOD: &str = r#"{"GetCallerIdentityResponse":{"GetCallerIdentityResult":{
    "Account":"111122223333","Arn":"arn:aws:sts::111122223333:assumed-role/dev/s",
    "UserId":"AROAEXAMPLE:s"},"ResponseMetadata":{"RequestId":"r"}}}"#;

const JSON: &str = "application/json";

#[derive(Deserialize)]
struct Cases {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Case {
    pub(crate) name: String,
    attack: Option<u8>,
    pub(crate) divergence: Option<String>,
    #[serde(default = "ok")]
    status: u16,
    r#type: Option<String>,
    encoding: Option<String>,
    body: String,
    arn: Option<String>,
    user_id: Option<String>,
    error: Option<String>,
}

const fn ok() -> u16 {
    200
}

impl Case {
    pub(crate) fn read(&self) -> Result<Identity, AnswerError> {
        let mut answer = Response::builder().status(self.status);
        if let Some(content_type) = &self.r#type {
            answer = answer.header("content-type", content_type);
        }
        if let Some(encoding) = &self.encoding {
            answer = answer.header("content-encoding", encoding);
        }
        read_identity(&answer.body(&self.body).unwrap(), Partition::Aws)
    }
}

pub(crate) fn cases() -> Vec<Case> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/answers.toml");
    testkit::toml::<Cases>(path).case
}

fn read(status: u16, content_type: &str, body: &str) -> Result<Identity, AnswerError> {
    let answer = Response::builder()
        .status(status)
        .header("content-type", content_type);
    read_identity(&answer.body(body).unwrap(), Partition::Aws)
}

#[test]
fn each_response_of_sts_is_read() {
    let mut report = Report::new();
    for case in cases().iter().filter(|case| case.error.is_none()) {
        let got = case.read().map(|identity| {
            let facts = (identity.arn(), identity.raw_user_id());
            (facts.0.to_owned(), facts.1.to_owned())
        });
        let want = (case.arn.clone().unwrap(), case.user_id.clone().unwrap());
        report.check(&case.name, &got, &Ok(want));
    }
    report.finish();
}

/// Every case of one attack is refused, each for its own reason.
#[track_caller]
fn attack(number: u8) {
    let mut report = Report::new();
    for case in cases().iter().filter(|case| case.attack == Some(number)) {
        let error = case.read().map(|identity| identity.arn().to_owned());
        let error = error.map_err(|error| format!("{error:?}"));
        report.check(&case.name, &error, &Err(case.error.clone().unwrap()));
    }
    report.finish();
}

#[test]
fn attack_25_anything_but_one_whole_document_has_no_caller() {
    attack(25);
}

#[test]
fn attack_26_contradictory_facts_have_no_caller() {
    attack(26);
}

#[test]
fn attack_27_only_a_refusal_in_stss_own_words_is_about_the_caller() {
    attack(27);
}

#[test]
fn attack_27_failures_and_refusals_have_different_types() {
    // A match has to treat both; there is no third variant and no default.
    let remembered = |error: AnswerError| match error {
        AnswerError::Refused(Refusal::SignatureDoesNotMatch) => Some("refused"),
        AnswerError::Refused(_) => Some("refused otherwise"),
        AnswerError::Failed(_) => None,
    };
    let body = r#"{"Error":{"Code":"SignatureDoesNotMatch","Type":"Sender"}}"#;
    assert_eq!(
        remembered(read(403, JSON, body).unwrap_err()),
        Some("refused")
    );
    for status in [200, 302, 404, 429, 500, 503] {
        assert_eq!(remembered(read(status, JSON, body).unwrap_err()), None);
    }
}

#[test]
fn attack_25_a_caller_of_another_partition_is_refused() {
    let cn = GOOD.replacen("arn:aws:", "arn:aws-cn:", 1);
    let answer = Response::builder().header("content-type", JSON).body(cn);
    let answer = answer.unwrap();
    assert!(read_identity(&answer, Partition::AwsCn).is_ok());
    for partition in Partition::ALL {
        if partition != Partition::AwsCn {
            let got = read_identity(&answer, partition);
            assert_eq!(got, Err(AnswerFailure::Partition.into()), "{partition}");
        }
    }
}

#[test]
fn the_content_type_is_declared_once() {
    let twice = Response::builder()
        .header("content-type", JSON)
        .header("content-type", JSON);
    assert_eq!(
        read_identity(&twice.body(GOOD).unwrap(), Partition::Aws),
        Err(AnswerFailure::ContentType.into())
    );
    let plain = Response::builder()
        .header("content-type", JSON)
        .header("content-encoding", "identity");
    assert!(read_identity(&plain.body(GOOD).unwrap(), Partition::Aws).is_ok());
}

#[test]
fn attack_25_length_is_checked_before_everything_else() {
    let longest = format!("{GOOD}{}", " ".repeat(MAX_ANSWER_LEN - GOOD.len()));
    assert!(read(200, JSON, &longest).is_ok());
    let too_long = format!("{longest} ");
    for status in [200, 403, 500] {
        let got = read(status, JSON, &too_long);
        assert_eq!(got, Err(AnswerFailure::TooLong.into()));
    }
}

#[test]
fn attack_25_invalid_utf8_is_malformed() {
    for (content_type, body) in [(JSON, &b"{\"\xff\":1}"[..]), ("text/xml", b"<\xff/>")] {
        let answer = Response::builder().header("content-type", content_type);
        let got = read_identity(&answer.body(body).unwrap(), Partition::Aws);
        assert_eq!(got, Err(AnswerFailure::Malformed.into()));
    }
}

#[test]
fn every_failure_has_a_code_and_a_sentence() {
    for (error, code, sentence) in [
        (
            AnswerFailure::Throttled.into(),
            "throttled",
            "STS throttled the request",
        ),
        (
            AnswerFailure::Unavailable {
                status: 503,
                fault: None,
            }
            .into(),
            "sts-error",
            "STS failed with status 503",
        ),
        (
            AnswerFailure::UnexpectedStatus {
                status: 404,
                fault: None,
            }
            .into(),
            "sts-error",
            "STS answered with the unexpected status 404",
        ),
        (
            read(403, JSON, r#"{"Error":{"Code":"RegionDisabledException"}}"#).unwrap_err(),
            "sts-error",
            "STS answered with the unexpected status 403 (RegionDisabledException)",
        ),
        (
            AnswerFailure::Malformed.into(),
            "malformed-response",
            "the response of STS is not one GetCallerIdentityResponse",
        ),
        (
            AnswerFailure::Inconsistent(iam_principal::Error::UserId).into(),
            "inconsistent-response",
            "the response of STS contradicts itself: the user id does not fit the kind of principal",
        ),
        (
            AnswerFailure::Partition.into(),
            "partition",
            "the caller belongs to another partition than this verifier",
        ),
        (
            AnswerFailure::Redirected.into(),
            "redirected",
            "the response of STS is a redirect",
        ),
        (
            AnswerFailure::TooLong.into(),
            "response-too-long",
            "the response of STS is longer than 65536 bytes",
        ),
        (
            AnswerError::Refused(Refusal::ExpiredToken),
            "expired-session-token",
            "STS refused the request: ExpiredToken",
        ),
    ] {
        assert_eq!((error.code(), error.to_string().as_str()), (code, sentence));
    }
}
