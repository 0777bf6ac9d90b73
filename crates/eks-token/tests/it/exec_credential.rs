use eks_token::Token;
use eks_token::exec_credential::{ApiVersion, ExecCredential, Warning};
use serde::Deserialize;
use testkit::Report;

#[derive(Deserialize)]
struct File {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    info: String,
    version: String,
    warning: Option<String>,
    #[serde(default = "yes")]
    #[expect(dead_code, reason = "documents whether awscli does the same")]
    awscli: bool,
}

const fn yes() -> bool {
    true
}

#[test]
fn the_version_is_the_one_that_awscli_answers_in() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/exec_info.toml");
    let mut report = Report::new();
    for case in testkit::toml::<File>(path).case {
        let got = ApiVersion::requested(Some(&case.info));
        let version = format!("client.authentication.k8s.io/{}", case.version);
        report.check(&case.name, &got.version().as_str(), &version.as_str());
        let warning = got.warning().map(|warning| format!("{warning:?}"));
        report.check(&case.name, &warning, &case.warning);
    }
    report.finish();
}

#[test]
fn a_warning_says_what_to_do_or_what_was_done() {
    for (warning, words) in [
        (Warning::Deprecated, "write v1 in its `exec` section"),
        (
            Warning::Malformed,
            "KUBERNETES_EXEC_INFO is not a JSON object",
        ),
        (Warning::UnknownVersion, "names no known apiVersion"),
    ] {
        assert!(
            warning.to_string().contains(words),
            "{warning:?}: {warning}"
        );
    }
}

#[test]
fn an_unset_variable_means_v1beta1() {
    let got = ApiVersion::requested(None);
    assert_eq!((got.version(), got.warning()), (ApiVersion::V1Beta1, None));
}

/// Recorded from awscli 1.46.3, with the token and time replaced. awscli adds an empty line.
#[test]
fn the_document_is_written_as_awscli_writes_it() {
    let token = Token::parse("k8s-aws-v1.aHR0cHM6Ly94Lw").unwrap();
    let mut written = Vec::new();
    ExecCredential::new(ApiVersion::V1Beta1, &token, "2026-11-23T21:33:33Z")
        .write_json(&mut written)
        .unwrap();
    let expected = r#"{
    "kind": "ExecCredential",
    "apiVersion": "client.authentication.k8s.io/v1beta1",
    "spec": {},
    "status": {
        "expirationTimestamp": "2026-11-23T21:33:33Z",
        "token": "k8s-aws-v1.aHR0cHM6Ly94Lw"
    }
}
"#;
    assert_eq!(String::from_utf8(written).unwrap(), expected);
}

#[test]
fn text_that_json_escapes_is_escaped() {
    let token = Token::parse("k8s-aws-v1.\"\n").unwrap();
    let mut written = Vec::new();
    ExecCredential::new(ApiVersion::V1, &token, "\\")
        .write_json(&mut written)
        .unwrap();
    let read: serde_json::Value = serde_json::from_slice(&written).unwrap();
    assert_eq!(read["status"]["token"], "k8s-aws-v1.\"\n");
    assert_eq!(read["status"]["expirationTimestamp"], "\\");
}

#[test]
fn debug_of_the_document_shows_all_but_the_token() {
    let token = Token::parse("k8s-aws-v1.aHR0cHM6Ly94Lw").unwrap();
    let document = ExecCredential::new(ApiVersion::V1, &token, "2026-11-23T21:33:33Z");
    assert_eq!(
        format!("{document:?}"),
        "ExecCredential { version: V1, token: Token([redacted]), \
         expiration_timestamp: \"2026-11-23T21:33:33Z\" }"
    );
}
