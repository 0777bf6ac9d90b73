//! The roles, each in a numbered slot that bindings refer to.
//!
//! Replacing a role changes its slot and no binding. A slot exists as long as its role exists or a
//! binding refers to it. So a binding may refer to a role that does not exist yet.

use std::borrow::Cow;
use std::num::NonZeroU32;
use std::sync::Arc;

use super::masks::{HashedRequest, RoleMask, TextHasher};
use super::persistent::{Hinted, Sorted, Table, Vector};
use super::position::RoleSlot;
use super::role::{CompiledRules, NamedRole, RoleName, RoleView};
use super::role_keys::RoleKeys;
use super::rule_lists::RuleLists;
use crate::objects::PolicyRule;

/// All roles, by slot.
#[derive(Clone, Debug)]
pub(crate) struct RoleTable {
    slots: Vector<Slot>,
    /// One mask for each slot: [`RoleMask::ALL`] if the role does not exist. The masks are apart
    /// from the slots because most decisions read only them.
    masks: Vector<RoleMask>,
    uses: Vector<Uses>,
    by_name: Table<NamedSlot>,
    free: Sorted<RoleSlot>,
    keys: RoleKeys,
    lists: RuleLists,
}

/// The slot of a role. The role's name is in the slot. It is never [`RoleTable::UNSATISFIABLE`].
#[derive(Clone, Copy, Debug)]
struct NamedSlot(NonZeroU32);

/// The role in a slot.
#[derive(Clone, Debug, Default)]
struct Slot {
    /// `None` if the slot is free.
    role: Option<Arc<NamedRole>>,
    /// `None` if bindings refer to a role that does not exist. The rules are here, and not in the
    /// role, so that a decision need not read the role.
    rules: Option<Arc<CompiledRules>>,
}

/// The bindings and subjects that depend on a slot.
#[derive(Clone, Debug, Default)]
struct Uses {
    /// The number of bindings that refer to the slot.
    bindings: u32,
    /// The number of large subjects that are bound to the slot.
    // INVARIANT: `RoleTable::keys` holds the keys of the role if and only if this is not zero.
    large_subjects: u32,
}

/// The effect of a role on a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RoleMatch<'p> {
    /// The first rule that allows the request.
    Allows(&'p PolicyRule),
    /// No rule allows it.
    Irrelevant,
    /// The role does not exist.
    Missing,
}

impl Default for RoleTable {
    fn default() -> Self {
        let mut table = Self {
            slots: Vector::default(),
            masks: Vector::default(),
            uses: Vector::default(),
            by_name: Table::default(),
            free: Sorted::default(),
            keys: RoleKeys::default(),
            lists: RuleLists::default(),
        };
        // The slot UNSATISFIABLE.
        table.add_slot();
        table
    }
}

impl RoleTable {
    /// The slot of references that no role can satisfy: references to an unknown kind, and from a
    /// `ClusterRoleBinding` to a `Role`.
    pub(crate) const UNSATISFIABLE: RoleSlot = 0;

    /// Returns the rules of the role with a name; `None` if it does not exist.
    pub(crate) fn find(&self, name: RoleName<'_>, hasher: &TextHasher) -> Option<&[PolicyRule]> {
        self.rules(self.slot_of(name, hasher)?)
    }

    /// Returns the rules of the role in a slot; `None` if it does not exist.
    pub(crate) fn rules(&self, slot: RoleSlot) -> Option<&[PolicyRule]> {
        Some(self.compiled(slot)?.rules())
    }

    /// Returns whether the role in a slot may allow the request, or does not exist. `false` is
    /// certain.
    #[inline]
    pub(crate) fn may_affect(&self, slot: RoleSlot, request: &HashedRequest<'_>) -> bool {
        let mask = usize::try_from(slot)
            .ok()
            .and_then(|slot| self.masks.get(slot));
        mask.is_none_or(|mask| mask.may_allow(request.role_mask))
    }

    /// Evaluates the role in a slot.
    pub(crate) fn evaluate<'p>(
        &'p self,
        slot: RoleSlot,
        request: &HashedRequest<'_>,
    ) -> RoleMatch<'p> {
        if !self.may_affect(slot, request) {
            return RoleMatch::Irrelevant;
        }
        let Some(rules) = self.compiled(slot) else {
            return RoleMatch::Missing;
        };
        rules
            .first_allowing(request)
            .map_or(RoleMatch::Irrelevant, RoleMatch::Allows)
    }

    pub(crate) const fn keys(&self) -> &RoleKeys {
        &self.keys
    }

    /// Returns the role with a name. `None` if it does not exist.
    pub(crate) fn view(&self, name: RoleName<'_>, hasher: &TextHasher) -> Option<RoleView<'_>> {
        self.view_at(self.slot_of(name, hasher)?)
    }

    /// Iterates over all roles, in no particular order.
    pub(crate) fn views(&self) -> impl Iterator<Item = RoleView<'_>> {
        self.by_name
            .iter()
            .filter_map(|named| self.view_at(named.0.get()))
    }

    /// Adds a role, or replaces the role with its name.
    pub(crate) fn put(
        &mut self,
        role: NamedRole,
        rules: Cow<'_, [PolicyRule]>,
        hasher: &TextHasher,
    ) {
        let slot = self.slot_for(role.name(), hasher);
        let rules = self.lists.share(rules, hasher);
        self.set(slot, role, Some(rules), hasher);
    }

    /// Removes a role. Returns whether it existed.
    pub(crate) fn remove(&mut self, name: RoleName<'_>, hasher: &TextHasher) -> bool {
        let slot = self.slot_of(name, hasher);
        let Some(slot) = slot.filter(|&slot| self.rules(slot).is_some()) else {
            return false;
        };
        self.set(slot, NamedRole::bare(name), None, hasher);
        self.free_if_unused(slot, name, hasher);
        true
    }

    /// Counts a binding that refers to a role. Returns the slot of the role.
    pub(crate) fn add_reference(
        &mut self,
        name: Option<RoleName<'_>>,
        hasher: &TextHasher,
    ) -> RoleSlot {
        let slot = name.map_or(Self::UNSATISFIABLE, |name| self.slot_for(name, hasher));
        if let Some(uses) = self.uses_mut(slot) {
            uses.bindings = uses.bindings.saturating_add(1);
        }
        slot
    }

    /// Undoes [`add_reference`](Self::add_reference).
    pub(crate) fn drop_reference(
        &mut self,
        name: Option<RoleName<'_>>,
        slot: RoleSlot,
        hasher: &TextHasher,
    ) {
        if let Some(uses) = self.uses_mut(slot) {
            uses.bindings = uses.bindings.saturating_sub(1);
        }
        if let Some(name) = name {
            self.free_if_unused(slot, name, hasher);
        }
    }

    /// Keeps the keys of a role for one more large subject.
    pub(crate) fn retain_keys(&mut self, slot: RoleSlot, hasher: &TextHasher) {
        let Some(uses) = self.uses_mut(slot) else {
            return;
        };
        uses.large_subjects = uses.large_subjects.saturating_add(1);
        if uses.large_subjects == 1 {
            let rules = self.compiled(slot).cloned();
            let rules = rules.as_ref().map(|rules| rules.rules());
            self.keys.add(slot, rules, hasher);
        }
    }

    /// Undoes [`retain_keys`](Self::retain_keys).
    pub(crate) fn release_keys(&mut self, slot: RoleSlot, hasher: &TextHasher) {
        let Some(uses) = self.uses_mut(slot) else {
            return;
        };
        uses.large_subjects = uses.large_subjects.saturating_sub(1);
        if uses.large_subjects == 0 {
            let rules = self.compiled(slot).cloned();
            let rules = rules.as_ref().map(|rules| rules.rules());
            self.keys.remove(slot, rules, hasher);
        }
    }

    fn set(
        &mut self,
        slot: RoleSlot,
        role: NamedRole,
        rules: Option<Arc<CompiledRules>>,
        hasher: &TextHasher,
    ) {
        let has_keys = self.uses(slot).is_some_and(|uses| uses.large_subjects > 0);
        let Ok(index) = usize::try_from(slot) else {
            return;
        };
        if let Some(mask) = self.masks.get_mut(index) {
            *mask = rules.as_ref().map_or(RoleMask::ALL, |rules| rules.mask());
        }
        let after = Slot {
            role: Some(Arc::new(role)),
            rules: rules.clone(),
        };
        let before = self
            .slots
            .get_mut(index)
            .and_then(|entry| std::mem::replace(entry, after).rules);
        if has_keys {
            let rules_before = before.as_ref().map(|rules| rules.rules());
            self.keys.remove(slot, rules_before, hasher);
            let rules = rules.as_ref().map(|rules| rules.rules());
            self.keys.add(slot, rules, hasher);
        }
        if let Some(before) = before {
            self.lists.release(&before, hasher);
        }
    }

    fn compiled(&self, slot: RoleSlot) -> Option<&Arc<CompiledRules>> {
        self.slots.get(usize::try_from(slot).ok()?)?.rules.as_ref()
    }

    fn view_at(&self, slot: RoleSlot) -> Option<RoleView<'_>> {
        let slot = self.slots.get(usize::try_from(slot).ok()?)?;
        let (role, rules) = (slot.role.as_deref()?, slot.rules.as_deref()?);
        Some(RoleView::new(role, rules.rules()))
    }

    fn uses(&self, slot: RoleSlot) -> Option<&Uses> {
        self.uses.get(usize::try_from(slot).ok()?)
    }

    fn uses_mut(&mut self, slot: RoleSlot) -> Option<&mut Uses> {
        self.uses.get_mut(usize::try_from(slot).ok()?)
    }

    fn slot_of(&self, name: RoleName<'_>, hasher: &TextHasher) -> Option<RoleSlot> {
        let has_name = |named: &NamedSlot| named.has_name(name, &self.slots);
        let named = self.by_name.find(name.hash(hasher), has_name)?;
        Some(named.0.get())
    }

    /// Returns the slot of a name. Adds a slot if there is none.
    fn slot_for(&mut self, name: RoleName<'_>, hasher: &TextHasher) -> RoleSlot {
        if let Some(slot) = self.slot_of(name, hasher) {
            return slot;
        }
        let free = self.free.last().copied();
        let slot = match free.and_then(|free| self.free.remove(free)) {
            Some(free) => free,
            None => {
                // The memory is full before the numbers run out.
                let slot = u32::try_from(self.slots.len()).unwrap_or(Self::UNSATISFIABLE);
                self.add_slot();
                slot
            }
        };
        let index = usize::try_from(slot).unwrap_or(usize::MAX);
        if let (Some(named), Some(slot)) = (NonZeroU32::new(slot), self.slots.get_mut(index)) {
            slot.role = Some(Arc::new(NamedRole::bare(name)));
            self.by_name.insert(name.hash(hasher), NamedSlot(named));
        }
        slot
    }

    fn add_slot(&mut self) {
        self.slots.push(Slot::default());
        self.masks.push(RoleMask::ALL);
        self.uses.push(Uses::default());
    }

    /// Frees a slot that has no role and no reference.
    fn free_if_unused(&mut self, slot: RoleSlot, name: RoleName<'_>, hasher: &TextHasher) {
        let is_used = self.uses(slot).is_some_and(|uses| uses.bindings > 0);
        if !is_used && self.rules(slot).is_none() {
            let slots = &self.slots;
            let has_name = |named: &NamedSlot| named.has_name(name, slots);
            self.by_name.remove(name.hash(hasher), has_name);
            let index = usize::try_from(slot).unwrap_or(usize::MAX);
            if let Some(freed) = self.slots.get_mut(index) {
                *freed = Slot::default();
            }
            self.free.put(slot);
        }
    }
}

impl Hinted for NamedSlot {
    // Not used: the name is always read.
    fn hint(&self) -> u32 {
        0
    }
}

impl NamedSlot {
    fn has_name(self, name: RoleName<'_>, slots: &Vector<Slot>) -> bool {
        let slot = usize::try_from(self.0.get()).ok();
        let role = slot.and_then(|slot| slots.get(slot)?.role.as_deref());
        role.is_some_and(|role| role.name() == name)
    }
}
