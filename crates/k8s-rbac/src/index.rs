//! Bindings by subject: what a decision looks at is what concerns the user, nothing else.

use std::sync::Arc;

use crate::binding::{Binding, BindingObject};
use crate::identity::Identity;
use crate::objects::{PolicyRule, Subject};
use crate::persistent::{Sorted, Table};
use crate::places::{Names, Place, Places};
use crate::roles::{Answer, RoleName, Roles};
use crate::sieve::{Asked, Hashes};

/// The bindings of the cluster or of one namespace, in walk order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    bindings: Sorted<Arc<Binding>>,
    by_name: Table<Named>,
    users: Names,
    groups: Names,
    /// Where the next binding stands.
    next: u64,
}

/// Where the binding of a name stands.
#[derive(Clone, Debug)]
struct Named {
    name: Arc<str>,
    order: u64,
}

/// What a scope says to a request.
pub(crate) struct Found<'p> {
    pub(crate) grant: Option<(&'p Binding, &'p Subject, &'p PolicyRule)>,
    /// The bindings before it whose role is not there.
    pub(crate) unresolved: Vec<&'p Binding>,
}

impl Scope {
    /// Adds a binding at the end of the walk, or puts it in the place of the one of that name.
    pub(crate) fn put(&mut self, object: BindingObject, roles: &mut Roles, hashes: &Hashes) {
        let role = RoleName::of(object.role_ref(), object.namespace());
        let slot = roles.refer(role, hashes);
        let name = object.metadata().name.as_str();
        let order = self.order_of(name, hashes).unwrap_or_else(|| {
            let order = self.next;
            self.next = order.saturating_add(1);
            let name = Arc::from(name);
            self.by_name.insert(hashes.of(&name), Named { name, order });
            order
        });
        let binding = Arc::new(Binding {
            order,
            slot,
            object,
        });
        let before = self.bindings.get(order).cloned();
        self.bindings.put(Arc::clone(&binding));
        self.exchange(before.as_deref(), Some(&binding), roles, hashes);
        if let Some(before) = before {
            let role = RoleName::of(before.object.role_ref(), before.object.namespace());
            roles.forget(role, before.slot, hashes);
        }
    }

    /// Takes a binding out; says whether it was there.
    pub(crate) fn remove(&mut self, name: &str, roles: &mut Roles, hashes: &Hashes) -> bool {
        let is_it = |named: &Named| *named.name == *name;
        let named = self.by_name.remove(hashes.of(name), is_it);
        let Some(before) = named.and_then(|named| self.bindings.remove(named.order)) else {
            return false;
        };
        self.exchange(Some(&before), None, roles, hashes);
        let role = RoleName::of(before.object.role_ref(), before.object.namespace());
        roles.forget(role, before.slot, hashes);
        true
    }

    /// Says whether there are no bindings.
    pub(crate) fn is_empty(&self) -> bool {
        self.bindings.last().is_none()
    }

    fn order_of(&self, name: &str, hashes: &Hashes) -> Option<u64> {
        let named = self
            .by_name
            .find(hashes.of(name), |named| *named.name == *name)?;
        Some(named.order)
    }

    /// Puts the subjects of a binding in the place of those of another. Those that stay where they
    /// are, with the same role, cost nothing.
    fn exchange(
        &mut self,
        before: Option<&Binding>,
        after: Option<&Binding>,
        roles: &mut Roles,
        hashes: &Hashes,
    ) {
        let mut old = before.into_iter().flat_map(standing);
        let mut new = after.into_iter().flat_map(standing);
        loop {
            let (old, new) = (old.next(), new.next());
            if old.is_none() && new.is_none() {
                break;
            }
            if old == new {
                continue;
            }
            if let Some((Some(who), place)) = old {
                let (names, name) = self.names_of(&who);
                names.remove(name, place, roles, hashes);
            }
            if let Some((Some(who), place)) = new {
                let (names, name) = self.names_of(&who);
                names.put(name, place, roles, hashes);
            }
        }
    }

    fn names_of<'w>(&mut self, who: &'w Identity) -> (&mut Names, &'w str) {
        match who {
            Identity::Group(name) => (&mut self.groups, name),
            Identity::User(name) => (&mut self.users, name),
        }
    }

    /// Finds the first grant in walk order, and what did not resolve on the way.
    ///
    /// Each list is asked for its own first place. As the lists of several names of one user hold
    /// the same binding under its several subjects, the first place of all is that of the first
    /// binding and of its first subject.
    pub(crate) fn find<'p>(
        &'p self,
        lists: impl Iterator<Item = &'p Places>,
        asked: &Asked<'_>,
        roles: &'p Roles,
    ) -> Found<'p> {
        let mut first: Option<Place> = None;
        // Holds nothing, and so allocates nothing, unless there is something to report.
        let mut missing: Vec<Place> = Vec::new();
        for places in lists {
            let found = places.first(asked, roles, first, &mut missing);
            first = [first, found].into_iter().flatten().min();
        }
        missing.retain(|place| first.is_none_or(|first| *place < first));
        missing.sort_unstable();
        missing.dedup_by_key(|place| place.order);
        let missing = missing.iter();
        let unresolved = missing.filter_map(|place| self.bindings.get(place.order));
        Found {
            grant: first.and_then(|place| {
                let (binding, subject) = self.at(place)?;
                match roles.ask(place.slot, asked) {
                    Answer::Allow(rule) => Some((binding, subject, rule)),
                    Answer::No | Answer::Missing => None,
                }
            }),
            unresolved: unresolved.map(Arc::as_ref).collect(),
        }
    }

    /// Walks the bindings that have the user or one of the groups as a subject, in walk order,
    /// each with the first such subject.
    pub(crate) fn bindings_of<'p>(
        &'p self,
        user: &str,
        groups: &[String],
        hashes: &Hashes,
    ) -> impl Iterator<Item = (&'p Binding, &'p Subject)> {
        let lists = self.lists(user, groups, hashes);
        let mut places: Vec<Place> = lists.flat_map(Places::iter).collect();
        places.sort_unstable();
        places.dedup_by_key(|place| place.order);
        places.into_iter().filter_map(|place| self.at(place))
    }

    /// Walks all bindings.
    pub(crate) fn bindings(&self) -> impl Iterator<Item = &Binding> {
        self.bindings.iter().map(Arc::as_ref)
    }

    /// Lists where the user and the groups stand, as far as they do.
    pub(crate) fn lists<'p>(
        &'p self,
        user: &str,
        groups: &[String],
        hashes: &Hashes,
    ) -> impl Iterator<Item = &'p Places> {
        let groups = groups.iter().map(|group| self.groups.find(group, hashes));
        std::iter::once(self.users.find(user, hashes))
            .chain(groups)
            .flatten()
    }

    fn at(&self, place: Place) -> Option<(&Binding, &Subject)> {
        let binding = self.bindings.get(place.order)?;
        let subject = usize::try_from(place.subject).ok()?;
        Some((binding, binding.object.subjects().get(subject)?))
    }
}

/// Lists whom the subjects of a binding name, each with its place.
fn standing(binding: &Binding) -> impl Iterator<Item = (Option<Identity>, Place)> {
    let names = binding.object.names().zip(0_u32..);
    names.map(|(who, subject)| {
        let place = Place {
            order: binding.order,
            subject,
            slot: binding.slot,
        };
        (who, place)
    })
}
