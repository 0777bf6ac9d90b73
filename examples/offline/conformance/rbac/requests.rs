//! What a request asks for, as it comes over HTTP.

use k8s_rbac::{FieldRequirement, LabelRequirement, RequestInfo, RequestInfoError};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Refusal;

pub(super) fn answer(op: &str, question: &Value) -> Option<Result<Value, Refusal>> {
    Some(match op {
        "rbac.raw_selector" => crate::read(question).map(|question| raw_selector(&question)),
        "rbac.request_info" => crate::read(question).and_then(|question| request_info(&question)),
        _ => return None,
    })
}

#[derive(Deserialize)]
struct Http {
    method: String,
    url: String,
}

fn request_info(question: &Http) -> Result<Value, Refusal> {
    let info = RequestInfo::read(&question.method, &question.url);
    let info = info.map_err(|error| {
        let code = match error {
            RequestInfoError::MissingKind { .. } => "missing-kind",
            _ => "invalid-url",
        };
        Refusal::new(code, &error)
    })?;
    Ok(json!(info))
}

#[derive(Deserialize)]
struct RawSelector {
    selector: String,
}

fn raw_selector(question: &RawSelector) -> Value {
    let fields = FieldRequirement::parse(&question.selector).map(|requirements| {
        let requirements = requirements.iter().map(|requirement| {
            json!({
                "field": requirement.field,
                "op": requirement.operator.as_str(),
                "value": requirement.value,
            })
        });
        requirements.collect::<Vec<_>>()
    });
    let labels = LabelRequirement::parse(&question.selector).map(|requirements| {
        let requirements = requirements.iter().map(|requirement| {
            json!({
                "key": requirement.key,
                "op": requirement.operator.as_str(),
                "values": requirement.values,
            })
        });
        requirements.collect::<Vec<_>>()
    });
    json!({
        "field": fields.as_ref().ok(),
        "fieldError": fields.as_ref().err().map(ToString::to_string),
        "label": labels.as_ref().ok(),
        "labelError": labels.as_ref().err().map(ToString::to_string),
    })
}
