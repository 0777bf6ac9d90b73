use crate::run::{AWS_AUTH, CREDENTIALS, Ended, ROOT, capture, token};

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
    let mut signer = crate::run::command(
        "signer",
        &[
            "--cluster-id",
            "demo",
            "--region",
            "us-west-2",
            "--token-only",
        ],
    );
    signer
        .env("AWS_SESSION_TOKEN", "TOKEN")
        .stdout(std::process::Stdio::piped());
    let token = crate::run::run(signer, "").stdout;
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
    // Signed with the secret of another profile.
    let mut signer = crate::run::command(
        "signer",
        &[
            "--cluster-id",
            "demo",
            "--region",
            "us-west-2",
            "--token-only",
        ],
    );
    signer
        .env(
            "AWS_SECRET_ACCESS_KEY",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYADMINEXAMPLE",
        )
        .stdout(std::process::Stdio::piped());
    let wrong = crate::run::run(signer, "").stdout;
    let ended = verifier(&local, &wrong);
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(ended.stdout.contains("secret"), "{ended:?}");
    // Signed for another cluster, whose name is known.
    let arguments = [
        "--cluster-id",
        "other",
        "--region",
        "us-west-2",
        "--token-only",
    ];
    let other = capture("signer", &arguments, "").stdout;
    let suspect = ["--other-cluster-id", "other"];
    let ended = verifier(&[local.as_slice(), &suspect].concat(), &other);
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(ended.stdout.contains("other"), "{ended:?}");
    assert!(ended.stdout.contains("signature"), "{ended:?}");
}

#[test]
fn the_doctor_names_texts_that_are_not_tokens() {
    let token = token();
    for (text, named) in [
        (format!("Bearer {token}"), "an `Authorization` header"),
        (format!("\"{}\"", token.trim()), "quotation marks"),
        (
            "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJhIn0.c2ln".to_owned(),
            "JSON Web Token",
        ),
        ("{\"kind\":\"ExecCredential\"}".to_owned(), "ExecCredential"),
    ] {
        let ended = verifier(&["doctor"], &text);
        assert_eq!(ended.status.code(), Some(1), "{ended:?}");
        assert!(ended.stdout.contains(named), "{text}: {ended:?}");
    }
}
