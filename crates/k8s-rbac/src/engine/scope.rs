//! The bindings of the cluster or of one namespace, indexed by subject.

use std::sync::Arc;

use super::masks::{HashedRequest, TextHasher};
use super::persistent::{Hinted, Sorted, Table};
use super::position::SubjectPosition;
use super::role_table::{RoleMatch, RoleName, RoleTable};
use super::subject_index::{SubjectBindings, SubjectIndex};
use crate::engine::binding::{Binding, BindingObject, Name};
use crate::objects::{PolicyRule, Subject};
use crate::subject_name::SubjectName;

/// The bindings of the cluster or of one namespace, in walk order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    bindings: Sorted<Arc<Binding>>,
    by_name: Table<NamedOrder>,
    users: SubjectIndex,
    groups: SubjectIndex,
    /// The position of the next new binding.
    next: u64,
}

/// The position of the binding with a name.
#[derive(Clone, Debug)]
struct NamedOrder {
    name: Arc<str>,
    order: u64,
}

impl Hinted for NamedOrder {
    // Not used: the name is always read.
    fn hint(&self) -> u32 {
        0
    }
}

/// What the bindings of a scope decide.
pub(crate) struct ScopeResult<'p> {
    /// The first binding in walk order that allows the request, with its first subject that is the
    /// user, and the first rule.
    pub(crate) grant: Option<(&'p Binding, &'p Subject, &'p PolicyRule)>,
    /// The bindings of the user before the grant whose role does not exist, in walk order.
    pub(crate) unresolved: Vec<&'p Binding>,
}

impl Scope {
    /// Adds a binding at the end of the walk, or replaces the one with its name.
    pub(crate) fn put(
        &mut self,
        object: BindingObject,
        roles: &mut RoleTable,
        hasher: &TextHasher,
    ) {
        let role = RoleName::resolve(object.role_ref(), object.namespace());
        let slot = roles.add_reference(role, hasher);
        let name = object.metadata().name.as_str();
        let order = self.order_of(name, hasher).unwrap_or_else(|| {
            let order = self.next;
            self.next = order.saturating_add(1);
            let name = Arc::from(name);
            self.by_name
                .insert(hasher.hash(&name), NamedOrder { name, order });
            order
        });
        let binding = Arc::new(Binding {
            order,
            slot,
            object,
        });
        let before = self.bindings.get(order).cloned();
        self.replace(before.as_deref(), Some(binding), roles, hasher);
        if let Some(before) = before {
            let role = RoleName::resolve(before.object.role_ref(), before.object.namespace());
            roles.drop_reference(role, before.slot, hasher);
        }
    }

    /// Removes a binding. Returns whether it existed.
    pub(crate) fn remove(
        &mut self,
        name: &str,
        roles: &mut RoleTable,
        hasher: &TextHasher,
    ) -> bool {
        let has_name = |named: &NamedOrder| *named.name == *name;
        let named = self.by_name.remove(hasher.hash(name), has_name);
        let before = named.and_then(|named| self.bindings.get(named.order).cloned());
        let Some(before) = before else {
            return false;
        };
        self.replace(Some(&before), None, roles, hasher);
        let role = RoleName::resolve(before.object.role_ref(), before.object.namespace());
        roles.drop_reference(role, before.slot, hasher);
        true
    }

    /// Returns whether there are no bindings.
    pub(crate) fn is_empty(&self) -> bool {
        self.bindings.last().is_none()
    }

    fn order_of(&self, name: &str, hasher: &TextHasher) -> Option<u64> {
        let named = self
            .by_name
            .find(hasher.hash(name), |named| *named.name == *name)?;
        Some(named.order)
    }

    /// Replaces a binding. Subjects that keep their position and role are not touched.
    fn replace(
        &mut self,
        before: Option<&Binding>,
        after: Option<Arc<Binding>>,
        roles: &mut RoleTable,
        hasher: &TextHasher,
    ) {
        let old: Vec<_> = before.into_iter().flat_map(subject_positions).collect();
        let new: Vec<_> = after
            .iter()
            .flat_map(|after| subject_positions(after))
            .collect();
        // The index reads names from the bindings. So old positions are removed while the old
        // binding is still there, and new ones are added once the new binding is.
        for (number, entry) in old.iter().enumerate() {
            if let (Some(identity), position) = entry
                && new.get(number) != Some(entry)
            {
                let (index, bindings, hash) = self.index_of(identity, hasher);
                let is_subject = |position| names_at(bindings, position, identity.into());
                index.remove(hash, is_subject, *position, roles, hasher);
            }
        }
        match (before, after) {
            (_, Some(after)) => self.bindings.put(after),
            (Some(before), None) => {
                self.bindings.remove(before.order);
            }
            (None, None) => {}
        }
        for (number, entry) in new.iter().enumerate() {
            if let (Some(identity), position) = entry
                && old.get(number) != Some(entry)
            {
                let (index, bindings, hash) = self.index_of(identity, hasher);
                let is_subject = |position| names_at(bindings, position, identity.into());
                index.put(hash, is_subject, *position, roles, hasher);
            }
        }
    }

    fn index_of(
        &mut self,
        identity: &SubjectName,
        hasher: &TextHasher,
    ) -> (&mut SubjectIndex, &Sorted<Arc<Binding>>, u64) {
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
    ) -> impl Iterator<Item = (&'p Binding, &'p Subject)> {
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
        self.bindings.iter().map(Arc::as_ref)
    }

    /// Iterates over the index entries of the user and of the groups, as far as there are any.
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

    fn has_name(&self, bindings: &SubjectBindings, name: Name<'_>) -> bool {
        bindings
            .first()
            .is_some_and(|position| names_at(&self.bindings, position, name))
    }

    fn subject_at(&self, position: SubjectPosition) -> Option<(&Binding, &Subject)> {
        let binding = self.bindings.get(position.order)?;
        let subject = usize::try_from(position.subject).ok()?;
        Some((binding, binding.object.subjects().get(subject)?))
    }
}

/// A search of a scope for the first grant in walk order, and for the unresolved roles before it.
///
/// Each index entry of the user finds its own first position. Since the entries of one user hold
/// the same binding under its several subjects, the least of these positions is that of the first
/// binding and its first subject.
#[derive(Debug)]
pub(crate) struct ScopeWalk<'p, 'a> {
    scope: &'p Scope,
    request: &'a HashedRequest<'a>,
    roles: &'p RoleTable,
    first: Option<SubjectPosition>,
    // Allocates only if a role is missing.
    missing: Vec<SubjectPosition>,
}

impl<'p, 'a> ScopeWalk<'p, 'a> {
    pub(crate) const fn new(
        scope: &'p Scope,
        request: &'a HashedRequest<'a>,
        roles: &'p RoleTable,
    ) -> Self {
        Self {
            scope,
            request,
            roles,
            first: None,
            missing: Vec::new(),
        }
    }

    /// Visits the bindings of a user and of their groups.
    pub(crate) fn visit_names(&mut self, user: &str, groups: &[String], hasher: &TextHasher) {
        let scope = self.scope;
        self.visit_name(&scope.users, hasher.hash(user), Name::User(user));
        for group in groups {
            self.visit_name(&scope.groups, hasher.hash(group), Name::Group(group));
        }
    }

    /// Visits the index entries with a hash. Names are compared only for entries that affect the
    /// request. Most do not, so this saves a string comparison for each.
    #[inline]
    fn visit_name(&mut self, index: &'p SubjectIndex, hash: u64, name: Name<'_>) {
        for bindings in index.with_hash_relevant_to(hash, self.request, self.roles) {
            self.visit(bindings, Some(name));
        }
    }

    /// Visits an index entry that is known to belong to the user.
    pub(crate) fn visit_own(&mut self, bindings: &SubjectBindings) {
        self.visit(bindings, None);
    }

    /// Visits an index entry, and ignores it if it does not have the name.
    fn visit(&mut self, bindings: &SubjectBindings, name: Option<Name<'_>>) {
        let len = self.missing.len();
        let found =
            bindings.first_allowing(self.request, self.roles, self.first, &mut self.missing);
        let has_no_effect = found.is_none() && self.missing.len() == len;
        if has_no_effect || name.is_some_and(|name| !self.scope.has_name(bindings, name)) {
            self.missing.truncate(len);
            return;
        }
        self.first = [self.first, found].into_iter().flatten().min();
    }

    pub(crate) fn finish(self) -> ScopeResult<'p> {
        let Self {
            scope,
            request,
            roles,
            first,
            mut missing,
        } = self;
        missing.retain(|position| first.is_none_or(|first| *position < first));
        missing.sort_unstable();
        missing.dedup_by_key(|position| position.order);
        ScopeResult {
            grant: first.and_then(|position| {
                let (binding, subject) = scope.subject_at(position)?;
                match roles.evaluate(position.slot, request) {
                    RoleMatch::Allows(rule) => Some((binding, subject, rule)),
                    RoleMatch::Irrelevant | RoleMatch::Missing => None,
                }
            }),
            unresolved: missing
                .iter()
                .filter_map(|position| scope.bindings.get(position.order))
                .map(Arc::as_ref)
                .collect(),
        }
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
fn names_at(bindings: &Sorted<Arc<Binding>>, position: SubjectPosition, name: Name<'_>) -> bool {
    #[cfg(test)]
    COMPARISONS.set(COMPARISONS.get().saturating_add(1));
    bindings
        .get(position.order)
        .is_some_and(|binding| binding.object.has_subject(position.subject, name))
}

/// Iterates over the subjects of a binding: the user or group that each names, if any, and its
/// position.
fn subject_positions(
    binding: &Binding,
) -> impl Iterator<Item = (Option<SubjectName>, SubjectPosition)> {
    binding
        .object
        .identities()
        .zip(0_u32..)
        .map(|(identity, subject)| {
            let position = SubjectPosition {
                order: binding.order,
                subject,
                slot: binding.slot,
            };
            (identity, position)
        })
}
