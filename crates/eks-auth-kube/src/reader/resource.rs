//! The resources that are read.

/// A resource of the API.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resource {
    pub(super) name: &'static str,
    pub(super) path: &'static str,
    pub(super) api_version: &'static str,
    pub(super) kind: &'static str,
    /// The path of the API group, if it is not a part of Kubernetes: without it, there are no objects.
    pub(super) group: Option<&'static str>,
    pub(super) kept: Kept,
}

/// The kept part of an object.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kept {
    /// Everything but `metadata.managedFields`, as kubectl prints it.
    Object,
    /// The namespace, the name, and the service account in the pod's specification, which is at this path.
    ServiceAccountAt(&'static [&'static str]),
}

const fn access(
    name: &'static str,
    path: &'static str,
    api_version: &'static str,
    kind: &'static str,
) -> Resource {
    Resource {
        name,
        path,
        api_version,
        kind,
        group: None,
        kept: Kept::Object,
    }
}

const RBAC: &str = "rbac.authorization.k8s.io/v1";

/// The objects that map identities and grant permissions.
pub(super) const ACCESS: [Resource; 5] = [
    Resource {
        group: Some("/apis/iamauthenticator.k8s.aws"),
        ..access(
            "iamidentitymappings",
            "/apis/iamauthenticator.k8s.aws/v1alpha1/iamidentitymappings",
            "iamauthenticator.k8s.aws/v1alpha1",
            "IAMIdentityMapping",
        )
    },
    access(
        "clusterroles",
        "/apis/rbac.authorization.k8s.io/v1/clusterroles",
        RBAC,
        "ClusterRole",
    ),
    access(
        "clusterrolebindings",
        "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
        RBAC,
        "ClusterRoleBinding",
    ),
    access(
        "roles",
        "/apis/rbac.authorization.k8s.io/v1/roles",
        RBAC,
        "Role",
    ),
    access(
        "rolebindings",
        "/apis/rbac.authorization.k8s.io/v1/rolebindings",
        RBAC,
        "RoleBinding",
    ),
];

const fn workload(
    name: &'static str,
    path: &'static str,
    api_version: &'static str,
    kind: &'static str,
    spec: &'static [&'static str],
) -> Resource {
    Resource {
        name,
        path,
        api_version,
        kind,
        group: None,
        kept: Kept::ServiceAccountAt(spec),
    }
}

const TEMPLATE: &[&str] = &["spec", "template", "spec"];

/// The objects that run as a service account.
pub(super) const WORKLOADS: [Resource; 9] = [
    workload(
        "serviceaccounts",
        "/api/v1/serviceaccounts",
        "v1",
        "ServiceAccount",
        &[],
    ),
    workload("pods", "/api/v1/pods", "v1", "Pod", &["spec"]),
    workload(
        "replicationcontrollers",
        "/api/v1/replicationcontrollers",
        "v1",
        "ReplicationController",
        TEMPLATE,
    ),
    workload(
        "daemonsets",
        "/apis/apps/v1/daemonsets",
        "apps/v1",
        "DaemonSet",
        TEMPLATE,
    ),
    workload(
        "deployments",
        "/apis/apps/v1/deployments",
        "apps/v1",
        "Deployment",
        TEMPLATE,
    ),
    workload(
        "replicasets",
        "/apis/apps/v1/replicasets",
        "apps/v1",
        "ReplicaSet",
        TEMPLATE,
    ),
    workload(
        "statefulsets",
        "/apis/apps/v1/statefulsets",
        "apps/v1",
        "StatefulSet",
        TEMPLATE,
    ),
    workload(
        "cronjobs",
        "/apis/batch/v1/cronjobs",
        "batch/v1",
        "CronJob",
        &["spec", "jobTemplate", "spec", "template", "spec"],
    ),
    workload("jobs", "/apis/batch/v1/jobs", "batch/v1", "Job", TEMPLATE),
];
