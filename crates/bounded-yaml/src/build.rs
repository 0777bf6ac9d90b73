//! The visitor that builds nodes from a parser's events, for both YAML and JSON. It charges the
//! cost of each node before it keeps the node.

use std::cell::{Cell, OnceCell};
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess};
use serde::de::{VariantAccess, Visitor};

use crate::error::Error;
use crate::libyaml;
use crate::limits::Limits;
use crate::merge_key::{self, MERGE_KEY};
use crate::next_scalar;
use crate::node::{Kind, Mapping, Node, Scalar};

/// The cost of a node besides its text, in bytes. Our choice: about the size of the shortest node in
/// the input, with its indentation, so that no text without aliases comes near the limit.
const NODE_COST: usize = 8;

/// The tag that says that a value has no other tag.
pub(crate) const NO_TAG: &str = "!";

/// The parser that the events come from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Format {
    Json,
    Yaml,
}

/// State shared by all nodes while the documents of one input are built.
#[derive(Debug)]
pub(crate) struct Builder<'a> {
    format: Format,
    input: &'a str,
    skipped: usize,
    is_every_offset_wanted: bool,
    are_tags_kept: bool,
    limit: usize,
    left: Cell<usize>,
    max_depth: usize,
    depth: Cell<usize>,
    /// The error to report in place of the message that serde carries.
    error: Cell<Option<Error>>,
    /// Whether the source text of a number or boolean is uncertain.
    is_text_missing: Cell<bool>,
    /// Whether scalars arrive in the order of the input, because it has no anchor to go back to.
    is_in_order: OnceCell<bool>,
    /// The end of the last scalar in the input, if it is known.
    end_of_last: Cell<Option<usize>>,
    has_merge_key: Cell<bool>,
    has_odd_numbers: OnceCell<bool>,
    has_odd_booleans: OnceCell<bool>,
}

impl<'a> Builder<'a> {
    /// Starts an input. `skipped` bytes precede it in the text from which offsets are counted.
    pub(crate) fn new(format: Format, input: &'a str, skipped: usize, limits: &Limits) -> Self {
        let limit = limits.budget(input.len());
        Self {
            format,
            input,
            skipped,
            is_every_offset_wanted: limits.is_every_offset_wanted(),
            are_tags_kept: limits.are_tags_kept(),
            limit,
            left: Cell::new(limit),
            max_depth: limits.max_depth(),
            depth: Cell::new(0),
            error: Cell::new(None),
            is_text_missing: Cell::new(false),
            is_in_order: OnceCell::new(),
            end_of_last: Cell::new(None),
            has_merge_key: Cell::new(false),
            has_odd_numbers: OnceCell::new(),
            has_odd_booleans: OnceCell::new(),
        }
    }

    pub(crate) const fn format(&self) -> Format {
        self.format
    }

    pub(crate) const fn are_tags_kept(&self) -> bool {
        self.are_tags_kept
    }

    /// Resets the state that belongs to a single document.
    pub(crate) fn start_document(&self) {
        self.is_text_missing.set(false);
        self.end_of_last.set(None);
        self.has_merge_key.set(false);
        self.depth.set(0);
    }

    /// Returns the cost of the nodes so far.
    pub(crate) const fn spent(&self) -> usize {
        self.limit.saturating_sub(self.left.get())
    }

    pub(crate) const fn limit(&self) -> usize {
        self.limit
    }

    pub(crate) fn take_error(&self) -> Option<Error> {
        self.error.take()
    }

    pub(crate) const fn is_text_missing(&self) -> bool {
        self.is_text_missing.get()
    }

    pub(crate) const fn has_merge_key(&self) -> bool {
        self.has_merge_key.get()
    }

    /// Returns whether a key is a merge key. A key with an unknown offset has escapes, so it is
    /// quoted and is not a merge key.
    pub(crate) fn is_merge_key(&self, key: &Scalar) -> bool {
        let offset = || key.offset()?.checked_sub(self.skipped);
        key.text() == MERGE_KEY && offset().is_some_and(|at| merge_key::is_plain(self.input, at))
    }

    /// Returns the offset of a text that was borrowed from the input.
    pub(crate) fn offset_of(&self, text: &str) -> Option<usize> {
        let offset = self.offset_in_input(text)?;
        Some(offset.saturating_add(self.skipped))
    }

    fn offset_in_input(&self, text: &str) -> Option<usize> {
        let offset = text
            .as_ptr()
            .addr()
            .checked_sub(self.input.as_ptr().addr())?;
        (offset <= self.input.len()).then_some(offset)
    }

    fn refuse<E: de::Error>(&self, error: Error) -> E {
        self.error.set(Some(error));
        // Never shown: the caller reports `self.error` instead.
        E::custom("refused")
    }

    fn charge<E: de::Error>(&self, text: usize) -> Result<(), E> {
        let cost = NODE_COST.saturating_add(text);
        match self.left.get().checked_sub(cost) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => Err(self.refuse(Error::TooExpanded { limit: self.limit })),
        }
    }

    fn enter<E: de::Error>(&self) -> Result<(), E> {
        let depth = self.depth.get().saturating_add(1);
        if depth > self.max_depth {
            return Err(self.refuse(Error::TooDeep {
                limit: self.max_depth,
                at: None,
            }));
        }
        self.depth.set(depth);
        Ok(())
    }

    fn leave(&self) {
        self.depth.set(self.depth.get().saturating_sub(1));
    }

    /// Builds a text that is a part of the input.
    fn borrowed_string<E: de::Error>(&self, text: &str) -> Result<Node, E> {
        let offset = self.offset_in_input(text);
        let end = offset.map(|start| next_scalar::end(self.input, start, text.len()));
        self.end_of_last.set(end);
        let offset = offset.map(|offset| offset.saturating_add(self.skipped));
        self.string(text, offset)
    }

    /// Builds a text with escapes, or one of several lines.
    fn owned_string<E: de::Error>(&self, text: &str) -> Result<Node, E> {
        self.end_of_last.set(None);
        self.string(text, None)
    }

    fn string<E: de::Error>(&self, text: &str, offset: Option<usize>) -> Result<Node, E> {
        self.charge(text.len())?;
        Ok(Node::Scalar(Scalar::new(text, Kind::String).at(offset)))
    }

    fn int<E: de::Error>(&self, text: &str) -> Result<Node, E> {
        // Only `0x1F`, `0o17`, `0b1` and `+1` print differently from their source text.
        let is_odd = || {
            let bytes = self.input.as_bytes();
            bytes
                .windows(2)
                .any(|pair| matches!(pair, [b'0', b'x' | b'o' | b'b'] | [b'+', b'0'..=b'9']))
        };
        self.number_or_bool(text, Kind::Int, *self.has_odd_numbers.get_or_init(is_odd))
    }

    /// Builds a number or boolean from the text that its value prints as.
    fn number_or_bool<E: de::Error>(
        &self,
        text: &str,
        kind: Kind,
        is_uncertain: bool,
    ) -> Result<Node, E> {
        self.charge(text.len())?;
        let source = self.source_of(text, kind);
        let end = source.map(|(start, source)| start.saturating_add(source.len()));
        self.end_of_last.set(end);
        let Some((start, source)) = source else {
            if is_uncertain || self.is_every_offset_wanted {
                self.is_text_missing.set(true);
            }
            return Ok(Node::Scalar(Scalar::new(text, kind)));
        };
        let offset = start.saturating_add(self.skipped);
        Ok(Node::Scalar(Scalar::new(source, kind).at(Some(offset))))
    }

    /// Finds the source text of the number or boolean that follows the last scalar. `None` if there is
    /// more than punctuation between them.
    fn source_of(&self, text: &str, kind: Kind) -> Option<(usize, &'a str)> {
        let is_in_order = || match self.format {
            Format::Json => true,
            Format::Yaml => !libyaml::may_have_anchor(self.input),
        };
        let last = self.end_of_last.get()?;
        if !*self.is_in_order.get_or_init(is_in_order) {
            return None;
        }
        next_scalar::after(self.input, last, text, kind)
    }
}

/// Reads one node.
#[derive(Clone, Copy)]
pub(crate) struct NodeSeed<'b, 'a>(pub(crate) &'b Builder<'a>);

impl<'de> DeserializeSeed<'de> for NodeSeed<'_, '_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for NodeSeed<'_, '_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_none<E: de::Error>(self) -> Result<Node, E> {
        self.visit_unit()
    }

    fn visit_unit<E: de::Error>(self) -> Result<Node, E> {
        self.0.charge(0)?;
        Ok(Node::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Node, E> {
        let input = self.0.input;
        let is_odd = || {
            ["True", "TRUE", "False", "FALSE"]
                .iter()
                .any(|word| input.contains(word))
        };
        let is_uncertain = *self.0.has_odd_booleans.get_or_init(is_odd);
        self.0.number_or_bool(
            if value { "true" } else { "false" },
            Kind::Bool,
            is_uncertain,
        )
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Node, E> {
        // Zero arrives as unsigned unless its source text has a sign.
        if value == 0 {
            self.0.int("-0")
        } else {
            self.0.int(&value.to_string())
        }
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Node, E> {
        self.0.int(&value.to_string())
    }

    fn visit_i128<E: de::Error>(self, value: i128) -> Result<Node, E> {
        self.0.int(&value.to_string())
    }

    fn visit_u128<E: de::Error>(self, value: u128) -> Result<Node, E> {
        self.0.int(&value.to_string())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Node, E> {
        self.0.number_or_bool(&value.to_string(), Kind::Float, true)
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Node, E> {
        self.0.borrowed_string(text)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Node, E> {
        self.0.owned_string(text)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        self.0.charge(0)?;
        self.0.enter()?;
        let mut nodes = Vec::new();
        while let Some(node) = items.next_element_seed(self)? {
            nodes.push(node);
        }
        self.0.leave();
        Ok(Node::Sequence(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        self.0.charge(0)?;
        self.0.enter()?;
        let mut entries = Vec::new();
        while let Some(key) = map.next_key_seed(self)? {
            let Node::Scalar(key) = key else {
                return Err(self.0.refuse(Error::Key(None)));
            };
            if self.0.is_merge_key(&key) {
                self.0.has_merge_key.set(true);
            }
            entries.push((key, map.next_value_seed(self)?));
        }
        self.0.leave();
        Ok(Node::Mapping(Mapping::from_entries(entries)))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<Node, A::Error> {
        let (tag, content): (String, _) = tagged.variant()?;
        if !self.0.are_tags_kept() || tag == NO_TAG {
            return content.newtype_variant_seed(self);
        }
        self.0.charge(0)?;
        self.0.charge(tag.len())?;
        self.0.enter()?;
        let value = content.newtype_variant_seed(self)?;
        self.0.leave();
        let tag = Scalar::new(&format!("!{tag}"), Kind::String);
        Ok(Node::Mapping(Mapping::from_entries(vec![(tag, value)])))
    }
}
