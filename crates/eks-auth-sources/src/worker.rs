//! The thread that reads the sources.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use crate::engine::Engine;
use crate::event::Event;
use crate::feed::Update;
use crate::sources::Shared;
use crate::status::{Report, Watching};
use crate::watch::Watch;

/// How often files are compared while the operating system reports changes: every 10 s. Our choice: it
/// does not report changes of a network file system, and a comparison costs one `stat` a file.
pub const RESYNC_INTERVAL: Duration = Duration::from_secs(10);

/// How often files are compared if the operating system does not report changes: every second, as often
/// as upstream looks again for a file that is missing (`pkg/fileutil/util.go`).
pub const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// How long reports of changes are collected after the first one: 50 ms. Our choice: one edit makes
/// several.
const QUIET: Duration = Duration::from_millis(50);

/// The maximum number of reports that are collected. Our choice, so that the queue of a busy
/// directory ends.
const MAX_COLLECTED: usize = 10_000;

/// A message to the thread.
#[derive(Debug)]
pub(crate) enum Message {
    Feed(usize, Update),
    FilesChanged,
    /// Reads every file, and then answers.
    Reload(Option<Sender<()>>),
    Stop,
}

/// /// The thread's queue of messages.
pub(crate) struct Inbox {
    pub(crate) inbox: Receiver<Message>,
    /// Whether a report of changed files is on its way. It is then not sent again, so that a busy
    /// directory does not fill the queue.
    pub(crate) is_reported: Arc<AtomicBool>,
}

/// Several messages as one.
#[derive(Default)]
struct Batch {
    updates: Vec<(usize, Update)>,
    is_forced: bool,
    is_stopped: bool,
    done: Vec<Sender<()>>,
}

impl Batch {
    /// Returns how long to wait for the next message, if messages are collected until then.
    fn patience(&self, end: Option<Instant>) -> Duration {
        // A caller waits, so only messages that are there already are added.
        end.filter(|_| !self.is_forced)
            .map(|end| end.saturating_duration_since(Instant::now()))
            .unwrap_or_default()
    }
}

impl Inbox {
    /// Waits for messages. The batch is empty if no message comes in time. `None` if no message can
    /// come any more.
    fn wait(&self, longest: Duration) -> Option<Batch> {
        let mut batch = Batch::default();
        match self.inbox.recv_timeout(longest) {
            Ok(message) => self.add(message, &mut batch),
            Err(RecvTimeoutError::Timeout) => return Some(batch),
            Err(RecvTimeoutError::Disconnected) => return None,
        }
        let end = Instant::now().checked_add(QUIET);
        for _ in 0..MAX_COLLECTED {
            match self.inbox.recv_timeout(batch.patience(end)) {
                Ok(message) => self.add(message, &mut batch),
                Err(_) => break,
            }
        }
        Some(batch)
    }

    fn add(&self, message: Message, batch: &mut Batch) {
        match message {
            Message::Feed(number, update) => {
                // The newest report of a source replaces its earlier reports.
                batch.updates.retain(|(other, _)| *other != number);
                batch.updates.push((number, update));
            }
            // A change from here on is reported again.
            Message::FilesChanged => self.is_reported.store(false, Ordering::Release),
            Message::Reload(done) => {
                batch.is_forced = true;
                batch.done.extend(done);
            }
            Message::Stop => batch.is_stopped = true,
        }
    }
}

/// The thread's own state.
pub(crate) struct Worker {
    engine: Engine,
    shared: Arc<Shared>,
    inbox: Inbox,
    watch: Option<Watch>,
    watching: Watching,
}

impl Worker {
    /// Reads every source once, and publishes the first snapshot.
    pub(crate) fn new(
        mut engine: Engine,
        shared: Arc<Shared>,
        inbox: Inbox,
        watch: Result<Watch, String>,
    ) -> Self {
        engine.restore_feeds();
        let (watch, watching) = match watch {
            Ok(watch) => (Some(watch), Watching::Events),
            Err(why) => (None, Watching::Polling(why)),
        };
        engine
            .settings()
            .observe(&Event::Watching(watching.clone()));
        let mut worker = Self {
            engine,
            shared,
            inbox,
            watch,
            watching,
        };
        // Before the files are read, so that no change is missed.
        worker.follow();
        worker.engine.read_files(true);
        worker.publish(true);
        worker
    }

    /// Works until the last handle is dropped.
    pub(crate) fn run(mut self) {
        while let Some(batch) = self.next() {
            if batch.is_stopped {
                return;
            }
            self.follow();
            let mut is_changed = self.engine.take(batch.updates);
            is_changed |= self.engine.read_files(batch.is_forced);
            self.engine.retry_state();
            self.publish(is_changed);
            for done in batch.done {
                // An error means that the caller no longer waits.
                let _ = done.send(());
            }
        }
    }

    /// Waits for messages, or for the time to compare the files.
    fn next(&self) -> Option<Batch> {
        self.inbox.wait(self.interval())
    }

    /// Returns the time until the files are compared.
    fn interval(&self) -> Duration {
        match self.watch.is_none() || self.engine.is_unsettled() {
            true => POLL_INTERVAL,
            false => RESYNC_INTERVAL,
        }
    }

    /// Moves the watches to the directories that matter now. Without watches, files are compared.
    fn follow(&mut self) {
        let Some(watch) = &mut self.watch else {
            return;
        };
        let paths: Vec<PathBuf> = self
            .engine
            .slots()
            .iter()
            .filter_map(|slot| Some(slot.target()?.path.clone()))
            .collect();
        if let Err(why) = watch.follow(paths.iter().map(PathBuf::as_path)) {
            self.watch = None;
            self.watching = Watching::Polling(why.to_string());
            let event = Event::Watching(self.watching.clone());
            self.engine.settings().observe(&event);
        }
    }

    fn publish(&self, is_changed: bool) {
        let report = Report {
            generation: self.engine.generation(),
            sources: self.engine.statuses(),
            watching: self.watching.clone(),
        };
        if !is_changed && *self.shared.report.load_full() == report {
            return;
        }
        if is_changed {
            let snapshot = Arc::new(self.engine.snapshot());
            self.shared.snapshot.store(snapshot);
        }
        let report = Arc::new(report);
        self.shared.report.store(Arc::clone(&report));
        if let Some(observer) = &self.engine.settings().observer {
            observer.publish(&self.shared.snapshot.load_full(), &report);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::sync::mpsc::channel;

    use super::{
        Arc, AtomicBool, Batch, Duration, Engine, Inbox, Instant, POLL_INTERVAL, RESYNC_INTERVAL,
        Shared, Watch, Worker,
    };
    use crate::engine::Settings;
    use crate::read::ReadLimits;
    use crate::settle::Target;
    use crate::slot::Slot;
    use crate::source::{SourceKind, SourceName};

    /// Returns the engine of the file `rules` of a folder.
    fn engine(folder: &Path) -> Engine {
        let limits = ReadLimits {
            max_bytes: 99,
            may_be_directory: false,
        };
        let name = SourceName::new(SourceKind::ConfigMap, "rules".to_owned());
        let target = Target::new(folder.join("rules"), limits);
        Engine::new(Settings::new(), vec![Slot::new(name, Some(target))])
    }

    fn worker(folder: &Path, is_watched: bool) -> Worker {
        let engine = engine(folder);
        let shared = Arc::new(Shared::of(&engine));
        let (outbox, inbox) = channel();
        let is_reported = Arc::new(AtomicBool::new(false));
        let watch = match is_watched {
            true => Ok(Watch::new(outbox, Arc::clone(&is_reported)).unwrap()),
            false => Err("no watches".to_owned()),
        };
        Worker::new(engine, shared, Inbox { inbox, is_reported }, watch)
    }

    /// Otherwise a change is noticed by the comparison only, which is slower.
    #[test]
    fn the_directory_of_each_file_is_watched() {
        let folder = tempfile::tempdir().unwrap();
        let folder = fs::canonicalize(folder.path()).unwrap();
        let worker = worker(&folder, true);
        assert!(worker.watch.unwrap().watched.contains(&folder));
    }

    #[test]
    fn files_are_compared_more_often_without_watches_and_until_they_settle() {
        let folder = tempfile::tempdir().unwrap();
        let mut watched = worker(folder.path(), true);
        assert_eq!(watched.interval(), RESYNC_INTERVAL);
        // No file of it was read.
        watched.engine = engine(folder.path());
        assert_eq!(watched.interval(), POLL_INTERVAL);
        assert_eq!(worker(folder.path(), false).interval(), POLL_INTERVAL);
    }

    /// A caller that asks for a reading waits for it.
    #[test]
    fn reports_are_collected_unless_a_caller_waits() {
        let end = Instant::now().checked_add(Duration::from_secs(3_600));
        let mut batch = Batch::default();
        assert_ne!(batch.patience(end), Duration::ZERO);
        assert_eq!(batch.patience(Some(Instant::now())), Duration::ZERO);
        batch.is_forced = true;
        assert_eq!(batch.patience(end), Duration::ZERO);
    }
}
