//! The access policies of an entry.

use std::collections::{HashMap, HashSet};

use bounded_yaml::{Mapping, Node};

use super::Keys;
use super::entry::Entry;
use super::found::Lists;
use crate::problem::ProblemKind;
use crate::rules::access_policy::{AccessPolicy, AccessScope};
use crate::rules::arn::fold;

impl<'e> Entry<'e, '_, '_> {
    /// Reads the policies in the entry and the policies that are listed for its principal. A policy
    /// that cannot be read is left out, which only takes permissions away.
    pub(super) fn policies(&mut self, arn: &str, lists: &Lists<'e>) -> Vec<AccessPolicy> {
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
        // A principal has each policy once, so if there are two scopes it is unknown which is
        // meant.
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
