//! Why a token or URL is refused, one variant for each mistake.

use thiserror::Error as ThisError;

/// Why a text is not a token, or why a URL is not encoded.
///
/// The messages are for the authors of token producers. A server answers an unauthenticated caller with
/// `401` and nothing else, and logs the value, which quotes no part of the token.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, ThisError)]
#[non_exhaustive]
pub enum Error {
    /// The text after the prefix has a character of neither base64 alphabet.
    #[error("the token has a character that is not base64")]
    Character,
    /// The prefix occurs twice: a token was encoded again.
    #[error("the token has its prefix twice; add it once")]
    DoubledPrefix,
    /// The URL is empty, or nothing follows the prefix.
    #[error("the token is empty after its prefix")]
    Empty,
    /// No base64 text has this length.
    #[error("base64 without padding never has this length; the token was cut short or extended")]
    Length,
    /// The decoded bytes are not ASCII, as every URL is.
    #[error("the URL in the token is not ASCII; percent-encode its parameters")]
    NotAscii,
    /// The text does not start with [`PREFIX`](crate::PREFIX).
    #[error("the token does not start with `k8s-aws-v1.`")]
    NotAToken,
    /// A `k8s-aws-v…` prefix of another version; `k8s-aws-v1.` is the only valid prefix.
    #[error("the token has another version; the only one is `k8s-aws-v1.`")]
    OtherVersion,
    /// The text is padded with `=`.
    #[error("the base64 of the token is padded; strip the `=` from its end")]
    Padding,
    /// The text decodes to `https%3A…`: the whole URL was percent-encoded first.
    #[error(
        "the URL in the token is percent-encoded as a whole; encode the presigned URL as it is"
    )]
    PercentEncodedUrl,
    /// The prefix is not in lower case.
    #[error("the prefix of the token is not in lower case; it is exactly `k8s-aws-v1.`")]
    PrefixCase,
    /// The text is encoded with `+` and `/`.
    #[error(
        "the token is in the standard base64 alphabet; use the URL-safe one, `-` for `+` and `_` for `/`"
    )]
    StandardAlphabet,
    /// Longer than [`MAX_TOKEN_LEN`](crate::MAX_TOKEN_LEN) or the limit that was passed.
    #[error("the token is longer than the limit (4096 bytes unless set otherwise)")]
    TooLong,
    /// The last character has bits set that belong to no byte: a second spelling of the same URL.
    #[error(
        "the last character of the token has unused bits set; the token was cut short or altered"
    )]
    TrailingBits,
    /// The text is the presigned URL itself.
    #[error("this is the presigned URL, not a token; encode it")]
    Unencoded,
    /// White space or a line break before, in or after the token.
    #[error(
        "the token has white space or a line break in it; strip it, and encode without line wrapping"
    )]
    Whitespace,
}

impl Error {
    /// Returns the stable kebab-case code, for logs and programs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Character => "not-base64",
            Self::DoubledPrefix => "doubled-prefix",
            Self::Empty => "empty-token",
            Self::Length => "base64-length",
            Self::NotAscii => "not-ascii",
            Self::NotAToken => "not-a-token",
            Self::OtherVersion => "other-token-version",
            Self::Padding => "base64-padding",
            Self::PercentEncodedUrl => "percent-encoded-url",
            Self::PrefixCase => "prefix-case",
            Self::StandardAlphabet => "standard-base64-alphabet",
            Self::TooLong => "too-long",
            Self::TrailingBits => "base64-trailing-bits",
            Self::Unencoded => "unencoded-url",
            Self::Whitespace => "whitespace",
        }
    }
}
