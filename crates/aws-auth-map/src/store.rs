//! Keeps the last good version of every source.

use std::fmt;

use crate::diff::Diff;
use crate::problem::{Problem, ProblemKind, Severity};
use crate::read::Reader;
use crate::resolve::IdentityMap;
use crate::resolve::backend::Backend;
use crate::rules::{Rules, Section};

/// The format of a source.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum SourceFormat {
    /// Read by [`Reader::read_access_entries`].
    AccessEntries,
    /// Read by [`Reader::read_config_map`].
    ConfigMap,
    /// Read by [`Reader::read_dynamic_file`].
    DynamicFile,
    /// Read by [`Reader::read_dynamic_file_by_user_id`].
    DynamicFileByUserId,
    /// Read by [`Reader::read_identity_mappings`].
    IdentityMappings,
    /// Read by [`Reader::read_mounted_file`].
    MountedFile,
}

/// Keeps the last good version of every source.
///
/// Upstream discards all rules when the ConfigMap is deleted or can no longer be read, so that one
/// mistake locks every user out. A store takes each new text of a source and keeps the earlier rules
/// of every section that cannot be read. It keeps all earlier rules if the text cannot be read, is
/// empty, or is of another kind. A section that is absent or an empty list was removed on purpose,
/// and its rules are discarded.
///
/// If an entry cannot be read, its earlier rule is not kept. As the [`Reader`] reads it, the entry
/// refuses its principal or is left out, and the problems name it.
///
/// Until its first text can be read, a source without rules refuses every caller.
///
/// A store is a value: it performs no I/O and has no clock. The program that watches the sources
/// passes on each new text.
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
    /// Whether the rules come from a text; otherwise they were given.
    is_read: bool,
}

impl Store {
    /// Builds a store without sources. The map has the settings for resolving; its own backends are
    /// searched before the sources.
    #[must_use]
    pub const fn new(reader: Reader, map: IdentityMap) -> Self {
        Self {
            reader,
            map,
            sources: Vec::new(),
        }
    }

    /// Adds a source, which is searched after the sources before it. The backend has its kind, its
    /// reserved prefixes, and its rules until the first text. If a source with the same name exists,
    /// the new source is ignored.
    #[must_use]
    pub fn with_source(mut self, name: &str, format: SourceFormat, mut backend: Backend) -> Self {
        if self.sources.iter().all(|source| source.name != name) {
            let is_read = !backend.rules.is_empty();
            if !is_read {
                backend.rules = Rules::unreadable_source();
            }
            self.sources.push(Source {
                name: name.to_owned(),
                format,
                backend,
                is_read,
            });
        }
        self
    }

    /// Returns the map with the current rules.
    #[must_use]
    pub fn map(&self) -> IdentityMap {
        self.sources
            .iter()
            .map(|source| source.backend.clone())
            .fold(self.map.clone(), IdentityMap::with_backend)
    }

    /// Returns the current rules of a source. `None` if there is no source with this name.
    #[must_use]
    pub fn rules(&self, name: &str) -> Option<&Rules> {
        let source = self.sources.iter().find(|source| source.name == name)?;
        Some(source.backend.rules())
    }

    /// Reads a new text of a source. `None` if there is no source with this name.
    pub fn update(&mut self, name: &str, text: &str) -> Option<UpdateOutcome> {
        let source = self.sources.iter_mut().find(|source| source.name == name)?;
        let (rules, outcome) = read(&self.reader, source, text);
        if let Some(rules) = rules {
            source.backend.rules = rules;
            source.is_read = true;
        }
        Some(outcome)
    }

    /// Returns the effect that a new text of a source would have, without applying it. `None` if
    /// there is no source with this name.
    #[must_use]
    pub fn dry_run(&self, name: &str, text: &str) -> Option<(UpdateOutcome, Diff)> {
        let mut updated = self.clone();
        let outcome = updated.update(name, text)?;
        Some((outcome, self.map().diff(&updated.map())))
    }

    /// Discards the rules of a source that was deleted on purpose. Returns their number. `None` if
    /// there is no source with this name.
    pub fn clear(&mut self, name: &str) -> Option<usize> {
        let source = self.sources.iter_mut().find(|source| source.name == name)?;
        let rules = std::mem::take(&mut source.backend.rules);
        source.is_read = true;
        Some(rules.len())
    }
}

/// The result of an update.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UpdateOutcome {
    is_applied: bool,
    retained: Vec<RetainedSection>,
    problems: Vec<Problem>,
}

impl UpdateOutcome {
    /// Returns whether the new text took effect, apart from the sections that were retained.
    #[must_use]
    pub const fn is_applied(&self) -> bool {
        self.is_applied
    }

    /// Returns the rules that were retained from the earlier version.
    #[must_use]
    pub fn retained(&self) -> &[RetainedSection] {
        &self.retained
    }

    /// Returns the problems of the new text.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

/// Rules of an earlier version that are still in effect.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct RetainedSection {
    section: Option<Section>,
    rules: usize,
    why: ProblemKind,
}

impl RetainedSection {
    /// Returns the section. `None` for the whole source.
    #[must_use]
    pub const fn section(&self) -> Option<Section> {
        self.section
    }

    /// Returns the number of rules that were retained. Zero if there were no rules before.
    #[must_use]
    pub const fn rules(&self) -> usize {
        self.rules
    }

    /// Returns the problem of the new text.
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

/// Reads a text. Returns the new rules. `None` if the old rules stay.
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
    let Some(mut rules) = read.filter(|rules| !is_without_rules(rules, &problems)) else {
        let retained = why_whole(&problems).map(|why| RetainedSection {
            section: None,
            rules: old.len(),
            why,
        });
        let outcome = UpdateOutcome {
            is_applied: false,
            retained: retained.into_iter().collect(),
            problems,
        };
        return (None, outcome);
    };
    let mut retained = Vec::new();
    for section in Section::ALL {
        let is_lost = rules.unreadable().any(|(of, _)| of == Some(section));
        let why = problems.iter().find_map(|problem| loses(problem, section));
        let Some(why) = why.filter(|_| is_lost) else {
            continue;
        };
        let mut count = 0;
        if source.is_read {
            rules.mark_readable(section);
            count = rules.keep(section, old);
        }
        retained.push(RetainedSection {
            section: Some(section),
            rules: count,
            why,
        });
    }
    let outcome = UpdateOutcome {
        is_applied: true,
        retained,
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

/// Returns whether a text could not be read, or has no section.
fn is_without_rules(rules: &Rules, problems: &[Problem]) -> bool {
    rules.unreadable().any(|(section, _)| section.is_none())
        || problems.iter().any(|problem| is_absent(problem.kind()))
}

const fn is_absent(kind: ProblemKind) -> bool {
    matches!(kind, ProblemKind::NoAccessEntries | ProblemKind::NoSections)
}

/// Returns why a text as a whole was not applied.
fn why_whole(problems: &[Problem]) -> Option<ProblemKind> {
    let is_whole = |problem: &&Problem| {
        let is_file = problem.at().section().is_none() && problem.at().field().is_none();
        is_file && (problem.severity() == Severity::Error || is_absent(problem.kind()))
    };
    problems
        .iter()
        .find(is_whole)
        // A dynamic file is also refused for a problem of a section or an entry.
        .or_else(|| problems.first())
        .map(Problem::kind)
}

/// Returns why a section was not read, if a problem says so.
fn loses(problem: &Problem, section: Section) -> Option<ProblemKind> {
    let at = problem.at();
    let is_section = at.section() == Some(section) && at.index().is_none();
    (is_section && problem.severity() == Severity::Error).then_some(problem.kind())
}

impl Rules {
    /// Takes over the rules of a section from another version. Returns their number.
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
