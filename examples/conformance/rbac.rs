//! `rbac.*`: decisions, refusals, and questions about a policy.

mod can_i;
mod impersonation;
mod lists;
mod requests;
mod reviews;
mod roles;
mod validation;
mod writes;

use k8s_rbac::{
    Decision, Forbidden, KubernetesVersion, Objects, Policy, PolicyRule, Request, ResourceRequest,
    User,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Refusal;

pub(crate) fn answer(op: &str, question: &Value) -> Option<Result<Value, Refusal>> {
    Some(match op {
        "rbac.authorize" => crate::read(question).map(|question| authorize(&question)),
        "rbac.forbidden" => crate::read(question).map(|question| forbidden(&question)),
        "rbac.rule_allows" => crate::read(question).map(|question| rule_allows(&question)),
        _ => {
            return can_i::answer(op, question)
                .or_else(|| impersonation::answer(op, question))
                .or_else(|| lists::answer(op, question))
                .or_else(|| requests::answer(op, question))
                .or_else(|| reviews::answer(op, question))
                .or_else(|| roles::answer(op, question))
                .or_else(|| validation::answer(op, question))
                .or_else(|| writes::answer(op, question));
        }
    })
}

/// The default version of a question: the version of the recorded answers.
const fn recorded_version() -> KubernetesVersion {
    KubernetesVersion::V1_34
}

/// The policy of a question, and the user who sends it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sent {
    #[serde(default = "recorded_version")]
    kubernetes_version: KubernetesVersion,
    world: Objects,
    user: Option<String>,
    groups: Option<Vec<String>>,
}

impl Sent {
    fn policy(&self) -> Policy {
        Policy::new(self.world.clone())
    }

    fn user(&self) -> User {
        User::new(text(&self.user), self.groups.iter().flatten())
    }
}

/// Attributes of a request, as Kubernetes names them.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Attributes {
    user: Option<String>,
    groups: Option<Vec<String>>,
    resource_request: bool,
    verb: Option<String>,
    namespace: Option<String>,
    api_group: Option<String>,
    resource: Option<String>,
    subresource: Option<String>,
    name: Option<String>,
    path: Option<String>,
}

impl Attributes {
    fn user(&self) -> User {
        User::new(text(&self.user), self.groups.iter().flatten())
    }

    fn request(&self) -> Request<'_> {
        let verb = text(&self.verb);
        if !self.resource_request {
            return Request::path(verb, text(&self.path));
        }
        ResourceRequest::new(verb, text(&self.api_group), text(&self.resource))
            .in_namespace(text(&self.namespace))
            .with_name(text(&self.name))
            .with_subresource(text(&self.subresource))
            .into()
    }
}

fn text(field: &Option<String>) -> &str {
    field.as_deref().unwrap_or_default()
}

#[derive(Deserialize)]
struct RuleAllows {
    rule: PolicyRule,
    attrs: Attributes,
}

fn rule_allows(question: &RuleAllows) -> Value {
    json!({ "allow": question.rule.allows(&question.attrs.request()) })
}

#[derive(Deserialize)]
struct Authorize {
    world: Objects,
    checks: Vec<Attributes>,
}

// The recorded answers come from the RBAC authorizer alone.
fn authorize(question: &Authorize) -> Value {
    let policy = Policy::new(question.world.clone());
    let checks = question.checks.iter().map(|check| {
        let user = check.user();
        let response = policy.rbac(&user, &check.request());
        let decision = match response.decision() {
            Decision::Allow(_) => "Allow",
            Decision::NoOpinion => "NoOpinion",
        };
        json!({ "decision": decision, "reason": response.reason() })
    });
    json!({ "checks": checks.collect::<Vec<_>>() })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Refused {
    attrs: Attributes,
    authz_reason: Option<String>,
    nil_user: Option<bool>,
}

fn forbidden(question: &Refused) -> Value {
    let attributes = &question.attrs;
    let is_anonymous = question.nil_user.unwrap_or_default();
    let user = if is_anonymous {
        ""
    } else {
        text(&attributes.user)
    };
    let forbidden = Forbidden::new(user, attributes.request(), text(&question.authz_reason));
    json!({
        "message": forbidden.to_string(),
        "details": forbidden.details(),
        "body": forbidden.body(),
    })
}
