//! The files of a cluster.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::thread;

use eks_access::{Cluster, Document, Options, SourceKind};
use k8s_rbac::KubernetesVersion;
use printable_text::Printable;
use program::{files, output};

use crate::PROGRAM;
use crate::args::Common;
use crate::live::{self, Extent, Live};

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
    let files = files(common, paths)?;
    live.documents.extend(files.documents);
    let options = options_of_live(common, &live);
    let files = Files {
        documents: live.documents,
        unread: files.unread,
    };
    Ok(files.into_cluster(&options))
}

/// Builds the settings that the options and the cluster give: its version.
pub(crate) fn options_of_live(common: &Common, live: &Live) -> Options {
    let options = options(common);
    if common.kubernetes_version.is_some() {
        return options;
    }
    match live.version.parse() {
        Ok(version) => options.with_kubernetes_version(version),
        Err(why) => {
            let (version, newest) = (Printable::new(&live.version), KubernetesVersion::default());
            let note = format_args!("--live: Kubernetes {version}: {why}; {newest} is used");
            output::note(PROGRAM, &note);
            options
        }
    }
}

/// Reads the cluster of one directory of a fleet.
pub(crate) fn cluster_in(common: &Common, directory: &Path) -> Result<Cluster, String> {
    read(common, &[directory.to_owned()])
}

/// Reads the cluster of some files, with the other options.
pub(crate) fn read(common: &Common, paths: &[PathBuf]) -> Result<Cluster, String> {
    let cluster = files(common, paths)?.into_cluster(&options(common));
    let mut sources = cluster.sources().iter();
    let are_there = common.principals.is_empty()
        || sources.any(|source| source.kind() == SourceKind::Principals)
        || cluster.unreadable().next().is_some();
    match are_there {
        true => Ok(cluster),
        false => Err(
            "--principals: no role or user is there: give the output of `aws iam list-roles` or `list-users`"
                .to_owned(),
        ),
    }
}

/// Does not free a cluster or a log, since the process ends soon: freeing the texts of a large cluster one by one
/// takes a tenth of the time of an answer. The clusters of a fleet are freed, since the next cluster needs the memory.
pub(crate) fn leave<T>(common: &Common, value: T) {
    if common.fleet.is_none() {
        std::mem::forget(value);
    }
}

/// Joins the documents of two clusters at the same time.
pub(crate) fn both(old: Files, new: Files, options: &Options) -> (Cluster, Cluster) {
    thread::scope(|scope| {
        let old = scope.spawn(|| old.into_cluster(options));
        let new = new.into_cluster(options);
        match old.join() {
            Ok(old) => (old, new),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// The extensions of files in a directory that are read.
pub(crate) const READ: [&str; 4] = ["yaml", "yml", "json", "tfstate"];

/// The extensions of files that may give access but cannot be read directly, with advice for each.
const UNREAD: [(&str, &str); 18] = [
    ("bz2", "decompress them"),
    ("cue", "give the objects that it makes"),
    ("gotmpl", "give the file that is made of it"),
    ("gz", "decompress them"),
    ("hcl", "give the plan that `terraform show -json` prints"),
    ("j2", "give the file that is made of it"),
    ("jinja", "give the file that is made of it"),
    ("jinja2", "give the file that is made of it"),
    ("jsonl", "give the file itself with -f"),
    ("jsonnet", "give the objects that it makes"),
    ("template", "give the file itself with -f"),
    ("tf", "give the plan that `terraform show -json` prints"),
    ("tftpl", "give the file that Terraform makes of it"),
    ("tmpl", "give the file that is made of it"),
    ("tpl", "give the file that is made of it"),
    ("xz", "decompress them"),
    ("zip", "decompress them"),
    ("zst", "decompress them"),
];

/// Documents, and the files beside them that were not read.
#[derive(Clone, Default)]
pub(crate) struct Files {
    pub(crate) documents: Vec<Document>,
    /// Their kind, how many there are, and the first.
    pub(crate) unread: Vec<(String, usize, String)>,
}

impl Files {
    /// Joins the documents to a cluster.
    pub(crate) fn into_cluster(self, options: &Options) -> Cluster {
        let cluster = Cluster::from_documents(self.documents, options);
        let unread = self.unread.into_iter();
        unread.fold(cluster, |cluster, (kind, count, first)| {
            cluster.with_unread(&kind, count, &first)
        })
    }

    /// Adds other files.
    pub(crate) fn extend(&mut self, other: Self) {
        self.documents.extend(other.documents);
        self.unread.extend(other.unread);
    }
}

/// Reads some files, and the files that list the principals.
pub(crate) fn files(common: &Common, paths: &[PathBuf]) -> Result<Files, String> {
    let paths: Vec<PathBuf> = paths.iter().chain(&common.principals).cloned().collect();
    let selection = files::Selection {
        read: &READ,
        counted: &UNREAD,
        excluded: &common.exclude,
    };
    let selected =
        files::select(&paths, common.max_input_size, &selection).map_err(|why| {
            match why.contains("longer than ") {
                true => format!("{why}: raise --max-input-size"),
                false => why,
            }
        })?;
    let documents = selected.texts.into_iter();
    let unread = selected.counted.into_iter();
    Ok(Files {
        documents: documents
            .map(|(name, text)| Document::new(name, text))
            .collect(),
        unread: unread
            .map(|(extension, (count, first))| (unread_kind(&extension), count, first))
            .collect(),
    })
}

fn unread_kind(extension: &str) -> String {
    let way = UNREAD.iter().find(|(known, _)| *known == extension);
    let way = way.map_or("", |(_, way)| way);
    format!(".{extension} files ({way})")
}

/// Builds the settings that the options give.
pub(crate) fn options(common: &Common) -> Options {
    let mut options = Options::new()
        .with_config_map(common.config_map.clone())
        .with_max_bytes(common.max_input_size)
        .with_threads(thread::available_parallelism().unwrap_or(NonZeroUsize::MIN));
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
