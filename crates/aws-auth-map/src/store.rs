//! The last good version of every source.

use std::fmt;

use crate::diff::Diff;
use crate::problem::{Problem, ProblemKind, Severity};
use crate::read::Reader;
use crate::resolve::IdentityMap;
use crate::resolve::backend::Backend;
use crate::rules::{Rules, Section};

/// How a source is written.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum SourceFormat {
    /// What [`Reader::read_access_entries`] reads.
    AccessEntries,
    /// What [`Reader::read_config_map`] reads.
    ConfigMap,
    /// What [`Reader::read_dynamic_file`] reads.
    DynamicFile,
    /// What [`Reader::read_dynamic_file_by_user_id`] reads.
    DynamicFileByUserId,
    /// What [`Reader::read_identity_mappings`] reads.
    IdentityMappings,
    /// What [`Reader::read_mounted_file`] reads.
    MountedFile,
}

/// The last good version of every source.
///
/// Upstream forgets all rules when the ConfigMap is deleted or is no longer read, and an operator's
/// slip locks everybody out. A store takes every new text of a source, and keeps what it has where the
/// new text says nothing: of a section that cannot be read, the section; of a text that cannot be
/// read, is empty or is something else, all of it. A section that is not there any more, or that is
/// an empty list, is one that somebody took away, and is gone.
///
/// An entry that is wrong by itself is left out, as by the [`Reader`]: the problems name it.
///
/// It is a value: it reads no file and knows no time. Whoever watches the sources tells it.
#[derive(Clone, Debug)]
pub struct Store {
    reader: Reader,
    map: IdentityMap,
    sources: Vec<Source>,
}

#[derive(Clone, Debug)]
struct Source {
    name: String,
    format: SourceFormat,
    backend: Backend,
}

impl Store {
    /// Makes a store without sources. The map says how is resolved; it is asked for what it has
    /// besides before the sources are.
    #[must_use]
    pub const fn new(reader: Reader, map: IdentityMap) -> Self {
        Self {
            reader,
            map,
            sources: Vec::new(),
        }
    }

    /// Adds a source, which is asked after those before it. The backend says what kind it is, what it
    /// reserves, and which rules it has until there is a text; of two sources of one name, the first
    /// counts.
    #[must_use]
    pub fn with_source(mut self, name: &str, format: SourceFormat, backend: Backend) -> Self {
        if self.sources.iter().all(|source| source.name != name) {
            self.sources.push(Source {
                name: name.to_owned(),
                format,
                backend,
            });
        }
        self
    }

    /// Returns the map as it is now.
    #[must_use]
    pub fn map(&self) -> IdentityMap {
        let backends = self.sources.iter().map(|source| source.backend.clone());
        backends.fold(self.map.clone(), IdentityMap::with_backend)
    }

    /// Returns the rules of a source as they are now.
    #[must_use]
    pub fn rules(&self, name: &str) -> Option<&Rules> {
        let mut sources = self.sources.iter();
        let source = sources.find(|source| source.name == name)?;
        Some(source.backend.rules())
    }

    /// Takes a new text of a source; nothing, if there is no source of this name.
    pub fn update(&mut self, name: &str, text: &str) -> Option<UpdateOutcome> {
        let mut sources = self.sources.iter_mut();
        let source = sources.find(|source| source.name == name)?;
        let (rules, outcome) = read(&self.reader, source, text);
        if let Some(rules) = rules {
            source.backend.rules = rules;
        }
        Some(outcome)
    }

    /// Tells what a new text of a source would do, and for whom, without doing it; nothing, if there
    /// is no source of this name.
    #[must_use]
    pub fn dry_run(&self, name: &str, text: &str) -> Option<(UpdateOutcome, Diff)> {
        let mut updated = self.clone();
        let outcome = updated.update(name, text)?;
        Some((outcome, self.map().diff(&updated.map())))
    }

    /// Takes a source's rules away, since it was deleted on purpose. Returns how many there were.
    pub fn clear(&mut self, name: &str) -> Option<usize> {
        let mut sources = self.sources.iter_mut();
        let source = sources.find(|source| source.name == name)?;
        let rules = std::mem::take(&mut source.backend.rules);
        Some(rules.len())
    }
}

/// What became of a new text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UpdateOutcome {
    is_applied: bool,
    kept: Vec<RetainedSection>,
    problems: Vec<Problem>,
}

impl UpdateOutcome {
    /// Returns whether the new text counts, be it but for what was kept.
    #[must_use]
    pub const fn is_applied(&self) -> bool {
        self.is_applied
    }

    /// Returns what was kept of the version before.
    #[must_use]
    pub fn retained(&self) -> &[RetainedSection] {
        &self.kept
    }

    /// Returns what is wrong with the new text.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

/// Rules of the version before that still count.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct RetainedSection {
    section: Option<Section>,
    rules: usize,
    why: ProblemKind,
}

impl RetainedSection {
    /// Returns the section; none, if it is the whole source.
    #[must_use]
    pub const fn section(&self) -> Option<Section> {
        self.section
    }

    /// Returns how many rules are kept, be it none since there were none.
    #[must_use]
    pub const fn rules(&self) -> usize {
        self.rules
    }

    /// Returns what is wrong with the new text there.
    #[must_use]
    pub const fn why(&self) -> ProblemKind {
        self.why
    }
}

impl fmt::Display for RetainedSection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            section,
            rules,
            why,
        } = self;
        let noun = if *rules == 1 { "rule" } else { "rules" };
        write!(f, "kept {rules} {noun}")?;
        if let Some(section) = section {
            write!(f, " of {section}")?;
        }
        write!(f, ": {why}")
    }
}

/// Reads a text; returns the rules that count from now on, if they are others.
fn read(reader: &Reader, source: &Source, text: &str) -> (Option<Rules>, UpdateOutcome) {
    let (read, problems) = match source.format {
        SourceFormat::AccessEntries => some(reader.read_access_entries(text)),
        SourceFormat::ConfigMap => some(reader.read_config_map(text)),
        SourceFormat::IdentityMappings => some(reader.read_identity_mappings(text)),
        SourceFormat::MountedFile => some(reader.read_mounted_file(text)),
        SourceFormat::DynamicFile => whole(reader.read_dynamic_file(text)),
        SourceFormat::DynamicFileByUserId => whole(reader.read_dynamic_file_by_user_id(text)),
    };
    let old = source.backend.rules();
    let unread = problems.iter().find(|problem| is_of_all(problem));
    let Some(mut rules) = read.filter(|_| unread.is_none()) else {
        // A dynamic file is refused for whatever is wrong with it first.
        let why = unread.or_else(|| problems.first());
        let kept = why.map(|problem| RetainedSection {
            section: None,
            rules: old.len(),
            why: problem.kind(),
        });
        let outcome = UpdateOutcome {
            is_applied: false,
            kept: kept.into_iter().collect(),
            problems,
        };
        return (None, outcome);
    };
    let mut kept = Vec::new();
    for section in Section::ALL {
        let Some(why) = problems.iter().find_map(|problem| loses(problem, section)) else {
            continue;
        };
        if rules.has_section(section) {
            continue;
        }
        let rules = rules.keep(section, old);
        kept.push(RetainedSection {
            section: Some(section),
            rules,
            why,
        });
    }
    let outcome = UpdateOutcome {
        is_applied: true,
        kept,
        problems,
    };
    (Some(rules), outcome)
}

fn some((rules, problems): (Rules, Vec<Problem>)) -> (Option<Rules>, Vec<Problem>) {
    (Some(rules), problems)
}

fn whole(read: Result<(Rules, Vec<Problem>), Vec<Problem>>) -> (Option<Rules>, Vec<Problem>) {
    match read {
        Ok((rules, problems)) => (Some(rules), problems),
        Err(problems) => (None, problems),
    }
}

/// Whether a problem says that nothing of the text was read.
fn is_of_all(problem: &Problem) -> bool {
    let is_whole = problem.at().section().is_none() && problem.at().field().is_none();
    match problem.kind() {
        ProblemKind::NoAccessEntries
        | ProblemKind::NoSections
        | ProblemKind::NotAConfigMap
        | ProblemKind::NothingThere => true,
        kind => is_whole && is_unreadable(kind),
    }
}

/// Why a section of the text was not read, if a problem says so.
fn loses(problem: &Problem, section: Section) -> Option<ProblemKind> {
    let kind = problem.kind();
    let is_meant = match kind {
        ProblemKind::MisspelledSection(meant) => meant == section,
        kind => {
            let at = problem.at();
            let is_section = at.section() == Some(section) && at.index().is_none();
            is_section && problem.severity() == Severity::Error && is_unreadable(kind)
        }
    };
    is_meant.then_some(kind)
}

const fn is_unreadable(kind: ProblemKind) -> bool {
    matches!(
        kind,
        ProblemKind::Alias
            | ProblemKind::NotJson
            | ProblemKind::SectionNotAList
            | ProblemKind::Syntax
            | ProblemKind::Tab
            | ProblemKind::TooLarge
            | ProblemKind::Unclosed
            | ProblemKind::UnquotedTemplate
    )
}

impl Rules {
    fn has_section(&self, section: Section) -> bool {
        match section {
            Section::Accounts => self.accounts().next().is_some(),
            _ => self.iter().any(|(at, _)| at.section() == section),
        }
    }

    /// Takes a section over from another version; returns how many rules that were.
    fn keep(&mut self, section: Section, old: &Self) -> usize {
        let mut count = 0_usize;
        for (at, rule) in old.iter().filter(|(at, _)| at.section() == section) {
            let _ = self.insert(section, at.index(), rule.clone(), old.place(at));
            count = count.saturating_add(1);
        }
        if section == Section::Accounts {
            for (at, account) in old.accounts() {
                let _ = self.insert_account(at.index(), account, old.place(at));
                count = count.saturating_add(1);
            }
        }
        count
    }
}
