//! Distinguishes two versions of a file without reading them.

use std::fs::Metadata;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use crate::platform::inode;

/// A file of a lower age may change again without new time stamps: the coarsest time stamp of a
/// file system in use, 2 s (FAT; NFS has 1 s).
const YOUNG: Duration = Duration::from_secs(2);

/// The state of a file, or of a directory and its manifests.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Fingerprint {
    /// The directory without symbolic links. `None` for a file.
    pub(crate) base: Option<PathBuf>,
    pub(crate) files: Vec<(PathBuf, Stamp)>,
}

impl Fingerprint {
    /// Returns whether a file changed so recently that its time stamps may hide another change.
    pub(crate) fn is_young(&self, now: SystemTime) -> bool {
        self.files.iter().any(|(_, stamp)| stamp.is_young(now))
    }

    /// Returns whether a file of an earlier version was made shorter in place, rather than replaced.
    pub(crate) fn is_shortened(&self, earlier: &Self) -> bool {
        self.files.iter().any(|(path, stamp)| {
            earlier
                .files
                .iter()
                .any(|(own, before)| own == path && stamp.is_shortened(before))
        })
    }
}

/// The metadata that changes if the content of a file changes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Stamp {
    /// The device, the inode, and the time of the inode's last change in seconds and nanoseconds.
    inode: (u64, u64, i64, i64),
    /// When the file was created; the number of an inode alone may be used again. `None` if the file system does not keep
    /// this time.
    created: Option<SystemTime>,
    len: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        Self {
            inode: inode(metadata),
            created: metadata.created().ok(),
            len: metadata.len(),
            modified: metadata.modified().ok(),
        }
    }

    fn is_shortened(&self, earlier: &Self) -> bool {
        let (device, number, ..) = self.inode;
        let (old_device, old_number, ..) = earlier.inode;
        let is_same = (device, number, self.created) == (old_device, old_number, earlier.created);
        is_same && self.len < earlier.len
    }

    fn is_young(&self, now: SystemTime) -> bool {
        let changed = u64::try_from(self.inode.2)
            .ok()
            .and_then(|seconds| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds)));
        [self.modified, changed]
            .into_iter()
            .flatten()
            // A time in the future comes from another clock, and shows nothing.
            .any(|time| now.duration_since(time).map_or(true, |age| age < YOUNG))
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::{self, File};
    use std::os::unix::fs::MetadataExt as _;
    use std::path::PathBuf;
    use std::time::{Duration, SystemTime};

    use super::{Fingerprint, Stamp};

    #[test]
    fn a_file_is_shortened_by_fewer_bytes_in_its_own_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rules");
        let state = || {
            let stamp = Stamp::of(&fs::metadata(&path).unwrap());
            let files = vec![(path.clone(), stamp)];
            Fingerprint { base: None, files }
        };
        fs::write(&path, "four").unwrap();
        let earlier = state();
        for (text, is_shortened) in [("more than", false), ("five", false), ("two", true)] {
            fs::write(&path, text).unwrap();
            assert_eq!(state().is_shortened(&earlier), is_shortened, "{text}");
        }
        let other = folder.path().join("other");
        fs::write(&other, "one").unwrap();
        fs::rename(other, &path).unwrap();
        assert!(!state().is_shortened(&earlier));
    }

    #[test]
    fn a_file_is_young_until_two_seconds_after_its_content_or_inode_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rules");
        fs::write(&path, "a").unwrap();
        let file = File::options().write(true).open(&path).unwrap();
        let second = Duration::from_secs;
        file.set_modified(SystemTime::UNIX_EPOCH + second(1_000))
            .unwrap();
        let seconds = u64::try_from(file.metadata().unwrap().ctime()).unwrap();
        let changed = SystemTime::UNIX_EPOCH + second(seconds);
        let is_young = |at| {
            let stamp = Stamp::of(&file.metadata().unwrap());
            let files = vec![(PathBuf::from("rules"), stamp)];
            Fingerprint { base: None, files }.is_young(at)
        };
        for (now, expected) in [
            (changed, true),
            (changed + second(1), true),
            (changed + second(2), false),
            // A time stamp of the future.
            (changed - second(100), true),
        ] {
            assert_eq!(is_young(now), expected, "{now:?}");
        }
        let modified = changed + second(1_000);
        file.set_modified(modified).unwrap();
        assert!(is_young(modified + second(1)));
        assert!(!is_young(modified + second(2)));
    }
}
