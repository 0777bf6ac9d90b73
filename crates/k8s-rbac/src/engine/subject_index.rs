//! The bindings of each user and group in a scope.

use std::sync::Arc;

use super::binding::Binding;
use super::large_subject::LargeSubject;
use super::masks::{HashedRequest, TextHasher};
use super::persistent::{Hinted, Table, WithTag};
use super::position::{RoleSlot, SubjectPosition};
use super::role_table::{RoleMatch, RoleTable};
use crate::objects::PolicyRule;

/// The number of positions from which a subject is a [`LargeSubject`]. Our choice: with fewer,
/// walking them is as fast.
const LARGE_FROM: usize = 32;

/// The number of positions up to which a shrinking [`LargeSubject`] becomes a plain list again. Our
/// choice: half of [`LARGE_FROM`], so that a subject near one of the limits does not switch at each
/// change.
const SMALL_AGAIN_AT: usize = 16;

/// The hint of a subject with several positions. If a role slot has this number, its subjects are
/// only examined more closely than necessary.
const SEVERAL: RoleSlot = RoleSlot::MAX;

/// The positions of each subject of one kind, by the hash of its name.
///
/// The names themselves are in the bindings. `is_subject`, where a method takes it, compares the
/// name at a position, and so distinguishes subjects whose names share a hash. The hint of an entry
/// with one position is the slot of its role: most subjects have one binding, and its role is
/// irrelevant to most requests.
#[derive(Clone, Debug, Default)]
pub(crate) struct SubjectIndex(Table<SubjectBindings>);

/// The positions of one subject.
#[derive(Clone, Debug)]
pub(crate) enum SubjectBindings {
    /// The position and its binding. A decision that allows reads the binding next, and would wait
    /// longer if it had to find it by the position.
    One(SubjectPosition, Arc<Binding>),
    // INVARIANT: ascending.
    Few(Arc<[SubjectPosition]>),
    Many(Arc<LargeSubject>),
}

/// A search of an index. Its first line is already read.
#[derive(Debug)]
pub(crate) struct Search<'p>(WithTag<'p, SubjectBindings>);

impl<'p> Search<'p> {
    /// Finds the next subject, skipping subjects whose only role cannot affect the request.
    #[inline]
    pub(crate) fn next_relevant(
        &mut self,
        request: &HashedRequest<'_>,
        roles: &RoleTable,
    ) -> Option<&'p SubjectBindings> {
        self.0
            .by_ref()
            .filter(|entry| entry.hint == SEVERAL || roles.may_affect(entry.hint, request))
            .find_map(|entry| entry.get())
    }
}

impl SubjectIndex {
    /// Iterates over the subjects whose name has this hash. Other subjects may be among them.
    pub(crate) fn with_hash(&self, hash: u64) -> impl Iterator<Item = &SubjectBindings> {
        self.0.with_hash(hash).filter_map(|entry| entry.get())
    }

    /// Searches for the subjects whose name has this hash. `None` if the index is empty.
    #[inline]
    pub(crate) fn search(&self, hash: u64) -> Option<Search<'_>> {
        self.0.search(hash).map(Search)
    }

    /// Adds a position in a binding to the subject that `is_subject` recognizes.
    pub(crate) fn put(
        &mut self,
        hash: u64,
        is_subject: impl Fn(SubjectPosition) -> bool,
        position: SubjectPosition,
        binding: &Arc<Binding>,
        roles: &mut RoleTable,
        hasher: &TextHasher,
    ) {
        let is_it = |bindings: &SubjectBindings| bindings.first().is_some_and(&is_subject);
        let put = |bindings: &mut SubjectBindings| bindings.put(position, roles, hasher);
        if self.0.change(hash, is_it, put).is_none() {
            let one = SubjectBindings::One(position, Arc::clone(binding));
            self.0.insert(hash, one);
        }
    }

    /// Removes a position from the subject that `is_subject` recognizes. `binding_at` returns the
    /// binding at another position of the subject.
    pub(crate) fn remove(
        &mut self,
        hash: u64,
        is_subject: impl Fn(SubjectPosition) -> bool,
        position: SubjectPosition,
        binding_at: impl Fn(SubjectPosition) -> Option<Arc<Binding>>,
        roles: &mut RoleTable,
        hasher: &TextHasher,
    ) {
        let is_it = |bindings: &SubjectBindings| bindings.first().is_some_and(&is_subject);
        if let Some(SubjectBindings::One(..)) = self.0.find(hash, is_it) {
            self.0.remove(hash, is_it);
            return;
        }
        let remove = |bindings: &mut SubjectBindings| {
            bindings.remove(position, binding_at, roles, hasher);
        };
        self.0.change(hash, is_it, remove);
    }

    /// Replaces the binding of the subject that `is_subject` recognizes, which keeps its position.
    pub(crate) fn replace_binding(
        &mut self,
        hash: u64,
        is_subject: impl Fn(SubjectPosition) -> bool,
        binding: &Arc<Binding>,
    ) {
        let is_it = |bindings: &SubjectBindings| match bindings {
            SubjectBindings::One(position, _) => is_subject(*position),
            SubjectBindings::Few(_) | SubjectBindings::Many(_) => false,
        };
        self.0.change(hash, is_it, |bindings| {
            if let SubjectBindings::One(_, own) = bindings {
                *own = Arc::clone(binding);
            }
        });
    }
}

impl Hinted for SubjectBindings {
    fn hint(&self) -> RoleSlot {
        match self {
            Self::One(position, _) => position.slot,
            Self::Few(_) | Self::Many(_) => SEVERAL,
        }
    }
}

impl SubjectBindings {
    /// Returns the first position in walk order.
    pub(crate) fn first(&self) -> Option<SubjectPosition> {
        match self {
            Self::One(position, _) => Some(*position),
            Self::Few(positions) => positions.first().copied(),
            Self::Many(large) => large.positions().next().copied(),
        }
    }

    /// Iterates over the positions in walk order.
    pub(crate) fn iter(&self) -> Box<dyn Iterator<Item = SubjectPosition> + '_> {
        match self {
            Self::One(position, _) => Box::new(std::iter::once(*position)),
            Self::Few(positions) => Box::new(positions.iter().copied()),
            Self::Many(large) => Box::new(large.positions().copied()),
        }
    }

    /// Returns the first position before `limit` whose role allows the request, and its first rule
    /// that allows it.
    ///
    /// Appends to `missing`, in no particular order, at least the positions before the returned
    /// position whose role does not exist.
    pub(crate) fn first_allowing<'p>(
        &self,
        request: &HashedRequest<'_>,
        roles: &'p RoleTable,
        limit: Option<SubjectPosition>,
        missing: &mut Vec<SubjectPosition>,
    ) -> Option<(SubjectPosition, &'p PolicyRule)> {
        let positions = match self {
            Self::One(position, _) => std::slice::from_ref(position),
            Self::Few(positions) => positions,
            Self::Many(large) => {
                large.add_missing(roles, missing);
                return large.first_allowing(request, roles);
            }
        };
        // By INVARIANT, no position after the limit can be before it.
        let before_limit =
            |position: &&SubjectPosition| limit.is_none_or(|limit| **position < limit);
        for &position in positions.iter().take_while(before_limit) {
            match roles.evaluate(position.slot, request) {
                RoleMatch::Allows(rule) => return Some((position, rule)),
                RoleMatch::Missing => missing.push(position),
                RoleMatch::Irrelevant => {}
            }
        }
        None
    }

    fn put(&mut self, position: SubjectPosition, roles: &mut RoleTable, hasher: &TextHasher) {
        let before = match self {
            Self::One(one, _) => std::slice::from_ref(one),
            Self::Few(positions) => positions,
            Self::Many(large) => return Arc::make_mut(large).put(position, roles, hasher),
        };
        if before.len().saturating_add(1) >= LARGE_FROM {
            let mut large = LargeSubject::default();
            for &position in before.iter().chain([&position]) {
                large.put(position, roles, hasher);
            }
            *self = Self::Many(Arc::new(large));
            return;
        }
        let at = before.partition_point(|other| *other < position);
        let (lower, upper) = before.split_at_checked(at).unwrap_or_default();
        let positions = lower.iter().chain([&position]).chain(upper);
        *self = Self::Few(positions.copied().collect());
    }

    fn remove(
        &mut self,
        position: SubjectPosition,
        binding_at: impl Fn(SubjectPosition) -> Option<Arc<Binding>>,
        roles: &mut RoleTable,
        hasher: &TextHasher,
    ) {
        match self {
            Self::One(..) => {}
            Self::Few(positions) => {
                let others: Arc<[SubjectPosition]> = positions
                    .iter()
                    .copied()
                    .filter(|other| *other != position)
                    .collect();
                let one = match *others {
                    [one] => binding_at(one).map(|binding| Self::One(one, binding)),
                    _ => None,
                };
                *self = one.unwrap_or(Self::Few(others));
            }
            Self::Many(large) => {
                let large = Arc::make_mut(large);
                large.remove(position, roles, hasher);
                if large.positions().nth(SMALL_AGAIN_AT).is_none() {
                    let positions = large.positions().copied().collect();
                    large.clear(roles, hasher);
                    *self = Self::Few(positions);
                }
            }
        }
    }
}
