//! Reading the files that a command line names.

use std::path::{Path, PathBuf};

/// Reads manifests: each file, and each .yaml, .yml and .json file below a directory, in the order of
/// their names. Returns each text with the name of its file.
///
/// # Errors
///
/// A file or directory cannot be read, or a directory has no such file.
pub fn manifests(paths: &[PathBuf]) -> Result<Vec<(String, String)>, String> {
    let mut files = Vec::new();
    for path in paths {
        let before = files.len();
        collect(path, true, &mut files)?;
        if files.len() == before {
            return Err(format!(
                "{}: the directory has no .yaml, .yml or .json file",
                path.display()
            ));
        }
    }
    files
        .iter()
        .map(|file| Ok((file.display().to_string(), read(file)?)))
        .collect()
}

fn collect(path: &Path, is_named: bool, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let describe = |why: std::io::Error| format!("{}: {why}", path.display());
    if path.is_dir() {
        let mut entries: Vec<PathBuf> = Vec::new();
        for entry in std::fs::read_dir(path).map_err(describe)? {
            entries.push(entry.map_err(describe)?.path());
        }
        entries.sort();
        // Hidden entries belong to editors or, in a mounted ConfigMap, repeat the same files. A link to a
        // directory may lead back here.
        let may_lead_back = |entry: &PathBuf| entry.is_symlink() && entry.is_dir();
        entries.retain(|entry| !is_hidden(entry) && !may_lead_back(entry));
        entries
            .iter()
            .try_for_each(|entry| collect(entry, false, files))?;
    } else if is_named
        || path
            .extension()
            .is_some_and(|e| e == "yaml" || e == "yml" || e == "json")
    {
        files.push(path.to_owned());
    }
    Ok(())
}

fn is_hidden(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

/// Reads one file.
///
/// # Errors
///
/// The file cannot be read, or is not UTF-8.
pub fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|why| format!("{}: {why}", path.display()))
}
