//! Verifies signatures as STS does.

use thiserror::Error as ThisError;

use iam_principal::Identity;

use super::canonical::{Payload, Signed};
use super::compared::Compared;
use super::keys::{Key, KeyLookup, SentToken};
use crate::accepted_request::AcceptedRequest;
use crate::post::AcceptedPost;
use crate::time::UnixTime;

/// Why a signature is not verified.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, ThisError)]
#[non_exhaustive]
pub enum VerifyError {
    /// The key has expired.
    #[error("the access key has expired")]
    ExpiredToken,
    /// A temporary key without its own session token, or a long-term key with a session token.
    #[error("the session token is not the one that belongs to the access key")]
    SessionToken,
    /// Another secret, another cluster id, or a change after signing.
    #[error("the signature is not the one that the access key's secret makes of this request")]
    Signature,
    /// The access key id is not known in the partition of the request.
    #[error("the access key id is not known")]
    UnknownAccessKey,
}

impl VerifyError {
    /// Returns the stable kebab-case code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ExpiredToken => "expired-session-token",
            Self::SessionToken => "session-token-mismatch",
            Self::Signature => "signature-mismatch",
            Self::UnknownAccessKey => "unknown-access-key",
        }
    }
}

/// Verifies the signature of an accepted request with the known keys and returns the owner of the key, with
/// the access key id.
///
/// # Errors
///
/// In this order: [`VerifyError::UnknownAccessKey`], [`VerifyError::SessionToken`],
/// [`VerifyError::ExpiredToken`], [`VerifyError::Signature`].
pub fn verify(
    request: &AcceptedRequest,
    keys: &(impl KeyLookup + ?Sized),
    now: UnixTime,
) -> Result<Identity, VerifyError> {
    let headers: Vec<(&str, &str)> = request.signed_header_values().collect();
    // by acceptance: the credential parses
    let credential = request
        .credential()
        .map_err(|_| VerifyError::UnknownAccessKey)?;
    let signed = Signed {
        method: "GET",
        canonical_query: request.canonical_query(),
        headers: &headers,
        signed_headers: request.signed_headers_list(),
        payload: Payload::Bytes(&[]),
        access_key_id: credential.access_key_id.as_str(),
        amz_date: request.amz_date(),
        signed_at: request.signed_at(),
        region: credential.region,
        security_token: request.security_token().map(SentToken::encoded),
        signature: Compared::new(request.signature()),
        partition: Some(request.partition()),
    };
    caller(&signed, keys, now)
}

/// Verifies the signature of an accepted request in POST form. Otherwise as [`verify`].
///
/// # Errors
///
/// As [`verify`].
pub fn verify_post(
    request: &AcceptedPost,
    keys: &(impl KeyLookup + ?Sized),
    now: UnixTime,
) -> Result<Identity, VerifyError> {
    let headers: Vec<(&str, &str)> = request.signed_header_values().collect();
    let signed = Signed {
        method: "POST",
        canonical_query: "",
        headers: &headers,
        signed_headers: request.signed_headers_list(),
        payload: Payload::Bytes(request.payload()),
        access_key_id: request.access_key_id(),
        amz_date: request.amz_date(),
        signed_at: request.signed_at(),
        region: request.region(),
        security_token: request.security_token().map(SentToken::plain),
        signature: Compared::new(request.signature()),
        partition: Some(request.endpoint().partition()),
    };
    caller(&signed, keys, now)
}

fn caller(
    signed: &Signed<'_>,
    keys: &(impl KeyLookup + ?Sized),
    now: UnixTime,
) -> Result<Identity, VerifyError> {
    let identity = check(signed, keys, now)?.identity().clone();
    Ok(identity.with_access_key_id(signed.access_key_id))
}

/// Verifies a signature and returns its key.
pub(crate) fn check<'k>(
    signed: &Signed<'_>,
    keys: &'k (impl KeyLookup + ?Sized),
    now: UnixTime,
) -> Result<&'k Key, VerifyError> {
    let key = keys
        .key(signed.access_key_id)
        // A key exists in one partition only: in any other, STS answers `InvalidClientTokenId`.
        .filter(|key| {
            let partition = key.identity().partition();
            signed.partition.is_none_or(|of_host| of_host == partition)
        })
        .ok_or(VerifyError::UnknownAccessKey)?;
    let token_fits = match (key.session_token(), signed.security_token) {
        (Some(token), Some(sent)) => token.is(sent),
        (None, None) => true,
        _ => false,
    };
    if !token_fits {
        return Err(VerifyError::SessionToken);
    }
    if key.expires_at().is_some_and(|end| now >= end) {
        return Err(VerifyError::ExpiredToken);
    }
    if signed.is_signed_by(key.secret()) {
        Ok(key)
    } else {
        Err(VerifyError::Signature)
    }
}
