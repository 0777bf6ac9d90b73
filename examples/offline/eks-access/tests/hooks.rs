//! `.pre-commit-hooks.yaml` at the root of the repository.

use serde_json::Value;

use super::{Directory, FOUND, NODES, OPS, config_map, parse};
use crate::run;

const HOOKS: &str = include_str!("../../../../.pre-commit-hooks.yaml");

#[test]
fn the_hook_of_pre_commit_checks_the_files_that_it_is_given() {
    let hooks: Value = serde_yaml::from_str(HOOKS).unwrap();
    let hooks = hooks.as_array().unwrap();
    assert_eq!(hooks.len(), 1);
    let hook = &hooks[0];
    let text = |key: &str| hook[key].as_str().unwrap_or_default();
    assert_eq!(
        (text("id"), text("language")),
        ("eks-access-check", "system")
    );
    // The files describe one cluster, so one run must get them all.
    assert_eq!(hook["require_serial"], true);
    assert!(!text("name").is_empty() && !text("description").is_empty());
    let types: Vec<&str> = hook["types_or"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    assert_eq!(types, ["yaml", "json"]);
    let dir = Directory::new("hooks");
    let good = dir.file("good.yaml", &config_map(&[NODES, OPS]));
    let bad = config_map(&[NODES, &OPS.replace("role/ops", "role/x/ops")]);
    let bad = dir.file("bad.yaml", &bad);
    let entry = text("entry").strip_prefix("eks-access ").unwrap();
    for (file, status) in [(good, 0), (bad, FOUND)] {
        let answer = run(&parse(&format!("{entry} {file}")));
        assert_eq!(answer.status, status, "{file}: {}", answer.text);
    }
}
