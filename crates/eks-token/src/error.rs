//! What can be wrong with a token, one variant for each fact.

use thiserror::Error as ThisError;

/// A fact that makes a text no token, or a URL one that no token is made of.
///
/// The messages are for the people who write and debug token producers. A server that refuses a
/// caller answers `401` and nothing else, and keeps the value for its log: it quotes nothing of the
/// token.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, ThisError)]
#[non_exhaustive]
pub enum Error {
    /// The text after the prefix holds a character that is in neither base64 alphabet.
    #[error("the token holds a character that is not base64")]
    Character,
    /// The prefix stands there twice: an encoded token was given to an encoder again.
    #[error("the token has its prefix twice; add it once")]
    DoubledPrefix,
    /// There is nothing to encode, or nothing after the prefix.
    #[error("the token has nothing but a prefix")]
    Empty,
    /// The length is one that no base64 text has.
    #[error("base64 without padding never has this length; the token was cut short or added to")]
    Length,
    /// The URL holds something outside ASCII, which no URL does.
    #[error("the URL in the token is not ASCII; percent-encode its parameters")]
    NotAscii,
    /// The text does not start with [`PREFIX`](crate::PREFIX).
    #[error("the token does not start with `k8s-aws-v1.`")]
    NotAToken,
    /// A `k8s-aws-v…` token of a version other than the one that exists.
    #[error("the token is of another version; the only one is `k8s-aws-v1.`")]
    OtherVersion,
    /// The text is padded with `=`.
    #[error("the base64 of the token is padded; strip the `=` from its end")]
    Padding,
    /// The text decodes to `https%3A…`: the URL as a whole was percent-encoded before it was encoded.
    #[error(
        "the URL in the token is percent-encoded as a whole; encode the URL as it was presigned, once"
    )]
    PercentEncodedUrl,
    /// The prefix is there, but not in lower case.
    #[error("the prefix of the token is not in lower case; it is `k8s-aws-v1.` to the letter")]
    PrefixCase,
    /// The text is encoded with `+` and `/`.
    #[error(
        "the token is in the standard base64 alphabet; use the URL-safe one, `-` for `+` and `_` for `/`"
    )]
    StandardAlphabet,
    /// Longer than [`MAX_TOKEN_LEN`](crate::MAX_TOKEN_LEN), or than the limit that was asked for.
    #[error("the token is longer than the limit (4096 bytes unless set otherwise)")]
    TooLong,
    /// Bits of the last character are set that belong to no byte: a second spelling of a token.
    #[error(
        "the last character of the token has bits left over; the token was cut short or altered"
    )]
    TrailingBits,
    /// The text is the presigned URL itself.
    #[error("this is the presigned URL and not yet a token; encode it")]
    Unencoded,
    /// White space before, in or after the token, a line break included.
    #[error(
        "the token holds white space or a line break; strip it, and encode without wrapping lines"
    )]
    Whitespace,
}

impl Error {
    /// Names the fact in kebab-case, for logs and for programs: stable across releases.
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
