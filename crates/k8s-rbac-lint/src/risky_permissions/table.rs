//! The permissions, as data.
//!
//! They are those of the Kubernetes documentation, "Role Based Access Control Good Practices" (its
//! privilege escalation risks), and those that other tools of this kind agree on.

use super::{PairedPermission, RiskyPermission};
use crate::finding_code::FindingCode;

const CORE: &str = "";
const RBAC: &str = "rbac.authorization.k8s.io";
const CERTIFICATES: &str = "certificates.k8s.io";
const READ: &[&str] = &["get", "list", "watch"];
const WRITE: &[&str] = &["create", "update", "patch"];
const CHANGE: &[&str] = &["update", "patch"];

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
        risky_names: &[],
        paired_with: None,
    }
}

impl RiskyPermission {
    const fn even_if_named(mut self, names: &'static [&'static str]) -> Self {
        self.risky_names = names;
        self
    }

    const fn together_with(
        mut self,
        verbs: &'static [&'static str],
        api_group: &'static str,
        resources: &'static [&'static str],
    ) -> Self {
        self.paired_with = Some(PairedPermission {
            verbs,
            api_group,
            resources,
        });
        self
    }
}

pub(crate) const RISKY_PERMISSIONS: &[RiskyPermission] = &[
    permission(FindingCode::SecretsRead, READ, CORE, &["secrets"]),
    permission(FindingCode::SecretsWrite, WRITE, CORE, &["secrets"]),
    permission(FindingCode::AwsAuthWrite, CHANGE, CORE, &["configmaps"])
        .even_if_named(&["aws-auth"]),
    // The API server checks `escalate` when a role is written, so both are needed.
    permission(
        FindingCode::EscalateVerb,
        &["escalate"],
        RBAC,
        &["roles", "clusterroles"],
    )
    .even_if_named(&["cluster-admin", "admin", "edit", "view"])
    .together_with(WRITE, RBAC, &["roles", "clusterroles"]),
    permission(
        FindingCode::BindVerb,
        &["bind"],
        RBAC,
        &["roles", "clusterroles"],
    )
    .even_if_named(&["cluster-admin"])
    .together_with(WRITE, RBAC, &["rolebindings", "clusterrolebindings"]),
    permission(
        FindingCode::Impersonate,
        &["impersonate"],
        CORE,
        &["users", "groups", "serviceaccounts"],
    )
    .even_if_named(&["system:masters"]),
    // The verbs of constrained impersonation, enabled by default since 1.36.
    permission(
        FindingCode::Impersonate,
        &[
            "impersonate",
            "impersonate:arbitrary-node",
            "impersonate:serviceaccount",
            "impersonate:user-info",
        ],
        "authentication.k8s.io",
        &["users", "groups", "serviceaccounts"],
    ),
    permission(
        FindingCode::TokenCreate,
        &["create"],
        CORE,
        &["serviceaccounts/token"],
    ),
    permission(
        FindingCode::PodExec,
        &["get", "create"],
        CORE,
        &["pods/exec", "pods/attach"],
    ),
    permission(
        FindingCode::PodExec,
        CHANGE,
        CORE,
        &["pods/ephemeralcontainers"],
    ),
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
    permission(
        FindingCode::WorkloadCreate,
        WRITE,
        "batch",
        &["cronjobs", "jobs"],
    ),
    permission(
        FindingCode::NodesProxy,
        &["get", "create", "update", "patch", "delete"],
        CORE,
        &["nodes/proxy"],
    ),
    permission(
        FindingCode::CsrApproval,
        CHANGE,
        CERTIFICATES,
        &["certificatesigningrequests/approval"],
    )
    .together_with(&["approve"], CERTIFICATES, &["signers"]),
    permission(
        FindingCode::CsrApproval,
        &["sign"],
        CERTIFICATES,
        &["signers"],
    )
    .even_if_named(&["kubernetes.io/*", "kubernetes.io/kube-apiserver-client"])
    .together_with(CHANGE, CERTIFICATES, &["certificatesigningrequests/status"]),
    permission(
        FindingCode::WebhookWrite,
        WRITE,
        "admissionregistration.k8s.io",
        &[
            "mutatingwebhookconfigurations",
            "validatingwebhookconfigurations",
        ],
    ),
    permission(
        FindingCode::ApiServiceWrite,
        WRITE,
        "apiregistration.k8s.io",
        &["apiservices"],
    ),
    permission(
        FindingCode::PersistentVolumeCreate,
        &["create"],
        CORE,
        &["persistentvolumes"],
    ),
    permission(FindingCode::NamespaceWrite, CHANGE, CORE, &["namespaces"]),
];
