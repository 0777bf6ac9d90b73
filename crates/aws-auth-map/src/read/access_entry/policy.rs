//! The access policies in one object.

use std::collections::BTreeSet;

use bounded_yaml::{Mapping, Node};

use super::found::{ASSOCIATED, Object};
use super::{API, Keys};
use crate::rules::access_policy::AccessScope;

/// An offset in a text, with the index of the text.
pub(super) type At = (usize, Option<usize>);

/// An access policy as an object has it.
pub(super) struct WrittenPolicy {
    pub(super) arn: String,
    /// The text of what was written if it cannot be read.
    pub(super) scope: Result<AccessScope, String>,
}

/// Reads the policies of an object, each with its place. A policy whose ARN cannot be read is the text of what was
/// written.
pub(super) fn read_policies(
    (text, object): Object<'_>,
    keys: &Keys,
) -> Vec<(At, Result<WrittenPolicy, String>)> {
    let at = |node: Option<&Node>| (text, node.and_then(Node::offset));
    match object.get(keys.policies) {
        Some(Node::Sequence(items)) => items
            .iter()
            .map(|item| {
                let policy = item.as_mapping().ok_or_else(|| written(item));
                let policy = policy.and_then(|policy| read_policy(policy, keys.policy));
                (at(Some(item)), policy)
            })
            .collect(),
        Some(Node::Null) => Vec::new(),
        None => match (object.get(ASSOCIATED), object.get(keys.policy)) {
            (Some(Node::Mapping(policy)), _) => {
                let at = at(policy.get(keys.policy));
                vec![(at, read_policy(policy, keys.policy))]
            }
            (Some(other), _) => vec![(at(Some(other)), Err(written(other)))],
            (None, Some(arn)) => vec![(at(Some(arn)), read_policy(object, keys.policy))],
            (None, None) => Vec::new(),
        },
        Some(other) => vec![(at(Some(other)), Err(written(other)))],
    }
}

/// Returns whether an object has a list of policies, which is perhaps empty.
pub(super) fn is_list(object: &Mapping, keys: &Keys) -> bool {
    let list = object.get(keys.policies);
    list.is_some_and(|list| list.as_sequence().is_some())
}

/// Returns whether an object has null in place of the list that AWS prints. A command that fails prints no list, and
/// `jq` makes null of it.
pub(super) fn is_failed(object: &Mapping) -> bool {
    object.get(API.policies).is_some_and(Node::is_null)
}

/// Returns the token for the next page of a list: the EKS API has `nextToken`, the AWS command line `NextToken`.
pub(super) fn next_page(list: &Mapping) -> Option<&Node> {
    let mut tokens = ["nextToken", "NextToken"].into_iter();
    let is_token = |token: &&Node| !token.is_null() && token.as_text() != Some("");
    tokens.find_map(|key| list.get(key).filter(is_token))
}

/// The service and the kind of resource in the ARN of an access policy.
const POLICY_RESOURCE: &str = ":eks::aws:cluster-access-policy/";

/// Reads a policy. The text of what was written if its ARN cannot be read.
fn read_policy(mapping: &Mapping, key: &str) -> Result<WrittenPolicy, String> {
    let arn = mapping.get(key).and_then(Node::as_text);
    let arn = arn.filter(|arn| arn.contains(POLICY_RESOURCE) && mapping.duplicates().is_empty());
    let arn = arn.ok_or_else(|| written_keys(mapping))?;
    let unread = || mapping.get("accessScope").map_or_else(String::new, written);
    Ok(WrittenPolicy {
        arn: arn.to_owned(),
        scope: scope_of(mapping).ok_or_else(unread),
    })
}

fn scope_of(mapping: &Mapping) -> Option<AccessScope> {
    let scope = mapping.get("accessScope")?.as_mapping()?;
    if !scope.duplicates().is_empty() {
        return None;
    }
    let is_empty = |node: &Node| node.is_null() || node.as_sequence().is_some_and(<[_]>::is_empty);
    match scope.get("type")?.as_text()? {
        // EKS prints an empty list.
        "cluster" => scope
            .get("namespaces")
            .is_none_or(is_empty)
            .then_some(AccessScope::Cluster),
        "namespace" => {
            let names = scope.get("namespaces")?.as_sequence()?.iter();
            // AWS has a set of them, and tools differ in their order.
            let names: BTreeSet<String> = names
                .map(|name| name.as_text().map(str::to_owned))
                .collect::<Option<_>>()?;
            (!names.is_empty()).then(|| AccessScope::Namespaces(names.into_iter().collect()))
        }
        _ => None,
    }
}

/// Writes a scope in the form of [`written`].
pub(super) fn write_scope(scope: &AccessScope) -> String {
    match scope {
        AccessScope::Cluster => r#"{"type": "cluster"}"#.to_owned(),
        AccessScope::Namespaces(names) => {
            format!(r#"{{"namespaces": {names:?}, "type": "namespace"}}"#)
        }
    }
}

/// Writes a value in one form, so that equal values have equal texts.
fn written(node: &Node) -> String {
    match node {
        Node::Null => "null".to_owned(),
        Node::Scalar(scalar) => format!("{:?}", scalar.text()),
        Node::Sequence(items) => {
            let items: Vec<String> = items.iter().map(written).collect();
            format!("[{}]", items.join(", "))
        }
        Node::Mapping(mapping) => written_keys(mapping),
    }
}

/// Writes the entries of a mapping. `associatedAt` and `modifiedAt` are facts of EKS and not of the policy.
fn written_keys(mapping: &Mapping) -> String {
    let entries = mapping.entries().iter();
    let mut entries: Vec<String> = entries
        .filter(|(key, _)| !["associatedAt", "modifiedAt"].contains(&key.text()))
        .map(|(key, value)| format!("{:?}: {}", key.text(), written(value)))
        .collect();
    entries.sort();
    format!("{{{}}}", entries.join(", "))
}
