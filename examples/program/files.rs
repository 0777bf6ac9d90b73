//! The files that a command line names, each read up to a limit.

use std::borrow::Cow;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};

use bounded_yaml::{Limits, decode};
use printable_text::Printable;

/// The limit for a file that a person wrote, in bytes: what a Kubernetes object may have (etcd's
/// `--max-request-bytes` is 1.5 MiB, a ConfigMap's data 1 MiB).
pub const MAX_SMALL_FILE: usize = 1_048_576;

/// The path that stands for standard input.
const STDIN: &str = "-";

/// Reads a file of at most `max` bytes of text; `-` is standard input.
///
/// Text is UTF-8, or UTF-16 after a byte order mark, which Windows PowerShell's `>` writes. The mark is
/// dropped.
///
/// # Errors
///
/// The file's name and the reason: it cannot be opened or read, is longer than `max`, or is not text. A
/// device without an end, such as `/dev/zero`, is longer than `max`.
pub fn read(path: &Path, max: usize) -> Result<String, String> {
    match path.as_os_str() == STDIN {
        true => read_bytes(io::stdin().lock(), max).and_then(|bytes| text(&bytes, max)),
        false => read_file(path, max),
    }
    .map_err(|why| format!("{}: {why}", name(path)))
}

/// Reads a file of at most `max` bytes of text, as [`read`] does; here `-` is the name of a file.
///
/// # Errors
///
/// The reason, without the file's name.
pub fn read_file(path: &Path, max: usize) -> Result<String, String> {
    let file = File::open(path).map_err(|why| why.to_string())?;
    text(&read_bytes(file, max)?, max)
}

fn text(bytes: &[u8], max: usize) -> Result<String, String> {
    decode(bytes, &Limits::new().with_max_bytes(max))
        .map(Cow::into_owned)
        .map_err(|why| why.to_string())
}

/// Replaces a file as a whole: other programs see the old content or the new one, and nothing between. A new file
/// is readable by its owner only, and an existing one keeps its permissions. A link is followed.
///
/// # Errors
///
/// The file's name and the reason. The old file is then untouched.
pub fn replace(path: &Path, content: &[u8]) -> Result<(), String> {
    // A link stays one.
    let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut part = target.clone().into_os_string();
    part.push(format!(".{}.part", std::process::id()));
    let part = PathBuf::from(part);
    let written = write_new(&part, &target, content).and_then(|()| std::fs::rename(&part, &target));
    // The rename itself is kept by the directory. Not every file system can be asked to.
    if let Some(directory) = target.parent().and_then(|parent| File::open(parent).ok()) {
        let _ = directory.sync_all();
    }
    written.map_err(|why| {
        let _ = std::fs::remove_file(&part);
        format!("{}: {why}", name(path))
    })
}

/// Writes a new file with the permissions of another, if there is one, and waits until it is on the disk.
fn write_new(part: &Path, target: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(part)?;
    if let Ok(old) = std::fs::metadata(target) {
        file.set_permissions(old.permissions())?;
    }
    file.write_all(content)?;
    file.sync_all()
}

/// Reads files of at most `max` bytes each, and every .yaml, .yml and .json file below directories. Returns
/// each text with the name of its file, in the order of the arguments; files of a directory are in the order
/// of their names.
///
/// # Errors
///
/// Those of [`read`], and a directory that cannot be listed or has no such file.
pub fn manifests(paths: &[PathBuf], max: usize) -> Result<Vec<(String, String)>, String> {
    let mut files = Vec::new();
    for path in paths {
        let before = files.len();
        collect(path, &mut files)?;
        if files.len() == before {
            return Err(format!(
                "{}: no .yaml, .yml or .json file in this directory",
                name(path)
            ));
        }
    }
    files
        .iter()
        .map(|file| Ok((name(file), read(file, max)?)))
        .collect()
}

/// Parses a limit on the size of a file: a number of bytes, or of `KiB`, `MiB` or `GiB`, such as `64MiB`.
///
/// # Errors
///
/// It is not such a number, is zero, or does not fit into memory.
pub fn size(text: &str) -> Result<usize, String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit: usize = match text.strip_prefix(digits).unwrap_or_default() {
        "" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return Err("the unit must be KiB, MiB or GiB".to_owned()),
    };
    digits
        .parse::<usize>()
        .ok()
        .and_then(|number| number.checked_mul(unit))
        .filter(|size| *size > 0)
        .ok_or_else(|| "expected a number of bytes, KiB, MiB or GiB, such as 64MiB".to_owned())
}

/// Returns the name of a file as it is printed: `standard input` for `-`, and without control characters.
#[must_use]
pub fn name(path: &Path) -> String {
    match path.as_os_str() == STDIN {
        true => "standard input".to_owned(),
        false => Printable::new(&path.to_string_lossy()).to_string(),
    }
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let failed = |why: io::Error| format!("{}: {why}", name(path));
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(path).map_err(failed)? {
        entries.push(entry.map_err(failed)?.path());
    }
    entries.sort();
    entries
        .iter()
        .filter(|entry| is_taken(entry))
        .try_for_each(|entry| collect(entry, files))
}

/// Whether an entry of a directory is a manifest or a directory to descend into. Hidden entries belong to
/// editors or, in a mounted ConfigMap, are the same files again. A link to a directory may lead back here.
fn is_taken(entry: &Path) -> bool {
    let is_hidden = entry
        .file_name()
        .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    if is_hidden {
        return false;
    }
    if entry.is_dir() {
        return !entry.is_symlink();
    }
    entry
        .extension()
        .is_some_and(|e| e == "yaml" || e == "yml" || e == "json")
}

/// Reads at most `max` bytes, and one more to learn whether there are more.
fn read_bytes(source: impl Read, max: usize) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let bound = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
    source
        .take(bound)
        .read_to_end(&mut bytes)
        .map_err(|why| why.to_string())?;
    match bytes.len() > max {
        true => Err(format!("longer than {max} bytes")),
        false => Ok(bytes),
    }
}
