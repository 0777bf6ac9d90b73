//! `sources.dynamic_file`: the user of a caller after each version of a dynamic file.

use eks_auth_sources::{SourceKind, Sources};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{feed, not_started, user};
use crate::Refusal;
use crate::mapping::Caller;

#[derive(Deserialize)]
pub(super) struct ToFollow {
    #[serde(default)]
    user_id_strict: bool,
    identity: Caller,
    /// The contents of the file, in order. `None` means that the file was deleted.
    versions: Vec<Option<String>>,
}

pub(super) fn follow(question: ToFollow) -> Result<Value, Refusal> {
    let identity = question.identity.identity()?;
    let kind = match question.user_id_strict {
        true => SourceKind::DynamicFileByUserId,
        false => SourceKind::DynamicFile,
    };
    let sources = Sources::builder()
        .with_feed(kind, "the dynamic file")
        .start()
        .map_err(|why| not_started(&why))?;
    let feed = feed(&sources, kind)?;
    let mut answers = Vec::new();
    for version in question.versions {
        match version {
            Some(content) => feed.publish(content),
            None => feed.deleted(),
        }
        answers.push(user(&sources, &identity));
    }
    Ok(json!({ "answers": answers }))
}
