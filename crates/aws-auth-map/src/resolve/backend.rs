//! A backend: one source of rules.

use std::fmt;
use std::str::FromStr;

use thiserror::Error as ThisError;

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

/// A name of no backend.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, ThisError)]
#[error(
    "unknown backend; expected `AccessEntries`, `CRD`, `DynamicFile`, `EKSConfigMap` or `MountedFile`"
)]
#[expect(
    clippy::exhaustive_structs,
    reason = "the error has no details, and callers compare it"
)]
pub struct UnknownBackend;

impl FromStr for BackendKind {
    type Err = UnknownBackend;

    /// Parses the name of a mode. Upstream's two deprecated names are accepted: `File` is
    /// `MountedFile`, and `ConfigMap` is `EKSConfigMap` (`pkg/mapper/mapper.go`).
    fn from_str(mode: &str) -> Result<Self, UnknownBackend> {
        match mode {
            "ConfigMap" => Ok(Self::EksConfigMap),
            "File" => Ok(Self::MountedFile),
            _ => Self::ALL
                .into_iter()
                .find(|kind| kind.as_str() == mode)
                .ok_or(UnknownBackend),
        }
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
    /// `API_AND_CONFIG_MAP`: access entries, then the ConfigMap for principals without an access
    /// entry.
    ApiAndConfigMap,
    /// `CONFIG_MAP`: the ConfigMap only.
    ConfigMap,
}

impl AuthenticationMode {
    /// Every mode.
    pub const ALL: [Self; 3] = [Self::Api, Self::ApiAndConfigMap, Self::ConfigMap];

    /// Returns the name of the mode.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Api => "API",
            Self::ApiAndConfigMap => "API_AND_CONFIG_MAP",
            Self::ConfigMap => "CONFIG_MAP",
        }
    }

    /// Returns whether backends of a kind are searched. A mode only leaves out access entries or
    /// the ConfigMap.
    pub(crate) const fn asks(self, kind: BackendKind) -> bool {
        match kind {
            BackendKind::AccessEntries => !matches!(self, Self::ConfigMap),
            BackendKind::EksConfigMap => !matches!(self, Self::Api),
            BackendKind::Crd | BackendKind::DynamicFile | BackendKind::MountedFile => true,
        }
    }
}

impl fmt::Display for AuthenticationMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name of no authentication mode.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, ThisError)]
#[error("unknown authentication mode; expected `API`, `API_AND_CONFIG_MAP` or `CONFIG_MAP`")]
#[expect(
    clippy::exhaustive_structs,
    reason = "the error has no details, and callers compare it"
)]
pub struct UnknownAuthenticationMode;

impl FromStr for AuthenticationMode {
    type Err = UnknownAuthenticationMode;

    fn from_str(name: &str) -> Result<Self, UnknownAuthenticationMode> {
        Self::ALL
            .into_iter()
            .find(|mode| mode.as_str() == name)
            .ok_or(UnknownAuthenticationMode)
    }
}

#[cfg(test)]
mod tests {
    use super::{AuthenticationMode, BackendKind, UnknownAuthenticationMode, UnknownBackend};

    #[test]
    fn every_kind_and_mode_is_parsed_from_its_name() {
        for kind in BackendKind::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
        for mode in AuthenticationMode::ALL {
            assert_eq!(mode.to_string().parse(), Ok(mode));
        }
        assert_eq!("File".parse(), Ok(BackendKind::MountedFile));
        assert_eq!("eksconfigmap".parse::<BackendKind>(), Err(UnknownBackend));
        assert_eq!(
            "api".parse::<AuthenticationMode>(),
            Err(UnknownAuthenticationMode)
        );
    }
}
