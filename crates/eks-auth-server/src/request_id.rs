//! Numbers for requests.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// The most digits of a number.
const DIGITS: usize = 20;

/// Numbers requests: a random part that distinguishes instances, and a counter.
#[derive(Debug)]
pub(crate) struct RequestIds {
    /// The random part, and the hyphen.
    instance: String,
    next: AtomicU64,
}

impl RequestIds {
    pub(crate) fn new() -> Self {
        Self {
            // The standard library's only source of randomness.
            instance: format!("{:016x}-", RandomState::new().hash_one(std::process::id())),
            next: AtomicU64::new(1),
        }
    }

    pub(crate) fn next(&self) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let mut id = String::with_capacity(self.instance.len().saturating_add(DIGITS));
        id.push_str(&self.instance);
        id.push_str(itoa::Buffer::new().format(number));
        id
    }
}
