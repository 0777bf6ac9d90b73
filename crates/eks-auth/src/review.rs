//! The `TokenReview` that kube-apiserver's token webhook sends and reads.

use std::borrow::Cow;
use std::fmt;

use aws_auth_map::UserInfo;
use http::StatusCode;
use serde::Deserialize;
use sts_presign::AnswerFailure;
use thiserror::Error as ThisError;

use crate::error::{AuthError, Failed};
use crate::json::Json;
use crate::object::Object;

/// The maximum length of a review, in bytes: our choice, sixteen times the default maximum of a token. A
/// server need not read further.
pub const MAX_REVIEW_LEN: usize = 65_536;

/// The version of a review. The answer must have the same version: kube-apiserver does not convert it.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ReviewVersion {
    /// `authentication.k8s.io/v1`
    V1,
    /// `authentication.k8s.io/v1beta1`, kube-apiserver's default.
    V1Beta1,
}

impl ReviewVersion {
    /// Returns the `apiVersion` of the document.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "authentication.k8s.io/v1",
            Self::V1Beta1 => "authentication.k8s.io/v1beta1",
        }
    }
}

/// A request to review a token.
pub struct Review {
    version: Option<ReviewVersion>,
    token: String,
    audiences: Vec<String>,
}

/// Why a request body is not a review.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, ThisError)]
#[non_exhaustive]
pub enum ReviewError {
    /// `apiVersion` is unknown.
    #[error("`apiVersion` is not `authentication.k8s.io/v1` or `authentication.k8s.io/v1beta1`")]
    ApiVersion,
    /// `kind` is not `TokenReview`.
    #[error("`kind` is not `TokenReview`")]
    Kind,
    /// The body is not JSON, or does not have the shape of a review.
    #[error("the body is not a TokenReview in JSON")]
    Malformed,
    /// The review contains no token.
    #[error("`spec.token` is missing or empty")]
    NoToken,
    /// The body is longer than [`MAX_REVIEW_LEN`].
    #[error("the body is longer than {MAX_REVIEW_LEN} bytes")]
    TooLong,
}

impl Review {
    /// Parses a review. Unknown fields are ignored, as by a server of the Kubernetes API.
    ///
    /// # Errors
    ///
    /// In this order: [`ReviewError::TooLong`], [`ReviewError::Malformed`], [`ReviewError::Kind`],
    /// [`ReviewError::ApiVersion`], [`ReviewError::NoToken`].
    pub fn read(body: &[u8]) -> Result<Self, ReviewError> {
        let document = Question::read(body)?;
        let version = document.version()?;
        document.into_review(Some(version))
    }

    /// Parses a review as [`read`](Self::read) does, and also accepts a review without `kind` and
    /// `apiVersion`, as upstream does (`pkg/server/server.go`, `authenticateEndpoint`). The answer to such a
    /// review has no `kind` or `apiVersion` either.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn read_untyped(body: &[u8]) -> Result<Self, ReviewError> {
        let document = Question::read(body)?;
        let version = match document.kind.is_empty() && document.api_version.is_empty() {
            true => None,
            false => Some(document.version()?),
        };
        document.into_review(version)
    }

    /// Returns the version, which the answer has as well. `None` if the review has no version.
    #[must_use]
    pub const fn version(&self) -> Option<ReviewVersion> {
        self.version
    }

    /// Returns the audiences that the token must be valid for, `spec.audiences`. Empty if the review leaves
    /// that to the authenticator.
    #[must_use]
    pub fn audiences(&self) -> &[String] {
        &self.audiences
    }

    /// Reveals the token.
    #[must_use]
    pub fn expose_token(&self) -> &str {
        &self.token
    }

    /// Builds the answer for an authenticated user.
    #[must_use]
    pub fn authenticated(&self, user: &UserInfo) -> String {
        self.authenticated_for(user, &[])
    }

    /// Builds the answer for an authenticated user whose token is valid for these audiences of
    /// [`audiences`](Self::audiences). If the list is empty, the answer has no audiences, and
    /// kube-apiserver assumes its own.
    #[must_use]
    pub fn authenticated_for(&self, user: &UserInfo, audiences: &[&str]) -> String {
        self.answer(&Status {
            user: Some(user),
            audiences,
        })
    }

    /// Builds the answer for a refused token. It contains no reason, because the reason must not reach the
    /// caller.
    #[must_use]
    pub fn unauthenticated(&self) -> String {
        self.answer(&Status {
            user: None,
            audiences: &[],
        })
    }

    fn answer(&self, status: &Status<'_>) -> String {
        let mut json = Json::with_capacity(USUAL_ANSWER_LEN);
        json.raw("{");
        if let Some(version) = self.version {
            json.raw(r#""apiVersion":""#);
            json.raw(version.as_str());
            json.raw(r#"","kind":"TokenReview","#);
        }
        json.raw(r#""status":"#);
        status.write(&mut json);
        json.raw("}");
        json.into_text()
    }
}

impl AuthError {
    /// Returns the HTTP status with which the **webhook** answers a review of this token. For every other
    /// server, use [`status`](Self::status): here a refused token has status 200.
    ///
    /// A refusal is an answer to the review: 200, with [`Review::unauthenticated`] as its body. A failure
    /// must not be cached as a refusal, so its status makes kube-apiserver ask again, five times within
    /// five seconds: 429 if STS throttles, otherwise 500.
    ///
    /// **Send no `Retry-After` header.** kube-apiserver's client would repeat each of the five attempts ten
    /// times: a single throttled login asked STS 31 times in 30 seconds (measured with kube-apiserver
    /// 1.34.1).
    #[must_use]
    pub const fn webhook_status(&self) -> StatusCode {
        match self {
            Self::Refused(_) => StatusCode::OK,
            Self::Failed(Failed::Sts(AnswerFailure::Throttled)) => StatusCode::TOO_MANY_REQUESTS,
            Self::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl fmt::Debug for Review {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Review")
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// Room for a usual answer, in bytes: the answer for a user with a dozen groups. The allocator of glibc has blocks
/// of up to 1,032 bytes at hand without a lock.
const USUAL_ANSWER_LEN: usize = 1_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Question<'b> {
    #[serde(borrow, default)]
    api_version: Cow<'b, str>,
    #[serde(borrow, default)]
    kind: Cow<'b, str>,
    #[serde(default)]
    spec: Object<Spec>,
}

#[derive(Default, Deserialize)]
struct Spec {
    #[serde(default)]
    token: String,
    #[serde(default)]
    audiences: Option<Vec<String>>,
}

impl<'b> Question<'b> {
    fn read(body: &'b [u8]) -> Result<Self, ReviewError> {
        if body.len() > MAX_REVIEW_LEN {
            return Err(ReviewError::TooLong);
        }
        // `serde_json` does not check the UTF-8 of each string again if it reads text. Other bytes are read
        // nevertheless, because the fields that are not UTF-8 may be ignored.
        let document = match str::from_utf8(body) {
            Ok(text) => serde_json::from_str(text),
            Err(_) => serde_json::from_slice(body),
        };
        let Object(document) = document.map_err(|_| ReviewError::Malformed)?;
        Ok(document)
    }

    fn version(&self) -> Result<ReviewVersion, ReviewError> {
        if self.kind != "TokenReview" {
            return Err(ReviewError::Kind);
        }
        [ReviewVersion::V1, ReviewVersion::V1Beta1]
            .into_iter()
            .find(|version| version.as_str() == self.api_version)
            .ok_or(ReviewError::ApiVersion)
    }

    fn into_review(self, version: Option<ReviewVersion>) -> Result<Review, ReviewError> {
        let Object(Spec { token, audiences }) = self.spec;
        match token.is_empty() {
            true => Err(ReviewError::NoToken),
            false => Ok(Review {
                version,
                token,
                audiences: audiences.unwrap_or_default(),
            }),
        }
    }
}

/// The status of an answer.
struct Status<'a> {
    /// The user. `None` if the token is refused.
    user: Option<&'a UserInfo>,
    audiences: &'a [&'a str],
}

impl Status<'_> {
    fn write(&self, json: &mut Json) {
        json.raw(match self.user {
            Some(_) => r#"{"authenticated":true"#,
            None => r#"{"authenticated":false"#,
        });
        if let Some(user) = self.user {
            json.raw(r#","user":{"username":"#);
            json.text(user.username());
            json.raw(r#","groups":"#);
            json.texts(user.groups().iter().map(String::as_str));
            json.raw(r#","uid":"#);
            json.text(user.uid());
            json.raw(r#","extra":{"#);
            let mut between = "";
            // The keys are our own names and upstream's.
            for (key, value) in user.extra().iter() {
                json.raw(between);
                json.list_of_one(key, value);
                between = ",";
            }
            json.raw("}}");
        }
        if !self.audiences.is_empty() {
            json.raw(r#","audiences":"#);
            json.texts(self.audiences.iter().copied());
        }
        json.raw("}");
    }
}
