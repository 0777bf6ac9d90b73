//! `RoleBinding`s whose `Role` is in another namespace, and bindings to roles of the default policy.

use std::fmt::{self, Display, Formatter};

use k8s_rbac::{BindingName, BindingView, Missing, Policy, Quoted, Unresolved};

/// The `ClusterRole`s of the default policy that do not begin with [`SYSTEM`].
const DEFAULT_ROLES: [&str; 4] = ["admin", "cluster-admin", "edit", "view"];

/// The prefix of the names that Kubernetes reserves for its own roles.
const SYSTEM: &str = "system:";

/// A `RoleBinding` that names the user, but whose `Role` is only in other namespaces. Prints as a
/// sentence.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MisplacedBinding<'p> {
    binding: BindingName<'p>,
    namespace: &'p str,
    role: &'p str,
    others: Vec<&'p str>,
}

impl<'p> MisplacedBinding<'p> {
    /// Finds the namespaces that have the `Role`, if the binding's own namespace lacks it.
    pub(super) fn find(policy: &'p Policy, binding: &BindingView<'p>) -> Option<Self> {
        let missing = binding.unresolved()?.missing();
        let Missing::Role {
            name,
            namespace: Some(namespace),
        } = missing
        else {
            return None;
        };
        let others: Vec<&str> = policy
            .roles()
            .filter(|role| role.name() == name)
            .filter_map(|role| role.namespace())
            .collect();
        (!others.is_empty()).then_some(Self {
            binding: binding.name(),
            namespace,
            role: name,
            others,
        })
    }

    /// Returns the binding.
    #[must_use]
    pub const fn binding(&self) -> BindingName<'p> {
        self.binding
    }

    /// Returns the namespaces that have a `Role` of the name, in order.
    #[must_use]
    pub fn namespaces_with_role(&self) -> &[&'p str] {
        &self.others
    }
}

impl Display for MisplacedBinding<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (own, role) = (Quoted::new(self.namespace), Quoted::new(self.role));
        write!(
            f,
            "{}: it names the user, but namespace {own} has no Role {role}; there is one in ",
            self.binding
        )?;
        let others: Vec<String> = self
            .others
            .iter()
            .map(|other| Quoted::new(other).to_string())
            .collect();
        f.write_str(&others.join(", "))
    }
}

/// Returns whether the missing role belongs to the default policy of Kubernetes, which every cluster
/// has.
#[must_use]
pub fn is_of_default_policy(unresolved: &Unresolved<'_>) -> bool {
    match unresolved.missing() {
        Missing::ClusterRole { name } => DEFAULT_ROLES.contains(&name) || name.starts_with(SYSTEM),
        Missing::Role { name, .. } => name.starts_with(SYSTEM),
        Missing::UnsupportedKind { .. } => false,
    }
}
