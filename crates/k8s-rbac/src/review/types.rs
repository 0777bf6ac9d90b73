//! The parts of a review, with the API's own field names.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::objects::{
    LabelSelectorRequirement, map_or_default, objects_or_default, optional_object, or_default,
};

/// Whose permissions an access review is about.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub enum ReviewKind {
    /// Those of whom the review names, in one namespace.
    LocalSubjectAccessReview,
    /// Those of the caller.
    SelfSubjectAccessReview,
    /// Those of whom the review names.
    SubjectAccessReview,
}

impl ReviewKind {
    /// Returns its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LocalSubjectAccessReview => "LocalSubjectAccessReview",
            Self::SelfSubjectAccessReview => "SelfSubjectAccessReview",
            Self::SubjectAccessReview => "SubjectAccessReview",
        }
    }
}

/// The versions of reviews. They differ in one word: the list of groups is `group` in the old one.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub enum ReviewVersion {
    /// The current one.
    #[default]
    #[serde(rename = "authorization.k8s.io/v1")]
    V1,
    /// The old one, which webhooks still speak.
    #[serde(rename = "authorization.k8s.io/v1beta1")]
    V1beta1,
}

/// What of a review's metadata is looked at: that it is empty. The rest is passed over.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase")]
#[expect(clippy::exhaustive_structs, reason = "API data, written as a literal")]
pub struct ReviewMetadata {
    /// The name.
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub name: String,
    /// The start of a name.
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub generate_name: String,
    /// The namespace, of local reviews.
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub namespace: String,
    /// The labels.
    #[serde(
        deserialize_with = "map_or_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub labels: BTreeMap<String, String>,
    /// The annotations.
    #[serde(
        deserialize_with = "map_or_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub annotations: BTreeMap<String, String>,
}

/// What is asked, and for whom.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "API data, written as a literal")]
pub struct AccessReviewSpec {
    /// The resource, if it is about one. It goes before a path.
    pub resource_attributes: Option<ResourceAttributes>,
    /// The path, if it is about one.
    pub non_resource_attributes: Option<NonResourceAttributes>,
    /// The user; not of a review for oneself.
    pub user: String,
    /// The groups, exactly; not of a review for oneself.
    pub groups: Vec<String>,
    /// What else is known of the user. RBAC does not look at it.
    pub extra: BTreeMap<String, Vec<String>>,
    /// The user's id. RBAC does not look at it.
    pub uid: String,
}

/// What is asked of a resource.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase")]
#[expect(clippy::exhaustive_structs, reason = "API data, written as a literal")]
pub struct ResourceAttributes {
    /// The namespace; empty at the cluster scope.
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub namespace: String,
    /// The verb.
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub verb: String,
    /// The API group.
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub group: String,
    /// The version of the API; empty is every version. RBAC does not look at it.
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub version: String,
    /// The resource.
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub resource: String,
    /// The subresource.
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub subresource: String,
    /// The object's name.
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub name: String,
    /// The field selector. RBAC does not look at it.
    #[serde(
        deserialize_with = "optional_object",
        skip_serializing_if = "Option::is_none"
    )]
    pub field_selector: Option<FieldSelectorAttributes>,
    /// The label selector. RBAC does not look at it.
    #[serde(
        deserialize_with = "optional_object",
        skip_serializing_if = "Option::is_none"
    )]
    pub label_selector: Option<LabelSelectorAttributes>,
}

/// A field selector, as text or taken apart.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase")]
#[expect(clippy::exhaustive_structs, reason = "API data, written as a literal")]
pub struct FieldSelectorAttributes {
    /// The text.
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub raw_selector: String,
    /// The requirements, in the form of those of labels.
    #[serde(
        deserialize_with = "objects_or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub requirements: Vec<LabelSelectorRequirement>,
}

/// A label selector, as text or taken apart.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase")]
#[expect(clippy::exhaustive_structs, reason = "API data, written as a literal")]
pub struct LabelSelectorAttributes {
    /// The text.
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub raw_selector: String,
    /// The requirements.
    #[serde(
        deserialize_with = "objects_or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub requirements: Vec<LabelSelectorRequirement>,
}

/// What is asked of a path.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
#[expect(clippy::exhaustive_structs, reason = "API data, written as a literal")]
pub struct NonResourceAttributes {
    /// The path.
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub path: String,
    /// The verb: the method in lower case.
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub verb: String,
}

/// The answer.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase")]
#[expect(clippy::exhaustive_structs, reason = "API data, written as a literal")]
pub struct AccessReviewStatus {
    /// Whether it is allowed.
    #[serde(deserialize_with = "or_default")]
    pub allowed: bool,
    /// Whether it is refused, whoever else might allow it. RBAC never says so.
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "std::ops::Not::not"
    )]
    pub denied: bool,
    /// The authorizer's reason.
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub reason: String,
    /// What of the question could not be read.
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub evaluation_error: String,
}
