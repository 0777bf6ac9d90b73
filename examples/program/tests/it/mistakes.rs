//! Mistakes of a person who sets up the verifier. Each mistake gives one message with its place.

use std::process::Stdio;

use crate::run::{self, AWS_AUTH, Ended, capture};
use crate::webhook::Directory;

/// Runs the verifier with variables of the environment.
fn with_variables(arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
    let mut command = run::command("verifier", arguments);
    command
        .envs(variables.iter().copied())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    run::run(command, "")
}

/// For a name that cannot be reached, or that a certificate or a URL cannot have, no file is made.
#[test]
fn init_makes_nothing_that_kube_apiserver_cannot_use() {
    let directory = Directory::new("hostname");
    let state = directory.path("state");
    let alone = "expected a DNS name or an IP address alone";
    for (flag, value, why) in [
        ("--hostname", "", alone),
        ("--hostname", "https://webhook", alone),
        ("--hostname", "webhook:21362", alone),
        ("--hostname", "[::1]", alone),
        ("--hostname", "a b", alone),
        ("--hostname", "*.example.com", alone),
        ("--hostname", "0.0.0.0", "the address that stands for all"),
        ("--hostname", "::", "the address that stands for all"),
        ("--port", "0", "not in 1..=65535"),
    ] {
        let flag = format!("{flag}={value}");
        let ended = capture("verifier", &["init", "--state-dir", &state, &flag], "");
        assert_eq!(ended.status.code(), Some(2), "{flag}: {ended:?}");
        assert!(ended.stderr.contains(why), "{flag}: {ended:?}");
        assert!(!std::path::Path::new(&state).exists(), "{flag}");
    }
    // `serve` and `check` use the name only for the kubeconfig that they write.
    let kubeconfig = directory.path("kubeconfig");
    for command in ["serve", "check"] {
        let line = [
            command,
            "-i",
            "demo",
            "--aws-auth",
            AWS_AUTH,
            "--hostname",
            "a b",
            "--state-dir",
            &state,
            "--generate-kubeconfig",
            &kubeconfig,
        ];
        let ended = capture("verifier", &line, "");
        assert!(!ended.status.success(), "{command}: {ended:?}");
        assert!(format!("{ended:?}").contains(alone), "{command}: {ended:?}");
    }
}

/// A certificate that is kept must match the key and the name.
#[test]
fn init_reports_a_certificate_that_it_keeps_and_cannot_be_used() {
    let directory = Directory::new("kept");
    let init = |state: &str, name: &str| {
        capture(
            "verifier",
            &["init", "--state-dir", state, "--hostname", name],
            "",
        )
    };
    // Unless the name is set, `serve` uses another name for the webhook than `init`.
    let made = directory.path("made");
    let first = capture("verifier", &["init", "--state-dir", &made], "");
    assert!(first.status.success(), "{first:?}");
    let kubeconfig = directory.path("kubeconfig");
    let check = [
        "check",
        "-i",
        "demo",
        "--aws-auth",
        AWS_AUTH,
        "--state-dir",
        &made,
        "--generate-kubeconfig",
        &kubeconfig,
    ];
    let ended = capture("verifier", &check, "");
    assert!(
        ended.stdout.contains("cannot connect by `localhost`"),
        "{ended:?}"
    );
    let named = capture(
        "verifier",
        &[&check[..], &["--hostname", "127.0.0.1"]].concat(),
        "",
    );
    assert!(named.status.success(), "{named:?}");
    let (one, two) = (directory.path("one"), directory.path("two"));
    assert!(init(&one, "localhost").status.success());
    assert!(init(&two, "localhost").status.success());
    let renamed = init(&one, "other.example.com");
    assert!(renamed.status.success(), "{renamed:?}");
    let named = "it is not of `other.example.com`";
    assert!(renamed.stderr.contains(named), "{renamed:?}");
    let same = init(&one, "localhost");
    assert!(!same.stderr.contains("it is not of"), "{same:?}");
    std::fs::copy(format!("{one}/cert.pem"), format!("{two}/cert.pem")).unwrap();
    for (spoiled, why) in [
        (&two, "the certificate is of another key"),
        (&directory.write("file", ""), "it is not a directory"),
    ] {
        let ended = init(spoiled, "localhost");
        assert_eq!(ended.status.code(), Some(2), "{ended:?}");
        assert!(ended.stderr.contains(why), "{ended:?}");
    }
    std::fs::write(format!("{two}/key.pem"), "junk").unwrap();
    let ended = init(&two, "localhost");
    assert!(
        ended.stderr.contains("key.pem: not a private key in PEM"),
        "{ended:?}"
    );
}

/// Words of the programs that `signer` and `verifier` replace, or of the other of the two.
#[test]
fn a_word_of_another_program_is_answered_with_what_to_write() {
    for (program, line, tip) in [
        (
            "verifier",
            "token -i demo extra",
            "`signer --cluster-name NAME` prints one",
        ),
        (
            "verifier",
            "token --region us-west-2 -r role -i demo",
            "`signer --cluster-name NAME` prints one",
        ),
        (
            "verifier",
            "-i demo token",
            "`signer --cluster-name NAME` prints one",
        ),
        (
            "verifier",
            "token -i demo",
            "`signer --cluster-name NAME --token-only` prints one",
        ),
        (
            "verifier",
            "eks get-token --cluster-name demo",
            "`signer --cluster-name NAME` prints a token",
        ),
        (
            "verifier",
            "verify -t x -i demo",
            "`verifier token` verifies a token",
        ),
        ("verifier", "add role --rolearn x", "`eks-access edit`"),
        ("verifier", "version", "`verifier --version`"),
        ("verifier", "kubeconfig -i demo", "`signer kubeconfig`"),
        (
            "signer",
            "eks update-kubeconfig --name demo",
            "`signer kubeconfig --cluster-name NAME`",
        ),
        (
            "signer",
            "-i demo kubeconfig",
            "`signer kubeconfig --cluster-name NAME`",
        ),
        (
            "signer",
            "verify -t x -i demo",
            "`verifier token` verifies a token",
        ),
        ("signer", "server -c x", "`verifier serve` is the webhook"),
        ("signer", "version", "`signer --version`"),
        ("signer", "help kubeconfig", "`signer kubeconfig --help`"),
    ] {
        let words: Vec<&str> = line.split(' ').collect();
        let ended = capture(program, &words, "");
        assert_eq!(ended.status.code(), Some(2), "{program} {line}: {ended:?}");
        assert!(ended.stderr.contains(tip), "{program} {line}: {ended:?}");
    }
}

/// `check` reports once each setting that `serve` would refuse.
#[test]
fn a_mistake_in_the_settings_is_reported_once() {
    let directory = Directory::new("mistakes");
    let empty = directory.write("empty", "");
    let junk = directory.write("junk.yaml", "not rules\n");
    let missing = directory.path("missing");
    let state = directory.path("");
    for (arguments, part) in [
        (vec!["--aws-auth", &*missing], "there is no such file"),
        (vec!["--aws-auth", &empty], "it is empty"),
        (vec!["--aws-auth", &junk], "not the ConfigMap"),
        (vec!["--aws-auth", AWS_AUTH, "--rbac", &empty], "is empty"),
        (
            vec!["--aws-auth", AWS_AUTH, "--kubernetes-version", "9"],
            "--kubernetes-version: 9",
        ),
        (
            vec![
                "--aws-auth",
                AWS_AUTH,
                "--state-dir",
                &state,
                "--generate-kubeconfig",
                &state,
            ],
            "--generate-kubeconfig",
        ),
        (vec![], "no rules: set --aws-auth"),
    ] {
        for (command, status) in [("serve", 2), ("check", 1)] {
            let line = [&[command, "-i", "demo"], arguments.as_slice()].concat();
            let ended = capture("verifier", &line, "");
            assert_eq!(ended.status.code(), Some(status), "{line:?}: {ended:?}");
            let text = format!("{}{}", ended.stdout, ended.stderr);
            assert_eq!(text.matches(part).count(), 1, "{line:?}: {ended:?}");
        }
    }
    // A time of 0 would fail every request.
    for flag in [
        "--header-timeout",
        "--body-timeout",
        "--idle-timeout",
        "--handshake-timeout",
        "--sts-deadline",
        "--sts-attempt-timeout",
        "--sts-connect-timeout",
    ] {
        let ended = capture("verifier", &["check", "-i", "demo", flag, "0s"], "");
        assert!(
            ended.stderr.contains("expected a time above 0"),
            "{flag}: {ended:?}"
        );
    }
}

/// `check` may run as another user than `serve`. A file that belongs to this user would not help
/// `serve`.
#[test]
fn check_writes_nothing() {
    let directory = Directory::new("writes-nothing");
    let state = directory.path("state");
    let line = [
        "check",
        "-i",
        "demo",
        "--aws-auth",
        AWS_AUTH,
        "--state-dir",
        &state,
    ];
    let ended = capture("verifier", &line, "");
    assert!(ended.status.success(), "{ended:?}");
    assert!(!std::path::Path::new(&state).exists());
    let file = directory.write("file", "");
    let line = [
        "check",
        "-i",
        "demo",
        "--aws-auth",
        AWS_AUTH,
        "--state-dir",
        &file,
    ];
    let ended = capture("verifier", &line, "");
    assert!(ended.stdout.contains("it is not a directory"), "{ended:?}");
}

/// The library accepts new regions by their form, so a misspelled region can look like a new
/// region.
#[test]
fn a_region_that_may_not_exist_is_named() {
    let line = ["check", "-i", "demo", "--aws-auth", AWS_AUTH, "--region"];
    for (region, is_known) in [
        ("us-west-2", true),
        ("us-west-22", false),
        ("eu-wets-1", false),
    ] {
        let ended = capture("verifier", &[&line[..], &[region]].concat(), "");
        assert_eq!(ended.status.success(), is_known, "{ended:?}");
        assert_eq!(
            ended.stdout.contains("not among the regions"),
            !is_known,
            "{ended:?}"
        );
    }
}

/// As for aws-iam-authenticator, an empty variable counts as not set.
#[test]
fn a_value_from_the_environment_is_named_by_its_variable() {
    let level = "AWS_IAM_AUTHENTICATOR_LOG_VERBOSITY";
    let cluster = "KUBERNETES_AWS_AUTHENTICATOR_CLUSTER_ID";
    let check = ["check", "--aws-auth", AWS_AUTH];
    let ended = with_variables(&check, &[(level, ""), (cluster, "demo")]);
    assert!(ended.status.success(), "{ended:?}");
    let ended = with_variables(&check, &[(cluster, "")]);
    assert!(
        ended.stdout.contains("--cluster-id is required"),
        "{ended:?}"
    );
    let ended = with_variables(&check, &[(level, "loud"), (cluster, "demo")]);
    let note = format!("The value is that of the variable {level}.");
    assert!(ended.stderr.contains(&note), "{ended:?}");
    let ended = with_variables(&["check", "-v", "louder"], &[(level, "loud")]);
    assert!(!ended.stderr.contains("variable"), "{ended:?}");
}

/// A message may be in a log, so it repeats no password, token or signature, wherever a person wrote it.
#[test]
fn an_error_of_the_command_line_repeats_no_secret() {
    let check = ["check", "-i", "demo", "--aws-auth", AWS_AUTH];
    let url = "http://user:hunter2@proxy.example.com";
    let kubeconfig = [
        "kubeconfig",
        "-i",
        "demo",
        "--endpoint",
        "https://x",
        "--ca",
        "x",
    ];
    for (program, line, rest, said) in [
        (
            "verifier",
            &check[..],
            &["--sts-proxy", "socks5://user:hunter2@proxy"][..],
            "'…' for '--sts-proxy <PROXY>'",
        ),
        (
            "verifier",
            &check,
            &["--sts-proxy=user:hunter2@proxy:3128"],
            "expected none, environment, or a URL",
        ),
        (
            "verifier",
            &check,
            &["--sts-proxy", "http://user:hunter2@[proxy"],
            "--sts-proxy",
        ),
        (
            "verifier",
            &check,
            &["--master", "https://user:hun ter2@api"],
            "'…' for '--master <URL>'",
        ),
        (
            "verifier",
            &check,
            &["--traces-endpoint", "https://user:hun\tter2@otel"],
            "'…' for '--traces-endpoint <URL>'",
        ),
        (
            "verifier",
            &check,
            &["--sts-proxy", "none", url],
            "'http://…@proxy.example.com'",
        ),
        ("verifier", &check, &["--sts-prxy", url], "'--sts-prxy'"),
        ("verifier", &check, &["--audiense", url], "'--audiense'"),
        (
            "verifier",
            &["token", "-i", "demo"],
            &["k8s-aws-v1.hunter2"],
            "'k8s-aws-v1.…'",
        ),
        (
            "verifier",
            &["doctor", "-i", "demo"],
            &["https://sts.test/?X-Amz-Signature=hunter2"],
            "'https://sts.test/?X-Amz-…'",
        ),
        (
            "signer",
            &["-i", "demo"],
            &["k8s-aws-v1.hunter2"],
            "'k8s-aws-v1.…'",
        ),
        (
            "signer",
            &["-i", "demo"],
            &["--endpoint-url", url],
            "--endpoint-url has no meaning here",
        ),
        (
            "signer",
            &kubeconfig,
            &["--proxy-url", "user:hunter2@proxy:3128"],
            "'…' for '--proxy-url <URL>'",
        ),
        (
            "signer",
            &["kubeconfig", "-i", "demo", "--ca", "x"],
            &["--endpoint", "http://user:hunter2@api"],
            "--endpoint",
        ),
    ] {
        let ended = capture(program, &[line, rest].concat(), "");
        assert!(!ended.status.success(), "{rest:?}: {ended:?}");
        let text = format!("{}{}", ended.stdout, ended.stderr);
        assert!(text.contains(said), "{rest:?}: {text}");
        for secret in ["hunter2", "ter2"] {
            assert!(!text.contains(secret), "{rest:?}: {text}");
        }
    }
    for (variable, value) in [
        ("HTTPS_PROXY", "http://user:hunter2@[proxy"),
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "http://user:hunter2@[collector",
        ),
    ] {
        let ended = with_variables(&check, &[(variable, value)]);
        assert!(
            !format!("{ended:?}").contains("hunter2"),
            "{variable}: {ended:?}"
        );
    }
}

/// If there are more problems than people read, the rest are only counted.
#[test]
fn check_says_how_many_problems_it_leaves_out() {
    let directory = Directory::new("problems");
    let rules = format!("mapRoles:\n{}", "- {}\n".repeat(1_005));
    let path = directory.write("aws-auth.yaml", &rules);
    let ended = capture(
        "verifier",
        &["check", "-i", "demo", "--aws-auth", &path],
        "",
    );
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    let of_rules = ended
        .stdout
        .lines()
        .filter(|line| line.contains("mapRoles["));
    assert_eq!(of_rules.count(), 1_000);
    let last = ended.stdout.lines().last().unwrap_or_default();
    assert!(last.ends_with("and 5 further problems"), "{last}");
}

/// The log must not name a proxy that is not used.
#[test]
fn a_proxy_that_cannot_be_used_is_a_problem() {
    let line = ["check", "-i", "demo", "--aws-auth", AWS_AUTH];
    for (proxy, is_used) in [
        ("http://proxy.example.com:3128", true),
        ("proxy.example.com:3128", true),
        ("ftp://user:secret@proxy.example.com", false),
        ("socks5://proxy.example.com", false),
    ] {
        let ended = with_variables(&line, &[("HTTPS_PROXY", proxy)]);
        assert_eq!(ended.status.success(), is_used, "{proxy}: {ended:?}");
        let what = "the proxy of HTTPS_PROXY is neither";
        assert_eq!(ended.stdout.contains(what), !is_used, "{proxy}: {ended:?}");
        assert!(!ended.stdout.contains("secret"), "{ended:?}");
    }
    let direct = [&line[..], &["--sts-proxy", "none"]].concat();
    let ended = with_variables(&direct, &[("HTTPS_PROXY", "ftp://proxy.example.com")]);
    assert!(ended.status.success(), "{ended:?}");
}
