//! Changes of the ConfigMap. Each change is judged before it is made.

use std::collections::{BTreeMap, HashSet};

use aws_auth_map::{
    Dialect, EditError, Editor, ProblemKind, Reader, Rule, RulePrincipal, RuleRef, Rules, Section,
    Template,
};
use iam_principal::{AccountId, ArnPattern, Kind, Principal};
use k8s_rbac::Objects;
use printable_text::Printable;
use thiserror::Error;

use crate::cluster::Cluster;
use crate::document::Document;
use crate::finding::Finding;
use crate::no_answer::NoAnswer;
use crate::options::Options;
use crate::problem::{Cause, Problem};

/// A change of one entry of the ConfigMap, or of the entries that never take effect.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Edit {
    /// Adds an entry at the end of its section, or an account.
    Add(NewEntry),
    /// Replaces the entry for an ARN.
    Replace(NewEntry),
    /// Removes the entry for an ARN, a pattern or an account.
    Remove(String),
    /// Removes every entry of a role or user that another entry for the same principal replaces.
    Dedupe,
}

/// An entry to write.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "the fields of an entry")]
pub struct NewEntry {
    /// The ARN of the role or user, or the twelve digits of an account.
    pub arn: String,
    /// The username, with placeholders such as `{{SessionName}}`. An account has none.
    pub username: String,
    /// The groups.
    pub groups: Vec<String>,
}

/// A changed ConfigMap, and the effect of the change.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Edited {
    /// The whole text of the document with the ConfigMap. Only the lines of the entry are changed.
    pub text: String,
    /// The index of the document in [`Cluster::documents`].
    pub document: usize,
    /// Lockouts, and problems for which the new entry, or a caller, cannot be read. A program prints these
    /// instead of the text unless the user forces it.
    pub harm: Vec<Finding>,
    /// Other findings that the change causes.
    pub warnings: Vec<Finding>,
    /// The changes as sentences; empty if there are none.
    pub changed: Vec<String>,
}

/// Why a ConfigMap is not changed.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum EditRefused {
    /// No document has the ConfigMap.
    #[error("no document has the aws-auth ConfigMap")]
    NoConfigMap,
    /// The text cannot be edited.
    #[error("{name}: {error}", name = Printable::new(.document))]
    Text {
        /// The name of the document.
        document: String,
        /// The reason.
        error: EditError,
    },
    /// An entry without a username.
    #[error("an entry needs a username")]
    NoUsername,
    /// Not the ARN of a principal.
    #[error("{}: {_1}", Printable::new(.0))]
    Arn(String, iam_principal::Error),
    /// Not a pattern of ARNs.
    #[error("{}: {_1}", Printable::new(.0))]
    Pattern(String, String),
    /// A pattern, for an authenticator that reads it literally.
    #[error("{}: `*` and `?` are literal in the ConfigMap of a cluster; add each ARN", Printable::new(.0))]
    LiteralPattern(String),
    /// The ARN of a session.
    #[error("{}: write the ARN of the role", Printable::new(.0))]
    Session(String),
    /// No entry is for this ARN.
    #[error("{}: no entry is for it", Printable::new(.0))]
    NotFound(String),
    /// Several entries are for this ARN.
    #[error(
        "{}: {_1} and {_2} are both for it; remove one by hand, or use `edit dedupe`, which keeps the one \
         that takes effect",
        Printable::new(.0)
    )]
    Several(String, RuleRef, RuleRef),
    /// The effect of the change cannot be judged.
    #[error("{0}")]
    NoAnswer(#[from] NoAnswer),
}

impl Cluster {
    /// Changes the ConfigMap, and judges the change by comparing the cluster before and after. Pass the
    /// options with which the cluster was read.
    ///
    /// # Errors
    ///
    /// In this order: [`EditRefused::NoConfigMap`], the errors of the entry, [`EditRefused::Text`],
    /// [`EditRefused::NoAnswer`] if the cluster before the change cannot be compared.
    pub fn edit(&self, edit: &Edit, options: &Options) -> Result<Edited, EditRefused> {
        let (index, document) = self.config_map()?;
        let text = document.text();
        let (reader, editor) = self.tools(options);
        let (rules, _) = reader.read_config_map(text);
        let refused = |error| EditRefused::Text {
            document: document.name().to_owned(),
            error,
        };
        let edited = match edit {
            Edit::Add(entry) => match AccountId::parse(&entry.arn) {
                Ok(account) => editor.add_account(text, account).map_err(refused)?,
                Err(_) => {
                    let (section, rule) = self.rule(entry)?;
                    editor.add(text, section, &rule).map_err(refused)?
                }
            },
            Edit::Replace(entry) => {
                let (_, rule) = self.rule(entry)?;
                let at = find(&rules, &entry.arn)?;
                editor.replace(text, at, &rule).map_err(refused)?
            }
            Edit::Remove(arn) => {
                let at = find(&rules, arn)?;
                editor.remove(text, at).map_err(refused)?
            }
            Edit::Dedupe => editor.dedupe(text).map_err(refused)?,
        };
        self.judged(index, edited, Vec::new(), options)
    }

    /// Applies the mechanical fixes to the ConfigMap: entries that another entry for the same principal
    /// replaces are removed, the path is removed from a role's ARN, and spaces around usernames and groups are
    /// removed.
    ///
    /// # Errors
    ///
    /// As [`edit`](Self::edit).
    pub fn fix(&self, options: &Options) -> Result<Edited, EditRefused> {
        let (index, document) = self.config_map()?;
        let (reader, editor) = self.tools(options);
        let refused = |error| EditRefused::Text {
            document: document.name().to_owned(),
            error,
        };
        let mut text = document.text().to_owned();
        let mut changed = Vec::new();
        let (rules, problems) = reader.read_config_map(&text);
        // An entry may have several problems, so each is mended in the result of the earlier ones.
        let mut entries: BTreeMap<RuleRef, Rule> = BTreeMap::new();
        for problem in problems {
            let at = problem.at();
            let (Some(section), Some(entry)) = (at.section(), at.index()) else {
                continue;
            };
            let at = RuleRef::new(section, entry);
            let written = rules.rule(at).filter(|rule| !rule.is_refusing());
            let mended = entries
                .get(&at)
                .or(written)
                .and_then(|rule| mended(rule, problem.kind()));
            if let Some(rule) = mended {
                text = editor.replace(&text, at, &rule).map_err(refused)?;
                changed.push(format!("{at}: {}", problem.code()));
                entries.insert(at, rule);
            }
        }
        let deduped = editor.dedupe(&text).map_err(refused)?;
        if deduped != text {
            changed.push("duplicate-rule".to_owned());
            text = deduped;
        }
        self.judged(index, text, changed, options)
    }

    fn config_map(&self) -> Result<(usize, &Document), EditRefused> {
        let index = self.config_map_document().ok_or(EditRefused::NoConfigMap)?;
        let document = self.documents().get(index);
        Ok((index, document.ok_or(EditRefused::NoConfigMap)?))
    }

    fn tools(&self, options: &Options) -> (Reader, Editor) {
        let reader = options.reader().with_dialect(self.dialect().value());
        // Our extensions are text that can be edited in any dialect.
        let editor = Editor::new().with_reader(reader.clone().with_dialect(Dialect::Ours));
        (reader, editor)
    }

    /// Judges a new text of the ConfigMap.
    fn judged(
        &self,
        index: usize,
        text: String,
        changed: Vec<String>,
        options: &Options,
    ) -> Result<Edited, EditRefused> {
        let documents =
            self.documents()
                .iter()
                .enumerate()
                .map(|(at, document)| match at == index {
                    true => Document::new(document.name(), text.as_str()),
                    false => document.clone(),
                });
        let new = Self::from_documents(documents, options);
        let mut harm = self.diff(&new, None)?.lockouts().to_vec();
        let mut warnings = Vec::new();
        let before = self.check(&Objects::default())?.findings;
        let before: HashSet<(String, String)> = before.iter().map(lasting).collect();
        for finding in new.check(&Objects::default())?.findings {
            // The edit does not cause a finding that was there before.
            if !before.contains(&lasting(&finding)) {
                match new.is_error(&finding) {
                    true => harm.push(finding),
                    false => warnings.push(finding),
                }
            }
        }
        Ok(Edited {
            text,
            document: index,
            harm,
            warnings,
            changed,
        })
    }

    /// Returns whether a finding is a problem of the mapping for which an entry is not read.
    fn is_error(&self, finding: &Finding) -> bool {
        let is_it = |problem: &Problem| {
            Some(problem.place()) == finding.place.as_ref()
                && problem.code() == finding.code
                && matches!(
                    problem.cause(),
                    Cause::Mapping(one) if one.severity() == aws_auth_map::Severity::Error
                )
        };
        self.problems().iter().any(is_it)
    }

    /// Builds the rule of an entry, and chooses its section.
    fn rule(&self, entry: &NewEntry) -> Result<(Section, Rule), EditRefused> {
        if entry.username.is_empty() {
            return Err(EditRefused::NoUsername);
        }
        let username = Template::parse(&entry.username);
        let groups = entry.groups.iter().map(|group| Template::parse(group));
        let groups = groups.collect();
        let arn = &entry.arn;
        if arn.contains(['*', '?']) {
            if !self.dialect().value().has_patterns() {
                return Err(EditRefused::LiteralPattern(arn.clone()));
            }
            let pattern = ArnPattern::parse(arn)
                .map_err(|why| EditRefused::Pattern(arn.clone(), why.to_string()))?;
            return Ok((Section::Roles, Rule::pattern(pattern, username, groups)));
        }
        let principal = Principal::parse(arn).map_err(|why| EditRefused::Arn(arn.clone(), why))?;
        let section = match principal.kind() {
            Kind::Role => Section::Roles,
            Kind::FederatedUser | Kind::Root | Kind::User => Section::Users,
            Kind::AssumedRole => return Err(EditRefused::Session(arn.clone())),
        };
        Ok((section, Rule::exact(arn, username, groups)))
    }
}

/// Returns what stays the same of a finding if lines and indexes change. An entry whose principal cannot be read is
/// named by its index.
fn lasting(finding: &Finding) -> (String, String) {
    let is_index = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let object = finding.object.as_str();
    let section = object
        .strip_suffix(']')
        .and_then(|rest| rest.rsplit_once('['))
        .filter(|(_, index)| is_index(index));
    let object = section.map_or(object, |(section, _)| section);
    (finding.code.to_string(), object.to_owned())
}

/// Returns a rule without a mechanical problem. `None` if the problem is of another kind.
fn mended(rule: &Rule, kind: ProblemKind) -> Option<Rule> {
    let RulePrincipal::Arn(arn) = rule.principal() else {
        return None;
    };
    let (username, groups) = (rule.username().clone(), rule.groups().to_vec());
    match kind {
        ProblemKind::RolePath => {
            let principal = Principal::parse(arn).ok()?;
            Some(Rule::exact(&principal.without_path(), username, groups))
        }
        ProblemKind::NameWithSpaces => {
            let trimmed = |name: &Template| Template::parse(name.source().trim());
            let groups = groups.iter().map(trimmed).collect();
            Some(Rule::exact(arn, trimmed(&username), groups))
        }
        _ => None,
    }
}

/// Finds the single entry for an ARN, a pattern or an account.
fn find(rules: &Rules, arn: &str) -> Result<RuleRef, EditRefused> {
    let matched = |(at, rule): (RuleRef, &Rule)| {
        let is = match rule.principal() {
            RulePrincipal::Arn(written) => written.eq_ignore_ascii_case(arn),
            RulePrincipal::Pattern(pattern) => pattern.as_str() == arn,
            _ => false,
        };
        is.then_some(at)
    };
    let accounts = rules
        .accounts()
        .filter(|(_, id)| id.to_string() == arn)
        .map(|(at, _)| at);
    let mut found = rules.iter().filter_map(matched).chain(accounts);
    match (found.next(), found.next()) {
        (Some(at), None) => Ok(at),
        (None, _) => Err(EditRefused::NotFound(arn.to_owned())),
        (Some(one), Some(other)) => Err(EditRefused::Several(arn.to_owned(), one, other)),
    }
}
