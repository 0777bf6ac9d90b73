//! Reviews: API objects in, API objects out.

use k8s_rbac::review::{AccessReview, ReviewError, RulesReview};
use k8s_rbac::{KubernetesVersion, Objects, Policy, User};
use serde::Deserialize;
use serde_json::{Value, json};

use super::text;
use crate::Refusal;

pub(super) fn answer(op: &str, question: &Value) -> Option<Result<Value, Refusal>> {
    Some(match op {
        "rbac.review" => crate::read(question).and_then(|question| review(&question)),
        "rbac.review_rules" => crate::read(question).and_then(|question| review_rules(&question)),
        _ => return None,
    })
}

/// A review, its sender, and the namespace of its URL.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Question {
    #[serde(default = "super::recorded_version")]
    kubernetes_version: KubernetesVersion,
    world: Objects,
    user: Option<String>,
    groups: Option<Vec<String>>,
    namespace: Option<String>,
    review: Value,
}

impl Question {
    fn caller(&self) -> User {
        User::new(text(&self.user), self.groups.iter().flatten())
    }
}

fn review(question: &Question) -> Result<Value, Refusal> {
    let review: AccessReview = crate::read(&question.review)?;
    let policy = Policy::new(question.world.clone());
    let answer = policy.review(
        question.kubernetes_version,
        &question.caller(),
        text(&question.namespace),
        review,
    );
    Ok(json!({ "review": answer.map_err(|error| refusal(&error))? }))
}

fn review_rules(question: &Question) -> Result<Value, Refusal> {
    let review: RulesReview = crate::read(&question.review)?;
    let policy = Policy::new(question.world.clone());
    let answer = policy.review_rules(&question.caller(), review);
    Ok(json!({ "review": answer.map_err(|error| refusal(&error))? }))
}

fn refusal(error: &ReviewError) -> Refusal {
    let code = match error {
        ReviewError::Invalid(_) => "invalid",
        _ => "bad-request",
    };
    Refusal::new(code, error)
}
