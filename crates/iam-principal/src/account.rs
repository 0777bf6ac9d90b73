//! Account ids.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;

/// An AWS account id: exactly twelve ASCII digits, leading zeros kept.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct AccountId {
    // INVARIANT: below 10^12. A number is `Copy` and compares in one step.
    number: u64,
}

/// How many digits an account id has (IAM User Guide, "View AWS account identifiers").
const DIGITS: usize = 12;

impl AccountId {
    /// Parses an account id.
    ///
    /// # Errors
    ///
    /// [`Error::AccountId`] unless `text` is twelve ASCII digits.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text.len() != DIGITS || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(Error::AccountId);
        }
        Ok(Self {
            number: text.parse().map_err(|_| Error::AccountId)?,
        })
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:0DIGITS$}", self.number)
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccountId({self})")
    }
}

impl TryFrom<&str> for AccountId {
    type Error = Error;

    fn try_from(text: &str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

impl FromStr for AccountId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text)
    }
}
