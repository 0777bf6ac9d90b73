//! The order in which backends are searched.

use std::fmt;
use std::str::FromStr;

use thiserror::Error as ThisError;

use crate::resolve::IdentityMap;
use crate::resolve::backend::{Backend, BackendKind, UnknownBackend};

/// The backends to search, in order: upstream's `--backend-mode`.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct BackendModes {
    // INVARIANT: not empty, no duplicates, no access entries.
    kinds: Vec<BackendKind>,
}

/// Why a list of modes is not valid.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, ThisError)]
#[non_exhaustive]
pub enum BackendModesError {
    /// A backend is named twice.
    #[error("a backend is named twice")]
    Duplicate,
    /// The list is empty.
    #[error("no backend is named")]
    Empty,
    /// A name belongs to no backend.
    #[error("unknown backend; expected `MountedFile`, `EKSConfigMap`, `CRD` or `DynamicFile`")]
    Unknown,
}

impl BackendModes {
    /// Builds a list from backends in order.
    ///
    /// # Errors
    ///
    /// In this order: [`BackendModesError::Unknown`] for access entries, which EKS searches before
    /// all others and upstream does not know; [`BackendModesError::Duplicate`];
    /// [`BackendModesError::Empty`].
    pub fn new(kinds: impl IntoIterator<Item = BackendKind>) -> Result<Self, BackendModesError> {
        let mut taken: Vec<BackendKind> = Vec::new();
        let mut is_repeated = false;
        for kind in kinds {
            if kind == BackendKind::AccessEntries {
                return Err(BackendModesError::Unknown);
            }
            is_repeated |= taken.contains(&kind);
            taken.push(kind);
        }
        if is_repeated {
            return Err(BackendModesError::Duplicate);
        }
        if taken.is_empty() {
            return Err(BackendModesError::Empty);
        }
        Ok(Self { kinds: taken })
    }

    /// Returns the backends in order.
    #[must_use]
    pub fn kinds(&self) -> &[BackendKind] {
        &self.kinds
    }

    /// Builds a map of the named backends, in the order of the modes. As upstream, other backends
    /// are left out. Access entries, which upstream does not know, come first.
    #[must_use]
    pub fn chain(&self, backends: impl IntoIterator<Item = Backend>) -> IdentityMap {
        let place = |backend: &Backend| match backend.kind() {
            BackendKind::AccessEntries => Some(0),
            kind => {
                let at = self.kinds.iter().position(|named| *named == kind)?;
                Some(at.saturating_add(1))
            }
        };
        let mut chain: Vec<(usize, Backend)> = backends
            .into_iter()
            .filter_map(|backend| Some((place(&backend)?, backend)))
            .collect();
        chain.sort_by_key(|(place, _)| *place);
        chain
            .into_iter()
            .map(|(_, backend)| backend)
            .fold(IdentityMap::new(), IdentityMap::with_backend)
    }
}

impl Default for BackendModes {
    /// The mounted file alone, as upstream's flag.
    fn default() -> Self {
        Self {
            kinds: vec![BackendKind::MountedFile],
        }
    }
}

impl FromStr for BackendModes {
    type Err = BackendModesError;

    /// Parses a comma-separated list, as the flag `--backend-mode` takes it. Upstream's deprecated
    /// names are accepted.
    ///
    /// # Errors
    ///
    /// In this order, as upstream (`pkg/mapper/mapper.go`, `ValidateBackendMode`):
    /// [`BackendModesError::Unknown`], [`BackendModesError::Duplicate`],
    /// [`BackendModesError::Empty`].
    // DIFFERENCE: upstream accepts a backend twice if one of the names is its deprecated name.
    fn from_str(text: &str) -> Result<Self, BackendModesError> {
        let kinds = text
            .split(',')
            .filter(|_| !text.is_empty())
            .map(str::parse)
            .collect::<Result<Vec<BackendKind>, _>>();
        Self::new(kinds.map_err(|UnknownBackend| BackendModesError::Unknown)?)
    }
}

impl fmt::Display for BackendModes {
    /// Prints the names, separated by commas.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, kind) in self.kinds.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{kind}")?;
        }
        Ok(())
    }
}
