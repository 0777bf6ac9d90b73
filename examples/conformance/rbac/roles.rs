//! Aggregated roles, rule coverage, and escalation checks.

use std::collections::BTreeMap;

use k8s_rbac::{
    AggregationError, ClusterRole, Coverage, KubernetesVersion, LabelSelector, Objects, Permission,
    Policy, PolicyRule, User,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::text;
use crate::Refusal;

pub(super) fn answer(op: &str, question: &Value) -> Option<Result<Value, Refusal>> {
    Some(match op {
        "rbac.aggregate" => crate::read(question).and_then(|question| aggregate(&question)),
        "rbac.covers" => crate::read(question).map(|question| covers(&question)),
        "rbac.escalation" => crate::read(question).map(|question| escalation(&question)),
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
    #[serde(default = "super::recorded_version")]
    kubernetes_version: KubernetesVersion,
}

fn aggregate(question: &Aggregate) -> Result<Value, Refusal> {
    let roles = &question.cluster_roles;
    let target = roles
        .iter()
        .find(|role| role.metadata.name == question.target);
    let target = target.ok_or_else(|| Refusal::malformed(&"`target` is none of the roles"))?;
    let rules = target.aggregated_rules(roles).map_err(|why| match why {
        AggregationError::Selector(why) => Refusal::new(
            "invalid-selector",
            &why.message_in(question.kubernetes_version),
        ),
        why => Refusal::new(why.code(), &why),
    })?;
    Ok(json!({ "changed": rules != target.rules, "rules": rules }))
}

#[derive(Deserialize)]
struct Covers {
    owner: Option<Vec<PolicyRule>>,
    servant: Option<Vec<PolicyRule>>,
}

fn covers(question: &Covers) -> Value {
    let (owner, servant) = (
        question.owner.iter().flatten(),
        question.servant.iter().flatten(),
    );
    let coverage = Coverage::of(owner, servant);
    let missing = coverage.missing().iter().map(Permission::to_rule);
    json!({
        "covers": coverage.is_complete(),
        "missing": missing.collect::<Vec<_>>(),
        "compactStrings": coverage.missing_texts(),
    })
}

#[derive(Deserialize)]
struct Grants {
    world: Objects,
    user: Option<String>,
    groups: Option<Vec<String>>,
    namespace: Option<String>,
    rules: Option<Vec<PolicyRule>>,
}

fn escalation(question: &Grants) -> Value {
    let policy = Policy::new(question.world.clone());
    let user = User::new(text(&question.user), question.groups.iter().flatten());
    let rules = question.rules.as_deref().unwrap_or_default();
    match policy.escalation(&user, text(&question.namespace), rules) {
        None => json!({ "ok": true }),
        Some(escalation) => json!({ "ok": false, "message": escalation.to_string() }),
    }
}

#[derive(Deserialize)]
struct Labels {
    selector: Option<LabelSelector>,
    labels: Option<BTreeMap<String, String>>,
    #[serde(rename = "kubernetesVersion", default = "super::recorded_version")]
    version: KubernetesVersion,
}

fn label_selector(question: &Labels) -> Result<Value, Refusal> {
    let Some(selector) = &question.selector else {
        return Ok(json!({ "match": false }));
    };
    let selector = selector
        .compile()
        .map_err(|why| Refusal::new("invalid-selector", &why.message_in(question.version)))?;
    let labels = question.labels.clone().unwrap_or_default();
    Ok(json!({ "match": selector.matches(&labels) }))
}
