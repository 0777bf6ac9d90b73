//! What the API server would not store.

use k8s_rbac::{ClusterRole, ClusterRoleBinding, FieldErrors, Role, RoleBinding};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Refusal;

/// The answers were recorded with this in the place of every object's name.
const NAME: &str = "NAME";

pub(super) fn answer(op: &str, question: &Value) -> Option<Result<Value, Refusal>> {
    Some(match op {
        "rbac.validate" => crate::read(question).and_then(|question| validate(&question)),
        _ => return None,
    })
}

#[derive(Deserialize)]
struct Validate {
    kind: String,
    object: Value,
}

fn validate(question: &Validate) -> Result<Value, Refusal> {
    let object = &question.object;
    let errors = match question.kind.as_str() {
        "ClusterRole" => crate::read::<ClusterRole>(object)?.field_errors(),
        "ClusterRoleBinding" => crate::read::<ClusterRoleBinding>(object)?.field_errors(),
        "Role" => crate::read::<Role>(object)?.field_errors(),
        "RoleBinding" => crate::read::<RoleBinding>(object)?.field_errors(),
        _ => return Err(Refusal::malformed(&"`kind` is none of the four")),
    };
    Ok(answer_of(&errors))
}

fn answer_of(errors: &FieldErrors) -> Value {
    let list = errors.errors().iter().map(|error| {
        json!({
            "field": error.field,
            "type": error.reason.as_str(),
            "body": error.message,
        })
    });
    json!({ "errors": list.collect::<Vec<_>>(), "message": errors.message(NAME) })
}
