//! A backend: one source of rules.

use std::fmt;

use crate::rules::Rules;

/// The prefixes that EKS reserves in the usernames of access entries (EKS user guide, "Create access
/// entries"). They take effect only if passed to [`Backend::with_reserved_prefixes`].
pub const EKS_RESERVED_PREFIXES: [&str; 5] = ["system:", "eks:", "aws:", "amazon:", "iam:"];

/// The kind of a backend, named like upstream's backend modes.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum BackendKind {
    /// EKS access entries.
    AccessEntries,
    /// `IAMIdentityMapping` objects.
    Crd,
    /// A JSON file that another program maintains.
    DynamicFile,
    /// The ConfigMap `aws-auth`.
    EksConfigMap,
    /// The server's own configuration file.
    MountedFile,
}

impl BackendKind {
    /// Every kind, in order of name.
    pub const ALL: [Self; 5] = [
        Self::AccessEntries,
        Self::Crd,
        Self::DynamicFile,
        Self::EksConfigMap,
        Self::MountedFile,
    ];

    /// Returns the kind that a mode names. Upstream's two deprecated names are accepted: `File` is
    /// `MountedFile`, and `ConfigMap` is `EKSConfigMap` (`pkg/mapper/mapper.go`).
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

/// One source of rules in an [`IdentityMap`](crate::IdentityMap).
#[derive(Clone, Debug)]
pub struct Backend {
    pub(crate) kind: BackendKind,
    pub(crate) rules: Rules,
    pub(crate) reserved_prefixes: Vec<String>,
    pub(crate) reserved_group_prefixes: Vec<String>,
}

impl Backend {
    /// Builds a backend. As upstream, no prefix is reserved by default.
    #[must_use]
    pub const fn new(kind: BackendKind, rules: Rules) -> Self {
        Self {
            kind,
            rules,
            reserved_prefixes: Vec::new(),
            reserved_group_prefixes: Vec::new(),
        }
    }

    /// Refuses users whose rendered username starts with one of these prefixes: upstream's
    /// `usernamePrefixReserveList`. As upstream, an empty prefix reserves nothing.
    #[must_use]
    pub fn with_reserved_prefixes<'p>(self, prefixes: impl IntoIterator<Item = &'p str>) -> Self {
        Self {
            reserved_prefixes: owned(prefixes),
            ..self
        }
    }

    /// Refuses users with a rendered group that starts with one of these prefixes. Upstream has no
    /// such list.
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

    /// Returns the kind of the backend.
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
    prefixes
        .into_iter()
        .filter(|prefix| !prefix.is_empty())
        .map(str::to_owned)
        .collect()
}

/// EKS's choice between access entries and the ConfigMap, `accessConfig.authenticationMode`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "the API has these three")]
pub enum AuthenticationMode {
    /// `API`: access entries only.
    Api,
    /// `API_AND_CONFIG_MAP`: access entries, then the ConfigMap for principals without one.
    ApiAndConfigMap,
    /// `CONFIG_MAP`: the ConfigMap only.
    ConfigMap,
}

impl AuthenticationMode {
    /// Returns the mode with this name.
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

    /// Returns whether backends of a kind are searched. Other kinds than these two always are.
    pub(crate) const fn asks(self, kind: BackendKind) -> bool {
        match kind {
            BackendKind::AccessEntries => !matches!(self, Self::ConfigMap),
            BackendKind::EksConfigMap => !matches!(self, Self::Api),
            BackendKind::Crd | BackendKind::DynamicFile | BackendKind::MountedFile => true,
        }
    }
}
