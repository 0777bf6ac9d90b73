//! The source of an entry, and the authenticator that it is for.

use crate::dialect::Dialect;

/// The source of an entry, which decides how its ARN is read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum EntryForm {
    /// An identity mapping of eksctl's `ClusterConfig`, which eksctl writes to the ConfigMap. Its key
    /// is `arn` in every section.
    ClusterConfig,
    /// An ARN is taken as written.
    ConfigMap,
    /// An ARN is made canonical, and there is no `sso` (pkg/mapper/dynamicfile/dynamicfile.go,
    /// saveMap).
    DynamicFile,
    /// The entry is for a user id, and an ARN has to agree with it.
    DynamicFileByUserId,
    /// An ARN is made canonical, so the ARN of a session becomes the ARN of its role. Upstream does
    /// so when it reads its configuration (cmd/aws-iam-authenticator/root.go, getConfig).
    MountedFile,
    /// An `IAMIdentityMapping`, whose ARN is made canonical.
    Object,
}

impl EntryForm {
    /// Returns whether the entries come from the ConfigMap.
    pub(super) const fn is_of_config_map(self) -> bool {
        matches!(self, Self::ClusterConfig | Self::ConfigMap)
    }

    /// Returns whether an operator writes the entries, not a program.
    pub(super) const fn is_handwritten(self) -> bool {
        matches!(
            self,
            Self::ClusterConfig | Self::ConfigMap | Self::MountedFile
        )
    }
}

/// The source of an entry, and the authenticator that it is for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Syntax {
    pub(crate) form: EntryForm,
    pub(crate) dialect: Dialect,
}
