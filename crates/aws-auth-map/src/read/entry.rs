//! Reads one entry of a section.

mod fields;
mod form;
mod subject;

use std::collections::HashSet;

use bounded_yaml::{Mapping, Node};
use iam_principal::{ArnPattern, Kind, Principal};

use super::problem_sink::ProblemSink;
use super::typing::is_typed;
use crate::dialect::Dialect;
use crate::problem::{Location, ProblemKind};
use crate::rules::arn::fold;
use crate::rules::sso_role::SsoRole;
use crate::rules::template::{Spelling, Template};
use crate::rules::{Rule, Section};

use fields::{Fields, last, present, texts};
pub(crate) use form::{EntryForm, Syntax};

/// One entry, while it is read.
pub(crate) struct Entry<'e, 's> {
    syntax: Syntax,
    section: Section,
    at: Location,
    node: &'e Node,
    sink: &'e mut ProblemSink<'s>,
}

/// The principal that an entry names.
#[derive(Clone, Eq, Hash, PartialEq)]
enum Subject {
    Arn(String),
    PermissionSet(SsoRole),
    Pattern(ArnPattern),
    UserId(String),
    UserIdAndArn(String, String),
}

impl Subject {
    fn rule(self, username: Template, groups: Vec<Template>) -> Rule {
        match self {
            Self::Arn(arn) => Rule::exact(&arn, username, groups),
            Self::PermissionSet(role) => Rule::sso(&role, username, groups),
            Self::Pattern(pattern) => Rule::pattern(pattern, username, groups),
            Self::UserId(id) => Rule::user_id(&id, username, groups),
            Self::UserIdAndArn(id, arn) => Rule::user_id_and_arn(&id, &arn, username, groups),
        }
    }
}

impl<'e, 's> Entry<'e, 's> {
    pub(super) const fn new(
        syntax: Syntax,
        section: Section,
        at: Location,
        node: &'e Node,
        sink: &'e mut ProblemSink<'s>,
    ) -> Self {
        Self {
            syntax,
            section,
            at,
            node,
            sink,
        }
    }

    /// Reads the entry into a rule. If an entry names several principals by mistake, each of them
    /// becomes a rule that refuses. An entry without a principal becomes no rule.
    pub(super) fn read(mut self) -> Vec<Rule> {
        let mapping = match self.node {
            Node::Mapping(mapping) if !mapping.entries().is_empty() => mapping,
            Node::Mapping(_) | Node::Null => {
                self.report(ProblemKind::EmptyEntry, None, self.node);
                return Vec::new();
            }
            Node::Scalar(_) | Node::Sequence(_) => {
                self.report(ProblemKind::EntryNotAMapping, None, self.node);
                return Vec::new();
            }
        };
        let fields = self.fields(mapping);
        let username = self.username(&fields);
        let groups = self.groups(&fields);
        if let Some(node) = last(&fields.user_id).filter(|_| self.syntax.form.is_handwritten()) {
            self.report(ProblemKind::UserIdIgnored, Some("userid"), node);
        }
        let is_content_readable = username.is_some() && groups.is_some() && !fields.has_repeated();
        let (subjects, is_single) = self.subjects(&fields);
        let is_misplaced = self.has_key_of_another_section(mapping);
        if subjects.is_empty()
            && is_content_readable
            && !is_misplaced
            && self.names_nothing(&fields)
        {
            self.report(ProblemKind::MissingPrincipal, None, self.node);
        }
        let is_readable = is_content_readable && is_single;
        let username = username.unwrap_or_default();
        let groups = groups.unwrap_or_else(|| self.upstream_groups(&fields));
        subjects
            .into_iter()
            .map(|subject| {
                let rule = subject.rule(username.clone(), groups.clone());
                match self.syntax.form {
                    _ if is_readable => rule,
                    EntryForm::ClusterConfig | EntryForm::ConfigMap => {
                        rule.refusing_unlike_upstream()
                    }
                    _ => rule.refusing(),
                }
            })
            .collect()
    }

    /// Returns the principals that can be read, and whether the entry names only one.
    fn subjects(&mut self, fields: &Fields<'e>) -> (Vec<Subject>, bool) {
        if self.syntax.form == EntryForm::DynamicFileByUserId {
            let subjects = self.by_user_id(fields);
            let is_single = subjects.len() == 1;
            return (subjects, is_single);
        }
        let arns: Vec<&Node> = present(&fields.arn)
            .filter(|node| !is_empty(node))
            .collect();
        let sets: Vec<&Node> = present(&fields.sso).collect();
        let patterns: Vec<&Node> = if self.syntax.dialect.has_patterns() {
            present(&fields.pattern).collect()
        } else {
            Vec::new()
        };
        match (arns.as_slice(), sets.as_slice(), patterns.as_slice()) {
            ([_, ..], _, [node, ..]) | (_, [_, ..], [node, ..]) => {
                let key = self.like_key();
                self.report(ProblemKind::MorePrincipals, Some(key), node);
            }
            ([_, ..], [node, ..], []) => {
                self.report(ProblemKind::MorePrincipals, Some("sso"), node);
            }
            _ => {}
        }
        let mut is_single = arns
            .len()
            .saturating_add(sets.len())
            .saturating_add(patterns.len())
            == 1;
        let mut subjects: Vec<Subject> = Vec::new();
        for node in arns {
            subjects.extend(self.arn(node).map(Subject::Arn));
        }
        for node in sets {
            let (roles, is_unique) = self.sso(node);
            subjects.extend(roles.into_iter().map(Subject::PermissionSet));
            is_single &= is_unique;
        }
        for node in patterns {
            subjects.extend(self.pattern(node).map(Subject::Pattern));
        }
        let mut seen = HashSet::new();
        subjects.retain(|subject| seen.insert(subject.clone()));
        (subjects, is_single)
    }

    /// Whether no key names a principal, not even a key that this dialect does not read.
    fn names_nothing(&self, fields: &Fields<'e>) -> bool {
        self.syntax.form != EntryForm::DynamicFileByUserId
            && present(&fields.arn).all(is_empty)
            && present(&fields.sso).next().is_none()
            && present(&fields.pattern).next().is_none()
    }

    /// Whether the principal is under the key of another section, which is reported separately.
    fn has_key_of_another_section(&self, mapping: &Mapping) -> bool {
        mapping
            .entries()
            .iter()
            .any(|(key, value)| self.key_of_another_section(key.text(), value).is_some())
    }

    /// Returns the problem of an ARN key of another section: either the key or the section is wrong.
    fn key_of_another_section(&self, key: &str, value: &Node) -> Option<ProblemKind> {
        if self.syntax.form != EntryForm::ConfigMap {
            return None;
        }
        let section = [Section::Roles, Section::Users]
            .into_iter()
            .find(|of| *of != self.section && key.eq_ignore_ascii_case(arn_key(*of)))?;
        let arn = fold(value.as_text().unwrap_or_default());
        let kind = Principal::parse(&arn).map(|principal| principal.kind());
        let is_at_home = match self.section {
            Section::Users => kind == Ok(Kind::User),
            _ => kind == Ok(Kind::Role),
        };
        Some(if is_at_home {
            ProblemKind::ArnKey(self.arn_key())
        } else {
            ProblemKind::KeyOfSection(section)
        })
    }

    fn by_user_id(&mut self, fields: &Fields<'e>) -> Vec<Subject> {
        let ids: Vec<&str> = texts(&fields.user_id).map(|(_, text)| text).collect();
        if ids.is_empty() {
            self.report(ProblemKind::MissingUserId, None, self.node);
        }
        // As in upstream, an empty ARN counts as absent (pkg/mapper/dynamicfile/mapper.go, match).
        let arns: Vec<(&Node, &str)> = texts(&fields.arn).collect();
        for (node, arn) in &arns {
            // A rule whose ARN matches no caller is kept, because it still refuses its user id.
            let kind = match Principal::parse(&fold(arn)).map(|principal| principal.kind()) {
                Err(_) => ProblemKind::Arn,
                Ok(Kind::AssumedRole) => ProblemKind::SessionArn,
                Ok(_) => continue,
            };
            self.report(kind, Some(self.arn_key()), node);
        }
        ids.into_iter()
            .map(|id| match arns.as_slice() {
                [(_, arn)] => Subject::UserIdAndArn(id.to_owned(), (*arn).to_owned()),
                _ => Subject::UserId(id.to_owned()),
            })
            .collect()
    }

    fn report(&mut self, kind: ProblemKind, field: Option<&'static str>, node: &Node) {
        self.report_at(kind, field, node.offset());
    }

    fn report_at(&mut self, kind: ProblemKind, field: Option<&'static str>, offset: Option<usize>) {
        let at = field.map_or(self.at, |field| self.at.field_of(field));
        self.sink
            .report(kind, at, offset.or_else(|| self.node.offset()));
    }

    /// Returns the key of a pattern, which is an extension of ours.
    const fn like_key(&self) -> &'static str {
        match self.section {
            Section::Users => "userarnLike",
            _ => "rolearnLike",
        }
    }

    const fn arn_key(&self) -> &'static str {
        match self.syntax.form {
            EntryForm::ClusterConfig => "arn",
            _ => arn_key(self.section),
        }
    }

    // DIFFERENCE: upstream maps an entry whose username is missing or not text to an empty name.
    fn username(&mut self, fields: &Fields<'e>) -> Option<Template> {
        let field = Some("username");
        let Some(node) = last(&fields.username) else {
            self.report(ProblemKind::MissingUsername, field, self.node);
            return None;
        };
        match node.as_text() {
            None => self.report(ProblemKind::NotText, field, node),
            Some("") => self.report(ProblemKind::MissingUsername, field, node),
            Some(text) => return self.template(node, text, "username"),
        }
        None
    }

    // DIFFERENCE: upstream maps an entry whose groups are not a list of text without them.
    fn groups(&mut self, fields: &Fields<'e>) -> Option<Vec<Template>> {
        let field = Some("groups");
        let Some(node) = last(&fields.groups) else {
            return Some(Vec::new());
        };
        let Some(items) = node.as_sequence() else {
            self.report(ProblemKind::GroupsNotAList, field, node);
            return None;
        };
        let mut groups = Vec::with_capacity(items.len());
        for item in items {
            let Some(text) = item.as_text() else {
                let offset = item.offset().or_else(|| node.offset());
                let kind = match item {
                    Node::Mapping(_) => ProblemKind::GroupIsMapping,
                    _ => ProblemKind::GroupNotText,
                };
                self.report_at(kind, field, offset);
                return None;
            };
            groups.push(self.template(item, text, "groups")?);
        }
        Some(groups)
    }

    /// Parses a name, and reports it if other readers do not read it as text. `None` if the reader
    /// of the dialect does not read it as text.
    fn template(&mut self, node: &Node, text: &str, field: &'static str) -> Option<Template> {
        let is_typed = node.as_scalar().is_some_and(is_typed)
            && self.syntax.form.is_handwritten()
            && !self.sink.is_quoted(node.offset());
        match self.syntax.dialect {
            _ if !is_typed => {}
            // DIFFERENCE: upstream maps an entry with such a name to an empty name.
            Dialect::Eks | Dialect::Authenticator { .. } if self.syntax.form.is_of_config_map() => {
                self.report(ProblemKind::TypedText, Some(field), node);
                return None;
            }
            _ => self.report(ProblemKind::UnquotedText, Some(field), node),
        }
        let has_angles = Template::parse(text)
            .placeholders()
            .any(|(_, spelling)| spelling == Spelling::Angles);
        if has_angles && !self.syntax.dialect.has_angle_placeholders() {
            self.report(ProblemKind::AnglePlaceholder, Some(field), node);
        }
        Some(Template::parse_in(text, self.syntax.dialect))
    }

    /// Returns the groups that upstream reads: Go's JSON reader skips a value that is not a list, and
    /// leaves a group that is not text empty.
    fn upstream_groups(&self, fields: &Fields<'e>) -> Vec<Template> {
        let text = |item: &'e Node| {
            let scalar = item.as_scalar()?;
            let is_text = self.sink.is_quoted(item.offset()) || !is_typed(scalar);
            is_text.then(|| scalar.text())
        };
        last(&fields.groups)
            .and_then(Node::as_sequence)
            .unwrap_or_default()
            .iter()
            .map(|item| Template::parse_in(text(item).unwrap_or(""), Dialect::Eks))
            .collect()
    }
}

/// As in upstream, an empty ARN counts as absent (pkg/config/mapper.go, Validate).
fn is_empty(node: &Node) -> bool {
    node.as_text() == Some("")
}

/// Returns the key of an entry's ARN.
pub(crate) const fn arn_key(section: Section) -> &'static str {
    match section {
        Section::Roles => "rolearn",
        Section::Users | Section::Accounts => "userarn",
        Section::Objects => "arn",
        Section::Entries => "principalArn",
    }
}
