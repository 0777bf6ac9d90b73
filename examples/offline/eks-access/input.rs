//! The files of a cluster.

use std::path::{Path, PathBuf};

use eks_access::{Cluster, Document, Options};
use k8s_rbac::KubernetesVersion;
use printable_text::Printable;
use program::{files, output};

use crate::PROGRAM;
use crate::args::Common;
use crate::live::{self, Extent};

/// Reads the cluster that the options describe: files, and with `--live` the cluster itself.
pub(crate) fn cluster(common: &Common, extent: Extent) -> Result<Cluster, String> {
    cluster_with(common, &common.files, extent)
}

/// Reads the cluster of these files, and with `--live` the cluster itself.
pub(crate) fn cluster_with(
    common: &Common,
    paths: &[PathBuf],
    extent: Extent,
) -> Result<Cluster, String> {
    let Some(mut live) = live::read(common, extent)? else {
        if paths.is_empty() {
            return Err(
                "give the files of the cluster with -f FILE, -f DIR or -f -, or ask it with --live"
                    .to_owned(),
            );
        }
        return read(common, paths);
    };
    live.documents.extend(documents(common, paths)?);
    let mut options = options(common);
    if common.kubernetes_version.is_none() {
        options = match live.version.parse() {
            Ok(version) => options.with_kubernetes_version(version),
            Err(why) => {
                let (version, newest) =
                    (Printable::new(&live.version), KubernetesVersion::default());
                let note = format_args!("--live: Kubernetes {version}: {why}; {newest} is used");
                output::note(PROGRAM, &note);
                options
            }
        };
    }
    Ok(Cluster::from_documents(live.documents, &options))
}

/// Reads the cluster of a directory, which is one of a fleet.
pub(crate) fn cluster_in(common: &Common, directory: &Path) -> Result<Cluster, String> {
    read(common, &[directory.to_owned()])
}

/// Reads the cluster of some files, with the other options.
pub(crate) fn read(common: &Common, paths: &[PathBuf]) -> Result<Cluster, String> {
    let documents = documents(common, paths)?;
    Ok(Cluster::from_documents(documents, &options(common)))
}

/// Reads the documents of some files, and those of the principals.
pub(crate) fn documents(common: &Common, paths: &[PathBuf]) -> Result<Vec<Document>, String> {
    let paths: Vec<PathBuf> = paths.iter().chain(&common.principals).cloned().collect();
    let texts = files::manifests(&paths, common.max_input_size).map_err(|why| {
        match why.contains("longer than ") {
            true => format!("{why}: raise --max-input-size"),
            false => why,
        }
    })?;
    Ok(texts
        .into_iter()
        .map(|(name, text)| Document::new(name, text))
        .collect())
}

/// Builds the settings that the options give.
pub(crate) fn options(common: &Common) -> Options {
    let mut options = Options::new()
        .with_config_map(common.config_map.clone())
        .with_max_bytes(common.max_input_size);
    if let Some(version) = common.kubernetes_version {
        options = options.with_kubernetes_version(version);
    }
    if let Some(mode) = common.authentication_mode {
        options = options.with_authentication_mode(mode);
    }
    if let Some(dialect) = common.dialect {
        options = options.with_dialect(dialect);
    }
    if let Some(namespace) = &common.objects_namespace {
        options = options.in_namespace(namespace);
    }
    match common.no_default_policy {
        true => options.without_default_policy(),
        false => options,
    }
}

/// Lists the directories of a fleet by name.
pub(crate) fn fleet(directory: &Path) -> Result<Vec<(String, PathBuf)>, String> {
    let failed = |why: std::io::Error| format!("{}: {why}", files::name(directory));
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_dir() && !name.starts_with('.') {
            found.push((name, entry.path()));
        }
    }
    found.sort();
    match found.is_empty() {
        true => Err(format!(
            "{}: no directory in this directory",
            files::name(directory)
        )),
        false => Ok(found),
    }
}
