//! The rules of a user, the subjects that a request is granted to, and the table of `auth can-i --list`.

use k8s_rbac::{Objects, Policy, PolicyRule, User};
use k8s_rbac_analysis::can_i::RuleTable;
use k8s_rbac_analysis::{AllowedSubject, who_can};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Attributes, text};
use crate::Refusal;

pub(super) fn answer(op: &str, question: &Value) -> Option<Result<Value, Refusal>> {
    Some(match op {
        "rbac.allowed_subjects" => {
            crate::read(question).map(|question| allowed_subjects(&question))
        }
        "rbac.can_i_list" => crate::read(question).map(|question| can_i_list(&question)),
        "rbac.rules_for" => crate::read(question).map(|question| rules_for(&question)),
        _ => return None,
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AllowedSubjects {
    world: Objects,
    attrs: Attributes,
    super_user: Option<String>,
}

fn allowed_subjects(question: &AllowedSubjects) -> Value {
    let policy = Policy::new(question.world.clone());
    let mut allowed = who_can(&policy, &question.attrs.request());
    let super_user = text(&question.super_user);
    if !super_user.is_empty() {
        allowed = allowed.with_super_user(super_user);
    }
    let subjects = allowed.subjects().iter().map(AllowedSubject::subject);
    json!({
        "subjects": subjects.collect::<Vec<_>>(),
        "evaluationError": allowed.evaluation_error(),
    })
}

#[derive(Deserialize)]
struct RulesFor {
    world: Objects,
    user: Option<String>,
    groups: Option<Vec<String>>,
    namespace: Option<String>,
}

fn rules_for(question: &RulesFor) -> Value {
    let policy = Policy::new(question.world.clone());
    let user = User::new(text(&question.user), question.groups.iter().flatten());
    json!(policy.rules_for(&user, text(&question.namespace)).status())
}

#[derive(Deserialize)]
struct CanIList {
    rules: Option<Vec<PolicyRule>>,
}

fn can_i_list(question: &CanIList) -> Value {
    let table = RuleTable::new(question.rules.iter().flatten());
    json!({ "output": table.to_string() })
}
