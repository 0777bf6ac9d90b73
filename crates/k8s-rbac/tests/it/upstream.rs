//! The answers of Kubernetes 1.34.1, and for one file 1.37.2, to generated questions: `testdata/upstream`. The
//! `record` command of `fuzz/oracle` writes them. Empty fields are left out of an answer.

use k8s_rbac::review::{AccessReview, ReviewError};
use k8s_rbac::{
    ClusterRole, ClusterRoleBinding, FieldErrors, FieldRequirement, KubernetesVersion,
    LabelRequirement, Permit, Policy, RequestInfo, RequestInfoError, Role, RoleBinding, User,
    Write, WriteRefusal,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use testkit::Report;

const V1_34: KubernetesVersion = KubernetesVersion::V1_34;

fn read<T: DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap()
}

/// Reads a field that may be missing.
fn field<T: DeserializeOwned + Default>(question: &Value, name: &str) -> T {
    question.get(name).map(read).unwrap_or_default()
}

fn plain(value: impl Serialize) -> Value {
    let mut value = serde_json::to_value(value).unwrap();
    drop_empty(&mut value);
    value
}

fn drop_empty(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(drop_empty);
            fields.retain(|_, value| !is_empty(value));
        }
        Value::Array(items) => items.iter_mut().for_each(drop_empty),
        _ => {}
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

/// Answers every question of a file, and compares.
fn replay(file: &str, answer: impl Fn(&Value) -> Value) {
    let mut report = Report::new();
    for question in testkit::json_lines::<Value>(format!("testdata/upstream/{file}.jsonl")) {
        let (got, want) = (plain(answer(&question)), &question["answer"]);
        report.check(&question.to_string(), &got, want);
    }
    report.finish();
}

#[test]
fn defaults_are_filled_in() {
    replay("defaults", |question| {
        let object = &question["object"];
        let object = match question["kind"].as_str().unwrap() {
            "ClusterRole" => json!(read::<ClusterRole>(object)),
            "ClusterRoleBinding" => {
                let mut binding: ClusterRoleBinding = read(object);
                binding.set_defaults();
                json!(binding)
            }
            "Role" => json!(read::<Role>(object)),
            _ => {
                let mut binding: RoleBinding = read(object);
                binding.set_defaults();
                json!(binding)
            }
        };
        json!({ "object": object })
    });
}

#[cfg(feature = "yaml")]
#[test]
fn manifests_are_read() {
    replay("manifests", |question| {
        let text: String = field(question, "text");
        let manifests = k8s_rbac::Manifests::read([("text", text.as_str())]);
        let mut problems = manifests.problems().iter();
        let is_lost = problems.any(|problem| problem.fault.loses_an_object());
        json!({ "lost": is_lost, "objects": manifests.objects() })
    });
}

#[test]
fn requests_are_read() {
    replay("requests", |question| {
        let url = question["url"].as_str().unwrap();
        match RequestInfo::parse_like_apiserver(V1_34, question["method"].as_str().unwrap(), url) {
            Ok(info) => json!(info),
            Err(error @ RequestInfoError::MissingKind { .. }) => {
                json!({ "error": {"code": "missing-kind", "message": error.to_string()} })
            }
            // The message is ours.
            Err(_) => json!({ "error": question["answer"]["error"] }),
        }
    });
}

#[test]
fn reviews_are_answered() {
    replay("reviews", |question| {
        let policy = Policy::new(field(question, "world"));
        let user: String = field(question, "user");
        let caller = User::new(user, field::<Vec<String>>(question, "groups"));
        let review: AccessReview = read(&question["review"]);
        let namespace: String = field(question, "namespace");
        match policy.review(V1_34, &caller, &namespace, review) {
            Ok(review) => json!({ "review": review }),
            Err(error) => {
                let code = match error {
                    ReviewError::Invalid(_) => "invalid",
                    _ => "bad-request",
                };
                json!({ "error": {"code": code, "message": error.to_string()} })
            }
        }
    });
}

#[test]
fn selectors_are_read() {
    replay("selectors", |question| {
        let selector: String = field(question, "selector");
        let (fields, field_error) = match FieldRequirement::parse(&selector) {
            Ok(read) => (read, String::new()),
            Err(error) => (Vec::new(), error.message()),
        };
        let (labels, label_error) = match LabelRequirement::parse_in(V1_34, &selector) {
            Ok(read) => (read, String::new()),
            Err(error) => (Vec::new(), error.message_in(V1_34)),
        };
        let fields = fields.iter().map(
            |one| json!({ "field": one.field, "op": one.operator.as_str(), "value": one.value }),
        );
        let labels = labels.iter().map(
            |one| json!({ "key": one.key, "op": one.operator.as_str(), "values": one.values }),
        );
        json!({
            "field": fields.collect::<Vec<_>>(), "fieldError": field_error,
            "label": labels.collect::<Vec<_>>(), "labelError": label_error,
        })
    });
}

#[test]
fn updates_are_validated() {
    updates_are_validated_in("updates", V1_34);
    updates_are_validated_in("updates-1.37", KubernetesVersion::V1_37);
}

fn updates_are_validated_in(file: &str, version: KubernetesVersion) {
    let after = |question: &Value| match question["kind"].as_str().unwrap() {
        "ClusterRole" => field_errors(question, version, ClusterRole::field_errors_after),
        "ClusterRoleBinding" => {
            field_errors(question, version, ClusterRoleBinding::field_errors_after)
        }
        "Role" => field_errors(question, version, Role::field_errors_after),
        _ => field_errors(question, version, RoleBinding::field_errors_after),
    };
    replay(file, |question| {
        let errors = after(question);
        let list = errors.errors().iter().map(|error| {
            json!({ "field": error.field, "type": error.reason.as_str(), "body": error.message })
        });
        json!({ "message": errors.message("NAME"), "errors": list.collect::<Vec<_>>() })
    });
}

fn field_errors<T: DeserializeOwned>(
    question: &Value,
    version: KubernetesVersion,
    after: fn(&T, KubernetesVersion, &T) -> FieldErrors,
) -> FieldErrors {
    let (object, before) = (read(&question["object"]), read(&question["before"]));
    after(&object, version, &before)
}

#[test]
fn writes_are_allowed_or_refused() {
    replay("writes", |question| {
        let policy = Policy::new(field(question, "world"));
        let user: String = field(question, "user");
        let user = User::new(user, field::<Vec<String>>(question, "groups"));
        let (object, before) = (&question["object"], question.get("before"));
        match question["kind"].as_str().unwrap() {
            "ClusterRole" => {
                let (role, before) = (read(object), before.map(read));
                answer_of(policy.write_cluster_role(V1_34, &user, &role, how(&before)))
            }
            "ClusterRoleBinding" => {
                let (mut binding, before): (ClusterRoleBinding, _) =
                    (read(object), before.map(read));
                binding.set_defaults();
                answer_of(policy.write_cluster_role_binding(V1_34, &user, &binding, how(&before)))
            }
            "Role" => {
                let (role, before) = (read(object), before.map(read));
                answer_of(policy.write_role(V1_34, &user, &role, how(&before)))
            }
            _ => {
                let (mut binding, before): (RoleBinding, _) = (read(object), before.map(read));
                binding.set_defaults();
                answer_of(policy.write_role_binding(V1_34, &user, &binding, how(&before)))
            }
        }
    });
}

fn how<T>(before: &Option<T>) -> Write<'_, T> {
    before.as_ref().map_or(Write::Create, Write::Replace)
}

fn answer_of(result: Result<Permit, WriteRefusal<'_>>) -> Value {
    match result {
        // The recording concerns only the permission.
        Ok(_) | Err(WriteRefusal::Invalid { .. }) => json!({ "allowed": true }),
        Err(refusal) => json!({
            "allowed": false, "status": refusal.status(), "message": refusal.to_string(),
        }),
    }
}
