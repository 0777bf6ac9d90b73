//! The rules for answering reviews, replaced as a whole.

use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use aws_auth_map::IdentityMap;
use eks_auth::AccessPolicyRules;
use k8s_rbac::Policy;

use crate::source_status::SourceStatus;

/// The rules for answering reviews, and the state of the sources that they came from.
///
/// A review is answered by one snapshot, so it never sees half of a change. The parts are shared: a clone
/// copies pointers only.
#[derive(Clone, Debug)]
pub struct Snapshot {
    identity_map: Arc<IdentityMap>,
    policy: Option<Arc<Policy>>,
    access_policies: Arc<AccessPolicyRules>,
    sources: Arc<[SourceStatus]>,
    generation: u64,
}

impl Snapshot {
    /// Builds a snapshot that maps identities, without an RBAC policy and without sources to wait for.
    #[must_use]
    pub fn new(identity_map: IdentityMap) -> Self {
        Self {
            identity_map: Arc::new(identity_map),
            policy: None,
            access_policies: Arc::default(),
            sources: Arc::default(),
            generation: 0,
        }
    }

    /// Replaces the mapping rules.
    #[must_use]
    pub fn with_identity_map(self, identity_map: impl Into<Arc<IdentityMap>>) -> Self {
        Self {
            identity_map: identity_map.into(),
            ..self
        }
    }

    /// Replaces the RBAC policy.
    #[must_use]
    pub fn with_policy(self, policy: impl Into<Arc<Policy>>) -> Self {
        Self {
            policy: Some(policy.into()),
            ..self
        }
    }

    /// Replaces the rules of access policies.
    #[must_use]
    pub fn with_access_policies(self, rules: impl Into<Arc<AccessPolicyRules>>) -> Self {
        Self {
            access_policies: rules.into(),
            ..self
        }
    }

    /// Replaces the states of all sources.
    #[must_use]
    pub fn with_sources(self, sources: impl Into<Arc<[SourceStatus]>>) -> Self {
        Self {
            sources: sources.into(),
            ..self
        }
    }

    /// Replaces the state of the source with the same name, or adds it.
    #[must_use]
    pub fn with_source(self, status: SourceStatus) -> Self {
        let mut sources = self.sources.to_vec();
        match sources.iter_mut().find(|own| own.name() == status.name()) {
            Some(own) => *own = status,
            None => sources.push(status),
        }
        self.with_sources(sources)
    }

    /// Returns the mapping rules.
    #[must_use]
    pub fn identity_map(&self) -> &IdentityMap {
        &self.identity_map
    }

    /// Returns the RBAC policy. `None` if access reviews are not answered, or no policy has been
    /// read yet.
    #[must_use]
    pub fn policy(&self) -> Option<&Policy> {
        self.policy.as_deref()
    }

    /// Returns the rules of access policies.
    #[must_use]
    pub fn access_policies(&self) -> &AccessPolicyRules {
        &self.access_policies
    }

    /// Returns the states of the sources.
    #[must_use]
    pub fn sources(&self) -> &[SourceStatus] {
        &self.sources
    }

    /// Returns the number of snapshots that were published before this one.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// Returns whether every source was read at least once. Before that, the webhooks are not ready.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.sources.iter().all(SourceStatus::is_ready)
    }
}

/// A snapshot that is replaced while others read it. Clones share it.
#[derive(Clone, Debug)]
pub struct SharedSnapshot {
    current: Arc<ArcSwap<Snapshot>>,
}

impl SharedSnapshot {
    /// Shares a snapshot.
    #[must_use]
    pub fn new(snapshot: Snapshot) -> Self {
        Self {
            current: Arc::new(ArcSwap::from_pointee(snapshot)),
        }
    }

    /// Returns the current snapshot, which later updates do not change.
    #[must_use]
    pub fn load(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// Returns the current snapshot, for one review. It does not count as an owner of the [`Arc`], because all
    /// reviews would change that one counter.
    pub(crate) fn borrow(&self) -> Guard<Arc<Snapshot>> {
        self.current.load()
    }

    /// Publishes the snapshot that `change` derives from the current one, and returns it.
    ///
    /// `change` may be called more than once: if another thread publishes at the same time, it is called
    /// again with that snapshot, so that neither change is lost. It should replace only the parts that it
    /// owns.
    pub fn update(&self, change: impl Fn(Snapshot) -> Snapshot) -> Arc<Snapshot> {
        let publish = |current: &Arc<Snapshot>| {
            let generation = current.generation.saturating_add(1);
            let changed = change(Snapshot::clone(current));
            Arc::new(Snapshot {
                generation,
                ..changed
            })
        };
        self.current.rcu(publish);
        self.load()
    }
}
