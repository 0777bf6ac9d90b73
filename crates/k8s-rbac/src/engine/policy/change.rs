//! Changing a policy, one object at a time.

use std::collections::HashSet;
use std::sync::Arc;

use crate::aggregation::Aggregation;
use crate::engine::binding::BindingObject;
use crate::engine::policy::{Namespace, Policy};
use crate::engine::role_table::{RoleName, RoleObject};
use crate::objects::{ClusterRole, ClusterRoleBinding, Objects, Role, RoleBinding};

/// Objects are identified by kind, namespace and name.
///
/// A binding that is put in the place of another of its name stands where that one stood in the
/// walk; a new one stands at its end, also if one of its name was there once and was taken out. So
/// a policy that was changed is the one that [`Policy::new`] makes of its
/// [`objects`](Policy::objects).
///
/// Roles have no order, and are looked up by the bindings that refer to them: putting in a role
/// resolves the bindings that were there before it. It costs what the role itself says, and what a
/// binding costs depends on how many subjects it has; neither depends on what else there is.
///
/// As in [`Policy::new`], the rules of an aggregated `ClusterRole` are those that it carries. Who
/// follows a cluster gets it again, filled in, whenever one of its members has changed; who follows
/// files runs [`aggregate`](Policy::aggregate) after a change.
impl Policy {
    /// Puts in a `ClusterRole`, or replaces it.
    pub fn put_cluster_role(&mut self, role: ClusterRole) {
        Arc::make_mut(&mut self.roles).put(RoleObject::Cluster(role), &self.hasher);
    }

    /// Puts in a `Role`, or replaces it.
    pub fn put_role(&mut self, role: Role) {
        Arc::make_mut(&mut self.roles).put(RoleObject::Namespaced(role), &self.hasher);
    }

    /// Puts in a `ClusterRoleBinding`, or replaces it.
    pub fn put_cluster_role_binding(&mut self, binding: ClusterRoleBinding) {
        let (roles, scope) = (
            Arc::make_mut(&mut self.roles),
            Arc::make_mut(&mut self.cluster),
        );
        scope.put(BindingObject::Cluster(binding), roles, &self.hasher);
    }

    /// Puts in a `RoleBinding`, or replaces it.
    pub fn put_role_binding(&mut self, binding: RoleBinding) {
        let name: Arc<str> = binding.metadata.namespace.as_str().into();
        let hash = self.hasher.hash(&name);
        let is_it = |namespace: &Namespace| *namespace.name == *name;
        if self.namespaces.find(hash, is_it).is_none() {
            let namespace = Namespace {
                name: Arc::clone(&name),
                scope: Arc::default(),
            };
            self.namespaces.insert(hash, namespace);
        }
        self.namespaces.change(hash, is_it, |namespace| {
            let roles = Arc::make_mut(&mut self.roles);
            let scope = Arc::make_mut(&mut namespace.scope);
            scope.put(BindingObject::Namespaced(binding), roles, &self.hasher);
        });
    }

    /// Takes out a `ClusterRole`; says whether it was there. Bindings that refer to it stay.
    pub fn remove_cluster_role(&mut self, name: &str) -> bool {
        Arc::make_mut(&mut self.roles).remove(RoleName::Cluster(name), &self.hasher)
    }

    /// Takes out a `Role`; says whether it was there. Bindings that refer to it stay.
    pub fn remove_role(&mut self, namespace: &str, name: &str) -> bool {
        let name = RoleName::Namespaced(namespace, name);
        Arc::make_mut(&mut self.roles).remove(name, &self.hasher)
    }

    /// Takes out a `ClusterRoleBinding`; says whether it was there.
    pub fn remove_cluster_role_binding(&mut self, name: &str) -> bool {
        let (roles, scope) = (
            Arc::make_mut(&mut self.roles),
            Arc::make_mut(&mut self.cluster),
        );
        scope.remove(name, roles, &self.hasher)
    }

    /// Takes out a `RoleBinding`; says whether it was there.
    pub fn remove_role_binding(&mut self, namespace: &str, name: &str) -> bool {
        let hash = self.hasher.hash(namespace);
        let is_it = |own: &Namespace| *own.name == *namespace;
        let removed = self.namespaces.change(hash, is_it, |own| {
            let roles = Arc::make_mut(&mut self.roles);
            let scope = Arc::make_mut(&mut own.scope);
            let was_there = scope.remove(name, roles, &self.hasher);
            (was_there, scope.is_empty())
        });
        let (was_there, is_empty) = removed.unwrap_or_default();
        if is_empty {
            self.namespaces.remove(hash, is_it);
        }
        was_there
    }

    /// Gives every aggregated `ClusterRole` its rules, as [`Objects::aggregate`] does, which says
    /// what it costs.
    pub fn aggregate(&mut self) -> Aggregation {
        let mut objects = Objects {
            cluster_roles: self.cluster_roles().cloned().collect(),
            ..Objects::default()
        };
        let aggregation = objects.aggregate();
        let changed: HashSet<&String> = aggregation.changed.iter().collect();
        for role in objects.cluster_roles {
            if changed.contains(&role.metadata.name) {
                self.put_cluster_role(role);
            }
        }
        aggregation
    }
}
