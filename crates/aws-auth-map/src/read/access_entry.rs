//! EKS access entries, as the AWS command line prints them.

mod entry;
mod found;
mod policies;
mod policy;

use std::collections::HashSet;

use bounded_yaml::{Mapping, Node, Scalar};
use iam_principal::Principal;

use self::entry::{Entry, PoliciesOf};
pub(super) use self::found::{Found, has_entries};
use self::policies::Policies;
use super::problem_sink::{ProblemSink, TextFrame};
use super::section::insert;
use super::{Reader, Reading, document, slip};
use crate::problem::{Location, Problem, ProblemKind};
use crate::rules::arn::{fold, strip_path};
use crate::rules::template::Template;
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
    /// does not print. An entry with a `principalId` does not match a role that was created again
    /// under the same ARN. [`Mapped::matched_on`](crate::Mapped::matched_on) returns whether the
    /// ARN or the id matched.
    ///
    /// As in EKS, the path of a role is ignored. An entry without a username has the default of its
    /// type; an entry of an undocumented type needs a username. A custom username follows EKS's rules
    /// ("Create access entries"): only for the type `STANDARD`; without one of
    /// [`EKS_RESERVED_PREFIXES`]; with a `:` before `{{SessionName}}`. EKS's own entries, for its
    /// service-linked roles, are read unchecked.
    ///
    /// An entry with a key that EKS does not print refuses its principal: the key may stand for one that is missing, such as
    /// `groups` for `kubernetesGroups`. An entry that has every field that decides what it means may have further ones.
    ///
    /// [`EKS_RESERVED_PREFIXES`]: crate::EKS_RESERVED_PREFIXES
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
    /// texts that are parsed already: the policies of an entry may be in another text.
    ///
    /// Each text comes with its nodes, whose offsets count from the start of the text.
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
        for (text, object) in &found.objects {
            if let Some(sink) = sinks.get_mut(*text)
                && let Some(place) = sink.report_repeated(object, &WRAPPERS)
            {
                rules.mark_unreadable(None, place);
                return Vec::new();
            }
        }
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
        let objects = found.by_principal(keys).into_iter();
        let mut policies: PoliciesOf = objects
            .map(|(principal, objects)| (principal, Policies::read(&objects, keys)))
            .collect();
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
                text,
                sinks,
            };
            let rule = entry.read(&mut policies);
            if let (Some(rule), Some(sink)) = (rule, sinks.get_mut(text)) {
                let offset = mapping.get(keys.principal).and_then(Node::offset);
                insert(Section::Entries, index, rule, offset, rules, sink);
            }
        }
        let mut texts: Vec<usize> = found.entries.iter().map(|(text, _)| *text).collect();
        // The principals whose entry is listed without its content.
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

/// The keys of the objects that the AWS command line prints around entries.
const WRAPPERS: [&str; 2] = ["accessEntries", "accessEntry"];

/// The names of an entry's fields.
pub(super) struct Keys {
    principal: &'static str,
    username: &'static str,
    groups: &'static str,
    policies: &'static str,
    policy: &'static str,
    /// All keys of an entry. Empty if another reader looks for unknown ones.
    of_entry: &'static [&'static str],
}

/// The names in the EKS API.
const API: Keys = Keys {
    principal: "principalArn",
    username: "username",
    groups: "kubernetesGroups",
    policies: "associatedAccessPolicies",
    policy: "policyArn",
    of_entry: &[
        "accessEntryArn",
        "accessScope",
        "associatedAccessPolicies",
        "clientRequestToken",
        "clusterName",
        "createdAt",
        "kubernetesGroups",
        "modifiedAt",
        "nextToken",
        "policyArn",
        "principalArn",
        "principalId",
        "tags",
        "type",
        "username",
    ],
};

/// The names in a `ClusterConfig` of eksctl (its schema, `AccessEntry`).
pub(super) const EKSCTL: Keys = Keys {
    principal: "principalARN",
    username: "kubernetesUsername",
    groups: "kubernetesGroups",
    policies: "accessPolicies",
    policy: "policyARN",
    of_entry: &[],
};

/// Returns the principals of an entry that has several, without the last, which [`Entry::read`] reads.
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
