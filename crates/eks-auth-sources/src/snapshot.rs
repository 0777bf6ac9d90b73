//! The rules that judge one request.

use std::sync::Arc;

use eks_auth::aws_auth_map::BackendModes;
use eks_auth::{AccessPolicyRules, IdentityMap};
use k8s_rbac::Policy;
use thiserror::Error as ThisError;

/// The rules of all sources at one time. A snapshot never changes, so a request that holds it is
/// judged by one version of each source.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub(crate) generation: u64,
    pub(crate) identities: Arc<IdentityMap>,
    pub(crate) modes: BackendModes,
    pub(crate) policy: Result<Arc<Policy>, NoPolicy>,
    pub(crate) access_policies: Arc<AccessPolicyRules>,
}

impl Snapshot {
    /// Returns the number of the snapshot. It grows with each change.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// Returns the mapping rules of all backends, in the order in which they are searched.
    #[must_use]
    pub const fn identities(&self) -> &Arc<IdentityMap> {
        &self.identities
    }

    /// Returns the order of the backends that is in effect.
    #[must_use]
    pub const fn backend_modes(&self) -> &BackendModes {
        &self.modes
    }

    /// Returns the RBAC policy of all RBAC sources.
    ///
    /// # Errors
    ///
    /// [`NoPolicy`] if there is no such source, or if one of them has not been read. A request must
    /// then get no answer.
    pub const fn policy(&self) -> Result<&Arc<Policy>, NoPolicy> {
        match &self.policy {
            Ok(policy) => Ok(policy),
            Err(why) => Err(*why),
        }
    }

    /// Returns the rules of access policies, which are united with RBAC by
    /// [`authorize`](eks_auth::authorize).
    #[must_use]
    pub const fn access_policies(&self) -> &Arc<AccessPolicyRules> {
        &self.access_policies
    }
}

/// Why there is no RBAC policy.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, ThisError)]
#[expect(clippy::exhaustive_enums, reason = "a webhook must decide on both")]
pub enum NoPolicy {
    /// No RBAC source was configured.
    #[error("no RBAC source is configured")]
    NotConfigured,
    /// A source of RBAC objects has not been read, so a binding may be unknown.
    #[error("the RBAC objects have not been read")]
    Unreadable,
}
