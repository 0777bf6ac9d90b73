//! `sources.*`: the user of a caller after each change of a source.

use eks_auth_sources::{Feed, SourceKind, Sources};
use iam_principal::Identity;
use serde_json::Value;

use crate::Refusal;
use crate::mapping::mapped;

mod backend_modes;
mod config_map;
mod config_map_server;
mod dynamic_file;

pub(crate) fn answer(op: &str, question: &Value) -> Option<Result<Value, Refusal>> {
    Some(match op {
        "sources.backend_modes" => crate::read(question).and_then(backend_modes::follow),
        "sources.config_map" => crate::read(question).and_then(config_map::follow),
        "sources.dynamic_file" => crate::read(question).and_then(dynamic_file::follow),
        _ => return None,
    })
}

fn not_started(why: &dyn std::fmt::Display) -> Refusal {
    Refusal::new("not-started", &why)
}

fn feed(sources: &Sources, kind: SourceKind) -> Result<Feed, Refusal> {
    sources.feed(kind).ok_or_else(|| not_started(&"no feed"))
}

/// Applies the changes of the sources, and maps the caller.
fn user(sources: &Sources, caller: &Identity) -> Value {
    let _report = sources.reload_and_wait();
    let answer = mapped(sources.snapshot().identities(), caller, "");
    answer.unwrap_or_else(|refusal| crate::error(&refusal))
}
