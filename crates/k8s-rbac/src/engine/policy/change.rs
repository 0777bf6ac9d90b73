//! Changing a policy, one object at a time.

use std::collections::HashSet;
use std::sync::Arc;

use crate::aggregation::Aggregation;
use crate::engine::binding::Binding;
use crate::engine::policy::{Namespace, Policy};
use crate::engine::role::{NamedRole, RoleName};
use crate::objects::{ClusterRole, ClusterRoleBinding, Objects, PolicyRule, Role, RoleBinding};

/// Objects are identified by kind, namespace and name.
///
/// A binding that replaces another keeps its position in the walk. A new binding goes to the end,
/// even if a binding with its name existed before and was removed. So [`Policy::new`] builds an
/// equal policy from the [`objects`](Policy::objects) of a changed policy.
///
/// Roles have no order. Bindings find them by name, so adding a role resolves the bindings that
/// refer to it. The cost of a change depends on the size of the role or on the number of subjects of
/// the binding. In addition, one list entry is copied for every 128 objects of the policy.
///
/// As in [`Policy::new`], aggregated `ClusterRole`s have the rules that are written in them. A
/// cluster's watch delivers such a role again, filled in, after one of its members has changed. With
/// files, run [`aggregate`](Policy::aggregate) after a change.
impl Policy {
    /// Adds or replaces objects, which are copied: roles first, each list in its order. If a role of the policy
    /// has the same rules already, they are shared and not copied. That is common if a chart is installed in
    /// many namespaces.
    pub fn put_copies(&mut self, objects: &Objects) {
        for role in &objects.cluster_roles {
            let (named, _) = NamedRole::of_cluster(ClusterRole {
                metadata: role.metadata.clone(),
                rules: Vec::new(),
                aggregation_rule: role.aggregation_rule.clone(),
            });
            self.put_named(named, &role.rules);
        }
        for role in &objects.roles {
            let (named, _) = NamedRole::of_namespace(Role {
                metadata: role.metadata.clone(),
                rules: Vec::new(),
            });
            self.put_named(named, &role.rules);
        }
        for binding in &objects.cluster_role_bindings {
            self.put_cluster_role_binding(binding.clone());
        }
        for binding in &objects.role_bindings {
            self.put_role_binding(binding.clone());
        }
    }

    fn put_named(&mut self, role: NamedRole, rules: &[PolicyRule]) {
        Arc::make_mut(&mut self.roles).put(role, rules.into(), &self.hasher);
    }

    /// Adds or replaces a `ClusterRole`.
    pub fn put_cluster_role(&mut self, role: ClusterRole) {
        let (role, rules) = NamedRole::of_cluster(role);
        Arc::make_mut(&mut self.roles).put(role, rules.into(), &self.hasher);
    }

    /// Adds or replaces a `Role`.
    pub fn put_role(&mut self, role: Role) {
        let (role, rules) = NamedRole::of_namespace(role);
        Arc::make_mut(&mut self.roles).put(role, rules.into(), &self.hasher);
    }

    /// Adds or replaces a `ClusterRoleBinding`.
    pub fn put_cluster_role_binding(&mut self, binding: ClusterRoleBinding) {
        let (roles, scope) = (
            Arc::make_mut(&mut self.roles),
            Arc::make_mut(&mut self.cluster),
        );
        scope.put(Binding::of_cluster(binding), roles, &self.hasher);
    }

    /// Adds or replaces a `RoleBinding`.
    pub fn put_role_binding(&mut self, binding: RoleBinding) {
        let name = binding.metadata.namespace.clone();
        let hash = self.hasher.hash(&name);
        let is_it = |namespace: &Namespace| *namespace.name == *name;
        if self.namespaces.find(hash, is_it).is_none() {
            let namespace = Namespace {
                name: name.as_str().into(),
                scope: Arc::default(),
            };
            self.namespaces.insert(hash, namespace);
        }
        self.namespaces.change(hash, is_it, |namespace| {
            let binding = Binding::of_namespace(binding, Arc::clone(&namespace.name));
            let roles = Arc::make_mut(&mut self.roles);
            let scope = Arc::make_mut(&mut namespace.scope);
            scope.put(binding, roles, &self.hasher);
        });
    }

    /// Removes a `ClusterRole` and returns whether it existed. Bindings that refer to it stay.
    pub fn remove_cluster_role(&mut self, name: &str) -> bool {
        Arc::make_mut(&mut self.roles).remove(RoleName::Cluster(name), &self.hasher)
    }

    /// Removes a `Role` and returns whether it existed. Bindings that refer to it stay.
    pub fn remove_role(&mut self, namespace: &str, name: &str) -> bool {
        let name = RoleName::Namespaced(namespace, name);
        Arc::make_mut(&mut self.roles).remove(name, &self.hasher)
    }

    /// Removes a `ClusterRoleBinding` and returns whether it existed.
    pub fn remove_cluster_role_binding(&mut self, name: &str) -> bool {
        let (roles, scope) = (
            Arc::make_mut(&mut self.roles),
            Arc::make_mut(&mut self.cluster),
        );
        scope.remove(name, roles, &self.hasher)
    }

    /// Removes a `RoleBinding` and returns whether it existed.
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

    /// Sets the rules of every aggregated `ClusterRole`, as [`Objects::aggregate`] does. The cost
    /// is documented there.
    pub fn aggregate(&mut self) -> Aggregation {
        let mut objects = Objects {
            cluster_roles: self.owned_cluster_roles(),
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

#[cfg(all(test, feature = "bootstrap"))]
mod tests {
    use super::*;
    use crate::version::KubernetesVersion;

    #[test]
    fn copies_of_objects_make_the_policy_of_the_objects() {
        let mut objects = Objects::bootstrap(KubernetesVersion::default());
        // If objects share a name, the last one counts.
        let mut last = objects.cluster_roles.first().cloned().unwrap_or_default();
        last.rules.clear();
        objects.cluster_roles.push(last);
        let mut policy = Policy::default();
        policy.put_copies(&objects);
        assert_eq!(policy.objects(), Policy::new(objects.clone()).objects());
        policy.put_copies(&objects);
        assert_eq!(policy.objects(), Policy::new(objects).objects());
    }
}
