//! Every field of roles and bindings, and every argument about them.

use serde_json::{Value, json};

use super::super::Directory;
use super::{TEXTS, faults};

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

/// Returns copies of the documents. In each copy, a text replaces one field or one key.
fn hostile_documents() -> String {
    let mut all = documents("plain");
    for text in TEXTS {
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
                    parent.insert(text.to_owned(), value);
                    all.push(document);
                }
            }
        }
        all.push(json!({"apiVersion": "v1", "kind": text, "metadata": {"name": "other"}}));
        all.push(json!({ text: "neither a kind nor a version" }));
        // Roles and bindings that refer to each other by the text.
        all.extend(documents(text));
    }
    let texts: Vec<String> = all.iter().map(Value::to_string).collect();
    texts.join("\n---\n")
}

#[test]
fn no_field_of_a_manifest_is_printed_raw() {
    let dir = Directory::new("hostile-manifests");
    let file = dir.file("objects.yaml", &hostile_documents());
    let plain: Vec<String> = documents("plain").iter().map(Value::to_string).collect();
    let plain = dir.file("plain.yaml", &plain.join("\n---\n"));
    let mut wrong = Vec::new();
    for words in [
        [
            "can", "--as", "u", "get", "pods/one", "-n", "dev", "-f", &file,
        ]
        .as_slice(),
        &[
            "can", "--as", "u", "delete", "pods", "-n", "dev", "-f", &file,
        ],
        &["can", "--as", "u", "get", "pods/one", "-A", "-f", &file],
        &[
            "why", "--as", "u", "get", "pods/one", "-n", "dev", "-f", &file,
        ],
        &["why", "--as", "u", "get", "pods/one", "-A", "-f", &file],
        &[
            "why", "--as", "u", "delete", "pods", "-n", "dev", "-f", &file,
        ],
        &["who", "get", "pods/one", "-n", "dev", "-f", &file],
        &["list", "--as", "u", "-f", &file],
        &["list", "--as", "u", "--by", "namespace", "-f", &file],
        &["escalate", "--as", "u", "-f", &file],
        &[
            "escalate",
            "--as",
            "u",
            "--to",
            "system:masters",
            "-f",
            &file,
        ],
        &["check", &file],
        &["check", &file, "-o", "json"],
        &["check", "--known", &plain, "--print-baseline", &file],
        &["check", "--baseline", &file, &plain],
        &["write", "--as", "u", &file, "-f", &plain],
        &["write", "--as", "u", &plain, "-f", &file],
        &["diff", &plain, &file],
        &["diff", &file, &plain],
    ] {
        wrong.extend(faults(words));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_argument_about_a_manifest_is_printed_raw() {
    let dir = Directory::new("hostile-words");
    let plain: Vec<String> = documents("plain").iter().map(Value::to_string).collect();
    let plain = plain.join("\n---\n");
    let file = dir.file("file.yaml", &plain);
    let mut wrong = Vec::new();
    for text in TEXTS {
        let name: String = text.replace('/', "").chars().take(100).collect();
        let named = dir.file(&name, &plain);
        let broken = dir.file(&format!("broken-{name}"), text);
        let resource = format!("pods/{text}");
        let group = format!("group:{text}");
        for words in [
            ["can", "--as", text, "get", "pods", "-f", &file].as_slice(),
            &[
                "why",
                "--as",
                "v",
                "--as-group",
                text,
                "get",
                "pods",
                "-f",
                &file,
            ],
            &["can", "--as", "u", text, &resource, "-f", &file],
            &["who", text, &resource, "-f", &file],
            &["can", "--as", text, text, &resource, "-A", "-f", &file],
            &["can", "--as", "u", "get", "pods", "-n", text, "-f", &file],
            &[
                "can",
                "--as",
                "u",
                "get",
                "pods",
                "--subresource",
                text,
                "-f",
                &file,
            ],
            &["list", "--as", text, "-f", &file],
            &["escalate", "--as", text, "-f", &file],
            &["escalate", "--as", "u", "--to", text, "-f", &file],
            &["escalate", "--as", "u", "--to", &group, "-f", &file],
            &["check", "--objects-namespace", text, &file],
            &["check", "--fail-on", text, &file],
            &["check", "--baseline", &broken, &file],
            &["check", &named],
            &["check", &broken],
            &["write", "--as", text, &named, "-f", &file],
            &["diff", &named, &broken],
            &["--kubernetes-version", text, "check", &file],
        ] {
            wrong.extend(faults(words));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
