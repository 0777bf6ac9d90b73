//! Running a program of the workspace.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::OnceLock;

pub(crate) const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../");

/// The files of the walk-through.
pub(crate) const CREDENTIALS: &str = "examples/offline/round_trip/cluster/credentials";
pub(crate) const AWS_AUTH: &str = "examples/offline/round_trip/cluster/aws-auth.yaml";
pub(crate) const RBAC: &str = "examples/offline/round_trip/cluster/rbac.yaml";

/// How a program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Returns a command that runs a program at the root of the workspace, without AWS settings of the caller.
pub(crate) fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(path(program));
    command.args(arguments).current_dir(ROOT);
    for (name, _) in std::env::vars_os() {
        let is_aws = name.to_str().is_some_and(|name| name.starts_with("AWS_"));
        if is_aws {
            command.env_remove(name);
        }
    }
    // The example key of the developer.
    command
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_ACCESS_KEY_ID", "AKIADEVELOPEREXAMPLE")
        .env(
            "AWS_SECRET_ACCESS_KEY",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYDEVELOPEREXAMPLE",
        )
        .env("HOME", "/nonexistent");
    command
}

/// Runs a command to its end, with a text on standard input.
pub(crate) fn run(mut command: Command, input: &str) -> Ended {
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    // A program that refuses its arguments does not read its input.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    Ended {
        status: output.status,
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs a program to its end and captures what it prints.
pub(crate) fn capture(program: &str, arguments: &[&str], input: &str) -> Ended {
    let mut command = command(program, arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    run(command, input)
}

/// Signs a token for the cluster `demo` with the developer's key.
pub(crate) fn token() -> String {
    token_for("demo", &[])
}

/// Signs a token for a cluster with the developer's key, where the variables do not replace it.
pub(crate) fn token_for(cluster_id: &str, variables: &[(&str, &str)]) -> String {
    let line = ["--region", "us-west-2", "--token-only", "--cluster-id"];
    let mut command = command("signer", &[&line[..], &[cluster_id]].concat());
    command
        .envs(variables.iter().copied())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let signed = run(command, "");
    assert!(signed.status.success(), "{signed:?}");
    signed.stdout
}

/// Returns the path of a program, which is built if it is not up to date.
pub(crate) fn path(program: &str) -> PathBuf {
    directory().join(program)
}

/// Returns the directory of the programs, which are built if they are not up to date.
fn directory() -> &'static Path {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    DIRECTORY.get_or_init(|| {
        // The packages are the same as for `cargo test` without `-p`, so that no dependency is built
        // again.
        let built = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--examples"])
            .current_dir(ROOT)
            .status();
        assert!(built.is_ok_and(|status| status.success()));
        // target/debug/deps/it-…
        let test = std::env::current_exe().unwrap();
        test.ancestors().nth(2).unwrap().join("examples")
    })
}
