//! Access key ids.

use std::fmt;

use crate::error::Error;

/// The longest access key id (IAM API reference, `accessKeyIdType`).
const MAX_LEN: usize = 128;

/// The public half of an access key: 1 to 128 ASCII letters, digits and `_`.
///
/// ```
/// use iam_principal::{AccessKeyId, Error};
///
/// assert_eq!(AccessKeyId::parse("ASIAEXAMPLE")?.as_str(), "ASIAEXAMPLE");
/// assert_eq!(AccessKeyId::parse("ASIA/EXAMPLE"), Err(Error::AccessKeyId));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct AccessKeyId<'a> {
    text: &'a str,
}

impl<'a> AccessKeyId<'a> {
    /// Parses an access key id.
    ///
    /// The alphabet is `\w` of IAM's `accessKeyIdType`. Its minimum length of 16 is not enforced,
    /// because the keys of test doubles are shorter.
    ///
    /// # Errors
    ///
    /// [`Error::AccessKeyId`] unless `text` is 1 to 128 ASCII letters, digits and `_`.
    pub fn parse(text: &'a str) -> Result<Self, Error> {
        let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        if (1..=MAX_LEN).contains(&text.len()) && text.bytes().all(is_word) {
            Ok(Self { text })
        } else {
            Err(Error::AccessKeyId)
        }
    }

    /// Returns the id as text.
    #[must_use]
    pub const fn as_str(self) -> &'a str {
        self.text
    }

    /// Returns whether the id has the prefix of temporary credentials, `ASIA` (IAM User Guide, "IAM
    /// identifiers", unique id prefixes). Such a key is valid only together with its session token.
    #[must_use]
    pub fn is_temporary(self) -> bool {
        self.text.starts_with("ASIA")
    }
}

impl fmt::Display for AccessKeyId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

impl<'a> TryFrom<&'a str> for AccessKeyId<'a> {
    type Error = Error;

    fn try_from(text: &'a str) -> Result<Self, Error> {
        Self::parse(text)
    }
}
