//! The embedded STS: a function from request to response that really verifies.

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response, StatusCode};
use iam_principal::Identity;
use serde_json::json;

use crate::answer::Refusal;
use crate::keys::KeyLookup;
use crate::policy::{DEFAULT_CLOCK_SKEW, MAX_AGE};
use crate::time::UnixTime;
use crate::url::PresignedUrl;
use crate::verify::{VerifyError, check};

/// An STS that knows some keys and answers presigned `GetCallerIdentity` requests about them, for
/// tests, examples and machines without a network.
///
/// It answers as STS does: from what it is sent, without knowing any cluster, in STS's JSON, with
/// STS's codes for what it refuses.
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
    pub fn answer<B>(&self, request: &Request<B>, now: UnixTime) -> Response<Vec<u8>> {
        match self.identify(request, now) {
            Ok(identity) => caller_identity(&identity),
            Err((refusal, message)) => refused(refusal, message),
        }
    }

    fn identify<B>(
        &self,
        request: &Request<B>,
        now: UnixTime,
    ) -> Result<Identity, (Refusal, &'static str)> {
        let no_match = (Refusal::SignatureDoesNotMatch, NO_MATCH);
        let url = PresignedUrl::parse(&request.uri().to_string()).map_err(|_| {
            (
                Refusal::IncompleteSignature,
                "Request must be a presigned GET URL.",
            )
        })?;
        if request.method() != http::Method::GET {
            return Err(no_match);
        }
        // STS lets a clock run ahead by five minutes and a signature live for fifteen.
        let signed_at = url.signed_at();
        if now < signed_at.earlier(DEFAULT_CLOCK_SKEW) {
            return Err((Refusal::SignatureDoesNotMatch, "Signature not yet current."));
        }
        if now > signed_at.later(MAX_AGE) {
            return Err((Refusal::SignatureDoesNotMatch, "Signature expired."));
        }
        let mut headers = Vec::new();
        for name in url.signed_headers() {
            let value = match name {
                "host" => Some(url.endpoint().host()),
                _ => only_value(request, name),
            };
            headers.push((name, value.ok_or(no_match)?));
        }
        check(&url, headers.into_iter(), &self.keys).map_err(|why| match why {
            VerifyError::Signature => no_match,
            VerifyError::SessionToken | VerifyError::UnknownAccessKey => (
                Refusal::InvalidClientTokenId,
                "The security token in the request is invalid.",
            ),
        })
    }
}

const NO_MATCH: &str = "The request's signature is not the one calculated for it.";

fn only_value<'r, B>(request: &'r Request<B>, name: &str) -> Option<&'r str> {
    let mut values = request.headers().get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

fn caller_identity(identity: &Identity) -> Response<Vec<u8>> {
    let document = json!({
        "GetCallerIdentityResponse": {
            "GetCallerIdentityResult": {
                "Account": identity.account().to_string(),
                "Arn": identity.arn(),
                "UserId": identity.raw_user_id(),
            },
            "ResponseMetadata": { "RequestId": REQUEST_ID },
        }
    });
    response(StatusCode::OK, &document)
}

fn refused(refusal: Refusal, message: &str) -> Response<Vec<u8>> {
    let status = match refusal {
        Refusal::IncompleteSignature => StatusCode::BAD_REQUEST,
        _ => StatusCode::FORBIDDEN,
    };
    let document = json!({
        "Error": { "Code": refusal.as_str(), "Message": message, "Type": "Sender" },
        "RequestId": REQUEST_ID,
    });
    response(status, &document)
}

fn response(status: StatusCode, document: &serde_json::Value) -> Response<Vec<u8>> {
    let mut response = Response::new(document.to_string().into_bytes());
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}
