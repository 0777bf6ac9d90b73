//! Work on another thread, if the options allow more than one.

use std::num::NonZeroUsize;
use std::thread::{Builder, ScopedJoinHandle, scope};

use bounded_yaml::DEFAULT_PIECE_BYTES;

/// Returns whether a text of this length is worth another thread: if it is so long that `bounded-yaml` parses
/// it in pieces. A shorter text is read before a thread has started.
pub(crate) const fn is_worth_a_thread(text: &str, threads: NonZeroUsize) -> bool {
    threads.get() > 1 && text.len() > DEFAULT_PIECE_BYTES
}

/// Runs two functions at the same time, the first on another thread. A panic there continues here.
pub(crate) fn at_once<T>(other: &(impl Fn() + Sync), own: impl FnOnce() -> T) -> T {
    scope(|scope| {
        let thread = Builder::new().spawn_scoped(scope, other);
        let result = own();
        match thread.map(ScopedJoinHandle::join) {
            Ok(Ok(())) => {}
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            // There is no other thread.
            Err(_) => other(),
        }
        result
    })
}
