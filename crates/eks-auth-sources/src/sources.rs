//! The handle of a program on its sources.

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use arc_swap::ArcSwap;

use crate::builder::SourcesBuilder;
use crate::engine::Engine;
use crate::feed::Feed;
use crate::snapshot::Snapshot;
use crate::source::{SourceKind, SourceName};
use crate::status::{Report, Watching};
use crate::worker::Message;

/// The snapshot and report that the thread publishes.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) snapshot: ArcSwap<Snapshot>,
    pub(crate) report: ArcSwap<Report>,
}

impl Shared {
    /// Begins with the state before any source is read.
    pub(crate) fn of(engine: &Engine) -> Self {
        Self {
            snapshot: ArcSwap::from_pointee(engine.snapshot()),
            report: ArcSwap::from_pointee(Report {
                generation: engine.generation(),
                sources: engine.statuses(),
                watching: Watching::Events,
            }),
        }
    }
}

/// The sources of a program, kept up to date by a separate thread.
///
/// A clone is another handle on the same sources. The thread ends when the last handle is dropped.
#[derive(Clone, Debug)]
pub struct Sources {
    pub(crate) shared: Arc<Shared>,
    pub(crate) thread: Arc<Thread>,
    pub(crate) feeds: Arc<[(usize, SourceName)]>,
}

/// Stops the thread when the last handle is dropped.
#[derive(Debug)]
pub(crate) struct Thread {
    pub(crate) worker: Sender<Message>,
}

impl Drop for Thread {
    fn drop(&mut self) {
        // An error means that the thread has ended.
        let _ = self.worker.send(Message::Stop);
    }
}

impl Sources {
    /// Starts to describe sources.
    pub fn builder() -> SourcesBuilder {
        SourcesBuilder::new()
    }

    /// Returns the current rules. A request takes one snapshot and is judged by it alone.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.shared.snapshot.load_full()
    }

    /// Returns the state of each source.
    #[must_use]
    pub fn report(&self) -> Arc<Report> {
        self.shared.report.load_full()
    }

    /// Asks for a reading of every file, even if it seems unchanged. Does not wait, so that a handler
    /// of SIGHUP can call it.
    pub fn reload(&self) {
        self.send(Message::Reload(None));
    }

    /// Reads every file, even if it seems unchanged, and returns the state after that. Blocks the
    /// thread, for [`SETTLE`](crate::SETTLE) and the time of reading.
    #[must_use]
    pub fn reload_and_wait(&self) -> Arc<Report> {
        let (done, wait) = channel();
        self.send(Message::Reload(Some(done)));
        // An error means that the thread has ended; the report is then its last report.
        let _ = wait.recv();
        self.report()
    }

    /// Returns the feed of this kind. `None` if the builder has no such feed.
    #[must_use]
    pub fn feed(&self, kind: SourceKind) -> Option<Feed> {
        let (number, name) = self.feeds.iter().find(|(_, name)| name.kind() == kind)?;
        Some(Feed {
            number: *number,
            name: name.clone(),
            worker: self.thread.worker.clone(),
        })
    }

    fn send(&self, message: Message) {
        // An error means that the thread has ended.
        let _ = self.thread.worker.send(message);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::{Arc, Engine, Message, Shared, Sources, Thread};
    use crate::engine::Settings;

    /// Without this call, a file that seems unchanged is not read.
    #[test]
    fn a_reload_is_asked_for_without_waiting() {
        let (worker, inbox) = channel();
        let sources = Sources {
            shared: Arc::new(Shared::of(&Engine::new(Settings::new(), Vec::new()))),
            thread: Arc::new(Thread { worker }),
            feeds: Arc::default(),
        };
        sources.reload();
        assert!(matches!(inbox.try_recv(), Ok(Message::Reload(None))));
    }
}
