//! Every field of a mapping, and every argument about a mapping.

use serde_json::{Value, json};

use super::super::{Directory, NODES, OPS, config_map};
use super::{TEXTS, faults, printed};

/// Files with the text in each of their fields: JSON, which every reader reads. (The library tests one
/// field at a time.)
fn files(text: &str) -> Vec<String> {
    let arn = format!("arn:aws:iam::111122223333:user/{text}");
    let ops = "arn:aws:iam::111122223333:role/ops";
    let entry = |key: &str, arn: &str, username: &str, group: &str| json!({key: arn, "username": username, "groups": [group]});
    let mut with_unknown_key = entry("rolearn", ops, "u", "u");
    with_unknown_key[text] = json!(1);
    let entries = json!([
        entry("rolearn", &arn, "u", "u"),
        entry("rolearn", text, "u", "u"),
        entry("rolearn", ops, text, "u"),
        entry("rolearn", ops, "u", text),
        with_unknown_key,
        entry("rolearnLike", &arn, text, "system:masters"),
        {"sso": {"permissionSetName": text, "accountID": text, text: 1}},
        text,
    ]);
    let twice: Vec<&Value> = std::iter::repeat_n(entries.as_array().unwrap(), 2)
        .flatten()
        .collect();
    let of_eksctl: Value =
        serde_json::from_str(&entries.to_string().replace("rolearn", "arn")).unwrap();
    let mut mappings = of_eksctl.as_array().unwrap().clone();
    mappings.push(json!({"account": text}));
    [
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "aws-auth", "namespace": "kube-system"},
            "data": {"mapRoles": json!(twice).to_string(), text: ""}}),
        json!({"server": {"mapRoles": entries, text: 1}}),
        entries,
        json!({"apiVersion": "eksctl.io/v1alpha5", "kind": "ClusterConfig", "metadata": {"name": text},
            "iamIdentityMappings": mappings, "accessConfig": {"authenticationMode": text}}),
        json!({"mapAccounts": [text], "mapRolez": [], text: 1}),
        json!({"kind": "ConfigMap", "metadata": {"name": text, "namespace": text}, "data": {"mapRoles": text}}),
        json!({"kind": text, "apiVersion": text}),
        json!({"kind": "IAMIdentityMapping", "metadata": {"name": text},
            "spec": {"arn": arn, "username": text, "groups": [text]}}),
        json!({"principalArn": ops, "type": text, "username": text, "kubernetesGroups": [text],
            "associatedAccessPolicies": [
                {"policyArn": text, "accessScope": {"type": "namespace", "namespaces": [text]}}]}),
        json!({"accessEntries": [text, arn]}),
        json!({"cluster": {"name": text, "arn": text, "version": text, "accessConfig": {"authenticationMode": text}}}),
        json!({"Roles": [{"Arn": arn, "RoleName": text, "RoleId": text, "Path": text}]}),
        json!({"Resources": {text: {"Type": "AWS::EKS::AccessEntry", "Properties": {"PrincipalArn": arn,
            "ClusterName": text, "Username": text, "KubernetesGroups": [text]}}}}),
        json!({"format_version": "1.2", "planned_values": {"root_module": {"resources": [{"address": text,
            "mode": "managed", "type": "aws_eks_access_entry", "name": text,
            "values": {"cluster_name": text, "principal_arn": arn, "user_name": text, "kubernetes_groups": [text]}}]}}}),
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": text, "namespace": text},
            "spec": {"serviceAccountName": text}}),
    ]
    .map(|value| value.to_string())
    .into_iter()
    .chain([format!("Error from server (NotFound): {text}"), text.to_owned()])
    .collect()
}

#[test]
fn no_field_of_a_mapping_is_printed_raw() {
    let dir = Directory::new("hostile-mapping");
    let plain = dir.file("plain.yaml", &config_map(&[NODES, OPS]));
    let session = "arn:aws:sts::111122223333:assumed-role/ops/s";
    let mut wrong = Vec::new();
    for text in TEXTS {
        // The text as a file's name, without the characters that a name cannot have.
        let name: String = text.chars().filter(|c| *c != '/').take(60).collect();
        for content in files(text) {
            let file = dir.file(&name, &content);
            for words in [
                ["check", &file].as_slice(),
                &["check", &file, "-o", "json"],
                &["check", &file, "-o", "markdown"],
                &["check", &file, "-o", "sarif"],
                &["whoami", session, "-f", &file],
                &["callers", "-f", &file],
                &["can", session, "get", "pods", "-f", &file],
                &["why", session, "get", "pods", "-f", &file],
                &["who", "get", "pods", "-f", &file],
                &["list", session, "-f", &file],
                &["escalate", session, "-f", &file],
                &["diff", &plain, &file, "--caller", session],
                &["diff", &file, &plain, "-o", "json"],
                &["convert", "--to", "config-map", "-f", &file],
                &["convert", "--to", "cloudformation", "-f", &file],
                &["convert", "--to", "eksctl", "-f", &file],
                &["convert", "--to", "terraform", "-f", &file],
                &["edit", "dedupe", "-f", &file],
            ] {
                wrong.extend(faults(&[words, &["--no-default-policy"]].concat()));
            }
            let entries = [
                "convert",
                "--to",
                "entries",
                "--cluster",
                "demo",
                "-f",
                &file,
            ];
            for line in printed(&entries).text.lines() {
                let _: Value = serde_json::from_str(line).unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_argument_about_a_mapping_is_printed_raw() {
    let dir = Directory::new("hostile-arguments");
    let plain = dir.file("plain.yaml", &config_map(&[NODES, OPS]));
    let mut wrong = Vec::new();
    for text in TEXTS {
        let user = format!("arn:aws:iam::111122223333:user/{text}");
        for words in [
            ["whoami", &user, "-f", &plain].as_slice(),
            &["whoami", text, "-f", &plain],
            &["whoami", &user, "--private-dns-name", text, "-f", &plain],
            &["callers", text, "-f", &plain],
            &["can", &user, "get", "pods", "-f", &plain],
            &["diff", &plain, &plain, "--caller", &user],
            &["diff", &plain, &plain, "--caller", text],
            &["diff", &plain, text],
            &["diff", &plain, &format!("HEAD:{text}")],
            &["diff", &plain, &plain, "--accept", text],
            &["edit", "remove", &user, "-f", &plain],
            &["edit", "add", text, "--username", "u", "-f", &plain],
            &["edit", "add", &user, "--username", "", "-f", &plain],
            &["convert", "--to", text, "-f", &plain],
            &[
                "convert",
                "--to",
                "terraform",
                "--cluster",
                text,
                "-f",
                &plain,
            ],
            &["check", text],
            &["check", "--principals", text, &plain],
            &["check", "--authentication-mode", text, &plain],
            &["check", "--config-map", text, &plain],
            &["callers", "--fleet", text],
            &["man", text],
            &["completions", text],
            &["--dialect", text, "check", &plain],
            &["--max-input-size", text, "check", &plain],
            &[&format!("--dialect={text}"), "check", &plain],
            &[text],
        ] {
            wrong.extend(faults(words));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn converted_texts_are_exact() {
    let dir = Directory::new("exact");
    for text in [
        "\u{1b}[2J",
        "\u{202e}a",
        "a\nb\r\n::error::c",
        "\u{2028}\u{85}",
    ] {
        let entry = json!([{
            "rolearn": "arn:aws:iam::111122223333:role/ops", "username": text, "groups": [text],
        }]);
        let file = dir.file("file", &json!({"mapRoles": entry.to_string()}).to_string());
        let converted = printed(&[
            "convert",
            "--to",
            "entries",
            "--cluster",
            "demo",
            "-f",
            &file,
        ]);
        let line = converted.text.lines().next().unwrap_or_default();
        let entry: Value = serde_json::from_str(line).unwrap();
        assert_eq!(entry["username"], text, "{line}");
        assert_eq!(entry["kubernetesGroups"][0], text);
    }
}
