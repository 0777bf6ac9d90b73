//! Names that Kubernetes and EKS give a meaning.

use iam_principal::{Kind, Principal};

/// The group that is allowed everything (Kubernetes, "Using RBAC Authorization").
pub(crate) const MASTERS: &str = "system:masters";
/// The access policy that allows everything (EKS user guide, "Review access policy permissions").
pub(crate) const CLUSTER_ADMIN: &str = "AmazonEKSClusterAdminPolicy";

/// The prefix of a node's username (Kubernetes, "Using Node Authorization").
pub(crate) const NODE_PREFIX: &str = "system:node:";
/// The group of nodes (as above).
pub(crate) const NODES: &str = "system:nodes";
/// The group in which a node registers itself (Kubernetes, "TLS bootstrapping").
pub(crate) const BOOTSTRAPPERS: &str = "system:bootstrappers";
/// The further groups of pods on Fargate and of Windows nodes (EKS user guide).
pub(crate) const NODE_PROXIER: &str = "system:node-proxier";
pub(crate) const WINDOWS_PROXY: &str = "eks:kube-proxy-windows";

/// The default usernames of node roles: EKS user guide, "Create access entries", on the types.
pub(crate) const BY_DNS_NAME: &str = "system:node:{{EC2PrivateDNSName}}";
pub(crate) const BY_SESSION_NAME: &str = "system:node:{{SessionName}}";

/// Returns the username that EKS gives an access entry of type `STANDARD` without a username.
pub(crate) fn default_username(principal: &Principal<'_>) -> String {
    let (partition, account) = (principal.partition(), principal.account());
    match principal.kind() {
        Kind::Role => format!(
            "arn:{partition}:sts::{account}:assumed-role/{}/{{{{SessionName}}}}",
            principal.name()
        ),
        _ => principal.arn().to_string(),
    }
}
