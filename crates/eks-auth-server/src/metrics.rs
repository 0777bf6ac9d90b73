//! Counters and times for Prometheus.

mod upstream;

use std::borrow::Cow;
use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use http::StatusCode;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use sts_presign::UnixTime;
pub use upstream::DynamicFile;
pub(crate) use upstream::UpstreamResult;

use crate::identities::CacheUse;
use crate::record::{ReviewedKind, Verdict};
use crate::snapshot::Snapshot;
use upstream::UpstreamMetrics;

/// The content type of [`Metrics::encode`].
pub const METRICS_CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The buckets of our own times: reviews from the cache take less than a millisecond.
const FINE_SECONDS: [f64; 14] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0,
];

/// Names of the program are borrowed: a lookup on the way of each review must not allocate.
type Labels<const N: usize> = [(&'static str, Cow<'static, str>); N];
type Counters<const N: usize> = Family<Labels<N>, Counter>;
type Histograms<const N: usize> = Family<Labels<N>, Histogram, fn() -> Histogram>;

/// The metric of one label set of a family, looked up when it is first used: a lookup hashes the labels and takes a
/// lock. It is not made earlier, because a metric is shown once it exists.
struct KeptMetric<M>(OnceLock<M>);

impl<M> Default for KeptMetric<M> {
    fn default() -> Self {
        Self(OnceLock::new())
    }
}

impl<M: Clone> KeptMetric<M> {
    fn get<const N: usize, C: MetricConstructor<M>>(
        &self,
        family: &Family<Labels<N>, M, C>,
        labels: impl FnOnce() -> Labels<N>,
    ) -> &M {
        let Self(metric) = self;
        metric.get_or_init(|| family.get_or_create_owned(&labels()))
    }
}

/// The metrics of the usual reviews.
#[derive(Default)]
struct Usual {
    granted_access: KeptMetric<Counter>,
    granted_token: KeptMetric<Counter>,
    access_seconds: KeptMetric<Histogram>,
    token_seconds: KeptMetric<Histogram>,
    cache_hit: KeptMetric<Counter>,
}

/// The metrics of the webhooks.
///
/// The metrics `aws_iam_authenticator_*` have upstream's names, labels and values (`pkg/metrics/metrics.go`),
/// so that dashboards and alerts keep working. The metrics `eks_auth_*` are ours. No label has a value that a
/// caller chooses, and there is no global registry.
pub struct Metrics {
    registry: Mutex<Registry>,
    upstream: UpstreamMetrics,
    usual: Usual,

    reviews: Counters<3>,
    review_seconds: Histograms<1>,
    cache: Counters<1>,
    sts_seconds: Histogram,
    sts_calls: Gauge,
    shed: Counters<1>,
    connections: Gauge,
    connections_cut: Counters<1>,
    requests: Gauge,
    records_lost: Counter,
    certificate_reloads: Counters<1>,
    /// Registered with the first certificate, since there is no such time without TLS.
    certificate_not_after: OnceLock<Gauge<f64, AtomicU64>>,
    rules_generation: Gauge<u64, AtomicU64>,
    source_healthy: Family<Labels<1>, Gauge>,
    source_last_good: Family<Labels<1>, Gauge<f64, AtomicU64>>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

fn fine() -> Histogram {
    Histogram::new(FINE_SECONDS)
}

fn one(name: &'static str, value: impl Into<Cow<'static, str>>) -> Labels<1> {
    [(name, value.into())]
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Metrics {
    /// Builds the metrics in a new registry.
    #[must_use]
    pub fn new() -> Self {
        let metrics = Self {
            registry: Mutex::default(),
            upstream: UpstreamMetrics::new(),
            usual: Usual::default(),
            reviews: Family::default(),
            review_seconds: Family::new_with_constructor(fine),
            cache: Family::default(),
            sts_seconds: fine(),
            sts_calls: Gauge::default(),
            shed: Family::default(),
            connections: Gauge::default(),
            connections_cut: Family::default(),
            requests: Gauge::default(),
            records_lost: Counter::default(),
            certificate_reloads: Family::default(),
            certificate_not_after: OnceLock::new(),
            rules_generation: Gauge::default(),
            source_healthy: Family::default(),
            source_last_good: Family::default(),
        };
        metrics.upstream.register(&mut lock(&metrics.registry));
        metrics.register_own();
        metrics
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
            "records_lost",
            "Records of reviews and events that the log could not take",
            self.records_lost.clone(),
        );
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

    /// Registers further metrics, such as the metrics of a source of rules.
    pub fn register(&self, register: impl FnOnce(&mut Registry)) {
        register(&mut lock(&self.registry));
    }

    /// Returns all metrics as text in the format of `OpenMetrics`, whose type is [`METRICS_CONTENT_TYPE`].
    #[must_use]
    pub fn encode(&self, snapshot: &Snapshot) -> String {
        self.rules_generation.set(snapshot.generation());
        self.upstream.refresh(snapshot.identity_map());
        for source in snapshot.sources() {
            let label = one("source", source.name().to_owned());
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

    /// Counts a record that an [`Observer`](crate::Observer) could not keep, for instance because the reader of the
    /// log has stopped.
    pub fn record_lost(&self) {
        self.records_lost.inc();
    }

    pub(crate) fn sts_call_started(&self) -> InFlight<'_> {
        InFlight::new(&self.sts_calls)
    }

    pub(crate) fn sts_unreachable(&self, region: &str) {
        self.upstream.sts_unreachable(region);
    }

    pub(crate) fn sts_throttled(&self, region: &str) {
        self.upstream.sts_throttled(region);
    }

    pub(crate) fn sts_answered(&self, region: &str, status: StatusCode, took: Duration) {
        self.upstream.sts_answered(region, status);
        self.sts_seconds.observe(took.as_secs_f64());
    }

    /// Counts an answered review. `code` is a stable code, of which there are few.
    pub(crate) fn review(
        &self,
        kind: ReviewedKind,
        verdict: Verdict,
        code: &'static str,
        took: Duration,
    ) {
        let (granted, seconds) = match kind {
            ReviewedKind::Access => (&self.usual.granted_access, &self.usual.access_seconds),
            ReviewedKind::Token => (&self.usual.granted_token, &self.usual.token_seconds),
        };
        let labels = || {
            [
                ("kind", kind.as_str().into()),
                ("verdict", verdict.as_str().into()),
                ("code", code.into()),
            ]
        };
        match (verdict, code) {
            (Verdict::Granted, "ok") => granted.get(&self.reviews, labels).inc(),
            _ => self.reviews.get_or_create(&labels()).inc(),
        };
        seconds
            .get(&self.review_seconds, || one("kind", kind.as_str()))
            .observe(took.as_secs_f64());
    }

    pub(crate) fn authenticated(&self, result: UpstreamResult, took: Duration) {
        self.upstream.authenticated(result, took);
    }

    pub(crate) fn cache_used(&self, cache: CacheUse) {
        let labels = || one("use", cache.as_str());
        match cache {
            CacheUse::Hit => self.usual.cache_hit.get(&self.cache, labels).inc(),
            CacheUse::Miss | CacheUse::Unused => self.cache.get_or_create(&labels()).inc(),
        };
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

    /// Counts a request while the result lives. `None` if `max` of them are in flight.
    pub(crate) fn start_request(&self, max: usize) -> Option<InFlight<'_>> {
        let (in_flight, others) = InFlight::with_others(&self.requests);
        usize::try_from(others)
            .is_ok_and(|others| others < max)
            .then_some(in_flight)
    }

    /// Records the last second of the certificate in use. `None` if it is unknown.
    pub(crate) fn certificate_loaded(&self, not_after: Option<UnixTime>) {
        let gauge = self.certificate_not_after.get_or_init(|| {
            let gauge = Gauge::default();
            lock(&self.registry).register(
                "eks_auth_certificate_not_after_timestamp_seconds",
                "The last second in which the server's certificate is valid",
                gauge.clone(),
            );
            gauge
        });
        let seconds = |time: UnixTime| Duration::from_secs(time.as_secs()).as_secs_f64();
        gauge.set(not_after.map_or(f64::NAN, seconds));
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
        Self::with_others(gauge).0
    }

    /// Also returns the number of other requests.
    fn with_others(gauge: &'m Gauge) -> (Self, i64) {
        let others = gauge.inc();
        (Self { gauge }, others)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.gauge.dec();
    }
}
