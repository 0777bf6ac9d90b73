//! The dynamic file, which is read whole or not at all.

use bounded_yaml::{Kind, Mapping, Node, Scalar};

use super::entry::{EntryForm, arn_key};
use super::problem_sink::{ProblemSink, TextFrame};
use super::section::read_section;
use super::{Reader, Reading};
use crate::problem::{Location, Problem, ProblemKind};
use crate::rules::{Rules, Section};

impl Reader {
    /// Reads a dynamic file: a JSON object with the lists `mapRoles`, `mapUsers` and `mapAccounts`.
    /// Keys may be in any case. Other keys are ignored.
    ///
    /// An ARN is made canonical, so the ARN of a session stands for its role.
    ///
    /// # Errors
    ///
    /// The problems that keep the file from being read. As upstream
    /// (`pkg/mapper/dynamicfile/dynamicfile.go`, `CallBackForFileLoad`), it cannot be read if it is
    /// not one JSON object, if a value has the wrong type, or if an entry has no ARN. The program then
    /// keeps the rules of the last version; without a last version it uses
    /// [`Rules::unreadable_source`].
    pub fn read_dynamic_file(&self, text: &str) -> Result<(Rules, Vec<Problem>), Vec<Problem>> {
        self.read_json(EntryForm::DynamicFile, text)
    }

    /// Reads a dynamic file whose entries match by `userid`: upstream's
    /// `--dynamic-file-user-id-strict`.
    ///
    /// An entry with an ARN matches only the principal with both; the ARN may contain a role's path.
    ///
    /// # Errors
    ///
    /// As [`read_dynamic_file`](Self::read_dynamic_file), but every entry needs a `userid` instead of
    /// an ARN.
    pub fn read_dynamic_file_by_user_id(
        &self,
        text: &str,
    ) -> Result<(Rules, Vec<Problem>), Vec<Problem>> {
        self.read_json(EntryForm::DynamicFileByUserId, text)
    }

    fn read_json(
        &self,
        form: EntryForm,
        text: &str,
    ) -> Result<(Rules, Vec<Problem>), Vec<Problem>> {
        let mut reading = Reading::default();
        let mut sink = ProblemSink::new(text, TextFrame::Here, &mut reading.problems);
        let file = match bounded_yaml::json(text, &self.limits) {
            Ok(Node::Mapping(file)) => file,
            // As in Go's JSON reader, null changes nothing, so there are no rules.
            Ok(Node::Null) => return Ok(reading.finish()),
            Ok(Node::Scalar(_) | Node::Sequence(_)) => {
                sink.report(ProblemKind::NotJson, Location::FILE, Some(0));
                return Err(reading.problems);
            }
            Err(error) => {
                sink.report_json_error(&error);
                return Err(reading.problems);
            }
        };
        let check = TypeCheck { form, sink };
        if check.refuses(&file) {
            return Err(reading.problems);
        }
        let mut sink = ProblemSink::new(text, TextFrame::Here, &mut reading.problems);
        for section in Section::ALL {
            let mut values = file
                .entries()
                .iter()
                .filter(|(key, _)| is(key, section.key()));
            // As upstream, the last one.
            let Some((key, node)) = values.next_back() else {
                continue;
            };
            if values.next().is_some() {
                let at = Location::section_of(section);
                sink.report(ProblemKind::ReplacedSection, at, key.offset());
            }
            if !node.is_null() {
                let syntax = self.syntax(form);
                read_section(syntax, section, node, &mut reading.rules, &mut sink);
            }
        }
        Ok(reading.finish())
    }
}

/// Finds the reasons why upstream refuses a file: a value of a type that Go's JSON reader cannot
/// store in its field, or an entry without its key. Null is accepted for every type.
struct TypeCheck<'s> {
    form: EntryForm,
    sink: ProblemSink<'s>,
}

impl TypeCheck<'_> {
    /// Reports every problem. Returns whether there is one.
    fn refuses(mut self, file: &Mapping) -> bool {
        let mut is_refused = false;
        for (key, value) in file.entries() {
            let section = Section::ALL
                .into_iter()
                .find(|section| is(key, section.key()));
            if let Some(section) = section {
                is_refused |= self.refuses_section(section, value);
            } else if is(key, "LastUpdatedDateTime") || is(key, "Version") {
                is_refused |= self.refuses_text(value, Location::FILE, value.offset());
            }
        }
        is_refused
    }

    fn refuses_section(&mut self, section: Section, value: &Node) -> bool {
        let at = Location::section_of(section);
        let entries = match value {
            Node::Null => return false,
            Node::Sequence(entries) => entries,
            Node::Mapping(_) | Node::Scalar(_) => {
                return self.refuse(ProblemKind::SectionNotAList, at, value.offset());
            }
        };
        let mut is_refused = false;
        for (index, entry) in entries.iter().enumerate() {
            let at = at.entry(index);
            is_refused |= match section {
                Section::Accounts => self.refuses_text(entry, at, entry.offset()),
                _ => self.refuses_entry(section, entry, at),
            };
        }
        is_refused
    }

    fn refuses_entry(&mut self, section: Section, entry: &Node, at: Location) -> bool {
        let arn = arn_key(section);
        let (key, missing) = match self.form {
            EntryForm::DynamicFileByUserId => ("userid", ProblemKind::MissingUserId),
            _ => (arn, ProblemKind::MissingPrincipal),
        };
        let fields = match entry {
            Node::Null => &[],
            Node::Mapping(mapping) => mapping.entries(),
            Node::Scalar(_) | Node::Sequence(_) => {
                return self.refuse(ProblemKind::EntryNotAMapping, at, entry.offset());
            }
        };
        let mut is_refused = false;
        let mut has_key = false;
        for (name, value) in fields {
            let offset = value.offset().or_else(|| name.offset());
            for field in [arn, "username", "userid"] {
                if is(name, field) {
                    is_refused |= self.refuses_text(value, at.field_of(field), offset);
                }
            }
            if is(name, key) && !value.is_null() {
                has_key = value.as_text() != Some("");
            }
            if is(name, "groups") {
                is_refused |= self.refuses_groups(value, at.field_of("groups"), offset);
            }
            if section == Section::Roles && is(name, "sso") && !is_object(value) {
                is_refused |= self.refuse(ProblemKind::Sso, at.field_of("sso"), offset);
            }
        }
        if !is_refused && !has_key {
            return self.refuse(missing, at, entry.offset());
        }
        is_refused
    }

    fn refuses_groups(&mut self, value: &Node, at: Location, offset: Option<usize>) -> bool {
        match value {
            Node::Null => false,
            Node::Sequence(groups) if groups.iter().all(is_text) => false,
            Node::Sequence(_) => self.refuse(ProblemKind::GroupNotText, at, offset),
            Node::Mapping(_) | Node::Scalar(_) => {
                self.refuse(ProblemKind::GroupsNotAList, at, offset)
            }
        }
    }

    fn refuses_text(&mut self, value: &Node, at: Location, offset: Option<usize>) -> bool {
        !is_text(value) && self.refuse(ProblemKind::NotText, at, offset)
    }

    fn refuse(&mut self, kind: ProblemKind, at: Location, offset: Option<usize>) -> bool {
        self.sink.report(kind, at, offset);
        true
    }
}

/// Compares keys as Go's JSON reader does, which ignores case.
fn is(key: &Scalar, name: &str) -> bool {
    key.text().eq_ignore_ascii_case(name)
}

fn is_text(value: &Node) -> bool {
    match value {
        Node::Null => true,
        Node::Scalar(scalar) => scalar.kind() == Kind::String,
        Node::Mapping(_) | Node::Sequence(_) => false,
    }
}

fn is_object(value: &Node) -> bool {
    matches!(value, Node::Null | Node::Mapping(_))
}
