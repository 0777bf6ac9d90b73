//! Nothing of a file or an argument reaches a terminal or a log raw, through any command of `aws_auth`.

use std::fs;
use std::path::PathBuf;

use crate::run::{AWS_AUTH, capture};

/// Texts that a terminal, a log or a CI system would interpret, and one that would fill it.
fn hostile() -> Vec<String> {
    vec![
        "\u{1b}[2J\u{202e}gnp.exe\u{2028}\u{85}\u{9b}31m\u{7}".to_owned(),
        "a\nlockout: none\r\n::error::b".to_owned(),
        "::error::c##[error]d".to_owned(),
        "x".repeat(10_000),
    ]
}

/// Asserts that each line is short, is no command of a CI system, and has no character that a terminal
/// interprets.
#[track_caller]
fn check(command: &str, printed: &str) {
    for line in printed.split('\n') {
        assert!(line.chars().count() < 8192, "{command}: {}", line.len());
        assert!(
            !line.starts_with("::") && !line.contains("##["),
            "{command}: {line}"
        );
        let is_raw = |c: char| {
            c.is_control()
                || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}')
                || matches!(c, '\u{2028}' | '\u{2029}' | '\u{2066}'..='\u{2069}')
        };
        assert!(!line.contains(is_raw), "{command}: {line:?}");
    }
    assert!(!printed.contains("\nlockout: none"), "{command}: {printed}");
}

/// Files with the text in each of their fields: JSON, which every reader reads. (One field at a time is the
/// test of the library.)
fn files(text: &str) -> Vec<String> {
    let quoted = serde_json::to_string(text).unwrap();
    let arn = serde_json::to_string(&format!("arn:aws:iam::111122223333:user/{text}")).unwrap();
    let entry = |key: &str, arn: &str, username: &str, group: &str, more: &str| {
        format!("{{\"{key}\": {arn}, \"username\": {username}, \"groups\": [{group}]{more}}}")
    };
    let (ops, user) = ("\"arn:aws:iam::111122223333:role/ops\"", "\"u\"");
    let entries = [
        entry("rolearn", &arn, user, user, ""),
        entry("rolearn", &quoted, user, user, ""),
        entry("rolearn", ops, &quoted, user, ""),
        entry("rolearn", ops, user, &quoted, ""),
        entry("rolearn", ops, user, user, &format!(", {quoted}: 1")),
        entry("rolearnLike", &arn, &quoted, "\"system:masters\"", ""),
        format!(
            "{{\"sso\": {{\"permissionSetName\": {quoted}, \"accountID\": {quoted}, {quoted}: 1}}}}"
        ),
        quoted.clone(),
    ];
    let entries = entries.join(", ");
    let inner = serde_json::to_string(&format!("[{entries}, {entries}]")).unwrap();
    let mut files = vec![
        format!(
            "{{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"metadata\": {{\"name\": \"aws-auth\", \"namespace\": \"kube-system\"}}, \"data\": {{\"mapRoles\": {inner}, {quoted}: \"\"}}}}"
        ),
        format!("{{\"server\": {{\"mapRoles\": [{entries}], {quoted}: 1}}}}"),
        format!("[{entries}]"),
        format!(
            "{{\"apiVersion\": \"eksctl.io/v1alpha5\", \"kind\": \"ClusterConfig\", \"metadata\": {{\"name\": {quoted}}}, \"iamIdentityMappings\": [{}, {{\"account\": {quoted}}}], \"accessConfig\": {{\"authenticationMode\": {quoted}}}}}",
            entries.replace("rolearn", "arn")
        ),
    ];
    files.push(format!(
        "{{\"mapAccounts\": [{quoted}], \"mapRolez\": [], {quoted}: 1}}"
    ));
    files.push(format!(
        "{{\"kind\": \"ConfigMap\", \"metadata\": {{\"name\": {quoted}, \"namespace\": {quoted}}}, \"data\": {{\"mapRoles\": {quoted}}}}}"
    ));
    files.push(format!("{{\"kind\": {quoted}, \"apiVersion\": {quoted}}}"));
    files.push(format!(
        "{{\"kind\": \"IAMIdentityMapping\", \"metadata\": {{\"name\": {quoted}}}, \"spec\": {{\"arn\": {arn}, \"username\": {quoted}, \"groups\": [{quoted}]}}}}"
    ));
    files.push(format!(
        "{{\"principalArn\": {ops}, \"type\": {quoted}, \"username\": {quoted}, \"kubernetesGroups\": [{quoted}], \"associatedAccessPolicies\": [{{\"policyArn\": {quoted}, \"accessScope\": {{\"type\": \"namespace\", \"namespaces\": [{quoted}]}}}}]}}"
    ));
    files.push(format!("{{\"accessEntries\": [{quoted}, {arn}]}}"));
    files.push(format!("Error from server (NotFound): {text}"));
    files.push(text.to_owned());
    files
}

#[test]
fn no_command_of_aws_auth_prints_a_text_raw() {
    let directory = std::env::temp_dir().join(format!("hostile-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let path = |name: &str| -> PathBuf { directory.join(name) };
    let session = "arn:aws:sts::111122223333:assumed-role/ops/s";
    for text in hostile() {
        // As a file's name, as far as a file can have it.
        let name: String = text.chars().filter(|c| *c != '/').take(60).collect();
        let file = path(&name);
        let file = file.to_str().unwrap();
        let user = format!("arn:aws:iam::111122223333:user/{text}");
        for content in files(&text) {
            fs::write(file, content).unwrap();
            for arguments in [
                vec!["check", file],
                vec!["explain", file, session],
                vec!["diff", AWS_AUTH, file, "--caller", session],
                vec!["diff", file, AWS_AUTH],
                vec!["convert", "to-config-map", file],
                vec!["convert", "to-entries", "--cluster", "demo", file],
                vec!["edit", "dedupe", file],
                vec!["check", AWS_AUTH, "--access-entries", file],
            ] {
                let ended = capture("aws_auth", &arguments, "");
                let command = arguments.join(" ");
                check(&command, &ended.stderr);
                match arguments.as_slice() {
                    // A file for other programs: the texts are exact, and each is quoted.
                    ["convert", "to-entries", ..] => {
                        for line in ended.stdout.lines() {
                            let _: serde_json::Value = serde_json::from_str(line).unwrap();
                        }
                    }
                    ["convert" | "edit", ..] => {}
                    _ => check(&command, &ended.stdout),
                }
            }
        }
        for arguments in [
            vec!["explain", AWS_AUTH, &user],
            vec!["explain", AWS_AUTH, &text],
            vec!["diff", AWS_AUTH, AWS_AUTH, "--caller", &user],
            vec!["diff", AWS_AUTH, AWS_AUTH, "--caller", &text],
            vec!["edit", "remove", AWS_AUTH, &user],
            vec!["edit", "add", AWS_AUTH, &text, "--username", "u"],
            vec!["edit", "add", AWS_AUTH, &user, "--username", ""],
            vec!["check", &text],
            vec!["check", "--mode", &text, AWS_AUTH],
            vec!["check", "--config-map", &text, AWS_AUTH],
            vec!["--dialect", &text, "check", AWS_AUTH],
            vec!["--max-input-size", &text, "check", AWS_AUTH],
            vec![&text],
        ] {
            let ended = capture("aws_auth", &arguments, "");
            check(&arguments.join(" "), &(ended.stdout + &ended.stderr));
        }
    }
    fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn converted_texts_are_exact() {
    let directory = std::env::temp_dir().join(format!("exact-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let file = directory.join("file");
    let file = file.to_str().unwrap();
    for text in [
        "\u{1b}[2J",
        "\u{202e}a",
        "a\nb\r\n::error::c",
        "\u{2028}\u{85}",
    ] {
        let entry = serde_json::json!([{
            "rolearn": "arn:aws:iam::111122223333:role/ops", "username": text, "groups": [text],
        }]);
        let map = serde_json::json!({"mapRoles": entry.to_string()});
        fs::write(file, map.to_string()).unwrap();
        let ended = capture(
            "aws_auth",
            &["convert", "to-entries", "--cluster", "demo", file],
            "",
        );
        let line = ended.stdout.lines().next().unwrap_or_default();
        let printed: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(printed["username"], text, "{ended:?}");
        assert_eq!(printed["kubernetesGroups"][0], text);
    }
    fs::remove_dir_all(&directory).unwrap();
}
