//! The names of sources.

use std::fmt;

use eks_auth::BackendKind;
use printable_text::Printable;

/// What a source contains.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum SourceKind {
    /// EKS access entries with their policies, as the AWS command line prints them.
    AccessEntries,
    /// The rules of access policies, for policies that EKS's user guide does not print.
    AccessPolicies,
    /// The order of the backends, as a file that is read at run time: upstream's
    /// `dynamicBackendModePath`.
    BackendModes,
    /// The ConfigMap `aws-auth`.
    ConfigMap,
    /// The dynamic file, matched by ARN.
    DynamicFile,
    /// The dynamic file, matched by user id: upstream's `dynamicfileUserIDStrict`.
    DynamicFileByUserId,
    /// `IAMIdentityMapping` objects.
    IdentityMappings,
    /// The configuration file of aws-iam-authenticator with its rules.
    MountedFile,
    /// RBAC objects: a file, or a directory of manifests.
    Rbac,
}

impl SourceKind {
    /// Returns the name: the name of upstream's backend mode, if there is one.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessPolicies => "AccessPolicies",
            Self::BackendModes => "BackendModes",
            Self::Rbac => "RBAC",
            Self::AccessEntries => BackendKind::AccessEntries.as_str(),
            Self::ConfigMap => BackendKind::EksConfigMap.as_str(),
            Self::DynamicFile | Self::DynamicFileByUserId => BackendKind::DynamicFile.as_str(),
            Self::IdentityMappings => BackendKind::Crd.as_str(),
            Self::MountedFile => BackendKind::MountedFile.as_str(),
        }
    }

    /// Returns the backend that the source holds the rules of. `None` if it holds no mapping rules.
    #[must_use]
    pub const fn backend(self) -> Option<BackendKind> {
        match self {
            Self::AccessEntries => Some(BackendKind::AccessEntries),
            Self::ConfigMap => Some(BackendKind::EksConfigMap),
            Self::DynamicFile | Self::DynamicFileByUserId => Some(BackendKind::DynamicFile),
            Self::IdentityMappings => Some(BackendKind::Crd),
            Self::MountedFile => Some(BackendKind::MountedFile),
            Self::AccessPolicies | Self::BackendModes | Self::Rbac => None,
        }
    }

    /// Returns whether a program may do without the source: upstream starts without the file of
    /// backend modes, and waits for it.
    pub(crate) const fn is_optional(self) -> bool {
        matches!(self, Self::BackendModes)
    }
}

impl fmt::Display for SourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The name of one source: its kind, and the path or the objects that it is read from.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SourceName {
    kind: SourceKind,
    origin: String,
}

impl SourceName {
    pub(crate) const fn new(kind: SourceKind, origin: String) -> Self {
        Self { kind, origin }
    }

    /// Returns the kind of the source.
    #[must_use]
    pub const fn kind(&self) -> SourceKind {
        self.kind
    }

    /// Returns the absolute path of a file or directory; for a feed, the description that it was
    /// given.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.kind, Printable::new(&self.origin))
    }
}
