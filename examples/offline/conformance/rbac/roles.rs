//! What a role holds: aggregated, compared with another, and written by somebody.

use std::collections::BTreeMap;

use k8s_rbac::{ClusterRole, LabelSelector};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Refusal;

pub(super) fn answer(op: &str, question: &Value) -> Option<Result<Value, Refusal>> {
    Some(match op {
        "rbac.aggregate" => crate::read(question).and_then(|question| aggregate(&question)),
        "rbac.label_selector" => {
            crate::read(question).and_then(|question| label_selector(&question))
        }
        _ => return None,
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Aggregate {
    cluster_roles: Vec<ClusterRole>,
    target: String,
}

fn aggregate(question: &Aggregate) -> Result<Value, Refusal> {
    let roles = &question.cluster_roles;
    let target = roles
        .iter()
        .find(|role| role.metadata.name == question.target);
    let target = target.ok_or_else(|| Refusal::malformed(&"`target` is none of the roles"))?;
    let rules = target.aggregated_rules(roles);
    let rules = rules.map_err(|why| Refusal::new("invalid-selector", &why))?;
    Ok(json!({ "changed": rules != target.rules, "rules": rules }))
}

#[derive(Deserialize)]
struct Labels {
    selector: Option<LabelSelector>,
    labels: Option<BTreeMap<String, String>>,
}

fn label_selector(question: &Labels) -> Result<Value, Refusal> {
    let Some(selector) = &question.selector else {
        return Ok(json!({ "match": false }));
    };
    let selector = selector.compile();
    let selector = selector.map_err(|why| Refusal::new("invalid-selector", &why))?;
    let labels = question.labels.clone().unwrap_or_default();
    Ok(json!({ "match": selector.matches(&labels) }))
}
