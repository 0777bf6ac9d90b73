//! Why a text is left as it is.

use thiserror::Error as ThisError;

/// Why a text is left as it is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, ThisError)]
#[non_exhaustive]
pub enum EditError {
    /// A section stands there twice, or there is more than one ConfigMap with sections.
    #[error("more than one section or ConfigMap that this could be about; leave one only")]
    Ambiguous,
    /// The text would not say what was meant, or would say something else besides. Nothing of it was
    /// kept.
    #[error(
        "the entry cannot be changed without changing others, or would not be read as it is meant"
    )]
    Entangled,
    /// The section is a list in brackets.
    #[error("the section is a list in brackets; write one entry to a line, after `- `")]
    FlowStyle,
    /// There is no entry of this index in the section.
    #[error("there is no such entry")]
    NoSuchEntry,
    /// An object of another kind, or nothing.
    #[error("not the ConfigMap, nor its data")]
    NotAConfigMap,
    /// The rule is one that this section cannot have: one by user id, one with access policies, a
    /// permission set among users, or an account.
    #[error("the ConfigMap has no entries of this kind in this section")]
    Rule,
    /// The section's text is written in a way in which its lines cannot be found: folded, in single
    /// quotes, in several lines of double quotes, or behind an anchor or an alias.
    #[error("the section's text is written in a way that is not changed here; write it after `|`")]
    ScalarStyle,
    /// Not YAML.
    #[error("the text is not YAML")]
    Unreadable,
}

impl EditError {
    /// Returns a stable name for it, in kebab case.
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
