//! Reads the response of STS.

pub(crate) mod document;
mod error;

use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, Response, StatusCode};
use iam_principal::{Identity, Partition};

pub use error::{AnswerError, AnswerFailure, FaultCode, MAX_FAULT_CODE_LEN, Refusal};

use crate::answer::document::{Caller, Fault, Format};

/// The longest response in bytes: our choice. A genuine response has about 400. An HTTP client should
/// stop reading at this length.
pub const MAX_ANSWER_LEN: usize = 65_536;

/// Reads the caller's identity from the response of STS to an [`AcceptedRequest`](crate::AcceptedRequest).
/// The response does not include the access key id: add it with [`Identity::with_access_key_id`].
///
/// The document must be one `GetCallerIdentityResponse` as STS writes it, in JSON or XML according to the
/// content type. A repeated or unknown element is refused.
///
/// # Errors
///
/// In this order: [`AnswerFailure::TooLong`]; for a status other than 200
/// [`AnswerFailure::Throttled`], [`AnswerError::Refused`], [`AnswerFailure::Redirected`],
/// [`AnswerFailure::Unavailable`], [`AnswerFailure::UnexpectedStatus`];
/// [`AnswerFailure::ContentType`], [`AnswerFailure::Malformed`], [`AnswerFailure::Inconsistent`],
/// [`AnswerFailure::Partition`].
pub fn read_identity(
    answer: &Response<impl AsRef<[u8]>>,
    partition: Partition,
) -> Result<Identity, AnswerError> {
    let body = answer.body().as_ref();
    if body.len() > MAX_ANSWER_LEN {
        return Err(AnswerFailure::TooLong.into());
    }
    let format = declared_format(answer.headers());
    if answer.status() != StatusCode::OK {
        return Err(by_status(answer.status(), format, body));
    }
    let format = format.ok_or(AnswerFailure::ContentType)?;
    let Caller {
        arn,
        account,
        user_id,
    } = format.read_caller(body).ok_or(AnswerFailure::Malformed)?;
    let identity = Identity::new(&arn, &account, &user_id).map_err(AnswerFailure::Inconsistent)?;
    if identity.partition() != partition {
        return Err(AnswerFailure::Partition.into());
    }
    Ok(identity)
}

/// Returns the declared format: `None` unless there is exactly one content type and no compression, which
/// was not requested.
fn declared_format(headers: &HeaderMap) -> Option<Format> {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let (Some(only), None) = (types.next(), types.next()) else {
        return None;
    };
    let mut encodings = headers.get_all(CONTENT_ENCODING).iter();
    if !encodings.all(|encoding| encoding == "identity") {
        return None;
    }
    Format::of_content_type(only.to_str().ok()?)
}

fn by_status(status: StatusCode, format: Option<Format>, body: &[u8]) -> AnswerError {
    // Only STS's own document says anything about the caller; the 403 of a proxy does not.
    let fault = format.and_then(|format| format.read_fault(body));
    // STS throttles with this code and status 400, proxies with 429. Upstream searches the whole body for
    // the code (`pkg/token/token.go`).
    let throttled = fault.as_ref().is_some_and(Fault::is_throttling);
    let refusal = fault
        .as_ref()
        .filter(|fault| fault.is_the_senders)
        .and_then(|fault| Refusal::from_code(&fault.code));
    let fault = fault.and_then(|fault| FaultCode::parse(&fault.code));
    let status_code = status.as_u16();
    match refusal {
        _ if throttled || status == StatusCode::TOO_MANY_REQUESTS => {
            AnswerFailure::Throttled.into()
        }
        // STS refuses with these two statuses. Any other status comes from a server in between.
        Some(refusal) if matches!(status, StatusCode::BAD_REQUEST | StatusCode::FORBIDDEN) => {
            AnswerError::Refused(refusal)
        }
        _ if status.is_redirection() => AnswerFailure::Redirected.into(),
        _ if status.is_server_error() => AnswerFailure::Unavailable {
            status: status_code,
            fault,
        }
        .into(),
        _ => AnswerFailure::UnexpectedStatus {
            status: status_code,
            fault,
        }
        .into(),
    }
}
