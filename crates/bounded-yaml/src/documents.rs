//! The entry points: from a text to its documents.

use crate::error::{Error, Syntax};
use crate::json::{is_likely_json, read_json};
use crate::libyaml::{self, SplitReader};
use crate::limits::Limits;
use crate::node::Node;
use crate::position::BYTE_ORDER_MARK;

/// Reads a text as a stream of YAML documents, or as JSON values if it starts with `{` or `[` and is
/// valid JSON.
///
/// Checks, in this order: the size; the nesting of brackets; directives and long runs of whitespace;
/// that no anchor is redefined; that there is no control character, and no tag `!!binary`; then, for each document, its syntax, and the
/// cost of its nodes while they are built. The iterator's first item reports a failed check of the whole text.
///
/// Empty documents (an empty text, only comments, nothing between two `---`, `null`) are skipped, as
/// `kubectl` does.
#[must_use]
pub fn documents<'a>(text: &'a str, limits: &Limits) -> Documents<'a> {
    // A byte order mark is not part of the text.
    let text_without_mark = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let skipped = text.len().saturating_sub(text_without_mark.len());
    Documents {
        state: begin(text_without_mark, skipped, limits),
    }
}

/// Reads a text as a single JSON value, which may be null. A byte order mark is refused.
///
/// Use it for a file that other programs read as JSON: accepting YAML would hide mistakes.
///
/// # Errors
///
/// In this order: [`Error::TooLong`]; [`Error::Syntax`], [`Error::TooDeep`] and
/// [`Error::TooExpanded`] in the order of the text; [`Error::Syntax`] if there is no value or more
/// than one.
pub fn json(text: &str, limits: &Limits) -> Result<Node, Error> {
    check_size(text, limits)?;
    let mut nodes = read_json(text, 0, limits)?.into_iter();
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
    if is_likely_json(text) {
        match read_json(text, skipped, limits) {
            Ok(mut nodes) => {
                nodes.retain(|node| !node.is_null());
                return State::Json(nodes.into_iter());
            }
            // It may still be YAML: `{a: b}`, `[a, b]`, or one level more than `serde_json` reads.
            Err(error) => json_error = Some(error),
        }
    }
    match libyaml::precheck(text, limits) {
        Ok(()) => State::Yaml(
            Box::new(SplitReader::new(text, skipped, limits)),
            json_error,
        ),
        Err(error) => State::Failed(error),
    }
}

/// An iterator over the documents of a text, which ends after the first error.
#[derive(Debug)]
pub struct Documents<'a> {
    state: State<'a>,
}

#[derive(Debug)]
enum State<'a> {
    Failed(Error),
    Json(std::vec::IntoIter<Node>),
    Yaml(Box<SplitReader<'a>>, Option<Error>),
    Done,
}

impl Iterator for Documents<'_> {
    type Item = Result<Node, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let item = match &mut self.state {
            State::Failed(error) => Some(Err(*error)),
            State::Json(nodes) => nodes.next().map(Ok),
            State::Yaml(reader, json_error) => match reader.next_document() {
                Some(Err(error)) => Some(Err(deeper_error(error, *json_error))),
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

/// Returns the error of the reader that got further into the text.
fn deeper_error(yaml: Error, json: Option<Error>) -> Error {
    match json {
        Some(json) if json.position() > yaml.position() => json,
        _ => yaml,
    }
}
