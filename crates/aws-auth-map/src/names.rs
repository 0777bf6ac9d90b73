//! Names that Kubernetes and EKS give a meaning.

/// The group that may do everything (Kubernetes, "Using RBAC Authorization").
pub(crate) const MASTERS: &str = "system:masters";
/// The access policy that allows the same (EKS user guide, "Review access policy permissions").
pub(crate) const CLUSTER_ADMIN: &str = "AmazonEKSClusterAdminPolicy";

/// How a node is called (Kubernetes, "Using Node Authorization").
#[cfg(feature = "yaml")]
pub(crate) const NODE_PREFIX: &str = "system:node:";
/// The group that nodes are in (as above).
pub(crate) const NODES: &str = "system:nodes";
/// The group in which a node registers itself (Kubernetes, "TLS bootstrapping").
pub(crate) const BOOTSTRAPPERS: &str = "system:bootstrappers";
/// The groups that EKS gives pods on Fargate and Windows nodes besides (EKS user guide).
pub(crate) const NODE_PROXIER: &str = "system:node-proxier";
pub(crate) const WINDOWS_PROXY: &str = "eks:kube-proxy-windows";

/// The names that node roles have by themselves: EKS user guide, "Create access entries", on the
/// types.
pub(crate) const BY_DNS_NAME: &str = "system:node:{{EC2PrivateDNSName}}";
pub(crate) const BY_SESSION_NAME: &str = "system:node:{{SessionName}}";
