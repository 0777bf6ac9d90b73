//! Bindings by subject: what a decision looks at is what concerns the user, nothing else.

use std::collections::HashMap;
use std::sync::Arc;

use crate::hot::{Hot, MIN_PLACES, Symbols};
use crate::identity::Identity;
use crate::objects::{ClusterRoleBinding, PolicyRule, RoleBinding, RoleRef, Subject};
use crate::request::Request;

/// A binding of either kind, with the rules of its role.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    pub(crate) name: String,
    /// None for a ClusterRoleBinding.
    pub(crate) namespace: Option<String>,
    pub(crate) subjects: Vec<Subject>,
    pub(crate) role_ref: RoleRef,
    /// None when the role does not resolve.
    pub(crate) rules: Option<Arc<[PolicyRule]>>,
}

impl From<ClusterRoleBinding> for Bound {
    fn from(binding: ClusterRoleBinding) -> Self {
        let ClusterRoleBinding {
            metadata,
            subjects,
            role_ref,
        } = binding;
        Self {
            name: metadata.name,
            namespace: None,
            subjects,
            role_ref,
            rules: None,
        }
    }
}

impl From<RoleBinding> for Bound {
    fn from(binding: RoleBinding) -> Self {
        let RoleBinding {
            metadata,
            subjects,
            role_ref,
        } = binding;
        let namespace = Some(metadata.namespace);
        Self {
            name: metadata.name,
            namespace,
            subjects,
            role_ref,
            rules: None,
        }
    }
}

impl Bound {
    /// Says whether there are requests for which the binding counts: a RoleBinding without a
    /// namespace, which no API server has stored, is in no request's namespace.
    pub(crate) fn is_ever_asked(&self) -> bool {
        self.namespace.as_deref() != Some("")
    }

    /// Finds the first subject that is the user or one of the groups.
    pub(crate) fn subject_of(&self, user: &str, groups: &[String]) -> Option<&Subject> {
        self.subjects.iter().find(|subject| {
            match Identity::of(subject, self.namespace.as_deref()) {
                Some(Identity::User(name)) => name == user,
                Some(Identity::Group(name)) => groups.contains(&name),
                None => false,
            }
        })
    }
}

/// Where a subject stands: which binding, and which of its subjects.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Place {
    binding: usize,
    subject: usize,
}

/// The bindings of the cluster or of one namespace, in walk order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    bindings: Vec<Bound>,
    by_name: HashMap<String, usize>,
    users: HashMap<String, Places>,
    groups: HashMap<String, Places>,
    symbols: Symbols,
}

/// Where one user or group stands.
#[derive(Clone, Debug, Default)]
struct Places {
    // INVARIANT: ascending.
    list: Vec<Place>,
    hot: Option<Box<Hot>>,
}

/// What a scope says to a request.
pub(crate) struct Found<'p> {
    pub(crate) grant: Option<(&'p Bound, &'p Subject, &'p PolicyRule)>,
    /// The bindings before it whose role is not there.
    pub(crate) unresolved: Vec<&'p Bound>,
}

impl Scope {
    /// Adds a binding at the end of the walk, or puts it in the place of the one of that name.
    pub(crate) fn put(&mut self, binding: Bound) {
        let place = self
            .by_name
            .get(&binding.name)
            .and_then(|&at| self.bindings.get_mut(at));
        match place {
            Some(place) => *place = binding,
            None => {
                self.by_name
                    .insert(binding.name.clone(), self.bindings.len());
                self.bindings.push(binding);
            }
        }
    }

    /// Builds the index; to be called once, after the last [`put`](Self::put).
    pub(crate) fn index(&mut self) {
        for (at, binding) in self.bindings.iter().enumerate() {
            for (number, subject) in binding.subjects.iter().enumerate() {
                let place = Place {
                    binding: at,
                    subject: number,
                };
                match Identity::of(subject, binding.namespace.as_deref()) {
                    Some(Identity::User(name)) => {
                        self.users.entry(name).or_default().list.push(place)
                    }
                    Some(Identity::Group(name)) => {
                        self.groups.entry(name).or_default().list.push(place);
                    }
                    None => {}
                }
            }
        }
        let Self {
            bindings, symbols, ..
        } = self;
        for places in self.users.values_mut().chain(self.groups.values_mut()) {
            if places.list.len() >= MIN_PLACES {
                let rules = |place: &Place| {
                    let binding = bindings.get(place.binding)?;
                    Some((*place, binding.rules.as_deref()))
                };
                let hot = Hot::of(places.list.iter().filter_map(rules), symbols);
                places.hot = Some(Box::new(hot));
            }
        }
    }

    /// Finds the first grant in walk order, and what did not resolve on the way.
    ///
    /// Each list is asked for its own first place. As the lists of several names of one user hold
    /// the same binding under its several subjects, the first place of all is that of the first
    /// binding and of its first subject.
    pub(crate) fn find(&self, user: &str, groups: &[String], request: &Request<'_>) -> Found<'_> {
        let lists = std::iter::once(self.users.get(user))
            .chain(groups.iter().map(|group| self.groups.get(group)))
            .flatten();
        let mut first = None;
        // Holds nothing, and so allocates nothing, unless there is something to report.
        let mut unresolved: Vec<Place> = Vec::new();
        for places in lists {
            let found = match &places.hot {
                Some(hot) => {
                    unresolved.extend_from_slice(hot.unresolved());
                    hot.first(request, &self.symbols, |place, number| {
                        self.bindings
                            .get(place.binding)?
                            .rules
                            .as_ref()?
                            .get(number)
                    })
                }
                None => self.walk(&places.list, request, first, &mut unresolved),
            };
            first = [first, found].into_iter().flatten().min();
        }
        unresolved.retain(|place| first.is_none_or(|first| *place < first));
        unresolved.sort_unstable();
        unresolved.dedup_by_key(|place| place.binding);
        let unresolved = unresolved.iter();
        let unresolved = unresolved.filter_map(|place| self.bindings.get(place.binding));
        Found {
            grant: first.and_then(|first| self.grant(first, request)),
            unresolved: unresolved.collect(),
        }
    }

    fn walk(
        &self,
        list: &[Place],
        request: &Request<'_>,
        limit: Option<Place>,
        unresolved: &mut Vec<Place>,
    ) -> Option<Place> {
        // By INVARIANT no later place is before the limit.
        let places = list.iter().copied();
        for place in places.take_while(|&place| limit.is_none_or(|limit| place < limit)) {
            match &self.bindings.get(place.binding)?.rules {
                None => unresolved.push(place),
                Some(rules) if rules.iter().any(|rule| rule.allows(request)) => {
                    return Some(place);
                }
                Some(_) => {}
            }
        }
        None
    }

    fn grant(
        &self,
        place: Place,
        request: &Request<'_>,
    ) -> Option<(&Bound, &Subject, &PolicyRule)> {
        let binding = self.bindings.get(place.binding)?;
        let subject = binding.subjects.get(place.subject)?;
        let mut rules = binding.rules.as_ref()?.iter();
        let rule = rules.find(|rule| rule.allows(request))?;
        Some((binding, subject, rule))
    }

    /// Walks the bindings that have the user or one of the groups as a subject, in walk order,
    /// each with the first such subject.
    pub(crate) fn bindings_of<'p>(
        &'p self,
        user: &str,
        groups: &[String],
    ) -> impl Iterator<Item = (&'p Bound, &'p Subject)> {
        let lists = std::iter::once(self.users.get(user))
            .chain(groups.iter().map(|group| self.groups.get(group)));
        let mut lists: Vec<&'p [Place]> = lists
            .flatten()
            .map(|places| places.list.as_slice())
            .collect();
        std::iter::from_fn(move || {
            // A merge by hand, so that an allow ends it early. By INVARIANT the first place of
            // all is the first of some list.
            let first = lists
                .iter()
                .filter_map(|list| list.first())
                .min()
                .copied()?;
            for list in &mut lists {
                let passed = list
                    .iter()
                    .take_while(|place| place.binding == first.binding)
                    .count();
                *list = list.get(passed..).unwrap_or_default();
            }
            let binding = self.bindings.get(first.binding)?;
            Some((binding, binding.subjects.get(first.subject)?))
        })
    }

    /// Walks all bindings.
    pub(crate) fn bindings(&self) -> impl Iterator<Item = &Bound> {
        self.bindings.iter()
    }

    /// Gives every binding the rules of its role.
    pub(crate) fn resolve(&mut self, rules: impl Fn(&Bound) -> Option<Arc<[PolicyRule]>>) {
        for binding in &mut self.bindings {
            binding.rules = rules(binding);
        }
    }
}
