//! Reads one version of a file or of a directory, within limits.

use std::fs::{self, File};
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};

use bounded_yaml::{Limits, decode};
use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::fingerprint::{Fingerprint, Stamp};

/// The maximum number of manifests in a directory: 1,000. Our choice: a cluster's RBAC by kind and
/// namespace fits, and a directory with more files is not a directory of manifests.
pub const MAX_DIRECTORY_FILES: usize = 1_000;

/// The maximum size of all manifests in a directory: 64 MiB. Our choice: four times the limit of one
/// file, [`k8s_rbac::DEFAULT_MAX_BYTES`].
pub const MAX_DIRECTORY_BYTES: usize = 64 * 1024 * 1024;

/// How deep directories may be nested: 16. Our choice: manifests are nested a few levels deep. Links to
/// directories are not followed, so nesting is real.
const MAX_DEPTH: usize = 16;

/// The link that Kubernetes replaces to change all files of a mounted ConfigMap or Secret at once
/// (`pkg/volume/util/atomic_writer.go`).
const DATA_LINK: &str = "..data";

/// A file's name and its text.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct NamedText {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// The kind of file that a path may name, and how much is read from it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReadLimits {
    pub(crate) max_bytes: usize,
    pub(crate) may_be_directory: bool,
}

/// One version as it was read.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) texts: Vec<NamedText>,
    pub(crate) fingerprint: Fingerprint,
    handle: Handle,
}

/// Keeps the version reachable when the path names another version.
#[derive(Debug)]
enum Handle {
    /// An open file: its content stays, and its inode is not used again.
    File(File),
    /// A directory without symbolic links.
    Directory,
}

impl Reading {
    /// Reads the version that the path names now.
    pub(crate) fn of(path: &Path, limits: ReadLimits) -> Result<Self, Fault> {
        let metadata = fs::metadata(path)?;
        if metadata.is_dir() && limits.may_be_directory {
            return Self::of_directory(base(path)?, limits);
        }
        // A pipe would block when it is opened.
        if !metadata.is_file() {
            return Err(Fault::NotAFile);
        }
        let mut file = File::open(path)?;
        let stamp = Stamp::of(&file.metadata()?);
        let text = read_text(&mut file, limits.max_bytes)?;
        Ok(Self {
            texts: vec![NamedText {
                name: path.to_string_lossy().into_owned(),
                text,
            }],
            fingerprint: Fingerprint {
                base: None,
                files: vec![(path.to_owned(), stamp)],
            },
            handle: Handle::File(file),
        })
    }

    fn of_directory(base: PathBuf, limits: ReadLimits) -> Result<Self, Fault> {
        let mut texts = Vec::new();
        let mut files = Vec::new();
        let mut total = 0_usize;
        for path in list(&base)? {
            let mut file = File::open(&path)?;
            let stamp = Stamp::of(&file.metadata()?);
            let text = read_text(&mut file, limits.max_bytes)?;
            total = total.saturating_add(text.len());
            if total > MAX_DIRECTORY_BYTES {
                return Err(Fault::TooLarge(MAX_DIRECTORY_BYTES));
            }
            let name = path.strip_prefix(&base).unwrap_or(&path);
            texts.push(NamedText {
                name: name.to_string_lossy().into_owned(),
                text,
            });
            files.push((path, stamp));
        }
        Ok(Self {
            texts,
            fingerprint: Fingerprint {
                base: Some(base),
                files,
            },
            handle: Handle::Directory,
        })
    }

    /// Reads the version again, and returns whether it is the same: nothing was written into its
    /// files between the two readings.
    pub(crate) fn is_unchanged(&mut self, limits: ReadLimits) -> bool {
        match (&mut self.handle, &self.fingerprint.base) {
            (Handle::File(file), _) => {
                let text = file
                    .rewind()
                    .map_err(Fault::from)
                    .and_then(|()| read_text(file, limits.max_bytes));
                text.is_ok_and(|text| self.texts.iter().all(|named| named.text == text))
            }
            (Handle::Directory, base) => base
                .clone()
                .ok_or(Fault::Missing)
                .and_then(|base| Self::of_directory(base, limits))
                .is_ok_and(|again| again.texts == self.texts),
        }
    }
}

/// Takes the fingerprint of the version that a path names now, without reading it.
pub(crate) fn fingerprint(path: &Path, limits: ReadLimits) -> Result<Fingerprint, Fault> {
    let metadata = fs::metadata(path)?;
    if metadata.is_dir() && limits.may_be_directory {
        let base = base(path)?;
        let files = list(&base)?
            .into_iter()
            .map(|path| {
                let stamp = Stamp::of(&fs::metadata(&path)?);
                Ok((path, stamp))
            })
            .collect::<Result<_, Fault>>()?;
        return Ok(Fingerprint {
            base: Some(base),
            files,
        });
    }
    if !metadata.is_file() {
        return Err(Fault::NotAFile);
    }
    Ok(Fingerprint {
        base: None,
        files: vec![(path.to_owned(), Stamp::of(&metadata))],
    })
}

/// Returns the directory that holds the files of one version. Every file is read below it, so that a
/// link that is replaced meanwhile does not mix two versions.
fn base(path: &Path) -> Result<PathBuf, Fault> {
    let data = path.join(DATA_LINK);
    let base = match fs::symlink_metadata(&data) {
        Ok(metadata) if metadata.is_symlink() => fs::canonicalize(data),
        _ => fs::canonicalize(path),
    };
    Ok(base?)
}

/// Lists the manifests below a directory in the order of their paths.
fn list(base: &Path) -> Result<Vec<PathBuf>, Fault> {
    let mut files = Vec::new();
    collect(base, MAX_DEPTH, &mut files)?;
    if files.is_empty() {
        return Err(Fault::NoManifest);
    }
    files.sort();
    Ok(files)
}

fn collect(directory: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), Fault> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let is_hidden = path
            .file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        // Hidden files belong to editors. A link to a directory may lead back here.
        if is_hidden {
            continue;
        }
        if path.is_dir() {
            if !path.is_symlink() {
                let depth = depth.checked_sub(1).ok_or(Fault::TooDeep(MAX_DEPTH))?;
                collect(&path, depth, files)?;
            }
            continue;
        }
        let is_manifest = path
            .extension()
            .is_some_and(|end| end == "yaml" || end == "yml" || end == "json");
        if !is_manifest {
            continue;
        }
        if !fs::metadata(&path)?.is_file() {
            return Err(Fault::NotAFile);
        }
        files.push(path);
        if files.len() > MAX_DIRECTORY_FILES {
            return Err(Fault::TooManyFiles(MAX_DIRECTORY_FILES));
        }
    }
    Ok(())
}

fn read_text(file: &mut File, max: usize) -> Result<String, Fault> {
    let mut bytes = Vec::new();
    let bound = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
    file.take(bound).read_to_end(&mut bytes)?;
    if bytes.len() > max {
        return Err(Fault::TooLarge(max));
    }
    decode(&bytes, &Limits::new().with_max_bytes(max))
        .map(std::borrow::Cow::into_owned)
        .map_err(Fault::NotText)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{
        MAX_DEPTH, MAX_DIRECTORY_BYTES, MAX_DIRECTORY_FILES, ReadLimits, Reading, fingerprint, list,
    };
    use crate::fault::Fault;

    const LIMITS: ReadLimits = ReadLimits {
        max_bytes: 4,
        may_be_directory: true,
    };

    #[test]
    fn a_version_that_is_written_into_is_not_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rules.yaml");
        for path in [folder.path(), &file] {
            fs::write(&file, "a").unwrap();
            let mut reading = Reading::of(path, LIMITS).unwrap();
            assert!(reading.is_unchanged(LIMITS));
            fs::write(&file, "b").unwrap();
            assert!(!reading.is_unchanged(LIMITS), "{path:?}");
        }
    }

    /// A fingerprint without reading has the same state or fault as a version that is read.
    #[test]
    fn a_state_is_that_of_the_version_that_would_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rules.yaml");
        fs::write(&file, "a").unwrap();
        for may_be_directory in [true, false] {
            let limits = ReadLimits {
                may_be_directory,
                ..LIMITS
            };
            for path in [folder.path(), &file] {
                let read = Reading::of(path, limits).map(|reading| reading.fingerprint);
                assert_eq!(fingerprint(path, limits), read, "{path:?}");
                assert_eq!(read.is_ok(), may_be_directory || path == file, "{path:?}");
            }
        }
    }

    /// All files belong to one version, even if the link is replaced meanwhile.
    #[cfg(unix)]
    #[test]
    fn the_files_of_a_mounted_config_map_are_read_behind_its_link() {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        fs::write(root.join("rules.yaml"), "a").unwrap();
        let base = || fingerprint(&root, LIMITS).unwrap().base;
        // No link: a directory of its own.
        fs::create_dir(root.join("..data")).unwrap();
        assert_eq!(base(), Some(root.clone()));
        fs::rename(root.join("..data"), root.join("..2026_1")).unwrap();
        fs::write(root.join("..2026_1/rules.yaml"), "a").unwrap();
        std::os::unix::fs::symlink("..2026_1", root.join("..data")).unwrap();
        assert_eq!(base(), Some(root.join("..2026_1")));
    }

    #[test]
    fn a_directory_has_at_most_so_many_files_and_levels() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(list(folder.path()), Err(Fault::NoManifest));
        let mut deep = folder.path().to_owned();
        for _ in 0..MAX_DEPTH {
            deep.push("d");
        }
        fs::create_dir_all(&deep).unwrap();
        fs::write(deep.join("rules.yml"), "a").unwrap();
        for number in 1..MAX_DIRECTORY_FILES {
            fs::write(folder.path().join(format!("{number}.json")), "a").unwrap();
        }
        // Other files do not count.
        for name in [".hidden.yaml", "README.md", "yaml"] {
            fs::write(folder.path().join(name), "a").unwrap();
        }
        let listed = list(folder.path()).map(|files| (files.is_sorted(), files.len()));
        assert_eq!(listed, Ok((true, MAX_DIRECTORY_FILES)));
        let more = folder.path().join("more.yaml");
        fs::write(&more, "a").unwrap();
        assert_eq!(
            list(folder.path()),
            Err(Fault::TooManyFiles(MAX_DIRECTORY_FILES))
        );
        fs::remove_file(more).unwrap();
        fs::create_dir(deep.join("d")).unwrap();
        assert_eq!(list(folder.path()), Err(Fault::TooDeep(MAX_DEPTH)));
    }

    #[test]
    fn the_files_of_a_directory_have_at_most_so_many_bytes_together() {
        let folder = tempfile::tempdir().unwrap();
        let limits = ReadLimits {
            max_bytes: MAX_DIRECTORY_BYTES,
            may_be_directory: true,
        };
        let read = || Reading::of(folder.path(), limits).map(|reading| reading.texts.len());
        assert_eq!(MAX_DIRECTORY_BYTES, 67_108_864, "64 MiB");
        let half = "a".repeat(MAX_DIRECTORY_BYTES / 2);
        fs::write(folder.path().join("a.yaml"), &half).unwrap();
        fs::write(folder.path().join("b.yaml"), half).unwrap();
        assert_eq!(read(), Ok(2));
        fs::write(folder.path().join("c.yaml"), "a").unwrap();
        assert_eq!(read(), Err(Fault::TooLarge(MAX_DIRECTORY_BYTES)));
    }

    #[test]
    fn a_file_has_at_most_so_many_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rules.yaml");
        for path in [folder.path(), &file] {
            fs::write(&file, "1234").unwrap();
            assert_eq!(Reading::of(path, LIMITS).unwrap().texts[0].text, "1234");
            fs::write(&file, "12345").unwrap();
            assert_eq!(Reading::of(path, LIMITS).err(), Some(Fault::TooLarge(4)));
        }
    }
}
