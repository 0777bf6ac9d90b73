//! Whether a user may write an object.

use k8s_rbac::{
    ClusterRole, ClusterRoleBinding, Objects, Policy, Role, RoleBinding, User, Write, WriteVerdict,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::text;
use crate::Refusal;

pub(super) fn answer(op: &str, question: &Value) -> Option<Result<Value, Refusal>> {
    Some(match op {
        "rbac.write" => crate::read(question).and_then(|question| write(&question)),
        _ => return None,
    })
}

/// An object and the user who sends it. Its defaults are filled in.
#[derive(Deserialize)]
struct Question {
    world: Objects,
    user: Option<String>,
    groups: Option<Vec<String>>,
    kind: String,
    object: Value,
    /// The object that it replaces.
    before: Option<Value>,
}

fn write(question: &Question) -> Result<Value, Refusal> {
    let policy = Policy::new(question.world.clone());
    let user = User::new(text(&question.user), question.groups.iter().flatten());
    let object = &question.object;
    match question.kind.as_str() {
        "ClusterRole" => {
            let (role, before): (ClusterRole, _) = (crate::read(object)?, before(question)?);
            Ok(verdict(&policy.write_cluster_role(
                &user,
                &role,
                how(&before),
            )))
        }
        "ClusterRoleBinding" => {
            let mut binding: ClusterRoleBinding = crate::read(object)?;
            binding.set_defaults();
            Ok(verdict(&policy.write_cluster_role_binding(&user, &binding)))
        }
        "Role" => {
            let (role, before): (Role, _) = (crate::read(object)?, before(question)?);
            Ok(verdict(&policy.write_role(&user, &role, how(&before))))
        }
        "RoleBinding" => {
            let mut binding: RoleBinding = crate::read(object)?;
            binding.set_defaults();
            Ok(verdict(&policy.write_role_binding(&user, &binding)))
        }
        _ => Err(Refusal::malformed(&"`kind` is none of the four")),
    }
}

fn before<T: DeserializeOwned>(question: &Question) -> Result<Option<T>, Refusal> {
    question.before.as_ref().map(crate::read).transpose()
}

fn how<T>(before: &Option<T>) -> Write<'_, T> {
    before.as_ref().map_or(Write::Create, Write::Replace)
}

fn verdict(verdict: &WriteVerdict<'_>) -> Value {
    match verdict {
        WriteVerdict::Allowed(_) => json!({ "allowed": true }),
        WriteVerdict::Refused(refusal) => {
            let (status, message) = (refusal.status(), refusal.to_string());
            json!({ "allowed": false, "status": status, "message": message })
        }
    }
}
