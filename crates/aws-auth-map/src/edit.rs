//! Edits a single entry in the text of the ConfigMap and leaves the rest of the text unchanged.

mod edit_error;
mod new_section;
mod section_lines;
mod style;
mod verify;

use bounded_yaml::{Mapping, Node, documents};
use iam_principal::AccountId;

pub use self::edit_error::EditError;
use self::section_lines::Found;
use self::style::Style;
use self::verify::Intent;
use crate::problem::{Problem, ProblemKind};
use crate::read::config_map_name::ConfigMapName;
use crate::read::document::Search;
use crate::read::problem_sink::{ProblemSink, TextFrame};
use crate::read::{Reader, document};
use crate::rules::{Rule, RuleRef, Rules, Section};

/// Adds, replaces and removes entries in the text of the ConfigMap.
///
/// The input is any text that [`Reader::read_config_map`] reads: the manifest in YAML or JSON, or its
/// bare data. Only the lines of the entry change. Everything else, such as comments and the order of
/// keys, stays the same byte for byte. A new entry imitates the style of the last one in its section,
/// and a missing section is created.
///
/// The edited text is read again before it is returned, to check that it contains the requested entry
/// and is otherwise unchanged. Texts for which this fails are refused: a list in brackets, a section in
/// a folded scalar, an entry with an anchor that is used elsewhere.
#[derive(Clone, Debug, Default)]
pub struct Editor {
    reader: Reader,
}

impl Editor {
    /// Builds an editor with the limits of a ConfigMap.
    #[must_use]
    pub fn new() -> Self {
        Self {
            reader: Reader::new(),
        }
    }

    /// Sets the reader of the text: its limits, and the name of the ConfigMap.
    #[must_use]
    pub fn with_reader(self, reader: Reader) -> Self {
        Self { reader }
    }

    /// Writes rules as a new ConfigMap, for `kubectl apply`.
    ///
    /// # Errors
    ///
    /// In this order: [`EditError::Rule`]; [`EditError::Entangled`] if a rule would be read differently.
    pub fn write(&self, rules: &Rules) -> Result<String, EditError> {
        let is_known = |(at, _): (RuleRef, &Rule)| Section::ALL.contains(&at.section());
        if !rules.iter().all(is_known) || rules.unreadable().next().is_some() {
            return Err(EditError::Rule);
        }
        let style = Style::default();
        let data = if rules.is_empty() {
            "data: {}"
        } else {
            "data:"
        };
        let mut text = format!("apiVersion: v1\n{data}\n");
        for section in Section::ALL {
            let mut lines = Vec::new();
            for (_, rule) in rules.iter().filter(|(at, _)| at.section() == section) {
                lines.extend(style.entry(&style::fields(section, rule)?));
            }
            if section == Section::Accounts {
                lines.extend(rules.accounts().flat_map(|(_, id)| style.account(id)));
            }
            if !lines.is_empty() {
                text.push_str(&format!("  {section}: |\n"));
                let indented = |line: &String| format!("    {line}\n");
                text.extend(lines.iter().map(indented));
            }
        }
        text.push_str("kind: ConfigMap\nmetadata:\n  name: aws-auth\n  namespace: kube-system\n");
        let (read, _) = self.reader.read_config_map(&text);
        let is_same = read
            .iter()
            .map(|(_, rule)| rule)
            .eq(rules.iter().map(|(_, rule)| rule));
        let accounts = |rules: &Rules| -> Vec<AccountId> {
            rules.accounts().map(|(_, account)| account).collect()
        };
        if is_same && accounts(&read) == accounts(rules) {
            Ok(text)
        } else {
            Err(EditError::Entangled)
        }
    }

    /// Adds a rule at the end of a section, and returns the new text.
    ///
    /// # Errors
    ///
    /// In this order: [`EditError::Rule`], an error in the text, [`EditError::Entangled`].
    pub fn add(&self, text: &str, section: Section, rule: &Rule) -> Result<String, EditError> {
        let fields = style::fields(section, rule)?;
        let write = |style: &Style| style.entry(&fields);
        self.append(text, section, Intent::Add(rule), write)
    }

    /// Adds an account to `mapAccounts`, and returns the new text.
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add).
    pub fn add_account(&self, text: &str, account: AccountId) -> Result<String, EditError> {
        let write = |style: &Style| style.account(account);
        self.append(text, Section::Accounts, Intent::AddAccount(account), write)
    }

    /// Replaces the rule at `at`, and returns the new text.
    ///
    /// # Errors
    ///
    /// In this order: [`EditError::Rule`], an error in the text, [`EditError::NoSuchEntry`],
    /// [`EditError::Entangled`].
    pub fn replace(&self, text: &str, at: RuleRef, rule: &Rule) -> Result<String, EditError> {
        let fields = style::fields(at.section(), rule)?;
        let nodes = self.read(text)?;
        let data = data(&nodes, self.reader.config_map())?;
        let found = section_lines::find(text, data, at.section())?;
        let Found::Lines(lines) = &found else {
            return Err(EditError::NoSuchEntry);
        };
        let entry = lines.entry(at.index())?;
        let new = Style::of(&lines.texts(&entry)).entry(&fields);
        let edited = lines.splice(text, &entry, &new);
        let intent = Intent::Replace(at.index(), rule);
        self.verified(&nodes, data, edited, at.section(), intent)
    }

    /// Removes the entry at `at`, and returns the new text. Comments before it stay.
    ///
    /// # Errors
    ///
    /// In this order: an error in the text, [`EditError::NoSuchEntry`], [`EditError::Entangled`].
    pub fn remove(&self, text: &str, at: RuleRef) -> Result<String, EditError> {
        let nodes = self.read(text)?;
        let data = data(&nodes, self.reader.config_map())?;
        let Found::Lines(lines) = section_lines::find(text, data, at.section())? else {
            return Err(EditError::NoSuchEntry);
        };
        let entry = lines.entry(at.index())?;
        let edited = lines.remove(text, &entry);
        let intent = Intent::Remove(at.index());
        self.verified(&nodes, data, edited, at.section(), intent)
    }

    /// Removes every entry of `mapRoles` and `mapUsers` that another entry of its section replaces, and
    /// returns the new text. No caller becomes another user, because the entry that takes effect stays:
    /// the last entry for an ARN, and the first entry for a pattern.
    ///
    /// # Errors
    ///
    /// As [`remove`](Self::remove), but a text without such entries is returned unchanged.
    pub fn dedupe(&self, text: &str) -> Result<String, EditError> {
        let mut text = text.to_owned();
        for section in [Section::Roles, Section::Users] {
            let (rules, _) = self.reader.read_config_map(&text);
            let replaced = rules.replaced(section);
            if replaced.is_empty() {
                continue;
            }
            let nodes = self.read(&text)?;
            let data = data(&nodes, self.reader.config_map())?;
            let Found::Lines(lines) = section_lines::find(&text, data, section)? else {
                return Err(EditError::NoSuchEntry);
            };
            let entries = replaced
                .iter()
                .map(|index| lines.entry(*index))
                .collect::<Result<Vec<_>, _>>()?;
            let edited = lines.remove_all(&text, &entries);
            let intent = Intent::RemoveAll(&replaced);
            text = self.verified(&nodes, data, edited, section, intent)?;
        }
        Ok(text)
    }

    fn append(
        &self,
        text: &str,
        section: Section,
        intent: Intent<'_>,
        write: impl Fn(&Style) -> Vec<String>,
    ) -> Result<String, EditError> {
        let nodes = self.read(text)?;
        let data = data(&nodes, self.reader.config_map())?;
        let edited = match section_lines::find(text, data, section)? {
            Found::Lines(lines) => match lines.last_entry() {
                Some(last) => {
                    let new = write(&Style::of(&lines.texts(&last)));
                    lines.insert_after(text, &last, &new)
                }
                None => lines.fill(text, &write(&Style::default())),
            },
            Found::Empty(range) => {
                new_section::refill(text, range, section, &write(&Style::default()))?
            }
            Found::Missing => new_section::create(text, data, section, &write(&Style::default()))?,
        };
        self.verified(&nodes, data, edited, section, intent)
    }

    fn read(&self, text: &str) -> Result<Vec<Node>, EditError> {
        let nodes: Result<Vec<Node>, _> = documents(text, &self.reader.limits).collect();
        nodes.map_err(|_| EditError::Unreadable)
    }

    /// Returns the edited text if it contains the requested change and no other.
    fn verified(
        &self,
        before: &[Node],
        data_before: &Mapping,
        edited: String,
        section: Section,
        intent: Intent<'_>,
    ) -> Result<String, EditError> {
        let after = self.read(&edited).map_err(|_| EditError::Entangled)?;
        let data_after =
            data(&after, self.reader.config_map()).map_err(|_| EditError::Entangled)?;
        let is_rest_same =
            verify::is_rest_same((before, data_before), (&after, data_after), section);
        let list = |data: &Mapping| verify::entries(data, section, &self.reader.limits);
        let (rules, _) = self.reader.read_config_map(&edited);
        let is_done = || {
            let (before, after) = (list(data_before)?, list(data_after)?);
            Some(intent.is_done(section, &before, &after, &rules))
        };
        if is_rest_same && is_done() == Some(true) {
            Ok(edited)
        } else {
            Err(EditError::Entangled)
        }
    }
}

/// Finds the data of the ConfigMap, whose sections must not be duplicated. If an object has no
/// data, the object itself counts as the data.
fn data<'n>(nodes: &'n [Node], wanted: &ConfigMapName) -> Result<&'n Mapping, EditError> {
    let mut problems: Vec<Problem> = Vec::new();
    let mut sink = ProblemSink::new("", TextFrame::Here, &mut problems);
    let data = match document::find(nodes, wanted, &mut sink) {
        Search::Found(found) => found.data(),
        Search::Empty(object) => object,
        Search::Unknown => {
            let is_several = problems
                .iter()
                .any(|problem| problem.kind() == ProblemKind::SeveralConfigMaps);
            return Err(if is_several {
                EditError::Ambiguous
            } else {
                EditError::NotAConfigMap
            });
        }
    };
    let is_double = data.duplicates().iter().any(|key| {
        let mut sections = Section::ALL.into_iter();
        sections.any(|section| section.key() == key.text())
    });
    if is_double {
        return Err(EditError::Ambiguous);
    }
    Ok(data)
}
