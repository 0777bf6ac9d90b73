//! Rules compiled to masks, so that most of them are passed over without reading a word of them.
//!
//! A mask never says no where [`PolicyRule::allows`] says yes. Where it does not say no, the rule
//! itself is asked, so that the answer is always that of the rule.

use std::hash::BuildHasher;

use foldhash::quality::RandomState;

use crate::objects::PolicyRule;
use crate::request::{Request, ResourceRequest};
use crate::rule::ALL;

/// How long `resource/subresource` may be before joining it allocates. Our choice: the longest of
/// Kubernetes' own has 60 bytes.
const MAX_JOINED: usize = 128;

/// Gives texts numbers. They differ from policy to policy, so that nobody can choose texts that
/// share theirs.
#[derive(Clone, Debug)]
pub(crate) struct Hashes {
    state: RandomState,
    /// That of [`ALL`].
    star: u64,
}

impl Default for Hashes {
    fn default() -> Self {
        let state = RandomState::default();
        let star = state.hash_one(ALL);
        Self { state, star }
    }
}

impl Hashes {
    #[inline]
    pub(crate) fn of(&self, text: &str) -> u64 {
        self.state.hash_one(text)
    }

    pub(crate) fn of_pair(&self, one: &str, other: &str) -> u64 {
        self.state.hash_one((one, other))
    }

    /// Gives `resource/subresource` its number, joined on the stack if it is of an ordinary length.
    fn of_joined(&self, resource: &str, subresource: &str) -> u64 {
        let mut buffer = [0; MAX_JOINED];
        let pieces = [resource, "/", subresource];
        let mut rest: &mut [u8] = &mut buffer;
        for piece in pieces {
            let Some((target, after)) = rest.split_at_mut_checked(piece.len()) else {
                return self.of(&pieces.concat());
            };
            target.copy_from_slice(piece.as_bytes());
            rest = after;
        }
        let len = MAX_JOINED.saturating_sub(rest.len());
        let joined = buffer.get(..len).unwrap_or_default();
        std::str::from_utf8(joined).map_or(0, |joined| self.of(joined))
    }
}

/// A request, and the numbers of its texts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'r> {
    pub(crate) request: &'r Request<'r>,
    pub(crate) star: u64,
    pub(crate) verb: u64,
    pub(crate) of: AskedOf,
    /// The bits of what is asked.
    sieve: Sieve,
    pub(crate) coarse: Coarse,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum AskedOf {
    Path {
        path: u64,
    },
    Resource {
        group: u64,
        /// As a rule would write it: `resource` or `resource/subresource`.
        resource: u64,
        /// `*/subresource`.
        of_all: Option<u64>,
        name: u64,
    },
}

impl<'r> Asked<'r> {
    pub(crate) fn of(request: &'r Request<'r>, hashes: &Hashes) -> Self {
        let of = match request {
            Request::Path(request) => AskedOf::Path {
                path: hashes.of(request.path()),
            },
            Request::Resource(request) => Self::of_resource(request, hashes),
        };
        let verb = hashes.of(request.verb());
        let mut sieve = Sieve {
            verbs: verb_bit(request.verb(), verb),
            ..Sieve::default()
        };
        match of {
            AskedOf::Path { path } => sieve.paths = bit(path),
            AskedOf::Resource {
                group,
                resource,
                of_all,
                ..
            } => {
                sieve.groups = bit(group);
                sieve.resources = bit(resource) | of_all.map_or(0, bit);
            }
        }
        Self {
            request,
            star: hashes.star,
            verb,
            of,
            sieve,
            coarse: sieve.coarse(),
        }
    }

    fn of_resource(request: &ResourceRequest<'_>, hashes: &Hashes) -> AskedOf {
        let (resource, of_all) = match request.subresource() {
            None => (hashes.of(request.resource()), None),
            Some(subresource) => (
                hashes.of_joined(request.resource(), subresource),
                Some(hashes.of_joined(ALL, subresource)),
            ),
        };
        AskedOf::Resource {
            group: hashes.of(request.group()),
            resource,
            of_all,
            name: hashes.of(request.name().unwrap_or_default()),
        }
    }
}

/// What a rule, or any rule of a role, may be about: a bit for each text, all of them for the star.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sieve {
    verbs: u32,
    groups: u64,
    resources: u64,
    paths: u64,
}

impl Sieve {
    pub(crate) fn of(rule: &PolicyRule, hashes: &Hashes) -> Self {
        let bits = |texts: &[String]| {
            let bits = texts.iter().map(|text| match text.as_str() {
                ALL => u64::MAX,
                text => bit(hashes.of(text)),
            });
            bits.fold(0, |bits, bit| bits | bit)
        };
        let verbs = rule.verbs.iter().map(|verb| match verb.as_str() {
            ALL => u32::MAX,
            verb => verb_bit(verb, hashes.of(verb)),
        });
        let mut paths = rule.non_resource_urls.iter();
        let is_prefix = paths.any(|path| path.ends_with('*'));
        Self {
            verbs: verbs.fold(0, |bits, bit| bits | bit),
            groups: bits(&rule.api_groups),
            resources: bits(&rule.resources),
            paths: if is_prefix {
                u64::MAX
            } else {
                bits(&rule.non_resource_urls)
            },
        }
    }

    /// Returns one that lets through what either lets through.
    pub(crate) const fn or(self, other: Self) -> Self {
        Self {
            verbs: self.verbs | other.verbs,
            groups: self.groups | other.groups,
            resources: self.resources | other.resources,
            paths: self.paths | other.paths,
        }
    }

    /// Says whether the rule could allow the request. No is certain.
    pub(crate) const fn may_allow(&self, asked: &Asked<'_>) -> bool {
        let asked = &asked.sieve;
        self.verbs & asked.verbs != 0
            && (self.groups & asked.groups != 0 && self.resources & asked.resources != 0
                || self.paths & asked.paths != 0)
    }

    /// Returns verbs and what they are about in one word: coarser, and quick to come by.
    pub(crate) fn coarse(&self) -> Coarse {
        let half = |bits: u64| {
            let [a, b, c, d, e, f, g, h] = bits.to_le_bytes();
            u32::from_le_bytes([a | e, b | f, c | g, d | h])
        };
        Coarse {
            verbs: self.verbs,
            things: half(self.resources | self.paths),
        }
    }
}

/// A [`Sieve`] of a role as a whole, in one word.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Coarse {
    verbs: u32,
    things: u32,
}

impl Coarse {
    /// Lets everything through.
    pub(crate) const ALL: Self = Self {
        verbs: u32::MAX,
        things: u32::MAX,
    };

    /// Says whether a role could allow what is asked. No is certain.
    pub(crate) const fn may_allow(self, asked: Self) -> bool {
        self.verbs & asked.verbs != 0 && self.things & asked.things != 0
    }
}

/// Returns one of 32 bits: one of its own for each verb that most rules are about, so that none of
/// them is ever taken for another, and one of the rest for any other.
fn verb_bit(verb: &str, number: u64) -> u32 {
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
            let other = 8_u64.saturating_add(number % 24);
            1_u32.wrapping_shl(u32::try_from(other).unwrap_or_default())
        }
    }
}

/// Returns one of 64 bits, by the highest bits of a number.
fn bit(number: u64) -> u64 {
    1_u64.wrapping_shl(u32::try_from(number >> 58).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_texts_have_the_number_of_the_whole() {
        let hashes = Hashes::default();
        for (resource, subresource) in [("pods", "log"), ("", ""), ("*", "a/b"), ("é", "é")] {
            let whole = format!("{resource}/{subresource}");
            assert_eq!(hashes.of_joined(resource, subresource), hashes.of(&whole));
        }
        for len in [0, 100, 126, 127, 128, 500] {
            let resource = "x".repeat(len);
            let whole = format!("{resource}/a");
            assert_eq!(hashes.of_joined(&resource, "a"), hashes.of(&whole));
        }
    }
}
