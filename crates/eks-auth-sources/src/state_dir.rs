//! The last good versions on disk, so that they survive a restart.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::time::SystemTime;

use k8s_rbac::Objects;
use serde::{Deserialize, Serialize};
use tempfile::{Builder, NamedTempFile};

use crate::platform::{create_private, is_private, user};
use crate::read::NamedText;
use crate::source::SourceName;

/// The version of the format. A file with another version is ignored.
const FORMAT: u32 = 1;

/// The maximum size of a file: twice [`MAX_DIRECTORY_BYTES`](crate::MAX_DIRECTORY_BYTES), since JSON
/// escapes a newline or a quote with two bytes.
const MAX_BYTES: u64 = 128 * 1024 * 1024;

/// A version as a source gave it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Raw {
    Objects(Objects),
    Texts(Vec<NamedText>),
}

#[derive(Deserialize, Serialize)]
struct Document<R> {
    format: u32,
    kind: String,
    origin: String,
    saved_at: u64,
    version: R,
}

/// Writes a document, and also reports an error of its last bytes, such as a full disk.
fn write_document(out: impl Write, document: &impl Serialize) -> io::Result<()> {
    let mut out = io::BufWriter::new(out);
    serde_json::to_writer(&mut out, document)?;
    // Dropping it would hide the error.
    out.flush()
}

/// A directory for the last good version of each source.
///
/// If a source cannot be read after a restart, the directory decides who is let into a cluster. So
/// the directory and its files must belong to the user of this process, and no other user may write
/// to them.
#[derive(Clone, Debug)]
pub(crate) struct StateDir {
    path: PathBuf,
    /// The maximum size of a file.
    max_bytes: u64,
}

impl StateDir {
    pub(crate) const fn new(path: PathBuf) -> Self {
        Self {
            path,
            max_bytes: MAX_BYTES,
        }
    }

    /// Replaces the version of a source: atomically, with the mode 0600, and written through to the
    /// disk.
    pub(crate) fn save(&self, name: &SourceName, version: &Raw) -> Result<(), String> {
        self.owner()?;
        let document = Document {
            format: FORMAT,
            kind: name.kind().as_str().to_owned(),
            origin: name.origin().to_owned(),
            saved_at: seconds(SystemTime::now()),
            version,
        };
        let write = || {
            let mut file = Builder::new().prefix(".new-").tempfile_in(&self.path)?;
            write_document(&mut file, &document)?;
            if file.as_file().metadata()?.len() > self.max_bytes {
                // This version could not be loaded, but the previous version can.
                return Err(io::ErrorKind::FileTooLarge.into());
            }
            file.as_file().sync_all()?;
            file.persist(self.file(name))?;
            // The name of the file is in the directory.
            File::open(&self.path)?.sync_all()
        };
        write().map_err(|why: io::Error| format!("{}: {}", self.path.display(), why.kind()))
    }

    /// Reads the version of a source, and the time when it was saved. `None` if no version was
    /// saved.
    pub(crate) fn load(&self, name: &SourceName) -> Result<Option<(Raw, u64)>, String> {
        let path = self.file(name);
        let wrong = |why: &str| format!("{}: {why}", path.display());
        // The path may have a link, the file must not.
        let metadata = match fs::symlink_metadata(&path) {
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
            metadata => metadata.map_err(|why| wrong(&why.to_string()))?,
        };
        if !metadata.is_file() {
            return Err(wrong("it is not a regular file"));
        }
        if !is_private(&metadata, self.owner()?) {
            return Err(wrong("another user may write to it"));
        }
        if metadata.len() > self.max_bytes {
            return Err(wrong("it is too long"));
        }
        let read = || {
            let mut text = String::new();
            File::open(&path)?
                .take(self.max_bytes)
                .read_to_string(&mut text)?;
            Ok(text)
        };
        let text = read().map_err(|why: io::Error| wrong(&why.to_string()))?;
        let document: Document<Raw> = serde_json::from_str(&text)
            .map_err(|why| wrong(&format!("it is not a state file of this version: {why}")))?;
        if document.format != FORMAT {
            return Err(wrong("it is a state file of another version"));
        }
        if document.kind != name.kind().as_str() || document.origin != name.origin() {
            return Err(wrong("it is the state of another source"));
        }
        Ok(Some((document.version, document.saved_at)))
    }

    /// Returns the user of this process, if the directory is theirs. Creates the directory.
    fn owner(&self) -> Result<u32, String> {
        let wrong = |why: &dyn std::fmt::Display| format!("{}: {why}", self.path.display());
        create_private(&self.path).map_err(|why| match why.kind() {
            io::ErrorKind::AlreadyExists => wrong(&"it is not a directory"),
            _ => wrong(&why),
        })?;
        let metadata = fs::metadata(&self.path).map_err(|why| wrong(&why))?;
        // The owner of a new file is the user of this process.
        let probe = NamedTempFile::with_prefix_in(".probe-", &self.path);
        let probe = probe.and_then(|probe| probe.as_file().metadata());
        // The error must not contain the name of the probe, which differs each time: a fault is
        // reported whenever its text changes.
        let user = user(&probe.map_err(|why| wrong(&why.kind()))?);
        match is_private(&metadata, user) {
            true => Ok(user),
            false => Err(wrong(&"another user may write to the directory")),
        }
    }

    /// Returns the path of the file of a source. Sources of one kind differ in their origin. The name has the letters
    /// and digits of the origin for human readers, and its hash to distinguish `a.b` from `a-b`.
    fn file(&self, name: &SourceName) -> PathBuf {
        let origin: String = name
            .origin()
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
            .collect();
        // A file's name has at most 255 bytes.
        let start = origin.len().saturating_sub(MAX_NAME);
        let end = origin.get(start..).unwrap_or_default();
        let hash = fnv1a(name.origin());
        self.path
            .join(format!("{}{end}-{hash:016x}.json", name.kind()))
    }
}

/// Returns the hash FNV-1a of a text. The hash of the standard library may change with its version, but files have to
/// be found after an update.
fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    })
}

/// The maximum length of the origin in a file's name. Our choice, well below the 255 bytes of a name.
const MAX_NAME: usize = 160;

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::fs::File;
    use std::io::ErrorKind;

    use super::{MAX_NAME, Raw, StateDir, write_document};
    use crate::read::{MAX_DIRECTORY_BYTES, NamedText};
    use crate::source::{SourceKind, SourceName};

    /// A version that could not be loaded does not replace a version that can.
    #[test]
    fn a_version_that_is_too_long_is_not_saved() {
        let folder = tempfile::tempdir().unwrap();
        let name = SourceName::new(SourceKind::ConfigMap, "rules".to_owned());
        let mut state = StateDir::new(folder.path().join("state"));
        let twice = MAX_DIRECTORY_BYTES.checked_mul(2);
        assert_eq!(usize::try_from(state.max_bytes).ok(), twice);
        let version = |text: String| {
            Raw::Texts(vec![NamedText {
                name: "rules".to_owned(),
                text,
            }])
        };
        let good = version("mapRoles: []".to_owned());
        state.save(&name, &good).unwrap();
        // Just long enough for this version.
        state.max_bytes = state.file(&name).metadata().unwrap().len();
        state.save(&name, &good).unwrap();
        let longer = version("mapRoles: [] ".to_owned());
        let why = state.save(&name, &longer).unwrap_err();
        assert!(why.ends_with("file too large"), "{why}");
        let (loaded, _) = state.load(&name).unwrap().unwrap();
        assert_eq!(loaded, good);
        assert_eq!(std::fs::read_dir(&state.path).unwrap().count(), 1);
    }

    /// A file without a state is a fault; a missing file is not.
    #[test]
    fn a_file_without_a_state_is_a_fault() {
        let folder = tempfile::tempdir().unwrap();
        let name = SourceName::new(SourceKind::ConfigMap, "rules".to_owned());
        let mut state = StateDir::new(folder.path().join("state"));
        state.max_bytes = 999;
        assert_eq!(state.load(&name), Ok(None));
        std::fs::create_dir(&state.path).unwrap();
        let file = File::create(state.file(&name)).unwrap();
        let why = || state.load(&name).unwrap_err();
        assert!(
            why().contains("not a state file of this version"),
            "{}",
            why()
        );
        file.set_len(999).unwrap();
        assert!(
            why().contains("not a state file of this version"),
            "{}",
            why()
        );
        file.set_len(1_000).unwrap();
        assert!(why().ends_with("it is too long"), "{}", why());
        std::fs::remove_file(state.file(&name)).unwrap();
        std::fs::create_dir(state.file(&name)).unwrap();
        assert!(why().ends_with("it is not a regular file"), "{}", why());
        // A file in the place of the directory.
        let path = folder.path().join("file");
        File::create(&path).unwrap();
        let state = StateDir::new(path);
        assert!(state.load(&name).is_err());
        assert!(
            state
                .owner()
                .unwrap_err()
                .ends_with("it is not a directory")
        );
    }

    /// Each source keeps its own state. Before, one replaced the state of the other.
    #[test]
    fn sources_with_similar_origins_have_a_file_each() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::new(folder.path().join("state"));
        let end = "x".repeat(MAX_NAME);
        let names = ["/rbac/a.b", "/rbac/a-b", "/rbac/a/b"].map(str::to_owned);
        let names = names
            .into_iter()
            .chain([format!("/a/{end}"), format!("/b/{end}")]);
        let names: Vec<SourceName> = names
            .map(|origin| SourceName::new(SourceKind::Rbac, origin))
            .collect();
        let version = |name: &SourceName| {
            Raw::Texts(vec![NamedText {
                name: name.origin().to_owned(),
                text: String::new(),
            }])
        };
        for name in &names {
            state.save(name, &version(name)).unwrap();
        }
        for name in &names {
            let (own, _) = state.load(name).unwrap().unwrap();
            assert_eq!(own, version(name));
        }
    }

    /// The document is shorter than the buffer, so that only its end reaches the disk.
    #[test]
    fn a_full_disk_is_an_error() {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let written = write_document(full, &["short"]);
        assert_eq!(written.unwrap_err().kind(), ErrorKind::StorageFull);
    }
}
