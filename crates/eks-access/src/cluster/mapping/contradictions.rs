//! Two documents that map one principal to different users.

use std::cell::OnceCell;
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, HashSet};

use aws_auth_map::{AccessPolicy, BackendKind, Rule, RulePrincipal, RuleRef, Rules, Template};

use super::Read;
use crate::check;
use crate::document::Document;
use crate::gather::Gathered;
use crate::managed::without_path;
use crate::place::Place;
use crate::problem::SourceFault;

/// A rule, and what is compared with the other rules of its principal. The order of groups and policies does not matter.
struct Compared<'r> {
    rule: &'r Rule,
    groups: BTreeSet<String>,
    policies: OnceCell<HashSet<&'r AccessPolicy>>,
}

/// Leaves no answer if two access entries of one principal differ, or if an entry of the ConfigMap differs from one in another
/// document. EKS has one access entry for each principal, so one of the two is out of date. In one ConfigMap, the last
/// of several entries counts.
pub(super) fn lose(documents: &[Document], gathered: &mut Gathered, found: &[Read]) {
    for kind in [BackendKind::AccessEntries, BackendKind::EksConfigMap] {
        let mut known: HashMap<String, (Compared<'_>, Place)> = HashMap::new();
        for read in found.iter().filter(|read| read.backend.kind() == kind) {
            let rules = read.backend.rules();
            for (principal, at, rule) in in_effect(rules, kind) {
                let document = read.origin.of(Some(at)).and_then(|at| documents.get(at));
                let Some(document) = document else {
                    continue;
                };
                let place = Place::of_rule(document.name(), rules.place(at));
                let compared = Compared::of(rule);
                match known.entry(principal) {
                    Entry::Vacant(vacant) => {
                        vacant.insert((compared, place));
                    }
                    Entry::Occupied(first) => {
                        let (other, of_first) = first.get();
                        if !compared.is_same(other) {
                            let principal = check::principal(rule);
                            let fault = SourceFault::DifferentRules(principal, of_first.clone());
                            gathered.lost(place, fault);
                        }
                    }
                }
            }
        }
    }
}

/// Returns the rules that are compared, each with its principal. EKS checks an access entry before it stores it, so one that
/// cannot be read contradicts one that can.
fn in_effect(rules: &Rules, kind: BackendKind) -> Vec<(String, RuleRef, &Rule)> {
    let of_principals = rules
        .iter()
        .filter_map(|(at, rule)| Some((principal(rule)?, at, rule)));
    if kind == BackendKind::AccessEntries {
        return of_principals.collect();
    }
    let mut last = HashMap::new();
    for (principal, at, rule) in of_principals.filter(|(.., rule)| !rule.is_refusing()) {
        last.insert(principal, (at, rule));
    }
    let mut rules: Vec<_> = last
        .into_iter()
        .map(|(principal, (at, rule))| (principal, at, rule))
        .collect();
    rules.sort_unstable_by_key(|(_, at, _)| *at);
    rules
}

/// Returns the principal of a rule for one ARN, without its path.
pub(super) fn principal(rule: &Rule) -> Option<String> {
    match rule.principal() {
        RulePrincipal::Arn(arn) => Some(without_path(arn)),
        _ => None,
    }
}

impl<'r> Compared<'r> {
    fn of(rule: &'r Rule) -> Self {
        Self {
            rule,
            groups: rule.groups().iter().map(Template::source).collect(),
            policies: OnceCell::new(),
        }
    }

    fn policies(&self) -> &HashSet<&'r AccessPolicy> {
        let collect = || self.rule.access_policies().iter().collect();
        self.policies.get_or_init(collect)
    }

    /// Returns whether two rules have the same access policies. The entries of one principal share them.
    fn has_same_policies(&self, other: &Self) -> bool {
        std::ptr::eq(self.rule.access_policies(), other.rule.access_policies())
            || self.policies() == other.policies()
    }

    /// Returns whether two rules make the same user, with the same access policies as far as they are known, or both
    /// refuse.
    fn is_same(&self, other: &Self) -> bool {
        let are_refusing = (self.rule.is_refusing(), other.rule.is_refusing());
        let is_known = |one: &Self| one.rule.policy_gaps().is_empty();
        let has_same_user =
            self.rule.username() == other.rule.username() && self.groups == other.groups;
        match are_refusing {
            (true, true) => true,
            (false, false) => {
                has_same_user
                    && (!is_known(self) || !is_known(other) || self.has_same_policies(other))
            }
            _ => false,
        }
    }
}
