//! The API resources that Kubernetes ships, as data.
//!
//! Taken from the discovery documents of kube-apiserver 1.31 to 1.37 (`api/discovery` in the sources of each
//! release), group by group. The core group comes first, because a name without a group means the first
//! resource of that name (`events`). No resource that is served by default has been removed in these versions.

use crate::version::KubernetesVersion;

/// The subresources that Kubernetes ships, including the kubelet's, in alphabetical order.
pub const SUBRESOURCES: [&str; 20] = [
    "approval",
    "attach",
    "binding",
    "checkpoint",
    "configz",
    "driver",
    "ephemeralcontainers",
    "eviction",
    "exec",
    "finalize",
    "healthz",
    "log",
    "metrics",
    "portforward",
    "proxy",
    "resize",
    "scale",
    "stats",
    "status",
    "token",
];

/// A resource of the API.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct ApiResource {
    /// The API group; empty for the core group.
    pub group: &'static str,
    /// The name, a plural in lower case.
    pub name: &'static str,
    /// The kind of its objects.
    pub kind: &'static str,
    /// The short names.
    pub short_names: &'static [&'static str],
    /// Whether its objects are in namespaces.
    pub is_namespaced: bool,
    since: KubernetesVersion,
}

impl ApiResource {
    /// Returns the singular name. For all of these resources, it is the kind in lower case.
    #[must_use]
    pub fn singular(&self) -> String {
        self.kind.to_ascii_lowercase()
    }

    /// Returns the stable versions of its API, in the order of preference.
    ///
    /// It says nothing about [`OPTIONAL_RESOURCES`].
    #[must_use]
    pub fn versions(&self) -> &'static [&'static str] {
        match self.name {
            "horizontalpodautoscalers" => &["v2", "v1"],
            _ => &["v1"],
        }
    }

    /// Returns the first supported version that serves it by default.
    ///
    /// It says nothing about [`OPTIONAL_RESOURCES`].
    #[must_use]
    pub const fn since(&self) -> KubernetesVersion {
        self.since
    }

    const fn added_in(mut self, version: KubernetesVersion) -> Self {
        self.since = version;
        self
    }

    const fn namespaced(
        group: &'static str,
        name: &'static str,
        kind: &'static str,
        short_names: &'static [&'static str],
    ) -> Self {
        Self {
            group,
            name,
            kind,
            short_names,
            is_namespaced: true,
            since: KubernetesVersion::OLDEST,
        }
    }

    const fn cluster_scoped(
        group: &'static str,
        name: &'static str,
        kind: &'static str,
        short_names: &'static [&'static str],
    ) -> Self {
        Self {
            group,
            name,
            kind,
            short_names,
            is_namespaced: false,
            since: KubernetesVersion::OLDEST,
        }
    }
}

/// Finds a resource by its plural, singular, or short name in lower case, and by its group or a prefix
/// of its group. If `group` is empty, returns the first resource of that name.
///
/// As upstream: apimachinery, `pkg/api/meta/restmapper.go`, `ResourcesFor`, and client-go,
/// `restmapper/shortcut.go`.
#[must_use]
pub fn find(name: &str, group: &str) -> Option<&'static ApiResource> {
    let named = |resource: &&ApiResource| {
        resource.name == name
            || resource.short_names.contains(&name)
            || resource.kind.eq_ignore_ascii_case(name)
    };
    // If several groups have a resource of one name, no group name is the beginning of another.
    let of_group = |resource: &&ApiResource| resource.group.starts_with(group);
    RESOURCES.iter().filter(named).find(of_group)
}

/// Returns the resources that kube-apiserver serves by default in a version, in the order of
/// precedence.
pub fn served_in(version: KubernetesVersion) -> impl Iterator<Item = &'static ApiResource> {
    RESOURCES
        .iter()
        .filter(move |resource| resource.since <= version)
}

/// The resources that kube-apiserver serves by default in some version, in the order of precedence.
pub const RESOURCES: &[ApiResource] = &[
    ApiResource::namespaced("", "bindings", "Binding", &[]),
    ApiResource::cluster_scoped("", "componentstatuses", "ComponentStatus", &["cs"]),
    ApiResource::namespaced("", "configmaps", "ConfigMap", &["cm"]),
    ApiResource::namespaced("", "endpoints", "Endpoints", &["ep"]),
    ApiResource::namespaced("", "events", "Event", &["ev"]),
    ApiResource::namespaced("", "limitranges", "LimitRange", &["limits"]),
    ApiResource::cluster_scoped("", "namespaces", "Namespace", &["ns"]),
    ApiResource::cluster_scoped("", "nodes", "Node", &["no"]),
    ApiResource::namespaced(
        "",
        "persistentvolumeclaims",
        "PersistentVolumeClaim",
        &["pvc"],
    ),
    ApiResource::cluster_scoped("", "persistentvolumes", "PersistentVolume", &["pv"]),
    ApiResource::namespaced("", "pods", "Pod", &["po"]),
    ApiResource::namespaced("", "podtemplates", "PodTemplate", &[]),
    ApiResource::namespaced(
        "",
        "replicationcontrollers",
        "ReplicationController",
        &["rc"],
    ),
    ApiResource::namespaced("", "resourcequotas", "ResourceQuota", &["quota"]),
    ApiResource::namespaced("", "secrets", "Secret", &[]),
    ApiResource::namespaced("", "serviceaccounts", "ServiceAccount", &["sa"]),
    ApiResource::namespaced("", "services", "Service", &["svc"]),
    ApiResource::cluster_scoped(
        "admissionregistration.k8s.io",
        "mutatingadmissionpolicies",
        "MutatingAdmissionPolicy",
        &[],
    )
    .added_in(KubernetesVersion::V1_36),
    ApiResource::cluster_scoped(
        "admissionregistration.k8s.io",
        "mutatingadmissionpolicybindings",
        "MutatingAdmissionPolicyBinding",
        &[],
    )
    .added_in(KubernetesVersion::V1_36),
    ApiResource::cluster_scoped(
        "admissionregistration.k8s.io",
        "mutatingwebhookconfigurations",
        "MutatingWebhookConfiguration",
        &[],
    ),
    ApiResource::cluster_scoped(
        "admissionregistration.k8s.io",
        "validatingadmissionpolicies",
        "ValidatingAdmissionPolicy",
        &[],
    ),
    ApiResource::cluster_scoped(
        "admissionregistration.k8s.io",
        "validatingadmissionpolicybindings",
        "ValidatingAdmissionPolicyBinding",
        &[],
    ),
    ApiResource::cluster_scoped(
        "admissionregistration.k8s.io",
        "validatingwebhookconfigurations",
        "ValidatingWebhookConfiguration",
        &[],
    ),
    ApiResource::cluster_scoped(
        "apiextensions.k8s.io",
        "customresourcedefinitions",
        "CustomResourceDefinition",
        &["crd", "crds"],
    ),
    ApiResource::cluster_scoped("apiregistration.k8s.io", "apiservices", "APIService", &[]),
    ApiResource::namespaced("apps", "controllerrevisions", "ControllerRevision", &[]),
    ApiResource::namespaced("apps", "daemonsets", "DaemonSet", &["ds"]),
    ApiResource::namespaced("apps", "deployments", "Deployment", &["deploy"]),
    ApiResource::namespaced("apps", "replicasets", "ReplicaSet", &["rs"]),
    ApiResource::namespaced("apps", "statefulsets", "StatefulSet", &["sts"]),
    ApiResource::cluster_scoped(
        "authentication.k8s.io",
        "selfsubjectreviews",
        "SelfSubjectReview",
        &[],
    ),
    ApiResource::cluster_scoped("authentication.k8s.io", "tokenreviews", "TokenReview", &[]),
    ApiResource::namespaced(
        "authorization.k8s.io",
        "localsubjectaccessreviews",
        "LocalSubjectAccessReview",
        &[],
    ),
    ApiResource::cluster_scoped(
        "authorization.k8s.io",
        "selfsubjectaccessreviews",
        "SelfSubjectAccessReview",
        &[],
    ),
    ApiResource::cluster_scoped(
        "authorization.k8s.io",
        "selfsubjectrulesreviews",
        "SelfSubjectRulesReview",
        &[],
    ),
    ApiResource::cluster_scoped(
        "authorization.k8s.io",
        "subjectaccessreviews",
        "SubjectAccessReview",
        &[],
    ),
    ApiResource::namespaced(
        "autoscaling",
        "horizontalpodautoscalers",
        "HorizontalPodAutoscaler",
        &["hpa"],
    ),
    ApiResource::namespaced("batch", "cronjobs", "CronJob", &["cj"]),
    ApiResource::namespaced("batch", "jobs", "Job", &[]),
    ApiResource::cluster_scoped(
        "certificates.k8s.io",
        "certificatesigningrequests",
        "CertificateSigningRequest",
        &["csr"],
    ),
    ApiResource::cluster_scoped(
        "certificates.k8s.io",
        "clustertrustbundles",
        "ClusterTrustBundle",
        &[],
    )
    .added_in(KubernetesVersion::V1_37),
    ApiResource::namespaced(
        "certificates.k8s.io",
        "podcertificaterequests",
        "PodCertificateRequest",
        &[],
    )
    .added_in(KubernetesVersion::V1_37),
    ApiResource::namespaced("coordination.k8s.io", "leases", "Lease", &[]),
    ApiResource::namespaced("discovery.k8s.io", "endpointslices", "EndpointSlice", &[]),
    ApiResource::namespaced("events.k8s.io", "events", "Event", &["ev"]),
    ApiResource::cluster_scoped(
        "flowcontrol.apiserver.k8s.io",
        "flowschemas",
        "FlowSchema",
        &[],
    ),
    ApiResource::cluster_scoped(
        "flowcontrol.apiserver.k8s.io",
        "prioritylevelconfigurations",
        "PriorityLevelConfiguration",
        &[],
    ),
    ApiResource::cluster_scoped("networking.k8s.io", "ingressclasses", "IngressClass", &[]),
    ApiResource::namespaced("networking.k8s.io", "ingresses", "Ingress", &["ing"]),
    ApiResource::cluster_scoped("networking.k8s.io", "ipaddresses", "IPAddress", &["ip"])
        .added_in(KubernetesVersion::V1_33),
    ApiResource::namespaced(
        "networking.k8s.io",
        "networkpolicies",
        "NetworkPolicy",
        &["netpol"],
    ),
    ApiResource::cluster_scoped("networking.k8s.io", "servicecidrs", "ServiceCIDR", &[])
        .added_in(KubernetesVersion::V1_33),
    ApiResource::cluster_scoped("node.k8s.io", "runtimeclasses", "RuntimeClass", &[]),
    ApiResource::namespaced(
        "policy",
        "poddisruptionbudgets",
        "PodDisruptionBudget",
        &["pdb"],
    ),
    ApiResource::cluster_scoped(
        "rbac.authorization.k8s.io",
        "clusterrolebindings",
        "ClusterRoleBinding",
        &[],
    ),
    ApiResource::cluster_scoped(
        "rbac.authorization.k8s.io",
        "clusterroles",
        "ClusterRole",
        &[],
    ),
    ApiResource::namespaced(
        "rbac.authorization.k8s.io",
        "rolebindings",
        "RoleBinding",
        &[],
    ),
    ApiResource::namespaced("rbac.authorization.k8s.io", "roles", "Role", &[]),
    ApiResource::cluster_scoped("resource.k8s.io", "deviceclasses", "DeviceClass", &[])
        .added_in(KubernetesVersion::V1_34),
    ApiResource::cluster_scoped(
        "resource.k8s.io",
        "devicetaintrules",
        "DeviceTaintRule",
        &[],
    )
    .added_in(KubernetesVersion::V1_37),
    ApiResource::namespaced("resource.k8s.io", "resourceclaims", "ResourceClaim", &[])
        .added_in(KubernetesVersion::V1_34),
    ApiResource::namespaced(
        "resource.k8s.io",
        "resourceclaimtemplates",
        "ResourceClaimTemplate",
        &[],
    )
    .added_in(KubernetesVersion::V1_34),
    ApiResource::cluster_scoped("resource.k8s.io", "resourceslices", "ResourceSlice", &[])
        .added_in(KubernetesVersion::V1_34),
    ApiResource::cluster_scoped(
        "scheduling.k8s.io",
        "priorityclasses",
        "PriorityClass",
        &["pc"],
    ),
    ApiResource::cluster_scoped("storage.k8s.io", "csidrivers", "CSIDriver", &[]),
    ApiResource::cluster_scoped("storage.k8s.io", "csinodes", "CSINode", &[]),
    ApiResource::namespaced(
        "storage.k8s.io",
        "csistoragecapacities",
        "CSIStorageCapacity",
        &[],
    ),
    ApiResource::cluster_scoped("storage.k8s.io", "storageclasses", "StorageClass", &["sc"]),
    ApiResource::cluster_scoped(
        "storage.k8s.io",
        "volumeattachments",
        "VolumeAttachment",
        &[],
    ),
    ApiResource::cluster_scoped(
        "storage.k8s.io",
        "volumeattributesclasses",
        "VolumeAttributesClass",
        &["vac"],
    )
    .added_in(KubernetesVersion::V1_34),
    ApiResource::cluster_scoped(
        "storagemigration.k8s.io",
        "storageversionmigrations",
        "StorageVersionMigration",
        &[],
    )
    .added_in(KubernetesVersion::V1_37),
];

/// The resources that kube-apiserver serves only if an alpha or beta version of their group is enabled, in
/// any of these versions of Kubernetes.
pub const OPTIONAL_RESOURCES: &[ApiResource] = &[
    ApiResource::namespaced(
        "coordination.k8s.io",
        "leasecandidates",
        "LeaseCandidate",
        &[],
    ),
    ApiResource::cluster_scoped(
        "internal.apiserver.k8s.io",
        "storageversions",
        "StorageVersion",
        &[],
    ),
    ApiResource::namespaced(
        "lifecycle.k8s.io",
        "evictionrequests",
        "EvictionRequest",
        &[],
    ),
    ApiResource::namespaced("lifecycle.k8s.io", "evictions", "Eviction", &[]),
    ApiResource::namespaced(
        "resource.k8s.io",
        "podschedulingcontexts",
        "PodSchedulingContext",
        &[],
    ),
    ApiResource::cluster_scoped(
        "resource.k8s.io",
        "resourcepoolstatusrequests",
        "ResourcePoolStatusRequest",
        &[],
    ),
    ApiResource::namespaced(
        "scheduling.k8s.io",
        "compositepodgroups",
        "CompositePodGroup",
        &[],
    ),
    ApiResource::namespaced("scheduling.k8s.io", "podgroups", "PodGroup", &[]),
    ApiResource::namespaced("scheduling.k8s.io", "workloads", "Workload", &[]),
];
