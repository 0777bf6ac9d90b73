//! The HTTP client of the exporter.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use printable_text::Causes;
use reqwest::{Client, redirect};
use thiserror::Error as ThisError;
use tokio::runtime::Handle;

use crate::setup;

/// The longest answer of a collector in bytes: our choice. It has a message and a number.
const MAX_ANSWER_LEN: usize = 65_536;

/// How long an export may take (OTLP specification, `OTEL_EXPORTER_OTLP_TIMEOUT`).
const TIMEOUT: Duration = Duration::from_secs(10);

/// The answer of the collector has more than [`MAX_ANSWER_LEN`] bytes.
#[derive(Debug, ThisError)]
#[error("the answer of the collector is longer than {MAX_ANSWER_LEN} bytes")]
struct TooLong;

/// Sends spans to a collector: directly, without redirects.
///
/// The exporter runs on a separate thread and stores only the fact that a request failed, so this type stores the
/// cause.
#[derive(Clone, Debug)]
pub(super) struct Collector {
    client: Client,
    runtime: Handle,
    cause: Arc<Mutex<Option<String>>>,
}

impl Collector {
    /// Builds the client. Must be called within the runtime that sends the requests.
    pub(super) fn new(timeout: Duration) -> Result<Self, String> {
        setup::install_provider();
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .timeout(timeout)
            .build()
            .map_err(|why| format!("traces: {}", Causes::new(&why)))?;
        Ok(Self {
            client,
            runtime: Handle::current(),
            cause: Arc::default(),
        })
    }

    /// Takes the cause of the last failure. `None` if a later request had an answer.
    pub(super) fn take_cause(&self) -> Option<String> {
        self.set_cause(None)
    }

    fn set_cause(&self, cause: Option<String>) -> Option<String> {
        let mut own = self.cause.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *own, cause)
    }
}

/// Returns how long an export may take, by the variables of OpenTelemetry.
pub(super) fn timeout(variable: impl Fn(&str) -> Option<String>) -> Duration {
    [
        "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
        "OTEL_EXPORTER_OTLP_TIMEOUT",
    ]
    .into_iter()
    .find_map(|name| variable(name)?.parse().ok())
    .map_or(TIMEOUT, Duration::from_millis)
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        let sent = self
            .runtime
            .spawn(async move { send(&client, request).await });
        // The task ends early if the runtime ends.
        let outcome = sent.await.map_err(HttpError::from).flatten();
        let cause = outcome.as_ref().err();
        self.set_cause(cause.map(|why| Causes::new(why.as_ref()).to_string()));
        outcome
    }
}

async fn send(client: &Client, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    // The URL may have a password.
    let failed = |why: reqwest::Error| HttpError::from(why.without_url());
    let request = reqwest::Request::try_from(request).map_err(failed)?;
    let mut answer = client.execute(request).await.map_err(failed)?;
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(failed)? {
        if body.len().saturating_add(chunk.len()) > MAX_ANSWER_LEN {
            return Err(TooLong.into());
        }
        body.extend_from_slice(&chunk);
    }
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = answer.status();
    *response.headers_mut() = std::mem::take(answer.headers_mut());
    Ok(response)
}
