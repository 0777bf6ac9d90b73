//! Recorded answers of upstream.

use std::collections::BTreeMap;

use aws_auth_map::{Backend, BackendKind, IdentityMap, Reader, Resolution};
use iam_principal::Identity;
use serde::Deserialize;
use testkit::Report;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    q: Question,
    want: Option<Want>,
    error: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    #[serde(rename = "op")]
    _op: String,
    backends: Vec<Source>,
    identity: Caller,
    private_dns_name: Option<String>,
    #[serde(default)]
    reserved_prefixes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    mode: String,
    #[serde(default)]
    data: BTreeMap<String, String>,
    #[serde(default)]
    config: String,
    #[serde(default)]
    content: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Caller {
    arn: String,
    account: String,
    user_id: String,
    access_key_id: String,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Want {
    username: String,
    groups: Vec<String>,
    uid: String,
    backend: String,
}

fn ask(question: &Question) -> Resolution {
    let prefixes = || question.reserved_prefixes.iter().map(String::as_str);
    // Upstream treats a section that cannot be read as empty.
    let map = IdentityMap::new().with_unreadable_sections_skipped();
    let map = question.backends.iter().fold(map, |map, source| {
        let data = source
            .data
            .iter()
            .map(|(key, text)| (key.as_str(), text.as_str()));
        let (kind, (rules, _)) = match source.mode.as_str() {
            "EKSConfigMap" => (BackendKind::EksConfigMap, Reader::new().read_data(data)),
            "MountedFile" => (
                BackendKind::MountedFile,
                Reader::new().read_mounted_file(&source.config),
            ),
            "DynamicFile" => {
                let read = Reader::new().read_dynamic_file(&source.content);
                (BackendKind::DynamicFile, read.expect("not refused"))
            }
            other => panic!("a backend of mode {other}"),
        };
        let backend = Backend::new(kind, rules);
        map.with_backend(backend.with_reserved_prefixes(prefixes()))
    });
    let Caller {
        arn,
        account,
        user_id,
        access_key_id,
    } = &question.identity;
    let identity = Identity::new(arn, account, user_id)
        .expect("an identity")
        .with_access_key_id(access_key_id);
    // For the recording, EC2 answered an empty name if the case gives no name.
    map.resolve_instance(
        &identity,
        question.private_dns_name.as_deref().unwrap_or(""),
    )
}

#[test]
fn every_recorded_answer_of_upstream_is_ours() {
    let mut report = Report::new();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/resolve.jsonl");
    for vector in testkit::vectors::<Case>(path) {
        let case = &vector.case;
        let resolution = ask(&case.q);
        let got = match &resolution {
            Resolution::Mapped(mapped) => Ok(Want {
                username: mapped.user().username().to_owned(),
                groups: mapped.user().groups().to_vec(),
                uid: mapped.user().uid().to_owned(),
                backend: mapped.backend().as_str().to_owned(),
            }),
            Resolution::NotMapped => Err("not-mapped"),
            // Upstream's message is not stable enough to be compared.
            Resolution::Refused(_) => Err("*"),
        };
        let want = case
            .want
            .as_ref()
            .ok_or_else(|| case.error.as_deref().unwrap_or(""));
        report.check(&vector.name(), &got.as_ref().map_err(|why| *why), &want);
    }
    report.finish();
}
