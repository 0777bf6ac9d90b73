//! Notices changes of files: by the operating system's watches, or by comparing.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;

use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use crate::worker::Message;

/// How many symbolic links a path may have: the limit of Linux (`path_resolution(7)`).
const MAX_LINKS: usize = 40;

/// The operating system's watches on the directories whose changes may change a source.
pub(crate) struct Watch {
    watcher: RecommendedWatcher,
    pub(crate) watched: BTreeSet<PathBuf>,
}

impl Watch {
    /// Asks the operating system for watches. An event is a message without details, since the files are
    /// compared anyway, and one message stands for all events until it is received.
    pub(crate) fn new(
        worker: Sender<Message>,
        is_reported: Arc<AtomicBool>,
    ) -> Result<Self, notify::Error> {
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            if event.is_ok_and(|event| is_reading(&event.kind)) {
                return;
            }
            if !is_reported.swap(true, Ordering::AcqRel) {
                // An error means that the worker has ended.
                let _ = worker.send(Message::FilesChanged);
            }
        })?;
        Ok(Self {
            watcher,
            watched: BTreeSet::new(),
        })
    }

    /// Watches the directories of these paths, and no others.
    ///
    /// Directories are watched rather than files, since a file that is replaced takes its watch with
    /// it.
    pub(crate) fn follow<'p>(
        &mut self,
        paths: impl IntoIterator<Item = &'p Path>,
    ) -> Result<(), notify::Error> {
        self.watch(paths.into_iter().flat_map(directories).collect())
    }

    /// Watches these directories, and no others.
    fn watch(&mut self, wanted: BTreeSet<PathBuf>) -> Result<(), notify::Error> {
        for gone in self.watched.difference(&wanted) {
            // The directory may be gone, and its watch with it.
            let _ = self.watcher.unwatch(gone);
        }
        self.watched.retain(|path| wanted.contains(path));
        for path in wanted {
            if self.watched.contains(&path) {
                continue;
            }
            match self.watcher.watch(&path, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    self.watched.insert(path);
                }
                // It was deleted meanwhile; its parent is watched by the next call.
                Err(error) if is_missing(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Returns whether a file was only opened, read or closed, as the worker itself does.
const fn is_reading(kind: &EventKind) -> bool {
    matches!(kind, EventKind::Access(kind) if !matches!(kind, AccessKind::Close(AccessMode::Write)))
}

fn is_missing(error: &notify::Error) -> bool {
    match &error.kind {
        notify::ErrorKind::PathNotFound => true,
        notify::ErrorKind::Io(why) => why.kind() == std::io::ErrorKind::NotFound,
        _ => false,
    }
}

/// Returns the directories in which a change may affect a path: the directories of its symbolic links
/// and of the file, and for a directory also itself and the directories below it.
fn directories(path: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut links = MAX_LINKS;
    let target = resolve(path, &mut found, &mut links);
    let data = target.join("..data");
    if data.is_symlink() {
        found.insert(target.clone());
        let target = resolve(&data, &mut found, &mut links);
        below(&target, 0, &mut found);
    } else if target.is_dir() {
        below(&target, 0, &mut found);
    }
    found
}

/// Follows a path link by link, and collects the directories in which its names are looked up.
fn resolve(path: &Path, found: &mut BTreeSet<PathBuf>, links: &mut usize) -> PathBuf {
    let mut at = PathBuf::new();
    let mut rest: Vec<Component<'_>> = path.components().rev().collect();
    while let Some(component) = rest.pop() {
        match component {
            Component::ParentDir => {
                at.pop();
                continue;
            }
            Component::CurDir => continue,
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => {}
        }
        let parent = at.clone();
        at.push(component);
        match fs::symlink_metadata(&at) {
            Ok(metadata) if metadata.is_symlink() => {
                found.insert(parent.clone());
                let Some(left) = links.checked_sub(1) else {
                    return at;
                };
                *links = left;
                if let Ok(target) = fs::read_link(&at) {
                    at = resolve(&parent.join(target), found, links);
                }
            }
            Ok(_) if rest.is_empty() => {
                found.insert(parent);
            }
            Ok(_) => {}
            // The nearest directory that exists: the next name may appear in it.
            Err(_) => {
                found.insert(parent);
                return at;
            }
        }
    }
    at
}

/// How deep directories are watched: as deep as they are read.
const MAX_DEPTH: usize = 16;

fn below(directory: &Path, depth: usize, found: &mut BTreeSet<PathBuf>) {
    found.insert(directory.to_owned());
    let Ok(entries) = fs::read_dir(directory) else {
        return;
    };
    if depth >= MAX_DEPTH {
        return;
    }
    for path in entries.flatten().map(|entry| entry.path()) {
        let is_hidden = path
            .file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if is_hidden {
            continue;
        }
        if path.is_symlink() {
            // A manifest elsewhere.
            let mut links = MAX_LINKS;
            resolve(&path, found, &mut links);
        } else if path.is_dir() {
            below(&path, depth.saturating_add(1), found);
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(unix)]
    #[test]
    fn the_directory_of_every_link_is_watched() {
        use std::fs;
        use std::os::unix::fs::symlink;

        let directory = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(directory.path()).unwrap();
        for path in ["volume/..2026_1", "real"] {
            fs::create_dir_all(root.join(path)).unwrap();
        }
        fs::write(root.join("volume/..2026_1/rules.yaml"), "x").unwrap();
        symlink("..2026_1", root.join("volume/..data")).unwrap();
        symlink("..data/rules.yaml", root.join("volume/rules.yaml")).unwrap();
        symlink("volume", root.join("link")).unwrap();
        let watched = super::directories(&root.join("link/rules.yaml"));
        let expected = ["", "volume", "volume/..2026_1"].map(|name| root.join(name));
        let names = |paths: &std::collections::BTreeSet<std::path::PathBuf>| -> Vec<String> {
            let names = paths.iter().map(|path| path.join(""));
            names.map(|path| path.display().to_string()).collect()
        };
        assert_eq!(names(&watched), names(&expected.into()));
        // A file that does not exist yet.
        let watched = super::directories(&root.join("real/later/rules.yaml"));
        assert!(watched.contains(&root.join("real")), "{watched:?}");
        // A directory, the directories below it, and the target of a link, but no hidden directory.
        for path in ["rbac/a/b", "rbac/.git/c"] {
            fs::create_dir_all(root.join(path)).unwrap();
        }
        symlink("../real/x.yaml", root.join("rbac/x.yaml")).unwrap();
        let watched = super::directories(&root.join("rbac"));
        let expected = ["", "rbac", "rbac/a", "rbac/a/b", "real"].map(|name| root.join(name));
        assert_eq!(names(&watched), names(&expected.into()));
        // A link to itself ends.
        symlink("loop", root.join("loop")).unwrap();
        assert!(super::directories(&root.join("loop/x")).contains(&root));
    }

    /// The worker reads the files itself, which must not wake it.
    #[test]
    fn reading_a_file_is_no_change_of_it() {
        use notify::EventKind;
        use notify::event::{AccessKind, AccessMode, CreateKind, ModifyKind, RemoveKind};
        for (kind, is_reading) in [
            (EventKind::Access(AccessKind::Open(AccessMode::Any)), true),
            (EventKind::Access(AccessKind::Read), true),
            (EventKind::Access(AccessKind::Close(AccessMode::Read)), true),
            (
                EventKind::Access(AccessKind::Close(AccessMode::Write)),
                false,
            ),
            (EventKind::Create(CreateKind::File), false),
            (EventKind::Modify(ModifyKind::Any), false),
            (EventKind::Remove(RemoveKind::File), false),
            (EventKind::Any, false),
        ] {
            assert_eq!(super::is_reading(&kind), is_reading, "{kind:?}");
        }
    }

    /// A directory that was deleted after it was found is ignored. After any other failure, the files are polled.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_directory_that_is_gone_is_not_watched() {
        use std::sync::Arc;

        let folder = tempfile::tempdir().unwrap();
        let root = std::fs::canonicalize(folder.path()).unwrap();
        std::fs::write(root.join("file"), "").unwrap();
        let (worker, _inbox) = std::sync::mpsc::channel();
        let mut watch = super::Watch::new(worker, Arc::default()).unwrap();
        let gone = [root.join("gone"), root.clone()];
        assert!(watch.watch(gone.into()).is_ok());
        assert_eq!(watch.watched, [root.clone()].into());
        let wrong = [root.join("file/below")];
        assert!(watch.watch(wrong.into()).is_err());
    }

    #[test]
    fn a_watch_of_what_is_gone_is_no_failure() {
        use std::io;
        for (error, is_missing) in [
            (notify::Error::path_not_found(), true),
            (notify::Error::io(io::ErrorKind::NotFound.into()), true),
            (
                notify::Error::io(io::ErrorKind::PermissionDenied.into()),
                false,
            ),
            (notify::Error::generic("x"), false),
        ] {
            assert_eq!(super::is_missing(&error), is_missing, "{error:?}");
        }
    }
}
