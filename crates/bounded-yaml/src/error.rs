//! Why an input cannot be read.

use std::fmt;

use thiserror::Error as ThisError;

use crate::position::Position;

/// Why an input cannot be read.
///
/// Quotes nothing of the input: it says what and where.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, ThisError)]
#[non_exhaustive]
pub enum Error {
    /// An anchor is defined twice in one document and referred to; `yaml_serde` would resolve
    /// later aliases to the wrong node.
    #[error("an anchor is defined a second time at {0}; give each its own name")]
    AnchorRedefined(Position),
    /// A key that is a list, a mapping or null.
    #[error("a key that is no text{}", place(*.0))]
    Key(Option<Position>),
    /// `<<` whose value is neither a mapping nor a list of mappings.
    #[error("the merge key `<<` takes a mapping or a list of mappings{}", place(*.0))]
    Merge(Option<Position>),
    /// Not YAML, or not JSON.
    #[error("{reason}{}", place(*.at))]
    Syntax {
        /// What is wrong, as far as it can be told.
        reason: Syntax,
        /// Where, if the reader told.
        at: Option<Position>,
    },
    /// Collections nest deeper than the limit.
    #[error("nested deeper than {limit} levels{}", place(*.at))]
    TooDeep {
        /// The limit.
        limit: usize,
        /// Where the limit was passed, if the reader told.
        at: Option<Position>,
    },
    /// The aliases, written out, would cost more than [`Limits::budget`](crate::Limits::budget)
    /// allows.
    #[error("the aliases stand for more than {limit} bytes")]
    TooExpanded {
        /// The limit.
        limit: usize,
    },
    /// More bytes than the limit.
    #[error("{size} bytes are more than the limit of {limit}")]
    TooLong {
        /// The input's size.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// An alias of an anchor that the document does not define before.
    #[error("an alias refers to an anchor that is not defined before it{}", place(*.0))]
    UnknownAnchor(Option<Position>),
}

impl Error {
    /// Returns where the problem is, if that is known.
    #[must_use]
    pub const fn position(&self) -> Option<Position> {
        match *self {
            Self::AnchorRedefined(at) => Some(at),
            Self::Key(at)
            | Self::Merge(at)
            | Self::Syntax { at, .. }
            | Self::TooDeep { at, .. }
            | Self::UnknownAnchor(at) => at,
            Self::TooExpanded { .. } | Self::TooLong { .. } => None,
        }
    }
}

/// What is wrong with a text that is not YAML, as far as the reader tells.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Syntax {
    /// A character that cannot begin a value: `@`, a backquote, `%`.
    Character,
    /// A control character, which YAML does not allow.
    Control,
    /// A key without its colon, or a line that is neither key nor item.
    Colon,
    /// A line whose indentation fits no collection around it.
    Indentation,
    /// A `key: value` where none is allowed, such as after an unquoted `a: b`.
    MappingValue,
    /// Anything else.
    Other,
    /// A tab in the indentation.
    Tab,
    /// A bracket or a quote that is not closed.
    Unclosed,
}

impl fmt::Display for Syntax {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Character => "a value cannot begin with this character; quote the value",
            Self::Control => "a control character",
            Self::Colon => "a colon is missing after a key",
            Self::Indentation => "the indentation does not fit the lines above",
            Self::MappingValue => "a second colon in one line; quote the value",
            Self::Other => "not YAML",
            Self::Tab => "a tab in the indentation; YAML is indented with spaces",
            Self::Unclosed => "a bracket or a quote is not closed",
        })
    }
}

fn place(position: Option<Position>) -> impl fmt::Display {
    struct At(Option<Position>);
    impl fmt::Display for At {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            match self.0 {
                Some(position) => write!(f, " at {position}"),
                None => Ok(()),
            }
        }
    }
    At(position)
}
