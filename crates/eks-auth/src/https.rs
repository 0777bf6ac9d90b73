//! STS over HTTPS.

use std::time::Duration;

use http::{HeaderMap, Request, Response};
use reqwest::{Client, redirect};
use sts_presign::MAX_ANSWER_LEN;

use crate::transport::{Transport, TransportError};

/// How long STS has to answer: upstream's (`pkg/token/token.go`, the client of `NewVerifier`).
pub const STS_TIMEOUT: Duration = Duration::from_secs(10);

/// Asks STS over HTTPS: TLS only, no redirects, [`STS_TIMEOUT`], and at most
/// [`MAX_ANSWER_LEN`] bytes read.
///
/// The system's certificates are trusted and its proxy variables honored, as `reqwest` does. The
/// program installs rustls's cryptography: this crate chooses none.
#[derive(Clone, Debug)]
pub struct Https {
    client: Client,
}

impl Https {
    /// Builds the client.
    ///
    /// # Errors
    ///
    /// [`TransportError::Connect`] if TLS cannot be set up, for want of any trusted certificate for
    /// instance.
    pub fn new() -> Result<Self, TransportError> {
        let client = Client::builder()
            .https_only(true)
            .redirect(redirect::Policy::none())
            .timeout(STS_TIMEOUT)
            .build()
            .map_err(|_| TransportError::Connect)?;
        Ok(Self { client })
    }
}

impl Transport for Https {
    async fn send(&self, request: Request<()>) -> Result<Response<Vec<u8>>, TransportError> {
        let request = reqwest::Request::try_from(request.map(|()| reqwest::Body::default()))
            .map_err(|_| TransportError::Connect)?;
        let mut answer = self.client.execute(request).await.map_err(classify)?;
        let (status, headers) = (answer.status(), std::mem::take(answer.headers_mut()));
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(classify)? {
            if body.len().saturating_add(chunk.len()) > MAX_ANSWER_LEN {
                return Err(TransportError::TooLong);
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

/// The error's own text holds the URL, and with it the signature: only its kind goes on.
fn classify(error: reqwest::Error) -> TransportError {
    if error.is_timeout() {
        TransportError::Timeout
    } else if error.is_connect() || error.is_builder() {
        TransportError::Connect
    } else {
        TransportError::Interrupted
    }
}
