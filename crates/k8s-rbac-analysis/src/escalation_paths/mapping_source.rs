//! Where an authenticator for AWS identities reads who they become.

use crate::escalation_paths::capability_kind::CapabilityKind;

/// Where an authenticator for AWS identities reads who they become, as far as a user of the cluster can write it.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum MappingSource {
    /// The access entries of Amazon EKS, which a controller writes for the objects that describe them.
    AccessEntries,
    /// The `ConfigMap` `aws-auth`.
    AwsAuth,
    /// `IAMIdentityMapping` objects.
    IdentityMappings,
}

impl MappingSource {
    /// Returns the source that a permission lets its holder write. `None` if the permission is for something else.
    pub(super) const fn written_by(kind: CapabilityKind) -> Option<Self> {
        match kind {
            CapabilityKind::EditConfigMaps => Some(Self::AwsAuth),
            CapabilityKind::WriteAccessEntries => Some(Self::AccessEntries),
            CapabilityKind::WriteIdentityMappings => Some(Self::IdentityMappings),
            _ => None,
        }
    }
}
