//! Access entries, their policies and their ARNs among the objects of texts.

use std::collections::{HashMap, HashSet};

use bounded_yaml::{Mapping, Node};
use iam_principal::Principal;

use super::{API, Keys};
use crate::rules::arn::{fold, strip_path};

/// The objects in texts, by kind, each with the index of its text.
#[derive(Default)]
pub(in crate::read) struct Found<'n> {
    pub(super) entries: Vec<Object<'n>>,
    /// Objects with access policies of a principal.
    pub(super) policies: Vec<Object<'n>>,
    /// The ARNs that `aws eks list-access-entries` prints.
    pub(super) listed: Vec<(usize, &'n Node)>,
    /// Every object that was looked at.
    pub(super) objects: Vec<(usize, &'n Node)>,
    /// Whether there is a list without entries: the cluster has none.
    pub(super) has_empty_list: bool,
}

/// The key of the policy in the output of `aws eks associate-access-policy`.
pub(super) const ASSOCIATED: &str = "associatedAccessPolicy";

impl<'n> Found<'n> {
    /// Takes the items of a list as entries.
    pub(in crate::read) fn of_list(items: &'n [Node]) -> Self {
        Self {
            entries: items
                .iter()
                .filter_map(|item| Some((0, item.as_mapping()?)))
                .collect(),
            ..Self::default()
        }
    }

    pub(super) fn collect(&mut self, text: usize, node: &'n Node) {
        let mapping = match node {
            Node::Sequence(items) => {
                self.has_empty_list |= items.is_empty();
                for item in items {
                    self.collect(text, item);
                }
                return;
            }
            Node::Mapping(mapping) => mapping,
            Node::Null | Node::Scalar(_) => return,
        };
        self.objects.push((text, node));
        if let Some(inner) = mapping
            .get("accessEntry")
            .or_else(|| mapping.get("accessEntries"))
        {
            let items = inner.as_sequence().unwrap_or_default();
            let listed = items.iter().filter(|item| is_text(item));
            self.listed.extend(listed.map(|item| (text, item)));
            match inner {
                // Its key says what it is, although it may have policies and nothing else.
                Node::Mapping(inner) => self.entries.push((text, inner)),
                _ => self.collect(text, inner),
            }
            return;
        }
        let has = |key: &str| mapping.get(key).is_some();
        if has(ASSOCIATED) {
            self.policies.push((text, mapping));
            return;
        }
        let is_entry = ["accessEntryArn", "kubernetesGroups", "type", "username"]
            .into_iter()
            .any(has);
        if !is_entry && (has(API.policies) || has(API.policy)) {
            self.policies.push((text, mapping));
        } else if is_entry || has(API.principal) {
            self.entries.push((text, mapping));
        }
    }

    /// Returns the objects that may have access policies of a principal, by its [`principal_key`]: its entries, and
    /// then the others.
    pub(super) fn by_principal(&self, keys: &Keys) -> HashMap<String, Vec<Object<'n>>> {
        let mut objects: HashMap<String, Vec<Object<'n>>> = HashMap::new();
        for (text, object) in self.entries.iter().chain(&self.policies) {
            if let Some(arn) = object.get(keys.principal).and_then(Node::as_text) {
                let of_principal = objects.entry(principal_key(arn)).or_default();
                of_principal.push((*text, *object));
            }
        }
        objects
    }

    fn principals(&self) -> HashSet<String> {
        let principals = self
            .entries
            .iter()
            .filter_map(|(_, entry)| principal(entry));
        principals.collect()
    }

    /// Returns the policies whose principal has no entry.
    pub(super) fn orphans(&self) -> impl Iterator<Item = (usize, &'n Mapping)> {
        let principals = self.principals();
        self.policies
            .clone()
            .into_iter()
            .filter(move |(_, list)| principal(list).is_none_or(|arn| !principals.contains(&arn)))
    }

    /// Returns the listed ARNs of principals without an entry.
    pub(super) fn only_listed(&self) -> impl Iterator<Item = (usize, &'n Node)> {
        let principals = self.principals();
        self.listed.clone().into_iter().filter(move |(_, node)| {
            let arn = node.as_text().unwrap_or("");
            Principal::parse(arn).is_ok() && !principals.contains(&fold(arn))
        })
    }

    /// Returns the first listed text that is not the ARN of a principal.
    pub(super) fn first_unknown(&self) -> Option<(usize, &'n Node)> {
        let is_unknown = |node: &Node| Principal::parse(node.as_text().unwrap_or("")).is_err();
        self.listed
            .iter()
            .copied()
            .find(|(_, node)| is_unknown(node))
    }
}

/// An object with the index of its text.
pub(super) type Object<'n> = (usize, &'n Mapping);

/// Returns the ARN of a principal as EKS compares it: a role has no path.
pub(super) fn principal_key(arn: &str) -> String {
    strip_path(&fold(arn))
}

/// Returns the folded ARN of an object's principal.
fn principal(mapping: &Mapping) -> Option<String> {
    Some(fold(mapping.get(API.principal)?.as_text()?))
}

/// Whether documents have access entries, their policies or their ARNs.
pub(in crate::read) fn has_entries(nodes: &[Node]) -> bool {
    let mut found = Found::default();
    for node in nodes {
        found.collect(0, node);
    }
    !(found.listed.is_empty() && found.policies.is_empty())
        || found
            .entries
            .iter()
            .any(|(_, entry)| entry.get(API.principal).is_some())
}

const fn is_text(node: &Node) -> bool {
    matches!(node, Node::Scalar(_))
}
