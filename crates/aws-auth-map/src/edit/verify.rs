//! Checks that an edited text contains the requested change and no other.

use std::collections::BTreeSet;

use bounded_yaml::{Limits, Mapping, Node, Scalar, documents};
use iam_principal::AccountId;

use crate::rules::{Rule, RuleRef, Rules, Section};

/// The requested change.
#[derive(Clone, Copy)]
pub(super) enum Intent<'r> {
    Add(&'r Rule),
    AddAccount(AccountId),
    Remove(usize),
    RemoveAll(&'r BTreeSet<usize>),
    Replace(usize, &'r Rule),
}

impl Intent<'_> {
    /// Whether the section contains the change, and all other entries are the same.
    pub(super) fn is_done(
        self,
        section: Section,
        before: &[Node],
        after: &[Node],
        rules: &Rules,
    ) -> bool {
        let count = before.len();
        let is_at =
            |index: usize, rule: &Rule| rules.rule(RuleRef::new(section, index)) == Some(rule);
        match self {
            Self::Add(rule) => {
                after.split_last().is_some_and(|(_, rest)| rest == before) && is_at(count, rule)
            }
            Self::AddAccount(account) => after.split_last().is_some_and(|(last, rest)| {
                rest == before && last.as_text() == Some(&account.to_string())
            }),
            Self::Remove(at) => {
                let rest = before.iter().enumerate().filter(|(index, _)| *index != at);
                at < count && rest.map(|(_, node)| node).eq(after)
            }
            Self::RemoveAll(indexes) => {
                let is_kept = |(index, _): &(usize, &Node)| !indexes.contains(index);
                let rest = before.iter().enumerate().filter(is_kept);
                rest.map(|(_, node)| node).eq(after)
            }
            Self::Replace(at, rule) => {
                let pairs = before.iter().zip(after).enumerate();
                let mut others = pairs.filter(|(index, _)| *index != at);
                after.len() == count
                    && others.all(|(_, (before, after))| before == after)
                    && is_at(at, rule)
            }
        }
    }
}

/// Reads the entries of a section. `None` if the section is not a list.
pub(super) fn entries(data: &Mapping, section: Section, limits: &Limits) -> Option<Vec<Node>> {
    match data.get(section.key()) {
        None | Some(Node::Null) => Some(Vec::new()),
        Some(Node::Sequence(entries)) => Some(entries.clone()),
        Some(Node::Mapping(_)) => None,
        Some(Node::Scalar(scalar)) => {
            if matches!(scalar.text().trim(), "" | "''" | "\"\"" | "``") {
                return Some(Vec::new());
            }
            let mut nodes = documents(scalar.text(), limits);
            let first = nodes.next();
            if nodes.next().is_some() {
                return None;
            }
            match first {
                None => Some(Vec::new()),
                Some(Ok(Node::Sequence(entries))) => Some(entries),
                Some(_) => None,
            }
        }
    }
}

/// Whether two texts have the same content except for a section.
pub(super) fn is_rest_same(
    (before, data_before): (&[Node], &Mapping),
    (after, data_after): (&[Node], &Mapping),
    section: Section,
) -> bool {
    let is_same = |(a, b)| is_same(a, b, (data_before, data_after), section);
    before.len() == after.len() && before.iter().zip(after).all(is_same)
}

fn is_same(a: &Node, b: &Node, data: (&Mapping, &Mapping), section: Section) -> bool {
    match (a, b) {
        (Node::Mapping(a), Node::Mapping(b)) => is_same_mapping(a, b, data, section),
        (Node::Sequence(a), Node::Sequence(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same(a, b, data, section))
        }
        _ => a == b,
    }
}

fn is_same_mapping(a: &Mapping, b: &Mapping, data: (&Mapping, &Mapping), section: Section) -> bool {
    // The section, or the whole data of an object without data before.
    let is_edited = |(key, value): &&(Scalar, Node)| {
        let is_section = std::ptr::eq(b, data.1) && key.text() == section.key();
        let is_data = || {
            value
                .as_mapping()
                .is_some_and(|value| std::ptr::eq(value, data.1))
        };
        std::ptr::eq(a, data.0) && (is_section || is_data())
    };
    let ours: Vec<_> = a
        .entries()
        .iter()
        .filter(|entry| !is_edited(entry))
        .collect();
    let theirs: Vec<_> = b
        .entries()
        .iter()
        .filter(|entry| !is_edited(entry))
        .collect();
    ours.len() == theirs.len()
        && ours
            .iter()
            .zip(theirs)
            .all(|((key, value), (other_key, other))| {
                key == other_key && is_same(value, other, data, section)
            })
}
