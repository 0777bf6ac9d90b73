//! Why an input cannot be read.

use std::fmt;

use thiserror::Error as ThisError;

use crate::position::Position;

/// Why an input cannot be read.
///
/// Quotes no part of the input: it carries a reason and a position.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, ThisError)]
#[non_exhaustive]
pub enum Error {
    /// An anchor is defined twice in a document that uses aliases. `yaml_serde` would resolve some
    /// of them to the wrong node.
    #[error("an anchor is defined a second time at {0}; give each anchor its own name")]
    AnchorRedefined(Position),
    /// The tag `!!binary`, or a text that may be one. Its text in base64 stands for another text.
    #[error("the tag `!!binary` at {0}; write the text that is meant, without it")]
    Binary(Position),
    /// A line that starts with `%`, except the only `%YAML` of a document. `libyaml` reads `%TAG`
    /// directives in quadratic time.
    #[error("a directive at {0}; only one `%YAML` is read")]
    Directive(Position),
    /// A key that is a list, a mapping or null.
    #[error("a key that is a list, a mapping or null{}", place(*.0))]
    Key(Option<Position>),
    /// A merge key `<<` whose value is neither a mapping nor a list of mappings.
    #[error("the merge key `<<` takes a mapping or a list of mappings{}", place(*.0))]
    Merge(Option<Position>),
    /// Invalid YAML or JSON.
    #[error("{reason}{}", place(*.at))]
    Syntax {
        /// The kind of mistake, as far as the parser reports it.
        reason: Syntax,
        /// The position, if the parser reported one.
        at: Option<Position>,
    },
    /// Collections nest deeper than the limit.
    #[error("nested deeper than {limit} levels{}", place(*.at))]
    TooDeep {
        /// The limit.
        limit: usize,
        /// The position at which the limit was exceeded, if known.
        at: Option<Position>,
    },
    /// With every alias replaced by its content, the documents would cost more than
    /// [`Limits::budget`](crate::Limits::budget) allows.
    #[error("the aliases expand to more than {limit} bytes")]
    TooExpanded {
        /// The limit.
        limit: usize,
    },
    /// The input is larger than the limit.
    #[error("{size} bytes exceed the limit of {limit}")]
    TooLong {
        /// The input's size.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// A long run of spaces or line breaks followed by many words, which `libyaml` would read in
    /// quadratic time if they are in one scalar.
    #[error("too many words after a long run of spaces or line breaks, up to {0}")]
    TooMuchWhitespace(Position),
    /// An alias whose anchor is not defined earlier in the document.
    #[error("an alias refers to an anchor that is not defined before it{}", place(*.0))]
    UnknownAnchor(Option<Position>),
}

impl Error {
    /// Returns the position of the problem, if it is known.
    #[must_use]
    pub const fn position(&self) -> Option<Position> {
        match *self {
            Self::AnchorRedefined(at)
            | Self::Binary(at)
            | Self::Directive(at)
            | Self::TooMuchWhitespace(at) => Some(at),
            Self::Key(at)
            | Self::Merge(at)
            | Self::Syntax { at, .. }
            | Self::TooDeep { at, .. }
            | Self::UnknownAnchor(at) => at,
            Self::TooExpanded { .. } | Self::TooLong { .. } => None,
        }
    }
}

/// The kind of mistake in a text that is not valid YAML or JSON.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Syntax {
    /// A character that cannot start a value: `@`, a backquote, `%`.
    Character,
    /// A control character, which YAML does not allow.
    Control,
    /// A key without a colon, or a line that is neither a key nor a list item.
    Colon,
    /// A line whose indentation matches no enclosing list or mapping.
    Indentation,
    /// A `key: value` where YAML does not allow it, such as the second colon in `a: b: c`.
    MappingValue,
    /// Any other mistake.
    Other,
    /// A tab in the indentation.
    Tab,
    /// A bracket or a quote that is not closed.
    Unclosed,
}

impl fmt::Display for Syntax {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Character => "a value cannot start with this character; quote the value",
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
