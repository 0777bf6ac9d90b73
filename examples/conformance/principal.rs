//! `principal.*`: ARNs.

use iam_principal::{ArnPattern, Principal};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Refusal;

pub(crate) fn answer(op: &str, question: &Value) -> Option<Result<Value, Refusal>> {
    Some(match op {
        "principal.arn_like" => crate::read(question).and_then(arn_like),
        "principal.parse" => crate::read(question).and_then(parse),
        _ => return None,
    })
}

#[derive(Deserialize)]
struct Arn {
    arn: String,
}

fn parse(question: Arn) -> Result<Value, Refusal> {
    let principal = Principal::parse(&question.arn)?;
    Ok(json!({
        "kind": principal.kind().as_str(),
        "canonical_arn": principal.canonical(),
        "account": principal.account().to_string(),
        "partition": principal.partition().id(),
        "session_name": principal.session_name(),
    }))
}

#[derive(Deserialize)]
struct ArnLike {
    arn: String,
    pattern: String,
}

fn arn_like(question: ArnLike) -> Result<Value, Refusal> {
    let pattern = ArnPattern::parse(&question.pattern)?;
    Ok(json!({ "match": pattern.matches(&question.arn) }))
}
