//! A policy prepared for many decisions about one user.

use std::collections::HashMap;

use foldhash::quality::RandomState;

use crate::engine::masks::HashedRequest;
use crate::engine::policy::{PRIVILEGED_GROUP, Policy};
use crate::engine::scope::Scope;
use crate::engine::subject_index::SubjectBindings;
use crate::engine::walk::ScopeWalk;
use crate::request::{Request, User};
use crate::response::{Decision, Grant, Response};

impl Policy {
    /// Looks up the bindings of a user and the user's groups in all namespaces, once for many
    /// decisions.
    ///
    /// The cost is one lookup of each name in every namespace that has a `RoleBinding`, about the
    /// cost of as many decisions. Afterwards, names that no binding contains cost nothing.
    #[must_use]
    pub fn view(&self, user: &User) -> UserView<'_> {
        let of = |scope| Standing::of(scope, user, self);
        UserView {
            policy: self,
            is_privileged: user.groups.iter().any(|group| group == PRIVILEGED_GROUP),
            cluster: of(&self.cluster),
            namespaces: self
                .namespaces
                .iter()
                .map(|own| (&*own.name, of(&own.scope)))
                .filter(|(name, standing)| !name.is_empty() && !standing.lists.is_empty())
                .collect(),
        }
    }
}

/// A user's bindings in a policy, prepared for many decisions. It decides as the policy does.
#[derive(Clone, Debug)]
pub struct UserView<'p> {
    policy: &'p Policy,
    is_privileged: bool,
    cluster: Standing<'p>,
    /// The namespaces with bindings of the user.
    namespaces: HashMap<&'p str, Standing<'p>, RandomState>,
}

/// The bindings of a user in a scope.
#[derive(Clone, Debug)]
struct Standing<'p> {
    scope: &'p Scope,
    lists: Vec<&'p SubjectBindings>,
}

impl<'p> UserView<'p> {
    /// Decides as [`Policy::authorize`] does.
    #[must_use]
    pub fn authorize(&self, request: &Request<'_>) -> Response<'p> {
        if self.is_privileged {
            return Response::new(Decision::Allow(Grant::PrivilegedGroup), Vec::new());
        }
        self.rbac(request)
    }

    /// Decides as [`Policy::rbac`] does.
    #[must_use]
    pub fn rbac(&self, request: &Request<'_>) -> Response<'p> {
        let hashed = HashedRequest::new(request, &self.policy.hasher);
        let namespace = request.namespace().unwrap_or_default();
        let scopes = std::iter::once(&self.cluster).chain(self.namespaces.get(namespace));
        self.policy.respond(scopes.map(|standing| {
            let mut walk = ScopeWalk::new(standing.scope, &hashed, &self.policy.roles);
            for bindings in &standing.lists {
                walk.visit_own(bindings);
            }
            walk.finish()
        }))
    }
}

impl<'p> Standing<'p> {
    fn of(scope: &'p Scope, user: &User, policy: &'p Policy) -> Self {
        let lists = scope.subjects_of(&user.name, &user.groups, &policy.hasher);
        Self {
            scope,
            lists: lists.collect(),
        }
    }
}
