//! The addresses of `verifier`, and other settings that `check` must report as `serve` does.

use crate::run::{AWS_AUTH, capture};
use crate::webhook::{Directory, LOCAL};

/// If the probes have the same address, `check` and `serve` name the address of the webhooks.
#[test]
fn an_address_on_the_command_line_takes_precedence_over_files() {
    let directory = Directory::new("addresses");
    let listen = directory.write("listen.toml", "listen = \"0.0.0.0:22003\"\n");
    let upstreams = directory.write("aia.yaml", "server:\n  address: 127.0.0.9\n  port: 22009\n");
    for (arguments, expected) in [
        (
            &[
                "--settings",
                &listen,
                "--address",
                "127.0.0.1",
                "--port",
                "22005",
            ][..],
            "127.0.0.1:22005",
        ),
        (
            &["-c", &upstreams, "--settings", &listen, "--port", "22013"],
            "0.0.0.0:22013",
        ),
        (&["-c", &upstreams, "--settings", &listen], "0.0.0.0:22003"),
        (&["-c", &upstreams, "--port", "22013"], "127.0.0.9:22013"),
    ] {
        for (command, status) in [("serve", 2), ("check", 1)] {
            let line = [
                &[command, "--aws-auth", AWS_AUTH, "--probe-listen", expected],
                &LOCAL[..],
                arguments,
            ]
            .concat();
            let ended = capture("verifier", &line, "");
            assert_eq!(ended.status.code(), Some(status), "{line:?}: {ended:?}");
            let why = format!("is taken by the webhooks, which listen on {expected}:");
            assert!(format!("{ended:?}").contains(&why), "{line:?}: {ended:?}");
        }
    }
    for text in ["port = 1", "address = \"127.0.0.1\""] {
        let both = directory.write("both.toml", &format!("listen = \"127.0.0.1:2\"\n{text}\n"));
        let ended = capture("verifier", &["check", "--settings", &both], "");
        assert_eq!(ended.status.code(), Some(2), "{ended:?}");
        let why = "both.toml: listen cannot be set together with address or port";
        assert!(ended.stderr.contains(why), "{ended:?}");
    }
}

#[test]
fn settings_that_serve_cannot_use_are_problems() {
    let directory = Directory::new("impossible");
    let empty = directory.write("empty.toml", "state-dir = \"\"\n");
    for (arguments, why) in [
        (&["--audience", ""][..], "--audience: expected a name"),
        (
            &["--settings", &empty],
            "--state-dir: expected a directory, and the path is empty",
        ),
    ] {
        for (command, status) in [("serve", 2), ("check", 1)] {
            let line = [&[command, "--aws-auth", AWS_AUTH], &LOCAL[..], arguments].concat();
            let ended = capture("verifier", &line, "");
            assert_eq!(ended.status.code(), Some(status), "{line:?}: {ended:?}");
            assert!(format!("{ended:?}").contains(why), "{line:?}: {ended:?}");
        }
    }
    use std::os::unix::fs::PermissionsExt as _;
    let shared = directory.path("shared");
    std::fs::create_dir(&shared).unwrap();
    std::fs::set_permissions(&shared, std::fs::Permissions::from_mode(0o777)).unwrap();
    for (state, why) in [
        (shared.as_str(), "another user may write to the directory"),
        ("/proc/state", "cannot write to it"),
    ] {
        let line = [
            &["check", "--aws-auth", AWS_AUTH, "--state-dir", state],
            &LOCAL[..],
        ]
        .concat();
        let ended = capture("verifier", &line, "");
        assert_eq!(ended.status.code(), Some(1), "{line:?}: {ended:?}");
        assert!(ended.stdout.contains(why), "{line:?}: {ended:?}");
    }
}
