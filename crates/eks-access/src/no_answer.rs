//! Why a question has no answer.

use k8s_rbac_analysis::can_i;
use thiserror::Error;

use crate::problem::Problem;
use crate::who::WhoError;

/// Why a question has no answer. It is neither yes nor no, and never "no principal has access".
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum NoAnswer {
    /// A document, or an object in one, could not be read. The problems say which; there is at least one.
    #[error("a part of the cluster could not be read")]
    Unreadable(Vec<Problem>),
    /// No document maps AWS identities, so it is not known who the caller becomes.
    #[error(
        "no document maps AWS identities to users: give the aws-auth ConfigMap or access entries"
    )]
    NoMapping,
    /// No document has roles, bindings or access entries, so it is not known what a user may do.
    #[error("no document has roles or bindings: give the output of `kubectl get`, or manifests")]
    NoPolicy,
    /// The documents to store have no role and no binding.
    #[error("no role or binding to write")]
    NothingToWrite,
    /// The caller or the user that was asked about is none.
    #[error("{0}")]
    Who(#[from] WhoError),
    /// The caller's identity cannot be built from the ARN.
    #[error("{0}")]
    Identity(iam_principal::Error),
    /// The question cannot be parsed.
    #[error("{0}")]
    Question(#[from] can_i::Error),
    /// The question is about a resource, verb or subresource that is not known, which is named with the
    /// nearest one that is.
    #[error("{0}")]
    Unknown(String),
    /// The section of the mapping that may have a rule for the caller could not be read.
    #[error("{0}")]
    Mapping(String),
    /// The user has too many permissions to list.
    #[error("{0}")]
    TooLarge(String),
}

impl NoAnswer {
    /// Returns a stable code in kebab case.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "unreadable",
            Self::NoMapping => "no-mapping",
            Self::NoPolicy => "no-policy",
            Self::NothingToWrite => "nothing-to-write",
            Self::Who(_) => "who",
            Self::Identity(_) => "identity",
            Self::Question(_) => "question",
            Self::Unknown(_) => "unknown-name",
            Self::Mapping(_) => "unreadable-mapping",
            Self::TooLarge(_) => "too-large",
        }
    }
}
