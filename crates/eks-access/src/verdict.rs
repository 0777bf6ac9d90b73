//! The verdict yes, no or unknown, and the steps to it.

use std::fmt::{self, Display, Formatter};

use serde::Serialize;

use crate::place::Place;

/// The answer to a yes-or-no question.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(clippy::exhaustive_enums, reason = "an exit status is chosen by it")]
pub enum Verdict {
    /// Yes.
    Yes,
    /// No.
    No,
    /// Not known: an access policy that is not known, or a role that the documents lack, may allow it.
    Unknown,
}

impl Verdict {
    /// Returns `yes`, `no` or `unknown`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown => "unknown",
        }
    }

    /// Returns the exit status of a program with this answer: 0 yes, 1 no, 2 not known.
    #[must_use]
    pub const fn exit_status(self) -> u8 {
        match self {
            Self::Yes => 0,
            Self::No => 1,
            Self::Unknown => 2,
        }
    }

    pub(crate) const fn of(is_yes: bool, is_unknown: bool) -> Self {
        match (is_yes, is_unknown) {
            (true, _) => Self::Yes,
            (false, true) => Self::Unknown,
            (false, false) => Self::No,
        }
    }
}

impl Display for Verdict {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One step on the way from a caller to a permission, or one reason against it. Prints as one line, with
/// its place in parentheses.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<Place>,
}

impl Step {
    /// Builds a step. The text is one line and has no control characters.
    pub(crate) const fn new(text: String, place: Option<Place>) -> Self {
        Self { text, place }
    }

    /// Returns the text, in one line and without control characters.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the place in a document. `None` if the step comes from no document.
    #[must_use]
    pub const fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }
}

impl Display for Step {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.place {
            None => f.write_str(&self.text),
            Some(place) => write!(f, "{} ({place})", self.text),
        }
    }
}

/// Writes steps as indented lines.
pub(crate) fn write_steps(f: &mut Formatter<'_>, indent: &str, steps: &[Step]) -> fmt::Result {
    steps
        .iter()
        .try_for_each(|step| writeln!(f, "{indent}{step}"))
}
