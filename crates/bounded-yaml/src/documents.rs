//! The way in: from a text to its documents.

use crate::error::{Error, Syntax};
use crate::limits::Limits;
use crate::node::Node;
use crate::reader::json;
use crate::reader::yaml::Reader;
use crate::scan;

/// Reads a text as YAML documents, or as JSON ones if it begins with `{` or `[` and is JSON.
///
/// What is checked, in this order: the size; the nesting of brackets; that no anchor is redefined;
/// then, for each document, its syntax, and the cost of its nodes while they are built. Checks of
/// the whole text come out of the iterator's first item.
///
/// A document that holds nothing (an empty text, comments alone, nothing between two `---`, `null`)
/// is left out, as `kubectl` does.
#[must_use]
pub fn documents<'a>(text: &'a str, limits: &Limits) -> Documents<'a> {
    // A byte order mark is no part of the text.
    let text_without_mark = text.strip_prefix('\u{feff}').unwrap_or(text);
    let skipped = text.len().saturating_sub(text_without_mark.len());
    Documents {
        state: begin(text_without_mark, skipped, limits),
    }
}

/// Reads a text as JSON and nothing else: one value, which may be null, and no byte order mark. For
/// a file whose other readers know no YAML.
///
/// # Errors
///
/// In this order: [`Error::TooLong`]; [`Error::Syntax`], [`Error::TooDeep`] and
/// [`Error::TooExpanded`] where the reader meets them; [`Error::Syntax`] if there is no value, or a
/// second one.
pub fn json(text: &str, limits: &Limits) -> Result<Node, Error> {
    check_size(text, limits)?;
    let mut nodes = json::read(text, 0, limits)?.into_iter();
    match (nodes.next(), nodes.next()) {
        (Some(node), None) => Ok(node),
        (None, _) => Err(Error::Syntax {
            reason: Syntax::Unclosed,
            at: None,
        }),
        (Some(_), Some(_)) => Err(Error::Syntax {
            reason: Syntax::Other,
            at: None,
        }),
    }
}

fn check_size(text: &str, limits: &Limits) -> Result<(), Error> {
    let size = text.len();
    if size > limits.max_bytes() {
        return Err(Error::TooLong {
            size,
            limit: limits.max_bytes(),
        });
    }
    Ok(())
}

fn begin<'a>(text: &'a str, skipped: usize, limits: &Limits) -> State<'a> {
    if let Err(error) = check_size(text, limits) {
        return State::Failed(error);
    }
    let mut json_error = None;
    if json::is_likely(text) {
        match json::read(text, skipped, limits) {
            Ok(mut nodes) => {
                nodes.retain(|node| !node.is_null());
                return State::Json(nodes.into_iter());
            }
            // YAML also has `{a: b}` and `[a, b]`, and one level more than `serde_json`.
            Err(error) => json_error = Some(error),
        }
    }
    match scan::check(text, limits.max_depth()) {
        Ok(()) => State::Yaml(Box::new(Reader::new(text, skipped, limits)), json_error),
        Err(error) => State::Failed(error),
    }
}

/// The documents of a text, read one after the other; after an error there are no more.
#[derive(Debug)]
pub struct Documents<'a> {
    state: State<'a>,
}

#[derive(Debug)]
enum State<'a> {
    Failed(Error),
    Json(std::vec::IntoIter<Node>),
    Yaml(Box<Reader<'a>>, Option<Error>),
    Done,
}

impl Iterator for Documents<'_> {
    type Item = Result<Node, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let item = match &mut self.state {
            State::Failed(error) => Some(Err(*error)),
            State::Json(nodes) => nodes.next().map(Ok),
            State::Yaml(reader, json_error) => match reader.next_document() {
                Some(Err(error)) => Some(Err(further(error, *json_error))),
                other => other,
            },
            State::Done => None,
        };
        if !matches!(item, Some(Ok(_))) {
            // `yaml_serde` repeats a syntax error for ever.
            self.state = State::Done;
        }
        item
    }
}

impl std::iter::FusedIterator for Documents<'_> {}

/// Of the two readers' errors, the one of the reader that got further.
fn further(yaml: Error, json: Option<Error>) -> Error {
    match json {
        Some(json) if json.position() > yaml.position() => json,
        _ => yaml,
    }
}
