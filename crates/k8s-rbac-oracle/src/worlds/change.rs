//! Changes to a world.

use k8s_rbac::{ClusterRole, ClusterRoleBinding, Metadata, Objects, Policy, Role, RoleBinding};

/// One object put into a policy or removed from it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Change {
    /// Puts a `ClusterRole`.
    ClusterRole(ClusterRole),
    /// Puts a `ClusterRoleBinding`.
    ClusterRoleBinding(ClusterRoleBinding),
    /// Removes the `ClusterRole` of this name.
    RemoveClusterRole(String),
    /// Removes the `ClusterRoleBinding` of this name.
    RemoveClusterRoleBinding(String),
    /// Removes the Role of this namespace and name.
    RemoveRole(String, String),
    /// Removes the `RoleBinding` of this namespace and name.
    RemoveRoleBinding(String, String),
    /// Puts a Role.
    Role(Role),
    /// Puts a `RoleBinding`.
    RoleBinding(RoleBinding),
}

impl Change {
    /// Applies the change to a policy.
    pub(super) fn apply(self, policy: &mut Policy) {
        match self {
            Self::ClusterRole(role) => policy.put_cluster_role(role),
            Self::ClusterRoleBinding(binding) => policy.put_cluster_role_binding(binding),
            Self::RemoveClusterRole(name) => {
                policy.remove_cluster_role(&name);
            }
            Self::RemoveClusterRoleBinding(name) => {
                policy.remove_cluster_role_binding(&name);
            }
            Self::RemoveRole(namespace, name) => {
                policy.remove_role(&namespace, &name);
            }
            Self::RemoveRoleBinding(namespace, name) => {
                policy.remove_role_binding(&namespace, &name);
            }
            Self::Role(role) => policy.put_role(role),
            Self::RoleBinding(binding) => policy.put_role_binding(binding),
        }
    }

    /// Applies the change to plain lists, as `Policy` documents it: a new object goes to the end, and
    /// an existing object is replaced at its place.
    pub(super) fn apply_to_lists(self, world: &mut Objects) {
        match self {
            Self::ClusterRole(role) => put(&mut world.cluster_roles, role, |it| &it.metadata),
            Self::ClusterRoleBinding(binding) => {
                put(&mut world.cluster_role_bindings, binding, |it| &it.metadata);
            }
            Self::RemoveClusterRole(name) => {
                world.cluster_roles.retain(|it| it.metadata.name != name);
            }
            Self::RemoveClusterRoleBinding(name) => {
                world
                    .cluster_role_bindings
                    .retain(|it| it.metadata.name != name);
            }
            Self::RemoveRole(namespace, name) => {
                let gone = metadata(&namespace, name);
                world.roles.retain(|it| it.metadata != gone);
            }
            Self::RemoveRoleBinding(namespace, name) => {
                let gone = metadata(&namespace, name);
                world.role_bindings.retain(|it| it.metadata != gone);
            }
            Self::Role(role) => put(&mut world.roles, role, |it| &it.metadata),
            Self::RoleBinding(binding) => put(&mut world.role_bindings, binding, |it| &it.metadata),
        }
    }
}

fn put<T>(list: &mut Vec<T>, new: T, metadata: impl Fn(&T) -> &Metadata) {
    match list.iter_mut().find(|old| metadata(old) == metadata(&new)) {
        Some(old) => *old = new,
        None => list.push(new),
    }
}

pub(super) fn metadata(namespace: &str, name: String) -> Metadata {
    Metadata {
        name,
        namespace: namespace.to_owned(),
        ..Metadata::default()
    }
}
