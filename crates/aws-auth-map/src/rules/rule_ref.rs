//! References to rules, and their positions in the source text.

use std::fmt;

use super::section::Section;

/// A reference to a rule. Prints as `mapRoles[3]`.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RuleRef {
    section: Section,
    index: usize,
}

impl RuleRef {
    /// Refers to the rule at `index` of a section, counted from zero.
    #[must_use]
    pub const fn new(section: Section, index: usize) -> Self {
        Self { section, index }
    }

    /// Returns the section.
    #[must_use]
    pub const fn section(self) -> Section {
        self.section
    }

    /// Returns the index in the section as written, counted from zero.
    #[must_use]
    pub const fn index(self) -> usize {
        self.index
    }
}

impl fmt::Display for RuleRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.section, self.index)
    }
}

/// Two rules for the same principal, and which of them takes effect.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "one of two rules takes effect")]
pub enum Overlap {
    /// The new rule takes effect and replaces the earlier one.
    Replaces(RuleRef),
    /// The earlier rule takes effect, and the new one never does.
    ShadowedBy(RuleRef),
}

impl Overlap {
    /// Returns the earlier rule.
    #[must_use]
    pub const fn earlier(self) -> RuleRef {
        match self {
            Self::Replaces(rule) | Self::ShadowedBy(rule) => rule,
        }
    }
}

/// A position in the source text, if it is known.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Place {
    // Zero stands for "not known", which keeps a rule small.
    line: u32,
    column: u32,
}

impl Place {
    #[cfg(feature = "yaml")]
    pub(crate) fn new(line: Option<usize>, column: Option<usize>) -> Self {
        let small = |number: Option<usize>| number.and_then(|n| n.try_into().ok()).unwrap_or(0);
        Self {
            line: small(line),
            column: small(column),
        }
    }

    /// Returns the line, counted from one.
    #[must_use]
    pub fn line(self) -> Option<usize> {
        known(self.line)
    }

    /// Returns the column in characters, counted from one.
    #[must_use]
    pub fn column(self) -> Option<usize> {
        known(self.column)
    }
}

fn known(number: u32) -> Option<usize> {
    usize::try_from(number).ok().filter(|number| *number > 0)
}
