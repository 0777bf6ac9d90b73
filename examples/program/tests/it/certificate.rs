//! The certificate of `verifier`: TLS is never lost by mistake.

use std::fs;
use std::os::unix::fs::symlink;

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

/// Returns what `serve` and `check` print about settings that `serve` must not start with.
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
        // A link to nothing is no missing file.
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

/// A new key would not be that of the certificate, and would be kept.
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
