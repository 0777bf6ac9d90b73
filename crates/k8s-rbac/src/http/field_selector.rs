//! Field selectors as they are written in a URL: `metadata.name=web,status.phase!=Running`.
//!
//! As upstream: apimachinery, `pkg/fields/selector.go`.

use std::fmt::{self, Display, Formatter};

use crate::go_text::quote::Message;

/// The requirement that a selector makes of one field.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct FieldRequirement {
    /// The field.
    pub field: String,
    /// Whether the field must have the value or must not have it.
    pub operator: FieldOperator,
    /// The value.
    pub value: String,
}

impl FieldRequirement {
    pub(crate) fn new(field: &str, operator: FieldOperator, value: String) -> Self {
        Self {
            field: field.to_owned(),
            operator,
            value,
        }
    }

    /// Parses a selector. The requirements are sorted by the text of their terms.
    ///
    /// # Errors
    ///
    /// For the first invalid term in that order: [`FieldSelectorError::Term`],
    /// [`FieldSelectorError::Escape`], [`FieldSelectorError::Unescaped`].
    pub fn parse(selector: &str) -> Result<Vec<Self>, FieldSelectorError<'_>> {
        let mut terms = split(selector);
        terms.sort_unstable();
        let mut requirements = Vec::new();
        for term in terms.into_iter().filter(|term| !term.is_empty()) {
            let Some((field, operator, value)) = operator_of(term) else {
                return Err(FieldSelectorError::Term { selector, term });
            };
            let value = unescape(value)?;
            // As upstream: a term without field and value is skipped.
            if !field.is_empty() || !value.is_empty() {
                requirements.push(Self::new(field, operator, value));
            }
        }
        Ok(requirements)
    }
}

/// The operators of field selectors.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "the API has these two")]
pub enum FieldOperator {
    /// The field has the value.
    Equals,
    /// The field has another value.
    NotEquals,
}

impl FieldOperator {
    /// Returns the operator as written in a selector.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Equals => "=",
            Self::NotEquals => "!=",
        }
    }
}

/// Why a text is not a field selector. Prints as apimachinery's error, with unprintable characters
/// escaped; [`message`](Self::message) is exact.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum FieldSelectorError<'s> {
    /// A backslash is followed by nothing, or by a character that needs no escape.
    Escape(Option<char>),
    /// A term has no operator.
    Term {
        /// The whole selector.
        selector: &'s str,
        /// The term.
        term: &'s str,
    },
    /// A value contains a character that needs a backslash.
    Unescaped(char),
}

impl FieldSelectorError<'_> {
    /// Returns a short, stable name of the error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Escape(_) => "invalid-escape",
            Self::Term { .. } => "invalid-term",
            Self::Unescaped(_) => "unescaped-character",
        }
    }

    /// Returns apimachinery's error. It may contain unchanged parts of the selector, including control
    /// characters.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::Term { selector, term } => {
                format!("invalid selector: '{selector}'; can't understand '{term}'")
            }
            Self::Escape(c) => {
                let c = c.map(String::from).unwrap_or_default();
                format!("invalid field selector: invalid escape sequence: \\{c}")
            }
            // Upstream prints the character as a number.
            Self::Unescaped(c) => format!(
                "invalid field selector: unescaped character in value: {}",
                u32::from(*c)
            ),
        }
    }
}

impl Display for FieldSelectorError<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Message(&self.message()).fmt(f)
    }
}

impl std::error::Error for FieldSelectorError<'_> {}

/// Splits at commas that are not escaped by a backslash.
fn split(selector: &str) -> Vec<&str> {
    let mut is_escaped = false;
    selector
        .split(|c| {
            let is_end = c == ',' && !is_escaped;
            is_escaped = c == '\\' && !is_escaped;
            is_end
        })
        .collect()
}

fn operator_of(term: &str) -> Option<(&str, FieldOperator, &str)> {
    const OPERATORS: [(&str, FieldOperator); 3] = [
        ("!=", FieldOperator::NotEquals),
        ("==", FieldOperator::Equals),
        ("=", FieldOperator::Equals),
    ];
    term.char_indices().find_map(|(at, _)| {
        let (field, rest) = term.split_at_checked(at)?;
        OPERATORS
            .iter()
            .find_map(|&(text, operator)| Some((field, operator, rest.strip_prefix(text)?)))
    })
}

fn unescape<'s>(value: &str) -> Result<String, FieldSelectorError<'s>> {
    let mut text = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        text.push(match c {
            '\\' => match chars.next() {
                Some(c @ ('\\' | ',' | '=')) => c,
                other => return Err(FieldSelectorError::Escape(other)),
            },
            ',' | '=' => return Err(FieldSelectorError::Unescaped(c)),
            _ => c,
        });
    }
    Ok(text)
}
