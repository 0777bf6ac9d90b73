//! Access reviews: reading and answering them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::admission::release::Release;
use crate::engine::policy::Policy;
use crate::objects::{Mapping, list_or_default, object_or_default, optional_object, or_default};
use crate::request::{Request, ResourceRequest, User};
use crate::review::types::{
    AccessReviewSpec, AccessReviewStatus, NonResourceAttributes, ResourceAttributes, ReviewKind,
    ReviewMetadata, ReviewVersion,
};
use crate::review::{ReviewError, selectors};
use crate::version::KubernetesVersion;

/// A `SelfSubjectAccessReview`, `SubjectAccessReview` or `LocalSubjectAccessReview`, of `v1` or
/// `v1beta1`.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(from = "Mapping<Wire>", into = "Wire")]
#[expect(clippy::exhaustive_structs, reason = "API data, written as a literal")]
pub struct AccessReview {
    /// The kind of review.
    pub kind: ReviewKind,
    /// The API version.
    pub version: ReviewVersion,
    /// The metadata, which must be empty.
    pub metadata: ReviewMetadata,
    /// The question.
    pub spec: AccessReviewSpec,
    /// The status, filled in by the answer.
    pub status: AccessReviewStatus,
}

impl AccessReview {
    /// Returns the user whose permissions the review asks about: the caller for a
    /// `SelfSubjectAccessReview`, otherwise exactly the user and groups in the spec. No group is
    /// added.
    #[must_use]
    pub fn user(&self, caller: &User) -> User {
        match self.kind {
            ReviewKind::SelfSubjectAccessReview => caller.clone(),
            _ => User::new(&self.spec.user, &self.spec.groups),
        }
    }

    /// Returns the request that the review asks about. `None` if it has neither resource nor path.
    #[must_use]
    pub fn request(&self) -> Option<Request<'_>> {
        if let Some(asked) = &self.spec.resource_attributes {
            let request = ResourceRequest::new(&asked.verb, &asked.group, &asked.resource)
                .in_namespace(&asked.namespace)
                .with_name(&asked.name)
                .with_subresource(&asked.subresource);
            return Some(request.into());
        }
        let asked = self.spec.non_resource_attributes.as_ref()?;
        Some(Request::path(&asked.verb, &asked.path))
    }
}

impl Policy {
    /// Answers a review as a kube-apiserver of this version without other authorizers does: returns
    /// the review with its status. `namespace` is the namespace of the URL, which only local reviews
    /// have. 1.31 has no selectors in reviews, and drops them.
    ///
    /// # Errors
    ///
    /// [`ReviewError::OtherNamespace`], [`ReviewError::Invalid`], [`ReviewError::NamespaceRequired`].
    pub fn review(
        &self,
        version: KubernetesVersion,
        caller: &User,
        namespace: &str,
        mut review: AccessReview,
    ) -> Result<AccessReview, ReviewError> {
        let is_local = review.kind == ReviewKind::LocalSubjectAccessReview;
        // As upstream: before validation, the namespace is set to the namespace of the URL. Only
        // the URL of a local review has one (EnsureObjectNamespaceMatchesRequestNamespace).
        let namespace = if is_local { namespace } else { "" };
        let of_review = &mut review.metadata.namespace;
        if !of_review.is_empty() && !namespace.is_empty() && of_review != namespace {
            return Err(ReviewError::OtherNamespace);
        }
        namespace.clone_into(of_review);
        if !Release::of(version).has_selectors
            && let Some(asked) = &mut review.spec.resource_attributes
        {
            asked.field_selector = None;
            asked.label_selector = None;
        }
        let errors = review.field_errors(version);
        let request = match review.request() {
            Some(request) if errors.is_empty() => request,
            _ => return Err(ReviewError::Invalid(errors)),
        };
        if is_local && namespace.is_empty() {
            return Err(ReviewError::NamespaceRequired);
        }
        let user = review.user(caller);
        let response = self.authorize(&user, &request);
        review.status = AccessReviewStatus {
            allowed: response.decision().is_allow(),
            denied: false,
            reason: response.reason_in(version),
            evaluation_error: selectors::evaluation_error(version, &review.spec),
        };
        Ok(review)
    }
}

/// A review as written in JSON.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    api_version: ReviewVersion,
    kind: ReviewKind,
    #[serde(default, deserialize_with = "object_or_default")]
    metadata: ReviewMetadata,
    #[serde(default, deserialize_with = "object_or_default")]
    spec: WireSpec,
    #[serde(default, deserialize_with = "object_or_default")]
    status: AccessReviewStatus,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
struct WireSpec {
    #[serde(
        deserialize_with = "optional_object",
        skip_serializing_if = "Option::is_none"
    )]
    resource_attributes: Option<ResourceAttributes>,
    #[serde(
        deserialize_with = "optional_object",
        skip_serializing_if = "Option::is_none"
    )]
    non_resource_attributes: Option<NonResourceAttributes>,
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "String::is_empty"
    )]
    user: String,
    /// Of `v1`.
    #[serde(
        deserialize_with = "list_or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    groups: Vec<String>,
    /// Of `v1beta1`.
    #[serde(
        deserialize_with = "list_or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    group: Vec<String>,
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    extra: BTreeMap<String, Vec<String>>,
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "String::is_empty"
    )]
    uid: String,
}

impl From<Mapping<Wire>> for AccessReview {
    // A field that the version or kind does not have is unknown, and the API ignores it.
    fn from(Mapping(wire): Mapping<Wire>) -> Self {
        let WireSpec {
            resource_attributes,
            non_resource_attributes,
            user,
            groups,
            group,
            extra,
            uid,
        } = wire.spec;
        let mut spec = AccessReviewSpec {
            resource_attributes,
            non_resource_attributes,
            ..AccessReviewSpec::default()
        };
        if wire.kind != ReviewKind::SelfSubjectAccessReview {
            spec.groups = match wire.api_version {
                ReviewVersion::V1 => groups,
                ReviewVersion::V1beta1 => group,
            };
            (spec.user, spec.extra, spec.uid) = (user, extra, uid);
        }
        Self {
            kind: wire.kind,
            version: wire.api_version,
            metadata: wire.metadata,
            spec,
            status: wire.status,
        }
    }
}

impl From<AccessReview> for Wire {
    fn from(review: AccessReview) -> Self {
        let spec = review.spec;
        let (groups, group) = match review.version {
            ReviewVersion::V1 => (spec.groups, Vec::new()),
            ReviewVersion::V1beta1 => (Vec::new(), spec.groups),
        };
        Self {
            api_version: review.version,
            kind: review.kind,
            metadata: review.metadata,
            spec: WireSpec {
                resource_attributes: spec.resource_attributes,
                non_resource_attributes: spec.non_resource_attributes,
                user: spec.user,
                groups,
                group,
                extra: spec.extra,
                uid: spec.uid,
            },
            status: review.status,
        }
    }
}
