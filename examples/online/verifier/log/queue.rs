//! The records that wait to be written, and the thread that writes them.

use std::io::{self, Write};
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How many bytes of records may wait to be written: about 8,000 records, and half a second of the fastest reviews
/// that were measured (`benches/README.md`).
const MAX_WAITING: usize = 6 << 20;

/// How long records gather after some have been written: our choice. Without a pause, the thread that writes is woken
/// for nearly every record, which costs more than the record itself.
const GATHERING: Duration = Duration::from_millis(2);

/// How large a buffer stays after it was written, in bytes: the records of ten pauses of [`GATHERING`].
const KEPT: usize = 1 << 20;

/// How long the last records may take at the end of the program: our choice.
const END: Duration = Duration::from_secs(1);

/// Records that wait to be written. Writing into it costs a copy.
///
/// A full queue blocks: a record that is not written is a login that was never seen.
pub(super) struct Queue {
    state: Mutex<State>,
    max_waiting: usize,
    /// Notified when a record arrives and the thread waits for it.
    arrived: Condvar,
    /// Notified when the thread takes records, and when it has ended.
    taken: Condvar,
}

#[derive(Default)]
struct State {
    waiting: Vec<u8>,
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
    pub(super) fn start(out: impl Write + Send + 'static) -> io::Result<(Arc<Self>, RestOfTheLog)> {
        Self::start_with_limit(out, MAX_WAITING)
    }

    fn start_with_limit(
        out: impl Write + Send + 'static,
        max_waiting: usize,
    ) -> io::Result<(Arc<Self>, RestOfTheLog)> {
        let queue = Arc::new(Self {
            state: Mutex::default(),
            max_waiting,
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
            // There is nowhere else to say it, and a closed standard error must not end the webhook.
            let _ = out.write_all(&records).and_then(|()| out.flush());
            records.clear();
            records.shrink_to(KEPT);
            thread::sleep(GATHERING);
        }
        self.state().has_ended = true;
        self.taken.notify_all();
    }

    /// Waits for records, and takes all that wait. Returns whether there are any: if not, the log has ended.
    fn take(&self, records: &mut Vec<u8>) -> bool {
        let mut state = self.state();
        while state.waiting.is_empty() && !state.is_ending {
            state.is_writer_asleep = true;
            let woken = self.arrived.wait(state);
            state = woken.unwrap_or_else(PoisonError::into_inner);
        }
        mem::swap(&mut state.waiting, records);
        drop(state);
        self.taken.notify_all();
        !records.is_empty()
    }
}

impl Write for &Queue {
    /// Adds a record, which is written whole.
    fn write(&mut self, record: &[u8]) -> io::Result<usize> {
        let mut state = self.state();
        while state.waiting.len() >= self.max_waiting && !state.is_ending {
            let woken = self.taken.wait(state);
            state = woken.unwrap_or_else(PoisonError::into_inner);
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
    use std::sync::mpsc::{Sender, channel};

    use super::*;

    /// Sends on what is written at once.
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

    #[test]
    fn every_record_is_written_whole_and_few_wait() {
        const LIMIT: usize = 100;
        let (out, written) = channel();
        let (queue, rest) = Queue::start_with_limit(Out(out), LIMIT).unwrap();
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
        let (queue, rest) = Queue::start_with_limit(Out(out), 1).unwrap();
        for _ in 0..10 {
            (&*queue).write_all(b"record\n").unwrap();
        }
        drop(rest);
        assert!(queue.state().has_ended);
    }
}
