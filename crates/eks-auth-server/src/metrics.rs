//! Counters and times, as Prometheus reads them.

use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use eks_auth::{AuthError, Failed, Refused};
use http::StatusCode;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use sts_presign::AnswerFailure;

use crate::snapshot::Snapshot;

/// The content type of [`Metrics::encode`].
pub const METRICS_CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// How many STS regions have a label of their own: AWS has about 40, and a token can name any text of a
/// region's shape. Those beyond are counted as `other`.
const MAX_REGIONS: usize = 64;
const OTHER_REGION: &str = "other";

/// The buckets of upstream's `authenticate_latency_seconds` (Prometheus' defaults, `pkg/metrics`), which end
/// at the deadline of STS.
const SECONDS: [f64; 11] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// The buckets of our own times: reviews from the cache take less than a millisecond.
const FINE_SECONDS: [f64; 14] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0,
];

type Labels<const N: usize> = [(&'static str, String); N];
type Counters<const N: usize> = Family<Labels<N>, Counter>;
type Histograms<const N: usize> = Family<Labels<N>, Histogram, fn() -> Histogram>;

/// The metrics of the webhooks.
///
/// Those named `aws_iam_authenticator_*` have upstream's names, labels and values (`pkg/metrics/metrics.go`),
/// so that dashboards and alerts keep working; those named `eks_auth_*` are ours. No label has a value that a
/// caller chooses, and there is no global registry.
pub struct Metrics {
    registry: Mutex<Registry>,
    regions: Mutex<HashSet<String>>,

    authenticate_latency: Histograms<1>,
    sts_connection_failures: Counters<1>,
    sts_responses: Counters<2>,
    sts_throttling: Counters<1>,

    reviews: Counters<3>,
    review_seconds: Histograms<1>,
    cache: Counters<1>,
    sts_seconds: Histogram,
    sts_calls: Gauge,
    shed: Counters<1>,
    connections: Gauge,
    connections_cut: Counters<1>,
    requests: Gauge,
    certificate_reloads: Counters<1>,
    rules_generation: Gauge<u64, AtomicU64>,
    source_healthy: Family<Labels<1>, Gauge>,
    source_last_good: Family<Labels<1>, Gauge<f64, AtomicU64>>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

fn coarse() -> Histogram {
    Histogram::new(SECONDS)
}

fn fine() -> Histogram {
    Histogram::new(FINE_SECONDS)
}

fn one(name: &'static str, value: impl Into<String>) -> Labels<1> {
    [(name, value.into())]
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Metrics {
    /// Builds the metrics in a registry of their own.
    #[must_use]
    pub fn new() -> Self {
        let metrics = Self {
            registry: Mutex::default(),
            regions: Mutex::default(),
            authenticate_latency: Family::new_with_constructor(coarse),
            sts_connection_failures: Family::default(),
            sts_responses: Family::default(),
            sts_throttling: Family::default(),
            reviews: Family::default(),
            review_seconds: Family::new_with_constructor(fine),
            cache: Family::default(),
            sts_seconds: fine(),
            sts_calls: Gauge::default(),
            shed: Family::default(),
            connections: Gauge::default(),
            connections_cut: Family::default(),
            requests: Gauge::default(),
            certificate_reloads: Family::default(),
            rules_generation: Gauge::default(),
            source_healthy: Family::default(),
            source_last_good: Family::default(),
        };
        metrics.register_upstream();
        metrics.register_own();
        metrics
    }

    fn register_upstream(&self) {
        let mut registry = lock(&self.registry);
        let upstream = registry.sub_registry_with_prefix("aws_iam_authenticator");
        upstream.register(
            "authenticate_latency_seconds",
            "Time to answer a TokenReview, by result",
            self.authenticate_latency.clone(),
        );
        upstream.register(
            "sts_connection_failures",
            "Calls to STS without an answer",
            self.sts_connection_failures.clone(),
        );
        upstream.register(
            "sts_responses",
            "Answers of STS, by status",
            self.sts_responses.clone(),
        );
        upstream.register(
            "sts_throttling",
            "Answers of STS that throttle",
            self.sts_throttling.clone(),
        );
    }

    fn register_own(&self) {
        let mut registry = lock(&self.registry);
        let own = registry.sub_registry_with_prefix("eks_auth");
        own.register(
            "reviews",
            "Reviews answered, by kind, verdict and code",
            self.reviews.clone(),
        );
        own.register(
            "review_seconds",
            "Time to answer a review, by kind",
            self.review_seconds.clone(),
        );
        own.register(
            "identity_cache",
            "Identities looked up, by use of the cache",
            self.cache.clone(),
        );
        own.register(
            "sts_seconds",
            "Time of one call to STS that was answered",
            self.sts_seconds.clone(),
        );
        own.register(
            "sts_calls",
            "Calls to STS in flight",
            self.sts_calls.clone(),
        );
        own.register(
            "requests_shed",
            "Requests answered with 503 or 429, by the limit that they met",
            self.shed.clone(),
        );
        own.register("connections", "Open connections", self.connections.clone());
        own.register(
            "connections_cut",
            "Connections closed by a limit, by the limit",
            self.connections_cut.clone(),
        );
        own.register("requests", "Requests in flight", self.requests.clone());
        own.register(
            "certificate_reloads",
            "Attempts to load the server's certificate again, by result",
            self.certificate_reloads.clone(),
        );
        own.register(
            "rules_generation",
            "Number of times that the rules or the state of their sources changed",
            self.rules_generation.clone(),
        );
        own.register(
            "source_healthy",
            "Whether the rules in effect are the latest of their source",
            self.source_healthy.clone(),
        );
        own.register(
            "source_last_good_timestamp_seconds",
            "When the rules of a source were last read without an error",
            self.source_last_good.clone(),
        );
    }

    /// Registers further metrics, such as those of a source of rules.
    pub fn register(&self, register: impl FnOnce(&mut Registry)) {
        register(&mut lock(&self.registry));
    }

    /// Returns all metrics as text in the format of `OpenMetrics`, whose type is [`METRICS_CONTENT_TYPE`].
    #[must_use]
    pub fn encode(&self, snapshot: &Snapshot) -> String {
        self.rules_generation.set(snapshot.generation());
        for source in snapshot.sources() {
            let label = one("source", source.name());
            self.source_healthy
                .get_or_create(&label)
                .set(i64::from(source.is_healthy()));
            if let Some(at) = source.last_good() {
                let since = at
                    .duration_since(SystemTime::UNIX_EPOCH)
                    .unwrap_or_default();
                self.source_last_good
                    .get_or_create(&label)
                    .set(since.as_secs_f64());
            }
        }
        let mut text = String::new();
        // Text can always be written to a String.
        let _ = encode(&mut text, &lock(&self.registry));
        text
    }

    /// Returns the label of a region: the region itself while there are few.
    fn region(&self, region: &str) -> String {
        let mut regions = lock(&self.regions);
        if regions.contains(region) {
            return region.to_owned();
        }
        if regions.len() >= MAX_REGIONS {
            return OTHER_REGION.to_owned();
        }
        regions.insert(region.to_owned());
        region.to_owned()
    }

    pub(crate) fn sts_call_started(&self) -> InFlight<'_> {
        InFlight::new(&self.sts_calls)
    }

    pub(crate) fn sts_unreachable(&self, region: &str) {
        let label = one("StsRegion", self.region(region));
        self.sts_connection_failures.get_or_create(&label).inc();
    }

    pub(crate) fn sts_throttled(&self, region: &str) {
        let label = one("StsRegion", self.region(region));
        self.sts_throttling.get_or_create(&label).inc();
    }

    pub(crate) fn sts_answered(&self, region: &str, status: StatusCode, took: Duration) {
        let labels = [
            ("ResponseCode", status.as_str().to_owned()),
            ("StsRegion", self.region(region)),
        ];
        self.sts_responses.get_or_create(&labels).inc();
        self.sts_seconds.observe(took.as_secs_f64());
    }

    /// Counts an answered review. `kind` and `verdict` are names, `code` is a stable code: all are bounded.
    pub(crate) fn review(
        &self,
        kind: &'static str,
        verdict: &'static str,
        code: &str,
        took: Duration,
    ) {
        let labels = [
            ("kind", kind.to_owned()),
            ("verdict", verdict.to_owned()),
            ("code", code.to_owned()),
        ];
        self.reviews.get_or_create(&labels).inc();
        self.review_seconds
            .get_or_create(&one("kind", kind))
            .observe(took.as_secs_f64());
    }

    pub(crate) fn authenticated(&self, result: UpstreamResult, took: Duration) {
        self.authenticate_latency
            .get_or_create(&one("result", result.as_str()))
            .observe(took.as_secs_f64());
    }

    pub(crate) fn cache_used(&self, cache: &'static str) {
        self.cache.get_or_create(&one("use", cache)).inc();
    }

    pub(crate) fn shed(&self, limit: &'static str) {
        self.shed.get_or_create(&one("limit", limit)).inc();
    }

    pub(crate) fn connection_opened(&self) {
        self.connections.inc();
    }

    pub(crate) fn connection_closed(&self) {
        self.connections.dec();
    }

    pub(crate) fn connection_cut(&self, limit: &'static str) {
        self.connections_cut
            .get_or_create(&one("limit", limit))
            .inc();
    }

    pub(crate) fn request_started(&self) -> InFlight<'_> {
        InFlight::new(&self.requests)
    }

    pub(crate) fn certificate_reloaded(&self, result: &'static str) {
        self.certificate_reloads
            .get_or_create(&one("result", result))
            .inc();
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

/// Counts in a gauge while it lives.
pub(crate) struct InFlight<'m> {
    gauge: &'m Gauge,
}

impl<'m> InFlight<'m> {
    fn new(gauge: &'m Gauge) -> Self {
        gauge.inc();
        Self { gauge }
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.gauge.dec();
    }
}

/// The values of upstream's label `result` (`pkg/metrics/metrics.go`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum UpstreamResult {
    InvalidToken,
    MalformedRequest,
    StsError,
    StsThrottling,
    Success,
    UnknownUser,
}

impl UpstreamResult {
    const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidToken => "invalid_token",
            Self::MalformedRequest => "malformed_request",
            Self::StsError => "sts_error",
            Self::StsThrottling => "sts_throttling",
            Self::Success => "success",
            // Upstream's spelling.
            Self::UnknownUser => "uknown_user",
        }
    }
}

impl From<&AuthError> for UpstreamResult {
    fn from(error: &AuthError) -> Self {
        match error {
            AuthError::Failed(Failed::Sts(AnswerFailure::Throttled)) => Self::StsThrottling,
            AuthError::Failed(Failed::Sts(_) | Failed::Transport(_))
            | AuthError::Refused(Refused::Sts(_)) => Self::StsError,
            AuthError::Refused(Refused::Token(_) | Refused::Url(_)) => Self::InvalidToken,
            AuthError::Failed(_) | AuthError::Refused(_) => Self::UnknownUser,
        }
    }
}
