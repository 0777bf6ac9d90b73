//! The order in which sources are asked.

use thiserror::Error as ThisError;

use crate::resolve::IdentityMap;
use crate::resolve::backend::{Backend, BackendKind};

/// The sources that are asked, and their order: upstream's `--backend-mode`.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct BackendModes {
    // INVARIANT: at least one, each once, and no access entries.
    kinds: Vec<BackendKind>,
}

/// Why a list of modes is none.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, ThisError)]
#[non_exhaustive]
pub enum BackendModesError {
    /// A backend stands there twice.
    #[error("a backend is named twice")]
    Duplicate,
    /// There is none.
    #[error("no backend is named")]
    Empty,
    /// A name is no backend's.
    #[error("no backend; write `MountedFile`, `EKSConfigMap`, `CRD` or `DynamicFile`")]
    Unknown,
}

impl BackendModes {
    /// Reads modes with commas between them, by upstream's deprecated names as well, as the flag
    /// `--backend-mode` takes them.
    ///
    /// # Errors
    ///
    /// In this order, as upstream (`pkg/mapper/mapper.go`, `ValidateBackendMode`):
    /// [`BackendModesError::Unknown`], [`BackendModesError::Duplicate`],
    /// [`BackendModesError::Empty`].
    // DIFFERENCE: upstream takes a backend twice if one of the names is its deprecated one.
    pub fn parse(text: &str) -> Result<Self, BackendModesError> {
        let names = text.split(',').filter(|_| !text.is_empty());
        let kinds: Option<Vec<BackendKind>> = names.map(BackendKind::from_mode).collect();
        Self::new(kinds.ok_or(BackendModesError::Unknown)?)
    }

    /// Takes the sources in their order.
    ///
    /// # Errors
    ///
    /// In this order: [`BackendModesError::Unknown`] for access entries, which EKS asks before all
    /// others and upstream not at all; [`BackendModesError::Duplicate`];
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

    /// Returns the sources in their order.
    #[must_use]
    pub fn kinds(&self) -> &[BackendKind] {
        &self.kinds
    }

    /// Makes a map of the backends that are named, in the order of the modes. As upstream, the
    /// others are not asked; access entries, of which upstream knows nothing, are asked first.
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
        let chain = chain.into_iter().map(|(_, backend)| backend);
        chain.fold(IdentityMap::new(), IdentityMap::with_backend)
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
