//! Access to the objects of a policy.

use crate::engine::binding::BindingObject;
use crate::engine::policy::Policy;
use crate::engine::role_table::RoleObject;
use crate::engine::scope::Scope;
use crate::objects::{ClusterRole, ClusterRoleBinding, Objects, Role, RoleBinding};

impl Policy {
    /// Walks the `ClusterRole`s by name.
    pub fn cluster_roles(&self) -> impl Iterator<Item = &ClusterRole> {
        let roles = self.roles.objects().filter_map(|role| match role {
            RoleObject::Cluster(role) => Some(role),
            RoleObject::Namespaced(_) => None,
        });
        let mut roles: Vec<&ClusterRole> = roles.collect();
        roles.sort_unstable_by_key(|role| &role.metadata.name);
        roles.into_iter()
    }

    /// Walks the `Role`s by namespace and name.
    pub fn roles(&self) -> impl Iterator<Item = &Role> {
        let roles = self.roles.objects().filter_map(|role| match role {
            RoleObject::Cluster(_) => None,
            RoleObject::Namespaced(role) => Some(role),
        });
        let mut roles: Vec<&Role> = roles.collect();
        roles.sort_unstable_by_key(|role| (&role.metadata.namespace, &role.metadata.name));
        roles.into_iter()
    }

    /// Walks the `ClusterRoleBinding`s in walk order.
    pub fn cluster_role_bindings(&self) -> impl Iterator<Item = &ClusterRoleBinding> {
        let bindings = self.cluster.bindings();
        bindings.filter_map(|binding| match &binding.object {
            BindingObject::Cluster(binding) => Some(binding),
            BindingObject::Namespaced(_) => None,
        })
    }

    /// Walks the `RoleBinding`s, namespaces by name and each in walk order.
    pub fn role_bindings(&self) -> impl Iterator<Item = &RoleBinding> {
        let bindings = self.all_scopes().flat_map(Scope::bindings);
        bindings.filter_map(|binding| match &binding.object {
            BindingObject::Cluster(_) => None,
            BindingObject::Namespaced(binding) => Some(binding),
        })
    }

    /// Copies the objects. A policy built from them equals this one.
    #[must_use]
    pub fn objects(&self) -> Objects {
        Objects {
            roles: self.roles().cloned().collect(),
            role_bindings: self.role_bindings().cloned().collect(),
            cluster_roles: self.cluster_roles().cloned().collect(),
            cluster_role_bindings: self.cluster_role_bindings().cloned().collect(),
        }
    }
}
