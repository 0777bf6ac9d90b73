//! Events of sources, for logs and metrics.

use std::sync::Arc;

use crate::fault::Fault;
use crate::problems::Problems;
use crate::snapshot::Snapshot;
use crate::source::SourceName;
use crate::status::{Report, Watching};

/// A change in the state of a source. Each is reported once, when it begins.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A new version is in effect.
    Applied {
        /// The source.
        source: SourceName,
        /// The number of the snapshot with it.
        generation: u64,
        /// The problems of the version. A rule with an error refuses the callers that it matches,
        /// or is left out.
        problems: Problems,
        /// The seconds since 1970 at which the author of a dynamic file or a file of backend modes
        /// changed it, if the file has `LastUpdatedDateTime`. Upstream's metric
        /// `dynamic_e2e_latency_seconds` is the time since then.
        last_updated: Option<u64>,
    },
    /// The newest version has a fault. An earlier version stays in effect, or no version is in
    /// effect.
    Faulty {
        /// The source.
        source: SourceName,
        /// The fault.
        fault: Fault,
        /// Whether an earlier version stays in effect.
        is_kept: bool,
    },
    /// The fault of a source is gone, and its newest version is in effect again.
    Recovered {
        /// The source.
        source: SourceName,
    },
    /// The file of backend modes is gone, and the configured order is in effect again.
    Removed {
        /// The source.
        source: SourceName,
        /// The number of the snapshot without it.
        generation: u64,
    },
    /// The last good version was read from the state directory, since the source has a fault.
    Restored {
        /// The source.
        source: SourceName,
        /// When that version was written, in seconds since 1970.
        saved_at: u64,
    },
    /// The state directory cannot be used for a source. Requests are not affected.
    StateFault {
        /// The source.
        source: SourceName,
        /// The reason.
        why: String,
    },
    /// The way in which changes of files are noticed.
    Watching(Watching),
}

/// Receives the events of sources: for a log, for counters, or for a program that publishes its own
/// snapshots.
///
/// The thread that reads the sources calls it, so it must not wait.
pub trait Observer: Send + Sync {
    /// Receives an event. The snapshot with its effect is published after it.
    fn observe(&self, event: &Event);

    /// Receives each snapshot together with the state of the sources, when either has changed.
    fn publish(&self, _snapshot: &Arc<Snapshot>, _report: &Arc<Report>) {}
}

impl<F: Fn(&Event) + Send + Sync> Observer for F {
    fn observe(&self, event: &Event) {
        self(event);
    }
}
