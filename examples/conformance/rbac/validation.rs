//! Decoding, defaults and validation by the API server.

use k8s_rbac::{
    ClusterRole, ClusterRoleBinding, FieldErrors, KubernetesVersion, Manifests, Role, RoleBinding,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::Refusal;

/// The name of every object in the recorded messages.
const NAME: &str = "NAME";

pub(super) fn answer(op: &str, question: &Value) -> Option<Result<Value, Refusal>> {
    Some(match op {
        "rbac.default" => crate::read(question).and_then(|question| set_defaults(&question)),
        "rbac.read" => crate::read(question).map(|question| read(&question)),
        "rbac.validate" => crate::read(question).and_then(|question| validate(&question)),
        _ => return None,
    })
}

#[derive(Deserialize)]
struct Manifest {
    text: String,
}

fn read(question: &Manifest) -> Value {
    let manifests = Manifests::read([("text", question.text.as_str())]);
    let mut problems = manifests.problems().iter();
    let is_lost = problems.any(|problem| problem.fault.loses_an_object());
    json!({ "lost": is_lost, "objects": manifests.objects() })
}

#[derive(Deserialize)]
struct Written {
    kind: String,
    object: Value,
    /// The object that the new object replaces.
    before: Option<Value>,
    #[serde(rename = "kubernetesVersion", default = "super::recorded_version")]
    version: KubernetesVersion,
}

fn set_defaults(question: &Written) -> Result<Value, Refusal> {
    let object = &question.object;
    let object = match question.kind.as_str() {
        "ClusterRole" => json!(crate::read::<ClusterRole>(object)?),
        "ClusterRoleBinding" => {
            let mut binding: ClusterRoleBinding = crate::read(object)?;
            binding.set_defaults();
            json!(binding)
        }
        "Role" => json!(crate::read::<Role>(object)?),
        "RoleBinding" => {
            let mut binding: RoleBinding = crate::read(object)?;
            binding.set_defaults();
            json!(binding)
        }
        _ => return Err(unknown_kind()),
    };
    Ok(json!({ "object": object }))
}

fn validate(question: &Written) -> Result<Value, Refusal> {
    let errors = match question.kind.as_str() {
        "ClusterRole" => errors_of(
            question,
            ClusterRole::field_errors,
            ClusterRole::field_errors_after,
        ),
        "ClusterRoleBinding" => errors_of(
            question,
            ClusterRoleBinding::field_errors,
            ClusterRoleBinding::field_errors_after,
        ),
        "Role" => errors_of(question, Role::field_errors, Role::field_errors_after),
        "RoleBinding" => errors_of(
            question,
            RoleBinding::field_errors,
            RoleBinding::field_errors_after,
        ),
        _ => Err(unknown_kind()),
    };
    Ok(answer_of(&errors?))
}

fn errors_of<T: DeserializeOwned>(
    question: &Written,
    alone: fn(&T, KubernetesVersion) -> FieldErrors,
    after: fn(&T, KubernetesVersion, &T) -> FieldErrors,
) -> Result<FieldErrors, Refusal> {
    let (version, object) = (question.version, crate::read(&question.object)?);
    Ok(match &question.before {
        Some(before) => after(&object, version, &crate::read(before)?),
        None => alone(&object, version),
    })
}

fn unknown_kind() -> Refusal {
    Refusal::malformed(&"`kind` is none of the four")
}

fn answer_of(errors: &FieldErrors) -> Value {
    let list = errors.errors().iter().map(|error| {
        json!({
            "field": error.field,
            "type": error.reason.as_str(),
            "body": error.message,
        })
    });
    let body = (!errors.is_empty()).then(|| errors.body(NAME));
    json!({ "errors": list.collect::<Vec<_>>(), "message": errors.message(NAME), "body": body })
}
