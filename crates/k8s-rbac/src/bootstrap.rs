//! The default policy: what kube-apiserver creates when it starts, and keeps.

mod controllers;
mod data;
mod tables;

use crate::objects::Objects;

/// The version of Kubernetes whose default policy this is, with its default feature gates.
pub const KUBERNETES_VERSION: &str = "1.34.1";

/// The first minor version of Kubernetes 1 whose default policy is here.
pub const FIRST_MINOR: u8 = 31;

/// The last minor version of Kubernetes 1 whose default policy is here.
pub const LAST_MINOR: u8 = 37;

/// The label, key and value, of each object of the default policy.
pub const LABEL: (&str, &str) = ("kubernetes.io/bootstrapping", "rbac-defaults");

/// The annotation, key and value, with which kube-apiserver creates each object of the default
/// policy. At every start it puts back what is missing from an object that has it; with the value
/// `false` it leaves the object alone. [`Metadata`](crate::Metadata) keeps no annotations.
pub const AUTOUPDATE: (&str, &str) = ("rbac.authorization.kubernetes.io/autoupdate", "true");

impl Objects {
    /// Returns the default policy, the roles of controllers included: `ClusterRole`s of general
    /// use, then those of controllers, and the bindings alike; each by name.
    ///
    /// It is the policy as it is written down: `admin`, `edit` and `view` have an `aggregationRule`
    /// and **no rules** until [`Objects::aggregate`] is run, after all other `ClusterRole`s are
    /// there:
    ///
    /// ```
    /// use k8s_rbac::{Objects, Policy, ResourceRequest, User};
    ///
    /// let mut objects = Objects::bootstrap();
    /// objects.aggregate();
    /// let policy = Policy::new(objects);
    /// let scheduler = User::new("system:kube-scheduler", ["system:authenticated"]);
    /// let bind = ResourceRequest::new("create", "", "pods")
    ///     .with_subresource("binding")
    ///     .in_namespace("dev");
    /// assert!(policy.authorize(&scheduler, &bind.into()).decision().is_allow());
    /// ```
    #[must_use]
    pub fn bootstrap() -> Self {
        Self::bootstrap_of_minor(34)
    }

    /// Returns the default policy of Kubernetes 1.`minor`, from [`FIRST_MINOR`] to [`LAST_MINOR`].
    #[doc(hidden)]
    #[must_use]
    pub fn bootstrap_of_minor(minor: u8) -> Self {
        let controllers = || {
            controllers::CONTROLLER_ROLES
                .iter()
                .filter(move |role| role.is_in(minor))
        };
        Self {
            roles: data::ROLES
                .iter()
                .filter(|role| role.is_in(minor))
                .map(|role| role.to_role(minor))
                .collect(),
            role_bindings: data::ROLE_BINDINGS
                .iter()
                .filter(|binding| binding.is_in(minor))
                .map(|binding| binding.to_role_binding())
                .collect(),
            cluster_roles: data::CLUSTER_ROLES
                .iter()
                .filter(|role| role.is_in(minor))
                .chain(controllers())
                .map(|role| role.to_cluster_role(minor))
                .collect(),
            cluster_role_bindings: data::CLUSTER_ROLE_BINDINGS
                .iter()
                .filter(|binding| binding.is_in(minor))
                .map(|binding| binding.to_cluster_role_binding())
                .chain(controllers().map(|role| role.to_controller_binding()))
                .collect(),
        }
    }
}
