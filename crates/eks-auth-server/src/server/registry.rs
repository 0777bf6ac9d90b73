//! The open connections of a listener.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::activity::Activity;

/// One open connection.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) activity: Arc<Activity>,
    /// Notified once if the connection has to make room.
    pub(super) evicted: Notify,
}

/// The open connections of a listener.
#[derive(Debug, Default)]
pub(super) struct Registry {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    next: u64,
    connections: HashMap<u64, Arc<Entry>>,
}

impl Registry {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn open(self: &Arc<Self>) -> Registered {
        let entry = Arc::new(Entry {
            activity: Arc::new(Activity::new()),
            evicted: Notify::new(),
        });
        let mut inner = self.inner();
        let id = inner.next;
        inner.next = id.wrapping_add(1);
        inner.connections.insert(id, Arc::clone(&entry));
        drop(inner);
        Registered {
            registry: Arc::clone(self),
            id,
            entry,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.inner().connections.len()
    }

    /// Closes the connection that has waited longest without a request in flight. Returns whether there was
    /// such a connection.
    pub(super) fn evict(&self) -> bool {
        let mut inner = self.inner();
        let first = inner
            .connections
            .iter()
            .filter_map(|(id, entry)| Some((entry.activity.eviction_order()?, *id)))
            .min();
        // Taken out at once, so that the next call chooses another one.
        let Some(entry) = first.and_then(|(_, id)| inner.connections.remove(&id)) else {
            return false;
        };
        entry.evicted.notify_one();
        true
    }
}

/// A connection, which leaves the registry when dropped.
pub(super) struct Registered {
    registry: Arc<Registry>,
    id: u64,
    pub(super) entry: Arc<Entry>,
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.registry.inner().connections.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Registry;

    #[tokio::test]
    async fn each_connection_makes_room_once() {
        let registry = Arc::new(Registry::default());
        assert!(!registry.evict());
        let [first, second, busy] = [(); 3].map(|()| registry.open());
        let mut guard = busy.entry.activity.begin();
        guard.body_read();
        assert_eq!(registry.len(), 3);
        assert!(registry.evict());
        first.entry.evicted.notified().await;
        assert!(registry.evict());
        second.entry.evicted.notified().await;
        assert!(!registry.evict(), "the last is being answered");
        assert_eq!(registry.len(), 1);
        drop(busy);
        assert_eq!(registry.len(), 0);
    }
}
