//! Access to the objects of a policy.

use crate::engine::binding::Binding;
use crate::engine::policy::Policy;
use crate::engine::role::{RoleName, RoleView};
use crate::engine::scope::Scope;
use crate::objects::{ClusterRole, ClusterRoleBinding, Objects, Role, RoleBinding};

impl Policy {
    /// Walks the `ClusterRole`s by name.
    pub fn cluster_roles(&self) -> impl Iterator<Item = RoleView<'_>> {
        let roles = self.roles.views();
        let mut roles: Vec<RoleView<'_>> =
            roles.filter(|role| role.namespace().is_none()).collect();
        roles.sort_unstable_by_key(RoleView::name);
        roles.into_iter()
    }

    /// Walks the `Role`s by namespace and name.
    pub fn roles(&self) -> impl Iterator<Item = RoleView<'_>> {
        let roles = self.roles.views();
        let mut roles: Vec<RoleView<'_>> =
            roles.filter(|role| role.namespace().is_some()).collect();
        roles.sort_unstable_by_key(|role| (role.namespace(), role.name()));
        roles.into_iter()
    }

    /// Copies the `ClusterRole` with a name. `None` if it does not exist.
    #[must_use]
    pub fn cluster_role(&self, name: &str) -> Option<ClusterRole> {
        let role = self.roles.view(RoleName::Cluster(name), &self.hasher)?;
        role.to_cluster_role()
    }

    /// Copies the `Role` with a name. `None` if it does not exist.
    #[must_use]
    pub fn role(&self, namespace: &str, name: &str) -> Option<Role> {
        let name = RoleName::Namespaced(namespace, name);
        self.roles.view(name, &self.hasher)?.to_role()
    }

    /// Copies the `ClusterRoleBinding` with a name. `None` if it does not exist.
    #[must_use]
    pub fn cluster_role_binding(&self, name: &str) -> Option<ClusterRoleBinding> {
        let binding = self.cluster.binding(name, &self.hasher)?;
        binding.to_cluster_role_binding()
    }

    /// Copies the `RoleBinding` with a name. `None` if it does not exist.
    #[must_use]
    pub fn role_binding(&self, namespace: &str, name: &str) -> Option<RoleBinding> {
        let binding = self.namespace(namespace)?.binding(name, &self.hasher)?;
        binding.to_role_binding()
    }

    /// Copies the objects: roles by namespace and name, bindings in the order of
    /// [`bindings`](Self::bindings). A policy that is built from them equals this policy.
    #[must_use]
    pub fn objects(&self) -> Objects {
        let bindings = || self.all_scopes().flat_map(Scope::bindings);
        Objects {
            roles: self.roles().filter_map(RoleView::to_role).collect(),
            role_bindings: bindings().filter_map(Binding::to_role_binding).collect(),
            cluster_roles: self.owned_cluster_roles(),
            cluster_role_bindings: bindings()
                .filter_map(Binding::to_cluster_role_binding)
                .collect(),
        }
    }

    pub(super) fn owned_cluster_roles(&self) -> Vec<ClusterRole> {
        self.cluster_roles()
            .filter_map(RoleView::to_cluster_role)
            .collect()
    }
}
