//! Checking a signature, as STS does.

use subtle::ConstantTimeEq as _;
use thiserror::Error as ThisError;

use iam_principal::Identity;

use crate::canonical;
use crate::keys::KeyLookup;
use crate::policy::BINDING_HEADER;
use crate::query::Param;
use crate::request::AcceptedRequest;
use crate::url::PresignedUrl;

/// Why a signature proves nothing.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, ThisError)]
#[non_exhaustive]
pub enum VerifyError {
    /// The key is temporary and the URL has another session token or none, or the key is long-term
    /// and the URL has one.
    #[error("the session token is not the one that belongs to the access key")]
    SessionToken,
    /// Another secret, another cluster id, or something was changed after signing.
    #[error("the signature is not the one that the access key's secret makes of this request")]
    Signature,
    /// There is no such key.
    #[error("the access key id is not known")]
    UnknownAccessKey,
}

impl VerifyError {
    /// Returns the stable kebab-case name of the fact.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::SessionToken => "session-token-mismatch",
            Self::Signature => "signature-mismatch",
            Self::UnknownAccessKey => "unknown-access-key",
        }
    }
}

/// Checks the signature of an accepted request against the keys that exist, and returns whose it is,
/// with the access key id.
///
/// # Errors
///
/// In this order: [`VerifyError::UnknownAccessKey`], [`VerifyError::SessionToken`],
/// [`VerifyError::Signature`].
pub fn verify(request: &AcceptedRequest, keys: &impl KeyLookup) -> Result<Identity, VerifyError> {
    let (host, cluster_id) = (request.endpoint().host(), request.cluster_id().as_str());
    // by acceptance: `host` and the binding header are all that is signed
    let headers = [("host", host), (BINDING_HEADER, cluster_id)];
    check(request.url(), headers.into_iter(), keys)
}

/// Checks a URL's signature, given the values of its signed headers in their order.
pub(crate) fn check<'h>(
    url: &PresignedUrl,
    headers: impl Iterator<Item = (&'h str, &'h str)>,
    keys: &impl KeyLookup,
) -> Result<Identity, VerifyError> {
    let key = keys
        .key(url.access_key_id())
        .ok_or(VerifyError::UnknownAccessKey)?;
    let token_fits = match (key.session_token(), url.values().find(Param::SecurityToken)) {
        (Some(token), Some(sent)) => token.is(sent),
        (None, None) => true,
        _ => false,
    };
    if !token_fits {
        return Err(VerifyError::SessionToken);
    }
    let canonical_request = canonical::canonical_request(url, headers);
    let string_to_sign = canonical::string_to_sign(url, &canonical_request);
    let wanted = canonical::signature(url, &string_to_sign, key.secret());
    let sent = url.values().get(Param::Signature);
    if wanted.as_bytes().ct_eq(sent.as_bytes()).into() {
        Ok(key
            .identity()
            .clone()
            .with_access_key_id(url.access_key_id()))
    } else {
        Err(VerifyError::Signature)
    }
}
