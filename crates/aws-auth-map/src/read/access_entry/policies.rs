//! The access policies of an entry.

use std::collections::{BTreeSet, HashMap, HashSet};

use bounded_yaml::{Mapping, Node};

use super::entry::Entry;
use super::found::ASSOCIATED;
use super::{API, Keys};
use crate::problem::ProblemKind;
use crate::rules::access_policy::{AccessPolicy, AccessScope, PolicyGap};

/// The access policies of an entry.
#[derive(Default)]
pub(super) struct Policies {
    pub(super) policies: Vec<AccessPolicy>,
    /// In order, each once.
    pub(super) gaps: BTreeSet<PolicyGap>,
}

/// An object that may have policies, with the index of its text.
type List<'l> = (usize, &'l Mapping);

impl Entry<'_, '_, '_> {
    /// Returns whether the entry has policies, or policies are listed for its principal.
    pub(super) fn has_policies(&self, lists: &[List<'_>]) -> bool {
        let mut of_any = self.with(lists).into_iter();
        of_any.any(|list| !read_list(list, self.keys).is_empty())
    }

    /// Reads the policies in the entry and the policies that are listed for its principal. A policy
    /// that cannot be read is left out, and is a gap.
    pub(super) fn policies(&mut self, lists: &[List<'_>]) -> Policies {
        let lists = self.with(lists);
        let mut found = Policies::default();
        for (text, list) in &lists {
            if let Some(token) = next_page(list) {
                let at = (*text, token.offset());
                self.report_of_list(ProblemKind::CutOffPolicies, at);
                found.gaps.insert(PolicyGap::CutOff);
            }
        }
        let is_listed = lists.iter().any(|(_, list)| is_list(list, self.keys));
        // No other command and no input has the ARN of the entry. One association is not the whole list.
        let is_described = self.mapping.get("accessEntryArn").is_some();
        if !is_listed && (is_described || lists.iter().any(|(_, list)| is_failed(list))) {
            self.report(ProblemKind::PoliciesNotListed, self.keys.principal);
            found.gaps.insert(PolicyGap::NotListed);
        }
        let mut contradictory = self.on_one_list_only(&lists, &mut found.gaps);
        // The index of each policy in `policies`, by its ARN.
        let mut known: HashMap<String, usize> = HashMap::new();
        let read: Vec<_> = lists
            .iter()
            .flat_map(|list| read_list(*list, self.keys))
            .collect();
        for (at, policy) in read {
            let policy = match policy {
                Ok(policy) => policy,
                Err(gap) => {
                    self.report_of_list(ProblemKind::AccessPolicy, at);
                    found.gaps.insert(gap);
                    continue;
                }
            };
            let earlier = known.get(policy.arn());
            match earlier.and_then(|at| found.policies.get(*at)) {
                None => {
                    known.insert(policy.arn().to_owned(), found.policies.len());
                    found.policies.push(policy);
                }
                Some(earlier) if *earlier == policy => {
                    self.report_of_list(ProblemKind::DuplicateAccessPolicy, at);
                }
                // A principal has each policy once, so it is unknown which scope is meant.
                Some(earlier) => {
                    self.report_of_list(ProblemKind::ContradictoryAccessPolicy, at);
                    found.gaps.insert(PolicyGap::Scope {
                        arn: policy.arn().to_owned(),
                        written: format!("{earlier}, {policy}"),
                    });
                    contradictory.insert(policy.arn().to_owned());
                }
            }
        }
        let policies = &mut found.policies;
        policies.retain(|policy| !contradictory.contains(policy.arn()));
        found
    }

    /// Returns the ARNs of the policies that are on some of the lists only, of which each has all policies of the
    /// principal, and adds a gap for each.
    fn on_one_list_only(
        &mut self,
        lists: &[List<'_>],
        gaps: &mut BTreeSet<PolicyGap>,
    ) -> HashSet<String> {
        let read = |list: &List<'_>| -> Vec<(At, AccessPolicy)> {
            let policies = read_list(*list, self.keys).into_iter();
            policies
                .filter_map(|(at, policy)| Some((at, policy.ok()?)))
                .collect()
        };
        let is_page = |(_, list): &List<'_>| next_page(list).is_some();
        let (whole, parts): (Vec<List<'_>>, Vec<List<'_>>) = lists
            .iter()
            .partition(|list| is_list(list.1, self.keys) && !is_page(list));
        let has_page = parts.iter().any(is_page);
        let whole: Vec<_> = whole.iter().map(read).collect();
        // A list without a token may be the last page of those with one, so it need not have their policies.
        let is_compared = match has_page {
            true => whole.iter().any(Vec::is_empty),
            false => !whole.is_empty(),
        };
        let parts: Vec<_> = match is_compared {
            true => parts.iter().map(read).collect(),
            false => Vec::new(),
        };
        // How many lists have each policy.
        let mut lists_with: HashMap<&str, usize> = HashMap::new();
        for list in &whole {
            let arns: HashSet<&str> = list.iter().map(|(_, policy)| policy.arn()).collect();
            for arn in arns {
                let count = lists_with.entry(arn).or_default();
                *count = count.saturating_add(1);
            }
        }
        let mut found = HashSet::new();
        for (at, policy) in whole.iter().chain(&parts).flatten() {
            let is_on_each = lists_with.get(policy.arn()) == Some(&whole.len());
            if !is_on_each && found.insert(policy.arn().to_owned()) {
                self.report_of_list(ProblemKind::ContradictoryAccessPolicy, *at);
                gaps.insert(PolicyGap::Scope {
                    arn: policy.arn().to_owned(),
                    written: format!("{policy}, none"),
                });
            }
        }
        found
    }

    /// Returns the objects that may have policies of the entry.
    fn with<'l>(&self, lists: &[List<'l>]) -> Vec<List<'l>>
    where
        Self: 'l,
    {
        let own = (self.text, self.mapping);
        std::iter::once(own).chain(lists.iter().copied()).collect()
    }

    fn report_of_list(&mut self, kind: ProblemKind, at: At) {
        self.report_at(kind, self.at.field_of(self.keys.policies), at);
    }
}

/// An offset in a text.
type At = (usize, Option<usize>);

/// Reads the policies of an object, each with its place.
fn read_list((text, list): List<'_>, keys: &Keys) -> Vec<(At, Result<AccessPolicy, PolicyGap>)> {
    let at = |node: Option<&Node>| (text, node.and_then(Node::offset));
    match list.get(keys.policies) {
        Some(Node::Sequence(items)) => items
            .iter()
            .map(|item| {
                let policy = item.as_mapping();
                let policy = policy.ok_or_else(|| PolicyGap::Unreadable(written(item)));
                let policy = policy.and_then(|policy| read_policy(policy, keys.policy));
                (at(Some(item)), policy)
            })
            .collect(),
        Some(Node::Null) => Vec::new(),
        None => match (list.get(ASSOCIATED), list.get(keys.policy)) {
            (Some(Node::Mapping(policy)), _) => {
                let at = at(policy.get(keys.policy));
                vec![(at, read_policy(policy, keys.policy))]
            }
            (Some(other), _) => vec![(at(Some(other)), Err(PolicyGap::Unreadable(written(other))))],
            (None, Some(arn)) => vec![(at(Some(arn)), read_policy(list, keys.policy))],
            (None, None) => Vec::new(),
        },
        Some(other) => {
            let gap = PolicyGap::Unreadable(written(other));
            vec![(at(Some(other)), Err(gap))]
        }
    }
}

/// Returns whether an object has a list of policies, which is perhaps empty.
fn is_list(object: &Mapping, keys: &Keys) -> bool {
    let list = object.get(keys.policies);
    list.is_some_and(|list| list.as_sequence().is_some())
}

/// Returns whether an object has null in place of the list that AWS prints. A command that fails prints no list, and
/// `jq` makes null of it.
fn is_failed(object: &Mapping) -> bool {
    object.get(API.policies).is_some_and(Node::is_null)
}

/// Returns the token for the next page of a list: the EKS API has `nextToken`, the AWS command line `NextToken`.
fn next_page(list: &Mapping) -> Option<&Node> {
    let mut tokens = ["nextToken", "NextToken"].into_iter();
    let is_token = |token: &&Node| !token.is_null() && token.as_text() != Some("");
    tokens.find_map(|key| list.get(key).filter(is_token))
}

/// The service and the kind of resource in the ARN of an access policy.
const POLICY_RESOURCE: &str = ":eks::aws:cluster-access-policy/";

fn read_policy(mapping: &Mapping, key: &str) -> Result<AccessPolicy, PolicyGap> {
    let arn = mapping.get(key).and_then(Node::as_text);
    let arn = arn.filter(|arn| arn.contains(POLICY_RESOURCE) && mapping.duplicates().is_empty());
    let arn = arn.ok_or_else(|| PolicyGap::Unreadable(written_keys(mapping)))?;
    let scope = scope_of(mapping).ok_or_else(|| PolicyGap::Scope {
        arn: arn.to_owned(),
        written: mapping.get("accessScope").map_or_else(String::new, written),
    })?;
    Ok(AccessPolicy::new(arn, scope))
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
