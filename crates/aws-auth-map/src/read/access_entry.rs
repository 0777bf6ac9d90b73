//! EKS access entries, as the AWS command line prints them.

mod found;

use std::collections::{HashMap, HashSet};

use bounded_yaml::{Mapping, Node, Scalar};
use iam_principal::{Kind, Principal};

use self::found::Lists;
pub(super) use self::found::{Found, has_entries};
use super::problem_sink::{ProblemSink, TextFrame};
use super::section::insert;
use super::{Reader, Reading, document, slip};
use crate::convert::EntryType;
use crate::dialect::Dialect;
use crate::names::{BY_DNS_NAME, BY_SESSION_NAME, NODES, WINDOWS_PROXY, default_username};
use crate::problem::{Location, Problem, ProblemKind};
use crate::resolve::backend::EKS_RESERVED_PREFIXES;
use crate::rules::access_policy::{AccessPolicy, AccessScope};
use crate::rules::arn::{fold, strip_path};
use crate::rules::template::{Placeholder, Template};
use crate::rules::{Rule, Rules, Section};

impl Reader {
    /// Reads access entries and their policies, in any order, in lists or one document each:
    ///
    /// - the output of `aws eks describe-access-entry` and `list-associated-access-policies`;
    /// - the input of `aws eks create-access-entry` and `associate-access-policy`
    ///   (`--cli-input-json`);
    /// - entries that contain their `associatedAccessPolicies`, which
    ///   [`AccessEntry::to_json`](crate::AccessEntry::to_json) writes.
    ///
    /// EKS identifies a principal by its `principalId` (`AROA…`, `AIDA…`), which the command line
    /// does not print. An entry with one does not match a role that was recreated under the same
    /// ARN. [`Mapped::matched_on`](crate::Mapped::matched_on) returns which of the two matched.
    ///
    /// As in EKS, the path of a role is ignored. An entry without a username has the default of its
    /// type; a type that is not documented needs one. A custom username follows EKS's rules ("Create
    /// access entries"): only for the type `STANDARD`; without one of [`EKS_RESERVED_PREFIXES`]; with
    /// a `:` before `{{SessionName}}`. EKS's own entries, for its service-linked roles, are read
    /// unchecked.
    #[must_use]
    pub fn read_access_entries(&self, text: &str) -> (Rules, Vec<Problem>) {
        let mut reading = Reading::default();
        let mut sink = ProblemSink::new(text, TextFrame::Here, &mut reading.problems);
        let Some(nodes) = document::read(text, &self.limits, &mut sink) else {
            return reading.unreadable();
        };
        let mut found = Found::default();
        for node in &nodes {
            found.collect(0, node);
        }
        let is_other = !found.listed.is_empty() || !found.policies.is_empty();
        if found.entries.is_empty() && !is_other {
            let kind = slip::other_output(text).unwrap_or(ProblemKind::NoAccessEntries);
            sink.report(kind, Location::FILE, None);
            if !found.has_empty_list {
                return reading.unreadable();
            }
        }
        let mut sinks = [sink];
        self.add_entries(&found, &API, &mut reading.rules, &mut sinks);
        reading.finish()
    }

    /// Reads access entries as [`read_access_entries`](Self::read_access_entries) does, from several
    /// texts that are parsed already: an entry in one may have its policies in another.
    ///
    /// Each text comes with its nodes, whose offsets are those in the text.
    #[must_use]
    pub fn read_access_entry_nodes(&self, texts: &[(&str, &[Node])]) -> ReadEntries {
        let mut read = ReadEntries::default();
        let mut problems: Vec<Vec<Problem>> = texts.iter().map(|_| Vec::new()).collect();
        let mut sinks: Vec<ProblemSink<'_>> = texts
            .iter()
            .zip(&mut problems)
            .map(|((text, _), problems)| ProblemSink::new(text, TextFrame::Here, problems))
            .collect();
        let mut found = Found::default();
        for (at, (_, nodes)) in texts.iter().enumerate() {
            for node in *nodes {
                found.collect(at, node);
            }
        }
        read.text_of_entry = self.add_entries(&found, &API, &mut read.rules, &mut sinks);
        drop(sinks);
        read.problems = problems
            .into_iter()
            .enumerate()
            .flat_map(|(at, problems)| problems.into_iter().map(move |problem| (at, problem)))
            .collect();
        read
    }

    /// Adds the rules of access entries, and reports problems to the sink of their text. Returns the
    /// index of each entry's text.
    pub(super) fn add_entries<'n>(
        &self,
        found: &Found<'n>,
        keys: &'static Keys,
        rules: &mut Rules,
        sinks: &mut [ProblemSink<'_>],
    ) -> Vec<usize> {
        let section = Location::section_of(Section::Entries);
        let unread: Vec<(usize, &Node)> = found.only_listed().collect();
        if let Some((at, listed)) = unread.first().copied().or_else(|| found.first_unknown())
            && let Some(sink) = sinks.get_mut(at)
        {
            sink.report(ProblemKind::ListedEntries, section, listed.offset());
        }
        for (text, list) in found.orphans() {
            let offset = list.entries().first().and_then(|(key, _)| key.offset());
            let at = section.field_of(keys.policies);
            if let Some(sink) = sinks.get_mut(text) {
                sink.report(ProblemKind::OrphanPolicies, at, offset);
            }
        }
        let lists = found.by_principal();
        for (index, (text, mapping)) in found.entries.iter().copied().enumerate() {
            let Some(sink) = sinks.get_mut(text) else {
                continue;
            };
            for node in earlier_principals(mapping, keys) {
                if let Some(rule) = node.as_text().and_then(refusing) {
                    insert(Section::Entries, index, rule, node.offset(), rules, sink);
                }
            }
            let mut entry = Entry {
                at: section.entry(index),
                mapping,
                keys,
                dialect: self.dialect,
                sink,
            };
            if let Some(rule) = entry.read(&lists) {
                let offset = mapping.get(keys.principal).and_then(Node::offset);
                insert(Section::Entries, index, rule, offset, rules, sink);
            }
        }
        let mut texts: Vec<usize> = found.entries.iter().map(|(text, _)| *text).collect();
        // The principals that have an entry whose content is not here.
        let orphans = found
            .orphans()
            .filter_map(|(text, list)| Some((text, list.get(keys.principal)?)));
        let mut seen = HashSet::new();
        let unknown = unread
            .into_iter()
            .chain(orphans)
            .filter_map(|(text, node)| Some((text, fold(node.as_text()?), node)))
            .filter(|(_, arn, _)| seen.insert(strip_path(arn)))
            .filter_map(|(text, arn, node)| Some((text, refusing(&arn)?, node)));
        for (index, (text, rule, node)) in (found.entries.len()..).zip(unknown) {
            texts.push(text);
            if let Some(sink) = sinks.get_mut(text) {
                insert(Section::Entries, index, rule, node.offset(), rules, sink);
            }
        }
        texts
    }
}

/// Access entries that were read from several texts.
#[derive(Clone, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "the parts of a result")]
pub struct ReadEntries {
    /// The entries.
    pub rules: Rules,
    /// The problems, each with the index of its text.
    pub problems: Vec<(usize, Problem)>,
    /// The index of the text that each entry is in, by the entry's index in its section.
    pub text_of_entry: Vec<usize>,
}

/// The names of an entry's fields.
pub(super) struct Keys {
    principal: &'static str,
    username: &'static str,
    groups: &'static str,
    policies: &'static str,
    policy: &'static str,
}

/// The names in the EKS API.
const API: Keys = Keys {
    principal: "principalArn",
    username: "username",
    groups: "kubernetesGroups",
    policies: "associatedAccessPolicies",
    policy: "policyArn",
};

/// The names in a `ClusterConfig` of eksctl (its schema, `AccessEntry`).
pub(super) const EKSCTL: Keys = Keys {
    principal: "principalARN",
    username: "kubernetesUsername",
    groups: "kubernetesGroups",
    policies: "accessPolicies",
    policy: "policyARN",
};

/// Returns the principals of an entry that has several, but for the last, which [`Entry::read`] reads.
fn earlier_principals<'n>(
    mapping: &'n Mapping,
    keys: &Keys,
) -> impl Iterator<Item = &'n Node> + use<'n> {
    let key = keys.principal;
    let is_principal = move |(name, _): &&(Scalar, Node)| name.text() == key;
    let values = mapping.entries().iter().rev().filter(is_principal);
    values.skip(1).map(|(_, node)| node)
}

/// Returns a rule that refuses a principal; `None` if its ARN cannot be read.
fn refusing(arn: &str) -> Option<Rule> {
    Principal::parse(arn).ok()?;
    Some(Rule::exact(&strip_path(arn), Template::default(), Vec::new()).refusing())
}

/// The default username of an entry's type.
enum DefaultName {
    /// A node's, with the groups that EKS gives the node.
    Node(&'static str, &'static [&'static str]),
    /// The ARN of the user, or of the role's session.
    Arn,
    Unknown,
}

/// The path of service-linked roles, whose entries EKS creates itself.
const SERVICE_ROLE_PATH: &str = "aws-service-role/";

/// Whether EKS refuses a group in an access entry (terraform-aws-eks, issue 2915).
fn begins_reserved(group: &Template) -> bool {
    group.source().starts_with("system:")
}

struct Entry<'e, 's, 'i> {
    at: Location,
    mapping: &'e Mapping,
    keys: &'static Keys,
    dialect: Dialect,
    sink: &'i mut ProblemSink<'s>,
}

/// The content of an entry: its username, groups and policies.
type Content = (Template, Vec<Template>, Vec<AccessPolicy>);

impl<'e> Entry<'e, '_, '_> {
    /// Reads the entry into a rule, which refuses if the principal can be read and the content
    /// cannot. `None` if the principal cannot be read.
    fn read(&mut self, lists: &Lists<'e>) -> Option<Rule> {
        let key = self.keys.principal;
        let Some(arn) = self.text(key)? else {
            return self.refuse(ProblemKind::MissingPrincipal, key);
        };
        let principal = match Principal::parse(arn) {
            Ok(principal) if matches!(principal.kind(), Kind::Role | Kind::User) => principal,
            Ok(principal) if principal.kind() == Kind::AssumedRole => {
                return self.refuse(ProblemKind::SessionPrincipal, key);
            }
            _ => return self.refuse(ProblemKind::Arn, key),
        };
        // EKS compares the role that STS reports, which has no path.
        let arn_key = strip_path(arn);
        let refusing = || Rule::exact(&arn_key, Template::default(), Vec::new()).refusing();
        let Some((username, groups, policies)) = self.content(arn, &principal, lists) else {
            return Some(refusing());
        };
        let rule = match self.text("principalId") {
            Some(Some(id)) => Rule::exact_with_user_id(&arn_key, id, username, groups),
            Some(None) => Rule::exact(&arn_key, username, groups),
            None => return Some(refusing()),
        };
        // A type that the reader does not know is reported, and is not converted.
        let rule = match EntryType::parse(self.text("type")?.unwrap_or("STANDARD")) {
            Some(entry_type) => rule.with_entry_attributes(arn, entry_type),
            None => rule,
        };
        Some(rule.with_access_policies(policies))
    }

    fn content(
        &mut self,
        arn: &str,
        principal: &Principal<'_>,
        lists: &Lists<'e>,
    ) -> Option<Content> {
        if let Some(key) = self.mapping.duplicates().first() {
            let offset = key.offset();
            self.sink.report(ProblemKind::DuplicateKey, self.at, offset);
            return None;
        }
        let kind = self.text("type")?.unwrap_or("STANDARD");
        let default = match kind {
            "STANDARD" => DefaultName::Arn,
            // The second spelling is the user guide's.
            "EC2_LINUX" | "EC2_Linux" => DefaultName::Node(BY_DNS_NAME, &[NODES]),
            "EC2_WINDOWS" | "EC2_Windows" => {
                DefaultName::Node(BY_DNS_NAME, &[NODES, WINDOWS_PROXY])
            }
            "FARGATE_LINUX" | "HYBRID_LINUX" => DefaultName::Node(BY_SESSION_NAME, &[NODES]),
            "EC2" => DefaultName::Node(BY_DNS_NAME, &[NODES]),
            "HYPERPOD_LINUX" => DefaultName::Unknown,
            _ => {
                self.report(ProblemKind::EntryType, "type");
                DefaultName::Unknown
            }
        };
        if matches!(kind, "EC2_Linux" | "EC2_Windows") {
            self.report(ProblemKind::EntryTypeCase, "type");
        }
        let is_standard = kind == "STANDARD";
        if !is_standard && principal.kind() != Kind::Role {
            return self.refuse(ProblemKind::EntryTypeForRoles, "type");
        }
        let username = self.username(principal, is_standard, &default)?;
        let mut groups = self.groups()?;
        // EKS prints the groups of a type with the entry.
        let is_of_type = |group: &Template| {
            let group = group.source();
            group.starts_with("system:") || group.starts_with("eks:")
        };
        if matches!(default, DefaultName::Node(..)) && !groups.iter().all(is_of_type) {
            return self.refuse(ProblemKind::GroupsOfType, self.keys.groups);
        }
        if let DefaultName::Node(_, of_type) = default
            && groups.is_empty()
        {
            // The input of `create-access-entry` cannot have them.
            groups = of_type.iter().map(|group| Template::parse(group)).collect();
        }
        let is_own = principal.path().starts_with(SERVICE_ROLE_PATH);
        if is_standard && !is_own && groups.iter().any(begins_reserved) {
            return self.refuse(ProblemKind::ReservedGroup, self.keys.groups);
        }
        let mut policies = self.policies(arn, lists);
        // The nodes of Auto Mode need one (EKS API, `CreateAccessEntry`, `type`).
        let may_have_policies =
            matches!(kind, "STANDARD" | "EC2") || matches!(default, DefaultName::Unknown);
        if !may_have_policies && !policies.is_empty() {
            self.report(ProblemKind::PoliciesOfType, self.keys.policies);
            policies.clear();
        }
        Some((
            Template::parse_in(&username, self.dialect),
            groups,
            policies,
        ))
    }

    fn username(
        &mut self,
        principal: &Principal<'_>,
        is_standard: bool,
        default: &DefaultName,
    ) -> Option<String> {
        let default = match default {
            DefaultName::Node(name, _) => Some((*name).to_owned()),
            DefaultName::Arn => Some(default_username(principal)),
            DefaultName::Unknown => None,
        };
        let key = self.keys.username;
        let custom = self.text(key)?.map(str::to_owned);
        let Some(custom) = custom.filter(|custom| Some(custom) != default.as_ref()) else {
            return match default {
                Some(default) => Some(default),
                None => self.refuse(ProblemKind::MissingUsername, key),
            };
        };
        // Entries of undocumented types, and EKS's own, are read as printed.
        let is_checked = default.is_some() && !principal.path().starts_with(SERVICE_ROLE_PATH);
        if is_checked && !is_standard {
            return self.refuse(ProblemKind::UsernameOfType, key);
        }
        if is_checked && EKS_RESERVED_PREFIXES.iter().any(|p| custom.starts_with(p)) {
            return self.refuse(ProblemKind::ReservedUsername, key);
        }
        if is_checked && !has_colon_before_session(&custom) {
            return self.refuse(ProblemKind::ColonBeforeSessionName, key);
        }
        Some(custom)
    }

    fn groups(&mut self) -> Option<Vec<Template>> {
        let key = self.keys.groups;
        let Some(node) = self.get(key) else {
            return Some(Vec::new());
        };
        let Some(items) = node.as_sequence() else {
            return self.refuse(ProblemKind::GroupsNotAList, key);
        };
        let groups: Option<Vec<Template>> = items
            .iter()
            .map(|item| Some(Template::parse_in(item.as_text()?, self.dialect)))
            .collect();
        groups.or_else(|| self.refuse(ProblemKind::GroupNotText, key))
    }

    /// Reads the policies of the entry itself and those listed for its principal. A policy that
    /// cannot be read is left out, which only takes permissions away.
    fn policies(&mut self, arn: &str, lists: &Lists<'e>) -> Vec<AccessPolicy> {
        let lists = lists.get(&fold(arn)).into_iter().flatten().copied();
        let Keys {
            policies: list,
            policy: key,
            ..
        } = self.keys;
        let mut read: Vec<Option<AccessPolicy>> = Vec::new();
        for mapping in [self.mapping].into_iter().chain(lists) {
            match mapping.get(list) {
                Some(Node::Sequence(items)) => {
                    read.extend(
                        items
                            .iter()
                            .map(|item| read_policy(item.as_mapping()?, key)),
                    );
                }
                Some(Node::Null) => {}
                None if mapping.get(key).is_none() => {}
                None => read.push(read_policy(mapping, key)),
                Some(Node::Mapping(_) | Node::Scalar(_)) => read.push(None),
            }
        }
        let mut policies: Vec<AccessPolicy> = Vec::new();
        // The index of each policy in `policies`, by its ARN.
        let mut known: HashMap<String, usize> = HashMap::new();
        // A principal has each policy once, so of two scopes it is not known which is meant.
        let mut contradictory: HashSet<String> = HashSet::new();
        for policy in read {
            let Some(policy) = policy else {
                self.report(ProblemKind::AccessPolicy, list);
                continue;
            };
            let earlier = known.get(policy.arn()).and_then(|at| policies.get(*at));
            match earlier {
                None => {
                    known.insert(policy.arn().to_owned(), policies.len());
                    policies.push(policy);
                }
                Some(earlier) => {
                    if *earlier != policy {
                        contradictory.insert(policy.arn().to_owned());
                    }
                    self.report(ProblemKind::DuplicateAccessPolicy, list);
                }
            }
        }
        policies.retain(|policy| !contradictory.contains(policy.arn()));
        policies
    }

    fn get(&self, key: &str) -> Option<&'e Node> {
        self.mapping.get(key).filter(|node| !node.is_null())
    }

    /// Returns the text of a field, if there is one. `None` at all if it is not text.
    #[expect(clippy::option_option, reason = "absent, or not readable")]
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

/// The service and the kind of resource in the ARN of an access policy.
const POLICY_RESOURCE: &str = ":eks::aws:cluster-access-policy/";

fn read_policy(mapping: &Mapping, key: &str) -> Option<AccessPolicy> {
    if !mapping.duplicates().is_empty() {
        return None;
    }
    let arn = mapping.get(key)?.as_text()?;
    if !arn.contains(POLICY_RESOURCE) {
        return None;
    }
    let scope = mapping.get("accessScope")?.as_mapping()?;
    if !scope.duplicates().is_empty() {
        return None;
    }
    let scope = match scope.get("type")?.as_text()? {
        "cluster" => AccessScope::Cluster,
        "namespace" => AccessScope::Namespaces(
            scope
                .get("namespaces")?
                .as_sequence()?
                .iter()
                .map(|name| name.as_text().map(str::to_owned))
                .collect::<Option<_>>()?,
        ),
        _ => return None,
    };
    if matches!(&scope, AccessScope::Namespaces(names) if names.is_empty()) {
        return None;
    }
    Some(AccessPolicy::new(arn, scope))
}

/// Returns whether a `:` comes before the first session name, if there is one.
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
