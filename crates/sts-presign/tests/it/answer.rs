use http::Response;
use iam_principal::{Error as PrincipalError, Partition};
use sts_presign::{AnswerError, MAX_ANSWER_LEN, Refusal, read_identity};
use testkit::Report;

const GOOD: &str = r#"{"GetCallerIdentityResponse":{"GetCallerIdentityResult":{
    "Account":"111122223333","Arn":"arn:aws:sts::111122223333:assumed-role/dev/s",
    "UserId":"AROAEXAMPLE:s"},"ResponseMetadata":{"RequestId":"r"}}}"#;

const JSON: &str = "application/json";

fn read(status: u16, content_type: &str, body: &str) -> Result<String, AnswerError> {
    let answer = Response::builder()
        .status(status)
        .header("content-type", content_type);
    let answer = answer.body(body.to_owned()).unwrap();
    read_identity(&answer, Partition::Aws).map(|identity| identity.arn().to_owned())
}

#[test]
fn the_one_document_is_read() {
    let arn = "arn:aws:sts::111122223333:assumed-role/dev/s";
    assert_eq!(read(200, JSON, GOOD).as_deref(), Ok(arn));
    assert_eq!(
        read(200, "Application/JSON; charset=utf-8", GOOD).as_deref(),
        Ok(arn)
    );
}

#[test]
fn anything_but_one_whole_document_is_malformed() {
    let mut report = Report::new();
    let twice = GOOD.replacen(
        r#""Account":"111122223333","#,
        r#""Account":"111122223333","Account":"444455556666","#,
        1,
    );
    for (name, body) in [
        ("empty", String::new()),
        ("cut short", GOOD.strip_suffix("}").unwrap().to_owned()),
        ("two documents", format!("{GOOD}{GOOD}")),
        ("key twice", twice),
        (
            "unknown key",
            GOOD.replacen("\"Account\"", "\"X\":1,\"Account\"", 1),
        ),
        (
            "key in lower case",
            GOOD.replacen("\"Account\"", "\"account\"", 1),
        ),
        (
            "no result",
            r#"{"GetCallerIdentityResponse":{}}"#.to_owned(),
        ),
        (
            "result in a list",
            GOOD.replacen("Result\":{", "Result\":[{", 1)
                .replacen("},", "}],", 1),
        ),
        (
            "values in a list",
            r#"{"GetCallerIdentityResponse":{"GetCallerIdentityResult":
                ["111122223333","arn:aws:iam::111122223333:user/alice","AIDAEXAMPLE"]}}"#
                .to_owned(),
        ),
        ("HTML", "<html></html>".to_owned()),
        (
            "account a number",
            GOOD.replacen("\"111122223333\"", "111122223333", 1),
        ),
    ] {
        report.check(name, &read(200, JSON, &body), &Err(AnswerError::Malformed));
    }
    report.finish();
}

#[test]
fn facts_that_contradict_each_other_are_refused() {
    for (from, to, error) in [
        (
            "\"111122223333\"",
            "\"444455556666\"",
            PrincipalError::AccountMismatch,
        ),
        (
            "AROAEXAMPLE:s",
            "AROAEXAMPLE:t",
            PrincipalError::SessionMismatch,
        ),
        ("AROAEXAMPLE:s", "AROAEXAMPLE", PrincipalError::UserId),
        (
            "arn:aws:sts",
            "arn:moon:sts",
            PrincipalError::UnknownPartition,
        ),
        ("assumed-role/dev/s", "user/dev", PrincipalError::Resource),
    ] {
        let got = read(200, JSON, &GOOD.replacen(from, to, 1));
        assert_eq!(got, Err(AnswerError::Inconsistent(error)), "{to}");
    }
    let other = GOOD.replacen("arn:aws:sts", "arn:aws-cn:sts", 1);
    assert_eq!(read(200, JSON, &other), Err(AnswerError::Partition));
}

#[test]
fn statuses_are_told_apart_and_only_a_refusal_speaks_of_the_caller() {
    let refused = |code: &str| {
        format!(r#"{{"Error":{{"Code":"{code}","Message":"m","Type":"Sender"}},"RequestId":"r"}}"#)
    };
    let mut report = Report::new();
    for (status, body, error) in [
        (
            403,
            refused("SignatureDoesNotMatch"),
            AnswerError::Refused(Refusal::SignatureDoesNotMatch),
        ),
        (
            403,
            refused("ExpiredToken"),
            AnswerError::Refused(Refusal::ExpiredToken),
        ),
        (
            403,
            refused("InvalidClientTokenId"),
            AnswerError::Refused(Refusal::InvalidClientTokenId),
        ),
        (400, refused("Throttling"), AnswerError::Throttled),
        (400, refused("ThrottlingException"), AnswerError::Throttled),
        (429, String::new(), AnswerError::Throttled),
        (
            503,
            "busy".to_owned(),
            AnswerError::Unavailable { status: 503 },
        ),
        (
            500,
            refused("SignatureDoesNotMatch"),
            AnswerError::Unavailable { status: 500 },
        ),
        (302, GOOD.to_owned(), AnswerError::Redirected),
        (
            403,
            "<html>proxy</html>".to_owned(),
            AnswerError::UnexpectedStatus { status: 403 },
        ),
        (
            403,
            refused("SomethingNew"),
            AnswerError::UnexpectedStatus { status: 403 },
        ),
        (
            204,
            String::new(),
            AnswerError::UnexpectedStatus { status: 204 },
        ),
        (
            201,
            GOOD.to_owned(),
            AnswerError::UnexpectedStatus { status: 201 },
        ),
    ] {
        report.check(
            &format!("{status} {body}"),
            &read(status, JSON, &body),
            &Err(error),
        );
    }
    report.finish();
}

#[test]
fn the_content_type_is_json_once() {
    assert_eq!(read(200, "text/xml", GOOD), Err(AnswerError::ContentType));
    assert_eq!(
        read(200, "application/jsonp", GOOD),
        Err(AnswerError::ContentType)
    );
    let answer = Response::builder().body(GOOD.to_owned()).unwrap();
    assert_eq!(
        read_identity(&answer, Partition::Aws),
        Err(AnswerError::ContentType)
    );
    let answer = Response::builder()
        .header("content-type", JSON)
        .header("content-type", JSON);
    let answer = answer.body(GOOD.to_owned()).unwrap();
    assert_eq!(
        read_identity(&answer, Partition::Aws),
        Err(AnswerError::ContentType)
    );
}

#[test]
fn length_is_checked_before_everything_else() {
    let longest = format!("{GOOD}{}", " ".repeat(MAX_ANSWER_LEN - GOOD.len()));
    assert!(read(200, JSON, &longest).is_ok());
    assert_eq!(
        read(500, "", &format!("{longest} ")),
        Err(AnswerError::TooLong)
    );
}
