//! The entries of a section.

use bounded_yaml::{Mapping, Node, Scalar};
use iam_principal::{AccountId, ArnPattern, Kind, Partition, Principal};

use super::advice::advise;
use super::pattern::{Reach, reach};
use super::place::Sink;
use crate::matching::{SsoRole, fold};
use crate::problem::{Location, ProblemKind};
use crate::rules::{Overlap, Rule, Rules, Section};
use crate::template::Template;

/// Whose rules are read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Dialect {
    /// An ARN is taken as it stands.
    ConfigMap,
    /// An ARN is made canonical, and there is no `sso` (pkg/mapper/dynamicfile/dynamicfile.go,
    /// saveMap).
    DynamicFile,
    /// The user id is what counts, and an ARN has to fit it.
    DynamicFileByUserId,
    /// An ARN is made canonical, so that that of a session is its role's: upstream does so when it
    /// reads its configuration (cmd/aws-iam-authenticator/root.go, getConfig).
    MountedFile,
    /// An `IAMIdentityMapping`, whose ARN is made canonical.
    Object,
}

/// Adds the good entries of a section to the rules, and reports the others.
pub(super) fn read_section(
    dialect: Dialect,
    section: Section,
    node: &Node,
    rules: &mut Rules,
    sink: &mut Sink<'_>,
) {
    let at = Location::section_of(section);
    let Some(entries) = node.as_sequence() else {
        sink.report(ProblemKind::SectionNotAList, at, node.offset());
        return;
    };
    for (index, node) in entries.iter().enumerate() {
        match section {
            Section::Accounts => {
                let at = at.entry(index);
                let overlap =
                    read_account(node, at, sink).and_then(|id| rules.insert_account(index, id));
                report_overlap(overlap, at, node, sink);
            }
            _ => read_rule(dialect, section, index, node, rules, sink),
        }
    }
}

/// Adds an entry to the rules, or reports why not.
pub(super) fn read_rule(
    dialect: Dialect,
    section: Section,
    index: usize,
    node: &Node,
    rules: &mut Rules,
    sink: &mut Sink<'_>,
) {
    let at = Location::section_of(section).entry(index);
    let entry = Entry {
        dialect,
        section,
        at,
        node,
        sink: &mut *sink,
    };
    if let Some(rule) = entry.read() {
        advise(&rule, at, node, sink);
        report_overlap(rules.insert(section, index, rule), at, node, sink);
    }
}

/// Reports that two rules are for the same principal.
pub(super) fn report_overlap(
    overlap: Option<Overlap>,
    at: Location,
    node: &Node,
    sink: &mut Sink<'_>,
) {
    let kind = match overlap {
        None => return,
        Some(Overlap::Replaces(earlier)) => ProblemKind::DuplicateRule(earlier),
        Some(Overlap::ShadowedBy(earlier)) => ProblemKind::Shadowed(earlier),
    };
    sink.report(kind, at, node.offset());
}

fn read_account(node: &Node, at: Location, sink: &mut Sink<'_>) -> Option<AccountId> {
    let id = node.as_text().and_then(|text| AccountId::parse(text).ok());
    if id.is_none() {
        sink.report(ProblemKind::AccountId, at, node.offset());
    }
    id
}

struct Entry<'e, 's> {
    dialect: Dialect,
    section: Section,
    at: Location,
    node: &'e Node,
    sink: &'e mut Sink<'s>,
}

/// What an entry's keys stand for. As upstream's JSON reader, their case does not matter.
#[derive(Default)]
struct Fields<'n> {
    arn: Option<&'n Node>,
    username: Option<&'n Node>,
    groups: Option<&'n Node>,
    sso: Option<&'n Node>,
    pattern: Option<&'n Node>,
    user_id: Option<&'n Node>,
}

impl<'e> Entry<'e, '_> {
    fn read(mut self) -> Option<Rule> {
        let Some(mapping) = self.node.as_mapping() else {
            return self.refuse(ProblemKind::EntryNotAMapping, None, self.node.offset());
        };
        let fields = self.fields(mapping)?;
        let username = self.username(&fields)?;
        let groups = self.groups(&fields)?;
        if self.dialect == Dialect::DynamicFileByUserId {
            return self.by_user_id(&fields, username, groups);
        }
        let (arn, sso) = (present(fields.arn), present(fields.sso));
        match (arn, sso, present(fields.pattern)) {
            (Some(arn), _, None) => Some(Rule::exact(&self.arn(arn)?, username, groups)),
            (None, Some(sso), None) => Some(Rule::sso(&self.sso(sso)?, username, groups)),
            (None, None, Some(node)) => Some(Rule::pattern(self.pattern(node)?, username, groups)),
            (None, None, None) => {
                self.refuse(ProblemKind::MissingPrincipal, None, self.node.offset())
            }
            (_, _, Some(node)) => {
                let offset = node.offset();
                self.refuse(ProblemKind::MorePrincipals, Some(self.like_key()), offset)
            }
        }
    }

    // As upstream, an empty ARN is none (pkg/mapper/dynamicfile/mapper.go, match).
    fn by_user_id(
        &mut self,
        fields: &Fields<'_>,
        username: Template,
        groups: Vec<Template>,
    ) -> Option<Rule> {
        let user_id = present(fields.user_id).and_then(Node::as_text);
        let Some(user_id) = user_id.filter(|id| !id.is_empty()) else {
            return self.refuse(ProblemKind::MissingUserId, None, self.node.offset());
        };
        let arn = present(fields.arn).and_then(|node| Some((node, node.as_text()?)));
        let Some((node, arn)) = arn.filter(|(_, arn)| !arn.is_empty()) else {
            return Some(Rule::user_id(user_id, username, groups));
        };
        // A rule whose ARN fits nobody is kept, for it keeps its user id out.
        let kind = match Principal::parse(&fold(arn)).map(|principal| principal.kind()) {
            Err(_) => Some(ProblemKind::Arn),
            Ok(Kind::AssumedRole) => Some(ProblemKind::SessionArn),
            Ok(_) => None,
        };
        if let Some(kind) = kind {
            self.warn(kind, Some(self.arn_key()), node.offset());
        }
        Some(Rule::user_id_and_arn(user_id, arn, username, groups))
    }

    fn refuse<T>(
        &mut self,
        kind: ProblemKind,
        field: Option<&'static str>,
        offset: Option<usize>,
    ) -> Option<T> {
        self.warn(kind, field, offset);
        None
    }

    fn warn(&mut self, kind: ProblemKind, field: Option<&'static str>, offset: Option<usize>) {
        let at = field.map_or(self.at, |field| self.at.field_of(field));
        self.sink
            .report(kind, at, offset.or_else(|| self.node.offset()));
    }

    /// Whether an operator wrote the entry, and not a program.
    const fn is_handwritten(&self) -> bool {
        matches!(self.dialect, Dialect::ConfigMap | Dialect::MountedFile)
    }

    /// Returns the key of a pattern, which is ours.
    const fn like_key(&self) -> &'static str {
        match self.section {
            Section::Users => "userarnLike",
            _ => "rolearnLike",
        }
    }

    const fn arn_key(&self) -> &'static str {
        arn_key(self.section)
    }

    fn fields(&mut self, mapping: &'e Mapping) -> Option<Fields<'e>> {
        let mut fields = Fields::default();
        let mut is_repeated = false;
        for (key, value) in mapping.entries() {
            let name = key.text();
            let is = |known: &str| name.eq_ignore_ascii_case(known);
            let slot = if is(self.arn_key()) {
                &mut fields.arn
            } else if is("username") {
                &mut fields.username
            } else if is("groups") {
                &mut fields.groups
            } else if self.section == Section::Roles && self.is_handwritten() && is("sso") {
                &mut fields.sso
            } else if self.is_handwritten() && is(self.like_key()) {
                &mut fields.pattern
            } else if is("userid") {
                // What only the dynamic file asks for; elsewhere it means nothing, as upstream.
                &mut fields.user_id
            } else {
                self.warn(ProblemKind::UnknownKey, None, key.offset());
                continue;
            };
            if slot.replace(value).is_some() {
                is_repeated = true;
                self.warn(ProblemKind::DuplicateKey, None, key.offset());
            }
        }
        (!is_repeated).then_some(fields)
    }

    // DIFFERENCE: upstream keeps an entry whose username is no text, with an empty name.
    fn username(&mut self, fields: &Fields<'_>) -> Option<Template> {
        let field = Some("username");
        let Some(node) = present(fields.username) else {
            return self.refuse(ProblemKind::MissingUsername, field, self.node.offset());
        };
        match node.as_text() {
            None => self.refuse(ProblemKind::NotText, field, node.offset()),
            Some("") => self.refuse(ProblemKind::MissingUsername, field, node.offset()),
            Some(text) => Some(Template::parse(text)),
        }
    }

    // DIFFERENCE: upstream keeps an entry whose groups are no list of texts, without them.
    fn groups(&mut self, fields: &Fields<'_>) -> Option<Vec<Template>> {
        let Some(node) = present(fields.groups) else {
            return Some(Vec::new());
        };
        let Some(items) = node.as_sequence() else {
            return self.refuse(ProblemKind::GroupsNotAList, Some("groups"), node.offset());
        };
        let mut groups = Vec::with_capacity(items.len());
        for item in items {
            let Some(text) = item.as_text() else {
                let offset = item.offset().or_else(|| node.offset());
                return self.refuse(ProblemKind::GroupNotText, Some("groups"), offset);
            };
            groups.push(Template::parse(text));
        }
        Some(groups)
    }

    fn arn(&mut self, node: &Node) -> Option<String> {
        let field = Some(self.arn_key());
        let Some(text) = node.as_text() else {
            return self.refuse(ProblemKind::NotText, field, node.offset());
        };
        // The caller's ARN is folded when it is looked up, so a rule may be in any case.
        let folded = fold(text);
        let Ok(principal) = Principal::parse(&folded) else {
            return self.refuse(ProblemKind::Arn, field, node.offset());
        };
        if text.contains(['*', '?']) {
            self.warn(ProblemKind::LiteralWildcard, field, node.offset());
        }
        match principal.kind() {
            Kind::AssumedRole if self.dialect != Dialect::ConfigMap => {}
            Kind::AssumedRole => self.warn(ProblemKind::SessionArn, field, node.offset()),
            Kind::Role if !principal.path().is_empty() => {
                self.warn(ProblemKind::RolePath, field, node.offset());
            }
            Kind::FederatedUser | Kind::Role | Kind::Root | Kind::User => {}
        }
        Some(match self.dialect {
            Dialect::ConfigMap => folded,
            Dialect::DynamicFile
            | Dialect::DynamicFileByUserId
            | Dialect::MountedFile
            | Dialect::Object => principal.canonical(),
        })
    }

    // DIFFERENCE: upstream has no such key, and no rule in this entry.
    fn pattern(&mut self, node: &Node) -> Option<ArnPattern> {
        let field = Some(self.like_key());
        let Some(text) = node.as_text() else {
            return self.refuse(ProblemKind::NotText, field, node.offset());
        };
        let Ok(pattern) = ArnPattern::parse(text) else {
            return self.refuse(ProblemKind::Pattern, field, node.offset());
        };
        match reach(text) {
            Reach::Nobody => self.warn(ProblemKind::PatternMatchesNobody, field, node.offset()),
            Reach::EveryAccount => self.warn(ProblemKind::AnyAccount, field, node.offset()),
            Reach::SomeAccount => {}
        }
        Some(pattern)
    }

    fn sso(&mut self, node: &Node) -> Option<SsoRole> {
        let role = node.as_mapping().and_then(|mapping| {
            let get = |name: &str| {
                let is = |key: &Scalar| key.text().eq_ignore_ascii_case(name);
                mapping
                    .entries()
                    .iter()
                    .find(|(key, _)| is(key))
                    .map(|(_, value)| value)
            };
            let text = |name| get(name).and_then(Node::as_text);
            let partition: Partition = match present(get("partition")) {
                Some(node) => node.as_text()?.parse().ok()?,
                // As upstream: the commercial partition is the one that is not written.
                None => Partition::Aws,
            };
            let account = AccountId::parse(text("accountID")?).ok()?;
            SsoRole::new(partition, account, text("permissionSetName")?).ok()
        });
        match role {
            Some(role) => Some(role),
            None => self.refuse(ProblemKind::Sso, Some("sso"), node.offset()),
        }
    }
}

/// A key without a value is as good as none.
fn present(node: Option<&Node>) -> Option<&Node> {
    node.filter(|node| !node.is_null())
}

/// Returns the key that an entry's ARN has.
pub(super) const fn arn_key(section: Section) -> &'static str {
    match section {
        Section::Roles => "rolearn",
        Section::Users | Section::Accounts => "userarn",
        Section::Objects => "arn",
        Section::Entries => "principalArn",
    }
}
