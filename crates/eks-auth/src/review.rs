//! The `TokenReview` that kube-apiserver's token webhook sends and reads.

use std::collections::BTreeMap;
use std::fmt;

use aws_auth_map::UserInfo;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use sts_presign::AnswerFailure;
use thiserror::Error as ThisError;

use crate::error::{AuthError, Failed};

/// The longest review that is read: our choice, sixteen times the default length of a token. The
/// server stops reading there.
pub const MAX_REVIEW_LEN: usize = 65_536;

/// The version of a review. The answer has to be of the same: kube-apiserver converts none.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ReviewVersion {
    /// `authentication.k8s.io/v1`
    V1,
    /// `authentication.k8s.io/v1beta1`, which kube-apiserver sends unless told otherwise.
    V1Beta1,
}

impl ReviewVersion {
    /// Returns it as `apiVersion` has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "authentication.k8s.io/v1",
            Self::V1Beta1 => "authentication.k8s.io/v1beta1",
        }
    }
}

/// A review that asks about a token.
pub struct Review {
    version: ReviewVersion,
    token: String,
}

/// Why a request is no review.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, ThisError)]
#[non_exhaustive]
pub enum ReviewError {
    /// `apiVersion` is neither of the two.
    #[error("`apiVersion` is not `authentication.k8s.io/v1` or `authentication.k8s.io/v1beta1`")]
    ApiVersion,
    /// `kind` is not `TokenReview`.
    #[error("`kind` is not `TokenReview`")]
    Kind,
    /// Not JSON, or not of a review's shape.
    #[error("the body is not a TokenReview in JSON")]
    Malformed,
    /// No token in it.
    #[error("`spec.token` is missing or empty")]
    NoToken,
    /// Longer than [`MAX_REVIEW_LEN`].
    #[error("the body is longer than 65536 bytes")]
    TooLong,
}

impl Review {
    /// Reads a review. What it does not need it does not look at, as a server of the Kubernetes API
    /// does.
    ///
    /// # Errors
    ///
    /// In this order: [`ReviewError::TooLong`], [`ReviewError::Malformed`], [`ReviewError::Kind`],
    /// [`ReviewError::ApiVersion`], [`ReviewError::NoToken`].
    pub fn read(body: &[u8]) -> Result<Self, ReviewError> {
        if body.len() > MAX_REVIEW_LEN {
            return Err(ReviewError::TooLong);
        }
        let document: Question =
            serde_json::from_slice(body).map_err(|_| ReviewError::Malformed)?;
        if document.kind != "TokenReview" {
            return Err(ReviewError::Kind);
        }
        let version = [ReviewVersion::V1, ReviewVersion::V1Beta1]
            .into_iter()
            .find(|version| version.as_str() == document.api_version)
            .ok_or(ReviewError::ApiVersion)?;
        match document.spec.token {
            token if token.is_empty() => Err(ReviewError::NoToken),
            token => Ok(Self { version, token }),
        }
    }

    /// Returns the version, which the answer has as well.
    #[must_use]
    pub const fn version(&self) -> ReviewVersion {
        self.version
    }

    /// Reveals the token.
    #[must_use]
    pub fn expose_token(&self) -> &str {
        &self.token
    }

    /// Writes the answer that names a user.
    #[must_use]
    pub fn authenticated(&self, user: &UserInfo) -> String {
        self.answer(Status {
            authenticated: true,
            user: Some(User::of(user)),
        })
    }

    /// Writes the answer that the token is no good. It says no more: why is nobody's business who
    /// shows such a token.
    #[must_use]
    pub fn unauthenticated(&self) -> String {
        self.answer(Status {
            authenticated: false,
            user: None,
        })
    }

    fn answer(&self, status: Status<'_>) -> String {
        let answer = Answer {
            api_version: self.version.as_str(),
            kind: "TokenReview",
            status,
        };
        // Text in maps and lists always has a JSON form.
        serde_json::to_string(&answer).unwrap_or_default()
    }
}

/// Returns the HTTP status with which a webhook answers a token that names no user.
///
/// A refusal is an answer: 200, with [`Review::unauthenticated`]. A failure must not be remembered as
/// one, so it has a status that kube-apiserver asks again after: 429 where STS throttles, else 502.
#[must_use]
pub const fn review_status(error: &AuthError) -> StatusCode {
    match error {
        AuthError::Refused(_) => StatusCode::OK,
        AuthError::Failed(Failed::Sts(AnswerFailure::Throttled)) => StatusCode::TOO_MANY_REQUESTS,
        AuthError::Failed(_) => StatusCode::BAD_GATEWAY,
    }
}

impl fmt::Debug for Review {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Review")
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Question {
    #[serde(default)]
    api_version: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    spec: Spec,
}

#[derive(Default, Deserialize)]
struct Spec {
    #[serde(default)]
    token: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    api_version: &'a str,
    kind: &'a str,
    status: Status<'a>,
}

#[derive(Serialize)]
struct Status<'a> {
    authenticated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<User<'a>>,
}

#[derive(Serialize)]
struct User<'a> {
    username: &'a str,
    uid: &'a str,
    groups: &'a [String],
    extra: &'a BTreeMap<&'static str, Vec<String>>,
}

impl<'a> User<'a> {
    fn of(user: &'a UserInfo) -> Self {
        Self {
            username: user.username(),
            uid: user.uid(),
            groups: user.groups(),
            extra: user.extra(),
        }
    }
}
