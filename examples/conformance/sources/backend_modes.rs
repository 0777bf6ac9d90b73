//! `sources.backend_modes`: the user of a caller after each version of the file of backend modes.

use aws_auth_map::BackendModes;
use eks_auth_sources::{SourceKind, Sources};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

use super::{feed, not_started, user};
use crate::Refusal;
use crate::mapping::{Caller, Source};

#[derive(Deserialize)]
pub(super) struct ToSwitch {
    /// The modes in effect without the file.
    configured: Vec<String>,
    backends: Vec<Source>,
    identity: Caller,
    /// The contents of the file, in order. `None` means that there is no file.
    versions: Vec<Option<String>>,
}

pub(super) fn follow(question: ToSwitch) -> Result<Value, Refusal> {
    let identity = question.identity.identity()?;
    let kinds = question.configured.iter().map(|mode| mode.parse());
    let kinds = kinds.collect::<Result<Vec<_>, _>>();
    let kinds = kinds.map_err(|why| Refusal::malformed(&why))?;
    let modes = BackendModes::new(kinds).map_err(|why| Refusal::malformed(&why))?;
    let directory = tempfile::tempdir().map_err(|why| not_started(&why))?;
    let file = directory.path().join("modes.json");
    let write = |version: &Option<String>| match version {
        Some(content) => std::fs::write(&file, content),
        None if file.exists() => std::fs::remove_file(&file),
        None => Ok(()),
    };
    let (first, later) = match question.versions.split_first() {
        Some((first, later)) => (first, later),
        None => (&None, [].as_slice()),
    };
    write(first).map_err(|why| not_started(&why))?;
    // The files are complete, so the sources need not wait until they settle.
    let mut builder = Sources::builder()
        .with_settle(Duration::ZERO)
        .with_polling()
        .with_backend_modes(modes)
        .with_file(SourceKind::BackendModes, &file);
    let mut texts = Vec::new();
    for backend in &question.backends {
        let (kind, text) = backend.published()?;
        builder = builder.with_feed(kind, kind.as_str());
        texts.push((kind, text));
    }
    let sources = builder.start().map_err(|why| not_started(&why))?;
    for (kind, text) in texts {
        feed(&sources, kind)?.publish(text);
    }
    let mut answers = vec![user(&sources, &identity)];
    for version in later {
        write(version).map_err(|why| not_started(&why))?;
        answers.push(user(&sources, &identity));
    }
    answers.truncate(question.versions.len());
    Ok(json!({ "answers": answers }))
}
