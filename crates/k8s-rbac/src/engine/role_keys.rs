//! The roles that could allow a request, found by keys that rules and requests share.
//!
//! Each combination of verb, API group, resource and name in a rule is one key. A request has a
//! fixed number of keys, one for each combination of its own values and wildcards.

use super::masks::{HashedRequest, HashedTarget, TextHasher};
use super::persistent::{Ranked, Sorted};
use super::position::RoleSlot;
use crate::objects::PolicyRule;
use crate::rule::ALL;

/// How many keys one rule may have for its resources, or for its paths. If a rule has more
/// combinations, its keys omit the verb, group and name. Our choice, so that the index stays
/// proportional to the size of the rules.
const MAX_KEYS: usize = 64;

/// These numbers stand in for the hash of a text, so that keys of different kinds differ. Our
/// choice: they are unlikely to be the hash of any text.
const NO_NAME: u64 = 0;
const PATH: u64 = 1;
const WIDE_RESOURCE: u64 = 2;
const WIDE_PATH: u64 = 3;
/// The key of roles with a path that ends in `*`.
const PREFIX: u64 = 4;
/// The key of roles that do not exist.
const MISSING: u64 = 5;

/// By key, the roles that some [`LargeSubject`](super::large_subject::LargeSubject) is bound to.
#[derive(Clone, Debug, Default)]
pub(crate) struct RoleKeys(Sorted<KeyedRole>);

/// A key, and a role that has it.
#[derive(Clone, Copy, Debug)]
struct KeyedRole {
    key: u64,
    slot: RoleSlot,
}

impl Ranked for KeyedRole {
    type Rank = (u64, RoleSlot);

    fn rank(&self) -> Self::Rank {
        (self.key, self.slot)
    }
}

impl RoleKeys {
    /// Adds the keys of a role. `rules` is `None` if the role does not exist.
    pub(crate) fn add(
        &mut self,
        slot: RoleSlot,
        rules: Option<&[PolicyRule]>,
        hasher: &TextHasher,
    ) {
        visit_keys(rules, hasher, |key| self.0.put(KeyedRole { key, slot }));
    }

    /// Removes the keys that [`add`](Self::add) added for the same rules.
    pub(crate) fn remove(
        &mut self,
        slot: RoleSlot,
        rules: Option<&[PolicyRule]>,
        hasher: &TextHasher,
    ) {
        visit_keys(rules, hasher, |key| {
            self.0.remove((key, slot));
        });
    }

    /// Iterates over the roles that do not exist.
    pub(crate) fn missing(&self) -> impl Iterator<Item = RoleSlot> {
        self.with_key(MISSING)
    }

    /// Iterates over all roles that could allow the request. A role may be repeated.
    pub(crate) fn candidates(&self, request: &HashedRequest<'_>) -> impl Iterator<Item = RoleSlot> {
        request_keys(request).flat_map(|key| self.with_key(key))
    }

    fn with_key(&self, key: u64) -> impl Iterator<Item = RoleSlot> {
        self.0
            .iter_from((key, 0))
            .take_while(move |role| role.key == key)
            .map(|role| role.slot)
    }
}

/// Combines four hashes into one key.
fn combine([one, two, three, four]: [u64; 4]) -> u64 {
    // The hashes are well mixed already. Distinct factors make the result depend on the order.
    let factors = [
        0x9e37_79b9_7f4a_7c15,
        0xbf58_476d_1ce4_e5b9,
        0x94d0_49bb_1331_11eb,
        0xd6e8_feb8_6659_fd93,
    ];
    [one, two, three, four]
        .into_iter()
        .zip(factors)
        .fold(0, |sum: u64, (hash, factor)| {
            sum.wrapping_add(hash.wrapping_mul(factor))
        })
}

/// Calls `visit` with each key of a role.
fn visit_keys(rules: Option<&[PolicyRule]>, hasher: &TextHasher, mut visit: impl FnMut(u64)) {
    let Some(rules) = rules else {
        return visit(MISSING);
    };
    for rule in rules {
        visit_resource_keys(rule, hasher, &mut visit);
        visit_path_keys(rule, hasher, &mut visit);
    }
}

fn visit_resource_keys(rule: &PolicyRule, hasher: &TextHasher, visit: &mut impl FnMut(u64)) {
    let combinations = [&rule.verbs, &rule.api_groups, &rule.resources]
        .into_iter()
        .map(Vec::len)
        .fold(rule.resource_names.len().max(1), usize::saturating_mul);
    let hash_all = |texts: &[String]| texts.iter().map(|text| hasher.hash(text)).collect();
    let resources: Vec<u64> = hash_all(&rule.resources);
    if combinations > MAX_KEYS {
        for resource in resources {
            visit(combine([WIDE_RESOURCE, resource, 0, 0]));
        }
        return;
    }
    let verbs: Vec<u64> = hash_all(&rule.verbs);
    let groups: Vec<u64> = hash_all(&rule.api_groups);
    let mut names: Vec<u64> = hash_all(&rule.resource_names);
    if names.is_empty() {
        names.push(NO_NAME);
    }
    for &verb in &verbs {
        for &group in &groups {
            for &resource in &resources {
                for &name in &names {
                    visit(combine([verb, group, resource, name]));
                }
            }
        }
    }
}

fn visit_path_keys(rule: &PolicyRule, hasher: &TextHasher, visit: &mut impl FnMut(u64)) {
    let combinations = rule
        .verbs
        .len()
        .saturating_mul(rule.non_resource_urls.len());
    for path in &rule.non_resource_urls {
        let hash = hasher.hash(path);
        if path != ALL && path.ends_with('*') {
            visit(PREFIX);
        } else if combinations > MAX_KEYS {
            visit(combine([WIDE_PATH, hash, 0, 0]));
        } else {
            for verb in &rule.verbs {
                visit(combine([PATH, hasher.hash(verb), hash, 0]));
            }
        }
    }
}

/// Returns the keys of a request: every rule that allows it has at least one of them.
fn request_keys(request: &HashedRequest<'_>) -> impl Iterator<Item = u64> {
    // The number of keys of a request for a subresource, which has the most.
    const MAX: usize = 2 * 2 * 3 * 2 + 3;
    let mut keys = [None; MAX];
    let mut free = keys.iter_mut();
    let mut add = |key: u64| {
        if let Some(entry) = free.next() {
            *entry = Some(key);
        }
    };
    let star = request.star;
    let verbs = [request.verb, star];
    match request.target {
        HashedTarget::Path { path } => {
            add(PREFIX);
            for path in [path, star] {
                add(combine([WIDE_PATH, path, 0, 0]));
                for verb in verbs {
                    add(combine([PATH, verb, path, 0]));
                }
            }
        }
        HashedTarget::Resource {
            group,
            resource,
            any_resource,
            name,
        } => {
            for resource in [Some(resource), any_resource, Some(star)]
                .into_iter()
                .flatten()
            {
                add(combine([WIDE_RESOURCE, resource, 0, 0]));
                for verb in verbs {
                    for group in [group, star] {
                        for name in [NO_NAME, name] {
                            add(combine([verb, group, resource, name]));
                        }
                    }
                }
            }
        }
    }
    keys.into_iter().flatten()
}
