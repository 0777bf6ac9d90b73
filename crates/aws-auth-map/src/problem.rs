//! Problems in rules, with their places.

mod kind;
mod message;

use std::error::Error;
use std::fmt;

pub use self::kind::ProblemKind;
use crate::rules::{Place, Section};

/// A problem in a text that an operator wrote.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Problem {
    kind: ProblemKind,
    at: Location,
    line: Option<usize>,
    column: Option<usize>,
}

impl Problem {
    pub(crate) const fn new(kind: ProblemKind, at: Location) -> Self {
        Self {
            kind,
            at,
            line: None,
            column: None,
        }
    }

    pub(crate) const fn on(self, line: Option<usize>, column: Option<usize>) -> Self {
        Self {
            line,
            column,
            ..self
        }
    }

    /// Returns the kind of problem.
    #[must_use]
    pub const fn kind(&self) -> ProblemKind {
        self.kind
    }

    /// Returns a stable code in kebab case.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.kind.code()
    }

    /// Returns the severity.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        self.kind.severity()
    }

    /// Returns the place in the data, such as `mapRoles[3].rolearn`.
    #[must_use]
    pub const fn at(&self) -> Location {
        self.at
    }

    pub(crate) fn place(&self) -> Place {
        Place::new(self.line, self.column)
    }

    /// Returns the line in the text, counted from one. `None` if it is not known.
    #[must_use]
    pub const fn line(&self) -> Option<usize> {
        self.line
    }

    /// Returns the column in characters, counted from one. `None` if it is not known.
    #[must_use]
    pub const fn column(&self) -> Option<usize> {
        self.column
    }
}

impl fmt::Display for Problem {
    /// Prints the place, line and column, and the message.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.at)?;
        match (self.line, self.column) {
            (Some(line), Some(column)) => write!(f, " (line {line}, column {column})")?,
            (Some(line), None) => write!(f, " (line {line})")?,
            _ => {}
        }
        write!(f, ": {}", self.kind)
    }
}

impl Error for Problem {}

/// The severity of a problem.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a program's exit status depends on it"
)]
pub enum Severity {
    /// The text was read but probably does not have the intended effect.
    Warning,
    /// A part of the text was not read.
    Error,
}

impl Severity {
    /// Returns `warning` or `error`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A place in the data. Prints as `mapRoles[3].rolearn`.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Location {
    section: Option<Section>,
    index: Option<usize>,
    field: Option<&'static str>,
    item: Option<usize>,
}

impl Location {
    /// The text as a whole.
    pub(crate) const FILE: Self = Self {
        section: None,
        index: None,
        field: None,
        item: None,
    };

    pub(crate) const fn section_of(section: Section) -> Self {
        Self {
            section: Some(section),
            index: None,
            field: None,
            item: None,
        }
    }

    pub(crate) const fn entry(self, index: usize) -> Self {
        Self {
            index: Some(index),
            ..self
        }
    }

    pub(crate) const fn field_of(self, field: &'static str) -> Self {
        Self {
            field: Some(field),
            ..self
        }
    }

    pub(crate) const fn item_of(self, item: Option<usize>) -> Self {
        Self { item, ..self }
    }

    /// Returns the section. `None` for the text as a whole.
    #[must_use]
    pub const fn section(&self) -> Option<Section> {
        self.section
    }

    /// Returns the entry's index in the section, counted from zero.
    #[must_use]
    pub const fn index(&self) -> Option<usize> {
        self.index
    }

    /// Returns the field of the entry.
    #[must_use]
    pub const fn field(&self) -> Option<&'static str> {
        self.field
    }

    /// Returns the index of one of the groups, counted from zero. `None` for the field as a whole.
    #[must_use]
    pub const fn item(&self) -> Option<usize> {
        self.item
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = match (self.section, self.field) {
            (Some(section), _) => section.key(),
            (None, Some("authenticationMode")) => "accessConfig",
            // Upstream's configuration file.
            (None, Some(_)) => "server",
            (None, None) => "the file",
        };
        f.write_str(whole)?;
        if let Some(index) = self.index {
            write!(f, "[{index}]")?;
        }
        if let Some(field) = self.field {
            write!(f, ".{field}")?;
        }
        Ok(())
    }
}
