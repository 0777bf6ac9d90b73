//! `SelfSubjectRulesReview`: the rules that apply to the caller.

use serde::{Deserialize, Serialize};

use crate::engine::policy::Policy;
use crate::objects::{Mapping, object_or_default, or_default};
use crate::request::User;
use crate::review::ReviewError;
use crate::review::listing::SubjectRulesReviewStatus;
use crate::review::types::{ReviewMetadata, ReviewVersion};

/// A `SelfSubjectRulesReview`, of `v1` or `v1beta1`.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(from = "Mapping<Wire>", into = "Wire")]
#[expect(clippy::exhaustive_structs, reason = "API data, written as a literal")]
pub struct RulesReview {
    /// The API version.
    pub version: ReviewVersion,
    /// The metadata, which is ignored.
    pub metadata: ReviewMetadata,
    /// The namespace that the review asks about. The answer omits it.
    pub namespace: String,
    /// The status, filled in by the answer.
    pub status: SubjectRulesReviewStatus,
}

impl Policy {
    /// Answers the review as a kube-apiserver with RBAC as its only authorizer.
    ///
    /// # Errors
    ///
    /// [`ReviewError::RulesWithoutNamespace`].
    pub fn review_rules(
        &self,
        caller: &User,
        mut review: RulesReview,
    ) -> Result<RulesReview, ReviewError> {
        if review.namespace.is_empty() {
            return Err(ReviewError::RulesWithoutNamespace);
        }
        let namespace = std::mem::take(&mut review.namespace);
        review.status = self.rules_for(caller, &namespace).status();
        Ok(review)
    }
}

#[derive(Deserialize, Serialize)]
enum Kind {
    SelfSubjectRulesReview,
}

/// A review as written in JSON.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    api_version: ReviewVersion,
    kind: Kind,
    #[serde(default, deserialize_with = "object_or_default")]
    metadata: ReviewMetadata,
    #[serde(default, deserialize_with = "object_or_default")]
    spec: WireSpec,
    #[serde(default, deserialize_with = "object_or_default")]
    status: SubjectRulesReviewStatus,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct WireSpec {
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "String::is_empty"
    )]
    namespace: String,
}

impl From<Mapping<Wire>> for RulesReview {
    fn from(Mapping(wire): Mapping<Wire>) -> Self {
        Self {
            version: wire.api_version,
            metadata: wire.metadata,
            namespace: wire.spec.namespace,
            status: wire.status,
        }
    }
}

impl From<RulesReview> for Wire {
    fn from(review: RulesReview) -> Self {
        Self {
            api_version: review.version,
            kind: Kind::SelfSubjectRulesReview,
            metadata: review.metadata,
            spec: WireSpec {
                namespace: review.namespace,
            },
            status: review.status,
        }
    }
}
