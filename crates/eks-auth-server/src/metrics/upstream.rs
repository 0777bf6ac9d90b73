//! The metrics of aws-iam-authenticator, with its names, labels and buckets.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use aws_auth_map::{BackendKind, IdentityMap};
use eks_auth::{AuthError, Failed, Refused};
use eks_auth_ec2::{Call, Observer};
use http::StatusCode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use sts_presign::AnswerFailure;

use super::{Counters, Histograms, KeptMetric, Metrics, lock, one};

/// How many STS regions have a separate label: AWS has about 40, and a token can name any text with the
/// shape of a region. Further regions are counted as `other`.
const MAX_REGIONS: usize = 64;
const OTHER_REGION: &str = "other";

/// The buckets of `authenticate_latency_seconds` (Prometheus' defaults, `pkg/metrics/metrics.go`), which end at
/// the deadline of STS.
const SECONDS: [f64; 11] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// The buckets of `dynamic_e2e_latency_seconds` (`pkg/metrics/metrics.go`).
const DYNAMIC_SECONDS: [f64; 8] = [1.0, 3.0, 5.0, 10.0, 15.0, 20.0, 30.0, 60.0];

/// Reads how many watches of the ConfigMap have failed.
type ReadTotal = Box<dyn Fn() -> u64 + Send + Sync>;

/// The metrics named `aws_iam_authenticator_*`.
pub(super) struct UpstreamMetrics {
    regions: Mutex<HashSet<String>>,
    config_map_watches: OnceLock<ReadTotal>,

    authenticate_latency: Histograms<1>,
    success_latency: KeptMetric<Histogram>,
    config_map_watch_failures: Counter<u64, AtomicU64>,
    dynamic_file_enabled: Gauge,
    dynamic_file_failures: Counter,
    dynamic_file_only: Gauge,
    dynamic_latency: Histograms<1>,
    ec2_calls: Counter,
    ec2_connection_failures: Counters<1>,
    ec2_responses: Counters<2>,
    sts_connection_failures: Counters<1>,
    sts_responses: Counters<2>,
    sts_throttling: Counters<1>,
}

fn authenticate_seconds() -> Histogram {
    Histogram::new(SECONDS)
}

fn dynamic_seconds() -> Histogram {
    Histogram::new(DYNAMIC_SECONDS)
}

impl UpstreamMetrics {
    pub(super) fn new() -> Self {
        Self {
            regions: Mutex::default(),
            config_map_watches: OnceLock::new(),
            authenticate_latency: Family::new_with_constructor(authenticate_seconds),
            success_latency: KeptMetric::default(),
            config_map_watch_failures: Counter::default(),
            dynamic_file_enabled: Gauge::default(),
            dynamic_file_failures: Counter::default(),
            dynamic_file_only: Gauge::default(),
            dynamic_latency: Family::new_with_constructor(dynamic_seconds),
            ec2_calls: Counter::default(),
            ec2_connection_failures: Family::default(),
            ec2_responses: Family::default(),
            sts_connection_failures: Family::default(),
            sts_responses: Family::default(),
            sts_throttling: Family::default(),
        }
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        let upstream = registry.sub_registry_with_prefix("aws_iam_authenticator");
        upstream.register(
            "authenticate_latency_seconds",
            "Time to answer a TokenReview, by result",
            self.authenticate_latency.clone(),
        );
        upstream.register(
            "configmap_watch_failures",
            "Watches of the aws-auth ConfigMap that failed",
            self.config_map_watch_failures.clone(),
        );
        upstream.register(
            "dynamic_e2e_latency_seconds",
            "Time from the change of a dynamic file by its author to its effect, by type",
            self.dynamic_latency.clone(),
        );
        upstream.register(
            "dynamic_file_enabled",
            "Whether the dynamic file is one of several backends",
            self.dynamic_file_enabled.clone(),
        );
        upstream.register(
            "dynamic_file_only",
            "Whether the dynamic file is the only backend",
            self.dynamic_file_only.clone(),
        );
        upstream.register(
            "dynamicfile_failures",
            "Versions of a dynamic file that were not applied",
            self.dynamic_file_failures.clone(),
        );
        self.register_ec2(upstream);
        self.register_sts(upstream);
    }

    fn register_ec2(&self, upstream: &mut Registry) {
        upstream.register(
            "ec2_connection_failures",
            "Calls to EC2 without an answer",
            self.ec2_connection_failures.clone(),
        );
        upstream.register(
            "ec2_describe_instances_calls",
            "Calls of DescribeInstances",
            self.ec2_calls.clone(),
        );
        upstream.register(
            "ec2_responses",
            "Answers of EC2, by status",
            self.ec2_responses.clone(),
        );
    }

    fn register_sts(&self, upstream: &mut Registry) {
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

    /// Brings the metrics of states up to date.
    pub(super) fn refresh(&self, map: &IdentityMap) {
        let kinds = map.backends().iter().map(aws_auth_map::Backend::kind);
        let kinds: Vec<BackendKind> = kinds.collect();
        let is_only = kinds == [BackendKind::DynamicFile];
        let is_enabled = kinds.contains(&BackendKind::DynamicFile) && !is_only;
        self.dynamic_file_only.set(i64::from(is_only));
        self.dynamic_file_enabled.set(i64::from(is_enabled));
        if let Some(total) = self.config_map_watches.get() {
            let failures = self.config_map_watch_failures.inner();
            failures.store(total(), Ordering::Relaxed);
        }
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

    pub(super) fn authenticated(&self, result: UpstreamResult, took: Duration) {
        let (family, seconds) = (&self.authenticate_latency, took.as_secs_f64());
        let labels = || one("result", result.as_str());
        match result {
            UpstreamResult::Success => self.success_latency.get(family, labels).observe(seconds),
            _ => family.get_or_create(&labels()).observe(seconds),
        }
    }

    pub(super) fn sts_unreachable(&self, region: &str) {
        let label = one("StsRegion", self.region(region));
        self.sts_connection_failures.get_or_create(&label).inc();
    }

    pub(super) fn sts_throttled(&self, region: &str) {
        let label = one("StsRegion", self.region(region));
        self.sts_throttling.get_or_create(&label).inc();
    }

    pub(super) fn sts_answered(&self, region: &str, status: StatusCode) {
        let labels = [
            ("ResponseCode", status.as_str().to_owned().into()),
            ("StsRegion", self.region(region).into()),
        ];
        self.sts_responses.get_or_create(&labels).inc();
    }

    fn ec2_asked(&self, region: &str, call: &Call<'_>) {
        self.ec2_calls.inc();
        let status = match call.error {
            None => Some(StatusCode::OK.as_u16()),
            Some(error) => error.status,
        };
        match status {
            Some(status) => {
                let labels = [
                    ("ResponseCode", status.to_string().into()),
                    ("Region", region.to_owned().into()),
                ];
                self.ec2_responses.get_or_create(&labels).inc();
            }
            None => {
                let label = one("Region", region.to_owned());
                self.ec2_connection_failures.get_or_create(&label).inc();
            }
        }
    }
}

/// The files of upstream that change the rules at run time.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "upstream has exactly these two")]
pub enum DynamicFile {
    /// The file of backend modes (`server.dynamicBackendModePath`).
    BackendModes,
    /// The file of rules (`server.dynamicfilepath`).
    Rules,
}

/// Metrics of events outside the webhooks, which the program reports.
impl Metrics {
    /// Counts a version of a dynamic file that was not applied: upstream's `dynamicfile_failures_total`.
    pub fn dynamic_file_failed(&self) {
        self.upstream.dynamic_file_failures.inc();
    }

    /// Records how long a change of a dynamic file took from its author to its effect: upstream's
    /// `dynamic_e2e_latency_seconds`. As upstream, the version that is read at the start does not
    /// count as a change.
    pub fn dynamic_file_changed(&self, file: DynamicFile, delay: Duration) {
        let name = match file {
            DynamicFile::BackendModes => "dynamic_backend_mode",
            DynamicFile::Rules => "dynamic_file",
        };
        self.upstream
            .dynamic_latency
            .get_or_create(&one("type", name))
            .observe(delay.as_secs_f64());
    }

    /// Sets where the failures of watches of the ConfigMap are counted: upstream's
    /// `configmap_watch_failures_total`. `total` is called each time that the metrics are read. The first call
    /// counts.
    pub fn read_config_map_watch_failures(&self, total: impl Fn() -> u64 + Send + Sync + 'static) {
        // An error means that one was set already.
        let _ = self.upstream.config_map_watches.set(Box::new(total));
    }

    /// Returns an observer of the calls to EC2 in a region: upstream's `ec2_describe_instances_calls_total`,
    /// `ec2_responses_total` and `ec2_connection_failures_total`, the latter two as of 0.7.20.
    #[must_use]
    pub fn ec2_observer(metrics: &Arc<Self>, region: &str) -> Arc<dyn Observer> {
        Arc::new(Ec2Calls {
            metrics: Arc::clone(metrics),
            region: region.to_owned(),
        })
    }
}

struct Ec2Calls {
    metrics: Arc<Metrics>,
    region: String,
}

impl Observer for Ec2Calls {
    fn observe(&self, call: &Call<'_>) {
        self.metrics.upstream.ec2_asked(&self.region, call);
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
