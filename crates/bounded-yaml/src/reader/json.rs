//! JSON, by way of `serde_json`, which knows its escapes: `\ud83d\ude00` is one character, where a
//! YAML reader sees two halves and refuses them.

use serde::de::DeserializeSeed;
use serde_json::de::Deserializer;
use serde_json::error::Category;

use super::build::{Builder, Format, NodeSeed};
use super::reread::TextSeed;
use crate::error::{Error, Syntax};
use crate::limits::Limits;
use crate::node::Node;
use crate::position::Position;

/// Whether a text may be JSON: what it holds first opens an object or a list.
pub(crate) fn is_likely(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
}

/// Reads all values of a text, one after the other, null included.
///
/// # Errors
///
/// [`Error::TooDeep`], [`Error::TooExpanded`], [`Error::Syntax`].
pub(crate) fn read(text: &str, skipped: usize, limits: &Limits) -> Result<Vec<Node>, Error> {
    let builder = Builder::new(Format::Json, text, skipped, limits);
    let mut values = Deserializer::from_str(text);
    let mut nodes = Vec::new();
    let mut is_text_missing = false;
    while values.end().is_err() {
        builder.start_document();
        let node = NodeSeed(&builder)
            .deserialize(&mut values)
            .map_err(|why| explain(&builder, &why))?;
        is_text_missing |= builder.is_text_missing();
        nodes.push(node);
    }
    if is_text_missing {
        let mut values = Deserializer::from_str(text);
        for node in &mut nodes {
            TextSeed {
                node,
                builder: &builder,
            }
            .deserialize(&mut values)
            .map_err(|why| explain(&builder, &why))?;
        }
    }
    Ok(nodes)
}

fn explain(builder: &Builder<'_>, why: &serde_json::Error) -> Error {
    let at = Some(Position::new(why.line(), why.column().max(1)));
    match builder.take_error() {
        Some(Error::TooDeep { limit, .. }) => return Error::TooDeep { limit, at },
        Some(error) => return error,
        None => {}
    }
    if why.to_string().contains("recursion limit") {
        return Error::TooDeep {
            limit: crate::MAX_DEPTH,
            at,
        };
    }
    let reason = match why.classify() {
        Category::Eof => Syntax::Unclosed,
        Category::Data | Category::Io | Category::Syntax => Syntax::Other,
    };
    Error::Syntax { reason, at }
}
