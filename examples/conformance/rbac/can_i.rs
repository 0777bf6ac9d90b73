//! `rbac.can_i`: the question of `kubectl auth can-i`, from its arguments.

use k8s_rbac::Request;
use k8s_rbac_analysis::can_i::Question;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Refusal;

pub(super) fn answer(op: &str, question: &Value) -> Option<Result<Value, Refusal>> {
    Some(match op {
        "rbac.can_i" => crate::read(question).and_then(|question| can_i(&question)),
        _ => return None,
    })
}

#[derive(Deserialize)]
struct Arguments {
    #[serde(default)]
    words: Vec<String>,
    /// The namespace of the context. Without it, there is no context.
    namespace: Option<String>,
}

fn can_i(arguments: &Arguments) -> Result<Value, Refusal> {
    let words = arguments.words.iter().map(String::as_str);
    let question = match &arguments.namespace {
        Some(namespace) => Question::from_words(words, namespace),
        None => Question::from_words_without_context(words),
    }
    .map_err(|why| Refusal::new("not-a-question", &why))?;
    let warnings = question.warnings().iter().map(ToString::to_string);
    Ok(json!({
        "request": describe(&question.request()),
        "warnings": warnings.collect::<Vec<_>>(),
    }))
}

fn describe(request: &Request<'_>) -> Value {
    match request {
        Request::Path(request) => json!({ "verb": request.verb(), "path": request.path() }),
        Request::Resource(request) => json!({
            "verb": request.verb(),
            "group": request.group(),
            "resource": request.resource(),
            "subresource": request.subresource(),
            "namespace": request.namespace(),
            "name": request.name(),
        }),
    }
}
