//! The check of the directory with the last good versions.

use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// Checks that the last good versions could be saved in a directory, or that the directory could be made. Leaves no
/// file behind.
///
/// # Errors
///
/// It is not a directory, no file can be made in it, it belongs to another user, or another user may write to it.
pub(crate) fn check(directory: &Path) -> Result<(), String> {
    let wrong = |path: &Path, why: &dyn std::fmt::Display| {
        Err(format!("--state-dir: {}: {why}", path.display()))
    };
    let (path, metadata) = match directory.metadata() {
        Ok(metadata) => (directory, metadata),
        // A directory cannot be made in the place of a dangling link.
        Err(why) if why.kind() == ErrorKind::NotFound && directory.is_symlink() => {
            return wrong(directory, &"it is not a directory");
        }
        Err(why) if why.kind() == ErrorKind::NotFound => {
            let mut above = directory.ancestors().skip(1);
            let found = above.find_map(|path| {
                let path = match path.as_os_str().is_empty() {
                    true => Path::new("."),
                    false => path,
                };
                Some((path, path.metadata().ok()?))
            });
            match found {
                Some(found) => found,
                None => return wrong(directory, &why),
            }
        }
        Err(why) if why.kind() == ErrorKind::NotADirectory => {
            return wrong(directory, &"it is not a directory");
        }
        Err(why) => return wrong(directory, &why),
    };
    if !metadata.is_dir() {
        return wrong(path, &"it is not a directory");
    }
    // The file has no name. Its owner is the user of this process.
    let probe = tempfile::tempfile_in(path).and_then(|file| file.metadata());
    match probe {
        Err(why) => wrong(
            path,
            &format_args!(
                "the user of this process cannot write to it: {}",
                why.kind()
            ),
        ),
        // The directories above may belong to other users.
        Ok(_) if path != directory => Ok(()),
        Ok(probe) if probe.uid() != metadata.uid() => wrong(
            path,
            &"the directory belongs to another user than that of this process, so nothing is saved in it; if `serve` \
              runs as its owner, run `check` as that user, too",
        ),
        Ok(_) if metadata.mode() & 0o022 != 0 => wrong(
            path,
            &"another user may write to the directory, so nothing is saved in it; use one that the verifier makes, such \
              as a directory in it",
        ),
        Ok(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;

    use super::check;

    #[test]
    fn a_directory_that_other_users_may_write_to_is_a_problem() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        assert_eq!(check(&state), Ok(()));
        assert_eq!(check(&state.join("deeper")), Ok(()));
        fs::create_dir(&state).unwrap();
        for (mode, is_good) in [(0o700, true), (0o755, true), (0o777, false), (0o720, false)] {
            fs::set_permissions(&state, Permissions::from_mode(mode)).unwrap();
            assert_eq!(check(&state).is_ok(), is_good, "{mode:o}");
            // Only its owner may use a directory that is made there.
            assert_eq!(check(&state.join("own")), Ok(()), "{mode:o}");
        }
        assert_eq!(fs::read_dir(&state).unwrap().count(), 0);
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        for path in [&file, &link, &file.join("below")] {
            let why = check(path).unwrap_err();
            assert!(why.ends_with("it is not a directory"), "{why}");
        }
        // No file can be written to this file system.
        let why = check("/proc/state".as_ref()).unwrap_err();
        assert!(why.contains("cannot write to it"), "{why}");
    }
}
