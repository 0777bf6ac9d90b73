//! How steps are taken.

use std::fmt::{self, Display, Formatter};

/// How a step is taken.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Technique {
    /// Requests a client certificate of any name and groups except `system:masters`, which admission
    /// refuses, and approves it.
    ApproveCertificate,
    /// Binds a role that the actor does not hold: `bind`, and writing bindings.
    Bind,
    /// Changes the image of running pods.
    ChangePods,
    /// Requests a token of a service account.
    CreateToken,
    /// Adds a mapping to the `ConfigMap` `aws-auth`, which Amazon EKS reads.
    EditAwsAuth,
    /// Runs commands in pods through this resource.
    EnterPods(&'static str),
    /// Writes permissions that the actor does not hold into a role: `escalate`, and writing roles.
    Escalate,
    /// Needs nothing: the actor already holds the permission.
    Hold,
    /// Impersonates.
    Impersonate,
    /// Impersonates for some requests only: `impersonate:MODE` and `impersonate-on:MODE:VERB`.
    ImpersonateConstrained,
    /// Maps an AWS principal through this resource, which aws-iam-authenticator or the ACK controller for EKS reads.
    MapPrincipal(&'static str),
    /// Creates a Secret for a token of a service account, under a name that the actor may read.
    MintToken,
    /// Changes each new pod through an admission webhook or policy, this resource.
    MutatePods(&'static str),
    /// Reads Secrets, which may contain tokens.
    ReadSecrets,
    /// Deletes the `ConfigMap` `aws-auth`, which Amazon EKS reads, and creates one with another mapping.
    ReplaceAwsAuth,
    /// Creates or changes pods through this resource.
    RunPods(&'static str),
    /// Changes the taints, labels or status of nodes through this resource.
    WriteNodes(&'static str),
}

impl Technique {
    /// Returns a code, such as `run-pods`. It does not change between versions.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ApproveCertificate => "approve-certificate",
            Self::Bind => "bind",
            Self::ChangePods => "change-pods",
            Self::CreateToken => "create-token",
            Self::EditAwsAuth => "edit-aws-auth",
            Self::EnterPods(_) => "enter-pods",
            Self::Escalate => "escalate",
            Self::Hold => "hold",
            Self::Impersonate => "impersonate",
            Self::ImpersonateConstrained => "impersonate-constrained",
            Self::MapPrincipal(_) => "map-principal",
            Self::MintToken => "mint-token",
            Self::MutatePods(_) => "mutate-pods",
            Self::ReadSecrets => "read-secrets",
            Self::ReplaceAwsAuth => "replace-aws-auth",
            Self::RunPods(_) => "run-pods",
            Self::WriteNodes(_) => "write-nodes",
        }
    }

    /// Returns the resource that the technique uses, if it could use several.
    #[must_use]
    pub const fn resource(&self) -> Option<&'static str> {
        match self {
            Self::EnterPods(resource)
            | Self::MapPrincipal(resource)
            | Self::MutatePods(resource)
            | Self::RunPods(resource)
            | Self::WriteNodes(resource) => Some(resource),
            Self::ApproveCertificate
            | Self::Bind
            | Self::ChangePods
            | Self::CreateToken
            | Self::EditAwsAuth
            | Self::Escalate
            | Self::Hold
            | Self::Impersonate
            | Self::ImpersonateConstrained
            | Self::MintToken
            | Self::ReadSecrets
            | Self::ReplaceAwsAuth => None,
        }
    }
}

impl Display for Technique {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::ApproveCertificate => f.write_str("approves a client certificate"),
            Self::Bind => f.write_str("binds a role that it does not hold"),
            Self::ChangePods => f.write_str("changes the image of its pods"),
            Self::CreateToken => f.write_str("creates a token"),
            Self::EditAwsAuth => f.write_str("edits the ConfigMap aws-auth of Amazon EKS"),
            Self::EnterPods(resource) => write!(f, "enters its pods through {resource}"),
            Self::Escalate => f.write_str("writes permissions that it does not hold into a role"),
            Self::Hold => f.write_str("holds all verbs on all resources"),
            Self::Impersonate => f.write_str("impersonates"),
            Self::ImpersonateConstrained => f.write_str("impersonates with constraints"),
            Self::MapPrincipal(resource) => write!(f, "maps an AWS principal through {resource}"),
            Self::MintToken => f.write_str("creates a Secret for its token, and reads it"),
            Self::MutatePods(resource) => {
                write!(f, "adds a container to its pods through {resource}")
            }
            Self::ReadSecrets => f.write_str("reads Secrets, which may contain its token"),
            Self::ReplaceAwsAuth => {
                f.write_str("deletes the ConfigMap aws-auth of Amazon EKS, and creates another")
            }
            Self::RunPods(resource) => write!(f, "runs code as it through {resource}"),
            Self::WriteNodes(resource) => write!(f, "writes {resource}"),
        }
    }
}
