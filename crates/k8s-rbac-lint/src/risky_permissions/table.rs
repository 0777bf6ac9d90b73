//! The permissions, as data.
//!
//! They come from the Kubernetes documentation, "Role Based Access Control Good Practices" (its
//! privilege escalation risks), and from other tools. `ESCALATIONS.md` compares them row by row.

use k8s_rbac::KubernetesVersion;

use super::{RequiredNames, Requirement, RiskyPermission, Verbs};
use crate::finding_code::FindingCode;
use crate::severity::Severity;

const CORE: &str = "";
const ADMISSION: &str = "admissionregistration.k8s.io";
const AUTHENTICATION: &str = "authentication.k8s.io";
const CERTIFICATES: &str = "certificates.k8s.io";
const RBAC: &str = "rbac.authorization.k8s.io";
const RESOURCE: &str = "resource.k8s.io";

const READ: &[&str] = &["get", "list", "watch"];
/// The answer to a patch contains the object, even if the patch is empty.
const READ_OR_PATCH: &[&str] = &["get", "list", "watch", "patch"];
const WRITE: &[&str] = &["create", "update", "patch"];
const CHANGE: &[&str] = &["update", "patch"];

/// The signers whose certificates the API server accepts from clients. As upstream: `kube-controller-manager`
/// signs for these by default (`pkg/controller/certificates/signer`).
const CLIENT_SIGNERS: &[&str] = &[
    "kubernetes.io/*",
    "kubernetes.io/kube-apiserver-client",
    "kubernetes.io/kube-apiserver-client-kubelet",
    "kubernetes.io/legacy-unknown",
];

const fn permission(
    code: FindingCode,
    verbs: &'static [&'static str],
    api_group: &'static str,
    resources: &'static [&'static str],
) -> RiskyPermission {
    RiskyPermission {
        code,
        api_group,
        resources,
        verbs,
        is_cluster_scoped: false,
        is_custom: false,
        risky_names: &[],
        versions: KubernetesVersion::OLDEST..=KubernetesVersion::NEWEST,
        severity: None,
        requirement: None,
    }
}

const fn requirement(
    verbs: &'static [&'static str],
    api_group: &'static str,
    resources: &'static [&'static str],
) -> Requirement {
    Requirement {
        verbs: Verbs::OneOf(verbs),
        api_group,
        resources,
        names: RequiredNames::Any,
        is_reported_without: true,
    }
}

/// The permission to use a mode of constrained impersonation for a request.
const fn impersonate_on(mode: &'static str) -> Requirement {
    Requirement {
        verbs: Verbs::StartsWith(mode),
        api_group: CORE,
        resources: &[],
        names: RequiredNames::Any,
        is_reported_without: true,
    }
}

impl RiskyPermission {
    const fn cluster_scoped(mut self) -> Self {
        self.is_cluster_scoped = true;
        self
    }

    const fn custom(mut self) -> Self {
        self.is_custom = true;
        self
    }

    const fn even_if_named(mut self, names: &'static [&'static str]) -> Self {
        self.risky_names = names;
        self
    }

    const fn requires(mut self, requirement: Requirement) -> Self {
        self.requirement = Some(requirement);
        self
    }

    const fn at(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }

    const fn since(mut self, first: KubernetesVersion) -> Self {
        self.versions = first..=KubernetesVersion::NEWEST;
        self
    }

    const fn until(mut self, last: KubernetesVersion) -> Self {
        self.versions = KubernetesVersion::OLDEST..=last;
        self
    }
}

impl Requirement {
    const fn named(mut self, names: RequiredNames) -> Self {
        self.names = names;
        self
    }

    const fn or_nothing(mut self) -> Self {
        self.is_reported_without = false;
        self
    }
}

/// Lines with the same code stand together.
pub(crate) static RISKY_PERMISSIONS: &[RiskyPermission] = &[
    permission(FindingCode::SecretsRead, READ, CORE, &["secrets"]),
    permission(FindingCode::SecretsWrite, WRITE, CORE, &["secrets"]),
    // A created secret of type service-account-token receives a token. Its creator chooses the name, so
    // reading one name is sufficient. Reading every secret is `SecretsRead`.
    permission(
        FindingCode::SecretTokenMint,
        &["create"],
        CORE,
        &["secrets"],
    )
    .requires(
        requirement(READ_OR_PATCH, CORE, &["secrets"])
            .named(RequiredNames::Limited)
            .or_nothing(),
    ),
    permission(FindingCode::AwsAuthWrite, CHANGE, CORE, &["configmaps"])
        .even_if_named(&["aws-auth"]),
    permission(
        FindingCode::IamMappingWrite,
        WRITE,
        "iamauthenticator.k8s.aws",
        &["iamidentitymappings"],
    )
    .cluster_scoped()
    .custom(),
    permission(
        FindingCode::IamMappingWrite,
        WRITE,
        "eks.services.k8s.aws",
        &["accessentries"],
    )
    .custom(),
    // The API server checks `escalate` when a role is written, so both are needed.
    permission(FindingCode::EscalateVerb, &["escalate"], RBAC, &["roles"])
        .even_if_named(&["cluster-admin", "admin", "edit", "view"])
        .requires(requirement(WRITE, RBAC, &["roles"])),
    permission(
        FindingCode::EscalateVerb,
        &["escalate"],
        RBAC,
        &["clusterroles"],
    )
    .cluster_scoped()
    .even_if_named(&["cluster-admin", "admin", "edit", "view"])
    .requires(requirement(WRITE, RBAC, &["clusterroles"])),
    // For a RoleBinding to a ClusterRole, the API server checks `bind` on clusterroles in its
    // namespace.
    permission(
        FindingCode::BindVerb,
        &["bind"],
        RBAC,
        &["roles", "clusterroles"],
    )
    .even_if_named(&["cluster-admin"])
    .requires(requirement(
        WRITE,
        RBAC,
        &["rolebindings", "clusterrolebindings"],
    )),
    permission(
        FindingCode::Impersonate,
        &["impersonate"],
        CORE,
        &["users", "groups"],
    )
    .cluster_scoped()
    .even_if_named(&["system:masters"]),
    permission(
        FindingCode::Impersonate,
        &["impersonate"],
        CORE,
        &["serviceaccounts"],
    ),
    // Constrained impersonation, enabled by default since 1.36 (apiserver,
    // `pkg/endpoints/filters/impersonation/mode.go`). The mode `associated-node` is limited to the node of
    // the caller's own pod, as intended.
    permission(
        FindingCode::Impersonate,
        &["impersonate:user-info"],
        AUTHENTICATION,
        &["users", "groups"],
    )
    .cluster_scoped()
    .since(KubernetesVersion::V1_36)
    .requires(impersonate_on("impersonate-on:user-info:")),
    permission(
        FindingCode::Impersonate,
        &["impersonate:arbitrary-node"],
        AUTHENTICATION,
        &["nodes"],
    )
    .cluster_scoped()
    .since(KubernetesVersion::V1_36)
    .requires(impersonate_on("impersonate-on:arbitrary-node:")),
    permission(
        FindingCode::Impersonate,
        &["impersonate:serviceaccount"],
        AUTHENTICATION,
        &["serviceaccounts"],
    )
    .since(KubernetesVersion::V1_36)
    .requires(impersonate_on("impersonate-on:serviceaccount:")),
    permission(
        FindingCode::TokenCreate,
        &["create"],
        CORE,
        &["serviceaccounts/token"],
    ),
    permission(
        FindingCode::PodExec,
        &["create"],
        CORE,
        &["pods/exec", "pods/attach"],
    ),
    // Since 1.35, a WebSocket needs `create` as well (apiserver,
    // AuthorizePodWebsocketUpgradeCreatePermission).
    permission(
        FindingCode::PodExec,
        &["get"],
        CORE,
        &["pods/exec", "pods/attach"],
    )
    .until(KubernetesVersion::V1_34),
    permission(
        FindingCode::PodExec,
        CHANGE,
        CORE,
        &["pods/ephemeralcontainers"],
    ),
    permission(
        FindingCode::PodPortForward,
        &["create"],
        CORE,
        &["pods/portforward"],
    ),
    permission(
        FindingCode::PodPortForward,
        &["get"],
        CORE,
        &["pods/portforward"],
    )
    .until(KubernetesVersion::V1_34),
    // The image of a running container is mutable (`ValidatePodUpdate`).
    permission(FindingCode::PodUpdate, CHANGE, CORE, &["pods"]),
    permission(
        FindingCode::WorkloadCreate,
        WRITE,
        CORE,
        &["replicationcontrollers"],
    ),
    permission(FindingCode::WorkloadCreate, &["create"], CORE, &["pods"]),
    permission(
        FindingCode::WorkloadCreate,
        WRITE,
        "apps",
        &["daemonsets", "deployments", "replicasets", "statefulsets"],
    ),
    permission(FindingCode::WorkloadCreate, WRITE, "batch", &["cronjobs"]),
    // The pod template of a Job is immutable except for scheduling (`ValidateJobUpdate`).
    permission(FindingCode::WorkloadCreate, &["create"], "batch", &["jobs"]),
    permission(
        FindingCode::NodesProxy,
        &["get", "create", "update", "patch", "delete"],
        CORE,
        &["nodes/proxy"],
    )
    .cluster_scoped(),
    permission(
        FindingCode::NodeWrite,
        CHANGE,
        CORE,
        &["nodes", "nodes/status"],
    )
    .cluster_scoped(),
    permission(
        FindingCode::CsrApproval,
        CHANGE,
        CERTIFICATES,
        &["certificatesigningrequests/approval"],
    )
    .cluster_scoped()
    .requires(
        requirement(&["approve"], CERTIFICATES, &["signers"])
            .named(RequiredNames::OneOf(CLIENT_SIGNERS)),
    ),
    // These certificates cannot authenticate a client, but they can stand in for a node's kubelet.
    permission(
        FindingCode::CsrApproval,
        CHANGE,
        CERTIFICATES,
        &["certificatesigningrequests/approval"],
    )
    .cluster_scoped()
    .at(Severity::Info)
    .requires(
        requirement(&["approve"], CERTIFICATES, &["signers"])
            .named(RequiredNames::OnlyOneOf {
                none_of: CLIENT_SIGNERS,
                one_of: &["kubernetes.io/kubelet-serving"],
            })
            .or_nothing(),
    ),
    permission(
        FindingCode::CsrApproval,
        &["sign"],
        CERTIFICATES,
        &["signers"],
    )
    .cluster_scoped()
    .even_if_named(CLIENT_SIGNERS)
    .requires(requirement(
        CHANGE,
        CERTIFICATES,
        &["certificatesigningrequests/status"],
    )),
    permission(
        FindingCode::WebhookWrite,
        WRITE,
        ADMISSION,
        &[
            "mutatingwebhookconfigurations",
            "validatingwebhookconfigurations",
        ],
    )
    .cluster_scoped(),
    permission(
        FindingCode::AdmissionPolicyWrite,
        WRITE,
        ADMISSION,
        &[
            "mutatingadmissionpolicies",
            "mutatingadmissionpolicybindings",
        ],
    )
    .cluster_scoped(),
    permission(
        FindingCode::ApiServiceWrite,
        WRITE,
        "apiregistration.k8s.io",
        &["apiservices"],
    )
    .cluster_scoped(),
    permission(
        FindingCode::PersistentVolumeCreate,
        &["create"],
        CORE,
        &["persistentvolumes"],
    )
    .cluster_scoped(),
    // The API server asks for it at the cluster scope and without a name
    // (`pkg/registry/resource/utils.go`).
    permission(
        FindingCode::ResourceClaimWrite,
        CHANGE,
        RESOURCE,
        &["resourceclaims/binding"],
    )
    .cluster_scoped()
    .since(KubernetesVersion::V1_36),
    // The name is the driver's; `associated-node` is limited to the node of the caller's own pod.
    permission(
        FindingCode::ResourceClaimWrite,
        &["arbitrary-node:update", "arbitrary-node:patch"],
        RESOURCE,
        &["resourceclaims/driver"],
    )
    .since(KubernetesVersion::V1_36),
    permission(FindingCode::NamespaceWrite, CHANGE, CORE, &["namespaces"]),
];
