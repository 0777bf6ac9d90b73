//! Every command of every program: a full disk is an error, and the command ends quietly if the
//! pipe is closed.

use std::fs::File;
use std::io;
use std::process::Stdio;

use crate::run::{self, AWS_AUTH, CREDENTIALS, RBAC, capture, command};

/// A command and its standard input.
struct Case {
    program: &'static str,
    arguments: Vec<&'static str>,
    input: String,
}

fn case(program: &'static str, arguments: &[&'static str]) -> Case {
    Case {
        program,
        arguments: arguments.to_vec(),
        input: String::new(),
    }
}

const AUDIT_LOG: &str = "crates/eks-access/testdata/audit_sample.jsonl";

/// A ConfigMap with warnings and errors.
const WITH_PROBLEMS: &str = "examples/offline/eks-access/testdata/17-empty-entry.yaml";

fn cases() -> Vec<Case> {
    let demo = ["--cluster-id", "demo", "--local-credentials", CREDENTIALS];
    let developer = "arn:aws:iam::111122223333:user/developer";
    let mut cases = vec![
        case("round_trip", &[]),
        case("round_trip", &["-o", "json"]),
        case("round_trip", &["--help"]),
        // The program prints all answers at one place, but each form of the output takes its own way there.
        case("eks-access", &["--help"]),
        case("eks-access", &["completions", "bash"]),
        case("eks-access", &["check", WITH_PROBLEMS]),
        case("eks-access", &["check", WITH_PROBLEMS, "-o", "json"]),
        case("eks-access", &["edit", "remove", developer, "-f", AWS_AUTH]),
        case("eks-access", &["audit", AUDIT_LOG]),
        case("signer", &["--help"]),
        case("signer", &["--cluster-id", "demo", "--region", "us-west-2"]),
        case("signer", &["--version"]),
        case("signer", &["kubeconfig", "--help"]),
        case(
            "signer",
            &["-i", "demo", "--region", "us-west-2", "--token-only"],
        ),
        case(
            "signer",
            &[
                "-i",
                "demo",
                "--region",
                "us-west-2",
                "--query",
                "status.token",
            ],
        ),
        case("guard", &["--help"]),
        case("guard", &["--version"]),
        case("sts", &["--help"]),
        case("sts", &["--version"]),
        case("verifier", &["--help"]),
        case("verifier", &["token", "--help"]),
        case("verifier", &["doctor", "--help"]),
        case("verifier", &["serve", "--help"]),
        case(
            "verifier",
            &[
                "doctor",
                "-i",
                "vault.example.com",
                "--binding-header",
                "x-vault-aws-iam-server-id",
                "--login",
                "examples/program/testdata/login.json",
                "--at",
                "2026-11-28T12:00:30Z",
                "--local-credentials",
                CREDENTIALS,
            ],
        ),
        case("verifier", &["--version"]),
        case("conformance", &["--help"]),
        Case {
            input: "{\"op\":\"token.encode\",\"url\":\"https://sts.amazonaws.com/\"}\n".to_owned(),
            ..case("conformance", &[])
        },
    ];
    let token = run::token();
    for arguments in [
        ["token"].iter().chain(&demo).copied().collect::<Vec<_>>(),
        ["token", "-o", "json", "--aws-auth", AWS_AUTH]
            .iter()
            .chain(&demo)
            .copied()
            .collect(),
        ["token", "--aws-auth", AWS_AUTH]
            .iter()
            .chain(&demo)
            .copied()
            .collect(),
        ["token", "-o", "json"]
            .iter()
            .chain(&demo)
            .copied()
            .collect(),
        // A refused token.
        ["token", "--region", "eu-west-1"]
            .iter()
            .chain(&demo)
            .copied()
            .collect(),
        ["doctor"].iter().chain(&demo).copied().collect(),
        ["doctor", "--cluster-id", "demo"].to_vec(),
    ] {
        cases.push(Case {
            input: token.clone(),
            ..case("verifier", &arguments)
        });
    }
    cases
}

#[test]
fn output_is_never_lost_in_silence() {
    let mut faults = Vec::new();
    for Case {
        program,
        arguments,
        input,
    } in cases()
    {
        let name = format!("{program} {}", arguments.join(" "));
        let normal = capture(program, &arguments, &input);
        let status = normal.status.code();
        if normal.stdout.is_empty() || !matches!(status, Some(0 | 1 | 3)) {
            faults.push(format!("{name}: {normal:?}"));
            continue;
        }
        let mut full = command(program, &arguments);
        full.stdout(File::options().write(true).open("/dev/full").unwrap())
            .stderr(Stdio::piped());
        let full = run::run(full, &input);
        if full.status.code() != Some(2) || !full.stderr.contains("No space left on device") {
            faults.push(format!("{name} > /dev/full: {full:?}"));
        }
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let mut closed = command(program, &arguments);
        closed.stdout(writer).stderr(Stdio::piped());
        let closed = run::run(closed, &input);
        if closed.status.code() != status || closed.stderr != normal.stderr {
            faults.push(format!("{name} | true: {closed:?}"));
        }
        if normal.stderr.is_empty() {
            continue;
        }
        // A lost standard error changes nothing else.
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let mut silent = command(program, &arguments);
        silent.stdout(Stdio::piped()).stderr(writer);
        let silent = run::run(silent, &input);
        if silent.status.code() != status {
            faults.push(format!("{name} 2>&-: {silent:?}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn an_error_that_cannot_be_printed_is_still_the_status() {
    for (program, arguments) in [
        ("round_trip", ["--rbac"].as_slice()),
        ("eks-access", &["check", "/nonexistent"]),
        ("signer", &["--no-such-flag"]),
        ("sts", &["--credentials", "/nonexistent"]),
        (
            "guard",
            &[
                "--cluster-id",
                "demo",
                "--local-credentials",
                "/nonexistent",
                "--aws-auth",
                AWS_AUTH,
                "--rbac",
                RBAC,
            ],
        ),
        ("verifier", &["token"]),
        ("verifier", &["doctor"]),
        (
            "verifier",
            &["serve", "-i", "demo", "--aws-auth", "/nonexistent"],
        ),
        ("conformance", &["--no-such-flag"]),
    ] {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let mut failing = command(program, arguments);
        failing.stdout(Stdio::piped()).stderr(writer);
        let ended = run::run(failing, "");
        assert_eq!(ended.status.code(), Some(2), "{program}: {ended:?}");
    }
}

#[test]
fn a_file_without_an_end_is_refused() {
    let demo = ["--cluster-id", "demo"];
    for (program, arguments) in [
        ("eks-access", ["check", "/dev/zero"].to_vec()),
        ("sts", ["--credentials", "/dev/zero"].to_vec()),
        (
            "guard",
            [
                [
                    "--local-credentials",
                    "/dev/zero",
                    "--aws-auth",
                    AWS_AUTH,
                    "--rbac",
                    RBAC,
                ]
                .as_slice(),
                &demo,
            ]
            .concat(),
        ),
        (
            "guard",
            [
                [
                    "--local-credentials",
                    CREDENTIALS,
                    "--aws-auth",
                    "/dev/zero",
                    "--rbac",
                    RBAC,
                ]
                .as_slice(),
                &demo,
            ]
            .concat(),
        ),
        (
            "verifier",
            [["serve", "--aws-auth", "/dev/zero"].as_slice(), &demo].concat(),
        ),
        (
            "verifier",
            [["doctor", "--login", "/dev/zero"].as_slice(), &demo].concat(),
        ),
        (
            "verifier",
            [
                ["token", "--local-credentials", "/dev/zero"].as_slice(),
                &demo,
            ]
            .concat(),
        ),
        (
            "verifier",
            [["token", "--token-file", "/dev/zero"].as_slice(), &demo].concat(),
        ),
        (
            "round_trip",
            [
                ["--credentials", "/dev/zero", "--aws-auth", AWS_AUTH].as_slice(),
                &demo,
            ]
            .concat(),
        ),
    ] {
        let ended = capture(program, &arguments, "");
        assert_eq!(ended.status.code(), Some(2), "{program}: {ended:?}");
        // A watched file must be a regular file. The size of other files is bounded.
        let reasons = ["longer than", "it is not a regular file"];
        let is_named = reasons.iter().any(|reason| ended.stderr.contains(reason));
        assert!(is_named, "{program}: {ended:?}");
    }
}
