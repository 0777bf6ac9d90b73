//! `rbac.impersonate`: acting as another user.

use std::collections::BTreeMap;

use k8s_rbac::{Impersonation, ResourceRequest};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Attributes, Sent};
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
    /// The request. By default it lists pods.
    attrs: Option<Attributes>,
    /// The node to which the caller's token is bound.
    #[serde(default)]
    node: String,
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

fn impersonate(question: &Question) -> Value {
    let Question {
        sent,
        impersonate,
        attrs,
        node,
    } = question;
    let impersonation = impersonate.read().with_node_of_caller(node);
    let request = attrs.as_ref().map_or_else(
        || ResourceRequest::new("list", "", "pods").into(),
        Attributes::request,
    );
    let (policy, caller) = (sent.policy(), sent.user());
    match policy.impersonate(sent.kubernetes_version, &caller, request, &impersonation) {
        Ok(user) => json!({ "status": 200, "user": user.name, "groups": user.groups }),
        Err(refusal) => json!({ "status": 403, "body": refusal.forbidden().body() }),
    }
}
