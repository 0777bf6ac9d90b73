//! Whether the API server stores an object that a user writes.

use k8s_rbac::{
    ClusterRole, ClusterRoleBinding, KubernetesVersion, Objects, Permit, Policy, Role, RoleBinding,
    User, Write, WriteRefusal,
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
    /// The object that the new object replaces.
    before: Option<Value>,
    /// Whether the object is sent by PUT although there is no old object.
    #[serde(default)]
    put: bool,
    /// Whether the object is also validated. The recorded answers concern only the permission.
    #[serde(default)]
    validated: bool,
    #[serde(rename = "kubernetesVersion", default = "super::recorded_version")]
    version: KubernetesVersion,
}

fn write(question: &Question) -> Result<Value, Refusal> {
    let policy = Policy::new(question.world.clone());
    let user = User::new(text(&question.user), question.groups.iter().flatten());
    let (version, object) = (question.version, &question.object);
    match question.kind.as_str() {
        "ClusterRole" => {
            let (role, before): (ClusterRole, _) = (crate::read(object)?, before(question)?);
            let result = policy.write_cluster_role(version, &user, &role, how(question, &before));
            Ok(answer_of(question, result))
        }
        "ClusterRoleBinding" => {
            let (mut binding, mut before): (ClusterRoleBinding, Option<_>) =
                (crate::read(object)?, before(question)?);
            binding.set_defaults();
            before.iter_mut().for_each(ClusterRoleBinding::set_defaults);
            let result =
                policy.write_cluster_role_binding(version, &user, &binding, how(question, &before));
            Ok(answer_of(question, result))
        }
        "Role" => {
            let (role, before): (Role, _) = (crate::read(object)?, before(question)?);
            let result = policy.write_role(version, &user, &role, how(question, &before));
            Ok(answer_of(question, result))
        }
        "RoleBinding" => {
            let (mut binding, mut before): (RoleBinding, Option<_>) =
                (crate::read(object)?, before(question)?);
            binding.set_defaults();
            before.iter_mut().for_each(RoleBinding::set_defaults);
            let result =
                policy.write_role_binding(version, &user, &binding, how(question, &before));
            Ok(answer_of(question, result))
        }
        _ => Err(Refusal::malformed(&"`kind` is none of the four")),
    }
}

fn before<T: DeserializeOwned>(question: &Question) -> Result<Option<T>, Refusal> {
    question.before.as_ref().map(crate::read).transpose()
}

fn how<'o, T>(question: &Question, before: &'o Option<T>) -> Write<'o, T> {
    match before {
        Some(before) => Write::Replace(before),
        None if question.put => Write::CreateByPut,
        None => Write::Create,
    }
}

fn answer_of(question: &Question, result: Result<Permit, WriteRefusal<'_>>) -> Value {
    match result {
        Ok(_) => json!({ "allowed": true }),
        Err(WriteRefusal::Invalid { .. }) if !question.validated => json!({ "allowed": true }),
        Err(refusal) => {
            let (status, message) = (refusal.status(), refusal.to_string());
            json!({ "allowed": false, "status": status, "message": message })
        }
    }
}
