//! Why a question has no answer.

use std::fmt::{self, Display, Formatter};

use k8s_rbac_analysis::can_i;
use thiserror::Error;

use crate::problem::Problem;
use crate::who::WhoError;

/// A side of a comparison. Prints as `OLD` or `NEW`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a comparison has two sides")]
pub enum ComparedSide {
    /// The cluster before the change.
    Old,
    /// The cluster after it.
    New,
}

impl Display for ComparedSide {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Old => "OLD",
            Self::New => "NEW",
        })
    }
}

/// Why a question has no answer. It means neither yes nor no, and never "no principal has access".
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum NoAnswer {
    /// A document, or an object in one, could not be read. The problems say which; there is at least one.
    #[error("a part of the cluster could not be read")]
    Unreadable(Vec<Problem>),
    /// No document maps AWS identities, so it is unknown which user the caller becomes.
    #[error(
        "no document maps AWS identities to users: give the aws-auth ConfigMap or access entries"
    )]
    NoMapping,
    /// The authentication mode leaves out every source of mappings that the documents have.
    #[error("{0}")]
    NoMappingInMode(String),
    /// No document has roles, bindings or access entries, so the permissions of a user are unknown.
    #[error("no document has roles or bindings: give the output of `kubectl get`, or manifests")]
    NoPolicy,
    /// One side of a comparison has no mapping, so its callers are unknown.
    #[error("{side}: {why}")]
    NoMappingOf {
        /// The side.
        side: ComparedSide,
        /// Why it has no mapping.
        why: String,
    },
    /// One side of a comparison has no roles and no bindings, and the other has some.
    #[error("{0}: it has no roles or bindings, and the other side has some: give those of both")]
    NoPolicyOf(ComparedSide),
    /// The documents to store have no role and no binding.
    #[error("no role or binding to write")]
    NothingToWrite,
    /// The question does not name a caller or a user.
    #[error("{0}")]
    Who(#[from] WhoError),
    /// The caller's identity cannot be built from the ARN.
    #[error("{0}")]
    Identity(iam_principal::Error),
    /// The question cannot be parsed.
    #[error("{0}")]
    Question(#[from] can_i::Error),
    /// The question is about an unknown resource, verb or subresource. The error names it and the
    /// nearest known word.
    #[error("{0}")]
    Unknown(String),
    /// The section of the mapping that may have a rule for the caller could not be read.
    #[error("{0}")]
    Mapping(String),
    /// Access policies or roles of the caller or user are not known, and may change the answer.
    #[error("{0}")]
    UnknownPolicy(String),
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
            Self::NoMapping | Self::NoMappingInMode(_) | Self::NoMappingOf { .. } => "no-mapping",
            Self::NoPolicy | Self::NoPolicyOf(_) => "no-policy",
            Self::NothingToWrite => "nothing-to-write",
            Self::Who(_) => "who",
            Self::Identity(_) => "identity",
            Self::Question(_) => "question",
            Self::Unknown(_) => "unknown-name",
            Self::Mapping(_) => "unreadable-mapping",
            Self::TooLarge(_) => "too-large",
            Self::UnknownPolicy(_) => "unknown-policy",
        }
    }
}
