//! A policy that is changed while others decide by it.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use crate::engine::policy::Policy;

/// A policy for many readers and a few writers.
///
/// A reader takes a snapshot, an ordinary [`Policy`], and decides by it as long as it likes: it
/// never waits, and what it has never changes under it. A writer changes a copy, which shares
/// whatever stays the same, and puts it in the place of the current one when it is done: readers
/// see all of a change or nothing of it. Writers wait for each other.
///
/// ```
/// use k8s_rbac::{ClusterRoleBinding, Policy, PolicyStore};
///
/// let store = PolicyStore::new(Policy::default());
/// let before = store.snapshot();
/// store.update(|policy| policy.put_cluster_role_binding(ClusterRoleBinding::default()));
/// assert_eq!(before.cluster_role_bindings().count(), 0);
/// assert_eq!(store.snapshot().cluster_role_bindings().count(), 1);
/// ```
#[derive(Debug, Default)]
pub struct PolicyStore {
    current: ArcSwap<Policy>,
    writer: Mutex<()>,
}

impl PolicyStore {
    /// Makes a store that has this policy.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self {
            current: ArcSwap::from_pointee(policy),
            writer: Mutex::new(()),
        }
    }

    /// Returns the policy as it is now.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Policy> {
        self.current.load_full()
    }

    /// Changes the policy, and returns what the change does. Several changes in one call become
    /// visible at once; if `change` panics, none does.
    pub fn update<T>(&self, change: impl FnOnce(&mut Policy) -> T) -> T {
        // The lock guards no data, so that one who panicked left nothing half done.
        let _alone = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut policy = Policy::clone(&self.current.load());
        let changed = change(&mut policy);
        self.current.store(Arc::new(policy));
        changed
    }
}
