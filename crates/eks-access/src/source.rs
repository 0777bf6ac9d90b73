//! The recognized parts of documents.

use std::fmt::{self, Display, Formatter};

use serde::{Serialize, Serializer};

use crate::place::Place;

/// A part of a document that was recognized and read.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Source {
    pub(crate) kind: SourceKind,
    pub(crate) place: Place,
    pub(crate) count: usize,
}

impl Source {
    /// Returns its kind.
    #[must_use]
    pub const fn kind(&self) -> SourceKind {
        self.kind
    }

    /// Returns the place of the first object of the kind in its document.
    #[must_use]
    pub const fn place(&self) -> &Place {
        &self.place
    }

    /// Returns how many objects of the kind the document has.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.count
    }
}

/// The kind of a part of a document.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum SourceKind {
    /// The ConfigMap with the mapping, or its bare data.
    ConfigMap,
    /// Access entries and their policies, as the AWS command line prints or takes them, or `eksctl get accessentry` prints
    /// them.
    AccessEntries,
    /// `IAMIdentityMapping` objects.
    IdentityMappings,
    /// The configuration file of aws-iam-authenticator.
    ServerConfig,
    /// The dynamic file of aws-iam-authenticator.
    DynamicFile,
    /// A `ClusterConfig` of eksctl.
    ClusterConfig,
    /// The output of `eksctl get iamidentitymapping`.
    IdentityMappingList,
    /// A CloudFormation template with `AWS::EKS::AccessEntry`.
    CloudFormation,
    /// A plan or state of Terraform, from `terraform show -json`.
    Terraform,
    /// Roles and bindings of Kubernetes.
    Rbac,
    /// Pods and the objects that create pods.
    Workloads,
    /// Service accounts.
    ServiceAccounts,
    /// The output of `aws iam list-roles`, `list-users`, `get-role` or `get-user`.
    Principals,
    /// The output of `aws eks describe-cluster` or `eksctl get cluster`.
    DescribeCluster,
    /// The output of `aws eks describe-nodegroup` or `describe-fargate-profile`.
    ManagedNodes,
}

impl SourceKind {
    /// Returns a stable code in kebab case.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::ConfigMap => "config-map",
            Self::AccessEntries => "access-entries",
            Self::IdentityMappings => "identity-mappings",
            Self::ServerConfig => "server-config",
            Self::DynamicFile => "dynamic-file",
            Self::ClusterConfig => "cluster-config",
            Self::IdentityMappingList => "identity-mapping-list",
            Self::CloudFormation => "cloud-formation",
            Self::Terraform => "terraform",
            Self::Rbac => "rbac",
            Self::Workloads => "workloads",
            Self::ServiceAccounts => "service-accounts",
            Self::Principals => "principals",
            Self::DescribeCluster => "describe-cluster",
            Self::ManagedNodes => "managed-nodes",
        }
    }

    /// Returns whether only EKS has it.
    pub(crate) const fn is_of_eks(self) -> bool {
        matches!(
            self,
            Self::AccessEntries
                | Self::ClusterConfig
                | Self::DescribeCluster
                | Self::IdentityMappingList
                | Self::ManagedNodes
        )
    }

    /// Returns whether only an aws-iam-authenticator that is not part of EKS reads it.
    pub(crate) const fn is_of_own_authenticator(self) -> bool {
        matches!(
            self,
            Self::DynamicFile | Self::IdentityMappings | Self::ServerConfig
        )
    }

    /// Returns whether it maps AWS identities to users, even if it has no rules. A template, a plan or a configuration of
    /// eksctl may have another purpose.
    #[must_use]
    pub const fn is_mapping(self) -> bool {
        matches!(
            self,
            Self::ConfigMap
                | Self::AccessEntries
                | Self::IdentityMappings
                | Self::ServerConfig
                | Self::DynamicFile
                | Self::IdentityMappingList
        )
    }
}

impl Display for SourceKind {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for SourceKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

/// Objects and documents that were read but have no part in the answers, by kind.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Unrecognized {
    pub(crate) kind: String,
    pub(crate) count: usize,
    pub(crate) first: Place,
}

impl Unrecognized {
    /// Returns the kind, as in `Service` or `Ingress.networking.k8s.io`, or a description of a document that
    /// is not an API object.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Returns how many there are.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.count
    }

    /// Returns the document of the first of them.
    #[must_use]
    pub const fn first(&self) -> &Place {
        &self.first
    }
}
