//! Reads rules from text.

mod access_entry;
mod advice;
pub(crate) mod config_map_name;
mod diagnose_arn;
pub(crate) mod document;
mod dynamic_file;
mod eksctl;
pub(crate) mod entry;
mod identity_mapping;
mod name_advice;
mod pattern;
mod policy_table;
pub(crate) mod problem_sink;
mod recognize;
mod section;
mod server_config;
mod slip;
mod suggest_key;
mod typing;
mod unfilled;

use bounded_yaml::{Limits, Node};

pub use self::access_entry::ReadEntries;
pub use self::config_map_name::{ConfigMapName, ConfigMapNameError};
use self::document::{Search, Source};
pub use self::eksctl::ClusterConfig;
use self::entry::{EntryForm, Syntax};
pub use self::policy_table::{PolicyTable, PolicyTableError};
use self::problem_sink::{ProblemSink, TextFrame};
pub use self::recognize::FileKind;
use self::section::read_section;
pub use self::server_config::{ReservedPrefixes, ServerConfig};
use crate::dialect::Dialect;
use crate::problem::{Location, Problem, ProblemKind};
use crate::resolve::IdentityMap;
use crate::resolve::backend::{Backend, BackendKind};
use crate::rules::{Place, Rules, Section};

/// The maximum size of a text in bytes by default: 1 MiB, the maximum size of a ConfigMap.
pub const DEFAULT_MAX_BYTES: usize = bounded_yaml::DEFAULT_MAX_BYTES;

/// Reads the ConfigMap `aws-auth` with the default settings; see [`Reader::read_config_map`].
#[must_use]
pub fn read_config_map(text: &str) -> (Rules, Vec<Problem>) {
    Reader::new().read_config_map(text)
}

impl IdentityMap {
    /// Reads the ConfigMap `aws-auth` and builds a map with it as the only backend. See
    /// [`Reader::read_config_map`](crate::Reader::read_config_map) for the accepted texts.
    ///
    /// ```
    /// use aws_auth_map::IdentityMap;
    /// use iam_principal::Identity;
    ///
    /// let text = "mapRoles: [{rolearn: 'arn:aws:iam::111122223333:role/dev', username: dev}]";
    /// let (map, problems) = IdentityMap::from_config_map(text);
    /// assert!(problems.is_empty());
    ///
    /// let arn = "arn:aws:sts::111122223333:assumed-role/dev/alice";
    /// let caller = Identity::new(arn, "111122223333", "AROAEXAMPLE:alice")?;
    /// assert_eq!(map.resolve(&caller).user().map(|user| user.username()), Some("dev"));
    /// # Ok::<(), iam_principal::Error>(())
    /// ```
    #[must_use]
    pub fn from_config_map(text: &str) -> (Self, Vec<Problem>) {
        let (rules, problems) = read_config_map(text);
        let backend = Backend::new(BackendKind::EksConfigMap, rules);
        (Self::new().with_backend(backend), problems)
    }
}

/// Reads rules from text.
///
/// # What cannot be read
///
/// If input cannot be read, callers are refused. They never get more than they would if it could be
/// read:
///
/// - If only the principal of an entry can be read (duplicate keys, a missing username, groups that
///   are not a list …), the entry becomes a rule that [refuses](crate::Rule::is_refusing).
/// - An entry whose principal cannot be read is left out.
/// - If a section cannot be read, every caller that no earlier section matches is refused; if the
///   whole text cannot be read, every caller is refused. See [`Rules::unreadable`].
///
/// Each of these is a [`Problem`] with the severity error.
#[derive(Clone, Debug)]
pub struct Reader {
    pub(crate) limits: Limits,
    dialect: Dialect,
    config_map: ConfigMapName,
}

impl Reader {
    /// Builds a reader with the limits of a ConfigMap, for the dialect [`Dialect::Ours`].
    #[must_use]
    pub fn new() -> Self {
        Self {
            limits: Limits::new().with_every_offset(),
            dialect: Dialect::Ours,
            config_map: ConfigMapName::default(),
        }
    }

    /// Sets the maximum size of a text in bytes.
    #[must_use]
    pub fn with_max_bytes(self, max_bytes: usize) -> Self {
        Self {
            limits: self.limits.with_max_bytes(max_bytes),
            ..self
        }
    }

    /// Sets the authenticator that the rules are for. The default is [`Dialect::Ours`].
    #[must_use]
    pub fn with_dialect(self, dialect: Dialect) -> Self {
        Self { dialect, ..self }
    }

    /// Sets the name of the ConfigMap to read. The default is `kube-system/aws-auth`.
    #[must_use]
    pub fn with_config_map(self, config_map: ConfigMapName) -> Self {
        Self { config_map, ..self }
    }

    /// Returns the authenticator that the rules are for.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Returns the name of the ConfigMap to read.
    #[must_use]
    pub const fn config_map(&self) -> &ConfigMapName {
        &self.config_map
    }

    const fn syntax(&self, form: EntryForm) -> Syntax {
        Syntax {
            form,
            dialect: self.dialect,
        }
    }

    /// Reads the ConfigMap as `kubectl get cm aws-auth -n kube-system -o yaml` or `-o json` prints
    /// it: alone, in a `List`, or among other documents; or its bare data. In bare data, a section
    /// may be the list itself instead of its text.
    ///
    /// # Which ConfigMap is read
    ///
    /// 1. The ConfigMap with the [name](Self::with_config_map) that was set.
    /// 2. Otherwise the only ConfigMap in the text, if it has no name, or has the right name and no
    ///    namespace (a warning), or is bare data.
    /// 3. Otherwise none: the text cannot be read. Two candidates cannot be read either.
    ///
    /// # Positions
    ///
    /// Every problem has its position in the whole text: the position of a problem in `mapRoles: |`
    /// counts the lines before it.
    #[must_use]
    pub fn read_config_map(&self, text: &str) -> (Rules, Vec<Problem>) {
        let mut reading = Reading::default();
        let mut sink = ProblemSink::new(text, TextFrame::Here, &mut reading.problems);
        match document::read(text, &self.limits, &mut sink) {
            Some(nodes) => self.read_config_map_nodes(text, &nodes),
            None => reading.unreadable(),
        }
    }

    /// Reads the ConfigMap as [`read_config_map`](Self::read_config_map) does, from a text that is parsed
    /// already. The offsets of the nodes are offsets in the text.
    #[must_use]
    pub fn read_config_map_nodes(&self, text: &str, nodes: &[Node]) -> (Rules, Vec<Problem>) {
        let mut reading = Reading::default();
        let mut sink = ProblemSink::new(text, TextFrame::Here, &mut reading.problems);
        let found = match document::find(nodes, &self.config_map, &mut sink) {
            Search::Found(found) => found,
            Search::Empty(_) => return reading.finish(),
            Search::Unknown => {
                if let Some(kind) = slip::other_output(text) {
                    reading.problems.clear();
                    reading.problems.push(Problem::new(kind, Location::FILE));
                }
                return reading.unreadable();
            }
        };
        let data = found.data();
        let lost = document::check_keys(data, &mut sink);
        for (section, offset) in &lost {
            let place = sink.locate(*offset);
            reading.rules.mark_unreadable(Some(*section), place);
        }
        let is_lost = |section| lost.iter().any(|(of, _)| *of == section);
        for section in Section::ALL
            .into_iter()
            .filter(|section| !is_lost(*section))
        {
            match document::section(data, section, text) {
                None => {}
                Some(Source::List(node)) => {
                    let mut sink = ProblemSink::new(text, TextFrame::Here, &mut reading.problems);
                    if found.is_object() {
                        let at = Location::section_of(section);
                        sink.report(ProblemKind::SectionNotText, at, node.offset());
                    }
                    let syntax = self.syntax(EntryForm::ConfigMap);
                    read_section(syntax, section, node, &mut reading.rules, &mut sink);
                }
                Some(Source::Text(inner, frame)) => {
                    self.read_text(section, inner, frame, &mut reading)
                }
            }
        }
        reading.finish()
    }

    /// Reads the `data` of the ConfigMap key by key, as a Kubernetes client holds it. Lines are
    /// counted in each value.
    #[must_use]
    pub fn read_data<'d>(
        &self,
        data: impl IntoIterator<Item = (&'d str, &'d str)>,
    ) -> (Rules, Vec<Problem>) {
        let mut reading = Reading::default();
        let data: Vec<(&str, &str)> = data.into_iter().collect();
        let section = |section: Section| data.iter().find(|(key, _)| *key == section.key());
        for (key, _) in &data {
            if let Some(meant) = document::misspelled(key) {
                let kind = ProblemKind::MisspelledSection(meant);
                let at = Location::section_of(meant);
                reading.problems.push(Problem::new(kind, at));
                if section(meant).is_none() {
                    let place = Place::default();
                    reading.rules.mark_unreadable(Some(meant), place);
                }
            }
        }
        for key in Section::ALL {
            if let Some((_, text)) = section(key) {
                self.read_text(key, text, TextFrame::Here, &mut reading);
            }
        }
        reading.finish()
    }

    fn read_text(&self, section: Section, text: &str, frame: TextFrame, reading: &mut Reading) {
        // As in upstream, because operators leave a section empty in these ways
        // (pkg/mapper/configmap, issues 618, 621, 623); two backticks are not YAML.
        if matches!(text.trim(), "" | "''" | "\"\"" | "``") {
            return;
        }
        let Reading { rules, problems } = reading;
        let mut sink = ProblemSink::new(text, frame, problems);
        let at = Location::section_of(section);
        let mut documents = bounded_yaml::documents(text, &self.limits);
        match documents.next() {
            None | Some(Ok(Node::Null)) => {}
            Some(Ok(Node::Scalar(scalar))) if scalar.text().is_empty() => {}
            Some(Ok(node)) => {
                let syntax = self.syntax(EntryForm::ConfigMap);
                read_section(syntax, section, &node, rules, &mut sink);
                match documents.next() {
                    None => {}
                    // As upstream, which reads the first document only.
                    Some(Ok(second)) => {
                        sink.report(ProblemKind::MoreDocuments, at, second.offset());
                    }
                    Some(Err(error)) => {
                        sink.report_error(&error, at);
                    }
                }
            }
            Some(Err(error)) => {
                let place = sink.report_error(&error, at);
                rules.mark_unreadable(Some(section), place);
            }
        }
    }
}

impl Default for Reader {
    fn default() -> Self {
        Self::new()
    }
}

#[derive(Default)]
struct Reading {
    rules: Rules,
    problems: Vec<Problem>,
}

impl Reading {
    fn finish(self) -> (Rules, Vec<Problem>) {
        (self.rules, self.problems)
    }

    /// Returns rules that refuse every caller, because the text cannot be read.
    fn unreadable(mut self) -> (Rules, Vec<Problem>) {
        let place = self.problems.iter().map(Problem::place).next();
        self.rules.mark_unreadable(None, place.unwrap_or_default());
        self.finish()
    }
}
