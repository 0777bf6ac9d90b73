//! `sources.dynamic_file`: the user of a caller after each version of a dynamic file.

use eks_auth_sources::{SourceKind, Sources};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Refusal;
use crate::mapping::{Caller, mapped};

pub(crate) fn answer(op: &str, question: &Value) -> Option<Result<Value, Refusal>> {
    Some(match op {
        "sources.dynamic_file" => crate::read(question).and_then(follow),
        _ => return None,
    })
}

#[derive(Deserialize)]
struct ToFollow {
    #[serde(default)]
    user_id_strict: bool,
    identity: Caller,
    /// The contents, in their order. Without content, the file was deleted.
    versions: Vec<Option<String>>,
}

fn follow(question: ToFollow) -> Result<Value, Refusal> {
    let identity = question.identity.identity()?;
    let kind = match question.user_id_strict {
        true => SourceKind::DynamicFileByUserId,
        false => SourceKind::DynamicFile,
    };
    let sources = Sources::builder()
        .with_feed(kind, "the dynamic file")
        .start()
        .map_err(|why| Refusal::new("not-started", &why))?;
    let feed = sources
        .feed(kind)
        .ok_or_else(|| Refusal::new("not-started", &"no feed"))?;
    let mut answers = Vec::new();
    for version in question.versions {
        match version {
            Some(content) => feed.publish(content),
            None => feed.deleted(),
        }
        let _report = sources.reload_and_wait();
        let answer = mapped(sources.snapshot().identities(), &identity, "");
        answers.push(answer.unwrap_or_else(|refusal| crate::error(&refusal)));
    }
    Ok(json!({ "answers": answers }))
}
