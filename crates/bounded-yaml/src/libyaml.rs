//! YAML, read by `yaml_serde` and the copy of `libyaml` inside it.
//!
//! Everything in this module exists because of that parser: [`precheck`] refuses texts that it would
//! read in more than linear time or resolve wrongly, and [`error_text`] recovers the kind of an error
//! from its message.

mod binary_tag;
mod block_lines;
mod control;
mod error_text;
mod flow_depth;
mod pieces;
mod precheck;
mod quadratic;
mod redefined_anchor;
mod split_reader;
mod text;

use std::fmt;

use serde::de::DeserializeSeed;
use serde_yaml::Deserializer;

use self::error_text::Report;
pub(crate) use self::precheck::precheck;
pub(crate) use self::redefined_anchor::may_have_anchor;
pub(crate) use self::split_reader::SplitReader;
pub(crate) use self::text::is_line_break;
use crate::build::{Builder, Format, NodeSeed};
use crate::error::{Error, Syntax};
use crate::limits::Limits;
use crate::merge_key;
use crate::node::Node;
use crate::position::Position;
use crate::source_text::TextSeed;

/// Reads the YAML documents of a text one by one.
struct Reader<'a> {
    text: &'a str,
    builder: Builder<'a>,
    documents: Deserializer<'a>,
    /// How many documents were taken from `documents`.
    read: usize,
    /// The same documents for the second pass, and how many of them were taken.
    reread: Option<(Deserializer<'a>, usize)>,
    /// Whether a document had a merge key.
    has_merge_key: bool,
}

impl fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("read", &self.read)
            .finish_non_exhaustive()
    }
}

impl<'a> Reader<'a> {
    /// Starts reading a text that has passed [`precheck`].
    fn new(text: &'a str, skipped: usize, limits: &Limits) -> Self {
        Self {
            text,
            builder: Builder::new(Format::Yaml, text, skipped, limits),
            documents: Deserializer::from_str(text),
            read: 0,
            reread: None,
            has_merge_key: false,
        }
    }

    /// Returns the cost of the nodes so far.
    const fn spent(&self) -> usize {
        self.builder.spent()
    }

    /// Returns whether a document so far had a merge key.
    const fn has_merge_key(&self) -> bool {
        self.has_merge_key
    }

    /// Reads the next document that is not null. `None` after the last one.
    ///
    /// After an error it must not be called again: `yaml_serde` repeats a syntax error for ever.
    fn next_document(&mut self) -> Option<Result<Node, Error>> {
        loop {
            let document = self.documents.next()?;
            self.read = self.read.saturating_add(1);
            self.builder.start_document();
            match self.read_document(document) {
                Ok(Node::Null) => {}
                other => return Some(other),
            }
        }
    }

    fn read_document(&mut self, document: Deserializer<'a>) -> Result<Node, Error> {
        let mut node = NodeSeed(&self.builder)
            .deserialize(document)
            .map_err(|why| self.to_error(&why))?;
        if self.builder.is_text_missing() {
            self.restore_texts(&mut node)?;
        }
        if self.builder.has_merge_key() {
            self.has_merge_key = true;
            merge_key::apply(&mut node, &self.builder)?;
        }
        Ok(node)
    }

    /// Reads the current document a second time, for the source text of its numbers and booleans.
    fn restore_texts(&mut self, node: &mut Node) -> Result<(), Error> {
        let (documents, taken) = self
            .reread
            .get_or_insert_with(|| (Deserializer::from_str(self.text), 0));
        let mut document = documents.next();
        *taken = taken.saturating_add(1);
        while *taken < self.read {
            document = documents.next();
            *taken = taken.saturating_add(1);
        }
        let Some(document) = document else {
            return Ok(());
        };
        let seed = TextSeed {
            node,
            builder: &self.builder,
        };
        seed.deserialize(document)
            .map_err(|why| self.to_error(&why))
    }

    /// Converts an error of `yaml_serde`.
    fn to_error(&self, why: &serde_yaml::Error) -> Error {
        // `libyaml` counts the end of a text as a separate line.
        let end = Position::of(self.text, self.text.len());
        let at = why
            .location()
            .map(|place| Position::new(place.line(), place.column()).min(end));
        match self.builder.take_error() {
            Some(Error::TooDeep { limit, .. }) => return Error::TooDeep { limit, at },
            Some(Error::Key(_)) => return Error::Key(at),
            Some(error) => return error,
            None => {}
        }
        match error_text::classify(&why.to_string()) {
            Report::Recursion => Error::TooDeep {
                limit: crate::MAX_DEPTH,
                at,
            },
            Report::Repetition => Error::TooExpanded {
                limit: self.builder.limit(),
            },
            Report::UnknownAnchor => Error::UnknownAnchor(at),
            // `libyaml` blames the token after the tab.
            Report::Syntax(_) if self.is_indented_with_tab(at) => Error::Syntax {
                reason: Syntax::Tab,
                at,
            },
            Report::Syntax(reason) => Error::Syntax { reason, at },
        }
    }

    /// Whether the line of a position is indented with a tab.
    fn is_indented_with_tab(&self, at: Option<Position>) -> bool {
        let Some(at) = at else { return false };
        let line = self
            .text
            .lines()
            .nth(at.line().saturating_sub(1))
            .unwrap_or("");
        let indentation = line
            .len()
            .saturating_sub(line.trim_start_matches([' ', '\t']).len());
        line.get(..indentation)
            .is_some_and(|blanks| blanks.contains('\t'))
    }
}
