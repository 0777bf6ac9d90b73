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
    // The section, or the whole data if the object had no data before.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Template, read_config_map};

    const A: &str = "{rolearn: 'arn:aws:iam::111122223333:role/a', username: a}";
    const B: &str = "{rolearn: 'arn:aws:iam::111122223333:role/b', username: b}";
    const C: &str = "{rolearn: 'arn:aws:iam::111122223333:role/c', username: c}";

    fn nodes(text: &str) -> Vec<Node> {
        let nodes = documents(text, &Limits::default());
        nodes.map(|node| node.expect("a document")).collect()
    }

    fn list(entries: &[&str]) -> (String, Vec<Node>) {
        let text = format!("[{}]", entries.join(", "));
        let node = nodes(&text).remove(0);
        (text, node.as_sequence().expect("a list").to_vec())
    }

    #[test]
    fn an_intent_is_done_if_every_other_entry_is_the_same() {
        let b = Rule::exact(
            "arn:aws:iam::111122223333:role/b",
            Template::parse("b"),
            Vec::new(),
        );
        let account = Intent::AddAccount(AccountId::parse("111122223333").expect("an account"));
        let two = BTreeSet::from([0, 2]);
        let none = BTreeSet::new();
        let one = ["'111122223333'"].as_slice();
        for (at, (intent, before, after, want)) in [
            (Intent::Add(&b), [A].as_slice(), [A, B].as_slice(), true),
            (Intent::Add(&b), &[A], &[A, C], false),
            (Intent::Add(&b), &[A], &[C, B], false),
            (Intent::Add(&b), &[A], &[A], false),
            (account, &[], one, true),
            (account, &[], &["'444455556666'"], false),
            (account, &["x"], one, false),
            (Intent::Remove(0), &[A, B], &[B], true),
            (Intent::Remove(0), &[A, B], &[A], false),
            (Intent::Remove(0), &[A, B], &[A, B], false),
            (Intent::Remove(2), &[A, B], &[A, B], false),
            (Intent::RemoveAll(&two), &[A, B, C], &[B], true),
            (Intent::RemoveAll(&two), &[A, B, C], &[B, C], false),
            (Intent::RemoveAll(&none), &[A], &[A], true),
            (Intent::Replace(0, &b), &[A, C], &[B, C], true),
            (Intent::Replace(0, &b), &[A, C], &[B, A], false),
            (Intent::Replace(0, &b), &[A, C], &[C, C], false),
            (Intent::Replace(0, &b), &[A, C], &[B], false),
            (Intent::Replace(0, &b), &[A, C], &[B, C, A], false),
        ]
        .into_iter()
        .enumerate()
        {
            let (text, after) = list(after);
            let (rules, _) = read_config_map(&format!("mapRoles: {text}"));
            let (_, before) = list(before);
            let is_done = intent.is_done(Section::Roles, &before, &after, &rules);
            assert_eq!(is_done, want, "case {at}: {text}");
        }
    }

    #[test]
    fn the_rest_is_the_same_if_only_the_section_differs() {
        for (before, after, want) in [
            ("{mapRoles: a, x: 1}", "{mapRoles: b, x: 1}", true),
            ("{mapRoles: a, x: 1}", "{x: 1}", true),
            ("{mapRoles: a, x: 1}", "{mapRoles: a, x: 2}", false),
            ("{mapRoles: a, x: 1}", "{mapRoles: a, y: 1}", false),
            ("{mapRoles: a, x: 1}", "{mapRoles: a, x: 1, y: 1}", false),
            ("{mapRoles: a, x: 1}", "{mapRoles: a}", false),
            ("{x: {mapRoles: a}}", "{x: {mapRoles: b}}", false),
            ("{x: [1, 2]}", "{x: [1, 2]}", true),
            ("{x: [1, 2]}", "{x: [1]}", false),
            ("{x: [1, 2]}", "{x: [1, 3]}", false),
            ("{x: 1}\n---\na", "{x: 1}\n---\na", true),
            ("{x: 1}\n---\na", "{x: 1}\n---\nb", false),
            ("{x: 1}\n---\na", "{x: 1}", false),
        ] {
            let (before_nodes, after_nodes) = (nodes(before), nodes(after));
            let is_same = is_rest_same(
                (&before_nodes, before_nodes[0].as_mapping().expect("data")),
                (&after_nodes, after_nodes[0].as_mapping().expect("data")),
                Section::Roles,
            );
            assert_eq!(is_same, want, "{before} -> {after}");
        }
    }
}
