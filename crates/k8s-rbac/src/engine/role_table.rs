//! The roles, each in a numbered slot that bindings refer to.
//!
//! Replacing a role changes its slot and no binding. A slot exists as long as its role does or a
//! binding refers to it, so a binding may refer to a role that does not exist yet.

use std::sync::Arc;

use super::masks::{HashedRequest, RoleMask, RuleMask, TextHasher};
use super::persistent::{Hinted, Sorted, Table, Vector};
use super::position::RoleSlot;
use super::role_keys::RoleKeys;
use crate::objects::{ClusterRole, PolicyRule, Role, RoleRef};

/// The slot of references that no role can satisfy: those to an unknown kind, and those from a
/// `ClusterRoleBinding` to a `Role`.
const UNSATISFIABLE: RoleSlot = 0;

/// All roles, by slot.
#[derive(Clone, Debug)]
pub(crate) struct RoleTable {
    slots: Vector<Slot>,
    /// One for each slot: [`RoleMask::ALL`] where the role does not exist. They are apart from the
    /// slots because most decisions read nothing else.
    masks: Vector<RoleMask>,
    uses: Vector<Uses>,
    by_name: Table<NamedSlot>,
    free: Sorted<RoleSlot>,
    keys: RoleKeys,
}

/// The slot of the role with a name.
#[derive(Clone, Debug)]
struct NamedSlot {
    /// `None` for a `ClusterRole`.
    namespace: Option<Arc<str>>,
    name: Arc<str>,
    slot: RoleSlot,
}

/// `None` if bindings refer to a role that does not exist.
type Slot = Option<Arc<CompiledRole>>;

/// What depends on a slot.
#[derive(Clone, Debug, Default)]
struct Uses {
    /// The number of bindings that refer to it.
    bindings: u32,
    /// The number of large subjects that are bound to it.
    // INVARIANT: `RoleTable::keys` holds the keys of the role if and only if this is not zero.
    large_subjects: u32,
}

/// A role, with the masks of its rules.
#[derive(Debug)]
struct CompiledRole {
    object: RoleObject,
    /// One for each rule.
    masks: Box<[RuleMask]>,
}

/// A role of either kind.
#[derive(Clone, Debug)]
pub(crate) enum RoleObject {
    Cluster(ClusterRole),
    Namespaced(Role),
}

impl RoleObject {
    fn rules(&self) -> &[PolicyRule] {
        match self {
            Self::Cluster(role) => &role.rules,
            Self::Namespaced(role) => &role.rules,
        }
    }

    fn name(&self) -> RoleName<'_> {
        match self {
            Self::Cluster(role) => RoleName::Cluster(&role.metadata.name),
            Self::Namespaced(role) => {
                RoleName::Namespaced(&role.metadata.namespace, &role.metadata.name)
            }
        }
    }
}

/// The kind, namespace and name of a role.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum RoleName<'n> {
    Cluster(&'n str),
    /// Namespace and name.
    Namespaced(&'n str, &'n str),
}

impl<'n> RoleName<'n> {
    /// Resolves a `roleRef` of a binding in a namespace. Returns `None` if no role can satisfy it.
    ///
    /// As upstream: pkg/registry/rbac/validation/rule.go, `GetRoleReferenceRules`. The API group of
    /// the reference is ignored, and a `ClusterRoleBinding` never finds a `Role`.
    pub(crate) fn resolve(role: &'n RoleRef, namespace: Option<&'n str>) -> Option<Self> {
        match role.kind.as_str() {
            "ClusterRole" => Some(Self::Cluster(&role.name)),
            "Role" => Some(Self::Namespaced(namespace?, &role.name)),
            _ => None,
        }
    }

    const fn parts(self) -> (Option<&'n str>, &'n str) {
        match self {
            Self::Cluster(name) => (None, name),
            Self::Namespaced(namespace, name) => (Some(namespace), name),
        }
    }

    fn hash(self, hasher: &TextHasher) -> u64 {
        match self {
            Self::Cluster(name) => hasher.hash(name),
            Self::Namespaced(namespace, name) => hasher.hash_pair(namespace, name),
        }
    }
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
        };
        // UNSATISFIABLE.
        table.add_slot();
        table
    }
}

impl RoleTable {
    /// Returns the rules of the role with a name; `None` if it does not exist.
    pub(crate) fn find(&self, name: RoleName<'_>, hasher: &TextHasher) -> Option<&[PolicyRule]> {
        self.rules(self.slot_of(name, hasher)?)
    }

    /// Returns the rules of the role in a slot; `None` if it does not exist.
    pub(crate) fn rules(&self, slot: RoleSlot) -> Option<&[PolicyRule]> {
        Some(self.role(slot)?.object.rules())
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
        let Some(role) = self.role(slot) else {
            return RoleMatch::Missing;
        };
        let mut rules = role.masks.iter().zip(role.object.rules());
        let allowing =
            rules.find(|(mask, rule)| mask.may_allow(request) && rule.allows(request.request));
        allowing.map_or(RoleMatch::Irrelevant, |(_, rule)| RoleMatch::Allows(rule))
    }

    pub(crate) const fn keys(&self) -> &RoleKeys {
        &self.keys
    }

    /// Iterates over all roles, in no particular order.
    pub(crate) fn objects(&self) -> impl Iterator<Item = &RoleObject> {
        self.by_name
            .iter()
            .filter_map(|named| Some(&self.role(named.slot)?.object))
    }

    /// Adds a role, or replaces the one with its name.
    pub(crate) fn put(&mut self, object: RoleObject, hasher: &TextHasher) {
        let slot = self.slot_for(object.name(), hasher);
        let masks = object
            .rules()
            .iter()
            .map(|rule| RuleMask::of(rule, hasher))
            .collect();
        self.set(slot, Some(Arc::new(CompiledRole { object, masks })), hasher);
    }

    /// Removes a role. Returns whether it existed.
    pub(crate) fn remove(&mut self, name: RoleName<'_>, hasher: &TextHasher) -> bool {
        let slot = self.slot_of(name, hasher);
        let Some(slot) = slot.filter(|&slot| self.rules(slot).is_some()) else {
            return false;
        };
        self.set(slot, None, hasher);
        self.free_if_unused(slot, name, hasher);
        true
    }

    /// Counts a binding that refers to a role. Returns the slot of the role.
    pub(crate) fn add_reference(
        &mut self,
        name: Option<RoleName<'_>>,
        hasher: &TextHasher,
    ) -> RoleSlot {
        let slot = name.map_or(UNSATISFIABLE, |name| self.slot_for(name, hasher));
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
            let role = self.role(slot).cloned();
            let rules = role.as_ref().map(|role| role.object.rules());
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
            let role = self.role(slot).cloned();
            let rules = role.as_ref().map(|role| role.object.rules());
            self.keys.remove(slot, rules, hasher);
        }
    }

    fn set(&mut self, slot: RoleSlot, role: Slot, hasher: &TextHasher) {
        let has_keys = self.uses(slot).is_some_and(|uses| uses.large_subjects > 0);
        let Ok(index) = usize::try_from(slot) else {
            return;
        };
        if let Some(mask) = self.masks.get_mut(index) {
            *mask = role.as_ref().map_or(RoleMask::ALL, |role| role.mask());
        }
        let before = self
            .slots
            .get_mut(index)
            .and_then(|entry| std::mem::replace(entry, role.clone()));
        if has_keys {
            let rules = before.as_ref().map(|role| role.object.rules());
            self.keys.remove(slot, rules, hasher);
            let rules = role.as_ref().map(|role| role.object.rules());
            self.keys.add(slot, rules, hasher);
        }
    }

    fn role(&self, slot: RoleSlot) -> Option<&Arc<CompiledRole>> {
        self.slots.get(usize::try_from(slot).ok()?)?.as_ref()
    }

    fn uses(&self, slot: RoleSlot) -> Option<&Uses> {
        self.uses.get(usize::try_from(slot).ok()?)
    }

    fn uses_mut(&mut self, slot: RoleSlot) -> Option<&mut Uses> {
        self.uses.get_mut(usize::try_from(slot).ok()?)
    }

    fn slot_of(&self, name: RoleName<'_>, hasher: &TextHasher) -> Option<RoleSlot> {
        let named = self
            .by_name
            .find(name.hash(hasher), |named| named.is(name))?;
        Some(named.slot)
    }

    /// Returns the slot of a name. Adds one if there is none.
    fn slot_for(&mut self, name: RoleName<'_>, hasher: &TextHasher) -> RoleSlot {
        if let Some(slot) = self.slot_of(name, hasher) {
            return slot;
        }
        let free = self.free.last().copied();
        let slot = match free.and_then(|free| self.free.remove(free)) {
            Some(free) => free,
            None => {
                // Memory ends before the numbers do.
                let slot = u32::try_from(self.slots.len()).unwrap_or(UNSATISFIABLE);
                self.add_slot();
                slot
            }
        };
        let (namespace, text) = name.parts();
        let named = NamedSlot {
            namespace: namespace.map(Arc::from),
            name: text.into(),
            slot,
        };
        self.by_name.insert(name.hash(hasher), named);
        slot
    }

    fn add_slot(&mut self) {
        self.slots.push(None);
        self.masks.push(RoleMask::ALL);
        self.uses.push(Uses::default());
    }

    /// Frees a slot that has no role and no reference.
    fn free_if_unused(&mut self, slot: RoleSlot, name: RoleName<'_>, hasher: &TextHasher) {
        let is_used = self.uses(slot).is_some_and(|uses| uses.bindings > 0);
        if !is_used && self.rules(slot).is_none() {
            self.by_name
                .remove(name.hash(hasher), |named| named.is(name));
            self.free.put(slot);
        }
    }
}

impl CompiledRole {
    fn mask(&self) -> RoleMask {
        self.masks
            .iter()
            .fold(RuleMask::default(), |all, mask| all.union(*mask))
            .to_role_mask()
    }
}

impl Hinted for NamedSlot {
    fn hint(&self) -> RoleSlot {
        self.slot
    }
}

impl NamedSlot {
    fn is(&self, name: RoleName<'_>) -> bool {
        (self.namespace.as_deref(), &*self.name) == name.parts()
    }
}
