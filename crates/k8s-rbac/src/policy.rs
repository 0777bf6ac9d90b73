//! The policy: built once from objects, asked any number of times.

use std::collections::HashMap;
use std::sync::Arc;

use crate::index::{Bound, Scope};
use crate::objects::{Objects, PolicyRule, RoleRef, Subject};
use crate::request::{Request, User};
use crate::response::{BindingGrant, Decision, Grant, Response, Unresolved};

/// The group that may do everything, whatever the bindings say.
///
/// As upstream: apiserver, pkg/authentication/user/user.go, `SystemPrivilegedGroup`.
pub const PRIVILEGED_GROUP: &str = "system:masters";

/// Roles and bindings, indexed by subject.
///
/// Of two objects of the same kind, namespace and name the later one holds, in the place of the
/// first, as when both were applied to a cluster.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    roles: Roles,
    cluster: Scope,
    namespaces: HashMap<String, Scope>,
}

impl Policy {
    /// Builds a policy. Every list keeps its order, which is the order in which bindings are
    /// asked.
    ///
    /// Objects are taken as they are: nothing is validated or defaulted, and the rules of
    /// aggregated `ClusterRole`s are those that they carry.
    #[must_use]
    pub fn new(objects: Objects) -> Self {
        let roles = Roles::of(&objects);
        let mut policy = Self::default();
        for binding in objects.cluster_role_bindings {
            policy.cluster.put(binding.into());
        }
        for binding in objects.role_bindings {
            let namespace = binding.metadata.namespace.clone();
            policy
                .namespaces
                .entry(namespace)
                .or_default()
                .put(binding.into());
        }
        for scope in std::iter::once(&mut policy.cluster).chain(policy.namespaces.values_mut()) {
            scope.resolve(|binding| {
                let namespace = binding.namespace.as_deref();
                roles.find(&binding.role_ref, namespace).cloned()
            });
            scope.index();
        }
        policy.roles = roles;
        policy
    }

    /// Decides as kube-apiserver does with RBAC: members of [`PRIVILEGED_GROUP`] may do
    /// everything, for the others it is [`rbac`](Self::rbac).
    ///
    /// As upstream: pkg/kubeapiserver/authorizer/config.go puts the privileged-group authorizer in
    /// front of all others. The Node authorizer is not RBAC, and not here.
    #[must_use]
    pub fn authorize(&self, user: &User, request: &Request<'_>) -> Response<'_> {
        if user.groups.iter().any(|group| group == PRIVILEGED_GROUP) {
            return Response::new(Decision::Allow(Grant::PrivilegedGroup), Vec::new());
        }
        self.rbac(user, request)
    }

    /// Decides by roles and bindings alone.
    ///
    /// First the `ClusterRoleBinding`s, then, if the request has a namespace, its `RoleBinding`s. The
    /// first rule that allows ends the walk. A role that does not resolve is noted, and the walk
    /// goes on.
    ///
    /// As upstream: pkg/registry/rbac/validation/rule.go, `VisitRulesFor`. There the order within
    /// a scope is that of a cache and differs from call to call; here it is the order given.
    #[must_use]
    pub fn rbac(&self, user: &User, request: &Request<'_>) -> Response<'_> {
        let mut unresolved = Vec::new();
        let namespace = request.namespace().unwrap_or_default();
        for scope in self.scopes(namespace) {
            let found = scope.find(&user.name, &user.groups, request);
            unresolved.extend(found.unresolved.into_iter().map(Unresolved::of));
            if let Some((binding, subject, rule)) = found.grant {
                let grant = Grant::Binding(BindingGrant::of(binding, subject, rule));
                return Response::new(Decision::Allow(grant), unresolved);
            }
        }
        Response::new(Decision::NoOpinion, unresolved)
    }

    /// Walks the bindings of a user, each with the first subject that is the user.
    pub(crate) fn bindings_of<'p>(
        &'p self,
        user: &User,
        namespace: &str,
    ) -> impl Iterator<Item = (&'p Bound, &'p Subject)> {
        self.scopes(namespace)
            .flat_map(|scope| scope.bindings_of(&user.name, &user.groups))
    }

    /// Finds the rules of the role that a binding of a namespace refers to, as [`Roles::find`].
    pub(crate) fn rules_of(&self, role: &RoleRef, namespace: &str) -> Option<&[PolicyRule]> {
        let namespace = Some(namespace).filter(|namespace| !namespace.is_empty());
        self.roles.find(role, namespace).map(|rules| &**rules)
    }

    /// Walks all bindings of all namespaces, those of the cluster first.
    pub(crate) fn all_bindings(&self) -> impl Iterator<Item = &Bound> {
        self.all_scopes().flat_map(Scope::bindings)
    }

    /// Returns the names of the namespaces that have `RoleBinding`s, in order.
    pub(crate) fn namespaces(&self) -> impl Iterator<Item = &str> {
        let mut names: Vec<&str> = self.namespaces.keys().map(String::as_str).collect();
        names.sort_unstable();
        names.into_iter().filter(|name| !name.is_empty())
    }

    fn all_scopes(&self) -> impl Iterator<Item = &Scope> {
        let mut namespaces: Vec<_> = self.namespaces.iter().collect();
        namespaces.sort_unstable_by_key(|&(name, _)| name);
        let namespaces = namespaces.into_iter().map(|(_, scope)| scope);
        std::iter::once(&self.cluster).chain(namespaces)
    }

    /// Walks all bindings of the cluster and of one namespace.
    pub(crate) fn bindings_in<'p>(&'p self, namespace: &str) -> impl Iterator<Item = &'p Bound> {
        self.scopes(namespace).flat_map(Scope::bindings)
    }

    /// Walks the bindings of a user in all namespaces, those of the cluster first.
    pub(crate) fn bindings_of_everywhere<'p>(
        &'p self,
        user: &User,
    ) -> impl Iterator<Item = (&'p Bound, &'p Subject)> {
        self.all_scopes()
            .flat_map(|scope| scope.bindings_of(&user.name, &user.groups))
            .filter(|(binding, _)| binding.is_ever_asked())
    }

    // As upstream: pkg/registry/rbac/validation/rule.go, VisitRulesFor. Without a namespace there
    // are no RoleBindings to ask.
    fn scopes<'p>(&'p self, namespace: &str) -> impl Iterator<Item = &'p Scope> {
        let namespace = match namespace {
            "" => None,
            namespace => self.namespaces.get(namespace),
        };
        std::iter::once(&self.cluster).chain(namespace)
    }
}

/// The rules of all roles.
#[derive(Clone, Debug, Default)]
struct Roles {
    cluster: HashMap<String, Arc<[PolicyRule]>>,
    namespaces: HashMap<String, HashMap<String, Arc<[PolicyRule]>>>,
}

impl Roles {
    fn of(objects: &Objects) -> Self {
        let mut namespaces: HashMap<_, HashMap<_, _>> = HashMap::new();
        for role in &objects.roles {
            let namespace = namespaces
                .entry(role.metadata.namespace.clone())
                .or_default();
            namespace.insert(role.metadata.name.clone(), role.rules.as_slice().into());
        }
        let cluster = objects.cluster_roles.iter();
        let cluster =
            cluster.map(|role| (role.metadata.name.clone(), role.rules.as_slice().into()));
        Self {
            cluster: cluster.collect(),
            namespaces,
        }
    }

    // As upstream: pkg/registry/rbac/validation/rule.go, GetRoleReferenceRules. The API group of
    // the reference is not looked at, and from a ClusterRoleBinding no Role is ever found.
    fn find(&self, role: &RoleRef, namespace: Option<&str>) -> Option<&Arc<[PolicyRule]>> {
        match role.kind.as_str() {
            "ClusterRole" => self.cluster.get(&role.name),
            "Role" => self.namespaces.get(namespace?)?.get(&role.name),
            _ => None,
        }
    }
}
