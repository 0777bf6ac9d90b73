//! The grammar of the command line, and questions as data: `testdata/cases.toml`.

use std::collections::BTreeMap;

use clap::{CommandFactory as _, Parser as _};
use eks_access::{Cluster, Document};
use serde::Deserialize;

use crate::args::Args;
use crate::{ask, input, print, run};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    cluster: Vec<Documents>,
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Documents {
    name: String,
    documents: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    argv: String,
    cluster: Option<String>,
    #[serde(default)]
    files: Vec<String>,
    status: u8,
    #[serde(default)]
    prints: Vec<String>,
    #[serde(default)]
    not: Vec<String>,
}

const TESTDATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/eks-access/testdata");

fn parse(argv: &str) -> Args {
    let words = std::iter::once("eks-access").chain(argv.split_whitespace());
    Args::try_parse_from(words).unwrap()
}

#[test]
fn questions_are_answered_as_the_cases_say() {
    let file = std::fs::read_to_string(format!("{TESTDATA}/cases.toml")).unwrap();
    let file: File = toml::from_str(&file).unwrap();
    let mut failures = Vec::new();
    for case in &file.case {
        let args = parse(&case.argv);
        let mut documents: Vec<Document> = case
            .files
            .iter()
            .map(|name| {
                let text = std::fs::read_to_string(format!("{TESTDATA}/{name}")).unwrap();
                Document::new(name, text)
            })
            .collect();
        let clusters = file.cluster.iter();
        for cluster in clusters.filter(|one| Some(&one.name) == case.cluster.as_ref()) {
            let texts = cluster.documents.iter();
            documents.extend(texts.map(|(name, text)| Document::new(name, text)));
        }
        assert!(!documents.is_empty(), "{}: no documents", case.argv);
        let cluster = Cluster::from_documents(documents, &input::options(&args.common));
        let answer = ask::ask(&args.command, &args.common, &cluster);
        let printed = print::text(&answer, args.common.output);
        let all = format!("{printed}{}", answer.aside.join("\n"));
        if answer.status != case.status {
            failures.push(format!("{}: status {}\n{all}", case.argv, answer.status));
        }
        let missing = case.prints.iter().filter(|text| !all.contains(*text));
        failures.extend(missing.map(|text| format!("{}: lacks {text:?}\n{all}", case.argv)));
        let wrong = case.not.iter().filter(|text| all.contains(*text));
        failures.extend(wrong.map(|text| format!("{}: has {text:?}\n{all}", case.argv)));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn the_grammar_is_consistent() {
    Args::command().debug_assert();
}

#[test]
fn common_options_stand_before_or_after_the_command() {
    for argv in [
        "-f x -o json --dialect ours can --as bob get pods -n dev",
        "can --as bob get pods -n dev -f x -o json --dialect ours",
    ] {
        let args = parse(argv);
        assert_eq!(args.common.files.len(), 1, "{argv}");
        assert_eq!(args.common.output, crate::args::Output::Json, "{argv}");
    }
}

#[test]
fn a_question_without_files_has_no_answer() {
    assert_eq!(run(&parse("callers")).status, 2);
}

#[test]
fn a_file_that_is_not_there_is_no_answer_in_every_form() {
    for output in ["text", "json", "yaml"] {
        let answer = run(&parse(&format!("callers -f /no/such/file -o {output}")));
        assert_eq!(answer.status, 2, "{output}");
        assert!(!answer.aside.is_empty(), "{output}");
    }
}

#[test]
fn each_cluster_of_a_fleet_is_asked() {
    let fleet = std::env::temp_dir().join(format!("eks-access-fleet-{}", std::process::id()));
    let map = |group: &str| {
        format!(
            "mapUsers:\n- {{userarn: 'arn:aws:iam::111122223333:user/a', username: a, groups: ['{group}']}}\n"
        )
    };
    for (name, text) in [
        ("one", map("system:masters")),
        ("two", map("devs")),
        ("three", "Error from server (Forbidden): x".to_owned()),
    ] {
        std::fs::create_dir_all(fleet.join(name)).unwrap();
        std::fs::write(fleet.join(name).join("aws-auth.yaml"), text).unwrap();
    }
    let asked = "can arn:aws:iam::111122223333:user/a delete nodes --fleet";
    let answer = run(&parse(&format!("{asked} {}", fleet.display())));
    std::fs::remove_dir_all(&fleet).unwrap();
    assert_eq!(answer.status, 2);
    let clusters = &answer.data["clusters"];
    assert_eq!(clusters["one"]["verdict"], "yes");
    assert_eq!(clusters["two"]["verdict"], "no");
    assert_eq!(clusters["three"]["error"]["code"], "unreadable");
    assert!(answer.text.contains("# one\nyes: "), "{}", answer.text);
}

const AUDIT_LOG: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../crates/eks-access/testdata/audit_sample.jsonl"
);

#[test]
fn an_audit_log_gives_a_role_and_denied_requests() {
    let role = run(&parse(&format!(
        "audit {AUDIT_LOG} --for k8s-developer --name developer"
    )));
    assert_eq!(role.status, 0, "{:?}", role.aside);
    assert!(role.text.contains("kind: Role\n"), "{}", role.text);
    assert!(!role.text.contains("healthz"), "{}", role.text);
    let none = run(&parse(&format!("audit {AUDIT_LOG} --for eve")));
    assert_eq!((none.status, none.text.as_str()), (1, ""));
    let denied = run(&parse(&format!("audit --denied {AUDIT_LOG}")));
    assert_eq!(denied.status, 1);
    assert!(
        denied.text.contains("k8s-developer: get /metrics (1 times"),
        "{}",
        denied.text
    );
    assert_eq!(denied.data["denied"].as_array().map(Vec::len), Some(9));
    let users = run(&parse(&format!("audit {AUDIT_LOG}")));
    assert!(
        users.text.contains("k8s-developer: 13 allowed, 7 denied\n"),
        "{}",
        users.text
    );
    let missing = run(&parse(&format!("audit --unused {AUDIT_LOG}")));
    assert_eq!(missing.status, 2);
}

#[test]
fn logs_are_read_compressed_and_in_parts() {
    let directory = std::env::temp_dir().join(format!("eks-access-audit-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let text = std::fs::read_to_string(AUDIT_LOG).unwrap();
    let (one, other) = text.split_at(text.find("\n{").unwrap() + 1);
    let mut compressed = Vec::new();
    // Rotated logs that were joined have several members.
    for part in [one, other] {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut encoder, part.as_bytes()).unwrap();
        compressed.extend(encoder.finish().unwrap());
    }
    let file = |name: &str, bytes: &[u8]| {
        let path = directory.join(name);
        std::fs::write(&path, bytes).unwrap();
        path.display().to_string()
    };
    let gzip = file("log.gz", &compressed);
    let whole = run(&parse(&format!("audit {AUDIT_LOG}"))).text;
    assert_eq!(run(&parse(&format!("audit {gzip}"))).text, whole);
    let parts = [one, other].map(|part| {
        let log = file("part.log", part.as_bytes());
        let saved = run(&parse(&format!("audit --save {log}"))).text;
        file(&format!("{}.json", part.len()), saved.as_bytes())
    });
    let [one, other] = &parts;
    let merged = run(&parse(&format!("audit --part {one} --part {other}")));
    std::fs::remove_dir_all(&directory).unwrap();
    assert_eq!(merged.text, whole, "{:?}", merged.aside);
}
