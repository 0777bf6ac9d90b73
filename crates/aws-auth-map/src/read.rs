//! The ConfigMap, as it is printed, and its data.

mod access_entry;
mod advice;
mod diagnose_arn;
pub(crate) mod document;
mod dynamic_file;
pub(crate) mod entry;
mod identity_mapping;
mod pattern;
mod policy_table;
pub(crate) mod problem_sink;
mod server_config;
mod suggest_key;
mod typing;

use bounded_yaml::{Limits, Node};

use self::document::Source;
use self::entry::EntryForm;
pub use self::policy_table::{PolicyTable, PolicyTableError};
use self::problem_sink::{ProblemSink, TextFrame};
pub use self::server_config::{ReservedPrefixes, ServerConfig};
use crate::dialect::Dialect;
use crate::problem::{Location, Problem, ProblemKind};
use crate::resolve::IdentityMap;
use crate::resolve::backend::{Backend, BackendKind};
use crate::rules::{Rules, Section};

/// How many bytes a text may have unless told otherwise: 1 MiB, what a ConfigMap can hold.
pub const DEFAULT_MAX_BYTES: usize = bounded_yaml::DEFAULT_MAX_BYTES;

/// Reads the ConfigMap `aws-auth` with the ordinary limits; see [`Reader::read_config_map`].
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

/// Reads rules, and keeps the good ones when some are not.
#[derive(Clone, Copy, Debug)]
pub struct Reader {
    pub(crate) limits: Limits,
    dialect: Dialect,
}

impl Reader {
    /// Makes a reader with the limits of a ConfigMap.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            limits: Limits::new().with_every_offset(),
            dialect: Dialect::Ours,
        }
    }

    /// Sets how many bytes a text may have.
    #[must_use]
    pub const fn with_max_bytes(self, max_bytes: usize) -> Self {
        Self {
            limits: self.limits.with_max_bytes(max_bytes),
            ..self
        }
    }

    /// Sets the authenticator that the rules are for. The default is [`Dialect::Ours`].
    #[must_use]
    pub const fn with_dialect(self, dialect: Dialect) -> Self {
        Self { dialect, ..self }
    }

    /// Returns the authenticator that the rules are for.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Reads the ConfigMap as `kubectl get cm aws-auth -n kube-system -o yaml` or `-o json` prints
    /// it, alone, in a `List`, or among other documents; or its bare data, where a section may be
    /// the list itself instead of its text.
    ///
    /// Every problem has its place in the whole text: that of an entry inside `mapRoles: |` counts
    /// the lines before it. An error says that something was left out, a warning that something was
    /// kept and probably does not do what was meant.
    #[must_use]
    pub fn read_config_map(&self, text: &str) -> (Rules, Vec<Problem>) {
        let mut reading = Reading::default();
        let mut sink = ProblemSink::new(text, TextFrame::Here, &mut reading.problems);
        let Some(nodes) = document::read(text, &self.limits, &mut sink) else {
            return reading.finish();
        };
        let Some(found) = document::find(&nodes, &mut sink) else {
            return reading.finish();
        };
        let data = found.data();
        document::check_keys(data, &mut sink);
        for section in Section::ALL {
            match document::section(data, section, text) {
                None => {}
                Some(Source::List(node)) => {
                    let mut sink = ProblemSink::new(text, TextFrame::Here, &mut reading.problems);
                    if found.is_object() {
                        let at = Location::section_of(section);
                        sink.report(ProblemKind::SectionNotText, at, node.offset());
                    }
                    entry::read_section(
                        EntryForm::ConfigMap,
                        section,
                        node,
                        &mut reading.rules,
                        &mut sink,
                    );
                }
                Some(Source::Text(inner, frame)) => {
                    self.read_text(section, inner, frame, &mut reading)
                }
            }
        }
        reading.finish()
    }

    /// Reads the `data` of the ConfigMap, key by key, as a Kubernetes client holds it. Lines are
    /// counted in each value.
    #[must_use]
    pub fn read_data<'d>(
        &self,
        data: impl IntoIterator<Item = (&'d str, &'d str)>,
    ) -> (Rules, Vec<Problem>) {
        let mut reading = Reading::default();
        let data: Vec<(&str, &str)> = data.into_iter().collect();
        for (key, _) in &data {
            if let Some(meant) = document::misspelled(key) {
                let kind = ProblemKind::MisspelledSection(meant);
                let at = Location::section_of(meant);
                reading.problems.push(Problem::new(kind, at));
            }
        }
        for section in Section::ALL {
            if let Some((_, text)) = data.iter().find(|(key, _)| *key == section.key()) {
                self.read_text(section, text, TextFrame::Here, &mut reading);
            }
        }
        reading.finish()
    }

    fn read_text(&self, section: Section, text: &str, frame: TextFrame, reading: &mut Reading) {
        // As upstream, where people leave a section empty in these ways (pkg/mapper/configmap,
        // issues 618, 621, 623); `` is no YAML.
        if matches!(text.trim(), "" | "''" | "\"\"" | "``") {
            return;
        }
        let Reading { rules, problems } = reading;
        let mut sink = ProblemSink::new(text, frame, problems);
        let mut documents = bounded_yaml::documents(text, &self.limits);
        match documents.next() {
            None => {}
            Some(Ok(Node::Scalar(scalar))) if scalar.text().is_empty() => {}
            Some(Ok(node)) => {
                entry::read_section(EntryForm::ConfigMap, section, &node, rules, &mut sink);
                match documents.next() {
                    None => {}
                    Some(Ok(second)) => sink.report(
                        ProblemKind::MoreDocuments,
                        Location::section_of(section),
                        second.offset(),
                    ),
                    Some(Err(error)) => sink.report_error(&error, Location::section_of(section)),
                }
            }
            Some(Err(error)) => sink.report_error(&error, Location::section_of(section)),
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
}
