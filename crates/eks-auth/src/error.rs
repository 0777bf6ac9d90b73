//! Why a token names no user.

use http::StatusCode;
use sts_presign::AnswerFailure;
use thiserror::Error as ThisError;

use crate::transport::TransportError;

/// Why a token names no user: either the token was refused, or the question could not be answered.
///
/// The two have different types because a cache, a webhook or a retry must treat them differently. A
/// refusal may be cached. **A failure must not**: the caller should try again.
#[derive(Clone, Debug, Eq, PartialEq, ThisError)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a server must decide on its answer to both"
)]
pub enum AuthError {
    /// The question could not be answered.
    #[error(transparent)]
    Failed(#[from] Failed),
    /// The token was refused.
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl AuthError {
    /// Returns the stable kebab-case name of the fact.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Failed(failed) => failed.code(),
            Self::Refused(refused) => refused.code(),
        }
    }

    /// Returns the status with which a server answers the request that carried the token: 401 if the token
    /// is refused, 429 if STS throttles, otherwise 500.
    ///
    /// Do not use it for kube-apiserver's token webhook: that answers reviews with
    /// `AuthError::webhook_status` (feature `review`).
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::Refused(_) => StatusCode::UNAUTHORIZED,
            Self::Failed(Failed::Sts(AnswerFailure::Throttled)) => StatusCode::TOO_MANY_REQUESTS,
            Self::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Returns the body for [`status`](Self::status): a `Status` of the Kubernetes API in JSON, as clients
    /// of kube-apiserver read it. It does not contain the reason, which belongs in the log.
    ///
    /// As upstream: apimachinery, `pkg/api/errors/errors.go`, `NewUnauthorized`, `NewTooManyRequestsError`
    /// and `NewInternalError`.
    #[must_use]
    pub const fn status_body(&self) -> &'static str {
        match self {
            Self::Refused(_) => concat!(
                r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","#,
                r#""message":"Unauthorized","reason":"Unauthorized","code":401}"#,
                "\n"
            ),
            Self::Failed(Failed::Sts(AnswerFailure::Throttled)) => concat!(
                r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","#,
                r#""message":"Too many requests, please try again later.","#,
                r#""reason":"TooManyRequests","code":429}"#,
                "\n"
            ),
            Self::Failed(_) => concat!(
                r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","#,
                r#""message":"Internal error occurred: the token could not be checked","#,
                r#""reason":"InternalError","code":500}"#,
                "\n"
            ),
        }
    }
}

/// Why the question could not be answered.
#[derive(Clone, Debug, Eq, PartialEq, ThisError)]
#[non_exhaustive]
pub enum Failed {
    /// The rule for the caller needs the private DNS name of an EC2 instance, and the name was not looked
    /// up. The token itself may be valid. kube-apiserver would cache a refusal for two minutes.
    #[error("{0}")]
    PrivateDnsNameUnknown(aws_auth_map::Refusal),
    /// The rules, or the section of them that would decide, could not be read. The token itself may be
    /// valid.
    #[error("{0}")]
    RulesUnreadable(aws_auth_map::Refusal),
    /// STS's answer neither names nor refuses the caller.
    #[error(transparent)]
    Sts(AnswerFailure),
    /// The request did not reach STS, or the answer did not arrive.
    #[error(transparent)]
    Transport(TransportError),
}

impl Failed {
    /// Returns the stable kebab-case name of the fact.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::PrivateDnsNameUnknown(refusal) | Self::RulesUnreadable(refusal) => {
                refusal.reason().code()
            }
            Self::Sts(error) => error.code(),
            Self::Transport(error) => error.code(),
        }
    }
}

/// Why a token was refused.
///
/// **Answer the caller with `401` and nothing else**: the reason belongs in the log. It quotes no part of
/// the token.
#[derive(Clone, Debug, Eq, PartialEq, ThisError)]
#[non_exhaustive]
pub enum Refused {
    /// STS named the caller, but the rule for that caller yields no user.
    #[error("{0}")]
    Mapping(aws_auth_map::Refusal),
    /// STS named the caller, but no rule maps that caller.
    #[error("no rule maps this identity to a user")]
    NotMapped,
    /// STS refused the caller.
    #[error("STS refused the request: {0}")]
    Sts(sts_presign::Refusal),
    /// The text is not a token.
    #[error(transparent)]
    Token(eks_token::Error),
    /// The token's URL fails a check, so STS is not asked.
    #[error(transparent)]
    Url(sts_presign::Error),
}

impl Refused {
    /// Returns the stable kebab-case name of the fact.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Mapping(refusal) => refusal.reason().code(),
            Self::NotMapped => "not-mapped",
            Self::Sts(refusal) => refusal.code(),
            Self::Token(error) => error.code(),
            Self::Url(error) => error.code(),
        }
    }
}

impl From<sts_presign::AnswerError> for AuthError {
    fn from(error: sts_presign::AnswerError) -> Self {
        match error {
            sts_presign::AnswerError::Refused(refusal) => Refused::Sts(refusal).into(),
            sts_presign::AnswerError::Failed(failure) => Failed::Sts(failure).into(),
        }
    }
}

impl From<TransportError> for AuthError {
    fn from(error: TransportError) -> Self {
        Failed::Transport(error).into()
    }
}
