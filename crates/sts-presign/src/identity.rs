//! Reading STS's answer.

use std::fmt;
use std::marker::PhantomData;

use http::header::CONTENT_TYPE;
use http::{Response, StatusCode};
use iam_principal::{Identity, Partition};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::answer::{AnswerError, Refusal};

/// The longest answer that is read: our choice. A genuine one has some 400 bytes; whoever fetches it
/// stops reading here.
pub const MAX_ANSWER_LEN: usize = 65_536;

/// Reads what STS answered to an [`AcceptedRequest`](crate::AcceptedRequest) into the caller's
/// identity. The access key id is not in the answer: add it with
/// [`Identity::with_access_key_id`].
///
/// The document is `GetCallerIdentityResponse` as STS writes it for `accept: application/json`;
/// a key that stands twice, or one that STS does not write, is refused.
///
/// # Errors
///
/// In this order: [`AnswerError::TooLong`]; by the status, where it is not 200:
/// [`AnswerError::Throttled`], [`AnswerError::Refused`], [`AnswerError::Redirected`],
/// [`AnswerError::Unavailable`], [`AnswerError::UnexpectedStatus`];
/// [`AnswerError::ContentType`], [`AnswerError::Malformed`], [`AnswerError::Inconsistent`],
/// [`AnswerError::Partition`].
pub fn read_identity(
    answer: &Response<impl AsRef<[u8]>>,
    partition: Partition,
) -> Result<Identity, AnswerError> {
    let body = answer.body().as_ref();
    if body.len() > MAX_ANSWER_LEN {
        return Err(AnswerError::TooLong);
    }
    if answer.status() != StatusCode::OK {
        return Err(by_status(answer.status(), body));
    }
    if !is_json(answer) {
        return Err(AnswerError::ContentType);
    }
    let Object(document) =
        serde_json::from_slice::<Object<Document>>(body).map_err(|_| AnswerError::Malformed)?;
    let CallerIdentity {
        account,
        arn,
        user_id,
    } = document.response.0.result.0;
    let identity = Identity::new(&arn, &account, &user_id).map_err(AnswerError::Inconsistent)?;
    if identity.partition() != partition {
        return Err(AnswerError::Partition);
    }
    Ok(identity)
}

fn is_json(answer: &Response<impl AsRef<[u8]>>) -> bool {
    let mut types = answer.headers().get_all(CONTENT_TYPE).iter();
    let (Some(only), None) = (types.next(), types.next()) else {
        return false;
    };
    let essence = only.to_str().unwrap_or("").split(';').next().unwrap_or("");
    essence.trim().eq_ignore_ascii_case("application/json")
}

fn by_status(status: StatusCode, body: &[u8]) -> AnswerError {
    let word = serde_json::from_slice::<ErrorDocument>(body)
        .ok()
        .map(|d| d.error.code);
    // Throttling comes as 400 with this word, and from proxies as 429. As upstream: `pkg/token/token.go`
    // looks for the word, but in the whole body.
    let throttled = word
        .as_deref()
        .is_some_and(|word| word.starts_with("Throttling"));
    if throttled || status == StatusCode::TOO_MANY_REQUESTS {
        return AnswerError::Throttled;
    }
    let refusal = word.as_deref().and_then(Refusal::from_word);
    match refusal {
        // Only with STS's own document: a proxy's 403 says nothing of the caller.
        Some(refusal) if status.is_client_error() => AnswerError::Refused(refusal),
        _ if status.is_redirection() => AnswerError::Redirected,
        _ if status.is_server_error() => AnswerError::Unavailable {
            status: status.as_u16(),
        },
        _ => AnswerError::UnexpectedStatus {
            status: status.as_u16(),
        },
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "GetCallerIdentityResponse")]
    response: Object<CallerIdentityResponse>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CallerIdentityResponse {
    #[serde(rename = "GetCallerIdentityResult")]
    result: Object<CallerIdentity>,
    #[serde(rename = "ResponseMetadata")]
    _metadata: Option<Object<Metadata>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CallerIdentity {
    #[serde(rename = "Account")]
    account: String,
    #[serde(rename = "Arn")]
    arn: String,
    #[serde(rename = "UserId")]
    user_id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Metadata {
    #[serde(rename = "RequestId")]
    _request_id: String,
}

/// What is written as an object: a derived reader takes a list of the values for one as well.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfFields<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for OfFields<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(fields)).map(Object)
            }
        }

        deserializer.deserialize_map(OfFields(PhantomData))
    }
}

#[derive(Deserialize)]
struct ErrorDocument {
    #[serde(rename = "Error")]
    error: ErrorCode,
}

#[derive(Deserialize)]
struct ErrorCode {
    #[serde(rename = "Code")]
    code: String,
}
