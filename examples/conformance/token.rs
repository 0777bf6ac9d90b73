//! `token.*`: the envelope.

use eks_token::Token;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Refusal;

pub(crate) fn answer(op: &str, question: &Value) -> Option<Result<Value, Refusal>> {
    Some(match op {
        "token.decode" => crate::read(question).and_then(decode),
        "token.encode" => crate::read(question).and_then(encode),
        _ => return None,
    })
}

#[derive(Deserialize)]
struct ToDecode {
    token: String,
}

fn decode(question: ToDecode) -> Result<Value, Refusal> {
    let url = Token::parse(&question.token)?.decode()?;
    Ok(json!({ "url": url.expose() }))
}

#[derive(Deserialize)]
struct ToEncode {
    url: String,
}

fn encode(question: ToEncode) -> Result<Value, Refusal> {
    let token = Token::encode(&question.url)?;
    Ok(json!({ "token": token.expose() }))
}
