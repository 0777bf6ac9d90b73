//! `rbac.impersonate`: acting as another user.

use std::collections::BTreeMap;

use k8s_rbac::Impersonation;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Sent;
use crate::Refusal;

pub(super) fn answer(op: &str, question: &Value) -> Option<Result<Value, Refusal>> {
    Some(match op {
        "rbac.impersonate" => crate::read(question).map(|question| impersonate(&question)),
        _ => return None,
    })
}

#[derive(Deserialize)]
struct Question {
    #[serde(flatten)]
    sent: Sent,
    impersonate: Headers,
}

/// The headers of the request.
#[derive(Deserialize)]
struct Headers {
    user: String,
    #[serde(default)]
    groups: Vec<String>,
    #[serde(default)]
    uid: String,
    #[serde(default)]
    extra: BTreeMap<String, Vec<String>>,
}

impl Headers {
    fn read(&self) -> Impersonation {
        let mut read = Impersonation::new(&self.user).with_uid(&self.uid);
        for group in &self.groups {
            read = read.with_group(group);
        }
        for (key, values) in &self.extra {
            for value in values {
                read = read.with_extra(key, value);
            }
        }
        read
    }
}

fn impersonate(Question { sent, impersonate }: &Question) -> Value {
    let (policy, caller, impersonation) = (sent.policy(), sent.user(), impersonate.read());
    match policy.impersonate(sent.kubernetes_version, &caller, &impersonation) {
        Ok(user) => json!({ "status": 200, "user": user.name, "groups": user.groups }),
        Err(refusal) => json!({ "status": 403, "body": refusal.forbidden().body() }),
    }
}
