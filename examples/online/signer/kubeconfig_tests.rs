//! Kubeconfigs, compared with the output of `aws eks update-kubeconfig`.

use std::cell::Cell;
use std::fs;

use serde_json::Value as Json;

use super::*;
use crate::cache::Locks;
use crate::eks::tests::{DESCRIBED, Stub};
use crate::files_tests::Files;
use crate::terminal::NoCode;

const ARN: &str = "arn:aws:eks:eu-west-1:111122223333:cluster/dev";
const ENDPOINT: &str = "https://example.eks.amazonaws.com";

/// Returns the path of a certificate in PEM.
fn ca(files: &Files) -> String {
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::default();
    let certificate = params.self_signed(&key).unwrap();
    let path = files.path("ca.pem");
    fs::write(&path, certificate.pem()).unwrap();
    path
}

/// Runs `signer kubeconfig` on the file `kubeconfig` of a directory.
fn update(files: &Files, more: &[&str], variables: &[(&str, &str)]) -> Result<String, Error> {
    update_beside(files, more, variables, &|_| ())
}

/// As [`update`], with what other programs do while it waits.
fn update_beside(
    files: &Files,
    more: &[&str],
    variables: &[(&str, &str)],
    others: &dyn Fn(Duration),
) -> Result<String, Error> {
    let (ca, path) = (ca(files), files.path("kubeconfig"));
    let flags = [
        "signer",
        "kubeconfig",
        "--cluster-name",
        "dev",
        "--ca",
        &ca,
        "--kubeconfig",
        &path,
    ];
    let program = Program::try_parse_from([&flags[..], more].concat()).unwrap();
    let Command::Kubeconfig(arguments) = program.command;
    let (endpoint, ca) = (arguments.endpoint.as_deref(), arguments.ca.as_deref());
    let facts = stated(&arguments, endpoint.unwrap(), ca.unwrap())?;
    write(
        &arguments,
        &variables.iter().copied().collect(),
        facts,
        others,
    )
}

fn config(files: &Files) -> Json {
    let text = fs::read_to_string(files.path("kubeconfig")).unwrap();
    serde_json::to_value(serde_yaml::from_str::<Value>(&text).unwrap()).unwrap()
}

/// Replaces the parts that differ in each run, and the parts that differ by intention, by the words
/// of the recording.
fn as_recorded(config: &mut Json) {
    for entry in config["clusters"].as_array_mut().unwrap() {
        if entry["name"] == ARN {
            entry["cluster"]["certificate-authority-data"] = "CA".into();
        }
    }
    for entry in config["users"].as_array_mut().unwrap() {
        if entry["user"]["exec"]["command"] == "signer" {
            entry["user"] = "USER".into();
        }
    }
    // The AWS CLI also writes these keys into a new file.
    let config = config.as_object_mut().unwrap();
    config
        .entry("preferences")
        .or_insert(Json::Object(serde_json::Map::new()));
}

#[test]
fn entries_are_inserted_as_by_the_aws_cli() {
    let mut compared = 0;
    for row in include_str!("testdata/update-kubeconfig.jsonl").lines() {
        if row.starts_with("//") {
            continue;
        }
        let mut row: Json = serde_json::from_str(row).unwrap();
        let files = Files::new(&format!("kubeconfig-{compared}"), "", "");
        if let Some(before) = row["before"].as_str() {
            fs::write(files.path("kubeconfig"), before).unwrap();
        }
        let mut flags = vec!["--endpoint", ENDPOINT, "--cluster-arn", ARN];
        for (flag, key) in [("--alias", "alias"), ("--user-alias", "user_alias")] {
            if let Some(name) = row[key].as_str() {
                flags.extend([flag, name]);
            }
        }
        let printed = update(&files, &flags, &[]);
        compared += 1;
        if row["after"].is_null() {
            assert!(printed.is_err(), "{row}");
            // No lock file is left, and the old content is untouched.
            assert!(!Path::new(&files.path("kubeconfig.lock")).exists());
            let now = fs::read_to_string(files.path("kubeconfig")).unwrap();
            assert_eq!(Some(now.as_str()), row["before"].as_str());
            continue;
        }
        let word = match row["updated"].as_bool() {
            Some(true) => "Updated context",
            _ => "Added new context",
        };
        assert!(printed.unwrap().starts_with(word), "{row}");
        let mut ours = config(&files);
        as_recorded(&mut ours);
        row["after"]
            .as_object_mut()
            .unwrap()
            .entry("preferences")
            .or_insert_with(|| Json::Object(serde_json::Map::new()));
        // If the user's file lacks these keys, they are not added.
        for key in ["apiVersion", "kind"] {
            if row["before"].as_str().is_none_or(str::is_empty) {
                assert_eq!(ours[key], row["after"][key]);
            }
        }
        assert_eq!(ours, row["after"], "{row}");
    }
    assert_eq!(compared, 27);
}

#[test]
fn the_user_runs_the_signer() {
    let files = Files::new("kubeconfig-user", "", "");
    let role = "arn:aws:iam::111122223333:role/dev";
    let flags = [
        "--endpoint",
        ENDPOINT,
        "--region",
        "eu-west-1",
        "--role-arn",
        role,
        "--profile",
        "p",
        "--cache",
        "--proxy-url",
        "http://proxy:3128",
    ];
    update(&files, &flags, &[("AWS_PROFILE", "other")]).unwrap();
    let config = config(&files);
    let exec = &config["users"][0]["user"]["exec"];
    let expected = serde_json::json!({
        "apiVersion": "client.authentication.k8s.io/v1",
        "args": ["--region", "eu-west-1", "--cluster-name", "dev", "--role-arn", role, "--cache"],
        "command": "signer",
        "interactiveMode": "IfAvailable",
        "env": [{"name": "AWS_PROFILE", "value": "p"}],
    });
    assert_eq!(exec, &expected);
    assert_eq!(config["current-context"], "dev");
    let cluster = &config["clusters"][0]["cluster"];
    assert_eq!(cluster["proxy-url"], "http://proxy:3128");
    // The base64 text that EKS returns gives the same entry as the certificate file.
    let data = cluster["certificate-authority-data"].as_str().unwrap();
    assert_eq!(authority(data).unwrap(), data);
    assert_eq!(authority(&files.path("ca.pem")).unwrap(), data);
}

/// Updates a kubeconfig that has each entry twice. Returns the clusters in the result: `new`, `old` for an old
/// cluster of the same name, and `other` for a cluster of another name.
pub(crate) fn names_of_duplicates() -> String {
    let files = Files::new("kubeconfig-duplicates", "", "");
    let before = "clusters:\n- &a {name: dev, cluster: {server: 'https://old'}}\n\
                  - {name: other, cluster: {server: 'https://other'}}\n- *a\n\
                  contexts:\n- &b {name: dev, context: {cluster: other}}\n- *b\n\
                  users:\n- &c {name: dev, user: {token: old}}\n- *c\n- *c\n";
    fs::write(files.path("kubeconfig"), before).unwrap();
    update(&files, &["--endpoint", ENDPOINT], &[]).unwrap();
    let config = config(&files);
    for (key, count) in [("clusters", 2), ("contexts", 1), ("users", 1)] {
        assert_eq!(config[key].as_array().unwrap().len(), count, "{config}");
    }
    assert_eq!(config["contexts"][0]["context"]["cluster"], "dev");
    assert_eq!(config["users"][0]["user"]["exec"]["command"], "signer");
    let clusters = config["clusters"].as_array().unwrap().iter();
    let names = clusters.map(|entry| match entry["cluster"]["server"].as_str() {
        Some("https://old") => "old",
        Some("https://other") => "other",
        _ => "new",
    });
    names.collect::<Vec<_>>().join(" ")
}

/// kubectl reads YAML 1.1, in which `y`, `on` and `1_000` without quotes are not strings.
#[test]
fn a_text_keeps_its_quotes_and_a_new_one_gets_them() {
    let files = Files::new("kubeconfig-quotes", "", "");
    let before = "clusters:\n- name: \"on\"\n  cluster: {insecure-skip-tls-verify: yes}\ncontexts:\n\
                  - name: a\n  context: {cluster: 'on', namespace: \"y\", user: '0_1'}\n\
                  - name: b\n  context: {cluster: \"1_000\", namespace: 'no'}\n";
    fs::write(files.path("kubeconfig"), before).unwrap();
    let flags = [
        "--endpoint",
        ENDPOINT,
        "--alias",
        "yes",
        "--user-alias",
        "1:20",
        "--profile",
        "No",
        "--command",
        "off",
        "--region",
        "n",
    ];
    update(&files, &flags, &[]).unwrap();
    let after = fs::read_to_string(files.path("kubeconfig")).unwrap();
    for line in [
        // The old entries.
        "- name: \"on\"",
        "insecure-skip-tls-verify: yes",
        "cluster: \"on\"",
        "namespace: \"y\"",
        "user: \"0_1\"",
        "cluster: \"1_000\"",
        "namespace: \"no\"",
        // The new entries.
        "- name: \"yes\"",
        "user: \"1:20\"",
        "- name: \"1:20\"",
        "- \"n\"",
        "command: \"off\"",
        "value: \"No\"",
        "current-context: \"yes\"",
    ] {
        let mut lines = after.lines().map(str::trim_start);
        assert!(lines.any(|one| one == line), "{line}: {after}");
    }
    // A second run finds the entries again.
    update(&files, &flags, &[]).unwrap();
    let again = fs::read_to_string(files.path("kubeconfig")).unwrap();
    let certificate = |line: &&str| !line.contains("certificate-authority-data");
    assert!(
        again
            .lines()
            .filter(certificate)
            .eq(after.lines().filter(certificate))
    );
}

#[test]
fn a_dry_run_prints_and_writes_nothing() {
    let files = Files::new("kubeconfig-dry", "", "");
    let flags = ["--endpoint", ENDPOINT, "--dry-run"];
    let printed = update(&files, &flags, &[("AWS_PROFILE", "other")]).unwrap();
    assert!(
        printed.contains("server: https://example.eks.amazonaws.com"),
        "{printed}"
    );
    assert!(printed.contains("value: other"), "{printed}");
    assert!(!Path::new(&files.path("kubeconfig")).exists());
}

#[test]
fn what_cannot_be_meant_is_refused_and_nothing_written() {
    let files = Files::new("kubeconfig-wrong", "", "");
    let good = ["--endpoint", ENDPOINT];
    for (flags, why) in [
        (&["--endpoint", "http://a"][..], "--endpoint"),
        (&["--endpoint", "https://"], "--endpoint"),
        (
            &[
                "--endpoint",
                ENDPOINT,
                "--cluster-arn",
                "arn:aws:eks:r:1:cluster/x",
            ],
            "--cluster-arn",
        ),
    ] {
        let message = update(&files, flags, &[]).unwrap_err().to_string();
        assert!(message.starts_with(why), "{message}");
    }
    for (ca, what) in [
        ("LS0tLS!", "not text in base64"),
        ("LS0tLS0=", "no certificate"),
        ("/nonexistent", "No such file"),
        ("/dev/null", "no certificate"),
    ] {
        let message = authority(ca).unwrap_err().to_string();
        assert!(message.contains(what), "{message}");
    }
    // kubectl holds the lock.
    let lock = files.path("kubeconfig.lock");
    fs::write(&lock, "").unwrap();
    let message = update(&files, &good, &[]).unwrap_err().to_string();
    assert!(
        message.starts_with(&lock) && message.contains("another program is changing"),
        "{message}"
    );
    assert!(message.contains("delete this file"), "{message}");
    assert!(!Path::new(&files.path("kubeconfig")).exists());
    // kubectl gives it back.
    let waits = Cell::new(0);
    let ends = |_| {
        waits.set(waits.get() + 1);
        if waits.get() == 3 {
            fs::remove_file(&lock).unwrap();
        }
    };
    update_beside(&files, &good, &[], &ends).unwrap();
    assert_eq!(waits.get(), 3);
    assert!(!Path::new(&lock).exists());
    // No lock can be made beside this one, and none is there.
    let here = files.path("none");
    let message = match Lock::of(&Path::new(&here).join("a\0b"), &|_| ()) {
        Ok(_) => panic!("locked"),
        Err(why) => why.to_string(),
    };
    assert!(message.contains("cannot be locked"), "{message}");
}

/// Without its tag, a value is another one.
#[test]
fn a_tag_that_would_be_lost_is_refused() {
    let files = Files::new("kubeconfig-tags", "", "");
    let path = files.path("kubeconfig");
    for (value, tag) in [
        ("!!binary aGVsbG8=", "!!binary"),
        ("!<tag:yaml.org,2002:binary> aGVsbG8=", "!!binary"),
        ("!!binary |\n      aGVsbG8=", "!!binary"),
        ("[1,!!float 2]", "!!float"),
    ] {
        let before = format!("kind: Config\nusers:\n- name: a\n  user:\n    token: {value}\n");
        fs::write(&path, &before).unwrap();
        let message = update(&files, &["--endpoint", ENDPOINT], &[]).unwrap_err();
        let why = format!("line 5: it has the tag `{tag}`");
        assert!(message.to_string().contains(&why), "{value}: {message}");
        assert_eq!(fs::read_to_string(&path).unwrap(), before);
    }
    // Text is text.
    fs::write(&path, "users:\n- name: a\n  user: {token: !!str 5}\n").unwrap();
    update(&files, &["--endpoint", ENDPOINT], &[]).unwrap();
    assert_eq!(config(&files)["users"][0]["user"]["token"], "5");
}

/// Whether a kubeconfig with `!!binary` is changed.
pub(crate) fn is_tag_refused() -> bool {
    let files = Files::new("kubeconfig-tag", "", "");
    let before = "users:\n- name: a\n  user: {token: !!binary aGVsbG8=}\n";
    fs::write(files.path("kubeconfig"), before).unwrap();
    update(&files, &["--endpoint", ENDPOINT], &[]).is_err()
}

/// A file that is not a kubeconfig stays as it is.
#[test]
fn another_file_is_not_changed() {
    let files = Files::new("kubeconfig-other", "", "");
    let path = files.path("kubeconfig");
    for (content, what) in [
        ("[]\n", "it is not a kubeconfig"),
        ("text\n", "it is not a kubeconfig"),
        (
            "apiVersion: v1\nkind: ConfigMap\n",
            "it is not a kubeconfig",
        ),
        ("a: 1\n---\nb: 2\n", "several YAML documents"),
        ("clusters: {}\n", "its `clusters` is not a list"),
        ("users: text\n", "its `users` is not a list"),
        ("a: [\n", "not YAML"),
    ] {
        fs::write(&path, content).unwrap();
        let message = update(&files, &["--endpoint", ENDPOINT], &[]).unwrap_err();
        assert!(message.to_string().contains(what), "{content:?}: {message}");
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
        assert!(!Path::new(&files.path("kubeconfig.lock")).exists());
    }
}

/// An empty flag would give an entry without a name, or a command that kubectl cannot run.
#[test]
fn an_empty_text_is_refused() {
    for flag in [
        "--cluster-name",
        "--alias",
        "--user-alias",
        "--profile",
        "--command",
        "--proxy-url",
    ] {
        let line = ["signer", "kubeconfig", flag, ""];
        let error = Program::try_parse_from(line).unwrap_err();
        assert!(error.to_string().contains(flag), "{error}");
    }
    for url in ["proxy", "ftp://proxy", "socks4://proxy"] {
        let line = ["signer", "kubeconfig", "-i", "dev", "--proxy-url", url];
        let error = Program::try_parse_from(line).unwrap_err();
        assert!(error.to_string().contains("socks5://"), "{error}");
    }
}

#[test]
fn without_a_home_there_is_no_default_kubeconfig() {
    let line = ["signer", "kubeconfig", "-i", "dev"];
    let Command::Kubeconfig(arguments) = Program::try_parse_from(line).unwrap().command;
    let environment = [("HOME", "")].into_iter().collect();
    let error = paths(arguments.kubeconfig.as_deref(), &environment).unwrap_err();
    assert_eq!(
        error.to_string(),
        "HOME: it is empty; pass --kubeconfig FILE"
    );
}

#[test]
fn of_several_kubeconfigs_the_one_with_the_cluster_is_changed() {
    let files = Files::new("kubeconfig-several", "", "");
    let (one, two) = (files.path("one"), files.path("two"));
    fs::write(&one, "clusters: []\n").unwrap();
    fs::write(&two, format!("clusters:\n- name: {ARN}\n  cluster: {{}}\n")).unwrap();
    let listed = std::env::join_paths([&one, &two]).unwrap();
    let variables = [
        ("KUBECONFIG", listed.to_str().unwrap()),
        ("HOME", "/home/a"),
    ];
    let environment: Environment = variables.into_iter().collect();
    let paths = |more: &[&str], environment: &Environment| {
        let flags = [
            "signer",
            "kubeconfig",
            "-i",
            "dev",
            "--endpoint",
            ENDPOINT,
            "--ca",
            "x",
        ];
        let Command::Kubeconfig(arguments) = Program::try_parse_from([&flags[..], more].concat())
            .unwrap()
            .command;
        paths(arguments.kubeconfig.as_deref(), environment).unwrap()
    };
    let listed = paths(&[], &environment);
    assert_eq!(choose(&listed, ARN).unwrap().0, Path::new(&two));
    assert_eq!(choose(&listed, "new").unwrap().0, Path::new(&one));
    let flag = paths(&["--kubeconfig", "x"], &environment);
    assert_eq!(flag, [Path::new("x")]);
    let home: Environment = [variables[1]].into_iter().collect();
    assert_eq!(paths(&[], &home), [Path::new("/home/a/.kube/config")]);
}

/// Runs `signer kubeconfig` with an answer of EKS, and returns its output and the requests.
async fn ask_eks(files: &Files, more: &[&str], body: &str) -> (Result<String, Error>, Vec<String>) {
    let path = files.path("kubeconfig");
    let flags = ["signer", "kubeconfig", "-i", "dev", "--kubeconfig", &path];
    let program = Program::try_parse_from([&flags[..], more].concat()).unwrap();
    let Command::Kubeconfig(arguments) = program.command;
    let environment = files.environment(&[
        ("AWS_ACCESS_KEY_ID", "AKID"),
        ("AWS_SECRET_ACCESS_KEY", "SECRET"),
        ("AWS_REGION", "eu-west-1"),
    ]);
    let stub = Stub::new(200, "", body);
    let tools = Tools {
        clock: &crate::clock,
        client: &|_| panic!("STS is not asked"),
        prompt: &|_| Err(NoCode::NoTerminal),
        locks: Locks::SYSTEM,
    };
    let connector = |_: &Settings| Ok(SharedHttpConnector::new(stub.clone()));
    let printed = run(&arguments, environment, &tools, connector).await;
    let seen = stub.seen.lock().unwrap().clone();
    (printed, seen)
}

#[tokio::test]
async fn without_an_endpoint_eks_is_asked() {
    let files = Files::new("kubeconfig-asked", "", "");
    let pem = fs::read(ca(&files)).unwrap();
    let authority = STANDARD.encode(pem);
    let described = DESCRIBED.replace("CA", &authority);
    let (printed, seen) = ask_eks(&files, &[], &described).await;
    assert!(printed.unwrap().starts_with("Added new context"));
    assert_eq!(seen.len(), 1, "{seen:?}");
    let config = config(&files);
    let cluster = serde_json::json!({"server": ENDPOINT, "certificate-authority-data": authority});
    assert_eq!(config["clusters"][0]["cluster"], cluster);
    assert_eq!(config["current-context"], ARN);
    let args = serde_json::json!(["--region", "eu-west-1", "--cluster-name", "dev"]);
    assert_eq!(config["users"][0]["user"]["exec"]["args"], args);
}

#[tokio::test]
async fn an_answer_of_eks_is_checked_before_it_is_written() {
    let files = Files::new("kubeconfig-checked", "", "");
    let pem = ca(&files);
    let good = DESCRIBED.replace("CA", &STANDARD.encode(fs::read(&pem).unwrap()));
    for (from, to) in [
        // A path is not read as a file.
        (good.as_str(), DESCRIBED.replace("CA", &pem)),
        (&good, good.replace("https://example", "http://example")),
        (&good, good.replace("cluster/dev", "cluster/other")),
    ] {
        assert_ne!(from, to);
        let (printed, _) = ask_eks(&files, &[], &to).await;
        let message = printed.unwrap_err().to_string();
        assert!(message.starts_with("the answer of EKS: "), "{message}");
        assert!(!Path::new(&files.path("kubeconfig")).exists());
    }
}

#[test]
fn an_endpoint_and_its_authority_go_together() {
    for flags in [
        &["--endpoint", ENDPOINT][..],
        &["--ca", "x"],
        &["--cluster-arn", ARN],
        &[
            "--endpoint",
            ENDPOINT,
            "--ca",
            "x",
            "--assume-role-arn",
            "y",
        ],
    ] {
        let all = [&["signer", "kubeconfig", "-i", "dev"][..], flags].concat();
        assert!(Program::try_parse_from(all).is_err(), "{flags:?}");
    }
}

#[test]
fn a_comment_is_distinguished_from_text() {
    for line in ["# mine", "  # mine", "name: dev # mine", "name: \u{1b} #"] {
        assert!(has_comment(line), "{line}");
    }
    for line in [
        "",
        "name: dev#1",
        "name: 'dev # 1'",
        "name: \"dev # 1\"",
        "server: https://a/#b",
    ] {
        assert!(!has_comment(line), "{line}");
    }
}
