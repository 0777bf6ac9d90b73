//! The tree.

use std::collections::HashMap;

/// One value of a document.
///
/// Two nodes are equal when their content is; where they stood in the input does not count.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "YAML has these four, and whoever reads decides on each"
)]
pub enum Node {
    /// Nothing: an empty value, `null`, `Null`, `NULL` or `~`.
    Null,
    /// Text, a number or a boolean.
    Scalar(Scalar),
    /// A list.
    Sequence(Vec<Self>),
    /// Keys and their values.
    Mapping(Mapping),
}

impl Node {
    /// Returns the text of a scalar of any kind: `012`, `1.10` and `yes` as they were written.
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

    /// Returns the items of a list.
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

    /// Returns the value of a key, if this is a mapping that has it; see [`Mapping::get`].
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_mapping()?.get(key)
    }

    /// Returns whether this is null.
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Returns the byte of the input at which this value's first scalar begins, if that is known:
    /// [`Position::of`](crate::Position::of) makes a line and a column of it.
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

    /// Says what this is, in the words of a message: `a list`, `a number`.
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

/// What YAML 1.2 takes a scalar for.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "the core schema has these four besides null"
)]
pub enum Kind {
    /// `true` or `false`, also with a capital or in capitals; `yes` and `on` are text.
    Bool,
    /// A number with a fraction or an exponent, `.inf`, `.nan`.
    Float,
    /// A whole number, also `0x1F`, `0o17`, `0b1`; `012` is text.
    Int,
    /// Anything else, and everything in quotes.
    String,
}

impl Kind {
    /// Says what this is, in the words of a message.
    #[must_use]
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Bool => "a boolean",
            Self::Float | Self::Int => "a number",
            Self::String => "text",
        }
    }
}

/// A scalar: its text as written (quotes and escapes resolved), and what YAML takes it for.
#[derive(Clone, Debug)]
pub struct Scalar {
    text: String,
    kind: Kind,
    // u32::MAX stands for "not known", which keeps a node small.
    offset: u32,
}

impl Scalar {
    /// Makes a scalar that stands nowhere in particular.
    #[must_use]
    pub fn new(text: &str, kind: Kind) -> Self {
        Self {
            text: text.to_owned(),
            kind,
            offset: u32::MAX,
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

    /// Returns the text, whatever the kind.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns what YAML takes the text for.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns the byte of the input at which the text begins, if it stands there as it is: that
    /// of a block (`|`, `>`), of a scalar over several lines or with escapes is not known, nor is
    /// that of most numbers and booleans unless [`Limits`](crate::Limits) ask for it.
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

/// The entries of a mapping in the order of the input, duplicates kept.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Mapping {
    entries: Vec<(Scalar, Node)>,
}

impl Mapping {
    pub(crate) const fn from_entries(entries: Vec<(Scalar, Node)>) -> Self {
        Self { entries }
    }

    pub(crate) const fn entries_mut(&mut self) -> &mut Vec<(Scalar, Node)> {
        &mut self.entries
    }

    /// Returns the entries, as they stand in the input, duplicates included; what a merge key
    /// brought in comes last.
    #[must_use]
    pub fn entries(&self) -> &[(Scalar, Node)] {
        &self.entries
    }

    /// Returns the value of a key; of the last one, if it stands there more than once.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries
            .iter()
            .rev()
            .find(|(k, _)| k.text() == key)
            .map(|(_, value)| value)
    }

    /// Returns each key that repeats an earlier one.
    #[must_use]
    pub fn duplicates(&self) -> Vec<&Scalar> {
        // A handful of keys, the usual case, needs no table.
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

    /// Returns the number of entries, duplicates included.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns whether there is no entry.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}
