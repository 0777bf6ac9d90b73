//! The messages of `--live` about a cluster that it cannot read.

use std::net::TcpListener;

use clap::Parser as _;
use serde_json::{Value, json};

use super::{Cluster, UNAUTHORIZED, dev};
use crate::args::Args;

/// Asks with a kubeconfig, and returns the only line of the failure.
fn failure(options: &str) -> String {
    let words = format!("eks-access can --as dev get pods --live {options}");
    let answer = crate::run(&Args::try_parse_from(words.split(' ')).unwrap());
    assert_eq!(
        (answer.status, answer.aside.len()),
        (2, 1),
        "{:?}",
        answer.aside
    );
    answer.aside.concat()
}

/// Asks with a kubeconfig of one context, of this user and this server.
fn failure_of(server: &str, user: &Value) -> String {
    let kubeconfig = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "dev",
        "clusters": [{"name": "dev", "cluster": {"server": server}}],
        "contexts": [{"name": "dev", "context": {"cluster": "dev", "user": "dev"}}],
        "users": [{"name": "dev", "user": user}],
    });
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), kubeconfig.to_string()).unwrap();
    failure(&format!("--kubeconfig {}", file.path().display()))
}

fn exec(command: &str, arguments: &[&str]) -> Value {
    json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": command, "args": arguments,
        "interactiveMode": "Never"}})
}

#[test]
fn a_kubeconfig_that_is_not_there_is_named_once() {
    let line = failure("--kubeconfig /nowhere/kubeconfig");
    let start = "--live: the kubeconfig /nowhere/kubeconfig: No such file";
    assert!(line.starts_with(start), "{line}");
    assert_eq!(line.matches("nowhere").count(), 1, "{line}");
}

#[test]
fn a_wrong_context_is_answered_with_those_that_are_there() {
    let cluster = Cluster::start(dev(), "");
    let kubeconfig = cluster.kubeconfig().display().to_string();
    assert_eq!(
        failure(&format!("--kubeconfig {kubeconfig}")),
        "--live: the kubeconfig: there is no context `nowhere`; choose one with --context: `stub`"
    );
    let of = |names: Vec<String>| {
        let contexts: Vec<Value> = names.iter().map(|name| json!({ "name": name })).collect();
        let text = json!({"apiVersion": "v1", "kind": "Config", "contexts": contexts});
        std::fs::write(cluster.kubeconfig(), text.to_string()).unwrap();
        failure(&format!("--kubeconfig {kubeconfig} --context \u{1b}[31m"))
    };
    assert_eq!(
        of(Vec::new()),
        "--live: the kubeconfig: there is no context `\\u{1b}[31m`; it has no context"
    );
    let line = of((0..12).map(|number| format!("c{number}")).collect());
    assert!(line.ends_with("`c8`, `c9` and 2 more"), "{line}");
    let line = failure(&format!("--kubeconfig {kubeconfig}"));
    let start =
        "--live: the kubeconfig: there is no current context; choose one with --context: `c0`";
    assert!(line.starts_with(start), "{line}");
}

#[test]
fn an_api_server_that_cannot_be_reached_is_named() {
    // Nothing listens on a port that was bound and then released.
    let address = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let line = failure_of(&format!("http://{address}"), &json!({}));
    let start = format!("--live: the API server {address} cannot be reached: tcp connect error: ");
    assert!(line.starts_with(&start), "{line}");
}

#[test]
fn credentials_that_are_not_accepted_are_named() {
    let cluster = Cluster::start(dev(), UNAUTHORIZED);
    let kubeconfig = std::fs::read_to_string(cluster.kubeconfig()).unwrap();
    let kubeconfig: Value = serde_json::from_str(&kubeconfig).unwrap();
    let server = kubeconfig["clusters"][0]["cluster"]["server"]
        .as_str()
        .unwrap();
    let credential = json!({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
        "status": {"token": "SECRET"}});
    let credential = credential.to_string();
    for (user, what) in [
        (json!({"token": "SECRET"}), "the credentials of the context"),
        (
            exec("echo", &[&credential]),
            "the token of the context's command `echo`",
        ),
    ] {
        let line = failure_of(server, &user);
        let host = server.trim_start_matches("http://");
        let start = format!("--live: the API server {host} does not accept {what}: ");
        assert!(line.starts_with(&start), "{line}");
        assert!(line.ends_with(" (401)"), "{line}");
        assert!(!line.contains("SECRET"), "{line}");
    }
}

#[test]
fn the_command_that_gave_no_token_is_named() {
    let server = "http://127.0.0.1:1";
    let line = failure_of(server, &exec("no-such-command-of-a-test", &[]));
    let start =
        "--live: the context's command `no-such-command-of-a-test` cannot be run: No such file";
    assert!(line.starts_with(start), "{line}");
    assert_eq!(
        failure_of(
            server,
            &exec("sh", &["-c", "echo SECRET; echo expired >&2; exit 3"])
        ),
        "--live: the context's command `sh` failed with exit status: 3: expired"
    );
    assert_eq!(
        failure_of(server, &exec("echo", &["SECRET"])),
        "--live: the context's command `echo` did not print an ExecCredential"
    );
}
