//! Responses to requests that are not passed on: a `Status` of the Kubernetes API, as kube-apiserver writes it.

use std::borrow::Cow;

use eks_auth::AuthError;
use eks_auth::k8s_rbac::{Forbidden, Request as Asked};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, Response, StatusCode};
use serde_json::json;

/// Why a request is not passed on, as the caller sees it: a status and a `Status` in JSON.
///
/// The caller of a 401 or 500 does not learn the reason. It is an extension of the response, for a layer that
/// writes logs: the [`AuthError`] itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rejection {
    status: StatusCode,
    body: Cow<'static, str>,
    error: Option<AuthError>,
}

impl Rejection {
    /// 401: the request has no credential that can be read.
    #[must_use]
    pub const fn unauthorized() -> Self {
        Self::fixed(
            StatusCode::UNAUTHORIZED,
            concat!(
                r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","#,
                r#""message":"Unauthorized","reason":"Unauthorized","code":401}"#,
                "\n"
            ),
        )
    }

    /// 500: the service is put together wrongly, or something that it depends on failed.
    ///
    /// As upstream: apimachinery, `pkg/api/errors/errors.go`, `NewInternalError`.
    #[must_use]
    pub fn internal(message: &str) -> Self {
        let message = format!("Internal error occurred: {message}");
        Self::status(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", &message)
    }

    /// 429: too many requests.
    ///
    /// As upstream: `NewTooManyRequestsError`.
    #[must_use]
    pub fn too_many_requests() -> Self {
        let message = "Too many requests, please try again later.";
        Self::status(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", message)
    }

    /// 400: the request cannot be read, or has more than one reading.
    ///
    /// As upstream: `NewBadRequest`.
    #[must_use]
    pub fn bad_request(message: &str) -> Self {
        Self::status(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    /// 408: the body did not arrive in time. The API has no `Status` with this code, so the reason is the
    /// reason of a timeout.
    #[must_use]
    pub fn request_timeout() -> Self {
        let message = "The body of the request did not arrive in time";
        Self::status(StatusCode::REQUEST_TIMEOUT, "Timeout", message)
    }

    /// 413: the body is longer than `limit` bytes.
    ///
    /// As upstream: `NewRequestEntityTooLargeError`.
    #[must_use]
    pub fn too_large(limit: usize) -> Self {
        let message = format!("Request entity is too large: limit is {limit}");
        let status = StatusCode::PAYLOAD_TOO_LARGE;
        Self::status(status, "RequestEntityTooLarge", &message)
    }

    /// 403: the user may not make the request. `reason` comes from the authorizer and is empty if
    /// it gave no reason.
    #[must_use]
    pub fn forbidden(username: &str, request: Asked<'_>, reason: &str) -> Self {
        Self {
            status: StatusCode::FORBIDDEN,
            body: Forbidden::new(username, request, reason).body().into(),
            error: None,
        }
    }

    const fn fixed(status: StatusCode, body: &'static str) -> Self {
        Self {
            status,
            body: Cow::Borrowed(body),
            error: None,
        }
    }

    fn status(status: StatusCode, reason: &str, message: &str) -> Self {
        // Written out for the order of the fields; `json!` escapes.
        let body = format!(
            "{{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{{}},\"status\":\"Failure\",\
             \"message\":{},\"reason\":\"{reason}\",\"code\":{}}}\n",
            json!(message),
            status.as_u16()
        );
        Self {
            status,
            body: body.into(),
            error: None,
        }
    }

    /// Returns the HTTP status.
    #[must_use]
    pub const fn status_code(&self) -> StatusCode {
        self.status
    }

    /// Returns the body, with its final line break.
    #[must_use]
    pub fn body(&self) -> &str {
        &self.body
    }

    /// Returns why the credential was refused or could not be checked. **For the log, not for the caller.**
    #[must_use]
    pub const fn error(&self) -> Option<&AuthError> {
        self.error.as_ref()
    }

    /// Builds the response, with the headers of kube-apiserver.
    #[must_use]
    pub fn into_response<B: From<String>>(self) -> Response<B> {
        let mut response = Response::new(B::from(self.body.into_owned()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        let json = HeaderValue::from_static("application/json");
        headers.insert(CONTENT_TYPE, json);
        let no_cache = HeaderValue::from_static("no-cache, private");
        headers.insert(CACHE_CONTROL, no_cache);
        if self.status == StatusCode::FORBIDDEN {
            let no_sniff = HeaderValue::from_static("nosniff");
            headers.insert(X_CONTENT_TYPE_OPTIONS, no_sniff);
        }
        if let Some(error) = self.error {
            response.extensions_mut().insert(error);
        }
        response
    }
}

impl From<AuthError> for Rejection {
    fn from(error: AuthError) -> Self {
        Self {
            error: Some(error.clone()),
            ..Self::fixed(error.status(), error.status_body())
        }
    }
}

#[cfg(feature = "axum")]
impl axum_core::response::IntoResponse for Rejection {
    fn into_response(self) -> axum_core::response::Response {
        Self::into_response(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_those_of_kube_apiserver() {
        let start =
            "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\",";
        for (rejection, rest) in [
            (
                Rejection::unauthorized(),
                "\"message\":\"Unauthorized\",\"reason\":\"Unauthorized\",\"code\":401}\n",
            ),
            (
                Rejection::bad_request("a \"b\""),
                "\"message\":\"a \\\"b\\\"\",\"reason\":\"BadRequest\",\"code\":400}\n",
            ),
            (
                Rejection::too_many_requests(),
                "\"message\":\"Too many requests, please try again later.\",\
                 \"reason\":\"TooManyRequests\",\"code\":429}\n",
            ),
            (
                Rejection::too_large(9),
                "\"message\":\"Request entity is too large: limit is 9\",\
                 \"reason\":\"RequestEntityTooLarge\",\"code\":413}\n",
            ),
            (
                Rejection::request_timeout(),
                "\"message\":\"The body of the request did not arrive in time\",\
                 \"reason\":\"Timeout\",\"code\":408}\n",
            ),
            (
                Rejection::internal("x"),
                "\"message\":\"Internal error occurred: x\",\"reason\":\"InternalError\",\"code\":500}\n",
            ),
        ] {
            assert_eq!(rejection.body(), format!("{start}{rest}"));
        }
    }
}
