//! Roles that bindings refer to and that the documents lack, because they have no role of the kind at all.

use std::collections::BTreeSet;
use std::fmt::{self, Display, Formatter};

use k8s_rbac::{BindingName, Missing, Request, Unresolved, User};
use k8s_rbac_analysis::explain::is_of_default_policy;
use printable_text::Printable;

use crate::cluster::Cluster;
use crate::grant::is_master;
use crate::rbac::DefaultPolicy;

/// A role that a binding refers to and that the documents lack. It may have any rules. Prints as a sentence.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct MissingRole {
    /// The binding, as kube-apiserver names it.
    binding: String,
    /// The kind and the name of the role.
    role: String,
    /// The resource to ask for.
    resource: &'static str,
    /// The namespace in which the binding grants the role. `None` for the whole cluster.
    namespace: Option<String>,
}

impl MissingRole {
    /// Returns whether the role may have permissions in a namespace, or in none.
    pub(crate) fn may_cover(&self, namespace: Option<&str>) -> bool {
        self.namespace.is_none() || self.namespace.as_deref() == namespace
    }

    /// Returns whether the role is granted in this namespace only.
    #[cfg(feature = "report")]
    pub(crate) fn is_of_namespace(&self, namespace: &str) -> bool {
        self.namespace.as_deref() == Some(namespace)
    }

    /// Returns the binding, as kube-apiserver names it.
    #[cfg(feature = "report")]
    pub(crate) fn binding(&self) -> &str {
        &self.binding
    }

    /// Returns the kind and the name of the role.
    #[cfg(feature = "report")]
    pub(crate) fn role(&self) -> &str {
        &self.role
    }
}

impl Display for MissingRole {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self {
            binding,
            role,
            resource,
            ..
        } = self;
        write!(
            f,
            "{binding} grants {role}, which the documents lack; add the output of `kubectl get {resource} -o yaml`"
        )
    }
}

impl Cluster {
    /// Returns the role that a binding refers to, if the documents have no role of its kind: they are a part of a dump.
    /// `None` for a single binding whose role is missing, which kube-apiserver ignores, and for a role of the default policy,
    /// if the options leave that out.
    pub(crate) fn missing_role(&self, unresolved: &Unresolved<'_>) -> Option<MissingRole> {
        let is_left_out = self.rbac().default_policy() == DefaultPolicy::LeftOut;
        if is_left_out && is_of_default_policy(unresolved) {
            return None;
        }
        let written = self.rbac().written();
        let (kind, name, resource) = match unresolved.missing() {
            Missing::ClusterRole { name } if written.cluster_roles.is_empty() => {
                ("ClusterRole", name, "clusterroles")
            }
            Missing::Role {
                name,
                namespace: Some(_),
            } if written.roles.is_empty() => ("Role", name, "roles -A"),
            _ => return None,
        };
        let namespace = match unresolved.binding() {
            BindingName::ClusterRoleBinding { .. } => None,
            BindingName::RoleBinding { namespace, .. } => Some(namespace.to_owned()),
        };
        Some(MissingRole {
            binding: unresolved.binding().to_string(),
            role: format!("{kind} {}", Printable::new(name)),
            resource,
            namespace,
        })
    }

    /// Returns the missing roles that a user has.
    pub(crate) fn missing_roles_of(&self, user: &User) -> Vec<MissingRole> {
        let written = self.rbac().written();
        let has_both_kinds = !written.cluster_roles.is_empty() && !written.roles.is_empty();
        if is_master(user) || has_both_kinds {
            return Vec::new();
        }
        let bindings = self.policy().all_bindings_for(user);
        let found: BTreeSet<MissingRole> = bindings
            .filter_map(|(binding, _)| self.missing_role(&binding.unresolved()?))
            .collect();
        found.into_iter().collect()
    }

    /// Returns the missing roles that a user has and that may allow a request.
    pub(crate) fn missing_roles_for(&self, user: &User, request: &Request<'_>) -> Vec<MissingRole> {
        let mut found = self.missing_roles_of(user);
        found.retain(|role| role.may_cover(request.namespace()));
        found
    }

    /// Returns the bindings whose roles are missing, each with its subjects as text.
    pub(crate) fn bindings_of_missing_roles(&self) -> BTreeSet<(MissingRole, Vec<String>)> {
        let bindings = self.policy().bindings();
        bindings
            .filter_map(|binding| {
                let role = self.missing_role(&binding.unresolved()?)?;
                let subjects = binding.subjects();
                let mut subjects: Vec<String> = subjects
                    .map(|subject| {
                        format!("{} {}/{}", subject.kind, subject.namespace, subject.name)
                    })
                    .collect();
                subjects.sort();
                Some((role, subjects))
            })
            .collect()
    }
}
