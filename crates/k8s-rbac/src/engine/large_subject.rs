//! The bindings of a user or group with many bindings.
//!
//! Without this, a group with many members and bindings would make each decision walk all of them.
//! [`RoleKeys`](super::role_keys::RoleKeys) finds the roles that could allow a request, and
//! [`LargeSubject`] finds the first binding of the subject to such a role. Both refer to roles by
//! slot, so the cost of replacing a role does not depend on the number of bindings that refer to
//! it.

use super::masks::{HashedRequest, TextHasher};
use super::persistent::{Ranked, Sorted};
use super::position::{RoleSlot, SubjectPosition};
use super::role_table::{RoleMatch, RoleTable};
use crate::objects::PolicyRule;

/// The positions of one subject, by walk order and by role.
#[derive(Clone, Debug, Default)]
pub(crate) struct LargeSubject {
    positions: Sorted<SubjectPosition>,
    // INVARIANT: the role table holds the keys of every role in here.
    by_role: Sorted<PositionByRole>,
}

/// A position, ordered by its role first.
#[derive(Clone, Copy, Debug)]
struct PositionByRole(SubjectPosition);

impl Ranked for PositionByRole {
    type Rank = (RoleSlot, u64, u32);

    fn rank(&self) -> Self::Rank {
        let SubjectPosition {
            order,
            subject,
            slot,
        } = self.0;
        (slot, order, subject)
    }
}

impl LargeSubject {
    /// Iterates over the positions in walk order.
    pub(crate) fn positions(&self) -> impl Iterator<Item = &SubjectPosition> {
        self.positions.iter()
    }

    pub(crate) fn put(
        &mut self,
        position: SubjectPosition,
        roles: &mut RoleTable,
        hasher: &TextHasher,
    ) {
        if self.first_with_role(position.slot).is_none() {
            roles.retain_keys(position.slot, hasher);
        }
        self.positions.put(position);
        self.by_role.put(PositionByRole(position));
    }

    pub(crate) fn remove(
        &mut self,
        position: SubjectPosition,
        roles: &mut RoleTable,
        hasher: &TextHasher,
    ) {
        self.positions.remove(position.rank());
        self.by_role.remove(PositionByRole(position).rank());
        if self.first_with_role(position.slot).is_none() {
            roles.release_keys(position.slot, hasher);
        }
    }

    /// Removes all positions.
    pub(crate) fn clear(&mut self, roles: &mut RoleTable, hasher: &TextHasher) {
        let mut next_slot = 0;
        while let Some(PositionByRole(position)) = self.by_role.iter_from((next_slot, 0, 0)).next()
        {
            roles.release_keys(position.slot, hasher);
            next_slot = position.slot.saturating_add(1);
        }
        *self = Self::default();
    }

    /// Returns the first position whose role allows the request, and its first rule that allows it.
    ///
    /// Two searches run in step: over the positions in walk order, and over the roles that could
    /// allow the request. The search that finishes first has the answer, so the cost is at most
    /// twice the cost of the shorter search. The first search is short if most roles allow the
    /// request, the second if few roles do.
    pub(crate) fn first_allowing<'p>(
        &self,
        request: &HashedRequest<'_>,
        roles: &'p RoleTable,
    ) -> Option<(SubjectPosition, &'p PolicyRule)> {
        let allowing = |position: SubjectPosition| match roles.evaluate(position.slot, request) {
            RoleMatch::Allows(rule) => Some((position, rule)),
            RoleMatch::Irrelevant | RoleMatch::Missing => None,
        };
        let mut walk = self.positions.iter();
        let mut first: Option<(SubjectPosition, &PolicyRule)> = None;
        for slot in roles.keys().candidates(request) {
            let is_earlier =
                |position: &SubjectPosition| first.is_none_or(|(first, _)| *position < first);
            let earlier = self.first_with_role(slot).filter(is_earlier);
            first = earlier.and_then(allowing).or(first);
            let position = walk.next()?;
            if let Some(found) = allowing(*position) {
                return Some(found);
            }
        }
        first
    }

    /// Appends the positions whose role does not exist, in no particular order.
    pub(crate) fn add_missing(&self, roles: &RoleTable, missing: &mut Vec<SubjectPosition>) {
        let start = missing.len();
        let mut walk = self.positions.iter();
        for slot in roles.keys().missing() {
            if walk.next().is_none() {
                // There are more missing roles than positions, so the positions are the shorter
                // list to walk.
                missing.truncate(start);
                let is_missing = |position: &&SubjectPosition| roles.rules(position.slot).is_none();
                missing.extend(self.positions.iter().filter(is_missing));
                return;
            }
            missing.extend(self.with_role(slot));
        }
    }

    fn first_with_role(&self, slot: RoleSlot) -> Option<SubjectPosition> {
        self.with_role(slot).next()
    }

    fn with_role(&self, slot: RoleSlot) -> impl Iterator<Item = SubjectPosition> {
        self.by_role
            .iter_from((slot, 0, 0))
            .map(|position| position.0)
            .take_while(move |position| position.slot == slot)
    }
}
