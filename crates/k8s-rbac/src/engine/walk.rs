//! The walk over the bindings of a scope that decides a request.

use super::binding::{Binding, Name};
use super::masks::{HashedRequest, TextHasher};
use super::nearest::Nearest;
use super::position::SubjectPosition;
use super::role_table::{RoleMatch, RoleTable};
use super::scope::Scope;
use super::subject_index::{SubjectBindings, SubjectIndex};
use crate::objects::{PolicyRule, Subject};

/// What the bindings of a scope decide.
pub(crate) struct ScopeResult<'p> {
    /// The first binding in walk order that allows the request, with its first subject that is the
    /// user, and the first rule.
    pub(crate) grant: Option<(&'p Binding, Subject<&'p str>, &'p PolicyRule)>,
    /// The bindings of the user before the grant whose role does not exist, in walk order.
    pub(crate) unresolved: Vec<&'p Binding>,
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
    ///
    /// To evaluate a role and to compare a name is to wait for memory several times. So the index is
    /// searched for all names first, and the entries that come first in the walk are visited first:
    /// mostly, the very first one allows the request, and no other is read any further.
    pub(crate) fn visit_names(&mut self, user: &str, groups: &[String], hasher: &TextHasher) {
        let mut nearest = Nearest::default();
        self.each_relevant(user, groups, hasher, |bindings, name| {
            nearest.add(bindings, name);
        });
        for (bindings, name) in nearest.iter() {
            self.visit(bindings, Some(name));
        }
        if !nearest.has_all_before(self.first) {
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
    #[inline]
    fn each_relevant<'n>(
        &self,
        user: &'n str,
        groups: &'n [String],
        hasher: &TextHasher,
        mut visit: impl FnMut(&'p SubjectBindings, Name<'n>),
    ) {
        let mut each = |index: &'p SubjectIndex, text: &str, name: Name<'n>| {
            for bindings in index.with_hash_relevant_to(hasher.hash(text), self.request, self.roles)
            {
                visit(bindings, name);
            }
        };
        each(&self.scope.users, user, Name::User(user));
        for group in groups {
            each(&self.scope.groups, group, Name::Group(group));
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
                .filter_map(|position| scope.binding_at(position.order))
                .collect(),
        }
    }
}
