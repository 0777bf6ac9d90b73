//! Reads the files that the command line names.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use aws_auth_map::{
    AuthenticationMode, Backend, BackendKind, Dialect, Editor, FileKind, IdentityMap, Problem,
    ProblemKind, Reader, Rules, Severity,
};
use program::files;

use crate::args::Args;

/// The default limit on files other than the ConfigMap, in bytes. Our choice: a thousand access entries
/// take half a megabyte.
const MAX_ENTRIES_FILE: usize = 16 * 1024 * 1024;

/// Reads files as the flags say.
pub(crate) struct Source {
    reader: Reader,
    max_bytes: Option<usize>,
    /// Whether the dialect is the default, not a choice.
    is_dialect_assumed: bool,
}

/// The rules of a file, and what is wrong with it.
pub(crate) struct Read {
    /// The rules of the ConfigMap, or of another file with the same rules.
    pub(crate) rules: Rules,
    kind: BackendKind,
    /// The access entries in the file.
    entries: Option<Rules>,
    mode: Option<AuthenticationMode>,
    pub(crate) problems: Vec<Problem>,
}

/// The access entries beside the ConfigMap.
#[derive(Default)]
pub(crate) struct Beside {
    path: PathBuf,
    read: Option<Read>,
}

impl Source {
    pub(crate) fn new(args: &Args) -> Self {
        let reader = Reader::new()
            .with_dialect(args.dialect.unwrap_or(Dialect::Eks))
            .with_config_map(args.config_map.clone());
        Self {
            reader,
            max_bytes: args.max_input_size,
            is_dialect_assumed: args.dialect.is_none(),
        }
    }

    fn limit(&self, default: usize) -> usize {
        self.max_bytes.unwrap_or(default)
    }

    fn reader(&self, default_limit: usize) -> Reader {
        let max_bytes = self.limit(default_limit);
        self.reader.clone().with_max_bytes(max_bytes)
    }

    /// Reads the text of a ConfigMap.
    pub(crate) fn text(&self, path: &Path) -> Result<String, String> {
        text(path, self.limit(files::MAX_SMALL_FILE))
    }

    /// Reads a ConfigMap, or another file with rules, which is recognized by its content.
    pub(crate) fn rules(&self, path: &Path) -> Result<Read, String> {
        let text = self.text(path)?;
        let reader = self.reader(files::MAX_SMALL_FILE);
        Ok(match reader.recognize(&text) {
            FileKind::AccessEntries => Read::entries(reader.read_access_entries(&text)),
            FileKind::ClusterConfig => {
                let (config, problems) = reader.read_cluster_config(&text);
                Read {
                    rules: config.identity_mappings().clone(),
                    kind: BackendKind::EksConfigMap,
                    entries: Some(config.access_entries().clone()),
                    mode: config.authentication_mode(),
                    problems,
                }
            }
            FileKind::IdentityMappings => {
                Read::of(BackendKind::Crd, reader.read_identity_mappings(&text))
            }
            FileKind::ServerConfig => {
                Read::of(BackendKind::MountedFile, reader.read_mounted_file(&text))
            }
            FileKind::IdentityMappingList => {
                let read = reader.read_identity_mapping_list(&text);
                Read::of(BackendKind::EksConfigMap, read)
            }
            _ => self.rules_of(&text),
        })
    }

    /// Returns a source for the dialect with every key, if the dialect is not a choice and one of the
    /// files has keys that are not read in it.
    pub(crate) fn with_every_key(&self, files: [&Read; 2]) -> Option<Self> {
        let has_unread = |read: &Read| {
            read.has(ProblemKind::PatternNotRead) || read.has(ProblemKind::SsoNotRead)
        };
        let is_needed = self.is_dialect_assumed && files.into_iter().any(has_unread);
        is_needed.then(|| Self {
            reader: self.reader.clone().with_dialect(Dialect::Ours),
            max_bytes: self.max_bytes,
            is_dialect_assumed: false,
        })
    }

    /// Reads a file with rules. It is an error if the file cannot be read at all.
    pub(crate) fn readable(&self, path: &Path) -> Result<Read, String> {
        let read = self.rules(path)?;
        if read.is_unreadable() {
            return Err(no_answer(&read, path));
        }
        Ok(read)
    }

    /// Reads the text of a ConfigMap that was read before.
    pub(crate) fn rules_of(&self, text: &str) -> Read {
        let reader = self.reader(files::MAX_SMALL_FILE);
        Read::of(BackendKind::EksConfigMap, reader.read_config_map(text))
    }

    /// Returns an editor of the ConfigMap.
    pub(crate) fn editor(&self) -> Editor {
        // The extensions of ours are text that can be edited in any dialect.
        let reader = self.reader(files::MAX_SMALL_FILE);
        Editor::new().with_reader(reader.with_dialect(Dialect::Ours))
    }

    /// Whether patterns are read in the dialect.
    pub(crate) const fn has_patterns(&self) -> bool {
        self.reader.dialect().has_patterns()
    }

    /// Reads access entries, or another file with rules.
    pub(crate) fn entries(&self, path: &Path) -> Result<Read, String> {
        let text = text(path, self.limit(MAX_ENTRIES_FILE))?;
        let reader = self.reader(MAX_ENTRIES_FILE);
        match reader.recognize(&text) {
            FileKind::AccessEntries | FileKind::ConfigMap => {
                Ok(Read::entries(reader.read_access_entries(&text)))
            }
            _ => self.rules(path),
        }
    }

    /// Reads the access entries beside the ConfigMap. It is an error if they cannot be read at all.
    pub(crate) fn beside(&self, path: Option<&Path>) -> Result<Beside, String> {
        let Some(path) = path else {
            return Ok(Beside::default());
        };
        let read = self.entries(path)?;
        if read.is_unreadable() {
            return Err(no_answer(&read, path));
        }
        Ok(Beside {
            path: path.to_owned(),
            read: Some(read),
        })
    }
}

fn no_answer(read: &Read, path: &Path) -> String {
    let errors = read.errors(path);
    format!(
        "no answer, because the file cannot be read\n{}",
        errors.trim_end()
    )
}

impl Beside {
    /// Returns the file of a backend: this one for access entries, else `other`.
    pub(crate) fn path_of<'p>(&'p self, kind: Option<BackendKind>, other: &'p Path) -> &'p Path {
        match (&self.read, kind) {
            (Some(_), Some(BackendKind::AccessEntries)) => &self.path,
            _ => other,
        }
    }

    /// Returns the problems.
    pub(crate) fn problems(&self) -> &[Problem] {
        self.read.as_ref().map_or(&[], |read| &read.problems)
    }

    /// Formats the problems with the severity error.
    pub(crate) fn errors(&self) -> String {
        let errors = |read: &Read| read.errors(&self.path);
        self.read.as_ref().map(errors).unwrap_or_default()
    }
}

impl Read {
    fn of(kind: BackendKind, (rules, problems): (Rules, Vec<Problem>)) -> Self {
        Self {
            rules,
            kind,
            entries: None,
            mode: None,
            problems,
        }
    }

    fn entries((entries, problems): (Rules, Vec<Problem>)) -> Self {
        Self {
            entries: Some(entries),
            ..Self::of(BackendKind::EksConfigMap, (Rules::new(), problems))
        }
    }

    /// Whether nothing of the file, or of its access entries, could be read.
    pub(crate) fn is_unreadable(&self) -> bool {
        std::iter::once(&self.rules)
            .chain(&self.entries)
            .flat_map(Rules::unreadable)
            .any(|(section, _)| section.is_none())
    }

    /// Whether the file is something else, or empty.
    pub(crate) fn is_something_else(&self) -> bool {
        [
            ProblemKind::ErrorOutput,
            ProblemKind::KubectlDescribe,
            ProblemKind::NotAConfigMap,
            ProblemKind::NothingThere,
            ProblemKind::ListedEntries,
        ]
        .into_iter()
        .any(|kind| self.has(kind))
    }

    fn has(&self, kind: ProblemKind) -> bool {
        self.problems.iter().any(|problem| problem.kind() == kind)
    }

    /// Returns the access entries in the file.
    pub(crate) const fn access_entries(&self) -> Option<&Rules> {
        self.entries.as_ref()
    }

    /// Whether the file has neither rules nor access entries.
    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty() && self.entries.as_ref().is_none_or(Rules::is_empty)
    }

    /// Builds the map of a cluster with these rules, and with access entries beside them. They decide
    /// first, as in EKS, whose mode is `API_AND_CONFIG_MAP` unless it is known.
    pub(crate) fn map(&self, beside: &Beside, mode: Option<AuthenticationMode>) -> IdentityMap {
        let beside = beside.read.as_ref().and_then(|read| read.entries.as_ref());
        let entries = [beside, self.entries.as_ref()].into_iter().flatten();
        let mut mode = mode.or(self.mode);
        let mut map = IdentityMap::new();
        for entries in entries {
            mode = mode.or(Some(AuthenticationMode::ApiAndConfigMap));
            map = map.with_backend(Backend::new(BackendKind::AccessEntries, entries.clone()));
        }
        map = map.with_backend(Backend::new(self.kind, self.rules.clone()));
        match mode {
            Some(mode) => map.with_authentication_mode(mode),
            None => map,
        }
    }

    /// Formats the problems with the severity error.
    pub(crate) fn errors(&self, path: &Path) -> String {
        self.problems
            .iter()
            .filter(|problem| problem.severity() == Severity::Error)
            .map(|problem| problem_line(path, problem))
            .collect()
    }

    pub(crate) fn all_problems(&self, path: &Path) -> String {
        self.problems
            .iter()
            .map(|problem| problem_line(path, problem))
            .collect()
    }
}

/// Reads a file of at most `max` bytes that is not empty.
pub(crate) fn text(path: &Path, max: usize) -> Result<String, String> {
    let text = files::read(path, max)?;
    if text.trim_matches([' ', '\t', '\r', '\n']).is_empty() {
        return Err(format!("{}: the file is empty", files::name(path)));
    }
    Ok(text)
}

/// Formats a problem as one line, as compilers do.
pub(crate) fn problem_line(path: &Path, problem: &Problem) -> String {
    let mut line = files::name(path);
    for number in [problem.line(), problem.column()].into_iter().flatten() {
        // Writing to a String cannot fail.
        let _ = write!(line, ":{number}");
    }
    let (severity, code) = (problem.severity().as_str(), problem.code());
    let (at, kind) = (problem.at(), problem.kind());
    let _ = writeln!(line, ": {severity}[{code}]: {at}: {kind}");
    line
}
