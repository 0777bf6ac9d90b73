//! Where the names of users and groups stand in the bindings of a scope.

use std::sync::Arc;

use crate::hot::Many;
use crate::persistent::{Marked, Ranked, Table};
use crate::roles::{Answer, Roles, SlotNumber};
use crate::sieve::{Asked, Hashes};

/// From how many places on a name's list is one of [`Many`]. Our choice: below, walking is as fast.
const MANY: usize = 32;

/// Below how many it is none again. Our choice: half of it, so that it does not go to and fro.
const FEW: usize = 16;

/// Where a name stands: which binding, which of its subjects, and what the binding gives. Ordered
/// as the walk is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Place {
    pub(crate) order: u64,
    pub(crate) subject: u32,
    pub(crate) slot: SlotNumber,
}

impl Ranked for Place {
    type Rank = (u64, u32);

    fn rank(&self) -> Self::Rank {
        (self.order, self.subject)
    }
}

/// The mark of a list with several places. A slot of this number, if there ever is one, is looked at
/// as if it were several.
const SEVERAL: SlotNumber = SlotNumber::MAX;

/// All places, by the hash of the name.
///
/// The name itself is where the places are, in the bindings; so is whether two names have one hash,
/// which `is_of` finds out. The mark of a list is the slot of its place, if it has just one: most
/// have, and the role in the slot has nothing to say about most requests.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names(Table<Places>);

/// Where one name stands.
#[derive(Clone, Debug)]
pub(crate) enum Places {
    One(Place),
    // INVARIANT: ascending.
    Few(Arc<[Place]>),
    Many(Arc<Many>),
}

impl Names {
    /// Walks the lists whose name has this hash: that of the name, if it has one, and perhaps others.
    pub(crate) fn of_hash(&self, hash: u64) -> impl Iterator<Item = &Places> {
        let lists = self.0.of_hash(hash);
        lists.filter_map(|list| list.entry())
    }

    /// Walks those of them that could have something to say, by what is known of their roles.
    #[inline]
    pub(crate) fn of_hash_about<'p>(
        &'p self,
        hash: u64,
        asked: &Asked<'_>,
        roles: &Roles,
    ) -> impl Iterator<Item = &'p Places> {
        let lists = self.0.of_hash(hash);
        let lists = lists.filter(|list| list.mark == SEVERAL || roles.may_say(list.mark, asked));
        lists.filter_map(|list| list.entry())
    }

    pub(crate) fn put(
        &mut self,
        hash: u64,
        is_of: impl Fn(Place) -> bool,
        place: Place,
        roles: &mut Roles,
        hashes: &Hashes,
    ) {
        let is_it = |places: &Places| places.head().is_some_and(&is_of);
        let put = |places: &mut Places| places.put(place, roles, hashes);
        if self.0.change(hash, is_it, put).is_none() {
            self.0.insert(hash, Places::One(place));
        }
    }

    pub(crate) fn remove(
        &mut self,
        hash: u64,
        is_of: impl Fn(Place) -> bool,
        place: Place,
        roles: &mut Roles,
        hashes: &Hashes,
    ) {
        let is_it = |places: &Places| places.head().is_some_and(&is_of);
        if let Some(Places::One(_)) = self.0.find(hash, is_it) {
            self.0.remove(hash, is_it);
            return;
        }
        let remove = |places: &mut Places| places.remove(place, roles, hashes);
        self.0.change(hash, is_it, remove);
    }
}

impl Marked for Places {
    fn mark(&self) -> SlotNumber {
        match self {
            Self::One(place) => place.slot,
            Self::Few(_) | Self::Many(_) => SEVERAL,
        }
    }
}

impl Places {
    /// Returns the first place.
    pub(crate) fn head(&self) -> Option<Place> {
        match self {
            Self::One(place) => Some(*place),
            Self::Few(places) => places.first().copied(),
            Self::Many(many) => many.places().next().copied(),
        }
    }

    /// Walks the places in order.
    pub(crate) fn iter(&self) -> Box<dyn Iterator<Item = Place> + '_> {
        match self {
            Self::One(place) => Box::new(std::iter::once(*place)),
            Self::Few(places) => Box::new(places.iter().copied()),
            Self::Many(many) => Box::new(many.places().copied()),
        }
    }

    /// Finds the first place before `limit` whose role allows what is asked, and adds those before
    /// it whose role is not there; perhaps also some after it, and in no order.
    pub(crate) fn first(
        &self,
        asked: &Asked<'_>,
        roles: &Roles,
        limit: Option<Place>,
        missing: &mut Vec<Place>,
    ) -> Option<Place> {
        let places = match self {
            Self::One(place) => std::slice::from_ref(place),
            Self::Few(places) => places,
            Self::Many(many) => {
                many.add_missing(roles, missing);
                return many.first(asked, roles);
            }
        };
        // By INVARIANT no later place is before the limit.
        let places = places.iter().copied();
        for place in places.take_while(|place| limit.is_none_or(|limit| *place < limit)) {
            match roles.ask(place.slot, asked) {
                Answer::Allow(_) => return Some(place),
                Answer::Missing => missing.push(place),
                Answer::No => {}
            }
        }
        None
    }

    fn put(&mut self, place: Place, roles: &mut Roles, hashes: &Hashes) {
        let before = match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Few(places) => places,
            Self::Many(many) => return Arc::make_mut(many).put(place, roles, hashes),
        };
        if before.len().saturating_add(1) >= MANY {
            let mut many = Many::default();
            let places = before.iter().copied().chain([place]);
            places.for_each(|place| many.put(place, roles, hashes));
            *self = Self::Many(Arc::new(many));
            return;
        }
        let at = before.partition_point(|other| *other < place);
        let (lower, upper) = before.split_at_checked(at).unwrap_or_default();
        let places = lower.iter().chain([&place]).chain(upper);
        *self = Self::Few(places.copied().collect());
    }

    fn remove(&mut self, place: Place, roles: &mut Roles, hashes: &Hashes) {
        match self {
            Self::One(_) => {}
            Self::Few(places) => {
                let others = places.iter().copied().filter(|other| *other != place);
                let others: Arc<[Place]> = others.collect();
                *self = match *others {
                    [one] => Self::One(one),
                    _ => Self::Few(others),
                };
            }
            Self::Many(many) => {
                let many = Arc::make_mut(many);
                many.remove(place, roles, hashes);
                if many.places().nth(FEW).is_none() {
                    let places = many.places().copied().collect();
                    many.clear(roles, hashes);
                    *self = Self::Few(places);
                }
            }
        }
    }
}
