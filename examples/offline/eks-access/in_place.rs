//! Writing a file in place, whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use program::files;

/// The name that standard input is printed with.
const STDIN: &str = "standard input";

/// Replaces the content of a file. The new content is written beside it and takes its place at once, so that a
/// full disk or a crash leaves the old file.
pub(crate) fn write(name: &str, text: &str) -> Result<(), String> {
    let path = Path::new(name);
    if name == STDIN || name.contains("\\u{") {
        return Err("only a file can be changed in place".to_owned());
    }
    // A link stays one: the file that it points to is replaced.
    let failed = |why: io::Error| format!("{}: {why}; the file was not changed", files::name(path));
    let target = fs::canonicalize(path).map_err(failed)?;
    let temporary = beside(&target);
    let written = replace(&target, &temporary, text);
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written.map_err(failed)
}

fn beside(target: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(format!(".{}.tmp", std::process::id()));
    target.with_file_name(name)
}

fn replace(target: &Path, temporary: &Path, text: &str) -> io::Result<()> {
    let permissions = fs::metadata(target)?.permissions();
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(temporary)?;
    file.write_all(text.as_bytes())?;
    file.set_permissions(permissions)?;
    file.sync_all()?;
    fs::rename(temporary, target)?;
    // The rename itself is kept by the directory. Not every file system can be asked to.
    if let Some(directory) = target.parent().and_then(|parent| File::open(parent).ok()) {
        let _ = directory.sync_all();
    }
    Ok(())
}
