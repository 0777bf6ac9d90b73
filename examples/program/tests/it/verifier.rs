use crate::run::{AWS_AUTH, CREDENTIALS, Ended, ROOT, capture, token, token_for};

fn verifier(arguments: &[&str], input: &str) -> Ended {
    let demo = ["--cluster-id", "demo"];
    let (command, rest) = arguments.split_first().unwrap();
    capture(
        "verifier",
        &[&[*command], demo.as_slice(), rest].concat(),
        input,
    )
}

#[test]
fn a_misspelled_region_is_refused() {
    let token = token();
    for (region, message) in [
        ("us-west2", "`us-west2` is not an AWS region"),
        ("cn-north-1", "belongs to partition `aws-cn`, not to `aws`"),
    ] {
        let local = [
            "token",
            "--local-credentials",
            CREDENTIALS,
            "--region",
            region,
        ];
        let ended = verifier(&local, &token);
        assert_eq!(ended.status.code(), Some(2), "{ended:?}");
        assert!(ended.stderr.contains(message), "{ended:?}");
    }
}

#[test]
fn the_private_dns_name_of_a_node_can_be_given() {
    let nodes = std::fs::read_to_string(format!("{ROOT}{CREDENTIALS}"))
        .unwrap()
        .replace(
            "arn:aws:iam::111122223333:user/developer\nuser_id = AIDADEVELOPEREXAMPLE",
            "arn:aws:sts::111122223333:assumed-role/nodes/i-0c6f21bf1f24f9708\n\
             user_id = AROAEXAMPLE:i-0c6f21bf1f24f9708\naws_session_token = TOKEN",
        );
    let file = std::env::temp_dir().join(format!("verifier-nodes-{}", std::process::id()));
    std::fs::write(&file, nodes).unwrap();
    let path = file.to_str().unwrap();
    let token = token_for("demo", &[("AWS_SESSION_TOKEN", "TOKEN")]);
    let known = ["token", "--local-credentials", path, "--aws-auth", AWS_AUTH];
    let failed = verifier(&known, &token);
    assert_eq!(failed.status.code(), Some(2), "{failed:?}");
    assert!(
        failed.stderr.contains("private-dns-name-unknown"),
        "{failed:?}"
    );
    let name = ["--private-dns-name", "ip-10-0-0-1.ec2.internal"];
    let mapped = verifier(&[known.as_slice(), &name].concat(), &token);
    std::fs::remove_file(&file).unwrap();
    assert!(mapped.status.success(), "{mapped:?}");
    assert!(
        mapped
            .stdout
            .contains("user      system:node:ip-10-0-0-1.ec2.internal\n"),
        "{mapped:?}"
    );
}

#[test]
fn the_size_of_the_input_has_a_limit_that_can_be_set() {
    let long = format!("{}{}", token(), "\n".repeat(1_048_576));
    for command in ["token", "doctor"] {
        let local = [command, "--local-credentials", CREDENTIALS];
        let ended = verifier(&local, &long);
        assert_eq!(ended.status.code(), Some(2), "{ended:?}");
        assert!(
            ended.stderr.contains("longer than 1048576 bytes"),
            "{ended:?}"
        );
        let more = [&local[..], &["--max-input-size", "2MiB"]].concat();
        let ended = verifier(&more, &long);
        assert!(ended.status.success(), "{ended:?}");
        // The limit applies to the files of the command line too.
        let less = [&local[..], &["--max-input-size", "100"]].concat();
        let ended = verifier(&less, "");
        assert!(ended.stderr.contains("longer than 100 bytes"), "{ended:?}");
    }
}

#[test]
fn the_config_map_of_the_rules_can_be_named() {
    let text = std::fs::read_to_string(format!("{ROOT}{AWS_AUTH}")).unwrap();
    let other = text
        .replace("name: aws-auth", "name: other")
        .replace("k8s-developer", "other-developer");
    let file = std::env::temp_dir().join(format!("verifier-maps-{}.yaml", std::process::id()));
    std::fs::write(&file, format!("{text}---\n{other}")).unwrap();
    let path = file.to_str().unwrap();
    let token = token();
    let user = |more: &[&str]| {
        let known = [
            "token",
            "--local-credentials",
            CREDENTIALS,
            "--aws-auth",
            path,
        ];
        let ended = verifier(&[known.as_slice(), more].concat(), &token);
        assert!(ended.status.success(), "{ended:?}");
        ended.stdout
    };
    assert!(user(&[]).contains("user      k8s-developer\n"));
    assert!(user(&["--config-map", "kube-system/other"]).contains("user      other-developer\n"));
    std::fs::remove_file(&file).unwrap();
}

#[test]
fn the_doctor_verifies_the_signature_and_names_the_cause() {
    let token = token();
    let local = ["doctor", "--local-credentials", CREDENTIALS];
    let good = verifier(&local, &token);
    assert!(good.status.success(), "{good:?}");
    assert!(good.stdout.contains("the signature is right"), "{good:?}");
    // The token is signed with the secret of another profile.
    let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYADMINEXAMPLE";
    let wrong = token_for("demo", &[("AWS_SECRET_ACCESS_KEY", secret)]);
    let ended = verifier(&local, &wrong);
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(ended.stdout.contains("secret"), "{ended:?}");
    // The token is signed for another cluster, whose name is known.
    let other = token_for("other", &[]);
    let suspect = ["--other-cluster-id", "other"];
    let ended = verifier(&[local.as_slice(), &suspect].concat(), &other);
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(ended.stdout.contains("other"), "{ended:?}");
    assert!(ended.stdout.contains("signature"), "{ended:?}");
}

/// Texts that users paste, download or copy instead of a token.
#[test]
fn the_doctor_names_texts_that_are_not_tokens() {
    let token = token();
    let bare = token.trim();
    let encoded = bare.strip_prefix("k8s-aws-v1.").unwrap();
    let (start, rest) = bare.split_at(60);
    let (secret, _) = encoded.split_at(40);
    let document = capture(
        "signer",
        &["--cluster-id", "demo", "--region", "us-west-2"],
        "",
    )
    .stdout;
    let kubeconfig = "apiVersion: v1\nkind: Config\ncurrent-context: demo\n";
    for (text, named) in [
        (format!("Bearer {token}"), "an `Authorization` header"),
        (
            format!("Authorization: Bearer {token}"),
            "an `Authorization` header",
        ),
        (format!("\"{bare}\""), "quotation marks"),
        (format!("'{bare}'\n"), "quotation marks"),
        (
            "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJhIn0.c2ln".to_owned(),
            "JSON Web Token",
        ),
        (document, "ExecCredential document"),
        (
            "kind: ExecCredential\nstatus:\n  token: x\n".to_owned(),
            "ExecCredential document",
        ),
        (kubeconfig.to_owned(), "a kubeconfig"),
        (format!("{start}…"), "shortened for a log"),
        (format!("{start}..."), "shortened for a log"),
        (format!("{bare}\n{bare}\n"), "several tokens"),
        (format!("{bare}%3D%3D"), "percent-encoded"),
        (bare.replace("k8s-aws-v1", "k8s-aws-v2"), "another version"),
        (bare.replace("k8s", "K8S"), "not in lower case"),
        (format!("{bare}=="), "strip the `=`"),
        (format!("k8s-aws-v1.{secret}+/"), "standard base64 alphabet"),
        (format!("{start}\n{rest}"), "line break"),
        (format!(" {bare}"), "white space"),
        (format!("k8s-aws-v1.{bare}"), "its prefix twice"),
        (
            "https://sts.us-west-2.amazonaws.com/?Action=x".to_owned(),
            "a presigned URL",
        ),
        (
            "Unable to locate credentials".to_owned(),
            "a message, not a token",
        ),
        ("k8s-aws-v1.".to_owned(), "empty after its prefix"),
        ("\u{1b}[2J\u{202e}".to_owned(), "does not start with"),
    ] {
        let ended = verifier(&["doctor"], &text);
        assert_eq!(ended.status.code(), Some(1), "{text}: {ended:?}");
        assert!(ended.stdout.contains(named), "{text}: {ended:?}");
        // The output has neither the token nor a character that a terminal acts on.
        assert!(!ended.stdout.contains(secret), "{text}: {ended:?}");
        assert!(
            !ended.stdout.contains(['\u{1b}', '\u{202e}']),
            "{text}: {ended:?}"
        );
    }
    // The end of a line and a byte order mark do not count as part of the text.
    for text in [
        format!("{bare}\r\n"),
        format!("{bare}\n\n"),
        format!("\u{feff}{bare}\n"),
    ] {
        let ended = verifier(&["doctor"], &text);
        assert!(ended.status.success(), "{text:?}: {ended:?}");
    }
}

/// A login in POST form, which botocore 1.43.11 signed with the developer's key.
#[test]
fn the_doctor_verifies_logins_too() {
    let good = include_str!("../../testdata/login.json");
    let file = std::env::temp_dir().join(format!("verifier-login-{}", std::process::id()));
    let path = file.to_str().unwrap();
    let doctor = |document: &str, more: &[&str]| {
        std::fs::write(&file, document).unwrap();
        let arguments = [
            "doctor",
            "--cluster-id",
            "vault.example.com",
            "--binding-header",
            "x-vault-aws-iam-server-id",
            "--login",
            path,
            "--at",
            "2026-11-28T12:00:30Z",
        ];
        capture("verifier", &[&arguments, more].concat(), "")
    };
    let local = ["--local-credentials", CREDENTIALS];
    let unverified = doctor(good, &[]);
    assert!(unverified.status.success(), "{unverified:?}");
    assert!(
        unverified.stdout.contains("No fault is visible"),
        "{unverified:?}"
    );
    let verified = doctor(good, &local);
    assert!(verified.status.success(), "{verified:?}");
    assert!(
        verified.stdout.contains("the signature is right"),
        "{verified:?}"
    );
    for (document, more, named) in [
        (
            &good.replace("Signature=6", "Signature=7"),
            &local[..],
            "changed after signing",
        ),
        (
            &good.replace("20261128T120000Z", "20261128T120001Z"),
            &local,
            "changed after signing",
        ),
        (
            &good.replace("AKIADEVELOPEREXAMPLE", "AKIANOBODYEXAMPLE"),
            &local,
            "is not known in this partition",
        ),
    ] {
        let ended = doctor(document, more);
        assert_eq!(ended.status.code(), Some(1), "{ended:?}");
        assert!(ended.stdout.contains(named), "{named}: {ended:?}");
    }
    for (document, why) in [
        ("[]", "`headers` is not a list"),
        ("{", "EOF"),
        ("{\"method\": \"POST\"}", "`headers` is not a list"),
    ] {
        let ended = doctor(document, &local);
        assert_eq!(ended.status.code(), Some(2), "{ended:?}");
        assert!(ended.stderr.contains(why), "{why}: {ended:?}");
    }
    std::fs::remove_file(&file).unwrap();
}

/// Flags that make no sense are refused before any file is read.
#[test]
fn flags_that_cannot_be_meant_are_errors() {
    let long = "c".repeat(300);
    let hostile = "\u{1b}[2J\u{202e}";
    for (arguments, why) in [
        (vec!["token", "--cluster-id", ""], "--cluster-id"),
        (vec!["token", "--cluster-id", &long], "has 300 bytes"),
        (vec!["token", "--cluster-id", "a b"], "--cluster-id"),
        (vec!["token", "--cluster-id", hostile], "--cluster-id"),
        (
            vec!["token", "-i", "demo", "--partition", "amazon"],
            "--partition",
        ),
        (
            vec!["token", "-i", "demo", "--partition", hostile],
            "--partition",
        ),
        (
            vec!["token", "-i", "demo", "--region", hostile],
            "is not an AWS region",
        ),
        (
            vec!["token", "-i", "demo", "--region", ""],
            "is not an AWS region",
        ),
        (
            vec!["token", "-i", "demo", "--config-map", "a/b/c"],
            "--config-map",
        ),
        (
            vec![
                "token",
                "-i",
                "demo",
                "--local-credentials",
                "/nonexistent\u{1b}[2J",
            ],
            "No such file",
        ),
        (
            vec!["token", "-i", "demo", "--token-file", "/"],
            "directory",
        ),
        (vec!["doctor", "-i", "demo", "--at", "now"], "--at"),
        (
            vec!["doctor", "-i", "demo", "--at", "10000-01-01T00:00:00Z"],
            "--at",
        ),
        (
            vec![
                "doctor",
                "-i",
                "demo",
                "--binding-header",
                "host",
                "--login",
                "/nonexistent",
            ],
            "--binding-header",
        ),
        (
            vec![
                "serve",
                "-i",
                "demo",
                "--aws-auth",
                AWS_AUTH,
                "--listen",
                "nowhere",
            ],
            "--listen",
        ),
        (
            vec![
                "serve",
                "-i",
                "demo",
                "--aws-auth",
                AWS_AUTH,
                "--listen",
                "127.0.0.1:99999",
            ],
            "--listen",
        ),
        (
            vec![
                "serve",
                "-i",
                "demo",
                "--aws-auth",
                AWS_AUTH,
                "--listen",
                "0.0.0.0:0",
            ],
            "is not a loopback address",
        ),
        (
            vec!["serve", "-i", "demo", "--aws-auth", "/dev/null"],
            "it is not a regular file; there are no rules of this source to start with",
        ),
        (
            vec![
                "serve",
                "-i",
                "demo",
                "--aws-auth",
                AWS_AUTH,
                "--tls-cert",
                "/dev/null",
            ],
            "--tls-key",
        ),
        (
            vec![
                "serve",
                "-i",
                "demo",
                "--aws-auth",
                AWS_AUTH,
                "--tls-cert",
                "/dev/null",
                "--tls-key",
                "/dev/null",
            ],
            "certificate /dev/null and key /dev/null",
        ),
    ] {
        let ended = capture("verifier", &arguments, "token");
        assert_eq!(ended.status.code(), Some(2), "{arguments:?}: {ended:?}");
        assert!(ended.stderr.contains(why), "{arguments:?}: {ended:?}");
        assert!(ended.stdout.is_empty(), "{arguments:?}: {ended:?}");
        let is_raw = ended.stderr.contains(['\u{1b}', '\u{202e}']);
        assert!(!is_raw, "{arguments:?}: {ended:?}");
    }
}
