//! The default policy: the objects that kube-apiserver creates at start, with default feature gates.

mod controllers;
mod data;
mod tables;

use crate::objects::Objects;
use crate::version::KubernetesVersion;

pub use tables::LABEL;

/// The annotation, key and value, that kube-apiserver puts on each object of the default policy.
///
/// At each start it restores the missing parts of an object with this annotation. With the value
/// `false` it leaves the object alone. [`Metadata`](crate::Metadata) keeps no annotations.
pub const AUTOUPDATE: (&str, &str) = ("rbac.authorization.kubernetes.io/autoupdate", "true");

impl Objects {
    /// Returns the default policy of a version, the roles of controllers included.
    ///
    /// `ClusterRole`s of general use come before the `ClusterRole`s of controllers, and bindings
    /// likewise; each group is ordered by name.
    ///
    /// `admin`, `edit` and `view` have an `aggregationRule` and **no rules**. Call
    /// [`Objects::aggregate`] once all other `ClusterRole`s have been added:
    ///
    /// ```
    /// use k8s_rbac::{KubernetesVersion, Objects, Policy, ResourceRequest, User};
    ///
    /// let mut objects = Objects::bootstrap(KubernetesVersion::default());
    /// objects.aggregate();
    /// let policy = Policy::new(objects);
    /// let scheduler = User::new("system:kube-scheduler", ["system:authenticated"]);
    /// let bind = ResourceRequest::new("create", "", "pods")
    ///     .with_subresource("binding")
    ///     .in_namespace("dev");
    /// assert!(policy.authorize(&scheduler, &bind.into()).decision().is_allow());
    /// ```
    #[must_use]
    pub fn bootstrap(version: KubernetesVersion) -> Self {
        let minor = version.minor();
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
