//! HTTP requests, their selectors, and 403 responses.

use k8s_rbac::{
    FieldRequirement, FieldSelectorError, Forbidden, KubernetesVersion, LabelRequirement, Objects,
    Policy, RequestInfo, RequestInfoError, User,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::text;
use crate::Refusal;

pub(super) fn answer(op: &str, question: &Value) -> Option<Result<Value, Refusal>> {
    Some(match op {
        "rbac.raw_selector" => crate::read(question).map(|question| raw_selector(&question)),
        "rbac.request_info" => crate::read(question).and_then(|question| request_info(&question)),
        "rbac.serve" => crate::read(question).and_then(|question| serve(&question)),
        _ => return None,
    })
}

#[derive(Deserialize)]
struct Http {
    method: String,
    url: String,
    #[serde(rename = "kubernetesVersion", default = "super::recorded_version")]
    version: KubernetesVersion,
}

fn request_info(question: &Http) -> Result<Value, Refusal> {
    let info = RequestInfo::parse_like_apiserver(question.version, &question.method, &question.url);
    Ok(json!(info.map_err(|error| refusal(&error))?))
}

fn refusal(error: &RequestInfoError) -> Refusal {
    let code = match error {
        RequestInfoError::MissingKind { .. } => "missing-kind",
        _ => "invalid-url",
    };
    Refusal::new(code, error)
}

/// An HTTP request, its user, and the objects by which it is authorized.
#[derive(Deserialize)]
struct Served {
    #[serde(flatten)]
    http: Http,
    world: Objects,
    user: Option<String>,
    groups: Option<Vec<String>>,
}

fn serve(question: &Served) -> Result<Value, Refusal> {
    let Http {
        method,
        url,
        version,
    } = &question.http;
    let info = match RequestInfo::parse_like_apiserver(*version, method, url) {
        Ok(info) => info,
        Err(RequestInfoError::MissingKind { .. }) => return Ok(json!({ "status": 500 })),
        Err(error) => return Err(refusal(&error)),
    };
    let policy = Policy::new(question.world.clone());
    let user = User::new(text(&question.user), question.groups.iter().flatten());
    let request = info.request();
    let response = policy.authorize(&user, &request);
    if response.decision().is_allow() {
        return Ok(json!({ "status": 200 }));
    }
    let reason = response.reason_in(*version);
    let forbidden = Forbidden::new(&user.name, request, &reason);
    Ok(json!({ "status": 403, "body": forbidden.body() }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawSelector {
    selector: String,
    #[serde(default = "super::recorded_version")]
    kubernetes_version: KubernetesVersion,
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
    let labels = LabelRequirement::parse_in(question.kubernetes_version, &question.selector).map(
        |requirements| {
            let requirements = requirements.iter().map(|requirement| {
                json!({
                    "key": requirement.key,
                    "op": requirement.operator.as_str(),
                    "values": requirement.values,
                })
            });
            requirements.collect::<Vec<_>>()
        },
    );
    json!({
        "field": fields.as_ref().ok(),
        "fieldError": fields.as_ref().err().map(FieldSelectorError::message),
        "label": labels.as_ref().ok(),
        "labelError": labels.as_ref().err().map(|why| why.message_in(question.kubernetes_version)),
    })
}
