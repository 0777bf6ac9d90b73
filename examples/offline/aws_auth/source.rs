//! Reads the files that the command line names.

use std::fmt::Write as _;
use std::path::Path;

use aws_auth_map::{
    AuthenticationMode, Backend, BackendKind, Dialect, IdentityMap, Problem, ProblemKind, Reader,
    Rules, Severity,
};
use program::files;

use crate::args::Args;

/// The limit on files other than the ConfigMap, in bytes. Our choice: a thousand access entries take
/// half a megabyte.
const MAX_ENTRIES_FILE: usize = 16 * 1024 * 1024;

/// Reads files as the flags say.
pub(crate) struct Source {
    reader: Reader,
    /// Whether the dialect is the default, not a choice.
    is_dialect_assumed: bool,
}

/// The rules of a file, and what is wrong with it.
pub(crate) struct Read {
    pub(crate) rules: Rules,
    pub(crate) problems: Vec<Problem>,
}

impl Source {
    pub(crate) fn new(args: &Args) -> Self {
        Self {
            reader: Reader::new()
                .with_dialect(args.dialect.unwrap_or(Dialect::Eks))
                .with_config_map(args.config_map.clone()),
            is_dialect_assumed: args.dialect.is_none(),
        }
    }

    /// Reads a ConfigMap, or one of the other files that have the same rules: the authenticator's own
    /// configuration, and `IAMIdentityMapping` objects.
    pub(crate) fn rules(&self, path: &Path) -> Result<Read, String> {
        let text = text(path, files::MAX_SMALL_FILE)?;
        let (rules, problems) = self.reader.read_config_map(&text);
        let read = Read { rules, problems };
        if !read.has(ProblemKind::NotAConfigMap) {
            return Ok(read);
        }
        let (rules, problems) = self.reader.read_identity_mappings(&text);
        let mappings = Read { rules, problems };
        if text.contains("IAMIdentityMapping") {
            return Ok(mappings);
        }
        let (rules, problems) = self.reader.read_mounted_file(&text);
        let server = Read { rules, problems };
        Ok(if server.rules.is_empty() {
            read
        } else {
            server
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
            is_dialect_assumed: false,
        })
    }

    /// Reads a ConfigMap as a map, and returns its errors. It is an error if the file cannot be read at
    /// all.
    pub(crate) fn map(&self, path: &Path) -> Result<(IdentityMap, String), String> {
        let read = self.readable(path)?;
        let aside = read.errors(path);
        Ok((map(read.rules), aside))
    }

    /// Reads a ConfigMap. It is an error if the file cannot be read at all.
    pub(crate) fn readable(&self, path: &Path) -> Result<Read, String> {
        let read = self.rules(path)?;
        if read.is_unreadable() {
            let errors = read.errors(path);
            return Err(format!(
                "no answer, because the file cannot be read\n{}",
                errors.trim_end()
            ));
        }
        Ok(read)
    }

    /// Reads the text of a ConfigMap that was read before.
    pub(crate) fn rules_of(&self, text: &str) -> Read {
        let (rules, problems) = self.reader.read_config_map(text);
        Read { rules, problems }
    }

    /// Whether patterns are read in the dialect.
    pub(crate) const fn has_patterns(&self) -> bool {
        self.reader.dialect().has_patterns()
    }

    /// Reads access entries.
    pub(crate) fn entries(&self, path: &Path) -> Result<Read, String> {
        let text = text(path, MAX_ENTRIES_FILE)?;
        let reader = self.reader.clone().with_max_bytes(MAX_ENTRIES_FILE);
        let (rules, problems) = reader.read_access_entries(&text);
        Ok(Read { rules, problems })
    }
}

impl Read {
    /// Whether nothing of the file could be read.
    pub(crate) fn is_unreadable(&self) -> bool {
        self.rules
            .unreadable()
            .any(|(section, _)| section.is_none())
    }

    /// Whether the file is something else, or empty.
    pub(crate) fn is_something_else(&self) -> bool {
        self.has(ProblemKind::NotAConfigMap) || self.has(ProblemKind::NothingThere)
    }

    fn has(&self, kind: ProblemKind) -> bool {
        self.problems.iter().any(|problem| problem.kind() == kind)
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
        let lines = self.problems.iter();
        lines.map(|problem| problem_line(path, problem)).collect()
    }
}

/// Reads a file of at most `max` bytes that is not empty.
pub(crate) fn text(path: &Path, max: usize) -> Result<String, String> {
    let text = files::read(path, max)?;
    if text
        .trim_matches(['\u{feff}', ' ', '\t', '\r', '\n'])
        .is_empty()
    {
        return Err(format!("{}: the file is empty", files::name(path)));
    }
    Ok(text)
}

/// Builds a map with these rules as those of the ConfigMap.
pub(crate) fn map(rules: Rules) -> IdentityMap {
    IdentityMap::new().with_backend(Backend::new(BackendKind::EksConfigMap, rules))
}

/// Builds a map for the authentication mode of a cluster.
pub(crate) fn map_in_mode(rules: Rules, mode: Option<AuthenticationMode>) -> IdentityMap {
    let map = map(rules);
    match mode {
        Some(mode) => map.with_authentication_mode(mode),
        None => map,
    }
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
