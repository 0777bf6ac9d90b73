//! The roles, each in a slot that bindings refer to by number.
//!
//! A role that is replaced is another in its slot; no binding is touched. A slot is there as long
//! as the role is or some binding refers to it.

use std::sync::Arc;

use crate::hot::Keys;
use crate::objects::{ClusterRole, PolicyRule, Role, RoleRef};
use crate::persistent::{Marked, Sorted, Table, Vector};
use crate::sieve::{Asked, Coarse, Hashes, Sieve};

/// Which slot.
pub(crate) type SlotNumber = u32;

/// The slot of what can never be there: roles of an unknown kind, and Roles to a
/// ClusterRoleBinding.
const NOWHERE: SlotNumber = 0;

/// All roles, by slot.
#[derive(Clone, Debug)]
pub(crate) struct Roles {
    slots: Vector<Slot>,
    /// What any rule of each slot's role may be about, or all there is when the role is not there:
    /// beside the slots, so that most decisions find all they need close together.
    sieves: Vector<Coarse>,
    uses: Vector<Uses>,
    by_name: Table<Named>,
    free: Sorted<SlotNumber>,
    keys: Keys,
}

/// Which slot has the role of this name.
#[derive(Clone, Debug)]
struct Named {
    /// None for a ClusterRole.
    namespace: Option<Arc<str>>,
    name: Arc<str>,
    slot: SlotNumber,
}

/// None when bindings refer to a role that is not there.
type Slot = Option<Arc<Compiled>>;

/// Who needs a slot.
#[derive(Clone, Debug, Default)]
struct Uses {
    /// How many bindings refer to it.
    bindings: u32,
    /// How many times it stands in a list that looks up what is asked.
    // INVARIANT: the keys of the role are in `Roles::keys` if this is not zero.
    hot: u32,
}

/// A role with its rules compiled.
#[derive(Debug)]
struct Compiled {
    object: RoleObject,
    /// One for each rule.
    sieves: Box<[Sieve]>,
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

/// Which role.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum RoleName<'n> {
    Cluster(&'n str),
    /// Namespace and name.
    Namespaced(&'n str, &'n str),
}

impl<'n> RoleName<'n> {
    // As upstream: pkg/registry/rbac/validation/rule.go, GetRoleReferenceRules. The API group of
    // the reference is not looked at, and from a ClusterRoleBinding no Role is ever found.
    pub(crate) fn of(role: &'n RoleRef, namespace: Option<&'n str>) -> Option<Self> {
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

    fn hash(self, hashes: &Hashes) -> u64 {
        match self {
            Self::Cluster(name) => hashes.of(name),
            Self::Namespaced(namespace, name) => hashes.of_pair(namespace, name),
        }
    }
}

impl Default for Roles {
    fn default() -> Self {
        let mut roles = Self {
            slots: Vector::default(),
            sieves: Vector::default(),
            uses: Vector::default(),
            by_name: Table::default(),
            free: Sorted::default(),
            keys: Keys::default(),
        };
        roles.add_slot();
        roles
    }
}

impl Roles {
    /// Finds a role's rules by name.
    pub(crate) fn find(&self, name: RoleName<'_>, hashes: &Hashes) -> Option<&[PolicyRule]> {
        self.rules(self.slot_of(name, hashes)?)
    }

    /// Returns the rules in a slot; none if its role is not there.
    pub(crate) fn rules(&self, slot: SlotNumber) -> Option<&[PolicyRule]> {
        Some(self.role(slot)?.object.rules())
    }

    /// Says whether the role in a slot could have something to say about a request: it may allow it,
    /// or not be there. No is certain.
    #[inline]
    pub(crate) fn may_say(&self, slot: SlotNumber, asked: &Asked<'_>) -> bool {
        let sieve = usize::try_from(slot)
            .ok()
            .and_then(|at| self.sieves.get(at));
        sieve.is_none_or(|sieve| sieve.may_allow(asked.coarse))
    }

    /// Says what the role in a slot does about a request.
    pub(crate) fn ask<'p>(&'p self, slot: SlotNumber, asked: &Asked<'_>) -> Answer<'p> {
        if !self.may_say(slot, asked) {
            return Answer::No;
        }
        let Some(role) = self.role(slot) else {
            return Answer::Missing;
        };
        let mut rules = role.sieves.iter().zip(role.object.rules());
        let rule = rules.find(|(sieve, rule)| sieve.may_allow(asked) && rule.allows(asked.request));
        rule.map_or(Answer::No, |(_, rule)| Answer::Allow(rule))
    }

    pub(crate) const fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Walks all roles, in no order.
    pub(crate) fn objects(&self) -> impl Iterator<Item = &RoleObject> {
        let roles = self.by_name.iter();
        roles.filter_map(|named| Some(&self.role(named.slot)?.object))
    }

    /// Puts a role in its slot, in the place of the one of its name.
    pub(crate) fn put(&mut self, object: RoleObject, hashes: &Hashes) {
        let at = self.slot_for(object.name(), hashes);
        let sieves = object.rules().iter().map(|rule| Sieve::of(rule, hashes));
        let sieves: Box<[Sieve]> = sieves.collect();
        let role = Compiled { object, sieves };
        self.set(at, Some(Arc::new(role)), hashes);
    }

    /// Takes a role out; says whether it was there.
    pub(crate) fn remove(&mut self, name: RoleName<'_>, hashes: &Hashes) -> bool {
        let slot = self.slot_of(name, hashes);
        let Some(at) = slot.filter(|&at| self.rules(at).is_some()) else {
            return false;
        };
        self.set(at, None, hashes);
        self.release(at, name, hashes);
        true
    }

    /// Counts a binding in, and returns the slot of its role.
    pub(crate) fn refer(&mut self, name: Option<RoleName<'_>>, hashes: &Hashes) -> SlotNumber {
        let at = name.map_or(NOWHERE, |name| self.slot_for(name, hashes));
        if let Some(uses) = self.uses_mut(at) {
            uses.bindings = uses.bindings.saturating_add(1);
        }
        at
    }

    /// Counts a binding out.
    pub(crate) fn forget(&mut self, name: Option<RoleName<'_>>, at: SlotNumber, hashes: &Hashes) {
        if let Some(uses) = self.uses_mut(at) {
            uses.bindings = uses.bindings.saturating_sub(1);
        }
        if let Some(name) = name {
            self.release(at, name, hashes);
        }
    }

    /// Notes that a list looks up what the role allows.
    pub(crate) fn heat(&mut self, at: SlotNumber, hashes: &Hashes) {
        let Some(uses) = self.uses_mut(at) else {
            return;
        };
        uses.hot = uses.hot.saturating_add(1);
        if uses.hot == 1 {
            let role = self.role(at).cloned();
            let rules = role.as_ref().map(|role| role.object.rules());
            self.keys.add(at, rules, hashes);
        }
    }

    /// Notes that a list does so no more.
    pub(crate) fn cool(&mut self, at: SlotNumber, hashes: &Hashes) {
        let Some(uses) = self.uses_mut(at) else {
            return;
        };
        uses.hot = uses.hot.saturating_sub(1);
        if uses.hot == 0 {
            let role = self.role(at).cloned();
            let rules = role.as_ref().map(|role| role.object.rules());
            self.keys.remove(at, rules, hashes);
        }
    }

    fn set(&mut self, at: SlotNumber, role: Option<Arc<Compiled>>, hashes: &Hashes) {
        let is_hot = self.uses(at).is_some_and(|uses| uses.hot > 0);
        let Ok(number) = usize::try_from(at) else {
            return;
        };
        if let Some(sieve) = self.sieves.get_mut(number) {
            *sieve = role.as_ref().map_or(Coarse::ALL, |role| role.coarse());
        }
        let slot = self.slots.get_mut(number);
        let before = slot.and_then(|slot| std::mem::replace(slot, role.clone()));
        if is_hot {
            let rules = before.as_ref().map(|role| role.object.rules());
            self.keys.remove(at, rules, hashes);
            let rules = role.as_ref().map(|role| role.object.rules());
            self.keys.add(at, rules, hashes);
        }
    }

    fn role(&self, at: SlotNumber) -> Option<&Arc<Compiled>> {
        self.slots.get(usize::try_from(at).ok()?)?.as_ref()
    }

    fn uses(&self, at: SlotNumber) -> Option<&Uses> {
        self.uses.get(usize::try_from(at).ok()?)
    }

    fn uses_mut(&mut self, at: SlotNumber) -> Option<&mut Uses> {
        self.uses.get_mut(usize::try_from(at).ok()?)
    }

    fn slot_of(&self, name: RoleName<'_>, hashes: &Hashes) -> Option<SlotNumber> {
        let named = self
            .by_name
            .find(name.hash(hashes), |named| named.is(name))?;
        Some(named.slot)
    }

    /// Finds the slot of a name, or makes one.
    fn slot_for(&mut self, name: RoleName<'_>, hashes: &Hashes) -> SlotNumber {
        if let Some(slot) = self.slot_of(name, hashes) {
            return slot;
        }
        let free = self.free.last().copied();
        let slot = match free.and_then(|free| self.free.remove(free)) {
            Some(free) => free,
            None => {
                // More roles than numbers cannot be held in memory.
                let slot = u32::try_from(self.slots.len()).unwrap_or(NOWHERE);
                self.add_slot();
                slot
            }
        };
        let (namespace, text) = name.parts();
        let named = Named {
            namespace: namespace.map(Arc::from),
            name: text.into(),
            slot,
        };
        self.by_name.insert(name.hash(hashes), named);
        slot
    }

    fn add_slot(&mut self) {
        self.slots.push(None);
        self.sieves.push(Coarse::ALL);
        self.uses.push(Uses::default());
    }

    /// Gives a slot back that is of no use any more.
    fn release(&mut self, at: SlotNumber, name: RoleName<'_>, hashes: &Hashes) {
        let is_used = self.uses(at).is_some_and(|uses| uses.bindings > 0);
        if !is_used && self.rules(at).is_none() {
            self.by_name
                .remove(name.hash(hashes), |named| named.is(name));
            self.free.put(at);
        }
    }
}

impl Compiled {
    fn coarse(&self) -> Coarse {
        let sieves = self.sieves.iter();
        let sieve = sieves.fold(Sieve::default(), |all, sieve| all.or(*sieve));
        sieve.coarse()
    }
}

impl Marked for Named {
    fn mark(&self) -> SlotNumber {
        self.slot
    }
}

impl Named {
    fn is(&self, name: RoleName<'_>) -> bool {
        (self.namespace.as_deref(), &*self.name) == name.parts()
    }
}

/// What a role says to a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer<'p> {
    /// This rule of it allows.
    Allow(&'p PolicyRule),
    /// No rule does.
    No,
    /// The role is not there.
    Missing,
}
