//! The command `audit`.

use super::{Directory, TESTDATA, VIEW, check, parse};
use crate::run;

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
        denied.text.contains("k8s-developer: get /metrics (once"),
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

/// A log without any event would make every rule unused, and every user idle.
#[test]
fn a_log_without_an_event_is_no_answer() {
    let dir = Directory::new("audit-without-events");
    for (name, text) in [
        ("empty.log", ""),
        ("object.log", "{}\n"),
        ("message.log", "Error from server (Forbidden): x\n"),
    ] {
        let log = dir.file(name, text);
        for rest in ["", "--denied", "--for eve", "--unused -f 04-new.yaml"] {
            let answer = super::answer(&format!("audit {log} {rest}"));
            assert_eq!(answer.status, 2, "{name} {rest}: {}", answer.text);
            assert!(
                answer.aside[0].contains("no answer: the log "),
                "{:?}",
                answer.aside
            );
        }
    }
}

/// The question may be about an event that could not be read.
#[test]
fn nothing_found_in_a_log_that_is_incomplete_is_no_answer() {
    let text = std::fs::read_to_string(AUDIT_LOG).unwrap();
    let allowed = text.lines().filter(|line| line.contains(r#""allow""#));
    let whole: String = allowed.map(|line| format!("{line}\n")).collect();
    let cut = format!("{whole}{}\n", whole.get(..100).unwrap());
    let path = std::env::temp_dir().join(format!("eks-access-cut-{}.log", std::process::id()));
    let ask = |text: &str, rest: &str| {
        std::fs::write(&path, text).unwrap();
        let answer = run(&parse(&format!("audit {} {rest}", path.display())));
        (answer.status, answer.text.is_empty())
    };
    let cluster = &format!("--unused -f {TESTDATA}/04-new.yaml");
    let answers = [
        ask(&whole, "--denied"),
        ask(&cut, "--denied"),
        ask(&cut, "--for eve"),
        ask(&whole, "--for k8s-developer"),
        ask(&cut, "--for k8s-developer"),
        ask(&whole, cluster),
        ask(&cut, cluster),
        ask(&cut, ""),
    ];
    std::fs::remove_file(&path).unwrap();
    let expected = [
        (0, false),
        (2, true),
        (2, true),
        (0, false),
        (2, false),
        (1, false),
        (2, false),
        (0, false),
    ];
    assert_eq!(answers, expected);
}

#[test]
fn logs_are_read_compressed_and_in_parts() {
    let directory = std::env::temp_dir().join(format!("eks-access-audit-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let text = std::fs::read_to_string(AUDIT_LOG).unwrap();
    let (one, other) = text.split_at(text.find("\n{").unwrap() + 1);
    let mut compressed = Vec::new();
    // If rotated logs are joined, the gzip file has several members.
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
        let log = crate::audit::part(&parse(&format!("audit --save {log}")));
        let mut saved = Vec::new();
        crate::audit::write_part(&log.unwrap().unwrap(), &mut saved).unwrap();
        file(&format!("{}.json", part.len()), &saved)
    });
    let [one, other] = &parts;
    let merged = run(&parse(&format!("audit --part {one} --part {other}")));
    std::fs::remove_dir_all(&directory).unwrap();
    assert_eq!(merged.text, whole, "{:?}", merged.aside);
    for (line, want) in [
        ("audit --save", "give an audit log"),
        ("audit --save x.log -o sarif", "choose text, json or yaml"),
    ] {
        let why = crate::audit::part(&parse(line)).unwrap().unwrap_err();
        assert!(why.contains(want), "{why}");
    }
}

#[test]
fn findings_of_a_log_are_printed_for_other_tools() {
    let dir = Directory::new("audit-findings");
    let rbac = dir.file("rbac.yaml", &format!("---\n{VIEW}"));
    let sarif = run(&parse(&format!(
        "audit {AUDIT_LOG} --unused -f {rbac} -o sarif"
    )));
    assert_eq!(sarif.status, 1, "{:?}", sarif.aside);
    let results = sarif.data["runs"][0]["results"].as_array().unwrap();
    let of_file: Vec<_> = results
        .iter()
        .filter(|one| !one["locations"][0]["physicalLocation"]["region"].is_null())
        .collect();
    assert!(!of_file.is_empty(), "{results:#?}");
    // A rule without a place is shown at the log.
    let physical = |one: &serde_json::Value| one["locations"][0]["physicalLocation"].is_object();
    assert!(results.iter().all(physical), "{results:#?}");
    for one in of_file {
        assert_eq!(one["ruleId"], "unused-rule");
        // The role is in the default policy, and the binding is in the file.
        let region = &one["locations"][0]["physicalLocation"]["region"];
        assert_eq!(region["startLine"], 2, "{one}");
    }
    let denied = format!("audit {AUDIT_LOG} --denied");
    for (output, text) in [
        ("github", "::warning title=denied-request"),
        ("junit", "<testsuites name=\"eks-access audit\">"),
        ("markdown", "denied-request"),
        ("sarif", "\"denied-request\""),
    ] {
        check(&format!("{denied} -o {output}"), 1, &[text]);
    }
    for output in ["sarif", "markdown"] {
        check(
            &format!("audit {AUDIT_LOG} -o {output}"),
            2,
            &["the findings of --denied and --unused"],
        );
    }
}

#[test]
fn each_cluster_of_a_fleet_has_its_logs() {
    let dir = Directory::new("audit-fleet");
    let text = std::fs::read_to_string(AUDIT_LOG).unwrap();
    let (one, other) = text.split_at(text.find("\n{").unwrap() + 1);
    for (name, text) in [
        ("one/a.log", one),
        ("one/b.jsonl", other),
        ("one/rbac.yaml", VIEW),
        ("two/a.log", one),
        ("two/rbac.yaml", VIEW),
        ("three/x.yaml", VIEW),
    ] {
        let directory = dir.0.join(name).with_file_name("");
        std::fs::create_dir_all(directory).unwrap();
        dir.file(name, text);
    }
    let fleet = dir.0.display();
    let whole = run(&parse(&format!("audit {AUDIT_LOG}")));
    let users = run(&parse(&format!("audit --fleet {fleet}")));
    assert_eq!(users.status, 2);
    let clusters = &users.data["clusters"];
    assert_eq!(clusters["one"]["users"], whole.data["users"]);
    assert_eq!(clusters["two"]["events"]["requests"], 1);
    assert_eq!(clusters["three"]["error"]["code"], "audit");
    let named = run(&parse(&format!("audit b.jsonl --fleet {fleet} -o json")));
    let requests = |name: &str| named.data["clusters"][name]["events"]["requests"].as_u64();
    assert_eq!((requests("one"), requests("two")), (Some(27), None));
    let roles = run(&parse(&format!(
        "audit a.log --for k8s-developer --fleet {fleet}"
    )));
    assert!(roles.text.starts_with("# one\n"), "{}", roles.text);
    check(
        &format!("audit --unused --fleet {fleet} -o markdown"),
        2,
        &["# one\n", "unused-rule"],
    );
}
