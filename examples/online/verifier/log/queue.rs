//! The queue of records to write, and the thread that writes them.

use std::io::{self, Write};
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How many bytes of records may wait to be written: about 8,000 records, and half a second of the fastest reviews
/// that were measured (`benches/README.md`).
const MAX_WAITING: usize = 6 << 20;

/// How long a record waits for room while nothing is written: our choice. Each thread that serves requests may wait
/// once, and probes and signals on the thread wait with it.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long records gather after some have been written: our choice. Without a pause, nearly every record wakes the
/// thread that writes, and waking it costs more than the record.
const GATHERING: Duration = Duration::from_millis(2);

/// How large a buffer stays after it was written, in bytes: it holds the records of ten pauses of
/// [`GATHERING`].
const KEPT: usize = 1 << 20;

/// How long the last records may take at the end of the program: our choice.
const END: Duration = Duration::from_secs(1);

/// Records that wait to be written. Adding a record costs a copy.
///
/// If the queue is full, the writer waits, because a lost record hides a login. But if nothing is written for
/// [`PATIENCE`], further records are lost and counted until there is room again, as in kube-apiserver's audit log. If
/// the reader of the log has stopped, users must still be able to log in to the cluster.
pub(super) struct Queue {
    state: Mutex<State>,
    max_waiting: usize,
    patience: Duration,
    loss: Loss,
    /// Notified when a record arrives and the thread waits for it.
    arrived: Condvar,
    /// Notified when the thread takes records, and when it has ended.
    taken: Condvar,
}

/// The handling of records that are lost.
pub(super) struct Loss {
    /// Counts a lost record.
    pub(super) count: Box<dyn Fn() + Send + Sync>,
    /// Returns the record that says how many were lost, once there is room again.
    pub(super) record: Box<dyn Fn(u64) -> String + Send + Sync>,
}

#[derive(Default)]
struct State {
    waiting: Vec<u8>,
    /// How many records were lost since the thread last took records.
    lost: u64,
    is_writer_asleep: bool,
    is_ending: bool,
    has_ended: bool,
}

/// Writes the rest of the log when dropped, and waits for that at most [`END`].
pub(crate) struct RestOfTheLog(Arc<Queue>);

impl Queue {
    /// Starts a thread that writes each record to `out`, several at a time if they come quickly.
    ///
    /// # Errors
    ///
    /// The thread cannot be started.
    pub(super) fn start(
        out: impl Write + Send + 'static,
        loss: Loss,
    ) -> io::Result<(Arc<Self>, RestOfTheLog)> {
        Self::start_with_limits(out, loss, MAX_WAITING, PATIENCE)
    }

    fn start_with_limits(
        out: impl Write + Send + 'static,
        loss: Loss,
        max_waiting: usize,
        patience: Duration,
    ) -> io::Result<(Arc<Self>, RestOfTheLog)> {
        let queue = Arc::new(Self {
            state: Mutex::default(),
            max_waiting,
            patience,
            loss,
            arrived: Condvar::new(),
            taken: Condvar::new(),
        });
        let thread = thread::Builder::new().name("log".to_owned());
        let rest = RestOfTheLog(Arc::clone(&queue));
        thread.spawn({
            let queue = Arc::clone(&queue);
            move || queue.write_to(out)
        })?;
        Ok((queue, rest))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_to(&self, mut out: impl Write) {
        let mut records = Vec::new();
        while self.take(&mut records) {
            // The error can be reported nowhere else, and a closed standard error must not end the
            // webhook.
            let _ = out.write_all(&records).and_then(|()| out.flush());
            records.clear();
            records.shrink_to(KEPT);
            thread::sleep(GATHERING);
        }
        self.state().has_ended = true;
        self.taken.notify_all();
    }

    /// Waits for records, and takes all of them. Returns `false` if there are no records, which means that
    /// the log has ended.
    fn take(&self, records: &mut Vec<u8>) -> bool {
        let mut state = self.state();
        while state.waiting.is_empty() && !state.is_ending {
            state.is_writer_asleep = true;
            let woken = self.arrived.wait(state);
            state = woken.unwrap_or_else(PoisonError::into_inner);
        }
        mem::swap(&mut state.waiting, records);
        let lost = mem::take(&mut state.lost);
        drop(state);
        if lost > 0 {
            records.extend_from_slice((self.loss.record)(lost).as_bytes());
        }
        self.taken.notify_all();
        !records.is_empty()
    }
}

impl Write for &Queue {
    /// Adds a record, which is written whole.
    fn write(&mut self, record: &[u8]) -> io::Result<usize> {
        let is_full =
            |state: &mut State| state.waiting.len() >= self.max_waiting && !state.is_ending;
        let mut state = self.state();
        // The first lost record has waited already, so the records behind it need not wait.
        if is_full(&mut state) && state.lost == 0 {
            let waited = self
                .taken
                .wait_timeout_while(state, self.patience, |state| {
                    is_full(state) && state.lost == 0
                });
            (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
        if is_full(&mut state) {
            state.lost = state.lost.saturating_add(1);
            drop(state);
            // Other threads wait for the same event, and would not be notified otherwise.
            self.taken.notify_all();
            (self.loss.count)();
            return Ok(record.len());
        }
        state.waiting.extend_from_slice(record);
        let is_writer_asleep = mem::take(&mut state.is_writer_asleep);
        drop(state);
        if is_writer_asleep {
            self.arrived.notify_one();
        }
        Ok(record.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for RestOfTheLog {
    fn drop(&mut self) {
        let Self(queue) = self;
        let mut state = queue.state();
        state.is_ending = true;
        queue.arrived.notify_one();
        queue.taken.notify_all();
        let ended = queue
            .taken
            .wait_timeout_while(state, END, |state| !state.has_ended);
        drop(ended);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// Forwards each write as a message.
    struct Out(Sender<Vec<u8>>);

    impl Write for Out {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0
                .send(bytes.to_vec())
                .map_err(|_| io::ErrorKind::BrokenPipe)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A loss that the test does not expect.
    fn no_loss() -> Loss {
        Loss {
            count: Box::new(|| panic!("a record was lost")),
            record: Box::new(|lost| panic!("{lost} records were lost")),
        }
    }

    #[test]
    fn every_record_is_written_whole_and_few_wait() {
        const LIMIT: usize = 100;
        let (out, written) = channel();
        let (queue, rest) =
            Queue::start_with_limits(Out(out), no_loss(), LIMIT, Duration::MAX).unwrap();
        let threads = ["one", "two", "three", "four"].map(|name| {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                for number in 0..100 {
                    let record = format!("{name} {number}\n");
                    (&*queue).write_all(record.as_bytes()).unwrap();
                }
                name
            })
        });
        let names = threads.map(|thread| thread.join().unwrap());
        drop(rest);
        let mut log = String::new();
        for batch in written {
            assert!(batch.len() <= LIMIT + "three 99\n".len());
            log.push_str(std::str::from_utf8(&batch).unwrap());
        }
        for name in names {
            let of_thread = log.lines().filter(|line| line.starts_with(name));
            let numbers: Vec<String> = (0..100).map(|number| format!("{name} {number}")).collect();
            assert!(of_thread.eq(&numbers), "{name}");
        }
        assert_eq!(log.lines().count(), 400);
    }

    #[test]
    fn a_closed_output_ends_nothing() {
        let (out, written) = channel();
        drop(written);
        let (queue, rest) =
            Queue::start_with_limits(Out(out), no_loss(), 1, Duration::MAX).unwrap();
        for _ in 0..10 {
            (&*queue).write_all(b"record\n").unwrap();
        }
        drop(rest);
        assert!(queue.state().has_ended);
    }

    /// A writer that says when a write begins, and ends the write when the test allows it.
    struct Stalled {
        begun: Sender<()>,
        may_go_on: Receiver<()>,
        out: Out,
    }

    impl Write for Stalled {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // An error means that the test has ended.
            let _ = self.begun.send(());
            let _ = self.may_go_on.recv();
            self.out.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn records_are_lost_and_counted_while_nothing_is_written() {
        let ((begun, has_begun), (go_on, may_go_on), (out, written)) =
            (channel(), channel(), channel());
        let count = Arc::new(AtomicUsize::new(0));
        let loss = Loss {
            count: Box::new({
                let count = Arc::clone(&count);
                move || _ = count.fetch_add(1, Ordering::Relaxed)
            }),
            record: Box::new(|lost| format!("{lost} lost\n")),
        };
        let stalled = Stalled {
            begun,
            may_go_on,
            out: Out(out),
        };
        let (queue, rest) = Queue::start_with_limits(stalled, loss, 7, Duration::ZERO).unwrap();
        let say = |record: &str| (&*queue).write_all(record.as_bytes()).unwrap();
        say("first\n");
        has_begun.recv().unwrap();
        for record in ["second\n", "third\n", "fourth\n"] {
            say(record);
        }
        assert_eq!(count.load(Ordering::Relaxed), 2);
        go_on.send(()).unwrap();
        has_begun.recv().unwrap();
        say("fifth\n");
        drop(go_on);
        drop(rest);
        let written: Vec<u8> = written.into_iter().flatten().collect();
        let written = String::from_utf8(written).unwrap();
        assert_eq!(written, "first\nsecond\n2 lost\nfifth\n");
    }
}
