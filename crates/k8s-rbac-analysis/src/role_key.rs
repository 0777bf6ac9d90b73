//! A key for the role that a binding grants, because many bindings grant one role.

use k8s_rbac::BindingView;

/// The namespace and name of the role of a binding. A `ClusterRole` has no namespace.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct RoleKey<'p> {
    namespace: Option<&'p str>,
    name: &'p str,
}

impl<'p> RoleKey<'p> {
    /// Returns the key of a binding's role. The `roleRef` must resolve.
    pub(crate) fn of(binding: &BindingView<'p>) -> Self {
        let role = binding.role_ref();
        Self {
            namespace: binding.namespace().filter(|_| role.kind == "Role"),
            name: role.name,
        }
    }
}
