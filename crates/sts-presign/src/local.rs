//! The embedded STS: a function from request to response that verifies signatures.

mod error;
mod received;

use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use iam_principal::Identity;

pub use error::StsError;

use crate::accept_policy::{DEFAULT_CLOCK_SKEW, MAX_AGE};
use crate::answer::document::Format;
use crate::local::received::Received;
use crate::sigv4::KeyLookup;
use crate::sigv4::{VerifyError, check};
use crate::time::UnixTime;

/// The longest query and the longest body in bytes that the embedded STS reads: our choice, as for a URL.
pub const MAX_REQUEST_LEN: usize = crate::url::MAX_URL_LEN;

/// An STS that answers `GetCallerIdentity` for a set of keys, for tests, examples and machines without a
/// network.
///
/// It answers any SDK, over plain HTTP, on any host and port: presigned GET requests, and GET and POST with
/// an `Authorization` header. It verifies what STS verifies and responds as STS does: in XML, or in JSON if
/// `accept` names it, with STS's own error codes and statuses.
#[derive(Clone, Debug)]
pub struct LocalSts<K> {
    keys: K,
}

/// A constant: no record is kept to which an id could refer.
const REQUEST_ID: &str = "00000000-0000-0000-0000-000000000000";

impl<K: KeyLookup> LocalSts<K> {
    /// Builds an STS with these keys.
    pub const fn new(keys: K) -> Self {
        Self { keys }
    }

    /// Responds to a request at a point in time.
    pub fn answer(&self, request: &Request<impl AsRef<[u8]>>, now: UnixTime) -> Response<Vec<u8>> {
        let format = Format::accepted(request.headers());
        match verify_request(request, &self.keys, now) {
            Ok(identity) => response(
                StatusCode::OK,
                format,
                format.write_caller(&identity, REQUEST_ID),
            ),
            Err(error) => refuse(format, error),
        }
    }

    /// Responds to any request with STS's `Throttling`. The caller decides when to throttle.
    pub fn throttle<B>(&self, request: &Request<B>) -> Response<Vec<u8>> {
        refuse(Format::accepted(request.headers()), StsError::Throttling)
    }
}

/// Verifies the signature of any request to STS with the known keys, as STS does, and returns the owner of
/// the key, with the access key id.
///
/// **This does not accept a token:** it requires neither a cluster nor a host, and returns an identity, never
/// an [`AcceptedRequest`](crate::AcceptedRequest). It is for implementations of STS.
///
/// # Errors
///
/// In this order: for the operation, [`StsError::TooLong`], [`StsError::Path`],
/// [`StsError::MalformedQuery`], [`StsError::Action`]; for the form of the signature,
/// [`StsError::MissingAuthenticationToken`], [`StsError::IncompleteSignature`],
/// [`StsError::Scope`], [`StsError::UnsignedHeader`]; for its time, [`StsError::NotYetCurrent`],
/// [`StsError::SignatureExpired`]; for the key, [`StsError::InvalidClientTokenId`],
/// [`StsError::ExpiredToken`], [`StsError::SignatureDoesNotMatch`].
pub fn verify_request(
    request: &Request<impl AsRef<[u8]>>,
    keys: &(impl KeyLookup + ?Sized),
    now: UnixTime,
) -> Result<Identity, StsError> {
    let received = Received::read(request)?;
    let headers = received.headers();
    let signed = received.signed(&headers);
    let signed_at = signed.signed_at;
    if now < signed_at.earlier(DEFAULT_CLOCK_SKEW) {
        return Err(StsError::NotYetCurrent { signed_at, now });
    }
    if now > signed_at.later(MAX_AGE) {
        return Err(StsError::SignatureExpired { signed_at, now });
    }
    let key = check(&signed, keys, now).map_err(|why| match why {
        VerifyError::ExpiredToken => StsError::ExpiredToken,
        VerifyError::SessionToken | VerifyError::UnknownAccessKey => StsError::InvalidClientTokenId,
        VerifyError::Signature => StsError::SignatureDoesNotMatch,
    })?;
    let identity = key.identity().clone();
    Ok(identity.with_access_key_id(signed.access_key_id))
}

impl Format {
    /// Chooses as STS does: XML, unless `accept` names JSON.
    fn accepted(headers: &HeaderMap) -> Self {
        let asks_for_json = headers
            .get_all(ACCEPT)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|range| Self::of_content_type(range) == Some(Self::Json));
        if asks_for_json { Self::Json } else { Self::Xml }
    }
}

fn refuse(format: Format, error: StsError) -> Response<Vec<u8>> {
    let document = format.write_fault(error.word(), &error.to_string(), REQUEST_ID);
    response(error.status(), format, document)
}

fn response(status: StatusCode, format: Format, document: String) -> Response<Vec<u8>> {
    let mut response = Response::new(document.into_bytes());
    *response.status_mut() = status;
    let content_type = HeaderValue::from_static(format.content_type());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, content_type);
    headers.insert(
        HeaderName::from_static("x-amzn-requestid"),
        HeaderValue::from_static(REQUEST_ID),
    );
    response
}
