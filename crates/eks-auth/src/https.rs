//! STS over HTTPS.

use std::time::Duration;

use http::{HeaderMap, Request, Response};
use reqwest::{Client, redirect};
use rustls::crypto::CryptoProvider;
use sts_presign::MAX_ANSWER_LEN;
use thiserror::Error as ThisError;

use crate::transport::{PostTransport, Transport, TransportError, TransportErrorKind};

/// How long STS has to answer: upstream's value (`pkg/token/token.go`, the client of `NewVerifier`).
pub const STS_TIMEOUT: Duration = Duration::from_secs(10);

/// Asks STS over HTTPS: TLS only, no redirects, a timeout of [`STS_TIMEOUT`], and at most
/// [`MAX_ANSWER_LEN`] bytes of the answer.
///
/// As `reqwest` does, it trusts the system's certificates and honors the proxy variables of the
/// environment. The program installs a cryptography provider for rustls; this crate chooses none.
#[derive(Clone, Debug)]
pub struct Https {
    client: Client,
}

impl Https {
    /// Builds the client.
    ///
    /// # Errors
    ///
    /// [`TransportErrorKind::Setup`] if the program installed no cryptography provider for rustls, or if TLS
    /// cannot be set up for another reason, for instance because no certificate is trusted.
    pub fn new() -> Result<Self, TransportError> {
        // reqwest panics without a provider.
        if CryptoProvider::get_default().is_none() {
            return Err(TransportError::new(TransportErrorKind::Setup).with_source(NoProvider));
        }
        let client = Client::builder()
            .https_only(true)
            .redirect(redirect::Policy::none())
            .timeout(STS_TIMEOUT)
            .build()
            .map_err(|error| with_cause(TransportErrorKind::Setup, error))?;
        Ok(Self { client })
    }
}

/// The cause of a [`TransportErrorKind::Setup`].
#[derive(Debug, ThisError)]
#[error("no cryptography provider for rustls is installed in this process")]
struct NoProvider;

impl Transport for Https {
    async fn send(&self, request: Request<()>) -> Result<Response<Vec<u8>>, TransportError> {
        self.execute(request.map(|()| reqwest::Body::default()))
            .await
    }
}

impl PostTransport for Https {
    async fn send_post(
        &self,
        request: Request<&'static str>,
    ) -> Result<Response<Vec<u8>>, TransportError> {
        self.execute(request.map(reqwest::Body::from)).await
    }
}

impl Https {
    async fn execute(
        &self,
        request: Request<reqwest::Body>,
    ) -> Result<Response<Vec<u8>>, TransportError> {
        let request = reqwest::Request::try_from(request)
            .map_err(|error| with_cause(TransportErrorKind::Connect, error))?;
        let mut answer = self.client.execute(request).await.map_err(classify)?;
        let (status, headers) = (answer.status(), std::mem::take(answer.headers_mut()));
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(classify)? {
            if body.len().saturating_add(chunk.len()) > MAX_ANSWER_LEN {
                return Err(TransportErrorKind::TooLong.into());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(response(status, headers, body))
    }
}

fn response(status: http::StatusCode, headers: HeaderMap, body: Vec<u8>) -> Response<Vec<u8>> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

fn classify(error: reqwest::Error) -> TransportError {
    let kind = if error.is_timeout() {
        TransportErrorKind::Timeout
    } else if error.is_connect() || error.is_builder() {
        TransportErrorKind::Connect
    } else {
        TransportErrorKind::Interrupted
    };
    with_cause(kind, error)
}

/// Keeps the cause without its URL, which contains the signature.
fn with_cause(kind: TransportErrorKind, error: reqwest::Error) -> TransportError {
    TransportError::new(kind).with_source(error.without_url())
}
