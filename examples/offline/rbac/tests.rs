//! The command `lint` on input without objects, the advice to aggregate, and the command `write`.

use std::path::PathBuf;

use clap::Parser as _;
use k8s_rbac::ManifestReader;
use serde_json::Value;

use crate::answer::Answer;
use crate::args::Args;
use crate::world::{Reader, unaggregated};

/// A file in the directory for temporary files, removed in the end.
struct TempFile(PathBuf);

impl TempFile {
    fn new(name: &str, text: &str) -> Self {
        let name = format!("rbac-lint-{}-{name}.yaml", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).unwrap();
        Self(path)
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn lint(name: &str, text: &str) -> Result<Answer, String> {
    let file = TempFile::new(name, text);
    let path = file.0.display().to_string();
    let args = Args::try_parse_from(["rbac", "lint", &path]).unwrap();
    crate::answer(&args, &Reader::new(ManifestReader::new()))
}

#[test]
fn input_without_objects_is_no_answer() {
    for (name, text) in [
        ("empty", ""),
        ("separator", "---\n"),
        ("comment", "# nothing\n"),
        ("list", "{apiVersion: v1, kind: List, items: []}"),
        (
            "other",
            "{apiVersion: v1, kind: Namespace, metadata: {name: a}}",
        ),
    ] {
        let why = lint(name, text).err();
        assert_eq!(
            why.as_deref(),
            Some("no roles or bindings in the files"),
            "{name}"
        );
    }
    let broken = "{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: [}";
    let why = lint("broken", broken).err().unwrap();
    assert!(
        why.starts_with("no roles or bindings could be read: "),
        "{why}"
    );
    let missing = Args::try_parse_from(["rbac", "lint", "does-not-exist.yaml"]).unwrap();
    assert!(crate::answer(&missing, &Reader::new(ManifestReader::new())).is_err());
}

#[test]
fn objects_that_cannot_be_read_are_never_followed_by_nothing_found() {
    let text = "\
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: a, \
 labels: {rbac.authorization.k8s.io/aggregate-to-view: 'true'}}, \
 rules: [{verbs: [get], apiGroups: [example.com], resources: [widgets]}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: b}, rules: 1}
";
    let answer = lint("partly", text).ok().unwrap();
    assert_eq!(answer.text, "one object could not be read\n");
    let errors = answer.data.get("errors").and_then(Value::as_array);
    assert_eq!(errors.map(Vec::len), Some(1));
}

#[test]
fn aggregation_is_advised_only_where_it_adds_rules() {
    let text = "\
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: hollow}, rules: [], \
 aggregationRule: {clusterRoleSelectors: [{matchLabels: {to: hollow}}]}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: selects-none}, rules: [], \
 aggregationRule: {clusterRoleSelectors: [{matchLabels: {to: none}}]}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: a, labels: {to: hollow}}, \
 rules: [{verbs: [get], apiGroups: [''], resources: [pods]}]}
";
    let mut objects = ManifestReader::new().read([("f", text)]).into_objects();
    assert_eq!(unaggregated(&objects), ["hollow"]);
    objects.aggregate();
    assert!(unaggregated(&objects).is_empty());
}

/// Asks whether a user who holds everything may write an object that is not there yet.
fn write(name: &str, text: &str, version: &str) -> Answer {
    let holds = "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: b}, \
                 subjects: [{kind: User, name: amy}], roleRef: {kind: ClusterRole, name: cluster-admin}}";
    let (objects, files) = (
        TempFile::new(name, text),
        TempFile::new(&format!("{name}-files"), holds),
    );
    let path = |file: &TempFile| file.0.display().to_string();
    let args = [
        "rbac",
        "--bootstrap",
        "--kubernetes-version",
        version,
        "write",
        &path(&objects),
        "--as",
        "amy",
        &path(&files),
    ];
    let args = Args::try_parse_from(args).unwrap();
    crate::answer(&args, &Reader::new(ManifestReader::new()))
        .ok()
        .unwrap()
}

#[test]
fn an_object_that_validation_refuses_is_not_written() {
    let role = |rules: &str| {
        format!(
            "{{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {{name: r, namespace: n}}, \
             rules: [{rules}]}}"
        )
    };
    let answer = write(
        "valid",
        &role("{verbs: [get], apiGroups: [''], resources: [pods]}"),
        "1.37",
    );
    assert_eq!(answer.text, "yes  create roles n/r\n");
    let without_verbs = role("{verbs: [], apiGroups: [''], resources: [pods]}");
    for (version, why) in [
        (
            "1.34",
            "Required value: verbs must contain at least one value",
        ),
        ("1.37", "Required value"),
    ] {
        let answer = write("invalid", &without_verbs, version);
        assert!(!answer.is_good);
        assert_eq!(
            answer.text,
            format!(
                "no  create roles n/r - Role.rbac.authorization.k8s.io \"r\" is invalid: rules[0].verbs: {why}\n"
            )
        );
    }
}
