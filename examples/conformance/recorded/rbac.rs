//! Answers of Kubernetes' own code.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    AGGREGATION, AUTHORIZE, CANI_LIST, COVERS, DEFAULTS, ESCALATION, FORBIDDEN, LABEL_SELECTORS,
    MANIFESTS, RAW_SELECTORS, REQUEST_INFO, REQUESTS, REVIEWS, RULE_ALLOWS, SELECTORS, UPDATES,
    UPDATES_1_37, VALIDATION, Verdict, WRITES, ask, question,
};

/// Removes the fields that the API's JSON may leave out: null, false, `""`, `[]` and `{}`.
fn without_empty(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(without_empty).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), without_empty(value)))
            .filter(|(_, value)| !is_empty(value))
            .collect(),
        _ => value.clone(),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) | Value::Number(_) => false,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}

fn same(got: &Value, wanted: &Value) -> Verdict {
    let (plain_got, plain_wanted) = (without_empty(got), without_empty(wanted));
    if plain_got == plain_wanted || is_empty(&plain_got) && is_empty(&plain_wanted) {
        Ok(())
    } else {
        Err(format!("wanted {wanted}, got {got}"))
    }
}

/// Asks an operation about the inputs of each line, and compares the outputs.
fn compare(file: &str, op: &str, inputs: &[&str], outputs: &[&str]) {
    ask(file, |case, score| {
        score.ask(&question(op, case, inputs), |answer| {
            compare_outputs(answer, case, outputs)
        });
    });
}

fn compare_outputs(answer: &Value, case: &Value, outputs: &[&str]) -> Verdict {
    // Upstream's error is only a message. A refusal of the driver also has a code.
    if let Some(wanted) = case["error"].as_str()
        && !wanted.is_empty()
    {
        return same(&answer["error"]["message"], &case["error"]);
    }
    for name in outputs {
        if case[*name].is_boolean() && answer.get(*name).is_none() {
            return Err(format!("no `{name}` in {answer}"));
        }
    }
    if answer.get("error").is_some() || outputs.iter().all(|name| answer.get(*name).is_none()) {
        return Err(format!("no answer: {answer}"));
    }
    let pick = |from: &Value| -> Value {
        let fields = outputs
            .iter()
            .map(|name| ((*name).to_owned(), from[*name].clone()));
        Value::Object(fields.collect())
    };
    same(&pick(answer), &pick(case))
}

/// Asks lines that are questions themselves and carry upstream's answer; `extra` has the fields of
/// our answer that the recording left out.
fn replay(file: &str, extra: &[&str]) {
    ask(file, |case, score| {
        let mut question = case.clone();
        let wanted = question
            .as_object_mut()
            .and_then(|fields| fields.remove("answer"))
            .expect("an answer");
        score.ask(&question, |answer| {
            let mut answer = answer.clone();
            if let Some(fields) = answer.as_object_mut() {
                fields.retain(|name, _| !extra.contains(&name.as_str()));
            }
            // For a URL that cannot be parsed, Go has another message than our parser.
            if wanted["error"]["code"] == "invalid-url" {
                return same(&answer["error"]["code"], &wanted["error"]["code"]);
            }
            same(&answer, &wanted)
        });
    });
}

#[test]
fn rule_allows() {
    let inputs = ["rule", "attrs"];
    compare(RULE_ALLOWS, "rbac.rule_allows", &inputs, &["allow"]);
}

#[test]
fn authorize() {
    ask(AUTHORIZE, |case, score| {
        let checks = case["checks"].as_array().expect("checks");
        let attrs: Vec<&Value> = checks.iter().map(|check| &check["attrs"]).collect();
        let asked = json!({"op": "rbac.authorize", "world": case["world"], "checks": attrs});
        score.ask(&asked, |answer| {
            let answers = answer["checks"].as_array();
            let answers = answers.ok_or_else(|| format!("no answer: {answer}"))?;
            if answers.len() != checks.len() {
                return Err(format!("{} answers to {}", answers.len(), checks.len()));
            }
            for (got, wanted) in answers.iter().zip(checks) {
                let reason = wanted["reason"].as_str().unwrap_or_default();
                if got["decision"] != wanted["decision"] || got["reason"] != reason {
                    return Err(format!("wanted {wanted}, got {got}"));
                }
            }
            Ok(())
        });
    });
}

#[test]
fn rules_for() {
    ask(AUTHORIZE, |case, score| {
        for listed in case["rulesFor"].as_array().expect("rulesFor") {
            let mut asked = question("rbac.rules_for", listed, &["user", "groups", "namespace"]);
            asked["world"] = case["world"].clone();
            let outputs = [
                "resourceRules",
                "nonResourceRules",
                "incomplete",
                "evaluationError",
            ];
            score.ask(&asked, |answer| compare_outputs(answer, listed, &outputs));
        }
    });
}

#[test]
fn allowed_subjects() {
    ask(AUTHORIZE, |case, score| {
        let located = case["allowedSubjects"].as_array();
        for located in located.expect("allowedSubjects") {
            let mut asked = question("rbac.allowed_subjects", located, &["attrs", "superUser"]);
            asked["world"] = case["world"].clone();
            score.ask(&asked, |answer| {
                same(&answer["evaluationError"], &located["error"])?;
                let got = subjects(answer).ok_or_else(|| format!("no answer: {answer}"))?;
                let wanted = subjects(located).unwrap_or_default();
                if got == wanted {
                    Ok(())
                } else {
                    Err(format!("wanted {wanted:?}, got {got:?}"))
                }
            });
        }
    });
}

/// Returns the subjects as a set: upstream's list has repetitions.
fn subjects(from: &Value) -> Option<BTreeSet<String>> {
    let subjects = from["subjects"].as_array()?;
    let subjects = subjects
        .iter()
        .map(|subject| without_empty(subject).to_string());
    Some(subjects.collect())
}

#[test]
fn covers() {
    let outputs = ["covers", "missing", "compactStrings"];
    compare(COVERS, "rbac.covers", &["owner", "servant"], &outputs);
}

#[test]
fn escalation() {
    let inputs = ["world", "user", "groups", "namespace", "rules"];
    compare(ESCALATION, "rbac.escalation", &inputs, &["ok", "message"]);
}

#[test]
fn request_info() {
    let outputs = [
        "resourceRequest",
        "path",
        "verb",
        "apiPrefix",
        "apiGroup",
        "apiVersion",
        "namespace",
        "resource",
        "subresource",
        "name",
        "parts",
        "fieldSelector",
        "labelSelector",
    ];
    let inputs = ["method", "url"];
    compare(REQUEST_INFO, "rbac.request_info", &inputs, &outputs);
}

#[test]
fn forbidden() {
    let inputs = ["attrs", "authzReason", "nilUser"];
    compare(
        FORBIDDEN,
        "rbac.forbidden",
        &inputs,
        &["message", "details"],
    );
}

#[test]
fn validation() {
    let inputs = ["kind", "object"];
    compare(VALIDATION, "rbac.validate", &inputs, &["errors", "message"]);
}

#[test]
fn can_i_list() {
    compare(CANI_LIST, "rbac.can_i_list", &["rules"], &["output"]);
}

#[test]
fn aggregation() {
    let inputs = ["clusterRoles", "target"];
    compare(
        AGGREGATION,
        "rbac.aggregate",
        &inputs,
        &["rules", "changed"],
    );
}

#[test]
fn label_selectors() {
    let inputs = ["selector", "labels"];
    compare(LABEL_SELECTORS, "rbac.label_selector", &inputs, &["match"]);
}

#[test]
fn raw_selectors() {
    ask(RAW_SELECTORS, |case, score| {
        let asked = question("rbac.raw_selector", case, &["selector"]);
        score.ask(&asked, |answer| {
            for (parsed, error) in [("field", "fieldError"), ("label", "labelError")] {
                same(&answer[parsed], &case[parsed])?;
                same(&answer[error], &case[error])?;
            }
            Ok(())
        });
    });
}

#[test]
fn defaults() {
    replay(DEFAULTS, &[]);
}

#[test]
fn manifests() {
    replay(MANIFESTS, &[]);
}

#[test]
fn requests() {
    replay(REQUESTS, &[]);
}

#[test]
fn reviews() {
    replay(REVIEWS, &[]);
}

#[test]
fn selectors() {
    replay(SELECTORS, &[]);
}

#[test]
fn updates() {
    replay(UPDATES, &["body"]);
    replay(UPDATES_1_37, &["body"]);
}

#[test]
fn writes() {
    replay(WRITES, &[]);
}
