//! Why a response of STS has no identity.

use std::fmt;

use thiserror::Error as ThisError;

/// Why a response has no identity: STS refused the caller, or the exchange failed.
///
/// The two are different types because they need different treatment. A refusal may be cached. **A failure
/// says nothing about the caller and must not be cached as "not authenticated"**: a webhook answers it with
/// an error status, so that kube-apiserver retries.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, ThisError)]
#[expect(clippy::exhaustive_enums, reason = "every caller has to treat both")]
pub enum AnswerError {
    /// The exchange with STS failed.
    #[error(transparent)]
    Failed(#[from] AnswerFailure),
    /// STS refused the request.
    #[error("STS refused the request: {0}")]
    Refused(Refusal),
}

impl AnswerError {
    /// Returns the stable kebab-case code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Failed(failure) => failure.code(),
            Self::Refused(refusal) => refusal.code(),
        }
    }
}

/// How the exchange with STS failed.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, ThisError)]
#[non_exhaustive]
pub enum AnswerFailure {
    /// The content type is not exactly one of STS's two, or the response is compressed.
    #[error("the response of STS is not declared as uncompressed `application/json` or `text/xml`")]
    ContentType,
    /// ARN, account and user id contradict each other.
    #[error("the response of STS contradicts itself: {0}")]
    Inconsistent(iam_principal::Error),
    /// The body is not the one document that STS writes.
    #[error("the response of STS is not one GetCallerIdentityResponse")]
    Malformed,
    /// The caller belongs to another partition.
    #[error("the caller belongs to another partition than this verifier")]
    Partition,
    /// A redirect, which is never followed: STS does not redirect.
    #[error("the response of STS is a redirect")]
    Redirected,
    /// STS throttled the request.
    #[error("STS throttled the request")]
    Throttled,
    /// Longer than [`MAX_ANSWER_LEN`](crate::MAX_ANSWER_LEN).
    #[error("the response of STS is longer than {max} bytes", max = crate::MAX_ANSWER_LEN)]
    TooLong,
    /// STS failed to answer.
    #[error("STS failed with status {status}{}", in_parentheses(.fault))]
    Unavailable {
        /// The HTTP status, from 500 on.
        status: u16,
        /// The error code of STS. `None` if the body is not STS's own document.
        fault: Option<FaultCode>,
    },
    /// Any other status, or a refusal without STS's own document, such as a refusal by a proxy.
    #[error("STS answered with the unexpected status {status}{}", in_parentheses(.fault))]
    UnexpectedStatus {
        /// The HTTP status.
        status: u16,
        /// The error code of STS, such as `RegionDisabledException`. `None` if the body is not STS's own
        /// document.
        fault: Option<FaultCode>,
    },
}

fn in_parentheses(fault: &Option<FaultCode>) -> String {
    fault.map_or_else(String::new, |fault| format!(" ({fault})"))
}

/// The error code in a document of STS: 1 to [`MAX_FAULT_CODE_LEN`] ASCII letters, digits and dots, the first
/// a capital letter. A longer text, or a text with other characters, is not a code of STS and is not kept.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct FaultCode {
    // INVARIANT: ASCII, padded with zeros.
    bytes: [u8; MAX_FAULT_CODE_LEN],
}

/// The longest error code that is kept: our choice. `InvalidAuthorizationMessageException`, the longest of the
/// STS API reference, has 36 letters, and the hexadecimal signature of a request, which must not be logged,
/// has 64.
pub const MAX_FAULT_CODE_LEN: usize = 48;

impl FaultCode {
    /// Parses the text of an error code.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_code = text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'.')
            && text.starts_with(|first: char| first.is_ascii_uppercase());
        let mut bytes = [0; MAX_FAULT_CODE_LEN];
        bytes
            .get_mut(..text.len())?
            .copy_from_slice(text.as_bytes());
        is_code.then_some(Self { bytes })
    }

    /// Returns the code, as STS spells it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let text = self.bytes.split(|byte| *byte == 0).next();
        std::str::from_utf8(text.unwrap_or_default()).unwrap_or_default()
    }
}

impl fmt::Debug for FaultCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for FaultCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl AnswerFailure {
    /// Returns the stable kebab-case code.
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

/// The error code of a refusal (STS API reference, "Common errors"; each was observed from STS).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Refusal {
    /// `AccessDenied`, for example by a policy that denies the caller everything.
    AccessDenied,
    /// `ExpiredToken`: the session token has expired.
    ExpiredToken,
    /// `IncompleteSignature`
    IncompleteSignature,
    /// `InvalidClientTokenId`: the access key does not exist, or has another session token.
    InvalidClientTokenId,
    /// `MissingAuthenticationToken`
    MissingAuthenticationToken,
    /// `RequestExpired`
    RequestExpired,
    /// `SignatureDoesNotMatch`: another secret, another cluster id, or an expired signature.
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

    /// Returns the error code, as STS spells it.
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

    pub(crate) fn from_code(code: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|refusal| refusal.as_str() == code)
    }

    /// Returns the stable kebab-case code.
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

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
