//! Reviews: API objects in, API objects out.

use k8s_rbac::review::{AccessReview, ReviewError, RulesReview};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Sent, text};
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
struct Question {
    #[serde(flatten)]
    sent: Sent,
    namespace: Option<String>,
    review: Value,
}

fn review(question: &Question) -> Result<Value, Refusal> {
    let review: AccessReview = crate::read(&question.review)?;
    let sent = &question.sent;
    let answer = sent.policy().review(
        sent.kubernetes_version,
        &sent.user(),
        text(&question.namespace),
        review,
    );
    Ok(json!({ "review": answer.map_err(|error| refusal(&error))? }))
}

fn review_rules(Question { sent, review, .. }: &Question) -> Result<Value, Refusal> {
    let review: RulesReview = crate::read(review)?;
    let answer = sent.policy().review_rules(&sent.user(), review);
    Ok(json!({ "review": answer.map_err(|error| refusal(&error))? }))
}

fn refusal(error: &ReviewError) -> Refusal {
    let code = match error {
        ReviewError::Invalid(_) => "invalid",
        _ => "bad-request",
    };
    Refusal::new(code, error)
}
