//! The command `lint` on input without objects, and the advice to aggregate.

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
