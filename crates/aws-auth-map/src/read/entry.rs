//! The entries of a section.

use bounded_yaml::{Mapping, Node, Scalar};
use iam_principal::{AccountId, ArnPattern, Kind, Partition, Principal};

use super::advice::advise;
use super::diagnose_arn::{diagnose_account, diagnose_arn};
use super::pattern::{Reach, reach};
use super::problem_sink::ProblemSink;
use super::suggest_key::suggest_key;
use super::typing::{is_typed, loses_zeros};
use crate::problem::{Location, ProblemKind};
use crate::rules::arn::fold;
use crate::rules::matching::RulePrincipal;
use crate::rules::sso_role::SsoRole;
use crate::rules::template::Template;
use crate::rules::{Overlap, Rule, RuleRef, Rules, Section};

/// Whose rules are read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum EntryForm {
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
pub(crate) fn read_section(
    form: EntryForm,
    section: Section,
    node: &Node,
    rules: &mut Rules,
    sink: &mut ProblemSink<'_>,
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
                let place = sink.locate(node.offset());
                let overlap = read_account(node, at, sink)
                    .and_then(|id| rules.insert_account(index, id, place));
                report_overlap(overlap, false, at, node.offset(), sink);
            }
            _ => read_rule(form, section, index, node, rules, sink),
        }
    }
}

/// Adds an entry to the rules, or reports why not.
pub(crate) fn read_rule(
    form: EntryForm,
    section: Section,
    index: usize,
    node: &Node,
    rules: &mut Rules,
    sink: &mut ProblemSink<'_>,
) {
    let at = Location::section_of(section).entry(index);
    let entry = Entry {
        form,
        section,
        at,
        node,
        sink: &mut *sink,
    };
    if let Some(rule) = entry.read() {
        advise(&rule, at, node, sink);
        insert(section, index, rule, node.offset(), rules, sink);
    }
}

/// Adds a rule, and reports an earlier one for the same principal.
pub(crate) fn insert(
    section: Section,
    index: usize,
    rule: Rule,
    offset: Option<usize>,
    rules: &mut Rules,
    sink: &mut ProblemSink<'_>,
) {
    let overlap = rules.insert(section, index, rule, sink.locate(offset));
    let Some(overlap) = overlap else { return };
    let principal = |at| Some(rules.rule(at)?.principal());
    let new = principal(RuleRef::new(section, index));
    // What two rules for one ARN or one permission set can differ in is case alone.
    let is_in_case = matches!(new, Some(RulePrincipal::Arn(_) | RulePrincipal::Sso(_)))
        && new != principal(overlap.earlier());
    let at = Location::section_of(section).entry(index);
    report_overlap(Some(overlap), is_in_case, at, offset, sink);
}

fn report_overlap(
    overlap: Option<Overlap>,
    is_in_case: bool,
    at: Location,
    offset: Option<usize>,
    sink: &mut ProblemSink<'_>,
) {
    let kind = match overlap {
        None => return,
        Some(Overlap::Replaces(earlier)) if is_in_case => ProblemKind::DuplicateInCase(earlier),
        Some(Overlap::Replaces(earlier)) => ProblemKind::DuplicateRule(earlier),
        Some(Overlap::ShadowedBy(earlier)) => ProblemKind::Shadowed(earlier),
    };
    sink.report(kind, at, offset);
}

fn read_account(node: &Node, at: Location, sink: &mut ProblemSink<'_>) -> Option<AccountId> {
    let scalar = node.as_scalar();
    let kind = scalar.map_or(Some(ProblemKind::AccountId), |scalar| {
        diagnose_account(scalar.text())
    });
    if let Some(kind) = kind {
        sink.report(kind, at, node.offset());
    } else if scalar.is_some_and(loses_zeros) && !sink.is_quoted(node.offset()) {
        sink.report(ProblemKind::UnquotedAccount, at, node.offset());
    }
    AccountId::parse(scalar?.text()).ok()
}

struct Entry<'e, 's> {
    form: EntryForm,
    section: Section,
    at: Location,
    node: &'e Node,
    sink: &'e mut ProblemSink<'s>,
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
        if let Some(node) = present(fields.user_id).filter(|_| self.is_handwritten()) {
            self.warn(ProblemKind::UserIdIgnored, Some("userid"), node.offset());
        }
        if self.form == EntryForm::DynamicFileByUserId {
            return self.by_user_id(&fields, username, groups);
        }
        // As upstream, an empty ARN is none (pkg/config/mapper.go, Validate).
        let arn = present(fields.arn).filter(|node| node.as_text() != Some(""));
        match (arn, present(fields.sso), present(fields.pattern)) {
            (Some(arn), None, None) => Some(Rule::exact(&self.arn(arn)?, username, groups)),
            (None, Some(sso), None) => Some(Rule::sso(&self.sso(sso)?, username, groups)),
            (None, None, Some(node)) => Some(Rule::pattern(self.pattern(node)?, username, groups)),
            (None, None, None) => {
                self.refuse(ProblemKind::MissingPrincipal, None, self.node.offset())
            }
            (_, _, Some(node)) => {
                let offset = node.offset();
                self.refuse(ProblemKind::MorePrincipals, Some(self.like_key()), offset)
            }
            (Some(_), Some(node), None) => {
                self.refuse(ProblemKind::MorePrincipals, Some("sso"), node.offset())
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
        matches!(self.form, EntryForm::ConfigMap | EntryForm::MountedFile)
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
                let kind = self.unknown_key(name);
                self.warn(kind, None, key.offset());
                continue;
            };
            if slot.replace(value).is_some() {
                is_repeated = true;
                self.warn(ProblemKind::DuplicateKey, None, key.offset());
            }
        }
        (!is_repeated).then_some(fields)
    }

    /// Says what may be meant by a key that means nothing here.
    fn unknown_key(&self, key: &str) -> ProblemKind {
        let like = self.is_handwritten().then(|| self.like_key());
        let sso = (self.is_handwritten() && self.section == Section::Roles).then_some("sso");
        let known = [self.arn_key(), "username", "groups", "userid"].into_iter();
        let known: Vec<&'static str> = known.chain(like).chain(sso).collect();
        // The key of another section, or of another tool.
        let is_arn = key.to_ascii_lowercase().ends_with("arn");
        let meant = suggest_key(key, &known).or_else(|| is_arn.then(|| self.arn_key()));
        meant.map_or(ProblemKind::UnknownKey, ProblemKind::MisspelledKey)
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
            Some(text) => {
                self.check_type(node, "username");
                Some(Template::parse(text))
            }
        }
    }

    /// Reports text that other readers take for a number or a boolean.
    fn check_type(&mut self, node: &Node, field: &'static str) {
        let is_typed = node.as_scalar().is_some_and(is_typed);
        if is_typed && self.is_handwritten() && !self.sink.is_quoted(node.offset()) {
            self.warn(ProblemKind::UnquotedText, Some(field), node.offset());
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
            self.check_type(item, "groups");
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
            return self.refuse(diagnose_arn(text), field, node.offset());
        };
        if text.contains(['*', '?']) {
            self.warn(ProblemKind::LiteralWildcard, field, node.offset());
        }
        match principal.kind() {
            Kind::AssumedRole if self.form != EntryForm::ConfigMap => {}
            Kind::AssumedRole => self.warn(ProblemKind::SessionArn, field, node.offset()),
            Kind::Role if !principal.path().is_empty() => {
                self.warn(ProblemKind::RolePath, field, node.offset());
            }
            Kind::FederatedUser | Kind::Role | Kind::Root | Kind::User => {}
        }
        Some(match self.form {
            EntryForm::ConfigMap => text.to_owned(),
            EntryForm::DynamicFile
            | EntryForm::DynamicFileByUserId
            | EntryForm::MountedFile
            | EntryForm::Object => {
                // In the case in which it is written, unless that is not `arn:aws…`.
                let written = Principal::parse(text);
                written.map_or_else(|_| principal.canonical(), |written| written.canonical())
            }
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
        let field = Some("sso");
        let get = |name: &str| {
            let mapping = node.as_mapping()?.entries().iter();
            let is = |(key, _): &&(Scalar, Node)| key.text().eq_ignore_ascii_case(name);
            mapping.filter(is).map(|(_, value)| value).next_back()
        };
        if let Some(mapping) = node.as_mapping() {
            let known = ["permissionSetName", "accountID", "partition"];
            for (key, _) in mapping.entries() {
                if !known
                    .iter()
                    .any(|name| name.eq_ignore_ascii_case(key.text()))
                {
                    let meant = suggest_key(key.text(), &known);
                    let kind = meant.map_or(ProblemKind::UnknownKey, ProblemKind::MisspelledKey);
                    self.warn(kind, field, key.offset());
                }
            }
        }
        let account = get("accountID").and_then(Node::as_scalar);
        if let Some(kind) = account.and_then(|account| diagnose_account(account.text())) {
            return self.refuse(kind, field, account.and_then(Scalar::offset));
        }
        let read = || {
            let text = |name| get(name).and_then(Node::as_text);
            let partition: Partition = match text("partition") {
                Some(partition) if !partition.is_empty() => partition.parse().ok()?,
                // As upstream: the commercial partition is the one that is not written.
                _ => Partition::Aws,
            };
            let account = AccountId::parse(account?.text()).ok()?;
            SsoRole::new(partition, account, text("permissionSetName")?).ok()
        };
        let Some(role) = read() else {
            return self.refuse(ProblemKind::Sso, field, node.offset());
        };
        // Upstream's reader of the ConfigMap takes nothing but text here.
        let offset = account.and_then(Scalar::offset);
        if !self.sink.is_quoted(offset) {
            self.warn(ProblemKind::UnquotedAccount, field, offset);
        }
        Some(role)
    }
}

/// A key without a value is as good as none.
fn present(node: Option<&Node>) -> Option<&Node> {
    node.filter(|node| !node.is_null())
}

/// Returns the key that an entry's ARN has.
pub(crate) const fn arn_key(section: Section) -> &'static str {
    match section {
        Section::Roles => "rolearn",
        Section::Users | Section::Accounts => "userarn",
        Section::Objects => "arn",
        Section::Entries => "principalArn",
    }
}
