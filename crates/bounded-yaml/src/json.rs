//! JSON, read by `serde_json`. A YAML reader refuses the surrogate pair `\ud83d\ude00`, which is one
//! character in JSON.

use serde::de::DeserializeSeed;
use serde_json::de::Deserializer;
use serde_json::error::Category;

use crate::build::{Builder, Format, NodeSeed};
use crate::error::{Error, Syntax};
use crate::limits::Limits;
use crate::node::Node;
use crate::position::Position;
use crate::source_text::TextSeed;

/// Whether a text may be JSON: it starts with an object or a list.
pub(crate) fn is_likely_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
}

/// Reads all values of a text, including null.
///
/// # Errors
///
/// [`Error::TooDeep`], [`Error::TooExpanded`], [`Error::Syntax`], in the order of the text.
pub(crate) fn read_json(text: &str, skipped: usize, limits: &Limits) -> Result<Vec<Node>, Error> {
    let builder = Builder::new(Format::Json, text, skipped, limits);
    let mut values = Deserializer::from_str(text);
    let mut nodes = Vec::new();
    let mut is_text_missing = false;
    while values.end().is_err() {
        builder.start_document();
        let node = NodeSeed(&builder)
            .deserialize(&mut values)
            .map_err(|why| to_error(&builder, &why))?;
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
            .map_err(|why| to_error(&builder, &why))?;
        }
    }
    Ok(nodes)
}

/// Converts an error of `serde_json`.
fn to_error(builder: &Builder<'_>, why: &serde_json::Error) -> Error {
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
