//! Documents from a path, or from a revision of git: `REV:PATH`.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use eks_access::Document;
use printable_text::Printable;
use program::files;

use crate::args::Common;
use crate::input::{self, Files};

/// The limit on the list of the files of a directory, in bytes. Our choice: a hundred thousand paths.
const MAX_LISTING: usize = 16 * 1024 * 1024;

/// How much of the standard error of git is kept, in bytes: 4 KiB. Our choice: only one line is printed.
const MAX_ERROR: u64 = 4 * 1024;

/// Reads the documents of a file, a directory or standard input; or, if there is no such path, of a revision.
pub(crate) fn files(path: &str, common: &Common) -> Result<Files, String> {
    match is_revision(path) {
        false => input::files(common, &[PathBuf::from(path)]),
        true => documents_in(Path::new("."), path, common).map(|documents| Files {
            documents,
            unread: Vec::new(),
        }),
    }
}

/// Whether a side of `diff` is an object of git, and not a path.
fn is_revision(path: &str) -> bool {
    path.contains(':') && !Path::new(path).exists()
}

/// Returns the name of a document without the revision of its side. Code scanners know the files of a
/// repository by their paths.
pub(crate) fn without_revision<'n>(side: &str, document: &'n str) -> Option<&'n str> {
    let (revision, _) = side.split_once(':').filter(|_| is_revision(side))?;
    let path = document.strip_prefix(&*Printable::new(revision).to_string())?;
    path.strip_prefix(':')
}

/// Lists the directories of a directory, on the disk or in a revision, by name.
pub(crate) fn directories(path: &str) -> Result<Vec<String>, String> {
    if !is_revision(path) {
        let found = input::fleet(Path::new(path))?;
        return Ok(found.into_iter().map(|(name, _)| name).collect());
    }
    let arguments = [
        "ls-tree",
        "-d",
        "-z",
        "--name-only",
        "--end-of-options",
        path,
    ];
    let listing = git(Path::new("."), &arguments, path, MAX_LISTING)?;
    Ok(String::from_utf8_lossy(&listing)
        .split('\0')
        .filter(|name| !name.is_empty() && !name.starts_with('.'))
        .map(str::to_owned)
        .collect())
}

/// Returns the path of a directory in a directory, on the disk or in a revision.
pub(crate) fn below(path: &str, name: &str) -> String {
    match path.ends_with([':', '/']) {
        true => format!("{path}{name}"),
        false => format!("{path}/{name}"),
    }
}

/// Reads the documents of a revision of the repository that a directory is in.
pub(crate) fn documents_in(
    directory: &Path,
    object: &str,
    common: &Common,
) -> Result<Vec<Document>, String> {
    let max = common.max_input_size;
    let git = |arguments: &[&str], object: &str, max| git(directory, arguments, object, max);
    let blob = |object: &str| -> Result<Document, String> {
        let text_bytes = git(
            &["cat-file", "blob", "--end-of-options", object],
            object,
            max,
        )?;
        let name = Printable::new(object).to_string();
        let text = text(&text_bytes, max).map_err(|why| format!("{name}: {why}"))?;
        Ok(Document::new(name, text))
    };
    let kind = git(
        &["cat-file", "-t", "--end-of-options", object],
        object,
        MAX_LISTING,
    )?;
    if kind.trim_ascii() == b"blob" {
        return Ok(vec![blob(object)?]);
    }
    let listing = git(
        &[
            "ls-tree",
            "-r",
            "-z",
            "--name-only",
            "--full-tree",
            "--end-of-options",
            object,
        ],
        object,
        MAX_LISTING,
    )?;
    let documents: Vec<Document> = String::from_utf8_lossy(&listing)
        .split('\0')
        .filter(|name| is_taken(name, &common.exclude))
        .map(|name| blob(&below(object, name)))
        .collect::<Result<_, _>>()?;
    match documents.is_empty() {
        true => Err(format!(
            "{}: no .{} file in this directory",
            Printable::new(object),
            input::READ.join(", .")
        )),
        false => Ok(documents),
    }
}

/// Whether a path of a revision is read. As on the disk, no part of the path may be hidden or excluded.
fn is_taken(path: &str, excluded: &[PathBuf]) -> bool {
    let path = Path::new(path);
    let extension = path.extension().and_then(|one| one.to_str());
    let is_hidden = |part: &Path| {
        let name = part.file_name().unwrap_or_default();
        name.as_encoded_bytes().starts_with(b".")
    };
    extension.is_some_and(|one| input::READ.contains(&one))
        && !path
            .ancestors()
            .any(|part| is_hidden(part) || files::is_excluded(part, excluded))
}

/// Runs git, and returns its output if that has at most `max` bytes.
fn git(directory: &Path, arguments: &[&str], object: &str, max: usize) -> Result<Vec<u8>, String> {
    let mut command = Command::new("git");
    command.args(arguments).current_dir(directory);
    output(&mut command, max).map_err(|why| format!("{}: {why}", Printable::new(object)))
}

/// Runs a program, and returns its output if that has at most `max` bytes. Both pipes are read at the same time:
/// a program that has filled one pipe waits until the pipe is read.
pub(crate) fn output(command: &mut Command, max: usize) -> Result<Vec<u8>, String> {
    let started = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = started.map_err(|why| format!("git: {why}"))?;
    let errors = child.stderr.take();
    let errors = thread::spawn(move || errors.map(|pipe| beginning(pipe, MAX_ERROR)));
    let bytes = child.stdout.take().map(|pipe| {
        let mut bytes = Vec::new();
        let bound = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
        pipe.take(bound).read_to_end(&mut bytes).map(|_| bytes)
    });
    let status = child.wait().map_err(|why| why.to_string())?;
    let bytes = bytes
        .transpose()
        .map_err(|why| why.to_string())?
        .unwrap_or_default();
    if bytes.len() > max {
        return Err(format!("longer than {max} bytes: raise --max-input-size"));
    }
    if !status.success() {
        // The thread does not panic. A program may fail without a message.
        let error = errors.join().ok().flatten().unwrap_or_default();
        let error = String::from_utf8_lossy(&error);
        let line = error.lines().next().unwrap_or("git failed");
        return Err(Printable::new(line).to_string());
    }
    Ok(bytes)
}

/// Reads a pipe to its end, and returns its first bytes. A read error counts as the end.
fn beginning(mut pipe: impl Read, max: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = pipe.by_ref().take(max).read_to_end(&mut bytes);
    let _ = io::copy(&mut pipe, &mut io::sink());
    bytes
}

fn text(bytes: &[u8], max: usize) -> Result<String, String> {
    let limits = bounded_yaml::Limits::new().with_max_bytes(max);
    bounded_yaml::decode(bytes, &limits)
        .map(std::borrow::Cow::into_owned)
        .map_err(|why| why.to_string())
}
