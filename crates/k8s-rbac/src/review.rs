//! Access reviews: questions about permissions as objects of the API, and their answers.
//!
//! As upstream: `pkg/registry/authorization`, `pkg/apis/authorization/validation`.

mod access;
pub(crate) mod listing;
mod rules;
mod selectors;
mod types;
mod validation;

use std::fmt::{self, Display, Formatter};

use crate::admission::field_error::FieldErrors;

pub use access::AccessReview;
pub use rules::RulesReview;
pub use types::{
    AccessReviewSpec, AccessReviewStatus, FieldSelectorAttributes, LabelSelectorAttributes,
    NonResourceAttributes, ResourceAttributes, ReviewKind, ReviewMetadata, ReviewVersion,
};

/// The API group of reviews.
pub(crate) const REVIEW_GROUP: &str = "authorization.k8s.io";

/// Why the API server would not answer a review. Prints as its message.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ReviewError {
    /// Fields are wrong: status 422.
    Invalid(FieldErrors),
    /// A local review was not sent to a namespace: status 400.
    NamespaceRequired,
    /// A local review was sent to a namespace that is not its own: status 400.
    OtherNamespace,
    /// A review of rules names no namespace: status 400.
    RulesWithoutNamespace,
}

impl ReviewError {
    /// Returns a short, stable name of the error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "invalid",
            Self::NamespaceRequired => "namespace-required",
            Self::OtherNamespace => "other-namespace",
            Self::RulesWithoutNamespace => "rules-without-namespace",
        }
    }
}

impl Display for ReviewError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(errors) => f.write_str(&errors.message("")),
            Self::NamespaceRequired => f.write_str("namespace is required on this type: "),
            Self::OtherNamespace => f.write_str(
                "the namespace of the provided object does not match the namespace sent on the \
                 request",
            ),
            Self::RulesWithoutNamespace => f.write_str("no namespace on request"),
        }
    }
}

impl std::error::Error for ReviewError {}
