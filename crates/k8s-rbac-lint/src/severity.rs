//! How bad a finding is.

use std::fmt::{self, Display, Formatter};

use serde::Serialize;

/// How bad it is, from the least.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(
    clippy::exhaustive_enums,
    reason = "a scale that callers compare with and choose from"
)]
pub enum Severity {
    /// Good to know.
    Info,
    /// Wider or other than it looks.
    Low,
    /// Wrong, or a step to more.
    Medium,
    /// RoleSummary far more than it seems to.
    High,
    /// RoleSummary everything, or gives to everybody.
    Critical,
}

impl Severity {
    /// All, from the least.
    pub const ALL: [Self; 5] = [
        Self::Info,
        Self::Low,
        Self::Medium,
        Self::High,
        Self::Critical,
    ];

    /// Returns its name, in lower case.
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

    /// Finds it by its name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == name)
    }

    /// Returns the one below; `Low` stays what it is, and so does `Info`.
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
