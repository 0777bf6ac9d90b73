//! The severity of findings.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// How serious a finding is, in ascending order.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(
    clippy::exhaustive_enums,
    reason = "a scale that callers compare with and choose from"
)]
pub enum Severity {
    /// Worth knowing; usually intended.
    Info,
    /// Grants more than it seems to, or differs from what it seems to mean.
    Low,
    /// Wrong, or a step toward more permissions.
    Medium,
    /// Grants far more than it seems to.
    High,
    /// Grants full access, or grants access to every caller.
    Critical,
}

/// A text is not the name of a [`Severity`].
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("not a severity: expected info, low, medium, high, or critical")]
#[non_exhaustive]
pub struct ParseSeverityError;

impl Severity {
    /// All severities, in ascending order.
    pub const ALL: [Self; 5] = [
        Self::Info,
        Self::Low,
        Self::Medium,
        Self::High,
        Self::Critical,
    ];

    /// Returns the name, in lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// Returns the next lower severity. `Low` and `Info` stay the same, because a finding at `Info`
    /// is not a risk.
    pub(crate) const fn lowered(self) -> Self {
        match self {
            Self::Info => Self::Info,
            Self::Low | Self::Medium => Self::Low,
            Self::High => Self::Medium,
            Self::Critical => Self::High,
        }
    }
}

impl Display for Severity {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Severity {
    type Err = ParseSeverityError;

    /// Parses a name in lower case.
    fn from_str(name: &str) -> Result<Self, ParseSeverityError> {
        let mut all = Self::ALL.into_iter();
        all.find(|one| one.as_str() == name)
            .ok_or(ParseSeverityError)
    }
}
