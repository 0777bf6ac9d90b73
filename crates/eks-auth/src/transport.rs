//! How a request gets to STS.

use std::future::Future;

use http::{Request, Response};
use thiserror::Error as ThisError;

/// Sends one request to STS and brings the answer back.
///
/// It names no runtime and no client. An implementation
///
/// - sends exactly this request, to exactly this host, over TLS with its certificate checked;
/// - follows no redirect;
/// - reads at most [`MAX_ANSWER_LEN`](sts_presign::MAX_ANSWER_LEN) bytes of the answer;
/// - gives up after a time that it sets.
pub trait Transport {
    /// Sends the request.
    fn send(
        &self,
        request: Request<()>,
    ) -> impl Future<Output = Result<Response<Vec<u8>>, TransportError>> + Send;
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, ThisError)]
#[non_exhaustive]
pub enum TransportError {
    /// No connection: the name, the route, or TLS.
    #[error("no connection to STS")]
    Connect,
    /// The connection broke before the answer was whole.
    #[error("the connection to STS broke")]
    Interrupted,
    /// The answer is longer than anything STS writes.
    #[error("STS's answer is longer than 65536 bytes")]
    TooLong,
    /// No answer in time.
    #[error("STS did not answer in time")]
    Timeout,
}

impl TransportError {
    /// Returns the stable kebab-case name of the fact.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Connect => "sts-unreachable",
            Self::Interrupted => "sts-interrupted",
            Self::TooLong => "response-too-long",
            Self::Timeout => "sts-timeout",
        }
    }
}
