//! Work on another thread, where the options allow more than one.

use std::num::NonZeroUsize;
use std::thread::{Builder, Scope, ScopedJoinHandle, scope};

use bounded_yaml::{DEFAULT_PIECE_BYTES, Node};

/// Returns whether a text of this length is worth another thread: from the length on from which `bounded-yaml`
/// parses it in pieces. A shorter one is read before a thread has started.
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

/// Frees the trees of long documents on another thread, one at a time: to free the thousands of texts of a dump takes
/// as long as to build the policy of it.
pub(crate) struct Discard<'scope, 'env> {
    scope: &'scope Scope<'scope, 'env>,
    threads: NonZeroUsize,
    last: Option<ScopedJoinHandle<'scope, ()>>,
}

impl<'scope, 'env> Discard<'scope, 'env> {
    pub(crate) const fn new(scope: &'scope Scope<'scope, 'env>, threads: NonZeroUsize) -> Self {
        Self {
            scope,
            threads,
            last: None,
        }
    }

    /// Frees the nodes of a text.
    pub(crate) fn free(&mut self, text: &str, nodes: Vec<Node>) {
        if !is_worth_a_thread(text, self.threads) {
            return;
        }
        // Not more than one tree waits to be freed.
        if let Some(Err(panic)) = self.last.take().map(ScopedJoinHandle::join) {
            std::panic::resume_unwind(panic);
        }
        // Without another thread, the nodes are freed here.
        self.last = Builder::new()
            .spawn_scoped(self.scope, move || drop(nodes))
            .ok();
    }
}
