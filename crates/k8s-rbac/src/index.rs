//! Bindings by subject: what a decision looks at is what concerns the user, nothing else.

use std::sync::Arc;

use crate::binding::{Binding, BindingObject, Name};
use crate::identity::Identity;
use crate::objects::{PolicyRule, Subject};
use crate::persistent::{Marked, Sorted, Table};
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

impl Marked for Named {
    // Nothing is worth knowing before its name is.
    fn mark(&self) -> u32 {
        0
    }
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
        self.exchange(before.as_deref(), Some(binding), roles, hashes);
        if let Some(before) = before {
            let role = RoleName::of(before.object.role_ref(), before.object.namespace());
            roles.forget(role, before.slot, hashes);
        }
    }

    /// Takes a binding out; says whether it was there.
    pub(crate) fn remove(&mut self, name: &str, roles: &mut Roles, hashes: &Hashes) -> bool {
        let is_it = |named: &Named| *named.name == *name;
        let named = self.by_name.remove(hashes.of(name), is_it);
        let before = named.and_then(|named| self.bindings.get(named.order).cloned());
        let Some(before) = before else {
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

    /// Puts a binding in the place of another. Subjects that stay where they are, with the same
    /// role, cost nothing.
    fn exchange(
        &mut self,
        before: Option<&Binding>,
        after: Option<Arc<Binding>>,
        roles: &mut Roles,
        hashes: &Hashes,
    ) {
        let old: Vec<_> = before.into_iter().flat_map(standing).collect();
        let new: Vec<_> = after.iter().flat_map(|after| standing(after)).collect();
        // What a list is called is looked up in the bindings: so the old places go while the old
        // binding is there, and the new ones come when the new one is.
        for (number, standing) in old.iter().enumerate() {
            if let (Some(identity), place) = standing
                && new.get(number) != Some(standing)
            {
                let (names, bindings, hash) = self.names_of(identity, hashes);
                let is_of = |place| is_of(bindings, place, identity.into());
                names.remove(hash, is_of, *place, roles, hashes);
            }
        }
        match (before, after) {
            (_, Some(after)) => self.bindings.put(after),
            (Some(before), None) => {
                self.bindings.remove(before.order);
            }
            (None, None) => {}
        }
        for (number, standing) in new.iter().enumerate() {
            if let (Some(identity), place) = standing
                && old.get(number) != Some(standing)
            {
                let (names, bindings, hash) = self.names_of(identity, hashes);
                let is_of = |place| is_of(bindings, place, identity.into());
                names.put(hash, is_of, *place, roles, hashes);
            }
        }
    }

    fn names_of(
        &mut self,
        identity: &Identity,
        hashes: &Hashes,
    ) -> (&mut Names, &Sorted<Arc<Binding>>, u64) {
        let (names, name) = match identity {
            Identity::Group(name) => (&mut self.groups, name),
            Identity::User(name) => (&mut self.users, name),
        };
        (names, &self.bindings, hashes.of(name))
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

    /// Walks the lists of the user and of the groups, as far as they have any.
    pub(crate) fn lists<'n, 'p>(
        &'p self,
        user: &'n str,
        groups: &'n [String],
        hashes: &Hashes,
    ) -> impl Iterator<Item = &'p Places> {
        let of_user = self.lists_of(&self.users, hashes.of(user), Name::User(user));
        let of_groups = groups.iter().flat_map(move |group| {
            self.lists_of(&self.groups, hashes.of(group), Name::Group(group))
        });
        of_user.chain(of_groups)
    }

    fn lists_of<'n, 'p>(
        &'p self,
        names: &'p Names,
        hash: u64,
        name: Name<'n>,
    ) -> impl Iterator<Item = &'p Places> + use<'n, 'p> {
        let lists = names.of_hash(hash);
        lists.filter(move |places| self.is_list_of(places, name))
    }

    fn is_list_of(&self, places: &Places, name: Name<'_>) -> bool {
        let head = places.head();
        head.is_some_and(|place| is_of(&self.bindings, place, name))
    }

    fn at(&self, place: Place) -> Option<(&Binding, &Subject)> {
        let binding = self.bindings.get(place.order)?;
        let subject = usize::try_from(place.subject).ok()?;
        Some((binding, binding.object.subjects().get(subject)?))
    }
}

/// The search of a scope for the first grant in walk order, and for what did not resolve on the way.
///
/// Each list is asked for its own first place. As the lists of several names of one user hold the
/// same binding under its several subjects, the first place of all is that of the first binding and
/// of its first subject.
#[derive(Debug)]
pub(crate) struct Search<'p, 'a> {
    scope: &'p Scope,
    asked: &'a Asked<'a>,
    roles: &'p Roles,
    first: Option<Place>,
    // Holds nothing, and so allocates nothing, unless there is something to report.
    missing: Vec<Place>,
}

impl<'p, 'a> Search<'p, 'a> {
    pub(crate) const fn of(scope: &'p Scope, asked: &'a Asked<'a>, roles: &'p Roles) -> Self {
        Self {
            scope,
            asked,
            roles,
            first: None,
            missing: Vec::new(),
        }
    }

    /// Asks the lists of a user and of his groups.
    pub(crate) fn ask_names(&mut self, user: &str, groups: &[String], hashes: &Hashes) {
        let Scope {
            users,
            groups: of_groups,
            ..
        } = self.scope;
        self.ask_name(users, hashes.of(user), Name::User(user));
        for group in groups {
            self.ask_name(of_groups, hashes.of(group), Name::Group(group));
        }
    }

    /// Asks the lists whose name has the hash of this one. What such a list is called is worth
    /// finding out only when it has something to say, which is what takes a decision least time:
    /// most lists say nothing.
    #[inline]
    fn ask_name(&mut self, names: &'p Names, hash: u64, name: Name<'_>) {
        for places in names.of_hash_about(hash, self.asked, self.roles) {
            self.ask(places, Some(name));
        }
    }

    /// Asks a list: of the name given, or of another of the same hash. None if it has been seen that
    /// it is one of the user's.
    pub(crate) fn ask(&mut self, places: &Places, name: Option<Name<'_>>) {
        let len = self.missing.len();
        let found = places.first(self.asked, self.roles, self.first, &mut self.missing);
        let says_nothing = found.is_none() && self.missing.len() == len;
        if says_nothing || name.is_some_and(|name| !self.scope.is_list_of(places, name)) {
            self.missing.truncate(len);
            return;
        }
        self.first = [self.first, found].into_iter().flatten().min();
    }

    pub(crate) fn end(self) -> Found<'p> {
        let Self {
            scope,
            asked,
            roles,
            first,
            mut missing,
        } = self;
        missing.retain(|place| first.is_none_or(|first| *place < first));
        missing.sort_unstable();
        missing.dedup_by_key(|place| place.order);
        let missing = missing.iter();
        let unresolved = missing.filter_map(|place| scope.bindings.get(place.order));
        Found {
            grant: first.and_then(|place| {
                let (binding, subject) = scope.at(place)?;
                match roles.ask(place.slot, asked) {
                    Answer::Allow(rule) => Some((binding, subject, rule)),
                    Answer::No | Answer::Missing => None,
                }
            }),
            unresolved: unresolved.map(Arc::as_ref).collect(),
        }
    }
}

/// Says whether the subject at a place is of a name.
fn is_of(bindings: &Sorted<Arc<Binding>>, place: Place, name: Name<'_>) -> bool {
    let binding = bindings.get(place.order);
    binding.is_some_and(|binding| binding.object.is_of(place.subject, name))
}

/// Lists whom the subjects of a binding name, each with its place.
fn standing(binding: &Binding) -> impl Iterator<Item = (Option<Identity>, Place)> {
    let names = binding.object.identities().zip(0_u32..);
    names.map(|(who, subject)| {
        let place = Place {
            order: binding.order,
            subject,
            slot: binding.slot,
        };
        (who, place)
    })
}
