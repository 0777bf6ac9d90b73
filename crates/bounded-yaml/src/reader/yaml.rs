//! YAML, by way of `yaml_serde`.

use std::fmt;

use serde::de::DeserializeSeed;
use serde_yaml::Deserializer;

use super::build::{Builder, Format, NodeSeed};
use super::reread::TextSeed;
use crate::error::{Error, Syntax};
use crate::limits::Limits;
use crate::merge;
use crate::node::Node;
use crate::position::Position;

/// Reads one YAML document after the other.
pub(crate) struct Reader<'a> {
    text: &'a str,
    builder: Builder<'a>,
    documents: Deserializer<'a>,
    /// How many documents were taken from `documents`.
    read: usize,
    /// The same documents for the second look, and how many were taken.
    again: Option<(Deserializer<'a>, usize)>,
}

impl fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("read", &self.read)
            .finish_non_exhaustive()
    }
}

impl<'a> Reader<'a> {
    /// Takes a text that [`scan::check`](crate::scan::check) has let through.
    pub(crate) fn new(text: &'a str, skipped: usize, limits: &Limits) -> Self {
        Self {
            text,
            builder: Builder::new(Format::Yaml, text, skipped, limits),
            documents: Deserializer::from_str(text),
            read: 0,
            again: None,
        }
    }

    /// Reads the next document that holds something; `None` after the last. To be asked no more
    /// after an error.
    pub(crate) fn next_document(&mut self) -> Option<Result<Node, Error>> {
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
        let builder = &self.builder;
        let mut node = NodeSeed(builder)
            .deserialize(document)
            .map_err(|why| self.explain(&why))?;
        if builder.is_text_missing() {
            let (documents, taken) = self
                .again
                .get_or_insert_with(|| (Deserializer::from_str(self.text), 0));
            let mut document = documents.next();
            *taken = taken.saturating_add(1);
            while *taken < self.read {
                document = documents.next();
                *taken = taken.saturating_add(1);
            }
            if let Some(document) = document {
                TextSeed {
                    node: &mut node,
                    builder: &self.builder,
                }
                .deserialize(document)
                .map_err(|why| self.explain(&why))?;
            }
        }
        if self.builder.has_merge_key() {
            merge::apply(&mut node)?;
        }
        Ok(node)
    }

    /// Makes a flat error of `yaml_serde`'s.
    fn explain(&self, why: &serde_yaml::Error) -> Error {
        // `libyaml` tells the end of a text as a line of its own.
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
        // `yaml_serde` tells its errors apart by their text alone.
        let message = why.to_string();
        let says = |part: &str| message.contains(part);
        if says("recursion limit") {
            return Error::TooDeep {
                limit: crate::MAX_DEPTH,
                at,
            };
        }
        if says("repetition limit") {
            return Error::TooExpanded {
                limit: self.builder.limit(),
            };
        }
        if says("unknown anchor") {
            return Error::UnknownAnchor(at);
        }
        let reason = if self.has_tab_before(at) || says("tab character") {
            Syntax::Tab
        } else if says("cannot start any token") {
            Syntax::Character
        } else if says("control characters") {
            Syntax::Control
        } else if says("mapping values are not allowed") {
            Syntax::MappingValue
        } else if says("expected ':'") {
            Syntax::Colon
        } else if says("unexpected end of stream") || says("expected ',' or") {
            Syntax::Unclosed
        } else if says("block collection") || says("block mapping") || says("block entry") {
            Syntax::Indentation
        } else {
            Syntax::Other
        };
        Error::Syntax { reason, at }
    }

    /// Whether the line of an error is indented with a tab; `libyaml` then complains of whatever
    /// comes after it.
    fn has_tab_before(&self, at: Option<Position>) -> bool {
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
