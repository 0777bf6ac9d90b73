//! The state of each source, for logs, metrics and readiness.

use std::time::SystemTime;

use crate::fault::Fault;
use crate::problems::Problems;
use crate::source::SourceName;

/// The version of a source that is in effect.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a readiness probe must decide on each"
)]
pub enum Serving {
    /// The newest version, which is good.
    Current,
    /// An earlier version: the newest version has a fault.
    LastGood,
    /// No version has been read. Callers for whom this source may have a rule get no answer.
    Nothing,
    /// The readable part of a version with faults, since no good version has been read.
    ReadablePart,
    /// The last good version before the restart, from the state directory.
    Restored,
}

impl Serving {
    /// Returns the name in kebab case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::LastGood => "last-good",
            Self::Nothing => "nothing",
            Self::ReadablePart => "readable-part",
            Self::Restored => "restored",
        }
    }
}

/// The state of one source.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct SourceStatus {
    /// The source.
    pub name: SourceName,
    /// The version in effect.
    pub serving: Serving,
    /// Why the newest version is not in effect. `None` if it is in effect.
    pub fault: Option<Fault>,
    /// The problems of the newest version that was read.
    pub problems: Problems,
    /// When the version in effect was read. `None` if no version is in effect.
    pub read_at: Option<SystemTime>,
    /// How many versions were applied.
    pub applied: u64,
    /// How many versions were not applied, reading errors included.
    pub rejected: u64,
    /// Why the version in effect could not be written to the state directory. `None` if it was
    /// written, or if there is no directory.
    pub state_fault: Option<String>,
    /// Whether an optional file was missing when it was last read without a fault.
    pub(crate) is_absent: bool,
}

impl SourceStatus {
    /// Returns whether the newest version is in effect, without a fault.
    #[must_use]
    pub const fn is_good(&self) -> bool {
        self.fault.is_none()
    }

    /// Returns whether requests can be decided: some version of the source is in effect. The file of
    /// backend modes may be missing, but not unreadable from the start.
    #[must_use]
    pub const fn is_ready(&self) -> bool {
        !matches!(self.serving, Serving::Nothing) || self.is_absent
    }
}

/// The way in which changes of files are noticed.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Watching {
    /// The operating system reports them; the files are also compared every
    /// [`RESYNC_INTERVAL`](crate::RESYNC_INTERVAL).
    Events,
    /// The files are compared every [`POLL_INTERVAL`](crate::POLL_INTERVAL), because the operating
    /// system's watches are not available. The text is the reason.
    Polling(String),
}

/// The state of all sources at one time.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// The number of the snapshot that the sources yield.
    pub generation: u64,
    /// The sources, in the order in which they were added.
    pub sources: Vec<SourceStatus>,
    /// The way in which changes of files are noticed.
    pub watching: Watching,
}

impl Report {
    /// Returns whether requests can be decided: some version of each source is in effect. A source
    /// with a fault whose last good version is in effect is ready.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.sources.iter().all(SourceStatus::is_ready)
    }

    /// Returns the sources whose newest version is not in effect.
    pub fn degraded(&self) -> impl Iterator<Item = &SourceStatus> {
        self.sources.iter().filter(|source| !source.is_good())
    }
}
