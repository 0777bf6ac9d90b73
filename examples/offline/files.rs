//! The files of RBAC manifests that a command line names: read in the order of their names.

use std::path::{Path, PathBuf};

/// Reads files, and of folders every .yaml, .yml and .json below them; each with its name.
pub(crate) fn manifests(paths: &[PathBuf]) -> Result<Vec<(String, String)>, String> {
    let mut files = Vec::new();
    for path in paths {
        let before = files.len();
        collect(path, true, &mut files)?;
        if files.len() == before {
            return Err(format!(
                "{}: no .yaml, .yml or .json file in it",
                path.display()
            ));
        }
    }
    files
        .iter()
        .map(|file| Ok((file.display().to_string(), read(file)?)))
        .collect()
}

fn collect(path: &Path, named: bool, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let told = |why: std::io::Error| format!("{}: {why}", path.display());
    if path.is_dir() {
        let mut entries: Vec<PathBuf> = Vec::new();
        for entry in std::fs::read_dir(path).map_err(told)? {
            entries.push(entry.map_err(told)?.path());
        }
        entries.sort();
        // Hidden entries are editors' and, in a mounted ConfigMap, the same files once more; a link to
        // a folder may lead back here.
        let leads_back = |entry: &PathBuf| entry.is_symlink() && entry.is_dir();
        entries.retain(|entry| !is_hidden(entry) && !leads_back(entry));
        entries
            .iter()
            .try_for_each(|entry| collect(entry, false, files))?;
    } else if named
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

pub(crate) fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|why| format!("{}: {why}", path.display()))
}
