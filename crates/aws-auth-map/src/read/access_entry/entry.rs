//! One access entry: its principal, and the username and groups that its type allows.

use std::collections::HashMap;
use std::mem;
use std::sync::Arc;

use bounded_yaml::{Mapping, Node};
use iam_principal::{Kind, Principal};

use super::Keys;
use super::found::principal_key;
use super::policies::Policies;
use crate::convert::EntryType;
use crate::dialect::Dialect;
use crate::names::{BY_DNS_NAME, BY_SESSION_NAME, NODES, WINDOWS_PROXY, default_username};
use crate::problem::{Location, ProblemKind};
use crate::read::diagnose_arn::diagnose_arn;
use crate::read::problem_sink::ProblemSink;
use crate::read::suggest_key::suggest_key;
use crate::resolve::backend::EKS_RESERVED_PREFIXES;
use crate::rules::Rule;
use crate::rules::access_policy::Held;
use crate::rules::arn::strip_path;
use crate::rules::template::{Placeholder, Template};

/// The default username of an entry's type.
enum DefaultName {
    /// A node's, with the groups that EKS gives the node.
    Node(&'static str, &'static [&'static str]),
    /// The ARN of the user, or of the role's session.
    Arn,
    Unknown,
}

/// The fields that EKS prints for each entry and that decide what it means.
const WHOLE: [&str; 5] = [
    "accessEntryArn",
    "kubernetesGroups",
    "principalArn",
    "type",
    "username",
];

/// The path of service-linked roles, whose entries EKS creates itself.
const SERVICE_ROLE_PATH: &str = "aws-service-role/";

/// Whether EKS refuses a group in an access entry (terraform-aws-eks, issue 2915).
fn begins_reserved(group: &Template) -> bool {
    group.source().starts_with("system:")
}

/// An entry while it is read.
pub(super) struct Entry<'e, 's, 'i> {
    pub(super) at: Location,
    pub(super) mapping: &'e Mapping,
    pub(super) keys: &'static Keys,
    pub(super) dialect: Dialect,
    /// The index of its text.
    pub(super) text: usize,
    /// The sink of each text.
    pub(super) sinks: &'i mut [ProblemSink<'s>],
}

/// The access policies of principals, by their [`principal_key`].
pub(super) type PoliciesOf = HashMap<String, Policies>;

/// The content of an entry: its username, groups and policies.
type Content = (Template, Vec<Template>, Arc<Held>);

impl<'e> Entry<'e, '_, '_> {
    /// Reads the entry into a rule. The rule refuses if only the principal can be read. `None` if
    /// the principal cannot be read.
    pub(super) fn read(&mut self, policies: &mut PoliciesOf) -> Option<Rule> {
        let key = self.keys.principal;
        let Some(arn) = self.text(key)? else {
            return self.refuse(ProblemKind::MissingPrincipal, key);
        };
        let principal = match Principal::parse(arn) {
            Ok(principal) if matches!(principal.kind(), Kind::Role | Kind::User) => principal,
            Ok(principal) if principal.kind() == Kind::AssumedRole => {
                return self.refuse(ProblemKind::SessionPrincipal, key);
            }
            Ok(_) => return self.refuse(ProblemKind::Arn, key),
            Err(_) => return self.refuse(diagnose_arn(arn), key),
        };
        // EKS compares the role that STS reports, which has no path.
        let arn_key = strip_path(arn);
        let refusing = || Rule::exact(&arn_key, Template::default(), Vec::new()).refusing();
        let Some((username, groups, held)) = self.content(arn, &principal, policies) else {
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
        Some(rule.with_held(held))
    }

    fn content(
        &mut self,
        arn: &str,
        principal: &Principal<'_>,
        policies: &mut PoliciesOf,
    ) -> Option<Content> {
        if let Some(key) = self.mapping.duplicates().first() {
            self.report_at(
                ProblemKind::DuplicateKey,
                self.at,
                (self.text, key.offset()),
            );
            return None;
        }
        self.refuse_unknown_keys()?;
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
        // The nodes of Auto Mode need a policy (EKS API, `CreateAccessEntry`, `type`).
        let may_have_policies =
            matches!(kind, "STANDARD" | "EC2") || matches!(default, DefaultName::Unknown);
        let policies = policies.entry(principal_key(arn)).or_default();
        let held = match may_have_policies {
            true => {
                // They are those of every entry of the principal, so only one reports them.
                for (kind, field, at) in mem::take(&mut policies.problems) {
                    self.report_at(kind, self.at.field_of(field), at);
                }
                Arc::clone(&policies.held)
            }
            false => {
                if policies.has_any {
                    self.report(ProblemKind::PoliciesOfType, self.keys.policies);
                }
                Arc::default()
            }
        };
        Some((Template::parse_in(&username, self.dialect), groups, held))
    }

    /// Refuses keys that EKS does not print: each may stand for one that is missing, such as `groups` for `kubernetesGroups`.
    /// An entry that has all of its fields may have further ones, which a newer EKS prints.
    fn refuse_unknown_keys(&mut self) -> Option<()> {
        let is_whole = WHOLE.iter().all(|key| self.mapping.get(key).is_some());
        let known = self.keys.of_entry;
        let entries = self.mapping.entries().iter();
        let unknown = entries
            .map(|(key, _)| key)
            .find(|key| !known.contains(&key.text()));
        let Some(key) = unknown.filter(|_| !is_whole && !known.is_empty()) else {
            return Some(());
        };
        let kind = suggest_key(key.text(), known)
            .map_or(ProblemKind::UnknownKey, ProblemKind::MisspelledKey);
        self.report_at(kind, self.at, (self.text, key.offset()));
        None
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

    fn get(&self, key: &str) -> Option<&'e Node> {
        self.mapping.get(key).filter(|node| !node.is_null())
    }

    /// Returns the text of a field. `Some(None)` if the entry lacks the field, `None` if the value
    /// is not text.
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

    pub(super) fn report(&mut self, kind: ProblemKind, field: &'static str) {
        let first = || self.mapping.entries().first();
        let offset = self
            .get(field)
            .and_then(Node::offset)
            .or_else(|| first()?.0.offset());
        self.report_at(kind, self.at.field_of(field), (self.text, offset));
    }

    /// Reports a problem at an offset of a text.
    pub(super) fn report_at(
        &mut self,
        kind: ProblemKind,
        at: Location,
        (text, offset): (usize, Option<usize>),
    ) {
        if let Some(sink) = self.sinks.get_mut(text) {
            sink.report(kind, at, offset);
        }
    }
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
