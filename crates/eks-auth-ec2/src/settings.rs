//! The limits of the resolver.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use crate::describe::Observer;
use crate::traces::Traces;

/// The maximum number of instances in a call: 100, as upstream (`pkg/ec2provider/ec2provider.go`,
/// `maxInstancesBatchSize`). EC2 takes 200 values in a filter (EC2 API, `Filter`).
pub const MAX_BATCH: usize = 100;

/// How long a call waits for more instances: 200 ms, as upstream (`maxWaitIntervalForBatch`).
pub const BATCH_DELAY: Duration = Duration::from_millis(200);

/// How many calls are open for one instance each before further instances wait for each other: 5, as
/// upstream (`maxAllowedInflightRequest`).
pub const IMMEDIATE_CALLS: usize = 5;

/// How many calls are made in a second: 15, as upstream's flag `--ec2-describeInstances-qps`.
pub const CALLS_PER_SECOND: u32 = 15;

/// How many calls are made at once after a rest: 5, as upstream's flag `--ec2-describeInstances-burst`.
pub const MAX_BURST: u32 = 5;

/// How long a caller waits for a name: 5 s, as upstream (`totalIterationForWaitInterval` times
/// `defaultWaitInterval`).
pub const DEADLINE: Duration = Duration::from_secs(5);

/// How many instances are waited for: 8,000, as upstream (`maxChannelSize`, "max limit of k8s nodes
/// support").
pub const MAX_WAITING: usize = 8_000;

/// How many names are kept: twice the number of nodes that upstream supports, so that new nodes do not
/// evict the names of older nodes. Upstream's map grows without a limit.
pub const MAX_NAMES: u64 = 16_000;

/// How long an instance that does not exist is not asked for again: 2 s. Our choice: EC2 shows a new
/// instance with a delay, and kube-apiserver repeats a failed login within seconds.
pub const MISSING_FOR: Duration = Duration::from_secs(2);

/// The limits of a [`Resolver`](crate::Resolver).
#[derive(Clone)]
pub struct Settings {
    pub(crate) max_batch: usize,
    pub(crate) batch_delay: Duration,
    pub(crate) calls_per_second: NonZeroU32,
    pub(crate) max_burst: NonZeroU32,
    pub(crate) deadline: Duration,
    pub(crate) max_waiting: usize,
    pub(crate) max_names: u64,
    pub(crate) missing_for: Duration,
    pub(crate) observer: Option<Arc<dyn Observer>>,
    pub(crate) traces: Traces,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("max_batch", &self.max_batch)
            .field("batch_delay", &self.batch_delay)
            .field("calls_per_second", &self.calls_per_second)
            .field("max_burst", &self.max_burst)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::new()
    }
}

impl Settings {
    /// Returns the limits of upstream.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            max_batch: MAX_BATCH,
            batch_delay: BATCH_DELAY,
            calls_per_second: nonzero(CALLS_PER_SECOND),
            max_burst: nonzero(MAX_BURST),
            deadline: DEADLINE,
            max_waiting: MAX_WAITING,
            max_names: MAX_NAMES,
            missing_for: MISSING_FOR,
            observer: None,
            traces: Traces::none(),
        }
    }

    /// Sets the maximum number of instances in a call. At least 1 and at most [`MAX_BATCH`].
    #[must_use]
    pub fn with_max_batch(self, max_batch: usize) -> Self {
        Self {
            max_batch: max_batch.clamp(1, MAX_BATCH),
            ..self
        }
    }

    /// Sets how long a call waits for more instances.
    #[must_use]
    pub fn with_batch_delay(self, batch_delay: Duration) -> Self {
        Self {
            batch_delay,
            ..self
        }
    }

    /// Sets the rate of calls, and how many are made at once after a rest.
    #[must_use]
    pub fn with_rate(self, calls_per_second: NonZeroU32, max_burst: NonZeroU32) -> Self {
        Self {
            calls_per_second,
            max_burst,
            ..self
        }
    }

    /// Sets how long a caller waits for a name.
    #[must_use]
    pub fn with_deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// Sets how many instances are waited for.
    #[must_use]
    pub fn with_max_waiting(self, max_waiting: usize) -> Self {
        Self {
            max_waiting,
            ..self
        }
    }

    /// Sets how many names are kept. Zero keeps none.
    #[must_use]
    pub fn with_max_names(self, max_names: u64) -> Self {
        Self { max_names, ..self }
    }

    /// Sets how long an instance that does not exist is not asked for again.
    #[must_use]
    pub fn with_missing_for(self, missing_for: Duration) -> Self {
        Self {
            missing_for,
            ..self
        }
    }

    /// Reports each call.
    #[must_use]
    pub fn with_observer(self, observer: Arc<dyn Observer>) -> Self {
        Self {
            observer: Some(observer),
            ..self
        }
    }

    /// Makes a span for each call, as a child of the span of its first caller, with links to the spans of the
    /// other callers.
    #[cfg(feature = "otel")]
    #[must_use]
    pub fn with_tracer(self, tracer: opentelemetry::global::BoxedTracer) -> Self {
        Self {
            traces: Traces::new(tracer),
            ..self
        }
    }
}

const fn nonzero(number: u32) -> NonZeroU32 {
    match NonZeroU32::new(number) {
        Some(number) => number,
        None => NonZeroU32::MIN,
    }
}
