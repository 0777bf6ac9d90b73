//! The description of sources.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use eks_auth::aws_auth_map::{BackendModes, DEFAULT_MAX_BYTES, Reader};
use eks_auth::iam_principal::AccountId;
use eks_auth::{AuthenticationMode, BackendKind};
use k8s_rbac::Objects;
use thiserror::Error as ThisError;

use crate::engine::{Engine, Settings};
use crate::event::Observer;
use crate::read::ReadLimits;
use crate::settle::Target;
use crate::slot::Slot;
use crate::source::{SourceKind, SourceName};
use crate::sources::{Shared, Sources, Thread};
use crate::state_dir::StateDir;
use crate::watch::Watch;
use crate::worker::{Inbox, Message, Worker};

/// Why the sources cannot be started.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum StartError {
    /// Two sources have the rules of one backend, or have the same kind although only one is
    /// allowed.
    #[error("there are two sources for {0}")]
    Duplicate(SourceKind),
    /// The backend modes name a backend that has no source.
    #[error("the backend modes name {0}, which has no source")]
    NoSource(BackendKind),
    /// A path cannot be made absolute, since the working directory is unknown.
    #[error("{path}: {why}", path = .0.display(), why = .1)]
    Path(PathBuf, io::Error),
    /// The operating system does not start a thread.
    #[error("the thread that reads the sources cannot be started: {0}")]
    Thread(io::Error),
}

/// Describes sources: files, feeds, and the order of their backends.
///
/// A backend is searched if the backend modes name it; see [`BackendModes::chain`]. Access entries
/// always come first.
#[must_use]
pub struct SourcesBuilder {
    settings: Settings,
    modes: Option<BackendModes>,
    sources: Vec<(SourceKind, Origin)>,
    max_bytes: usize,
    is_polling: bool,
}

enum Origin {
    Feed(String),
    Path(PathBuf),
}

impl fmt::Debug for SourcesBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourcesBuilder")
            .field("modes", &self.modes)
            .field("sources", &self.sources.len())
            .finish_non_exhaustive()
    }
}

impl SourcesBuilder {
    pub(crate) fn new() -> Self {
        Self {
            settings: Settings::new(),
            modes: None,
            sources: Vec::new(),
            max_bytes: DEFAULT_MAX_BYTES,
            is_polling: false,
        }
    }

    /// Adds a file. For [`SourceKind::Rbac`] the path may also be a directory; every .yaml, .yml
    /// and .json file below it is read. There may be several RBAC sources, and one of each other
    /// kind.
    ///
    /// A file need not exist yet. A symbolic link is followed each time.
    pub fn with_file(mut self, kind: SourceKind, path: impl Into<PathBuf>) -> Self {
        self.sources.push((kind, Origin::Path(path.into())));
        self
    }

    /// Adds a source that another part of the program reads; see [`Sources::feed`]. The text describes
    /// it in messages.
    pub fn with_feed(mut self, kind: SourceKind, description: &str) -> Self {
        let origin = Origin::Feed(description.to_owned());
        self.sources.push((kind, origin));
        self
    }

    /// Sets the order of the backends. By default, every backend with a source is searched, in the
    /// order in which the sources were added.
    pub fn with_backend_modes(mut self, modes: BackendModes) -> Self {
        self.modes = Some(modes);
        self
    }

    /// Searches the backends as EKS does in this mode; see
    /// [`IdentityMap::with_authentication_mode`](eks_auth::IdentityMap::with_authentication_mode).
    pub fn with_authentication_mode(mut self, mode: AuthenticationMode) -> Self {
        self.settings.authentication_mode = Some(mode);
        self
    }

    /// Sets the maximum size of a file of mapping rules, in bytes. The default is the limit of a
    /// ConfigMap, [`DEFAULT_MAX_BYTES`]. A file of RBAC objects may have
    /// [`k8s_rbac::DEFAULT_MAX_BYTES`].
    pub const fn with_max_bytes(mut self, max_bytes: usize) -> Self {
        self.max_bytes = max_bytes;
        self
    }

    /// Sets how the texts are read: the dialect and the name of the ConfigMap.
    pub fn with_reader(mut self, reader: Reader) -> Self {
        self.settings.reader = reader;
        self
    }

    /// Omits every detail but the username for identities in these accounts, and in the accounts
    /// that the mounted file lists.
    pub fn with_scrubbed_accounts(mut self, accounts: impl IntoIterator<Item = AccountId>) -> Self {
        self.settings.scrubbed_accounts.extend(accounts);
        self
    }

    /// Reserves prefixes of usernames in a backend, in addition to the prefixes in the mounted
    /// file.
    pub fn with_reserved_prefixes<'p>(
        mut self,
        backend: BackendKind,
        prefixes: impl IntoIterator<Item = &'p str>,
    ) -> Self {
        let prefixes = prefixes.into_iter().map(str::to_owned).collect();
        self.settings.reserved_prefixes.push((backend, prefixes));
        self
    }

    /// Refuses session names that STS does not allow; see
    /// [`IdentityMap::with_strict_session_names`](eks_auth::IdentityMap::with_strict_session_names).
    pub const fn with_strict_session_names(mut self) -> Self {
        self.settings.is_session_name_strict = true;
        self
    }

    /// Treats `<<SessionName>>` as literal text, as upstream does.
    pub const fn with_upstream_spelling_only(mut self) -> Self {
        self.settings.is_upstream_spelling_only = true;
        self
    }

    /// Adds RBAC objects before the objects of the sources, such as Kubernetes' default policy.
    pub fn with_objects(mut self, objects: Objects) -> Self {
        self.settings.objects = objects;
        self
    }

    /// Collects the rules of aggregated `ClusterRole`s, as a cluster does. Hand-written manifests
    /// need this; objects that were read back from a cluster do not.
    pub const fn with_aggregation(mut self) -> Self {
        self.settings.is_aggregated = true;
        self
    }

    /// Keeps the last good version of each source in this directory, for a restart while the source
    /// has a fault. The directory is created with the mode 0700. If another user may write to it, it
    /// is not used, since its files decide who is let in.
    pub fn with_state_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.settings.state = Some(StateDir::new(path.into()));
        self
    }

    /// Sets how long a file that just changed must stay the same before its version is applied, instead
    /// of [`SETTLE`](crate::SETTLE): longer for a slow writer. A file that was made shorter in place must
    /// stay the same for [`SHORTENED_SETTLES`](crate::SHORTENED_SETTLES) times as long.
    pub const fn with_settle(mut self, settle: Duration) -> Self {
        self.settings.settle = settle;
        self
    }

    /// Compares files every [`POLL_INTERVAL`](crate::POLL_INTERVAL) instead of asking the operating
    /// system to report changes. Use it for a file system whose changes the operating system does
    /// not see.
    pub const fn with_polling(mut self) -> Self {
        self.is_polling = true;
        self
    }

    /// Reports events to an observer.
    pub fn with_observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.settings.observer = Some(observer);
        self
    }

    /// Reads every file once, and starts the thread that keeps the sources up to date. Blocks for the
    /// time of reading.
    ///
    /// A file that cannot be read is not an error here. The [`Report`](crate::Report) has its fault, and callers for
    /// whom the file may have a rule get no answer until it can be read.
    ///
    /// # Errors
    ///
    /// In this order: [`StartError::Duplicate`], [`StartError::NoSource`], [`StartError::Path`],
    /// [`StartError::Thread`].
    pub fn start(self) -> Result<Sources, StartError> {
        self.check_duplicates()?;
        let Self {
            mut settings,
            modes,
            sources,
            max_bytes,
            is_polling,
        } = self;
        let backends: Vec<BackendKind> = sources
            .iter()
            .filter_map(|(kind, _)| kind.backend())
            .filter(|kind| *kind != BackendKind::AccessEntries)
            .collect();
        settings.modes = match modes {
            Some(modes) => match modes.kinds().iter().find(|kind| !backends.contains(kind)) {
                Some(kind) => return Err(StartError::NoSource(*kind)),
                None => modes,
            },
            // Without a backend, no backend is searched, and the modes do not matter.
            None => BackendModes::new(backends.iter().copied()).unwrap_or_default(),
        };
        settings.backends = backends;
        settings.reader = settings.reader.with_max_bytes(max_bytes);
        let slots = sources
            .into_iter()
            .map(|(kind, origin)| slot(kind, origin, max_bytes))
            .collect::<Result<Vec<Slot>, _>>()?;
        start(settings, slots, is_polling)
    }

    fn check_duplicates(&self) -> Result<(), StartError> {
        let mut seen: Vec<&str> = Vec::new();
        for (kind, _) in &self.sources {
            if *kind != SourceKind::Rbac && seen.contains(&kind.as_str()) {
                return Err(StartError::Duplicate(*kind));
            }
            seen.push(kind.as_str());
        }
        Ok(())
    }
}

fn slot(kind: SourceKind, origin: Origin, max_bytes: usize) -> Result<Slot, StartError> {
    let path = match origin {
        Origin::Feed(description) => {
            return Ok(Slot::new(SourceName::new(kind, description), None));
        }
        Origin::Path(path) => {
            std::path::absolute(&path).map_err(|why| StartError::Path(path.clone(), why))?
        }
    };
    let name = SourceName::new(kind, path.to_string_lossy().into_owned());
    let is_rbac = kind == SourceKind::Rbac;
    let limits = ReadLimits {
        max_bytes: if is_rbac {
            k8s_rbac::DEFAULT_MAX_BYTES
        } else {
            max_bytes
        },
        may_be_directory: is_rbac,
    };
    Ok(Slot::new(name, Some(Target::new(path, limits))))
}

fn start(settings: Settings, slots: Vec<Slot>, is_polling: bool) -> Result<Sources, StartError> {
    let feeds = slots
        .iter()
        .enumerate()
        .filter(|(_, slot)| slot.target().is_none())
        .map(|(number, slot)| (number, slot.name().clone()))
        .collect();
    let engine = Engine::new(settings, slots);
    let shared = Arc::new(Shared::of(&engine));
    let (outbox, inbox) = channel::<Message>();
    let is_reported = Arc::new(AtomicBool::new(false));
    let watch = match is_polling {
        true => Err("the settings ask for it".to_owned()),
        false => {
            Watch::new(outbox.clone(), Arc::clone(&is_reported)).map_err(|why| why.to_string())
        }
    };
    let inbox = Inbox { inbox, is_reported };
    let worker = Worker::new(engine, Arc::clone(&shared), inbox, watch);
    thread::Builder::new()
        .name("sources".to_owned())
        .spawn(|| worker.run())
        .map_err(StartError::Thread)?;
    Ok(Sources {
        shared,
        thread: Arc::new(Thread { worker: outbox }),
        feeds,
    })
}
