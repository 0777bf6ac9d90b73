//! The certificate of `verifier`: TLS is never lost by mistake.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};

use crate::run::{AWS_AUTH, capture};
use crate::webhook::{Directory, LOCAL, Verifier};

/// Makes a state directory with a certificate and its key.
fn state(directory: &Directory, name: &str) -> String {
    let state = directory.path(name);
    let made = capture(
        "verifier",
        &["init", "--state-dir", &state, "--hostname", "localhost"],
        "",
    );
    assert!(made.status.success(), "{made:?}");
    state
}

/// Returns the output of `serve` and `check` about settings with which `serve` must not start.
fn refused(arguments: &[&str]) -> String {
    let serve = [&["serve"], &LOCAL[..], &["--aws-auth", AWS_AUTH], arguments].concat();
    let served = capture("verifier", &serve, "");
    assert_eq!(served.status.code(), Some(2), "{served:?}");
    let check = [&["check"], &serve[1..]].concat();
    let checked = capture("verifier", &check, "");
    assert_eq!(checked.status.code(), Some(1), "{checked:?}");
    let why = served.stderr.trim_start_matches("verifier: ");
    assert!(checked.stdout.contains(why), "{served:?} {checked:?}");
    served.stderr
}

#[test]
fn half_of_a_certificate_is_no_reason_to_serve_without_tls() {
    let directory = Directory::new("half");
    for (missing, kept) in [("key.pem", "cert.pem"), ("cert.pem", "key.pem")] {
        let state = state(&directory, missing);
        fs::remove_file(format!("{state}/{missing}")).unwrap();
        let why = refused(&["--state-dir", &state]);
        let expected = format!("{state}/{missing}: the file is missing, and {state}/{kept} exists");
        assert!(why.contains(&expected), "{why}");
        // A dangling link does not count as a missing file.
        symlink("nowhere", format!("{state}/{missing}")).unwrap();
        let why = refused(&["--state-dir", &state]);
        let expected = format!("{state}/{missing}: it is a link to a file that does not exist");
        assert!(why.contains(&expected), "{why}");
    }
    let link = directory.path("link");
    symlink("nowhere", &link).unwrap();
    let why = refused(&["--state-dir", &link]);
    assert!(
        why.contains("a link to a file that does not exist"),
        "{why}"
    );
    let file = directory.write("file", "");
    let why = refused(&["--state-dir", &file]);
    assert!(why.contains("not a directory"), "{why}");
}

/// A new key would not match the certificate, and would be kept.
#[test]
fn no_key_is_made_beside_a_certificate() {
    let directory = Directory::new("no-key");
    let state = state(&directory, "state");
    let key = format!("{state}/key.pem");
    fs::remove_file(&key).unwrap();
    let expected = "add the key, or remove the certificate, and both are made anew";
    let kubeconfig = directory.path("kubeconfig.yaml");
    let why = refused(&["--state-dir", &state, "--generate-kubeconfig", &kubeconfig]);
    assert!(why.contains(expected), "{why}");
    let again = capture("verifier", &["init", "--state-dir", &state], "");
    assert_eq!(again.status.code(), Some(2), "{again:?}");
    assert!(again.stderr.contains(expected), "{again:?}");
    assert!(!fs::exists(&key).unwrap() && !fs::exists(&kubeconfig).unwrap());
}

#[test]
fn a_webhook_without_tls_says_so() {
    let directory = Directory::new("without-tls");
    let warning = "without TLS, since there is neither --tls-cert nor cert.pem in --state-dir";
    let arguments = [&LOCAL[..], &["--aws-auth", AWS_AUTH]].concat();
    let mut verifier = Verifier::start_at(&arguments, warning);
    verifier.line("listening on http://");
    let check = capture("verifier", &[&["check"], &arguments[..]].concat(), "");
    assert!(check.status.success(), "{check:?}");
    assert!(check.stderr.contains(warning), "{check:?}");
    let state = state(&directory, "state");
    // The certificate is there, so another address is allowed.
    let check = [
        &["check"],
        &arguments[..],
        &["--state-dir", &state, "--address", "0.0.0.0"],
    ];
    let check = capture("verifier", &check.concat(), "");
    assert_eq!(
        (check.stdout.as_str(), check.stderr.as_str()),
        ("no problems\n", "")
    );
}

/// An expired certificate, and a key that every user can read, are reported. The server uses them
/// nevertheless.
#[test]
fn a_fault_of_the_certificate_is_reported() {
    let directory = Directory::new("faults");
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.not_after = rcgen::date_time_ymd(2021, 2, 3);
    let ended = params.self_signed(&key).unwrap().pem();
    let certificate = directory.write("cert.pem", &ended);
    let key = directory.write("key.pem", &key.serialize_pem());
    let warnings = [
        "other users can read or write the private key, which has the mode 0644",
        "the certificate is not valid now, so clients refuse it: it is valid from 1975-01-01T00:00:00Z to 2021-02-03",
    ];
    fs::set_permissions(&key, Permissions::from_mode(0o644)).unwrap();
    let pair = ["--tls-cert", &certificate, "--tls-key", &key];
    let arguments = [&LOCAL[..], &["--aws-auth", AWS_AUTH], &pair].concat();
    let mut verifier = Verifier::start_at(&arguments, warnings[0]);
    verifier.line("listening on https://");
    assert_eq!(verifier.line(warnings[1])["level"], "WARN");
    let metric = "eks_auth_certificate_not_after_timestamp_seconds 1612310400.0\n";
    assert!(verifier.get("/metrics").contains(metric));
    let check = capture("verifier", &[&["check"], &arguments[..]].concat(), "");
    assert_eq!(check.status.code(), Some(1), "{check:?}");
    for warning in warnings {
        assert!(check.stdout.contains(warning), "{check:?}");
    }
}

/// A pipe without a writer would hold up its reader for ever.
#[test]
fn a_key_that_becomes_a_pipe_stops_nothing() {
    let directory = Directory::new("pipe");
    let state = state(&directory, "state");
    let (certificate, key) = (format!("{state}/cert.pem"), format!("{state}/key.pem"));
    let pair = ["--tls-cert", &certificate, "--tls-key", &key];
    let arguments = [
        &LOCAL[..],
        &["--aws-auth", AWS_AUTH, "--lame-duck", "10ms"],
        &pair,
    ]
    .concat();
    let mut verifier = Verifier::start(&arguments);
    fs::remove_file(&key).unwrap();
    let pipe = |path: &str| {
        let made = std::process::Command::new("mkfifo").arg(path).status();
        assert!(made.unwrap().success());
    };
    pipe(&key);
    verifier.signal("-HUP");
    verifier.line("key.pem: it is not a regular file");
    assert!(verifier.get("/readyz").starts_with("HTTP/1.1 200"));
    verifier.signal("-TERM");
    verifier.line("stopped");
    assert!(verifier.process.wait().unwrap().success());
    let why = refused(&pair);
    assert!(why.contains("key.pem: it is not a regular file"), "{why}");
    let settings = directory.path("settings.toml");
    pipe(&settings);
    let credentials = [
        "check",
        "-i",
        "demo",
        "--aws-auth",
        AWS_AUTH,
        "--local-credentials",
        &settings,
    ];
    for arguments in [
        &["check", "--settings", &settings][..],
        &["check", "--config", &settings],
        &credentials,
    ] {
        let checked = capture("verifier", arguments, "");
        assert!(!checked.status.success(), "{checked:?}");
        let said = format!("{}{}", checked.stdout, checked.stderr);
        assert!(
            said.contains("settings.toml: it is not a regular file"),
            "{said}"
        );
    }
}

#[test]
fn init_prints_flags_and_notes_for_another_address() {
    let directory = Directory::new("another-address");
    let state = directory.path("state");
    let init = |port| {
        capture(
            "verifier",
            &["init", "--state-dir", &state, "--port", port],
            "",
        )
    };
    let first = init("9999");
    let serve = format!("--state-dir {state} --port 9999\n");
    assert!(
        first.stdout.contains(&serve) && first.stderr.is_empty(),
        "{first:?}"
    );
    let same = init("9999");
    assert!(
        !same.stderr.contains("has kube-apiserver connect"),
        "{same:?}"
    );
    let other = init("9998");
    let note = "connect to \"https://127.0.0.1:9999/authenticate\", not to \"https://127.0.0.1:9998/authenticate\"";
    assert!(
        other.status.success() && other.stderr.contains(note),
        "{other:?}"
    );
}
