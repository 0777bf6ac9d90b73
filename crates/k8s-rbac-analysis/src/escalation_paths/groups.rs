//! The groups that one request impersonates.

use std::collections::{BTreeMap, BTreeSet};

use crate::escalation_paths::GrantedBy;

pub(super) const AUTHENTICATED: &str = "system:authenticated";
pub(super) const UNAUTHENTICATED: &str = "system:unauthenticated";

/// Groups, each with the grant that allows impersonating it.
pub(super) type AllowedGroups<'p> = BTreeMap<String, GrantedBy<'p>>;

/// Lists the largest sets of groups that one request can impersonate. The API server adds
/// `system:authenticated` to every request without `system:unauthenticated`, so there may be two sets.
pub(super) fn sets_of(mut groups: AllowedGroups<'_>) -> Vec<AllowedGroups<'_>> {
    let mut sets = Vec::new();
    if groups.contains_key(UNAUTHENTICATED) && !groups.contains_key(AUTHENTICATED) {
        sets.push(groups.clone());
        groups.remove(UNAUTHENTICATED);
    }
    sets.push(groups);
    sets
}

/// A set of the groups that matter, a bit for each in their order. A search compares millions of such
/// sets.
#[derive(Debug)]
pub(super) struct GroupBits(Vec<u64>);

impl GroupBits {
    /// Builds the set of the groups for which `is_member` returns true.
    pub(super) fn new(groups: &BTreeSet<String>, is_member: impl Fn(&str) -> bool) -> Self {
        let all: Vec<&String> = groups.iter().collect();
        let word = |part: &[&String]| {
            part.iter().rev().fold(0_u64, |bits, group| {
                bits.wrapping_shl(1) | u64::from(is_member(group))
            })
        };
        Self(all.chunks(64).map(word).collect())
    }

    pub(super) fn is_subset(&self, other: &Self) -> bool {
        self.0
            .iter()
            .zip(&other.0)
            .all(|(own, other)| own & !other == 0)
    }

    /// Returns the work of comparing a set with some others.
    pub(super) fn work(&self, others: usize) -> usize {
        let words = self.0.len().saturating_mul(others);
        words.saturating_div(COMPARISONS).saturating_add(1)
    }
}

/// The comparisons of words that count as one unit of work. Our choice: a unit is a look-up in a map.
const COMPARISONS: usize = 64;
