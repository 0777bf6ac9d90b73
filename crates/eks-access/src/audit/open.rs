//! Requests whose first event was counted and whose second is to come.

use std::collections::{HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

/// The requests that are remembered. Our choice: more than a cluster has open at once. A second event of one
/// that was forgotten counts as another request, which changes numbers and nothing else.
const MAX_OPEN: usize = 1 << 16;

/// The audit ids of long-running requests such as `watch`, for which a log has an event at their start and
/// one at their end. Clients choose audit ids, so the request is a part of the key.
#[derive(Clone, Debug, Default)]
pub(super) struct Open {
    keys: HashSet<u64>,
    order: VecDeque<u64>,
}

impl Open {
    /// Remembers a request that has begun. Returns whether it is new.
    pub(super) fn begin(&mut self, audit_id: &str, request: &str) -> bool {
        let key = key(audit_id, request);
        if !self.keys.insert(key) {
            return false;
        }
        self.order.push_back(key);
        if self.order.len() > MAX_OPEN
            && let Some(oldest) = self.order.pop_front()
        {
            self.keys.remove(&oldest);
        }
        true
    }

    /// Returns whether a request that ends was counted when it began.
    pub(super) fn end(&self, audit_id: &str, request: &str) -> bool {
        self.keys.contains(&key(audit_id, request))
    }
}

fn key(audit_id: &str, request: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (audit_id, request).hash(&mut hasher);
    hasher.finish()
}
