//! A place in a document.

use std::fmt::{self, Display, Formatter};

use bounded_yaml::Position;
use printable_text::Printable;
use serde::Serialize;

/// A place in a document. Prints as `FILE:LINE:COLUMN`, without unknown parts, in one line and without
/// control characters.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
}

impl Place {
    /// Builds the place of a whole document.
    #[must_use]
    pub fn of_file(name: &str) -> Self {
        Self {
            file: name.to_owned(),
            line: None,
            column: None,
        }
    }

    /// Builds a place. Lines and columns are counted from one, columns in characters.
    #[must_use]
    pub fn new(name: &str, line: Option<usize>, column: Option<usize>) -> Self {
        Self {
            file: name.to_owned(),
            line,
            column,
        }
    }

    pub(crate) fn at(name: &str, position: Option<Position>) -> Self {
        Self {
            line: position.map(Position::line),
            column: position.map(Position::column),
            ..Self::of_file(name)
        }
    }

    pub(crate) fn of_rule(name: &str, place: aws_auth_map::Place) -> Self {
        Self {
            line: place.line(),
            column: place.column(),
            ..Self::of_file(name)
        }
    }

    pub(crate) fn of_problem(name: &str, problem: &aws_auth_map::Problem) -> Self {
        Self {
            line: problem.line(),
            column: problem.column(),
            ..Self::of_file(name)
        }
    }

    /// Returns the name of the document.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Returns the line, counted from one. `None` if it is not known.
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

impl Display for Place {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Printable::new(&self.file).fmt(f)?;
        for number in [self.line, self.column].into_iter().flatten() {
            write!(f, ":{number}")?;
        }
        Ok(())
    }
}
