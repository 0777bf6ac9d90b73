//! The token: a prefix and a base64-encoded URL.

use std::fmt;

use zeroize::{Zeroize as _, Zeroizing};

use crate::encoding;
use crate::error::Error;

/// The exact prefix of every token.
///
/// As upstream: `v1Prefix`, aws-iam-authenticator `pkg/token/token.go`.
pub const PREFIX: &str = "k8s-aws-v1.";

/// The default limit on the length of a token in bytes, prefix included.
///
/// As upstream: `maxTokenLenBytes`, aws-iam-authenticator `pkg/token/token.go`. A token grows with the
/// session token of temporary credentials. If those are long, raise the limit on both sides.
pub const MAX_TOKEN_LEN: usize = 4096;

/// A text with the length and prefix of a token.
///
/// A token is a bearer secret for 15 minutes: `Debug` is redacted, [`Token::expose`] reveals the text, an
/// encoded token is overwritten when dropped, and there is no `==`.
pub struct Token<'a>(Text<'a>);

/// Private, so that no unchecked text gets in.
enum Text<'a> {
    Borrowed(&'a str),
    Owned(Zeroizing<String>),
}

impl<'a> Token<'a> {
    /// Parses a token of at most [`MAX_TOKEN_LEN`] bytes.
    ///
    /// # Errors
    ///
    /// In this order: [`Error::TooLong`]; without the prefix [`Error::Whitespace`],
    /// [`Error::PrefixCase`], [`Error::OtherVersion`], [`Error::Unencoded`] or, for any other text,
    /// [`Error::NotAToken`]; then [`Error::DoubledPrefix`] and [`Error::Empty`].
    pub fn parse(text: &'a str) -> Result<Self, Error> {
        Self::parse_with_limit(text, MAX_TOKEN_LEN)
    }

    /// Parses a token of at most `max_len` bytes.
    ///
    /// # Errors
    ///
    /// As [`Token::parse`].
    pub fn parse_with_limit(text: &'a str, max_len: usize) -> Result<Self, Error> {
        if text.len() > max_len {
            return Err(Error::TooLong);
        }
        let encoded = text
            .strip_prefix(PREFIX)
            .ok_or_else(|| explain_prefix(text))?;
        if encoded.starts_with(PREFIX) {
            return Err(Error::DoubledPrefix);
        }
        if encoded.is_empty() {
            return Err(Error::Empty);
        }
        Ok(Self(Text::Borrowed(text)))
    }

    /// Decodes the URL. Each URL has exactly one token: encoding the result gives the same token.
    ///
    /// The result is ASCII text. `sts-presign` decides whether it is an acceptable URL.
    ///
    /// # Errors
    ///
    /// In this order: for the first character outside the URL-safe alphabet [`Error::Padding`],
    /// [`Error::StandardAlphabet`], [`Error::Whitespace`] or [`Error::Character`]; for text that no
    /// encoder writes [`Error::Length`] and [`Error::TrailingBits`]; for the decoded bytes
    /// [`Error::NotAscii`] and [`Error::PercentEncodedUrl`].
    pub fn decode(&self) -> Result<UrlText, Error> {
        // by construction: every Token has the prefix
        let encoded = self.expose().strip_prefix(PREFIX).ok_or(Error::NotAToken)?;
        let mut bytes = encoding::decode(encoded)?;
        if !bytes.is_ascii() {
            return Err(Error::NotAscii);
        }
        let url = String::from_utf8(std::mem::take(&mut *bytes)).map_err(|_| Error::NotAscii)?;
        let url = UrlText(url);
        if is_percent_encoded(url.expose()) {
            return Err(Error::PercentEncodedUrl);
        }
        Ok(url)
    }

    /// Reveals the token, to send it.
    #[must_use]
    pub fn expose(&self) -> &str {
        match &self.0 {
            Text::Borrowed(text) => text,
            Text::Owned(text) => text,
        }
    }
}

impl Token<'static> {
    /// Encodes a URL into a token of at most [`MAX_TOKEN_LEN`] bytes.
    ///
    /// # Errors
    ///
    /// A URL whose token would not decode is refused, in this order: [`Error::Empty`],
    /// [`Error::TooLong`] (for the token, which is a third longer than the URL), [`Error::NotAscii`],
    /// [`Error::PercentEncodedUrl`].
    pub fn encode(url: &str) -> Result<Self, Error> {
        Self::encode_with_limit(url, MAX_TOKEN_LEN)
    }

    /// Encodes a URL into a token of at most `max_len` bytes.
    ///
    /// # Errors
    ///
    /// As [`Token::encode`].
    pub fn encode_with_limit(url: &str, max_len: usize) -> Result<Self, Error> {
        if url.is_empty() {
            return Err(Error::Empty);
        }
        let len = encoding::encoded_len(url.len())
            .and_then(|encoded| encoded.checked_add(PREFIX.len()))
            .filter(|len| *len <= max_len)
            .ok_or(Error::TooLong)?;
        if !url.is_ascii() {
            return Err(Error::NotAscii);
        }
        if is_percent_encoded(url) {
            return Err(Error::PercentEncodedUrl);
        }
        // Allocated once: a growing buffer would leave copies of the secret behind.
        let mut text = Zeroizing::new(String::with_capacity(len));
        text.push_str(PREFIX);
        encoding::append(url.as_bytes(), &mut text);
        Ok(Self(Text::Owned(text)))
    }
}

impl fmt::Debug for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token([redacted])")
    }
}

/// The decoded text of a token: ASCII, and not checked any further.
///
/// It is as secret as the token, and overwritten when dropped.
pub struct UrlText(String);

impl Drop for UrlText {
    /// Overwrites the text. [`Zeroizing`] would overwrite the whole capacity once more, but nothing is
    /// ever written behind the text.
    fn drop(&mut self) {
        self.0.as_mut_str().zeroize();
    }
}

impl UrlText {
    /// Reveals the URL, to parse it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for UrlText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UrlText([redacted])")
    }
}

/// Names the likely mistake behind a text without the prefix.
fn explain_prefix(text: &str) -> Error {
    let starts_with = |prefix: &str| {
        text.get(..prefix.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    if text.starts_with(char::is_whitespace) {
        Error::Whitespace
    } else if starts_with(PREFIX) {
        Error::PrefixCase
    } else if starts_with("k8s-aws-v") && !is_version_one(text) {
        Error::OtherVersion
    } else if starts_with("https:") {
        Error::Unencoded
    } else {
        Error::NotAToken
    }
}

/// Returns whether the version of a text that starts with `k8s-aws-v` is 1. The version is the whole number after the
/// `v`, so `k8s-aws-v10.` has another version.
fn is_version_one(text: &str) -> bool {
    let rest = text.get("k8s-aws-v".len()..).unwrap_or_default();
    rest.strip_prefix('1')
        .is_some_and(|after| !after.starts_with(|c: char| c.is_ascii_digit()))
}

/// Returns whether the URL was percent-encoded as a whole (as in kubernetes-client/java issue 4779).
fn is_percent_encoded(url: &str) -> bool {
    url.get(.."https%3a".len())
        .is_some_and(|start| start.eq_ignore_ascii_case("https%3a"))
}
