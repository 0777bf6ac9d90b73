//! Every field of the input of `rbac`, filled with text that could forge output: nothing is printed raw.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::run::capture;

/// Text that moves a cursor, turns the direction of a line, ends a line, or is a command to a CI runner.
fn hostile_texts() -> Vec<String> {
    vec![
        "a\u{1b}[2Jb".to_owned(),
        "a\u{202e}b".to_owned(),
        "a\n::error::b".to_owned(),
        "::error::b".to_owned(),
        "a\r\u{85}\u{2028}\u{7}b".to_owned(),
        "x".repeat(10_000),
    ]
}

/// The places of a document, as JSON pointers. The last part may be a key.
const FIELDS: [&str; 26] = [
    "/apiVersion",
    "/kind",
    "/metadata/name",
    "/metadata/namespace",
    "/metadata/labels/a",
    "/metadata/annotations/a",
    "/aggregationRule/clusterRoleSelectors/0/matchLabels/a",
    "/aggregationRule/clusterRoleSelectors/0/matchExpressions/0/key",
    "/aggregationRule/clusterRoleSelectors/0/matchExpressions/0/operator",
    "/aggregationRule/clusterRoleSelectors/0/matchExpressions/0/values/0",
    "/rules/0/verbs/0",
    "/rules/0/apiGroups/0",
    "/rules/0/resources/0",
    "/rules/0/resourceNames/0",
    "/rules/1/nonResourceURLs/0",
    "/rules/1/verbs/0",
    "/subjects/0/kind",
    "/subjects/0/apiGroup",
    "/subjects/0/name",
    "/subjects/0/namespace",
    "/subjects/1/name",
    "/subjects/1/namespace",
    "/roleRef/apiGroup",
    "/roleRef/kind",
    "/roleRef/name",
    "/rules",
];

/// A role and a binding of each kind, which give `u` everything that their rules allow.
fn documents(name: &str) -> Vec<Value> {
    let rules = json!([
        {"verbs": ["get", "bind", "impersonate", "create", "update", "escalate"],
         "apiGroups": ["", "rbac.authorization.k8s.io"],
         "resources": ["pods", "users", "roles", "clusterroles", "rolebindings", "serviceaccounts/token"],
         "resourceNames": ["one"]},
        {"verbs": ["get"], "nonResourceURLs": ["/healthz"]},
    ]);
    let subjects = json!([
        {"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "u"},
        {"kind": "ServiceAccount", "name": "one", "namespace": "dev"},
    ]);
    let version = "rbac.authorization.k8s.io/v1";
    let metadata = json!({"name": name, "labels": {"a": "b"}, "annotations": {"a": "b"}});
    let mut in_namespace = metadata.clone();
    in_namespace["namespace"] = json!("dev");
    let role_ref =
        |kind: &str| json!({"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name});
    vec![
        json!({"apiVersion": version, "kind": "ClusterRole", "metadata": metadata, "rules": rules}),
        json!({"apiVersion": version, "kind": "ClusterRole", "metadata": {"name": format!("{name}-all")},
            "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"a": "b"},
                "matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]}]}}),
        json!({"apiVersion": version, "kind": "Role", "metadata": in_namespace, "rules": rules}),
        json!({"apiVersion": version, "kind": "ClusterRoleBinding", "metadata": metadata,
            "subjects": subjects, "roleRef": role_ref("ClusterRole")}),
        json!({"apiVersion": version, "kind": "RoleBinding", "metadata": in_namespace,
            "subjects": subjects, "roleRef": role_ref("Role")}),
        json!({"apiVersion": version, "kind": "ClusterRoleBinding", "metadata": {"name": format!("{name}-all")},
            "subjects": subjects, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
                "name": format!("{name}-all")}}),
    ]
}

/// Every document with every field, and every key, replaced by every text in turn.
fn hostile_documents() -> String {
    let mut all = documents("plain");
    for text in hostile_texts() {
        for field in FIELDS {
            for (number, document) in documents("one").into_iter().enumerate() {
                // Names differ, so that no document replaces another.
                let mut document = document;
                if !field.ends_with("/name") {
                    document["metadata"]["name"] =
                        json!(format!("{number}{}", field.replace('/', "-")));
                }
                if let Some(place) = document.pointer_mut(field) {
                    *place = json!(text);
                    all.push(document.clone());
                }
                let (parent, key) = field.rsplit_once('/').unwrap();
                let parent = document.pointer_mut(parent).and_then(Value::as_object_mut);
                if let Some(parent) = parent
                    && let Some(value) = parent.remove(key)
                {
                    parent.insert(text.clone(), value);
                    all.push(document);
                }
            }
        }
        all.push(json!({"apiVersion": "v1", "kind": text, "metadata": {"name": "other"}}));
        all.push(json!({ text.as_str(): "neither a kind nor a version" }));
        // Roles and bindings that refer to each other by the text.
        all.extend(documents(&text));
    }
    let texts: Vec<String> = all.iter().map(Value::to_string).collect();
    texts.join("\n---\n")
}

/// Returns the first part of an output that a terminal or a CI runner would take for a command.
fn raw_part(output: &str) -> Option<String> {
    let is_raw = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    let is_bad = |line: &&str| line.trim_start().starts_with("::") || line.contains(is_raw);
    let line = output.lines().find(is_bad)?;
    Some(format!("{:?}", line.chars().take(400).collect::<String>()))
}

struct TempFile(PathBuf);

impl TempFile {
    fn new(name: &str, text: &str) -> Self {
        let name = format!("rbac-hostile-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Runs a command for people and for programs, and checks what it prints.
fn check(arguments: &[&str], input: &str, faults: &mut Vec<String>) {
    for output in ["text", "json"] {
        let arguments = [&["-o", output], arguments].concat();
        let ended = capture("rbac", &arguments, input);
        let shown: Vec<String> = arguments
            .iter()
            .map(|one| one.chars().take(60).collect())
            .collect();
        let shown = format!("{shown:?}");
        if !matches!(ended.status.code(), Some(0..=2)) || ended.stderr.contains("panicked") {
            faults.push(format!("{shown}: {:?}", ended.status));
        }
        for (stream, text) in [("stdout", &ended.stdout), ("stderr", &ended.stderr)] {
            if let Some(part) = raw_part(text) {
                faults.push(format!("{shown} {stream}: {part}"));
            }
        }
        let is_json = output == "json" && !ended.stdout.is_empty();
        if is_json && serde_json::from_str::<Value>(&ended.stdout).is_err() {
            faults.push(format!("{shown}: not JSON"));
        }
    }
}

#[test]
fn no_field_of_a_manifest_is_printed_raw() {
    let hostile = hostile_documents();
    let file = TempFile::new("objects.yaml", &hostile);
    let plain: Vec<String> = documents("plain").iter().map(Value::to_string).collect();
    let plain = TempFile::new("plain.yaml", &plain.join("\n---\n"));
    let (file, plain) = (file.path(), plain.path());
    let mut faults = Vec::new();
    for arguments in [
        ["can", "get pods/one -n dev", "--as", "u", file].as_slice(),
        &["can", "delete pods -n dev", "--as", "u", file],
        &["why", "get pods/one -n dev", "--as", "u", file],
        &[
            "why",
            "get pods/one -n dev",
            "--as",
            "u",
            "--aggregate",
            file,
        ],
        &["who", "get pods/one -n dev", "--aggregate", file],
        &["where", "get pods/one", "--as", "u", "--aggregate", file],
        &["why", "delete pods -n dev", "--as", "u", file],
        &["who", "get pods/one -n dev", file],
        &["where", "get pods/one", "--as", "u", file],
        &["list", "--as", "u", "--aggregate", file],
        &["escalate", "--as", "u", "--bootstrap", file],
        &["escalate", "--as", "u", "--to", "system:masters", file],
        &["lint", file],
        &["lint", "--known", plain, "--print-baseline", file],
        &["lint", "--baseline", file, plain],
        &["write", file, "--as", "u", plain],
        &["write", plain, "--as", "u", file],
        &["diff", plain, file],
        &["diff", file, plain],
    ] {
        check(arguments, "", &mut faults);
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn no_argument_is_printed_raw() {
    let plain: Vec<String> = documents("plain").iter().map(Value::to_string).collect();
    let plain = plain.join("\n---\n");
    let mut faults = Vec::new();
    for text in hostile_texts() {
        let long = format!("{}-{}", text.replace('/', ""), "x".repeat(10));
        let name: String = long.chars().take(100).collect();
        let path = TempFile::new(&name, &plain);
        let broken = TempFile::new(&format!("broken-{name}"), &text);
        let question = format!("{text} pods/{text}");
        for arguments in [
            ["can", "get pods", "--as", &text, "-"].as_slice(),
            &["why", "get pods", "--as", "v", "--as-group", &text, "-"],
            &["can", &question, "--as", "u", "-"],
            &["who", &text, "-"],
            &["where", &question, "--as", &text, "-"],
            &["list", "--as", &text, "-"],
            &["escalate", "--as", &text, "-"],
            &["escalate", "--as", "u", "--to", &text, "-"],
            &[
                "escalate",
                "--as",
                "u",
                "--to",
                &format!("group:{text}"),
                "-",
            ],
            &["lint", "--namespace", &text, "-"],
            &["lint", "--fail-on", &text, "-"],
            &["lint", "--baseline", broken.path(), "-"],
            &["lint", path.path()],
            &["lint", broken.path()],
            &["lint", &text],
            &["write", path.path(), "--as", &text, "-"],
            &["diff", path.path(), broken.path()],
            &["--kubernetes-version", &text, "lint", "-"],
            &["--max-input-size", &text, "lint", "-"],
            &[&text],
        ] {
            check(arguments, &plain, &mut faults);
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
