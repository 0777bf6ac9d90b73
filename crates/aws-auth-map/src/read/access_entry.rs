//! EKS access entries, as the AWS command line prints them.

use std::collections::{HashMap, HashSet};

use bounded_yaml::{Mapping, Node};
use iam_principal::{Kind, Principal};

use super::entry::insert;
use super::problem_sink::{ProblemSink, TextFrame};
use super::{Reader, Reading, document};
use crate::names::{BY_DNS_NAME, BY_SESSION_NAME, default_username};
use crate::problem::{Location, Problem, ProblemKind};
use crate::resolve::backend::EKS_RESERVED_PREFIXES;
use crate::rules::access_policy::{AccessPolicy, AccessScope};
use crate::rules::arn::{fold, strip_path};
use crate::rules::template::{Placeholder, Template};
use crate::rules::{Rule, Rules, Section};

impl Reader {
    /// Reads access entries and their policies: any number of what `aws eks describe-access-entry`
    /// and `aws eks list-associated-access-policies` print, in lists or one document each, in any
    /// order. An entry may have its `associatedAccessPolicies` itself.
    ///
    /// A `principalId` (`AROA…`, `AIDA…`), which the command line does not print, is what EKS
    /// really knows a principal by: with it, a role that was deleted and made anew is nobody's
    /// entry. [`Mapped::matched_on`](crate::Mapped::matched_on) tells which it was.
    ///
    /// As EKS, the path of a role does not count. An entry without a username has that of its type;
    /// one of a type that is not documented has to have it. A username of one's own is held to
    /// EKS's rules ("Create access entries"): only for the type `STANDARD`; none of
    /// [`EKS_RESERVED_PREFIXES`]; and a `:` somewhere before `{{SessionName}}`. EKS's own entries,
    /// for its service-linked roles, are as they are.
    #[must_use]
    pub fn read_access_entries(&self, text: &str) -> (Rules, Vec<Problem>) {
        let mut reading = Reading::default();
        let mut sink = ProblemSink::new(text, TextFrame::Here, &mut reading.problems);
        let Some(nodes) = document::read(text, &self.limits, &mut sink) else {
            return reading.finish();
        };
        let mut found = Found::default();
        for node in &nodes {
            found.collect(node);
        }
        let is_other = found.listed.is_some() || !found.policies.is_empty();
        if found.entries.is_empty() && !is_other {
            sink.report(ProblemKind::NoAccessEntries, Location::FILE, None);
        }
        let section = Location::section_of(Section::Entries);
        if let Some(listed) = found.listed {
            sink.report(ProblemKind::ListedEntries, section, listed.offset());
        }
        for list in found.orphans() {
            let offset = list.entries().first().and_then(|(key, _)| key.offset());
            let at = section.field_of(POLICIES);
            sink.report(ProblemKind::OrphanPolicies, at, offset);
        }
        let lists = found.by_principal();
        for (index, mapping) in found.entries.iter().copied().enumerate() {
            let at = Location::section_of(Section::Entries).entry(index);
            let sink = &mut sink;
            let mut entry = Entry {
                at,
                mapping,
                sink: &mut *sink,
            };
            let Some(rule) = entry.read(&lists) else {
                continue;
            };
            let offset = mapping.get("principalArn").and_then(Node::offset);
            insert(
                Section::Entries,
                index,
                rule,
                offset,
                &mut reading.rules,
                sink,
            );
        }
        reading.finish()
    }
}

/// The entries, and the objects that list policies.
#[derive(Default)]
struct Found<'n> {
    entries: Vec<&'n Mapping>,
    policies: Vec<&'n Mapping>,
    /// The first of the names that `aws eks list-access-entries` prints.
    listed: Option<&'n Node>,
}

const POLICIES: &str = "associatedAccessPolicies";

impl<'n> Found<'n> {
    fn collect(&mut self, node: &'n Node) {
        let mapping = match node {
            Node::Sequence(items) => {
                for item in items {
                    self.collect(item);
                }
                return;
            }
            Node::Mapping(mapping) => mapping,
            Node::Null | Node::Scalar(_) => return,
        };
        if let Some(inner) = mapping
            .get("accessEntry")
            .or_else(|| mapping.get("accessEntries"))
        {
            let names = inner.as_sequence().unwrap_or_default();
            self.listed = self.listed.or_else(|| names.iter().find(is_text));
            self.collect(inner);
            return;
        }
        let is_list = mapping.get(POLICIES).is_some();
        let is_entry = ["accessEntryArn", "kubernetesGroups", "type", "username"]
            .into_iter()
            .any(|key| mapping.get(key).is_some());
        if is_list && !is_entry {
            self.policies.push(mapping);
        } else {
            self.entries.push(mapping);
        }
    }

    fn by_principal(&self) -> Lists<'n> {
        let mut lists = Lists::new();
        for list in &self.policies {
            if let Some(principal) = principal(list) {
                lists.entry(principal).or_default().push(list);
            }
        }
        lists
    }

    /// Returns the lists of policies whose principal has no entry.
    fn orphans(&self) -> impl Iterator<Item = &'n Mapping> {
        let principals: HashSet<String> =
            self.entries.iter().filter_map(|m| principal(m)).collect();
        let lists = self.policies.clone().into_iter();
        lists.filter(move |list| principal(list).is_none_or(|arn| !principals.contains(&arn)))
    }
}

/// Lists of policies by the folded ARN of their principal.
type Lists<'n> = HashMap<String, Vec<&'n Mapping>>;

/// Returns the folded ARN of the principal that an object is of.
fn principal(mapping: &Mapping) -> Option<String> {
    Some(fold(mapping.get("principalArn")?.as_text()?))
}

const fn is_text(node: &&Node) -> bool {
    matches!(node, Node::Scalar(_))
}

/// Which default name an entry's type has.
enum DefaultName {
    Fixed(&'static str),
    /// The ARN of the user, or of the role's session.
    Arn,
    Unknown,
}

struct Entry<'e, 's> {
    at: Location,
    mapping: &'e Mapping,
    sink: &'e mut ProblemSink<'s>,
}

impl<'e> Entry<'e, '_> {
    fn read(&mut self, lists: &Lists<'e>) -> Option<Rule> {
        let Some(arn) = self.text("principalArn")? else {
            return self.refuse(ProblemKind::MissingPrincipal, "principalArn");
        };
        let principal = match Principal::parse(arn) {
            Ok(principal) if matches!(principal.kind(), Kind::Role | Kind::User) => principal,
            Ok(principal) if principal.kind() == Kind::AssumedRole => {
                return self.refuse(ProblemKind::SessionPrincipal, "principalArn");
            }
            _ => return self.refuse(ProblemKind::Arn, "principalArn"),
        };
        let kind = self.text("type")?.unwrap_or("STANDARD");
        let default = match kind {
            "STANDARD" => DefaultName::Arn,
            "EC2_LINUX" | "EC2_WINDOWS" => DefaultName::Fixed(BY_DNS_NAME),
            "FARGATE_LINUX" | "HYBRID_LINUX" => DefaultName::Fixed(BY_SESSION_NAME),
            "EC2" | "HYPERPOD_LINUX" => DefaultName::Unknown,
            _ => {
                self.report(ProblemKind::EntryType, "type");
                DefaultName::Unknown
            }
        };
        let is_standard = kind == "STANDARD";
        if !is_standard && principal.kind() != Kind::Role {
            return self.refuse(ProblemKind::EntryTypeForRoles, "type");
        }
        let username = self.username(&principal, is_standard, &default)?;
        let groups = self.groups()?;
        let policies = self.policies(arn, lists);
        // EKS compares the role that STS names, and that has no path.
        let key = strip_path(arn);
        let username = Template::parse(&username);
        let rule = match self.text("principalId")? {
            Some(id) => Rule::exact_with_user_id(&key, id, username, groups),
            None => Rule::exact(&key, username, groups),
        };
        Some(rule.with_access_policies(policies))
    }

    fn username(
        &mut self,
        principal: &Principal<'_>,
        is_standard: bool,
        default: &DefaultName,
    ) -> Option<String> {
        let default = match default {
            DefaultName::Fixed(name) => Some((*name).to_owned()),
            DefaultName::Arn => Some(default_username(principal)),
            DefaultName::Unknown => None,
        };
        let own = self.text("username")?.map(str::to_owned);
        let Some(own) = own.filter(|own| Some(own) != default.as_ref()) else {
            return match default {
                Some(default) => Some(default),
                None => self.refuse(ProblemKind::MissingUsername, "username"),
            };
        };
        // What is not documented, and EKS's own entries, are taken as they are printed.
        let is_judged = default.is_some() && !principal.path().starts_with("aws-service-role/");
        if is_judged && !is_standard {
            return self.refuse(ProblemKind::UsernameOfType, "username");
        }
        if is_judged && EKS_RESERVED_PREFIXES.iter().any(|p| own.starts_with(p)) {
            return self.refuse(ProblemKind::ReservedUsername, "username");
        }
        if is_judged && !has_colon_before_session(&own) {
            return self.refuse(ProblemKind::ColonBeforeSessionName, "username");
        }
        Some(own)
    }

    fn groups(&mut self) -> Option<Vec<Template>> {
        let Some(node) = self.get("kubernetesGroups") else {
            return Some(Vec::new());
        };
        let Some(items) = node.as_sequence() else {
            return self.refuse(ProblemKind::GroupsNotAList, "kubernetesGroups");
        };
        let groups: Option<Vec<Template>> = items
            .iter()
            .map(|item| item.as_text().map(Template::parse))
            .collect();
        groups.or_else(|| self.refuse(ProblemKind::GroupNotText, "kubernetesGroups"))
    }

    /// Reads the policies of the entry itself and those that are listed for its principal.
    fn policies(&mut self, arn: &str, lists: &Lists<'e>) -> Vec<AccessPolicy> {
        let key = POLICIES;
        let lists = lists.get(&fold(arn)).into_iter().flatten().copied();
        let nodes: Vec<&Node> = [self.mapping]
            .into_iter()
            .chain(lists)
            .filter_map(|mapping| mapping.get(key))
            .filter(|node| !node.is_null())
            .collect();
        let mut policies: Vec<AccessPolicy> = Vec::new();
        for node in nodes {
            for item in node.as_sequence().unwrap_or_default() {
                match read_policy(item) {
                    None => self.report(ProblemKind::AccessPolicy, key),
                    Some(policy) if policies.iter().any(|p| p.arn() == policy.arn()) => {
                        self.report(ProblemKind::DuplicateAccessPolicy, key);
                    }
                    Some(policy) => policies.push(policy),
                }
            }
            if node.as_sequence().is_none() {
                self.report(ProblemKind::AccessPolicy, key);
            }
        }
        policies
    }

    fn get(&self, key: &str) -> Option<&'e Node> {
        self.mapping.get(key).filter(|node| !node.is_null())
    }

    /// Returns the text of a field, if there is one. None at all if it is no text.
    #[expect(clippy::option_option, reason = "absent, or not to be read")]
    fn text(&mut self, key: &'static str) -> Option<Option<&'e str>> {
        match self.get(key).map(Node::as_text) {
            None | Some(Some("")) => Some(None),
            Some(Some(text)) => Some(Some(text)),
            Some(None) => self.refuse(ProblemKind::NotText, key),
        }
    }

    fn refuse<T>(&mut self, kind: ProblemKind, field: &'static str) -> Option<T> {
        self.report(kind, field);
        None
    }

    fn report(&mut self, kind: ProblemKind, field: &'static str) {
        let first = || self.mapping.entries().first();
        let offset = self
            .get(field)
            .and_then(Node::offset)
            .or_else(|| first()?.0.offset());
        self.sink.report(kind, self.at.field_of(field), offset);
    }
}

fn read_policy(node: &Node) -> Option<AccessPolicy> {
    let arn = node.get("policyArn")?.as_text()?;
    let scope = node.get("accessScope")?;
    let scope = match scope.get("type")?.as_text()? {
        "cluster" => AccessScope::Cluster,
        "namespace" => {
            let names = scope.get("namespaces")?.as_sequence()?.iter();
            let names = names.map(|name| name.as_text().map(str::to_owned));
            AccessScope::Namespaces(names.collect::<Option<_>>()?)
        }
        _ => return None,
    };
    Some(AccessPolicy::new(arn, scope))
}

/// Whether a `:` comes before the first session name, if there is one.
fn has_colon_before_session(username: &str) -> bool {
    let template = Template::parse(username);
    let is_session =
        |name: Placeholder| matches!(name, Placeholder::SessionName | Placeholder::SessionNameRaw);
    if !template.placeholders().any(|(name, _)| is_session(name)) {
        return true;
    }
    let (before, _) = template.text_around(is_session);
    before.contains(':')
}
