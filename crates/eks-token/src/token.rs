//! The token: a prefix, and a URL in base64.

use std::fmt;

use zeroize::{Zeroize as _, Zeroizing};

use crate::encoding;
use crate::error::Error;

/// What every token starts with, to the letter.
///
/// As upstream: `v1Prefix`, aws-iam-authenticator `pkg/token/token.go`.
pub const PREFIX: &str = "k8s-aws-v1.";

/// How long a token may be, in bytes, its prefix included, unless the caller sets another limit.
///
/// As upstream: `maxTokenLenBytes`, aws-iam-authenticator `pkg/token/token.go`. Tokens of temporary
/// credentials grow with the session token; where those are long, raise the limit on both sides.
pub const MAX_TOKEN_LEN: usize = 4096;

/// A text that has a token's length and prefix.
///
/// It is a bearer secret for 15 minutes: `Debug` shows nothing of it, [`Token::expose`] reads it, a
/// token made here is overwritten when dropped, and there is no `==`.
pub struct Token<'a>(Text<'a>);

/// Never seen outside, so that nobody can put an unchecked text in.
enum Text<'a> {
    Borrowed(&'a str),
    Owned(Zeroizing<String>),
}

impl<'a> Token<'a> {
    /// Takes a text for a token, at most [`MAX_TOKEN_LEN`] bytes long.
    ///
    /// # Errors
    ///
    /// In this order: [`Error::TooLong`]; then, when the prefix is not there,
    /// [`Error::Whitespace`], [`Error::PrefixCase`], [`Error::OtherVersion`], [`Error::Unencoded`] or,
    /// when the text resembles none of these, [`Error::NotAToken`]; then [`Error::DoubledPrefix`] and
    /// [`Error::Empty`].
    pub fn parse(text: &'a str) -> Result<Self, Error> {
        Self::parse_with_limit(text, MAX_TOKEN_LEN)
    }

    /// Takes a text for a token, at most `max_len` bytes long.
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

    /// Decodes the URL. There is one token for each URL: what decodes here, encodes to the same text.
    ///
    /// That the text is a URL, whose it is and how long it lasts is for `sts-presign` to judge.
    ///
    /// # Errors
    ///
    /// In this order: for the first character that is not of the URL-safe alphabet
    /// [`Error::Padding`], [`Error::StandardAlphabet`], [`Error::Whitespace`] or
    /// [`Error::Character`]; [`Error::Length`] and [`Error::TrailingBits`] for text that no encoder
    /// writes; then, for what it decodes to, [`Error::NotAscii`] and [`Error::PercentEncodedUrl`].
    pub fn decode(&self) -> Result<UrlText, Error> {
        // Every way to make a Token has seen the prefix.
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
    /// Makes a token of a URL, at most [`MAX_TOKEN_LEN`] bytes long.
    ///
    /// # Errors
    ///
    /// What would not decode again, in this order: [`Error::Empty`], [`Error::TooLong`] (of the
    /// token, which is a third longer than the URL), [`Error::NotAscii`],
    /// [`Error::PercentEncodedUrl`].
    pub fn encode(url: &str) -> Result<Self, Error> {
        Self::encode_with_limit(url, MAX_TOKEN_LEN)
    }

    /// Makes a token of a URL, at most `max_len` bytes long.
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
        // The whole length at once: a buffer that grew would leave copies of the secret behind.
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

/// The text of the URL in a token: ASCII, nothing else is known of it.
///
/// As secret as the token, and overwritten when dropped.
pub struct UrlText(String);

impl Drop for UrlText {
    /// Overwrites the text alone. [`Zeroizing`] overwrites the capacity as well, once more, and nothing
    /// was ever written behind the text.
    fn drop(&mut self) {
        self.0.as_mut_str().zeroize();
    }
}

impl UrlText {
    /// Reveals the URL, to judge it.
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

/// Says what somebody who meant to send a token has sent.
fn explain_prefix(text: &str) -> Error {
    let starts_with = |prefix: &str| {
        text.get(..prefix.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    if text.starts_with(char::is_whitespace) {
        Error::Whitespace
    } else if starts_with(PREFIX) {
        Error::PrefixCase
    } else if starts_with("k8s-aws-v") && !starts_with("k8s-aws-v1") {
        Error::OtherVersion
    } else if starts_with("https:") {
        Error::Unencoded
    } else {
        Error::NotAToken
    }
}

/// Tells a URL that was percent-encoded as a whole (as in kubernetes-client/java issue 4779).
fn is_percent_encoded(url: &str) -> bool {
    url.get(.."https%3a".len())
        .is_some_and(|start| start.eq_ignore_ascii_case("https%3a"))
}
