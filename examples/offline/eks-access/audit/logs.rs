//! The logs on the command line, and the logs of a directory.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Component, Path, PathBuf};

use eks_access::audit::AuditLog;
use flate2::bufread::MultiGzDecoder;
use program::files;

use super::BUFFER;
use crate::args::{Audit, Common};

/// Returns whether a path stays in the directory that it is joined to.
pub(super) fn is_below(path: &Path) -> bool {
    let is_normal = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    path.as_os_str() != "-" && path.components().all(is_normal)
}

/// Lists the logs in a directory by name.
pub(super) fn logs(directory: &Path) -> Result<Vec<PathBuf>, String> {
    let failed = |why: io::Error| format!("{}: {why}", files::name(directory));
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        if (name.ends_with(".log") || name.ends_with(".jsonl")) && path.is_file() {
            found.push(path);
        }
    }
    found.sort();
    match found.is_empty() {
        true => Err(format!(
            "{}: no .log or .jsonl file in this directory",
            files::name(directory)
        )),
        false => Ok(found),
    }
}

/// Reads the logs and the saved parts.
pub(super) fn read(common: &Common, asked: &Audit) -> Result<AuditLog, String> {
    let mut log = match &asked.user {
        Some(user) => AuditLog::of_user(user),
        None => AuditLog::new(),
    };
    for path in &asked.logs {
        let failed = |why: &dyn std::fmt::Display| format!("{}: {why}", files::name(path));
        let reader = open(path).map_err(|why| failed(&why))?;
        log.read(&files::name(path), reader)
            .map_err(|why| failed(&why))?;
    }
    for path in &asked.parts {
        let failed = |why: &dyn std::fmt::Display| format!("{}: {why}", files::name(path));
        let text = files::read(path, common.max_input_size)?;
        let part = AuditLog::from_saved(&text).map_err(|why| failed(&why))?;
        log.merge(part).map_err(|why| failed(&why))?;
    }
    Ok(log)
}

/// Opens a log, which may be compressed with gzip; `-` is standard input.
fn open(path: &Path) -> io::Result<Box<dyn BufRead>> {
    let mut reader: Box<dyn BufRead> = match path.as_os_str() == "-" {
        true => Box::new(BufReader::with_capacity(BUFFER, io::stdin())),
        false => Box::new(BufReader::with_capacity(BUFFER, File::open(path)?)),
    };
    let is_gzip = reader.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    Ok(match is_gzip {
        true => Box::new(BufReader::with_capacity(
            BUFFER,
            MultiGzDecoder::new(reader),
        )),
        false => reader,
    })
}
