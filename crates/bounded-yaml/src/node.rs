//! The tree that a document is read into.

use std::collections::HashMap;

/// One value of a document.
///
/// Nodes are compared by content; their positions in the input do not matter.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "YAML has these four kinds of node, and a reader must handle each"
)]
pub enum Node {
    /// An empty value, `null`, `Null`, `NULL` or `~`.
    Null,
    /// Text, a number or a boolean.
    Scalar(Scalar),
    /// A list.
    Sequence(Vec<Self>),
    /// A mapping of keys to values.
    Mapping(Mapping),
}

impl Node {
    /// Returns the text of a scalar of any kind as it stands in the input: `012`, `1.10`, `yes`.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        self.as_scalar().map(Scalar::text)
    }

    /// Returns the scalar, if this is one.
    #[must_use]
    pub const fn as_scalar(&self) -> Option<&Scalar> {
        match self {
            Self::Scalar(scalar) => Some(scalar),
            Self::Null | Self::Sequence(_) | Self::Mapping(_) => None,
        }
    }

    /// Returns the items, if this is a list.
    #[must_use]
    pub fn as_sequence(&self) -> Option<&[Self]> {
        match self {
            Self::Sequence(items) => Some(items),
            Self::Null | Self::Scalar(_) | Self::Mapping(_) => None,
        }
    }

    /// Returns the mapping, if this is one.
    #[must_use]
    pub const fn as_mapping(&self) -> Option<&Mapping> {
        match self {
            Self::Mapping(mapping) => Some(mapping),
            Self::Null | Self::Scalar(_) | Self::Sequence(_) => None,
        }
    }

    /// Returns the value of a key, if this is a mapping with that key; see [`Mapping::get`].
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_mapping()?.get(key)
    }

    /// Returns whether this is null.
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Returns the byte offset in the input of the first scalar in this value whose offset is known.
    /// [`Position::of`](crate::Position::of) converts it to a line and column.
    #[must_use]
    pub fn offset(&self) -> Option<usize> {
        match self {
            Self::Null => None,
            Self::Scalar(scalar) => scalar.offset(),
            Self::Sequence(items) => items.iter().find_map(Self::offset),
            Self::Mapping(mapping) => mapping
                .entries()
                .iter()
                .find_map(|(key, value)| key.offset().or_else(|| value.offset())),
        }
    }

    /// Returns a noun for this kind of value, for use in a message: `a list`, `a number`.
    #[must_use]
    pub const fn describe(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Scalar(scalar) => scalar.kind.describe(),
            Self::Sequence(_) => "a list",
            Self::Mapping(_) => "a mapping",
        }
    }
}

/// The type of a scalar in the core schema of YAML 1.2.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "the core schema has these four besides null"
)]
pub enum Kind {
    /// `true`, `True`, `TRUE`, `false`, `False` or `FALSE`. `yes` and `on` are text.
    Bool,
    /// A number with a fraction or an exponent, `.inf`, `.nan`.
    Float,
    /// A whole number, also `0x1F`, `0o17`, `0b1`; `012` is text.
    Int,
    /// Any other scalar, and every quoted scalar.
    String,
}

impl Kind {
    /// Returns a noun for this kind, for use in a message: `a number`.
    #[must_use]
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Bool => "a boolean",
            Self::Float | Self::Int => "a number",
            Self::String => "text",
        }
    }
}

/// A scalar: its text in the input, with quotes and escapes resolved, and its type.
#[derive(Clone, Debug)]
pub struct Scalar {
    text: String,
    kind: Kind,
    // `u32::MAX` means unknown; this keeps a node small.
    offset: u32,
}

impl Scalar {
    /// Builds a scalar whose offset is unknown.
    #[must_use]
    pub fn new(text: &str, kind: Kind) -> Self {
        Self {
            text: text.to_owned(),
            kind,
            offset: u32::MAX,
        }
    }

    /// Returns a scalar with another text and the same offset. A reader uses it to rename the keys
    /// of one format to the keys of another, and still reports the places in the original.
    #[must_use]
    pub fn with_text(&self, text: &str) -> Self {
        Self {
            text: text.to_owned(),
            ..*self
        }
    }

    pub(crate) fn at(self, offset: Option<usize>) -> Self {
        let offset = offset
            .and_then(|o| u32::try_from(o).ok())
            .unwrap_or(u32::MAX);
        Self { offset, ..self }
    }

    pub(crate) fn set_text(&mut self, text: &str, offset: Option<usize>) {
        text.clone_into(&mut self.text);
        self.offset = offset
            .and_then(|o| u32::try_from(o).ok())
            .unwrap_or(u32::MAX);
    }

    /// Returns the text of a scalar of any type.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the type.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns the byte offset of the text in the input. `None` for a block scalar (`|`, `>`), for a
    /// scalar that spans several lines or contains escapes, and, unless
    /// [`Limits::with_every_offset`](crate::Limits::with_every_offset) is set, for a number or boolean that
    /// follows such a scalar or has a tag.
    #[must_use]
    pub fn offset(&self) -> Option<usize> {
        if self.offset == u32::MAX {
            None
        } else {
            usize::try_from(self.offset).ok()
        }
    }
}

impl PartialEq for Scalar {
    fn eq(&self, other: &Self) -> bool {
        (&self.text, self.kind) == (&other.text, other.kind)
    }
}

impl Eq for Scalar {}

/// The entries of a mapping in the order of the input, including duplicate keys.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Mapping {
    entries: Vec<(Scalar, Node)>,
}

impl Mapping {
    /// Builds a mapping from its entries, duplicate keys included.
    #[must_use]
    pub const fn from_entries(entries: Vec<(Scalar, Node)>) -> Self {
        Self { entries }
    }

    pub(crate) const fn entries_mut(&mut self) -> &mut Vec<(Scalar, Node)> {
        &mut self.entries
    }

    /// Returns the entries in the order of the input, including duplicate keys. Entries from a merge
    /// key come last.
    #[must_use]
    pub fn entries(&self) -> &[(Scalar, Node)] {
        &self.entries
    }

    /// Returns the value of a key; of a duplicate key, the last value.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries
            .iter()
            .rev()
            .find(|(k, _)| k.text() == key)
            .map(|(_, value)| value)
    }

    /// Returns each key that repeats an earlier key.
    #[must_use]
    pub fn duplicates(&self) -> Vec<&Scalar> {
        // The usual handful of keys needs no table.
        if self.entries.len() <= 8 {
            let mut seen: &[(Scalar, Node)] = &[];
            let mut found = Vec::new();
            for (at, (key, _)) in self.entries.iter().enumerate() {
                if seen.iter().any(|(k, _)| k.text() == key.text()) {
                    found.push(key);
                }
                seen = self.entries.get(..=at).unwrap_or(seen);
            }
            return found;
        }
        let mut seen: HashMap<&str, ()> = HashMap::with_capacity(self.entries.len());
        self.entries
            .iter()
            .filter(|(key, _)| seen.insert(key.text(), ()).is_some())
            .map(|(key, _)| key)
            .collect()
    }

    /// Returns the number of entries, including duplicates.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns whether there are no entries.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}
