//! Reads the files that a command line names, each up to a limit.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};

use bounded_yaml::{Limits, decode};
use printable_text::Printable;

/// The limit for a file that a person wrote, in bytes: about the limit for a Kubernetes object
/// (etcd's `--max-request-bytes` is 1.5 MiB, and a ConfigMap may have 1 MiB of data).
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
/// The file's name and the reason: it cannot be opened or read, is longer than `max`, or is not text.
/// An endless device, such as `/dev/zero`, counts as longer than `max`.
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

/// Reads a file as [`read`] does, for a program that must not wait for another: a pipe that has no writer would hold it
/// up for ever, and is refused, as is a device.
///
/// # Errors
///
/// Those of [`read`], and a file that is not a regular one.
pub fn read_regular(path: &Path, max: usize) -> Result<String, String> {
    let is_other = |file: std::fs::Metadata| !file.is_file() && !file.is_dir();
    match path.as_os_str() != STDIN && path.metadata().is_ok_and(is_other) {
        true => Err(format!("{}: it is not a regular file", name(path))),
        false => read(path, max),
    }
}

fn text(bytes: &[u8], max: usize) -> Result<String, String> {
    decode(bytes, &Limits::new().with_max_bytes(max))
        .map(Cow::into_owned)
        .map_err(|why| why.to_string())
}

/// Replaces a file as a whole: other programs see either the old or the new content. Only its owner may read a
/// new file. An existing file keeps its permissions. A link is followed.
///
/// # Errors
///
/// The file's name and the reason: it is a directory, a device, a pipe or a dangling link, or the operating
/// system fails. The old file is then untouched.
pub fn replace(path: &Path, content: &[u8]) -> Result<(), String> {
    replace_with_mode(path, content, 0o600)
}

/// Replaces a file as [`replace`] does. The umask decides who may read a new file.
///
/// # Errors
///
/// Those of [`replace`].
pub fn replace_public(path: &Path, content: &[u8]) -> Result<(), String> {
    replace_with_mode(path, content, 0o666)
}

fn replace_with_mode(path: &Path, content: &[u8], mode: u32) -> Result<(), String> {
    let target = replaceable(path).map_err(|why| format!("{}: {why}", name(path)))?;
    let mut part = target.clone().into_os_string();
    part.push(format!(".{}.part", std::process::id()));
    let part = PathBuf::from(part);
    let written =
        write_new(&part, &target, content, mode).and_then(|()| std::fs::rename(&part, &target));
    // The rename is on the disk when the directory is. Not every file system can sync a directory.
    if let Some(directory) = target.parent().and_then(|parent| File::open(parent).ok()) {
        let _ = directory.sync_all();
    }
    written.map_err(|why| {
        let _ = std::fs::remove_file(&part);
        format!("{}: {why}", name(path))
    })
}

/// Returns the file to replace. For a link, returns the target, so that the link stays a link. A device is refused:
/// `/dev/null` would become a file.
fn replaceable(path: &Path) -> Result<PathBuf, String> {
    match std::fs::metadata(path) {
        Ok(old) if old.is_file() => std::fs::canonicalize(path).map_err(|why| why.to_string()),
        Ok(_) => Err("it is not a regular file".to_owned()),
        Err(why) if path.is_symlink() => Err(format!("a link that leads nowhere: {why}")),
        Err(_) => Ok(path.to_owned()),
    }
}

/// Writes a new file with the permissions of another, if there is one, and waits until it is on the disk.
fn write_new(part: &Path, target: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    let mut file = options.open(part)?;
    if let Ok(old) = std::fs::metadata(target) {
        file.set_permissions(old.permissions())?;
    }
    file.write_all(content)?;
    file.sync_all()
}

/// Which files of a directory are read.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "arguments by name")]
pub struct Selection<'a> {
    /// The extensions of the files that are read.
    pub read: &'a [&'a str],
    /// The extensions of the files that are counted and not read, with advice for each.
    pub counted: &'a [(&'a str, &'a str)],
    /// Files and directories that are left out, by the end of their path: `charts` is any file or directory of this
    /// name.
    pub excluded: &'a [PathBuf],
}

/// The extensions of manifests.
const MANIFESTS: [&str; 3] = ["yaml", "yml", "json"];

/// The files that were read, and the files that were counted.
#[derive(Clone, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "the parts of a result")]
pub struct Selected {
    /// The name and the text of each file that was read, in the order of the arguments; files of a directory are in
    /// the order of their names.
    pub texts: Vec<(String, String)>,
    /// The number of the counted files and the name of the first file, by extension.
    pub counted: BTreeMap<String, (usize, String)>,
}

/// Reads files of at most `max` bytes each, and the selected files below directories.
///
/// # Errors
///
/// Those of [`read`], and a directory that cannot be listed or has no file to read.
pub fn select(
    paths: &[PathBuf],
    max: usize,
    selection: &Selection<'_>,
) -> Result<Selected, String> {
    let mut files = Vec::new();
    let mut selected = Selected::default();
    for path in paths {
        let before = files.len();
        collect(path, selection, &mut files, &mut selected.counted)?;
        if files.len() == before {
            return Err(none_to_read(path, selection, &selected));
        }
    }
    // `-f DIR -f DIR/FILE` names a file twice. The file is read once.
    let mut seen = HashSet::new();
    files.retain(|file| std::fs::canonicalize(file).map_or(true, |path| seen.insert(path)));
    for file in &files {
        selected.texts.push((name(file), read(file, max)?));
    }
    Ok(selected)
}

fn none_to_read(path: &Path, selection: &Selection<'_>, selected: &Selected) -> String {
    let extensions = match selection.read {
        [] => String::new(),
        [only] => format!(".{only}"),
        [first @ .., last] => format!(".{} or .{last}", first.join(", .")),
    };
    let counted = selected.counted.iter();
    let counted: Vec<String> = counted
        .map(|(extension, (count, _))| {
            let way = selection.counted.iter().find(|(one, _)| one == extension);
            format!("{count} .{extension} ({})", way.map_or("", |(_, way)| way))
        })
        .collect();
    let others = match counted.is_empty() {
        true => String::new(),
        false => format!("; not read: {}", counted.join(", ")),
    };
    format!(
        "{}: no {extensions} file in this directory{others}",
        name(path)
    )
}

/// Reads files of at most `max` bytes each, and every .yaml, .yml and .json file below directories. Returns
/// each text with the name of its file, in the order of the arguments; files of a directory are in the order
/// of their names.
///
/// # Errors
///
/// Those of [`read`], and a directory that cannot be listed or has no such file.
pub fn manifests(paths: &[PathBuf], max: usize) -> Result<Vec<(String, String)>, String> {
    let selection = Selection {
        read: &MANIFESTS,
        counted: &[],
        excluded: &[],
    };
    select(paths, max, &selection).map(|selected| selected.texts)
}

/// Parses a limit on the size of a file: a number of bytes, or of `KiB`, `MiB` or `GiB`, such as `64MiB`.
///
/// # Errors
///
/// The text is not such a number, or the number is zero or does not fit into memory.
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

/// Returns the name of a file for printing: `standard input` for `-`, and without control characters.
#[must_use]
pub fn name(path: &Path) -> String {
    match path.as_os_str() == STDIN {
        true => "standard input".to_owned(),
        false => Printable::new(&path.to_string_lossy()).to_string(),
    }
}

fn collect(
    path: &Path,
    selection: &Selection<'_>,
    files: &mut Vec<PathBuf>,
    counted: &mut BTreeMap<String, (usize, String)>,
) -> Result<(), String> {
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
    for entry in entries {
        if is_left_out(&entry, selection) {
            continue;
        }
        if entry.is_dir() {
            collect(&entry, selection, files, counted)?;
            continue;
        }
        let extension = extension(&entry, selection.read);
        if selection.read.contains(&extension.as_str()) {
            // A pipe without a writer would hold the program up for ever.
            if !entry.is_file() {
                return Err(format!("{}: it is not a regular file", name(&entry)));
            }
            files.push(entry);
        } else if selection.counted.iter().any(|(one, _)| *one == extension) {
            let (count, _) = counted
                .entry(extension)
                .or_insert_with(|| (0, name(&entry)));
            *count = count.saturating_add(1);
        }
    }
    Ok(())
}

/// The extensions of compressed files.
const COMPRESSED: [&str; 5] = ["bz2", "gz", "xz", "zip", "zst"];

/// Returns the extension of a file, in lower case. A compressed file has one only if that of its content is read.
fn extension(path: &Path, read: &[&str]) -> String {
    let of = |path: &Path| {
        let extension = path.extension().and_then(|one| one.to_str());
        extension.unwrap_or_default().to_ascii_lowercase()
    };
    let extension = of(path);
    let is_read = || read.contains(&of(&path.with_extension("")).as_str());
    match COMPRESSED.contains(&extension.as_str()) && !is_read() {
        true => String::new(),
        false => extension,
    }
}

/// Whether an entry of a directory is left out. Hidden entries belong to editors, or are copies of the files in a
/// mounted ConfigMap. A link to a directory may lead back here.
fn is_left_out(entry: &Path, selection: &Selection<'_>) -> bool {
    let is_hidden = entry
        .file_name()
        .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    let is_excluded = || is_excluded(entry, selection.excluded);
    is_hidden || (entry.is_symlink() && entry.is_dir()) || is_excluded()
}

/// Returns whether a path ends with one of these. `charts` matches any file or directory of this name. `charts/web`
/// matches `web` in any `charts`.
#[must_use]
pub fn is_excluded(path: &Path, excluded: &[PathBuf]) -> bool {
    excluded.iter().any(|end| {
        let end = end.strip_prefix(".").unwrap_or(end);
        path.ends_with(end)
    })
}

/// Reads at most `max` bytes, and then one byte to learn whether there are more.
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
