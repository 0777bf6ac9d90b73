//! The embedded STS: a function from request to response that really verifies.

mod error;
mod received;

use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use iam_principal::Identity;

pub use error::StsError;

use crate::accept_policy::{DEFAULT_CLOCK_SKEW, MAX_AGE};
use crate::answer::document::Format;
use crate::endpoint::Endpoint;
use crate::local::received::Received;
use crate::sigv4::KeyLookup;
use crate::sigv4::{VerifyError, check};
use crate::time::UnixTime;

/// The longest query, and the longest body, that the embedded STS looks at: our choice, that of a
/// URL.
pub const MAX_REQUEST_LEN: usize = crate::url::MAX_URL_LEN;

/// An STS that knows some keys and answers `GetCallerIdentity` about them, for tests, examples and
/// machines without a network.
///
/// It answers any SDK that is pointed at it, over plain HTTP, on any host and port: presigned GET
/// requests, and GET and POST with an `Authorization` header. It verifies what STS verifies, and
/// answers as STS does: in XML, or in JSON where `accept` asks for it, and with STS's own codes and
/// statuses for what it refuses.
#[derive(Clone, Debug)]
pub struct LocalSts<K> {
    keys: K,
}

/// A request has no id where nothing keeps a record of it.
const REQUEST_ID: &str = "00000000-0000-0000-0000-000000000000";

impl<K: KeyLookup> LocalSts<K> {
    /// Answers about these keys.
    pub const fn new(keys: K) -> Self {
        Self { keys }
    }

    /// Answers a request at a point in time.
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

    /// Answers a request with STS's `Throttling`, whatever it asks: how often is too often is for
    /// the caller to count.
    pub fn throttle<B>(&self, request: &Request<B>) -> Response<Vec<u8>> {
        refuse(Format::accepted(request.headers()), StsError::Throttling)
    }
}

/// Checks the signature of any request to STS, as STS does, against the keys that exist, and returns
/// whose it is, with the access key id.
///
/// **This is no judgment of a token:** it asks for no cluster and no host, and what it returns is an
/// identity and never an [`AcceptedRequest`](crate::AcceptedRequest). It is for those who stand in
/// STS's place.
///
/// # Errors
///
/// In this order: what is asked, [`StsError::TooLong`], [`StsError::Path`],
/// [`StsError::MalformedQuery`], [`StsError::Action`]; the signature's shape,
/// [`StsError::MissingAuthenticationToken`], [`StsError::IncompleteSignature`],
/// [`StsError::Scope`], [`StsError::UnsignedHeader`]; its time, [`StsError::NotYetCurrent`],
/// [`StsError::SignatureExpired`]; whose it is, [`StsError::InvalidClientTokenId`],
/// [`StsError::ExpiredToken`], [`StsError::SignatureDoesNotMatch`].
pub fn verify_request(
    request: &Request<impl AsRef<[u8]>>,
    keys: &impl KeyLookup,
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
    let identity = key.identity();
    // A key exists in one partition only. Any other host, `localhost` for instance, is of all.
    match Endpoint::from_host(received.host()) {
        Ok(endpoint) if endpoint.partition() != identity.partition() => {
            Err(StsError::InvalidClientTokenId)
        }
        _ => Ok(identity.clone().with_access_key_id(signed.access_key_id)),
    }
}

impl Format {
    /// As STS: XML, unless JSON is asked for.
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
