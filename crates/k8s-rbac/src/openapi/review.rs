//! Reviews, their questions and their answers.

use k8s_openapi::api::authentication::v1 as authentication;
use k8s_openapi::api::authorization::v1 as api;
use k8s_openapi::apimachinery::pkg::apis::meta::v1 as meta;
use thiserror::Error;

use crate::objects::LabelSelectorRequirement;
use crate::openapi::{each, each_of, some, some_of_each};
use crate::request::User;
use crate::review::listing::{NonResourceRule, ResourceRule, SubjectRulesReviewStatus};
use crate::review::{
    AccessReview, AccessReviewSpec, AccessReviewStatus, FieldSelectorAttributes,
    LabelSelectorAttributes, NonResourceAttributes, ResourceAttributes, ReviewKind, ReviewMetadata,
    ReviewVersion, RulesReview,
};

/// The kind of an [`AccessReview`] differs from the type to convert it to.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("the review is a {}", .kind.as_str())]
#[non_exhaustive]
pub struct OtherReviewKind {
    /// The kind of the review.
    pub kind: ReviewKind,
}

impl From<authentication::UserInfo> for User {
    /// Keeps the name and groups unchanged. The status of a `TokenReview` does not have the group
    /// `system:authenticated` yet; [`User::authenticated`] adds it.
    fn from(user: authentication::UserInfo) -> Self {
        Self {
            name: user.username.unwrap_or_default(),
            groups: user.groups.unwrap_or_default(),
        }
    }
}

impl From<meta::ObjectMeta> for ReviewMetadata {
    fn from(metadata: meta::ObjectMeta) -> Self {
        Self {
            name: metadata.name.unwrap_or_default(),
            generate_name: metadata.generate_name.unwrap_or_default(),
            namespace: metadata.namespace.unwrap_or_default(),
            labels: metadata.labels.unwrap_or_default(),
            annotations: metadata.annotations.unwrap_or_default(),
        }
    }
}

impl From<ReviewMetadata> for meta::ObjectMeta {
    fn from(metadata: ReviewMetadata) -> Self {
        Self {
            name: some(metadata.name),
            generate_name: some(metadata.generate_name),
            namespace: some(metadata.namespace),
            labels: some(metadata.labels),
            annotations: some(metadata.annotations),
            ..Self::default()
        }
    }
}

impl From<api::SubjectAccessReview> for AccessReview {
    fn from(review: api::SubjectAccessReview) -> Self {
        Self {
            kind: ReviewKind::SubjectAccessReview,
            version: ReviewVersion::V1,
            metadata: review.metadata.into(),
            spec: review.spec.into(),
            status: status(review.status),
        }
    }
}

impl From<api::LocalSubjectAccessReview> for AccessReview {
    fn from(review: api::LocalSubjectAccessReview) -> Self {
        Self {
            kind: ReviewKind::LocalSubjectAccessReview,
            version: ReviewVersion::V1,
            metadata: review.metadata.into(),
            spec: review.spec.into(),
            status: status(review.status),
        }
    }
}

impl From<api::SelfSubjectAccessReview> for AccessReview {
    fn from(review: api::SelfSubjectAccessReview) -> Self {
        Self {
            kind: ReviewKind::SelfSubjectAccessReview,
            version: ReviewVersion::V1,
            metadata: review.metadata.into(),
            spec: review.spec.into(),
            status: status(review.status),
        }
    }
}

fn status(status: Option<api::SubjectAccessReviewStatus>) -> AccessReviewStatus {
    status.map(AccessReviewStatus::from).unwrap_or_default()
}

fn is(review: &AccessReview, kind: ReviewKind) -> Result<(), OtherReviewKind> {
    if review.kind == kind {
        Ok(())
    } else {
        Err(OtherReviewKind { kind: review.kind })
    }
}

impl TryFrom<AccessReview> for api::SubjectAccessReview {
    type Error = OtherReviewKind;

    /// Converts the review to `v1`.
    fn try_from(review: AccessReview) -> Result<Self, OtherReviewKind> {
        is(&review, ReviewKind::SubjectAccessReview)?;
        Ok(Self {
            metadata: review.metadata.into(),
            spec: review.spec.into(),
            status: Some(review.status.into()),
        })
    }
}

impl TryFrom<AccessReview> for api::LocalSubjectAccessReview {
    type Error = OtherReviewKind;

    /// Converts the review to `v1`.
    fn try_from(review: AccessReview) -> Result<Self, OtherReviewKind> {
        is(&review, ReviewKind::LocalSubjectAccessReview)?;
        Ok(Self {
            metadata: review.metadata.into(),
            spec: review.spec.into(),
            status: Some(review.status.into()),
        })
    }
}

impl TryFrom<AccessReview> for api::SelfSubjectAccessReview {
    type Error = OtherReviewKind;

    /// Converts the review to `v1`. A user in its spec is dropped, since the type has no field for it.
    fn try_from(review: AccessReview) -> Result<Self, OtherReviewKind> {
        is(&review, ReviewKind::SelfSubjectAccessReview)?;
        Ok(Self {
            metadata: review.metadata.into(),
            spec: review.spec.into(),
            status: Some(review.status.into()),
        })
    }
}

impl From<api::SubjectAccessReviewSpec> for AccessReviewSpec {
    fn from(spec: api::SubjectAccessReviewSpec) -> Self {
        Self {
            resource_attributes: spec.resource_attributes.map(Into::into),
            non_resource_attributes: spec.non_resource_attributes.map(Into::into),
            user: spec.user.unwrap_or_default(),
            groups: spec.groups.unwrap_or_default(),
            extra: spec.extra.unwrap_or_default(),
            uid: spec.uid.unwrap_or_default(),
        }
    }
}

impl From<AccessReviewSpec> for api::SubjectAccessReviewSpec {
    fn from(spec: AccessReviewSpec) -> Self {
        Self {
            resource_attributes: spec.resource_attributes.map(Into::into),
            non_resource_attributes: spec.non_resource_attributes.map(Into::into),
            user: some(spec.user),
            groups: some(spec.groups),
            extra: some(spec.extra),
            uid: some(spec.uid),
        }
    }
}

impl From<api::SelfSubjectAccessReviewSpec> for AccessReviewSpec {
    fn from(spec: api::SelfSubjectAccessReviewSpec) -> Self {
        Self {
            resource_attributes: spec.resource_attributes.map(Into::into),
            non_resource_attributes: spec.non_resource_attributes.map(Into::into),
            ..Self::default()
        }
    }
}

impl From<AccessReviewSpec> for api::SelfSubjectAccessReviewSpec {
    fn from(spec: AccessReviewSpec) -> Self {
        Self {
            resource_attributes: spec.resource_attributes.map(Into::into),
            non_resource_attributes: spec.non_resource_attributes.map(Into::into),
        }
    }
}

impl From<api::ResourceAttributes> for ResourceAttributes {
    fn from(asked: api::ResourceAttributes) -> Self {
        Self {
            namespace: asked.namespace.unwrap_or_default(),
            verb: asked.verb.unwrap_or_default(),
            group: asked.group.unwrap_or_default(),
            version: asked.version.unwrap_or_default(),
            resource: asked.resource.unwrap_or_default(),
            subresource: asked.subresource.unwrap_or_default(),
            name: asked.name.unwrap_or_default(),
            field_selector: asked.field_selector.map(Into::into),
            label_selector: asked.label_selector.map(Into::into),
        }
    }
}

impl From<ResourceAttributes> for api::ResourceAttributes {
    fn from(asked: ResourceAttributes) -> Self {
        Self {
            namespace: some(asked.namespace),
            verb: some(asked.verb),
            group: some(asked.group),
            version: some(asked.version),
            resource: some(asked.resource),
            subresource: some(asked.subresource),
            name: some(asked.name),
            field_selector: asked.field_selector.map(Into::into),
            label_selector: asked.label_selector.map(Into::into),
        }
    }
}

impl From<api::NonResourceAttributes> for NonResourceAttributes {
    fn from(asked: api::NonResourceAttributes) -> Self {
        Self {
            path: asked.path.unwrap_or_default(),
            verb: asked.verb.unwrap_or_default(),
        }
    }
}

impl From<NonResourceAttributes> for api::NonResourceAttributes {
    fn from(asked: NonResourceAttributes) -> Self {
        Self {
            path: some(asked.path),
            verb: some(asked.verb),
        }
    }
}

impl From<api::FieldSelectorAttributes> for FieldSelectorAttributes {
    fn from(selector: api::FieldSelectorAttributes) -> Self {
        Self {
            raw_selector: selector.raw_selector.unwrap_or_default(),
            requirements: each_of(selector.requirements),
        }
    }
}

impl From<FieldSelectorAttributes> for api::FieldSelectorAttributes {
    fn from(selector: FieldSelectorAttributes) -> Self {
        Self {
            raw_selector: some(selector.raw_selector),
            requirements: some_of_each(selector.requirements),
        }
    }
}

impl From<meta::FieldSelectorRequirement> for LabelSelectorRequirement {
    fn from(requirement: meta::FieldSelectorRequirement) -> Self {
        Self {
            key: requirement.key,
            operator: requirement.operator,
            values: requirement.values.unwrap_or_default(),
        }
    }
}

impl From<LabelSelectorRequirement> for meta::FieldSelectorRequirement {
    fn from(requirement: LabelSelectorRequirement) -> Self {
        Self {
            key: requirement.key,
            operator: requirement.operator,
            values: some(requirement.values),
        }
    }
}

impl From<api::LabelSelectorAttributes> for LabelSelectorAttributes {
    fn from(selector: api::LabelSelectorAttributes) -> Self {
        Self {
            raw_selector: selector.raw_selector.unwrap_or_default(),
            requirements: each_of(selector.requirements),
        }
    }
}

impl From<LabelSelectorAttributes> for api::LabelSelectorAttributes {
    fn from(selector: LabelSelectorAttributes) -> Self {
        Self {
            raw_selector: some(selector.raw_selector),
            requirements: some_of_each(selector.requirements),
        }
    }
}

impl From<api::SubjectAccessReviewStatus> for AccessReviewStatus {
    fn from(status: api::SubjectAccessReviewStatus) -> Self {
        Self {
            allowed: status.allowed,
            denied: status.denied.unwrap_or_default(),
            reason: status.reason.unwrap_or_default(),
            evaluation_error: status.evaluation_error.unwrap_or_default(),
        }
    }
}

impl From<AccessReviewStatus> for api::SubjectAccessReviewStatus {
    fn from(status: AccessReviewStatus) -> Self {
        Self {
            allowed: status.allowed,
            denied: some(status.denied),
            reason: some(status.reason),
            evaluation_error: some(status.evaluation_error),
        }
    }
}

impl From<api::SelfSubjectRulesReview> for RulesReview {
    fn from(review: api::SelfSubjectRulesReview) -> Self {
        let status = review.status.map(SubjectRulesReviewStatus::from);
        Self {
            version: ReviewVersion::V1,
            metadata: review.metadata.into(),
            namespace: review.spec.namespace.unwrap_or_default(),
            status: status.unwrap_or_default(),
        }
    }
}

impl From<RulesReview> for api::SelfSubjectRulesReview {
    /// Converts the review to `v1`.
    fn from(review: RulesReview) -> Self {
        Self {
            metadata: review.metadata.into(),
            spec: api::SelfSubjectRulesReviewSpec {
                namespace: some(review.namespace),
            },
            status: Some(review.status.into()),
        }
    }
}

impl From<api::SubjectRulesReviewStatus> for SubjectRulesReviewStatus {
    fn from(status: api::SubjectRulesReviewStatus) -> Self {
        Self {
            resource_rules: each(status.resource_rules),
            non_resource_rules: each(status.non_resource_rules),
            incomplete: status.incomplete,
            evaluation_error: status.evaluation_error.unwrap_or_default(),
        }
    }
}

impl From<SubjectRulesReviewStatus> for api::SubjectRulesReviewStatus {
    fn from(status: SubjectRulesReviewStatus) -> Self {
        Self {
            resource_rules: each(status.resource_rules),
            non_resource_rules: each(status.non_resource_rules),
            incomplete: status.incomplete,
            evaluation_error: some(status.evaluation_error),
        }
    }
}

impl From<api::ResourceRule> for ResourceRule {
    fn from(rule: api::ResourceRule) -> Self {
        Self {
            verbs: rule.verbs,
            api_groups: rule.api_groups.unwrap_or_default(),
            resources: rule.resources.unwrap_or_default(),
            resource_names: rule.resource_names.unwrap_or_default(),
        }
    }
}

impl From<ResourceRule> for api::ResourceRule {
    fn from(rule: ResourceRule) -> Self {
        Self {
            verbs: rule.verbs,
            api_groups: some(rule.api_groups),
            resources: some(rule.resources),
            resource_names: some(rule.resource_names),
        }
    }
}

impl From<api::NonResourceRule> for NonResourceRule {
    fn from(rule: api::NonResourceRule) -> Self {
        Self {
            verbs: rule.verbs,
            non_resource_urls: rule.non_resource_urls.unwrap_or_default(),
        }
    }
}

impl From<NonResourceRule> for api::NonResourceRule {
    fn from(rule: NonResourceRule) -> Self {
        Self {
            verbs: rule.verbs,
            non_resource_urls: some(rule.non_resource_urls),
        }
    }
}
