//! Bit sets that rule out most rules without reading them.
//!
//! A mask never denies a request that [`PolicyRule::allows`] allows. If a mask does not rule a rule
//! out, the rule itself is evaluated, so the answer is always the rule's answer.

use std::hash::BuildHasher;

use foldhash::quality::RandomState;

use crate::objects::PolicyRule;
use crate::request::{Request, ResourceRequest};
use crate::rule::ALL;

/// The longest `resource/subresource` that is joined without allocating. Our choice: Kubernetes'
/// longest has 60 bytes.
const MAX_JOINED: usize = 128;

/// Hashes texts. Each policy has its own seed, so precomputed collisions are useless. A collision
/// costs time but never changes a verdict: names and rules are always compared.
#[derive(Clone, Debug)]
pub(crate) struct TextHasher {
    state: RandomState,
    /// The hash of [`ALL`].
    star: u64,
    /// The bits of a hash that are kept. Fewer bits make hashes collide.
    #[cfg(test)]
    kept_bits: u64,
}

impl Default for TextHasher {
    fn default() -> Self {
        let state = RandomState::default();
        let star = state.hash_one(ALL);
        Self {
            state,
            star,
            #[cfg(test)]
            kept_bits: u64::MAX,
        }
    }
}

#[cfg(test)]
impl TextHasher {
    /// Hashes texts to numbers that only have these bits.
    pub(crate) fn keeping(kept_bits: u64) -> Self {
        let hasher = Self::default();
        let star = hasher.star & kept_bits;
        Self {
            star,
            kept_bits,
            ..hasher
        }
    }
}

impl TextHasher {
    #[inline]
    pub(crate) fn hash(&self, text: &str) -> u64 {
        self.keep(self.state.hash_one(text))
    }

    pub(crate) fn hash_pair(&self, one: &str, other: &str) -> u64 {
        self.keep(self.state.hash_one((one, other)))
    }

    pub(crate) fn hash_rules(&self, rules: &[PolicyRule]) -> u64 {
        self.keep(self.state.hash_one(rules))
    }

    #[cfg(not(test))]
    #[inline]
    #[expect(clippy::unused_self, reason = "tests keep some bits only")]
    const fn keep(&self, hash: u64) -> u64 {
        hash
    }

    #[cfg(test)]
    const fn keep(&self, hash: u64) -> u64 {
        hash & self.kept_bits
    }

    /// Hashes `resource/subresource`, joined on the stack if it has an ordinary length.
    fn hash_joined(&self, resource: &str, subresource: &str) -> u64 {
        let mut buffer = [0; MAX_JOINED];
        let pieces = [resource, "/", subresource];
        let mut rest: &mut [u8] = &mut buffer;
        for piece in pieces {
            let Some((target, after)) = rest.split_at_mut_checked(piece.len()) else {
                return self.hash(&pieces.concat());
            };
            target.copy_from_slice(piece.as_bytes());
            rest = after;
        }
        let len = MAX_JOINED.saturating_sub(rest.len());
        let joined = buffer.get(..len).unwrap_or_default();
        std::str::from_utf8(joined).map_or(0, |joined| self.hash(joined))
    }
}

/// A request, with the hashes and masks of its parts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HashedRequest<'r> {
    pub(crate) request: &'r Request<'r>,
    /// The hash of [`ALL`].
    pub(crate) star: u64,
    pub(crate) verb: u64,
    pub(crate) target: HashedTarget,
    rule_mask: RuleMask,
    pub(crate) role_mask: RoleMask,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum HashedTarget {
    Path {
        path: u64,
    },
    Resource {
        group: u64,
        /// As a rule spells it: `resource` or `resource/subresource`.
        resource: u64,
        /// `*/subresource`.
        any_resource: Option<u64>,
        name: u64,
    },
}

impl<'r> HashedRequest<'r> {
    pub(crate) fn new(request: &'r Request<'r>, hasher: &TextHasher) -> Self {
        let target = match request {
            Request::Path(request) => HashedTarget::Path {
                path: hasher.hash(request.path()),
            },
            Request::Resource(request) => HashedTarget::of_resource(request, hasher),
        };
        let verb = hasher.hash(request.verb());
        let mut rule_mask = RuleMask {
            verbs: verb_bit(request.verb(), verb),
            ..RuleMask::default()
        };
        match target {
            HashedTarget::Path { path } => rule_mask.paths = bit(path),
            HashedTarget::Resource {
                group,
                resource,
                any_resource,
                ..
            } => {
                rule_mask.groups = bit(group);
                rule_mask.resources = bit(resource) | any_resource.map_or(0, bit);
            }
        }
        Self {
            request,
            star: hasher.star,
            verb,
            target,
            rule_mask,
            role_mask: rule_mask.to_role_mask(),
        }
    }
}

impl HashedTarget {
    fn of_resource(request: &ResourceRequest<'_>, hasher: &TextHasher) -> Self {
        let (resource, any_resource) = match request.subresource() {
            None => (hasher.hash(request.resource()), None),
            Some(subresource) => (
                hasher.hash_joined(request.resource(), subresource),
                Some(hasher.hash_joined(ALL, subresource)),
            ),
        };
        Self::Resource {
            group: hasher.hash(request.group()),
            resource,
            any_resource,
            name: hasher.hash(request.name().unwrap_or_default()),
        }
    }
}

/// The texts that a rule may match: one bit for each text, and all bits for `*`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RuleMask {
    verbs: u32,
    groups: u64,
    resources: u64,
    paths: u64,
}

impl RuleMask {
    pub(crate) fn of(rule: &PolicyRule, hasher: &TextHasher) -> Self {
        let bits = |texts: &[String]| {
            texts.iter().fold(0, |bits, text| match text.as_str() {
                ALL => u64::MAX,
                text => bits | bit(hasher.hash(text)),
            })
        };
        let verbs = rule.verbs.iter().fold(0, |bits, verb| match verb.as_str() {
            ALL => u32::MAX,
            verb => bits | verb_bit(verb, hasher.hash(verb)),
        });
        let has_prefix = rule.non_resource_urls.iter().any(|url| url.ends_with('*'));
        Self {
            verbs,
            groups: bits(&rule.api_groups),
            resources: bits(&rule.resources),
            paths: if has_prefix {
                u64::MAX
            } else {
                bits(&rule.non_resource_urls)
            },
        }
    }

    /// Returns whether the rule may allow the request. `false` is certain.
    pub(crate) const fn may_allow(&self, request: &HashedRequest<'_>) -> bool {
        let request = &request.rule_mask;
        self.verbs & request.verbs != 0
            && (self.groups & request.groups != 0 && self.resources & request.resources != 0
                || self.paths & request.paths != 0)
    }

    /// Packs the verbs, and the resources or paths, into one word.
    pub(crate) fn to_role_mask(self) -> RoleMask {
        let fold_to_half = |bits: u64| {
            let [a, b, c, d, e, f, g, h] = bits.to_le_bytes();
            u32::from_le_bytes([a | e, b | f, c | g, d | h])
        };
        RoleMask {
            verbs: self.verbs,
            targets: fold_to_half(self.resources | self.paths),
        }
    }
}

/// The texts that any rule of a role may match: coarser than a [`RuleMask`], in one word.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RoleMask {
    verbs: u32,
    targets: u32,
}

impl RoleMask {
    /// Rules nothing out.
    pub(crate) const ALL: Self = Self {
        verbs: u32::MAX,
        targets: u32::MAX,
    };

    /// Returns the mask that matches if either mask matches.
    pub(crate) const fn union(self, other: Self) -> Self {
        Self {
            verbs: self.verbs | other.verbs,
            targets: self.targets | other.targets,
        }
    }

    /// Returns whether the role may allow a request with this mask. `false` is certain.
    pub(crate) const fn may_allow(self, request: Self) -> bool {
        self.verbs & request.verbs != 0 && self.targets & request.targets != 0
    }
}

/// Returns one of 32 bits. Each of the eight common verbs has its own bit; all other verbs share
/// the other bits.
fn verb_bit(verb: &str, hash: u64) -> u32 {
    match verb {
        "get" => 1,
        "list" => 1 << 1,
        "watch" => 1 << 2,
        "create" => 1 << 3,
        "update" => 1 << 4,
        "patch" => 1 << 5,
        "delete" => 1 << 6,
        "deletecollection" => 1 << 7,
        _ => {
            let other = 8_u64.saturating_add(hash % 24);
            1_u32.wrapping_shl(u32::try_from(other).unwrap_or_default())
        }
    }
}

/// Returns one of 64 bits, chosen by the highest bits of a hash.
fn bit(hash: u64) -> u64 {
    1_u64.wrapping_shl(u32::try_from(hash >> 58).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_texts_hash_like_the_whole() {
        let hasher = TextHasher::default();
        for (resource, subresource) in [("pods", "log"), ("", ""), ("*", "a/b"), ("é", "é")] {
            let whole = format!("{resource}/{subresource}");
            assert_eq!(
                hasher.hash_joined(resource, subresource),
                hasher.hash(&whole)
            );
        }
        for len in [0, 100, 126, 127, 128, 500] {
            let resource = "x".repeat(len);
            let whole = format!("{resource}/a");
            assert_eq!(hasher.hash_joined(&resource, "a"), hasher.hash(&whole));
        }
    }
}
