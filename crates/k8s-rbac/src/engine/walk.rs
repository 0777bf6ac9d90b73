//! The walk over the bindings of a scope that decides a request.

use std::hint::black_box;

use super::binding::{Binding, Name};
use super::masks::{HashedRequest, TextHasher};
use super::nearest::Nearest;
use super::position::SubjectPosition;
use super::role_table::RoleTable;
use super::scope::Scope;
use super::subject_index::{Search, SubjectBindings};
use crate::objects::{PolicyRule, Subject};

/// How many groups are looked up at once. Our choice: looking up more at once is no faster, and clearing
/// more places takes longer for a user with few groups.
const AT_ONCE: usize = 16;

/// The decision of the bindings of a scope.
pub(crate) struct ScopeResult<'p> {
    /// The first binding in walk order that allows the request, with its first subject that is the
    /// user, and the first rule.
    pub(crate) grant: Option<(&'p Binding, Subject<&'p str>, &'p PolicyRule)>,
    /// The bindings of the user before the grant whose role does not exist, in walk order.
    pub(crate) unresolved: Vec<&'p Binding>,
}

/// A search of a scope for the first grant in walk order, and for the unresolved roles before it.
///
/// Each index entry of the user finds its own first position. A binding with several subjects of
/// one user is in several of these entries. So the lowest of the positions belongs to the first
/// binding and its first subject.
#[derive(Debug)]
pub(crate) struct ScopeWalk<'p, 'a> {
    scope: &'p Scope,
    request: &'a HashedRequest<'a>,
    roles: &'p RoleTable,
    first: Option<Found<'p>>,
    // Allocates only if a role is missing.
    missing: Vec<SubjectPosition>,
}

/// The first position that allows the request, with its binding and the first rule that allows it.
#[derive(Clone, Copy, Debug)]
struct Found<'p> {
    position: SubjectPosition,
    binding: &'p Binding,
    rule: &'p PolicyRule,
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
    ///
    /// Evaluating a role and comparing a name wait for memory several times. So the index is
    /// searched for all names first, and the entries that come first in the walk are visited first.
    /// Usually the first entry allows the request, and no other entry is read further.
    pub(crate) fn visit_names(&mut self, user: &str, groups: &[String], hasher: &TextHasher) {
        let mut nearest = Nearest::default();
        self.each_relevant(user, groups, hasher, |bindings, name| {
            nearest.add(bindings, name);
        });
        for (bindings, name) in nearest.iter() {
            self.visit(bindings, Some(name));
        }
        if !nearest.has_all_before(self.first_position()) {
            self.missing.clear();
            let scope = self.scope;
            let mut walk = Self::new(scope, self.request, self.roles);
            walk.first = self.first;
            self.each_relevant(user, groups, hasher, |bindings, name| {
                walk.visit(bindings, Some(name));
            });
            *self = walk;
        }
    }

    /// Calls `visit` with each index entry that has the hash of one of the names and may affect the
    /// request. Names are not compared: most entries do not affect the request, so comparing them
    /// later saves a string comparison for each.
    ///
    /// Each step is taken for several groups before the next step begins, so that the processor waits
    /// for the memory of all these groups at once.
    #[inline]
    fn each_relevant<'n>(
        &self,
        user: &'n str,
        groups: &'n [String],
        hasher: &TextHasher,
        mut visit: impl FnMut(&'p SubjectBindings, Name<'n>),
    ) {
        let next = |search: &mut Option<Search<'p>>| {
            let search = search.as_mut()?;
            search.next_relevant(self.request, self.roles)
        };
        read_ahead(groups);
        let mut of_user = self.scope.users.search(hasher.hash(user));
        for groups in groups.chunks(AT_ONCE) {
            let mut lookups = [const { (None, None) }; AT_ONCE];
            for (group, (search, _)) in groups.iter().zip(&mut lookups) {
                *search = self.scope.groups.search(hasher.hash(group));
            }
            for (_, (search, found)) in groups.iter().zip(&mut lookups) {
                *found = next(search);
            }
            for (group, (search, found)) in groups.iter().zip(&mut lookups) {
                while let Some(bindings) = *found {
                    visit(bindings, Name::Group(group));
                    *found = next(search);
                }
            }
        }
        while let Some(bindings) = next(&mut of_user) {
            visit(bindings, Name::User(user));
        }
    }

    /// Visits an index entry that is known to belong to the user.
    pub(crate) fn visit_own(&mut self, bindings: &'p SubjectBindings) {
        self.visit(bindings, None);
    }

    /// Visits an index entry, and ignores it if it does not belong to the name.
    fn visit(&mut self, bindings: &'p SubjectBindings, name: Option<Name<'_>>) {
        let len = self.missing.len();
        let limit = self.first_position();
        let found = bindings.first_allowing(self.request, self.roles, limit, &mut self.missing);
        let has_no_effect = found.is_none() && self.missing.len() == len;
        if has_no_effect || name.is_some_and(|name| !self.scope.has_name(bindings, name)) {
            self.missing.truncate(len);
            return;
        }
        let found = found.and_then(|(position, rule)| {
            let binding = self.scope.binding_of(bindings, position)?;
            Some(Found {
                position,
                binding,
                rule,
            })
        });
        let found = [self.first, found].into_iter().flatten();
        self.first = found.min_by_key(|found| found.position);
    }

    fn first_position(&self) -> Option<SubjectPosition> {
        self.first.map(|first| first.position)
    }

    pub(crate) fn finish(self) -> ScopeResult<'p> {
        let first = self.first_position();
        let mut missing = self.missing;
        missing.retain(|position| first.is_none_or(|first| *position < first));
        missing.sort_unstable();
        missing.dedup_by_key(|position| position.order);
        ScopeResult {
            grant: self.first.and_then(|first| {
                let number = usize::try_from(first.position.subject).ok()?;
                let subject = first.binding.subject(number)?;
                Some((first.binding, subject, first.rule))
            }),
            unresolved: missing
                .iter()
                .filter_map(|position| self.scope.binding_at(position.order))
                .collect(),
        }
    }
}

/// Reads the first byte of each name, so that the processor waits for all names at once. Hashing takes
/// more steps for each name than the processor looks ahead, so it would wait for each name in turn.
fn read_ahead(names: &[String]) {
    let first_bytes = names.iter().filter_map(|name| name.as_bytes().first());
    black_box(first_bytes.fold(0, |all, byte| all ^ byte));
}
