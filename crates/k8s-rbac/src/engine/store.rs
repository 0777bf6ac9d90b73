//! A policy that can be changed while other threads use it.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use crate::engine::policy::Policy;

/// A policy for many readers and a few writers.
///
/// A reader takes a snapshot, an ordinary [`Policy`] that never changes, without waiting. A writer
/// changes a copy, which shares all unchanged parts, and then publishes it, so readers see either
/// all of a change or none of it. Writers wait for each other.
///
/// ```
/// use k8s_rbac::{ClusterRoleBinding, Policy, PolicyStore};
///
/// let store = PolicyStore::new(Policy::default());
/// let before = store.snapshot();
/// store.update(|policy| policy.put_cluster_role_binding(ClusterRoleBinding::default()));
/// assert_eq!(before.bindings().count(), 0);
/// assert_eq!(store.snapshot().bindings().count(), 1);
/// ```
#[derive(Debug, Default)]
pub struct PolicyStore {
    current: ArcSwap<Policy>,
    writer: Mutex<()>,
}

impl PolicyStore {
    /// Builds a store with an initial policy.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self {
            current: ArcSwap::from_pointee(policy),
            writer: Mutex::new(()),
        }
    }

    /// Returns the current policy.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Policy> {
        self.current.load_full()
    }

    /// Changes the policy and returns the result of `change`. All changes of one call become visible
    /// together. If `change` panics, no change does.
    ///
    /// # Panics
    ///
    /// May panic or never return if `change` calls `update` of the same store, as
    /// [`Mutex::lock`](std::sync::Mutex::lock) does. Nothing else here panics, and no input can
    /// cause a panic.
    pub fn update<T>(&self, change: impl FnOnce(&mut Policy) -> T) -> T {
        // The lock guards no data, so a writer that panicked left nothing half done.
        let _alone = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut policy = Policy::clone(&self.current.load());
        let changed = change(&mut policy);
        self.current.store(Arc::new(policy));
        changed
    }
}
