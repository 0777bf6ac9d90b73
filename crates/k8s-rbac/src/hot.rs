//! What a name of many bindings may do: by what is asked, not by which binding gives it.
//!
//! Without this, a group that everybody is in would make every decision walk all of its bindings.
//!
//! [`Keys`] says which roles could allow what is asked, [`Many`] which of them the name has. Both
//! are about roles, so that a role which is replaced costs what it says itself, however many
//! bindings refer to it.

use crate::objects::PolicyRule;
use crate::persistent::{Ranked, Sorted};
use crate::places::Place;
use crate::roles::{Answer, Roles, SlotNumber};
use crate::rule::ALL;
use crate::sieve::{Asked, AskedOf, Hashes};

/// How many keys one rule may have for its resources, or for its paths. Our choice: a rule with
/// more is found by these alone, so that what is built stays in proportion to what was written.
const MAX_KEYS: usize = 64;

/// Stand where a text's number does in a key, so that keys of different kinds differ. Our choice:
/// numbers that no text is likely to have.
const NO_NAME: u64 = 0;
const PATH: u64 = 1;
const WIDE_RESOURCE: u64 = 2;
const WIDE_PATH: u64 = 3;
/// The key of roles with a path that stands for longer ones.
const PREFIX: u64 = 4;
/// The key of roles that are not there.
const MISSING: u64 = 5;

/// Where a name stands that has many bindings.
#[derive(Clone, Debug, Default)]
pub(crate) struct Many {
    places: Sorted<Place>,
    by_role: Sorted<OfRole>,
}

/// A place, ordered by its role first.
#[derive(Clone, Copy, Debug)]
struct OfRole(Place);

impl Ranked for OfRole {
    type Rank = (SlotNumber, u64, u32);

    fn rank(&self) -> Self::Rank {
        let Place {
            order,
            subject,
            slot,
        } = self.0;
        (slot, order, subject)
    }
}

impl Many {
    pub(crate) fn places(&self) -> impl Iterator<Item = &Place> {
        self.places.iter()
    }

    pub(crate) fn put(&mut self, place: Place, roles: &mut Roles, hashes: &Hashes) {
        if self.first_of(place.slot).is_none() {
            roles.heat(place.slot, hashes);
        }
        self.places.put(place);
        self.by_role.put(OfRole(place));
    }

    pub(crate) fn remove(&mut self, place: Place, roles: &mut Roles, hashes: &Hashes) {
        self.places.remove(place.rank());
        self.by_role.remove(OfRole(place).rank());
        if self.first_of(place.slot).is_none() {
            roles.cool(place.slot, hashes);
        }
    }

    /// Takes all places out.
    pub(crate) fn clear(&mut self, roles: &mut Roles, hashes: &Hashes) {
        let mut next = 0;
        while let Some(OfRole(place)) = self.by_role.iter_from((next, 0, 0)).next() {
            roles.cool(place.slot, hashes);
            next = place.slot.saturating_add(1);
        }
        *self = Self::default();
    }

    /// Finds the first place whose role allows what is asked.
    ///
    /// It is sought in two ways at once, step by step: place by place until one allows, and role
    /// by role of those that could. Whichever ends first has the answer, so that this costs no
    /// more than twice the shorter: few places where most allow, few roles where nearly none does.
    pub(crate) fn first(&self, asked: &Asked<'_>, roles: &Roles) -> Option<Place> {
        let mut walk = self.places.iter();
        let mut first: Option<Place> = None;
        for slot in roles.keys().roles_for(asked) {
            let is_first = |place: &Place| first.is_none_or(|first| *place < first);
            if let Some(place) = self.first_of(slot).filter(is_first)
                && matches!(roles.ask(slot, asked), Answer::Allow(_))
            {
                first = Some(place);
            }
            let place = walk.next()?;
            if matches!(roles.ask(place.slot, asked), Answer::Allow(_)) {
                return Some(*place);
            }
        }
        first
    }

    /// Adds the places whose role is not there, in no order.
    pub(crate) fn add_missing(&self, roles: &Roles, missing: &mut Vec<Place>) {
        let start = missing.len();
        let mut walk = self.places.iter();
        for slot in roles.keys().missing() {
            if walk.next().is_none() {
                // There are more such roles than places.
                missing.truncate(start);
                let places = self.places.iter().copied();
                return missing.extend(places.filter(|place| roles.rules(place.slot).is_none()));
            }
            missing.extend(self.of_role(slot));
        }
    }

    fn first_of(&self, slot: SlotNumber) -> Option<Place> {
        self.of_role(slot).next()
    }

    fn of_role(&self, slot: SlotNumber) -> impl Iterator<Item = Place> {
        let places = self.by_role.iter_from((slot, 0, 0)).map(|place| place.0);
        places.take_while(move |place| place.slot == slot)
    }
}

/// Which roles could allow what: those of them that some [`Many`] has.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keys(Sorted<KeyOf>);

/// The hash of a key, and a role that has it.
#[derive(Clone, Copy, Debug)]
struct KeyOf {
    key: u64,
    slot: SlotNumber,
}

impl Ranked for KeyOf {
    type Rank = (u64, SlotNumber);

    fn rank(&self) -> Self::Rank {
        (self.key, self.slot)
    }
}

impl Keys {
    /// Adds what a role allows; none for one that is not there.
    pub(crate) fn add(&mut self, slot: SlotNumber, rules: Option<&[PolicyRule]>, hashes: &Hashes) {
        each_key(rules, hashes, |key| self.0.put(KeyOf { key, slot }));
    }

    /// Takes out what [`add`](Self::add) added for the same rules.
    pub(crate) fn remove(
        &mut self,
        slot: SlotNumber,
        rules: Option<&[PolicyRule]>,
        hashes: &Hashes,
    ) {
        each_key(rules, hashes, |key| {
            self.0.remove((key, slot));
        });
    }

    /// Walks the roles that are not there.
    fn missing(&self) -> impl Iterator<Item = SlotNumber> {
        self.roles_of(MISSING)
    }

    /// Walks the roles that could allow what is asked, some perhaps more than once.
    fn roles_for(&self, asked: &Asked<'_>) -> impl Iterator<Item = SlotNumber> {
        keys_of(asked).flat_map(|key| self.roles_of(key))
    }

    fn roles_of(&self, key: u64) -> impl Iterator<Item = SlotNumber> {
        let keys = self.0.iter_from((key, 0));
        keys.take_while(move |of| of.key == key).map(|of| of.slot)
    }
}

/// Joins the numbers of texts to one.
fn key([one, two, three, four]: [u64; 4]) -> u64 {
    // They are as good as random already; that they do not commute is all that is needed.
    let factors = [
        0x9e37_79b9_7f4a_7c15,
        0xbf58_476d_1ce4_e5b9,
        0x94d0_49bb_1331_11eb,
        0xd6e8_feb8_6659_fd93,
    ];
    let products = [one, two, three, four].into_iter().zip(factors);
    products.fold(0, |sum: u64, (number, factor)| {
        sum.wrapping_add(number.wrapping_mul(factor))
    })
}

/// Visits the keys of some rules.
fn each_key(rules: Option<&[PolicyRule]>, hashes: &Hashes, mut visit: impl FnMut(u64)) {
    let Some(rules) = rules else {
        return visit(MISSING);
    };
    for rule in rules {
        resource_keys(rule, hashes, &mut visit);
        path_keys(rule, hashes, &mut visit);
    }
}

fn resource_keys(rule: &PolicyRule, hashes: &Hashes, visit: &mut impl FnMut(u64)) {
    let lists = [&rule.verbs, &rule.api_groups, &rule.resources];
    let count = lists.into_iter().map(Vec::len);
    let count = count.fold(rule.resource_names.len().max(1), usize::saturating_mul);
    let numbers = |texts: &[String]| texts.iter().map(|text| hashes.of(text)).collect();
    let resources: Vec<u64> = numbers(&rule.resources);
    if count > MAX_KEYS {
        let keys = resources.into_iter();
        return keys.for_each(|resource| visit(key([WIDE_RESOURCE, resource, 0, 0])));
    }
    let (verbs, groups): (Vec<u64>, Vec<u64>) = (numbers(&rule.verbs), numbers(&rule.api_groups));
    let mut names: Vec<u64> = numbers(&rule.resource_names);
    if names.is_empty() {
        names.push(NO_NAME);
    }
    for &verb in &verbs {
        for &group in &groups {
            for &resource in &resources {
                for &name in &names {
                    visit(key([verb, group, resource, name]));
                }
            }
        }
    }
}

fn path_keys(rule: &PolicyRule, hashes: &Hashes, visit: &mut impl FnMut(u64)) {
    let is_wide = rule
        .verbs
        .len()
        .saturating_mul(rule.non_resource_urls.len())
        > MAX_KEYS;
    for path in &rule.non_resource_urls {
        let number = hashes.of(path);
        if path != ALL && path.ends_with('*') {
            visit(PREFIX);
        } else if is_wide {
            visit(key([WIDE_PATH, number, 0, 0]));
        } else {
            let verbs = rule.verbs.iter();
            verbs.for_each(|verb| visit(key([PATH, hashes.of(verb), number, 0])));
        }
    }
}

/// Lists the keys under which [`each_key`] files all rules that allow what is asked.
fn keys_of(asked: &Asked<'_>) -> impl Iterator<Item = u64> {
    // The most that there are, of a request for a subresource.
    const MAX: usize = 2 * 2 * 3 * 2 + 3;
    let mut keys = [None; MAX];
    let mut places = keys.iter_mut();
    let mut add = |key: u64| {
        if let Some(place) = places.next() {
            *place = Some(key);
        }
    };
    let star = asked.star;
    let verbs = [asked.verb, star];
    match asked.of {
        AskedOf::Path { path } => {
            add(PREFIX);
            for path in [path, star] {
                add(key([WIDE_PATH, path, 0, 0]));
                verbs
                    .into_iter()
                    .for_each(|verb| add(key([PATH, verb, path, 0])));
            }
        }
        AskedOf::Resource {
            group,
            resource,
            of_all,
            name,
        } => {
            for resource in [Some(resource), of_all, Some(star)].into_iter().flatten() {
                add(key([WIDE_RESOURCE, resource, 0, 0]));
                for verb in verbs {
                    for group in [group, star] {
                        for name in [NO_NAME, name] {
                            add(key([verb, group, resource, name]));
                        }
                    }
                }
            }
        }
    }
    keys.into_iter().flatten()
}
