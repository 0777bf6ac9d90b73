//! Label selectors as they are written in a URL: `app=web,tier in (front, back),!legacy`.
//!
//! As upstream: apimachinery, `pkg/labels/selector.go`.

use std::collections::BTreeSet;
use std::fmt::{self, Display, Formatter};

use crate::admission::names;
use crate::admission::release::{Commas, Release};
use crate::aggregation::selector::{Operator, faults};
use crate::go_text::quote::{Message, Quoted, aggregate};
use crate::version::KubernetesVersion;

/// The requirement that a selector makes of one label.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct LabelRequirement {
    /// The label.
    pub key: String,
    /// The operator.
    pub operator: Operator,
    /// The operator's values, sorted, without repeats.
    pub values: Vec<String>,
}

impl LabelRequirement {
    /// Parses a selector as the newest kube-apiserver does. The requirements are sorted by label.
    ///
    /// # Errors
    ///
    /// For the first error: [`LabelSelectorError::Unexpected`],
    /// [`LabelSelectorError::UnexpectedInRequirement`], [`LabelSelectorError::Key`],
    /// [`LabelSelectorError::Requirement`].
    pub fn parse(selector: &str) -> Result<Vec<Self>, LabelSelectorError<'_>> {
        Self::parse_in(KubernetesVersion::NEWEST, selector)
    }

    /// Parses a selector as a kube-apiserver of this version does: up to 1.34, a list of values may
    /// not end with two commas.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    pub fn parse_in(
        version: KubernetesVersion,
        selector: &str,
    ) -> Result<Vec<Self>, LabelSelectorError<'_>> {
        let mut parser = Parser {
            commas: Release::of(version).commas,
            tokens: Tokens { rest: selector },
            next: None,
        };
        let mut requirements = parser.requirements()?;
        requirements.sort_by(|one, other| one.key.cmp(&other.key));
        Ok(requirements)
    }
}

/// Why a text is not a label selector. Prints as the newest kube-apiserver's error, with
/// unprintable characters escaped; [`message_in`](Self::message_in) is exact.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum LabelSelectorError<'s> {
    /// An invalid label.
    Key(&'s str),
    /// A requirement that no label can meet: a value is invalid or is not a number.
    Requirement {
        /// The label.
        key: &'s str,
        /// The operator.
        operator: Operator,
        /// The values.
        values: Vec<&'s str>,
    },
    /// Something else was expected between requirements.
    Unexpected {
        /// The text found; empty at the end.
        found: &'s str,
        /// The expected text.
        expected: &'static str,
    },
    /// Something else was expected within a requirement.
    UnexpectedInRequirement {
        /// The text found; empty at the end.
        found: &'s str,
        /// The expected text.
        expected: &'static str,
    },
}

impl LabelSelectorError<'_> {
    /// Returns the error of a kube-apiserver of this version. It may contain unchanged parts of the
    /// selector, including control characters.
    #[must_use]
    pub fn message_in(&self, version: KubernetesVersion) -> String {
        let release = Release::of(version);
        let why = match self {
            Self::Key(key) => {
                let why = names::label_key(key, &release.labels).join("; ");
                format!("<nil>: Invalid value: {}: {why}", Quoted(key))
            }
            Self::Requirement {
                key,
                operator,
                values,
            } => aggregate(faults(key, *operator, values, release)),
            Self::Unexpected { found, expected }
            | Self::UnexpectedInRequirement { found, expected } => {
                // Upstream's message lacks a comma here.
                let comma = if *expected == "'('" { "" } else { "," };
                format!("found '{found}'{comma} expected: {expected}")
            }
        };
        match self {
            Self::Unexpected { .. } => why,
            _ => format!("unable to parse requirement: {why}"),
        }
    }
}

impl LabelSelectorError<'_> {
    /// Returns a short, stable name of the error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Key(_) => "invalid-label",
            Self::Requirement { .. } => "invalid-requirement",
            Self::Unexpected { .. } | Self::UnexpectedInRequirement { .. } => "unexpected-token",
        }
    }
}

impl Display for LabelSelectorError<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Message(&self.message_in(KubernetesVersion::NEWEST)).fmt(f)
    }
}

impl std::error::Error for LabelSelectorError<'_> {}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Token<'s> {
    Close,
    Comma,
    End,
    Name(&'s str),
    Not,
    Open,
    Operator(Operator),
}

impl<'s> Token<'s> {
    const fn text(self) -> &'s str {
        match self {
            Self::Close => ")",
            Self::Comma => ",",
            Self::End => "",
            Self::Name(name) => name,
            Self::Not => "!",
            Self::Open => "(",
            Self::Operator(Operator::GreaterThan) => ">",
            Self::Operator(Operator::LessThan) => "<",
            Self::Operator(operator) => operator.as_str(),
        }
    }

    /// Reads the words `in` and `notin` as names. They are operators only in the operator's place.
    const fn as_name(self) -> Self {
        match self {
            Self::Operator(operator @ (Operator::In | Operator::NotIn)) => {
                Self::Name(operator.as_str())
            }
            other => other,
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Tokens<'s> {
    rest: &'s str,
}

impl<'s> Tokens<'s> {
    // The delimiters are ASCII, so no cut falls within a character.
    fn next(&mut self) -> Token<'s> {
        const SYMBOLS: [(&str, Token<'static>); 9] = [
            ("==", Token::Operator(Operator::DoubleEquals)),
            ("!=", Token::Operator(Operator::NotEquals)),
            ("=", Token::Operator(Operator::Equals)),
            ("!", Token::Not),
            (">", Token::Operator(Operator::GreaterThan)),
            ("<", Token::Operator(Operator::LessThan)),
            ("(", Token::Open),
            (")", Token::Close),
            (",", Token::Comma),
        ];
        self.rest = self.rest.trim_start_matches(is_space);
        // As upstream: the lexer takes a NUL for the end.
        if self.rest.is_empty() || self.rest.starts_with('\0') {
            return Token::End;
        }
        for (text, token) in SYMBOLS {
            if let Some(rest) = self.rest.strip_prefix(text) {
                self.rest = without_zero(rest);
                return token;
            }
        }
        let ends =
            |c: char| is_space(c) || matches!(c, '=' | '!' | '(' | ')' | ',' | '>' | '<' | '\0');
        let end = self.rest.find(ends).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        self.rest = without_zero(rest);
        match name {
            "in" => Token::Operator(Operator::In),
            "notin" => Token::Operator(Operator::NotIn),
            _ => Token::Name(name),
        }
    }
}

// As upstream: a NUL that ends a word or a symbol is consumed with it.
fn without_zero(text: &str) -> &str {
    text.strip_prefix('\0').unwrap_or(text)
}

const fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

struct Parser<'s> {
    commas: Commas,
    tokens: Tokens<'s>,
    next: Option<Token<'s>>,
}

impl<'s> Parser<'s> {
    fn peek(&mut self) -> Token<'s> {
        match self.next {
            Some(token) => token.as_name(),
            None => {
                let token = self.tokens.next();
                self.next = Some(token);
                token.as_name()
            }
        }
    }

    fn take(&mut self) -> Token<'s> {
        self.take_operator().as_name()
    }

    fn take_operator(&mut self) -> Token<'s> {
        self.next.take().unwrap_or_else(|| self.tokens.next())
    }

    fn requirements(&mut self) -> Result<Vec<LabelRequirement>, LabelSelectorError<'s>> {
        let unexpected = |token: Token<'s>, expected| {
            Err(LabelSelectorError::Unexpected {
                found: token.text(),
                expected,
            })
        };
        let mut requirements = Vec::new();
        loop {
            match self.peek() {
                Token::Name(_) | Token::Not => requirements.push(self.requirement()?),
                Token::End => return Ok(requirements),
                other => return unexpected(other, "!, identifier, or 'end of string'"),
            }
            match self.take() {
                Token::End => return Ok(requirements),
                Token::Comma => match self.peek() {
                    Token::Name(_) | Token::Not => {}
                    other => return unexpected(other, "identifier after ','"),
                },
                other => return unexpected(other, "',' or 'end of string'"),
            }
        }
    }

    fn requirement(&mut self) -> Result<LabelRequirement, LabelSelectorError<'s>> {
        let mut token = self.take();
        let is_denied = token == Token::Not;
        if is_denied {
            token = self.take();
        }
        let Token::Name(key) = token else {
            return unexpected(token, "identifier");
        };
        if !names::label_key(key, &Release::NEWEST.labels).is_empty() {
            return Err(LabelSelectorError::Key(key));
        }
        if is_denied {
            return requirement(key, Operator::DoesNotExist, BTreeSet::new());
        }
        if matches!(self.peek(), Token::End | Token::Comma) {
            return requirement(key, Operator::Exists, BTreeSet::new());
        }
        let operator = match self.take_operator() {
            Token::Operator(operator) => operator,
            other => return unexpected(other, "in, notin, =, ==, !=, gt, lt"),
        };
        let values = match operator {
            Operator::In | Operator::NotIn => self.values()?,
            _ => BTreeSet::from([self.value()?]),
        };
        requirement(key, operator, values)
    }

    fn value(&mut self) -> Result<&'s str, LabelSelectorError<'s>> {
        if matches!(self.peek(), Token::End | Token::Comma) {
            return Ok("");
        }
        match self.take() {
            Token::Name(value) => Ok(value),
            other => unexpected(other, "identifier"),
        }
    }

    // Nothing between two commas, or between a comma and a parenthesis, is the empty value.
    fn values(&mut self) -> Result<BTreeSet<&'s str>, LabelSelectorError<'s>> {
        match self.take() {
            Token::Open => {}
            other => return unexpected(other, "'('"),
        }
        let mut values = BTreeSet::new();
        match self.peek() {
            Token::Name(_) | Token::Comma => {}
            Token::Close => {
                self.take();
                return Ok(BTreeSet::from([""]));
            }
            other => return unexpected(other, "',', ')' or identifier"),
        }
        loop {
            match self.take() {
                Token::Name(value) => {
                    values.insert(value);
                    match self.peek() {
                        Token::Comma => {}
                        Token::Close => break,
                        other => return unexpected(other, "',' or ')'"),
                    }
                }
                Token::Comma => {
                    if values.is_empty() {
                        values.insert("");
                    }
                    match self.peek() {
                        Token::Close => {
                            values.insert("");
                            break;
                        }
                        Token::Comma => {
                            if self.commas == Commas::Paired {
                                self.take();
                            }
                            values.insert("");
                        }
                        _ => {}
                    }
                }
                other => return unexpected(other, "',', or identifier"),
            }
        }
        match self.take() {
            Token::Close => Ok(values),
            other => unexpected(other, "')'"),
        }
    }
}

fn unexpected<'s, T>(
    token: Token<'s>,
    expected: &'static str,
) -> Result<T, LabelSelectorError<'s>> {
    Err(LabelSelectorError::UnexpectedInRequirement {
        found: token.text(),
        expected,
    })
}

fn requirement<'s>(
    key: &'s str,
    operator: Operator,
    values: BTreeSet<&'s str>,
) -> Result<LabelRequirement, LabelSelectorError<'s>> {
    let values: Vec<&str> = values.into_iter().collect();
    if !faults(key, operator, &values, Release::NEWEST).is_empty() {
        return Err(LabelSelectorError::Requirement {
            key,
            operator,
            values,
        });
    }
    Ok(LabelRequirement {
        key: key.to_owned(),
        operator,
        values: values.into_iter().map(str::to_owned).collect(),
    })
}
