//! The answers of the listeners.

use std::future::Future;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::poll_immediate;
use http::request::Parts;
use http::{HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Body as _, Bytes, Incoming};
use printable_text::Printable;
use tokio::time::timeout;

use super::activity::RequestGuard;
use crate::metrics::METRICS_CONTENT_TYPE;
use crate::record::ReviewedKind;
use crate::webhooks::{Answer, Webhooks, document, max_body, text, too_large};

/// Answers requests.
pub(super) trait Service: Send + Sync + 'static {
    /// Answers a request. `guard` lives until the answer is complete, and is notified when the body was
    /// read.
    fn respond(
        &self,
        request: Request<Incoming>,
        guard: RequestGuard,
        peer: IpAddr,
    ) -> impl Future<Output = Answer> + Send;
}

/// The webhooks.
pub(super) struct WebhookService {
    webhooks: Arc<Webhooks>,
    body_timeout: Duration,
}

impl WebhookService {
    pub(super) const fn new(webhooks: Arc<Webhooks>, body_timeout: Duration) -> Self {
        Self {
            webhooks,
            body_timeout,
        }
    }
}

impl Service for WebhookService {
    async fn respond(
        &self,
        request: Request<Incoming>,
        mut guard: RequestGuard,
        peer: IpAddr,
    ) -> Answer {
        let (head, body) = request.into_parts();
        let path = head.uri.path();
        if matches!(path, "/healthz" | "/livez" | "/metrics") {
            guard.body_read();
            return probe(&self.webhooks, &head.method, path);
        }
        let answer = self.review(&head, body, guard, peer);
        self.webhooks.traces().request(&head, peer, answer).await
    }
}

impl WebhookService {
    async fn review(
        &self,
        head: &Parts,
        body: Incoming,
        mut guard: RequestGuard,
        peer: IpAddr,
    ) -> Answer {
        let kind = match self.webhooks.route(&head.method, head.uri.path(), peer) {
            Ok(kind) => kind,
            Err(answer) => {
                guard.body_read();
                return closing(*answer);
            }
        };
        let mut read = pin!(read(body, kind));
        // Most bodies arrive with their head, and need no timer.
        let read = match poll_immediate(read.as_mut()).await {
            Some(read) => Ok(read),
            None => timeout(self.body_timeout, read).await,
        };
        match read {
            Ok(Ok(body)) => {
                guard.body_read();
                self.webhooks.answer(kind, &body, peer).await
            }
            Ok(Err(answer)) => closing(*answer),
            Err(_) => {
                self.webhooks.metrics().connection_cut("body-timeout");
                closing(text(
                    StatusCode::REQUEST_TIMEOUT,
                    "the body came too slowly",
                ))
            }
        }
    }
}

/// Reads a body that is not longer than a review of its kind may be.
async fn read(mut body: Incoming, kind: ReviewedKind) -> Result<Bytes, Box<Answer>> {
    let max = max_body(kind);
    let first = match body.frame().await {
        None => Bytes::new(),
        Some(Ok(frame)) => frame.into_data().unwrap_or_default(),
        Some(Err(_)) => return Err(incomplete()),
    };
    let Some(left) = max.checked_sub(first.len()) else {
        return Err(too_large(kind).into());
    };
    if body.is_end_stream() {
        // Most bodies come in one piece, which need not be copied.
        return Ok(first);
    }
    match Limited::new(body, left).collect().await {
        Ok(rest) => Ok([first, rest.to_bytes()].concat().into()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large(kind).into()),
        Err(_) => Err(incomplete()),
    }
}

fn incomplete() -> Box<Answer> {
    text(StatusCode::BAD_REQUEST, "the body is incomplete").into()
}

/// Ends the connection after an answer, because the rest of the request's body was not read.
fn closing(mut answer: Answer) -> Answer {
    let close = HeaderValue::from_static("close");
    answer.headers_mut().insert(header::CONNECTION, close);
    answer
}

/// Probes and metrics.
pub(super) struct ProbeService {
    webhooks: Arc<Webhooks>,
    is_stopping: Arc<AtomicBool>,
}

impl ProbeService {
    pub(super) const fn new(webhooks: Arc<Webhooks>, is_stopping: Arc<AtomicBool>) -> Self {
        Self {
            webhooks,
            is_stopping,
        }
    }

    /// Answers whether the server is ready for reviews, with one line for each source.
    fn readiness(&self) -> Answer {
        let snapshot = self.webhooks.rules().load();
        let is_stopping = self.is_stopping.load(Ordering::Relaxed);
        let mut lines = Vec::new();
        if is_stopping {
            lines.push("[-] stopping".to_owned());
        }
        for source in snapshot.sources() {
            let mark = if source.is_ready() { '+' } else { '-' };
            let name = Printable::new(source.name());
            let state = match source.last_error() {
                Some(error) => format!("failed: {}", Printable::new(error)),
                None if source.is_ready() => "ok".to_owned(),
                None => "not read yet".to_owned(),
            };
            lines.push(format!("[{mark}] {name}: {state}"));
        }
        let status = match snapshot.is_ready() && !is_stopping {
            true => StatusCode::OK,
            false => StatusCode::SERVICE_UNAVAILABLE,
        };
        lines.push(
            if status == StatusCode::OK {
                "ok"
            } else {
                "not ready"
            }
            .to_owned(),
        );
        text(status, &lines.join("\n"))
    }
}

impl Service for ProbeService {
    async fn respond(
        &self,
        request: Request<Incoming>,
        mut guard: RequestGuard,
        _: IpAddr,
    ) -> Answer {
        guard.body_read();
        match (request.method(), request.uri().path()) {
            (&Method::GET | &Method::HEAD, "/readyz") => self.readiness(),
            (method, path) => probe(&self.webhooks, method, path),
        }
    }
}

/// Answers the probes that both listeners have. `/` is upstream's, whose listener of probes has one answer.
fn probe(webhooks: &Webhooks, method: &Method, path: &str) -> Answer {
    if !matches!(*method, Method::GET | Method::HEAD) {
        return closing(text(StatusCode::METHOD_NOT_ALLOWED, "expected GET"));
    }
    match path {
        "/" | "/healthz" | "/livez" => text(StatusCode::OK, "ok"),
        "/metrics" => {
            let metrics = webhooks.metrics().encode(&webhooks.rules().load());
            document(StatusCode::OK, METRICS_CONTENT_TYPE, metrics)
        }
        _ => text(StatusCode::NOT_FOUND, "not found"),
    }
}
