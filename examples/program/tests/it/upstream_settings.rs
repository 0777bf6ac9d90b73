//! `verifier` with the settings of aws-iam-authenticator: its unchanged configuration files, and its flags.

use std::fs;

use crate::run::{self, AWS_AUTH, ROOT, capture};
use crate::webhook::{Directory, LOCAL, Verifier};

/// Returns the path of one of upstream's configuration files.
fn file(name: &str) -> String {
    format!("{ROOT}examples/program/testdata/upstream/{name}")
}

/// Each file is read unchanged: `check` reports problems of the rules, and none of the settings.
#[test]
fn upstreams_configuration_files_are_read_unchanged() {
    let directory = Directory::new("upstream-files");
    let dynamic = directory.write("dynamic.json", "{\"mapRoles\":[],\"mapUsers\":[]}");
    let modes = directory.write(
        "modes.json",
        "{\"backendMode\":\"MountedFile DynamicFile\"}",
    );
    for (name, flags, expected) in [
        (
            "authenticator.yaml",
            vec![],
            vec!["--kubeconfig and --master have no effect"],
        ),
        (
            "authenticator_with_dynamicfile_mode.yaml",
            vec!["--dynamic-file", &dynamic, "--backend-mode-file", &modes],
            vec!["--kubeconfig and --master have no effect"],
        ),
        ("example.yaml", vec![], vec![]),
        (
            "full.yaml",
            vec![],
            vec!["--ec2-describeInstances-role-arn has no effect: this build does not ask EC2"],
        ),
    ] {
        let path = file(name);
        let ended = capture(
            "verifier",
            &[&["check", "--config", &path], &flags[..]].concat(),
            "",
        );
        assert!(
            matches!(ended.status.code(), Some(0 | 1)),
            "{name}: {ended:?}"
        );
        for line in ended.stdout.lines() {
            let is_expected = expected.iter().any(|part| line.starts_with(part));
            let is_of_rules = line.starts_with("MountedFile (") && line.contains("mapRoles");
            assert!(
                is_expected || is_of_rules || line == "no problems",
                "{name}: {line}"
            );
        }
        for part in expected {
            assert!(ended.stdout.contains(part), "{name}: {part}: {ended:?}");
        }
    }
}

/// The faults in a file, and the output of `check` and `serve` about each. aws-iam-authenticator 0.7.18 refuses the
/// marked files. In the other files it takes one of two keys, ignores the second document, or accepts the empty value.
const REFUSED_FILES: [(&str, &str); 17] = [
    // Upstream refuses.
    (
        "clusterID: demo\nclusterID: prod\n",
        "the file (line 2, column 1): `clusterID` appears twice, first in line 1;",
    ),
    (
        "clusterID: demo\nclusterid: prod\n",
        "the file (line 2, column 1): `clusterID` appears twice, first in line 1;",
    ),
    // Upstream refuses.
    (
        "clusterID: demo\nserver:\n  mapUsers: []\nserver:\n  mapUsers: []\n",
        "the file (line 4, column 1): `server` appears twice, first in line 2;",
    ),
    (
        "clusterID: demo\nserver:\n  mapUsers: []\nServer:\n  mapUsers: []\n",
        "the file (line 4, column 1): `server` appears twice, first in line 2;",
    ),
    (
        "clusterID: demo\nserver:\n  mapUsers: []\n  mapusers: []\n",
        "server.mapUsers (line 4, column 3): `mapUsers` appears twice, first in line 3;",
    ),
    (
        "clusterID: demo\nserver: {mapUsers: []}\n---\nserver: {mapUsers: []}\n",
        "a second document after `---`, which aws-iam-authenticator does not read",
    ),
    ("clusterID: demo\n---\n[}{\n", "line 3"),
    // Upstream refuses.
    ("clusterID: [x]\n", "clusterID: expected text, not a list"),
    // Upstream refuses.
    (
        "clusterID: demo\nserver: [x]\n",
        "server: expected a mapping, not a list",
    ),
    // Upstream refuses.
    (
        "clusterID: demo\nserver: {partition: [x]}\n",
        "server.partition: expected text, not a list",
    ),
    (
        "clusterID: demo\nserver: {stateDir: {a: b}}\n",
        "server.stateDir: expected text, not a mapping",
    ),
    (
        "clusterID: demo\nserver: {dynamicfileUserIDStrict: [true]}\n",
        "server.dynamicfileUserIDStrict: expected true or false, not a list",
    ),
    // Upstream refuses.
    (
        "clusterID: demo\nserver: {backendMode: [MountedFile, [CRD]]}\n",
        "server.backendMode: expected a list of backends",
    ),
    // Upstream refuses.
    (
        "clusterID: demo\nserver: {backendMode: []}\n",
        "server.backendMode: expected a list of backends",
    ),
    // Upstream refuses.
    (
        "clusterID: demo\nserver: {backendMode: ['MountedFile,CRD']}\n",
        "server.backendMode: expected the backends apart",
    ),
    // Upstream refuses.
    (
        "clusterID: demo\nserver: {backendMode: 'MountedFile,CRD'}\n",
        "server.backendMode: expected the backends apart",
    ),
    // Upstream refuses.
    (
        "clusterID: demo\nserver: {reservedPrefixConfig: [x]}\n",
        "server.reservedPrefixConfig (line 2, column 33): not read, so the file cannot be read;",
    ),
];

#[test]
fn a_file_that_is_unclear_does_not_start_the_webhook() {
    let directory = Directory::new("upstream-unclear");
    for (text, why) in REFUSED_FILES {
        let path = directory.write("unclear.yaml", text);
        for command in ["check", "serve"] {
            let ended = capture("verifier", &[command, "--config", &path], "");
            assert_eq!(ended.status.code(), Some(2), "{text}: {ended:?}");
            let expected = format!("{path}: {why}");
            let is_there = match why {
                "line 3" => ended.stderr.contains(why),
                _ => ended.stderr.contains(&expected),
            };
            assert!(is_there, "{text}: {ended:?}");
        }
    }
}

/// The arguments of upstream's `DaemonSet` (`deploy/example.yaml`), with flags before the subcommand as cobra
/// accepts them. The certificate and the kubeconfig are made at the first start, and then kept.
#[test]
fn upstreams_arguments_start_the_webhook() {
    let directory = Directory::new("upstream-arguments");
    let config = file("example.yaml");
    let state = format!("--state-dir={}", directory.path("state"));
    let kubeconfig = directory.path("kubeconfig.yaml");
    let generate = format!("--generate-kubeconfig={kubeconfig}");
    let arguments = [&LOCAL[2..], &["--config", &config, &state, &generate]].concat();
    let certificate = || fs::read_to_string(directory.path("state/cert.pem")).unwrap();
    let verifier = Verifier::start(&arguments);
    let text = fs::read_to_string(&kubeconfig).unwrap();
    let server = format!(
        "server: \"https://localhost:{}/authenticate\"",
        verifier.port
    );
    assert!(text.contains(&server), "{text}");
    assert!(
        text.contains("certificate-authority-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS"),
        "{text}"
    );
    let first = certificate();
    drop(verifier);
    let kept = [&arguments[..], &["--kubeconfig-pregenerated=true"]].concat();
    let _verifier = Verifier::start(&kept);
    assert_eq!(certificate(), first);
    // The port differs, but the file is still the file of the first start.
    assert_eq!(fs::read_to_string(&kubeconfig).unwrap(), text);
}

#[test]
fn upstreams_flags_and_variables_are_taken() {
    let before = [
        "-i",
        "demo",
        "-v",
        "Warning",
        "--log-format=json",
        "--feature-gates",
        "SSORoleMatch=true",
    ];
    let check = ["check", "--aws-auth", AWS_AUTH];
    let ended = capture("verifier", &[&before[..], &check].concat(), "");
    assert_eq!(ended.stdout, "no problems\n", "{ended:?}");
    let mut command = run::command("verifier", &[&["-i", "demo"], &check[..]].concat());
    command
        .env("AWS_IAM_AUTHENTICATOR_LOG_VERBOSITY", "panic")
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let ended = run::run(command, "");
    assert_eq!(ended.stdout, "no problems\n", "{ended:?}");
    for (arguments, status, why) in [
        (
            vec![
                "check",
                "-i",
                "demo",
                "--feature-gates",
                "SSORoleMatch=false,AllAlpha=1",
            ],
            1,
            "--feature-gates SSORoleMatch=false has no effect: rules for SSO roles match",
        ),
        (
            vec!["check", "-i", "demo", "--feature-gates", "Other=true"],
            2,
            "Other=true: unknown feature gate",
        ),
        (
            vec![
                "check",
                "-i",
                "demo",
                "--backend-mode",
                "MountedFile,EKSConfigMap",
                "--kubeconfig",
                "/x",
            ],
            2,
            "the backend EKSConfigMap without --aws-auth needs a program that was built with the feature `kube`",
        ),
        (
            vec!["check", "-i", "demo", "--backend-mode", "MountedFil,CRD"],
            2,
            "--backend-mode: MountedFil,CRD: unknown backend",
        ),
        (
            vec![
                "check",
                "-i",
                "demo",
                "--backend-mode",
                "CRD",
                "--master",
                "https://x",
            ],
            2,
            "the backend CRD without --identity-mappings needs",
        ),
        (
            vec!["-i", "demo", "doctor", "-i", "demo"],
            2,
            "--cluster-id before the subcommand is for serve and check",
        ),
    ] {
        let ended = capture("verifier", &arguments, "");
        assert_eq!(
            ended.status.code(),
            Some(status),
            "{arguments:?}: {ended:?}"
        );
        let printed = format!("{}{}", ended.stdout, ended.stderr);
        assert!(printed.contains(why), "{arguments:?}: {ended:?}");
    }
}

/// The dynamic file may be written after the start, as upstream allows. Until then there is no answer, which
/// kube-apiserver does not remember.
#[test]
fn the_dynamic_file_may_come_later() {
    let directory = Directory::new("dynamic-later");
    let file = directory.path("dynamic.json");
    let flags = [&LOCAL[..], &["--dynamic-file", &file]].concat();
    let mut verifier = Verifier::start_at(&flags, "rules not applied");
    verifier.line("listening on");
    let token = run::token();
    let token = token.trim();
    let before = verifier.review(token);
    assert!(before.starts_with("HTTP/1.1 500"), "{before}");
    let rules = r#"{"mapUsers": [{"userarn": "arn:aws:iam::111122223333:user/developer", "username": "dev"}]}"#;
    directory.write("dynamic.json", rules);
    verifier.line("rules applied");
    let after = verifier.review_without(token, "HTTP/1.1 500");
    assert!(after.contains(r#""username":"dev""#), "{after}");
}

/// Without the feature, rules of nodes cannot be applied, and the log says so at the start.
#[test]
fn a_build_that_does_not_ask_ec2_says_which_one_does() {
    let mut verifier = Verifier::start_at(
        &[&LOCAL[..], &["--aws-auth", AWS_AUTH]].concat(),
        "cannot join: this build does not ask EC2",
    );
    verifier.line("listening on");
}
