//! What STS's answer is when it is no identity.

use thiserror::Error as ThisError;

/// Why STS's answer yields no identity: either STS refused the caller, or nobody could say.
///
/// The two are different types because they must be treated differently. A refusal may be
/// remembered; **a failure says nothing of the caller and must not be remembered as "not
/// authenticated"**: a webhook answers it with an error, so that kube-apiserver asks again.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, ThisError)]
#[expect(
    clippy::exhaustive_enums,
    reason = "whoever answers a caller must answer both"
)]
pub enum AnswerError {
    /// STS did not answer the question.
    #[error(transparent)]
    Failed(#[from] AnswerFailure),
    /// STS knows the request and says no.
    #[error("STS refused the request: {0}")]
    Refused(Refusal),
}

impl AnswerError {
    /// Returns the stable kebab-case name of the fact.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Failed(failure) => failure.code(),
            Self::Refused(refusal) => refusal.code(),
        }
    }
}

/// What is wrong with STS or the way to it.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, ThisError)]
#[non_exhaustive]
pub enum AnswerFailure {
    /// The answer is not declared, once and without compression, as one of STS's two formats.
    #[error("STS's answer is not declared as plain `application/json` or `text/xml`")]
    ContentType,
    /// The three facts do not fit each other.
    #[error("STS's answer contradicts itself: {0}")]
    Inconsistent(iam_principal::Error),
    /// Not the one document that STS answers with.
    #[error("STS's answer is not one GetCallerIdentityResponse")]
    Malformed,
    /// The caller is of another partition.
    #[error("the caller is of another partition than this verifier")]
    Partition,
    /// A redirect, which is never followed: STS does not redirect.
    #[error("STS's answer is a redirect")]
    Redirected,
    /// STS asks to be asked less.
    #[error("STS throttled the request")]
    Throttled,
    /// Longer than [`MAX_ANSWER_LEN`](crate::MAX_ANSWER_LEN).
    #[error("STS's answer is longer than 65536 bytes")]
    TooLong,
    /// STS failed.
    #[error("STS failed with status {status}")]
    Unavailable {
        /// The HTTP status, from 500 on.
        status: u16,
    },
    /// Any other status, or a refusal that is not in STS's own words: a proxy's, for instance.
    #[error("STS answered with the unexpected status {status}")]
    UnexpectedStatus {
        /// The HTTP status.
        status: u16,
    },
}

impl AnswerFailure {
    /// Returns the stable kebab-case name of the fact.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ContentType | Self::Malformed => "malformed-response",
            Self::Inconsistent(_) => "inconsistent-response",
            Self::Partition => "partition",
            Self::Redirected => "redirected",
            Self::Throttled => "throttled",
            Self::TooLong => "response-too-long",
            Self::Unavailable { .. } | Self::UnexpectedStatus { .. } => "sts-error",
        }
    }
}

/// STS's reason for a refusal (STS API reference, "Common errors"; each was seen from STS).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Refusal {
    /// `AccessDenied`, for instance by a policy that forbids the caller everything.
    AccessDenied,
    /// `ExpiredToken`: the session token is over.
    ExpiredToken,
    /// `IncompleteSignature`
    IncompleteSignature,
    /// `InvalidClientTokenId`: no such access key, or it has another session token.
    InvalidClientTokenId,
    /// `MissingAuthenticationToken`
    MissingAuthenticationToken,
    /// `RequestExpired`
    RequestExpired,
    /// `SignatureDoesNotMatch`: another secret, another cluster id, or the signature is expired.
    SignatureDoesNotMatch,
}

impl Refusal {
    const ALL: [Self; 7] = [
        Self::AccessDenied,
        Self::ExpiredToken,
        Self::IncompleteSignature,
        Self::InvalidClientTokenId,
        Self::MissingAuthenticationToken,
        Self::RequestExpired,
        Self::SignatureDoesNotMatch,
    ];

    /// Returns STS's own word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessDenied => "AccessDenied",
            Self::ExpiredToken => "ExpiredToken",
            Self::IncompleteSignature => "IncompleteSignature",
            Self::InvalidClientTokenId => "InvalidClientTokenId",
            Self::MissingAuthenticationToken => "MissingAuthenticationToken",
            Self::RequestExpired => "RequestExpired",
            Self::SignatureDoesNotMatch => "SignatureDoesNotMatch",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|refusal| refusal.as_str() == word)
    }

    /// Returns the stable kebab-case name of the fact.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::AccessDenied => "access-denied",
            Self::ExpiredToken => "expired-session-token",
            Self::IncompleteSignature => "incomplete-signature",
            Self::InvalidClientTokenId => "invalid-client-token-id",
            Self::MissingAuthenticationToken => "missing-authentication-token",
            Self::RequestExpired => "request-expired",
            Self::SignatureDoesNotMatch => "signature-mismatch",
        }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
