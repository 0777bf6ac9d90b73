//! `yaml.read`: the first document of a text as JSON.

use bounded_yaml::{Limits, documents};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Refusal;

pub(crate) fn answer(op: &str, question: &Value) -> Option<Result<Value, Refusal>> {
    Some(match op {
        "yaml.read" => crate::read(question).and_then(|question| read(&question)),
        _ => return None,
    })
}

#[derive(Deserialize)]
struct Document {
    text: String,
}

/// The answer has the value as text, since null and the empty values differ in the text.
fn read(question: &Document) -> Result<Value, Refusal> {
    let value = match documents(&question.text, &Limits::new()).next() {
        Some(Ok(node)) => {
            Value::deserialize(&node).map_err(|why| Refusal::new("yaml-shape", &why))?
        }
        Some(Err(why)) => return Err(Refusal::new("yaml", &why)),
        None => Value::Null,
    };
    Ok(json!({ "json": value.to_string() }))
}
