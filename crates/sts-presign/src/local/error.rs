//! The refusals of the embedded STS, in STS's words.

use http::StatusCode;
use thiserror::Error as ThisError;

use crate::accept_policy::{DEFAULT_CLOCK_SKEW, MAX_AGE};
use crate::time::UnixTime;

/// Why the embedded STS refuses a request.
///
/// [`word`](Self::word), [`status`](Self::status) and the messages that clients examine are STS's own (STS
/// API reference, "Common errors"). It is `Copy` and quotes only the time of the request.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, ThisError)]
#[non_exhaustive]
pub enum StsError {
    /// Not `GetCallerIdentity` of version `2011-06-15`.
    #[error("This STS has no operation except GetCallerIdentity of version 2011-06-15")]
    Action,
    /// The temporary key has expired.
    #[error("The security token included in the request is expired")]
    ExpiredToken,
    /// An incomplete signature, two signatures, or an algorithm other than AWS4-HMAC-SHA256.
    #[error(
        "The request must have one AWS4-HMAC-SHA256 signature, with its credential, date and \
         signed headers, in the Authorization header or in the query"
    )]
    IncompleteSignature,
    /// The key does not exist, has another session token, or belongs to another partition.
    #[error("The security token included in the request is invalid.")]
    InvalidClientTokenId,
    /// The parameters do not parse, or a parameter occurs twice.
    #[error("The query or the form is malformed, or has a parameter twice")]
    MalformedQuery,
    /// The request is not signed.
    #[error("Request is missing Authentication Token")]
    MissingAuthenticationToken,
    /// Signed too far ahead of the clock.
    #[error(
        "Signature not yet current: {} is still later than {} ({} + {} min.)",
        .signed_at.to_amz_date(), .now.later(DEFAULT_CLOCK_SKEW).to_amz_date(), .now.to_amz_date(),
        DEFAULT_CLOCK_SKEW / 60
    )]
    NotYetCurrent {
        /// The time of the signature.
        signed_at: UnixTime,
        /// The time of the embedded STS.
        now: UnixTime,
    },
    /// The path is not `/`.
    #[error("This STS answers GET and POST requests to the path / only")]
    Path,
    /// The credential scope has another service, date or region.
    #[error("Credential should be scoped to correct service, date and region")]
    Scope,
    /// Another secret, or a change after signing.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your \
         AWS Secret Access Key and signing method. Consult the service documentation for details."
    )]
    SignatureDoesNotMatch,
    /// Signed too long ago.
    #[error(
        "Signature expired: {} is now earlier than {} ({} - {} min.)",
        .signed_at.to_amz_date(), .now.earlier(MAX_AGE).to_amz_date(), .now.to_amz_date(),
        MAX_AGE / 60
    )]
    SignatureExpired {
        /// The time of the signature.
        signed_at: UnixTime,
        /// The time of the embedded STS.
        now: UnixTime,
    },
    /// The caller of the embedded STS chose to throttle.
    #[error("Rate exceeded")]
    Throttling,
    /// The query or the body is longer than [`MAX_REQUEST_LEN`](crate::MAX_REQUEST_LEN).
    #[error("The request is too long")]
    TooLong,
    /// `host` or an `x-amz-` header is not signed, or a signed header does not occur exactly once.
    #[error(
        "'Host' and every 'X-Amz-' header must be a 'SignedHeader', and each signed header must occur \
         once"
    )]
    UnsignedHeader,
}

impl StsError {
    /// Returns STS's error code, the `Code` of its documents.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Action | Self::Path => "InvalidAction",
            Self::ExpiredToken => "ExpiredToken",
            Self::IncompleteSignature => "IncompleteSignature",
            Self::InvalidClientTokenId => "InvalidClientTokenId",
            Self::MalformedQuery => "MalformedQueryString",
            Self::MissingAuthenticationToken => "MissingAuthenticationToken",
            Self::NotYetCurrent { .. }
            | Self::Scope
            | Self::SignatureDoesNotMatch
            | Self::SignatureExpired { .. }
            | Self::UnsignedHeader => "SignatureDoesNotMatch",
            Self::Throttling => "Throttling",
            Self::TooLong => "RequestEntityTooLarge",
        }
    }

    /// Returns the status that STS responds with.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::Action | Self::IncompleteSignature | Self::Path | Self::Throttling => {
                StatusCode::BAD_REQUEST
            }
            Self::MalformedQuery => StatusCode::NOT_FOUND,
            Self::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
            Self::ExpiredToken
            | Self::InvalidClientTokenId
            | Self::MissingAuthenticationToken
            | Self::NotYetCurrent { .. }
            | Self::Scope
            | Self::SignatureDoesNotMatch
            | Self::SignatureExpired { .. }
            | Self::UnsignedHeader => StatusCode::FORBIDDEN,
        }
    }
}
