//! One source of rules.

use std::fmt;

use crate::rules::Rules;

/// The prefixes that EKS reserves for itself in the user names of access entries (EKS user guide,
/// "Create access entries"); none is reserved unless it is passed to
/// [`Backend::with_reserved_prefixes`].
pub const EKS_RESERVED_PREFIXES: [&str; 5] = ["system:", "eks:", "aws:", "amazon:", "iam:"];

/// Where rules come from, by upstream's names of its backend modes.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum BackendKind {
    /// EKS's access entries.
    AccessEntries,
    /// `IAMIdentityMapping` objects.
    Crd,
    /// A file that a program rewrites.
    DynamicFile,
    /// The ConfigMap `aws-auth`.
    EksConfigMap,
    /// The server's own configuration file.
    MountedFile,
}

impl BackendKind {
    /// All of them, by name.
    pub const ALL: [Self; 5] = [
        Self::AccessEntries,
        Self::Crd,
        Self::DynamicFile,
        Self::EksConfigMap,
        Self::MountedFile,
    ];

    /// Returns the kind that a mode names, by one of upstream's two deprecated names as well:
    /// `File` is `MountedFile`, and `ConfigMap` is `EKSConfigMap` (`pkg/mapper/mapper.go`).
    #[must_use]
    pub fn from_mode(mode: &str) -> Option<Self> {
        match mode {
            "ConfigMap" => Some(Self::EksConfigMap),
            "File" => Some(Self::MountedFile),
            _ => Self::ALL.into_iter().find(|kind| kind.as_str() == mode),
        }
    }

    /// Returns the name of the mode.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessEntries => "AccessEntries",
            Self::Crd => "CRD",
            Self::DynamicFile => "DynamicFile",
            Self::EksConfigMap => "EKSConfigMap",
            Self::MountedFile => "MountedFile",
        }
    }
}

impl fmt::Display for BackendKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One source of rules in a [`IdentityMap`](crate::IdentityMap).
#[derive(Clone, Debug)]
pub struct Backend {
    pub(crate) kind: BackendKind,
    pub(crate) rules: Rules,
    pub(crate) reserved_prefixes: Vec<String>,
    pub(crate) reserved_group_prefixes: Vec<String>,
}

impl Backend {
    /// Takes the rules of a source. No prefix is reserved, as upstream.
    #[must_use]
    pub const fn new(kind: BackendKind, rules: Rules) -> Self {
        Self {
            kind,
            rules,
            reserved_prefixes: Vec::new(),
            reserved_group_prefixes: Vec::new(),
        }
    }

    /// Refuses user names that begin with one of these: upstream's `usernamePrefixReserveList`.
    /// The rendered name is what counts. As upstream, an empty prefix reserves nothing.
    #[must_use]
    pub fn with_reserved_prefixes<'p>(self, prefixes: impl IntoIterator<Item = &'p str>) -> Self {
        Self {
            reserved_prefixes: owned(prefixes),
            ..self
        }
    }

    /// Refuses users with a group that begins with one of these, once it is rendered. Upstream has
    /// no such list.
    #[must_use]
    pub fn with_reserved_group_prefixes<'p>(
        self,
        prefixes: impl IntoIterator<Item = &'p str>,
    ) -> Self {
        Self {
            reserved_group_prefixes: owned(prefixes),
            ..self
        }
    }

    /// Returns what kind of source this is.
    #[must_use]
    pub const fn kind(&self) -> BackendKind {
        self.kind
    }

    /// Returns the rules.
    #[must_use]
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }
}

fn owned<'p>(prefixes: impl IntoIterator<Item = &'p str>) -> Vec<String> {
    let prefixes = prefixes.into_iter().filter(|prefix| !prefix.is_empty());
    prefixes.map(str::to_owned).collect()
}

/// EKS's choice between access entries and the ConfigMap, `accessConfig.authenticationMode`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "the API has these three")]
pub enum AuthenticationMode {
    /// `API`: access entries, and the ConfigMap means nothing.
    Api,
    /// `API_AND_CONFIG_MAP`: access entries first, and the ConfigMap for whom none is.
    ApiAndConfigMap,
    /// `CONFIG_MAP`: access entries mean nothing.
    ConfigMap,
}

impl AuthenticationMode {
    /// Returns the mode of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Api, Self::ApiAndConfigMap, Self::ConfigMap]
            .into_iter()
            .find(|mode| mode.as_str() == name)
    }

    /// Returns the name of the mode.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Api => "API",
            Self::ApiAndConfigMap => "API_AND_CONFIG_MAP",
            Self::ConfigMap => "CONFIG_MAP",
        }
    }

    /// Returns whether backends of a kind are asked. What is neither of the two is.
    pub(crate) const fn asks(self, kind: BackendKind) -> bool {
        match kind {
            BackendKind::AccessEntries => !matches!(self, Self::ConfigMap),
            BackendKind::EksConfigMap => !matches!(self, Self::Api),
            BackendKind::Crd | BackendKind::DynamicFile | BackendKind::MountedFile => true,
        }
    }
}
