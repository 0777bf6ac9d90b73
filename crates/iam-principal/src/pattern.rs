//! ARN patterns with IAM's wildcards, `*` and `?`.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Part};

/// A pattern with the semantics of IAM's `ArnLike`: the six parts are compared one by one, `*` matches
/// any run of characters within its part, `?` matches exactly one character. Case matters.
///
/// (IAM User Guide, "IAM JSON policy elements: Condition operators", ARN condition operators.)
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct ArnPattern {
    text: String,
}

impl ArnPattern {
    /// Parses a pattern: six parts, the first of them `arn`. A wildcard matches no colon outside the
    /// resource, so a pattern with fewer parts could never match and is refused.
    ///
    /// # Errors
    ///
    /// In this order: [`Error::TooLong`], [`Error::Character`], [`Error::NotAnArn`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text.len() > crate::arn::MAX_ARN_LEN {
            return Err(Error::TooLong);
        }
        // No ARN has such a character, so the pattern could never match.
        if !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(Error::Character(Part::Arn));
        }
        if text.splitn(6, ':').count() != 6 || !text.starts_with("arn:") {
            return Err(Error::NotAnArn);
        }
        Ok(Self {
            text: text.to_owned(),
        })
    }

    /// Returns the pattern as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns whether the pattern matches `arn`. The time is at most the product of both lengths, part
    /// by part, for any pattern.
    #[must_use]
    pub fn matches(&self, arn: &str) -> bool {
        let mut parts = arn.splitn(6, ':');
        let all = self.text.splitn(6, ':').all(|pattern| match parts.next() {
            Some(part) => part_matches(pattern.as_bytes(), part.as_bytes()),
            None => false,
        });
        all && parts.next().is_none()
    }
}

impl fmt::Display for ArnPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for ArnPattern {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

/// Greedy matching that backtracks to the last star only. Earlier stars need no second try, because
/// the last one can absorb any characters that have to be skipped.
fn part_matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (pattern, text);
    let mut last_star: Option<(&[u8], &[u8])> = None;
    loop {
        match (p.split_first(), t.split_first()) {
            (Some((b'*', rest)), _) => {
                last_star = Some((rest, t));
                p = rest;
            }
            (Some((want, p_rest)), Some((got, t_rest))) if want == got || *want == b'?' => {
                (p, t) = (p_rest, t_rest);
            }
            (None, None) => return true,
            _ => {
                let Some((after_star, from)) = last_star else {
                    return false;
                };
                let Some((_, one_on)) = from.split_first() else {
                    return false;
                };
                last_star = Some((after_star, one_on));
                (p, t) = (after_star, one_on);
            }
        }
    }
}
