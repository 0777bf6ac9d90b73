//! Account ids.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;

/// An AWS account id: exactly twelve ASCII digits, leading zeros kept.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct AccountId {
    // INVARIANT: ASCII digits. An array is `Copy`.
    digits: [u8; DIGITS],
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
        match <[u8; DIGITS]>::try_from(text.as_bytes()) {
            Ok(digits) if digits.iter().all(u8::is_ascii_digit) => Ok(Self { digits }),
            _ => Err(Error::AccountId),
        }
    }

    /// Returns the twelve digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // by INVARIANT on digits
        str::from_utf8(&self.digits).unwrap_or_default()
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
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
