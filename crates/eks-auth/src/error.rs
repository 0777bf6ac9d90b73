//! Why a token names no user.

use thiserror::Error as ThisError;

use crate::transport::TransportError;

/// Why a token names no user: either it is refused, or nobody could say.
///
/// The two are different types because they must be treated differently. A refusal may be
/// remembered; **a failure must not**, and whoever asked should ask again.
#[derive(Clone, Debug, Eq, PartialEq, ThisError)]
#[expect(
    clippy::exhaustive_enums,
    reason = "whoever answers a caller must answer both"
)]
pub enum AuthError {
    /// The question could not be answered.
    #[error(transparent)]
    Failed(#[from] Failed),
    /// The token was judged, and is no good.
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
}

/// Why the question could not be answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ThisError)]
#[non_exhaustive]
pub enum Failed {
    /// STS did not answer the question.
    #[error(transparent)]
    Sts(sts_presign::AnswerFailure),
    /// The request did not get to STS, or its answer not back.
    #[error(transparent)]
    Transport(TransportError),
}

impl Failed {
    /// Returns the stable kebab-case name of the fact.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Sts(error) => error.code(),
            Self::Transport(error) => error.code(),
        }
    }
}

/// Why a token is no good.
///
/// **The caller gets `401` and nothing else**; the reason is for the log. It holds nothing of the
/// token.
#[derive(Clone, Debug, Eq, PartialEq, ThisError)]
#[non_exhaustive]
pub enum Refused {
    /// STS knows whose it is, and the rule that names them yields no user.
    #[error("{0}")]
    Mapping(aws_auth_map::Refusal),
    /// STS knows whose it is, and no rule names them.
    #[error("no rule maps this identity to a user")]
    NotMapped,
    /// STS says no.
    #[error("STS refused the request: {0}")]
    Sts(sts_presign::Refusal),
    /// The token is no token.
    #[error(transparent)]
    Token(eks_token::Error),
    /// The URL in it must not be asked about.
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
