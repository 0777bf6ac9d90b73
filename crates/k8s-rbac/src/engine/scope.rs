//! The bindings of the cluster or of one namespace, indexed by subject.

use std::num::NonZeroU64;
use std::sync::Arc;

use super::masks::TextHasher;
use super::persistent::{Hinted, Ranked, Sorted, Table};
use super::position::SubjectPosition;
use super::role_table::RoleTable;
use super::subject_index::{SubjectBindings, SubjectIndex};
use crate::engine::binding::{Binding, Name};
use crate::objects::Subject;
use crate::subject_name::SubjectName;

/// The bindings of the cluster or of one namespace, in walk order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    bindings: Sorted<OrderedBinding>,
    by_name: Table<NamedOrder>,
    pub(crate) users: SubjectIndex,
    pub(crate) groups: SubjectIndex,
    /// The position of the next new binding.
    next: u64,
}

/// A binding at its position in the walk.
#[derive(Clone, Debug)]
struct OrderedBinding {
    order: u64,
    binding: Arc<Binding>,
}

impl Ranked for OrderedBinding {
    type Rank = u64;

    fn rank(&self) -> u64 {
        self.order
    }

    fn ranks_between(from: u64, to: u64) -> usize {
        usize::try_from(to.saturating_sub(from)).unwrap_or(usize::MAX)
    }
}

/// The position of the binding with a name, plus one. The name is in the binding.
#[derive(Clone, Copy, Debug)]
struct NamedOrder(NonZeroU64);

impl NamedOrder {
    const fn new(order: u64) -> Self {
        Self(NonZeroU64::MIN.saturating_add(order))
    }

    const fn order(self) -> u64 {
        self.0.get().saturating_sub(1)
    }

    fn has_name(self, name: &str, bindings: &Sorted<OrderedBinding>) -> bool {
        bindings
            .get(self.order())
            .is_some_and(|own| own.binding.name() == name)
    }
}

impl Hinted for NamedOrder {
    // Not used: the name is always read.
    fn hint(&self) -> u32 {
        0
    }
}

impl Scope {
    /// Adds a binding at the end of the walk, or replaces the binding with its name.
    pub(crate) fn put(&mut self, mut binding: Binding, roles: &mut RoleTable, hasher: &TextHasher) {
        binding.slot = roles.add_reference(binding.role(), hasher);
        let hash = hasher.hash(binding.name());
        let has_name = |named: &NamedOrder| named.has_name(binding.name(), &self.bindings);
        let order = match self.by_name.find(hash, has_name) {
            Some(named) => named.order(),
            None => {
                let order = self.next;
                self.next = order.saturating_add(1);
                self.by_name.insert(hash, NamedOrder::new(order));
                order
            }
        };
        let before = self.bindings.get(order).map(|own| Arc::clone(&own.binding));
        self.replace(
            order,
            before.as_deref(),
            Some(binding.into()),
            roles,
            hasher,
        );
        if let Some(before) = before {
            roles.drop_reference(before.role(), before.slot, hasher);
        }
    }

    /// Removes a binding. Returns whether it existed.
    pub(crate) fn remove(
        &mut self,
        name: &str,
        roles: &mut RoleTable,
        hasher: &TextHasher,
    ) -> bool {
        let bindings = &self.bindings;
        let has_name = |named: &NamedOrder| named.has_name(name, bindings);
        let Some(named) = self.by_name.remove(hasher.hash(name), has_name) else {
            return false;
        };
        let order = named.order();
        let Some(before) = self.bindings.get(order).map(|own| Arc::clone(&own.binding)) else {
            return false;
        };
        self.replace(order, Some(&before), None, roles, hasher);
        roles.drop_reference(before.role(), before.slot, hasher);
        true
    }

    /// Returns the binding with a name. `None` if it does not exist.
    pub(crate) fn binding(&self, name: &str, hasher: &TextHasher) -> Option<&Binding> {
        let has_name = |named: &NamedOrder| named.has_name(name, &self.bindings);
        let named = self.by_name.find(hasher.hash(name), has_name)?;
        Some(&self.bindings.get(named.order())?.binding)
    }

    /// Returns whether there are no bindings.
    pub(crate) fn is_empty(&self) -> bool {
        self.bindings.last().is_none()
    }

    /// Replaces a binding. Subjects that keep their position and role are not touched.
    fn replace(
        &mut self,
        order: u64,
        before: Option<&Binding>,
        after: Option<Arc<Binding>>,
        roles: &mut RoleTable,
        hasher: &TextHasher,
    ) {
        let old = before.map(|before| subject_positions(order, before));
        let new = after
            .as_deref()
            .map(|after| subject_positions(order, after));
        let [old, new] = [old, new].map(Option::unwrap_or_default);
        let after = after.as_ref();
        // The index reads names from the bindings. So old positions are removed while the old
        // binding is still there, and new ones are added once the new binding is.
        for (number, entry) in old.iter().enumerate() {
            if let (Some(identity), position) = entry
                && new.get(number) != Some(entry)
            {
                let (index, bindings, hash) = self.index_of(identity, hasher);
                let is_subject = |position| names_at(bindings, position, identity.into());
                let binding_at = |position: SubjectPosition| {
                    let own = bindings.get(position.order)?;
                    Some(Arc::clone(&own.binding))
                };
                index.remove(hash, is_subject, *position, binding_at, roles, hasher);
            }
        }
        match after {
            Some(binding) => self.bindings.put(OrderedBinding {
                order,
                binding: Arc::clone(binding),
            }),
            None => {
                self.bindings.remove(order);
            }
        }
        for (number, entry) in new.iter().enumerate() {
            if let ((Some(identity), position), Some(binding)) = (entry, after) {
                let (index, bindings, hash) = self.index_of(identity, hasher);
                let is_subject = |position| names_at(bindings, position, identity.into());
                if old.get(number) == Some(entry) {
                    index.replace_binding(hash, is_subject, binding);
                } else {
                    index.put(hash, is_subject, *position, binding, roles, hasher);
                }
            }
        }
    }

    fn index_of(
        &mut self,
        identity: &SubjectName,
        hasher: &TextHasher,
    ) -> (&mut SubjectIndex, &Sorted<OrderedBinding>, u64) {
        let (index, name) = match identity {
            SubjectName::Group(name) => (&mut self.groups, name),
            SubjectName::User(name) => (&mut self.users, name),
        };
        (index, &self.bindings, hasher.hash(name))
    }

    /// Iterates in walk order over the bindings that have the user or one of the groups as a
    /// subject, each with the first such subject.
    pub(crate) fn bindings_of<'p>(
        &'p self,
        user: &str,
        groups: &[String],
        hasher: &TextHasher,
    ) -> impl Iterator<Item = (&'p Binding, Subject<&'p str>)> {
        let mut positions: Vec<SubjectPosition> = self
            .subjects_of(user, groups, hasher)
            .flat_map(SubjectBindings::iter)
            .collect();
        positions.sort_unstable();
        positions.dedup_by_key(|position| position.order);
        positions
            .into_iter()
            .filter_map(|position| self.subject_at(position))
    }

    /// Iterates over all bindings.
    pub(crate) fn bindings(&self) -> impl Iterator<Item = &Binding> {
        self.bindings.iter().map(|own| &*own.binding)
    }

    /// Iterates over the index entries of the user and of the groups.
    pub(crate) fn subjects_of<'n, 'p>(
        &'p self,
        user: &'n str,
        groups: &'n [String],
        hasher: &TextHasher,
    ) -> impl Iterator<Item = &'p SubjectBindings> {
        let of_user = self.subjects_named(&self.users, hasher.hash(user), Name::User(user));
        let of_groups = groups.iter().flat_map(move |group| {
            self.subjects_named(&self.groups, hasher.hash(group), Name::Group(group))
        });
        of_user.chain(of_groups)
    }

    fn subjects_named<'n, 'p>(
        &'p self,
        index: &'p SubjectIndex,
        hash: u64,
        name: Name<'n>,
    ) -> impl Iterator<Item = &'p SubjectBindings> + use<'n, 'p> {
        index
            .with_hash(hash)
            .filter(move |bindings| self.has_name(bindings, name))
    }

    /// Returns whether an index entry belongs to a name.
    pub(crate) fn has_name(&self, bindings: &SubjectBindings, name: Name<'_>) -> bool {
        bindings.first().is_some_and(|position| {
            let binding = self.binding_of(bindings, position);
            binding.is_some_and(|binding| names(binding, position, name))
        })
    }

    /// Returns the binding at one of the positions of an index entry.
    pub(crate) fn binding_of<'p>(
        &'p self,
        bindings: &'p SubjectBindings,
        position: SubjectPosition,
    ) -> Option<&'p Binding> {
        match bindings {
            SubjectBindings::One(_, binding) => Some(binding),
            SubjectBindings::Few(_) | SubjectBindings::Many(_) => self.binding_at(position.order),
        }
    }

    /// Returns the binding at a position in the walk.
    pub(crate) fn binding_at(&self, order: u64) -> Option<&Binding> {
        Some(&self.bindings.get(order)?.binding)
    }

    /// Returns the subject at a position, and its binding.
    pub(crate) fn subject_at(
        &self,
        position: SubjectPosition,
    ) -> Option<(&Binding, Subject<&str>)> {
        let binding = self.binding_at(position.order)?;
        let subject = usize::try_from(position.subject).ok()?;
        Some((binding, binding.subject(subject)?))
    }
}

#[cfg(test)]
thread_local! {
    static COMPARISONS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Returns how many names this thread has compared.
#[cfg(test)]
pub(crate) fn comparisons() -> usize {
    COMPARISONS.get()
}

/// Returns whether the subject at a position has a name.
fn names_at(bindings: &Sorted<OrderedBinding>, position: SubjectPosition, name: Name<'_>) -> bool {
    bindings
        .get(position.order)
        .is_some_and(|own| names(&own.binding, position, name))
}

/// Returns whether the subject at a position in a binding has a name.
fn names(binding: &Binding, position: SubjectPosition, name: Name<'_>) -> bool {
    #[cfg(test)]
    COMPARISONS.set(COMPARISONS.get().saturating_add(1));
    binding.has_subject(position.subject, name)
}

/// Returns the subjects of a binding: the user or group that each subject names, if any, and its
/// position.
fn subject_positions(order: u64, binding: &Binding) -> Vec<(Option<SubjectName>, SubjectPosition)> {
    let slot = binding.slot;
    binding
        .identities()
        .zip(0_u32..)
        .map(|(identity, subject)| {
            let position = SubjectPosition {
                order,
                subject,
                slot,
            };
            (identity, position)
        })
        .collect()
}
