//! The webhooks: from the body of a request to its answer.

mod access_review;
mod token_review;

use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use eks_auth::{MAX_REVIEW_LEN, UnixTime};
use http::{HeaderValue, Method, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use k8s_rbac::KubernetesVersion;

use crate::identities::{CacheUse, Identities};
use crate::metrics::{Metrics, UpstreamResult};
use crate::private_dns_names::PrivateDnsNames;
use crate::rate::ClientRate;
use crate::record::{Observer, ReviewRecord, ReviewedKind, ServerEvent, Verdict};
use crate::request_id::RequestIds;
use crate::snapshot::SharedSnapshot;
use crate::traces::Traces;

/// The path of `TokenReview`s, the same as upstream's.
pub const AUTHENTICATE_PATH: &str = "/authenticate";

/// The path of `SubjectAccessReview`s.
pub const AUTHORIZE_PATH: &str = "/authorize";

/// How many reviews are answered at once: our choice. A review that waits for STS takes a few
/// kilobytes, and kube-apiserver itself handles 600 requests at once by default
/// (`--max-requests-inflight` and `--max-mutating-requests-inflight`). Further reviews are answered
/// with 503 at once.
pub const MAX_REQUESTS: usize = 1_024;

/// The longest `SubjectAccessReview` in bytes: our choice. kube-apiserver caches the answers to reviews
/// below 10,000 bytes. The review of a user with hundreds of groups has some 50,000.
pub const MAX_ACCESS_REVIEW_LEN: usize = 262_144;

/// The statuses of answers that name no user.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum StatusCodes {
    /// A refusal is an answer, 200. A failure is 500 or 429, after which kube-apiserver asks again.
    #[default]
    ByOutcome,
    /// As upstream: 403 for refusals and failures alike, 429 if STS throttles.
    Upstream,
}

/// Answers reviews.
pub struct Webhooks {
    identities: Identities,
    rules: SharedSnapshot,
    names: Option<Arc<dyn PrivateDnsNames>>,
    metrics: Arc<Metrics>,
    observer: Arc<dyn Observer>,
    clock: fn() -> UnixTime,
    ids: RequestIds,
    max_requests: usize,
    rate: Option<ClientRate>,
    audiences: Vec<String>,
    are_untyped_accepted: bool,
    statuses: StatusCodes,
    access_reviews: Option<KubernetesVersion>,
    traces: Traces,
}

impl Webhooks {
    /// Builds webhooks that answer `TokenReview`s, by the system's clock, with default limits.
    #[must_use]
    pub fn new(
        identities: Identities,
        rules: SharedSnapshot,
        metrics: Arc<Metrics>,
        observer: Arc<dyn Observer>,
    ) -> Self {
        Self {
            identities,
            rules,
            names: None,
            metrics,
            observer,
            clock: system_clock,
            ids: RequestIds::new(),
            max_requests: MAX_REQUESTS,
            rate: None,
            audiences: Vec::new(),
            are_untyped_accepted: false,
            statuses: StatusCodes::default(),
            access_reviews: None,
            traces: Traces::none(),
        }
    }

    /// Makes a span for each request, as a child of the span that the propagator reads from its headers, with spans
    /// for the calls to STS and the look-ups of private DNS names below it.
    ///
    /// A span has the verdict, its code and the request id of the [`ReviewRecord`], but not the caller or any part
    /// of the token. Probes and metrics have no spans.
    #[cfg(feature = "otel")]
    #[must_use]
    pub fn with_tracer(
        self,
        tracer: opentelemetry::global::BoxedTracer,
        propagator: impl opentelemetry::propagation::TextMapPropagator + Send + Sync + 'static,
    ) -> Self {
        let traces = Traces::new(tracer, propagator);
        Self {
            identities: self.identities.with_traces(traces.clone()),
            traces,
            ..self
        }
    }

    /// Looks up the private DNS names of instances. Without it, the logins of nodes whose rule contains
    /// `{{EC2PrivateDNSName}}` fail.
    #[must_use]
    pub fn with_private_dns_names(self, names: Arc<dyn PrivateDnsNames>) -> Self {
        Self {
            names: Some(names),
            ..self
        }
    }

    /// Answers `SubjectAccessReview`s as a kube-apiserver of this version does.
    #[must_use]
    pub fn with_access_reviews(self, version: KubernetesVersion) -> Self {
        Self {
            access_reviews: Some(version),
            ..self
        }
    }

    /// Declares the audiences that tokens are valid for. A review that asks only for other audiences is
    /// refused. Otherwise the answer names the common audiences. By default, the audiences of a review are
    /// ignored and the answer has no audiences, as in upstream. kube-apiserver then assumes its own
    /// audiences.
    #[must_use]
    pub fn with_audiences(self, audiences: impl IntoIterator<Item = String>) -> Self {
        Self {
            audiences: audiences.into_iter().collect(),
            ..self
        }
    }

    /// Accepts documents without `kind` and `apiVersion`, as upstream does.
    #[must_use]
    pub fn with_untyped_reviews(self) -> Self {
        Self {
            are_untyped_accepted: true,
            ..self
        }
    }

    /// Sets the statuses of answers that name no user.
    #[must_use]
    pub fn with_statuses(self, statuses: StatusCodes) -> Self {
        Self { statuses, ..self }
    }

    /// Sets how many reviews are answered at once; by default [`MAX_REQUESTS`]. The reviews of other webhooks with the
    /// same [`Metrics`] count as well.
    #[must_use]
    pub fn with_max_requests(self, requests: usize) -> Self {
        Self {
            max_requests: requests,
            ..self
        }
    }

    /// Limits the requests of each client address per second. By default there is no limit, because
    /// usually kube-apiserver is the only client, and it asks for all users.
    #[must_use]
    pub fn with_client_rate(self, per_second: NonZeroU32) -> Self {
        Self {
            rate: Some(ClientRate::new(per_second)),
            ..self
        }
    }

    /// Replaces the clock.
    #[must_use]
    pub fn with_clock(self, clock: fn() -> UnixTime) -> Self {
        Self { clock, ..self }
    }

    /// Returns the rules.
    #[must_use]
    pub const fn rules(&self) -> &SharedSnapshot {
        &self.rules
    }

    /// Returns the metrics.
    #[must_use]
    pub const fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// Returns the identities.
    #[must_use]
    pub const fn identities(&self) -> &Identities {
        &self.identities
    }

    /// Returns the time by the clock.
    pub(crate) fn now(&self) -> UnixTime {
        (self.clock)()
    }

    pub(crate) const fn traces(&self) -> &Traces {
        &self.traces
    }

    pub(crate) fn observe(&self, event: &ServerEvent<'_>) {
        self.observer.event(event);
    }

    /// Decides from the head of a request whether its body is read.
    ///
    /// # Errors
    ///
    /// The answer to a request that is not a review (404, 405), or that exceeds the client's rate
    /// (429).
    pub(crate) fn route(
        &self,
        method: &Method,
        path: &str,
        peer: IpAddr,
    ) -> Result<ReviewedKind, Box<Answer>> {
        let kind = match path {
            AUTHENTICATE_PATH => ReviewedKind::Token,
            AUTHORIZE_PATH if self.access_reviews.is_some() => ReviewedKind::Access,
            _ => return Err(text(StatusCode::NOT_FOUND, "not found").into()),
        };
        if method != Method::POST {
            if kind == ReviewedKind::Token {
                // As upstream: pkg/server/server.go, authenticateEndpoint.
                let result = UpstreamResult::MalformedRequest;
                self.metrics.authenticated(result, Duration::ZERO);
            }
            let mut answer = text(StatusCode::METHOD_NOT_ALLOWED, "expected POST");
            let post = HeaderValue::from_static("POST");
            answer.headers_mut().insert(header::ALLOW, post);
            return Err(answer.into());
        }
        if self.rate.as_ref().is_some_and(|rate| !rate.allows(peer)) {
            self.metrics.shed("client-rate");
            return Err(text(
                StatusCode::TOO_MANY_REQUESTS,
                "too many requests from this address",
            )
            .into());
        }
        Ok(kind)
    }

    /// Answers a request whose body has been read, as [`Server`](crate::Server) answers it at
    /// [`AUTHENTICATE_PATH`] and [`AUTHORIZE_PATH`]. It is for a program with its own HTTP server. `peer` is
    /// the client's address.
    ///
    /// Such a program must read at most [`MAX_ACCESS_REVIEW_LEN`] bytes of a body, and enforce
    /// timeouts.
    pub async fn respond(
        &self,
        method: &Method,
        path: &str,
        body: &[u8],
        peer: IpAddr,
    ) -> Response<Vec<u8>> {
        let answer = match self.route(method, path, peer) {
            Ok(kind) if body.len() > max_body(kind) => too_large(kind),
            Ok(kind) => self.answer(kind, body, peer).await,
            Err(answer) => *answer,
        };
        let (head, body) = answer.into_parts();
        // A body that is in memory cannot fail.
        let body = body.collect().await.map(|body| body.to_bytes().to_vec());
        Response::from_parts(head, body.unwrap_or_default())
    }

    /// Answers a review.
    pub(crate) async fn answer(&self, kind: ReviewedKind, body: &[u8], peer: IpAddr) -> Answer {
        let Some(_in_flight) = self.metrics.start_request(self.max_requests) else {
            self.metrics.shed("requests");
            return text(
                StatusCode::SERVICE_UNAVAILABLE,
                "too many requests in flight",
            );
        };
        let mut review = Reviewing {
            start: Instant::now(),
            request_id: self.ids.next(),
            peer,
            kind,
        };
        match kind {
            ReviewedKind::Token => self.review_token(&mut review, body).await,
            ReviewedKind::Access => self.review_access(&mut review, body),
        }
    }

    /// Records a review that was answered.
    fn record(&self, review: &Reviewing, outcome: &Outcome<'_>) {
        let took = review.start.elapsed();
        self.metrics
            .review(review.kind, outcome.verdict, outcome.code, took);
        let record = ReviewRecord {
            request_id: &review.request_id,
            peer: review.peer,
            kind: review.kind,
            verdict: outcome.verdict,
            code: outcome.code,
            reason: outcome.reason,
            token: outcome.identified.and_then(|i| i.token.as_ref()),
            identity: outcome.identified.and_then(|i| i.outcome.as_deref().ok()),
            username: outcome.username,
            groups: outcome.groups,
            question: outcome.question,
            cache: outcome.identified.map_or(CacheUse::Unused, |i| i.cache),
            sts_time: outcome.identified.and_then(|i| i.sts_time),
            took,
            generation: outcome.generation,
        };
        self.traces.review(&record);
        self.observer.review(&record);
    }

    /// Answers a body that is not a review.
    fn malformed(&self, review: &Reviewing, code: &'static str, reason: &str) -> Answer {
        self.record(
            review,
            &Outcome {
                code,
                reason,
                ..Outcome::of(Verdict::Malformed)
            },
        );
        let status = match code {
            "too-long" => StatusCode::PAYLOAD_TOO_LARGE,
            _ => StatusCode::BAD_REQUEST,
        };
        text(status, reason)
    }
}

/// Returns the longest body that is read for a review of a kind.
pub(crate) const fn max_body(kind: ReviewedKind) -> usize {
    match kind {
        ReviewedKind::Token => MAX_REVIEW_LEN,
        ReviewedKind::Access => MAX_ACCESS_REVIEW_LEN,
    }
}

impl fmt::Debug for Webhooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhooks")
            .field("identities", &self.identities)
            .field("statuses", &self.statuses)
            .finish_non_exhaustive()
    }
}

/// The answer to a request whose body is longer than a review of its kind may be.
pub(crate) fn too_large(kind: ReviewedKind) -> Answer {
    let max = max_body(kind);
    text(
        StatusCode::PAYLOAD_TOO_LARGE,
        &format!("the body is longer than {max} bytes"),
    )
}

/// A review that is being answered.
struct Reviewing {
    start: Instant,
    request_id: String,
    peer: IpAddr,
    kind: ReviewedKind,
}

/// The facts of a record beyond [`Reviewing`].
struct Outcome<'o> {
    verdict: Verdict,
    code: &'static str,
    reason: &'o str,
    identified: Option<&'o crate::identities::Identified>,
    username: Option<&'o str>,
    groups: &'o [String],
    question: Option<&'o str>,
    generation: u64,
}

impl Outcome<'_> {
    const fn of(verdict: Verdict) -> Self {
        Self {
            verdict,
            code: "ok",
            reason: "",
            identified: None,
            username: None,
            groups: &[],
            question: None,
            generation: 0,
        }
    }
}

/// The answer to a request.
pub(crate) type Answer = Response<Full<Bytes>>;

pub(crate) fn text(status: StatusCode, message: &str) -> Answer {
    document(status, "text/plain; charset=utf-8", format!("{message}\n"))
}

fn json(status: StatusCode, body: String) -> Answer {
    document(status, "application/json", body)
}

pub(crate) fn document(status: StatusCode, content_type: &'static str, body: String) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(body)));
    *answer.status_mut() = status;
    answer
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}

/// Returns the time of the system's clock. If it is before 1970 or after 9999, every token is expired.
fn system_clock() -> UnixTime {
    UnixTime::try_from(SystemTime::now()).unwrap_or(UnixTime::LAST)
}
