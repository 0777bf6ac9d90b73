//! Why an edit is refused.

use thiserror::Error as ThisError;

/// Why an edit is refused. The text is not changed.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, ThisError)]
#[non_exhaustive]
pub enum EditError {
    /// A section appears twice, or several `ConfigMap`s have sections.
    #[error("more than one section or ConfigMap matches; keep only one")]
    Ambiguous,
    /// The edited text would not contain the requested change, or would contain other changes.
    #[error("the entry cannot be edited without changing others, or would be read differently")]
    Entangled,
    /// The section is a list in brackets.
    #[error("the section is a list in brackets; write one entry to a line, after `- `")]
    FlowStyle,
    /// The section has no entry with this index.
    #[error("no such entry")]
    NoSuchEntry,
    /// The text is empty or an object of another kind.
    #[error("not the ConfigMap or its data")]
    NotAConfigMap,
    /// The section cannot contain this rule: it is for a user id, has access policies, refuses callers,
    /// or is for a permission set in `mapUsers`.
    #[error("this section of the ConfigMap cannot contain such an entry")]
    Rule,
    /// The lines of the section cannot be located: it is a folded scalar, in single quotes, in double
    /// quotes over several lines, or has an anchor or an alias.
    #[error("the section is written in a style that cannot be edited; write it after `|`")]
    ScalarStyle,
    /// The text is not valid YAML.
    #[error("the text is not valid YAML")]
    Unreadable,
}

impl EditError {
    /// Returns a stable code in kebab case.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Ambiguous => "ambiguous",
            Self::Entangled => "entangled",
            Self::FlowStyle => "flow-style",
            Self::NoSuchEntry => "no-such-entry",
            Self::NotAConfigMap => "not-a-config-map",
            Self::Rule => "rule",
            Self::ScalarStyle => "scalar-style",
            Self::Unreadable => "unreadable",
        }
    }
}
