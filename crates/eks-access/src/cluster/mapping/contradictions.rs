//! Two documents that map one principal to different users.

use std::collections::{BTreeSet, HashMap, HashSet};

use aws_auth_map::{AccessPolicy, BackendKind, Rule, RulePrincipal, Template};

use super::Read;
use crate::document::Document;
use crate::gather::Gathered;
use crate::managed::without_path;
use crate::place::Place;
use crate::problem::SourceFault;

/// Leaves no answer if two access entries of one principal differ, or if an entry of the ConfigMap differs from one in another
/// document. EKS has one access entry for each principal, so one of the two is out of date. In one ConfigMap, the last
/// of several entries counts.
pub(super) fn lose(documents: &[Document], gathered: &mut Gathered, found: &[Read]) {
    for kind in [BackendKind::AccessEntries, BackendKind::EksConfigMap] {
        let mut known: HashMap<String, (usize, &Rule, Place)> = HashMap::new();
        let of_kind = found.iter().filter(|read| read.backend.kind() == kind);
        for (number, read) in of_kind.enumerate() {
            let rules = read.backend.rules();
            for (at, rule) in rules.iter().filter(|(_, rule)| !rule.is_refusing()) {
                let (Some(principal), Some(document)) = (
                    principal(rule),
                    read.origin.of(Some(at)).and_then(|at| documents.get(at)),
                ) else {
                    continue;
                };
                let place = Place::of_rule(document.name(), rules.place(at));
                match known.get(&principal) {
                    Some((first, other, of_first))
                        if (kind == BackendKind::AccessEntries || *first != number)
                            && !is_same(rule, other) =>
                    {
                        let fault = SourceFault::DifferentRules(principal, of_first.clone());
                        gathered.lost(place, fault);
                    }
                    Some((first, ..)) if *first != number => {}
                    _ => {
                        known.insert(principal, (number, rule, place));
                    }
                }
            }
        }
    }
}

/// Returns the principal of a rule for one ARN, without its path.
pub(super) fn principal(rule: &Rule) -> Option<String> {
    match rule.principal() {
        RulePrincipal::Arn(arn) => Some(without_path(arn)),
        _ => None,
    }
}

/// Returns whether two rules make the same user, with the same access policies as far as they are known. The order of
/// groups and policies does not matter.
fn is_same(one: &Rule, other: &Rule) -> bool {
    let is_known = |rule: &Rule| rule.policy_gaps().is_empty();
    let is_policy_known = is_known(one) && is_known(other);
    let groups =
        |rule: &Rule| -> BTreeSet<String> { rule.groups().iter().map(Template::source).collect() };
    let policies =
        |rule: &Rule| -> HashSet<AccessPolicy> { rule.access_policies().iter().cloned().collect() };
    one.username() == other.username()
        && groups(one) == groups(other)
        && (!is_policy_known || policies(one) == policies(other))
}
