//! The parts of a review, with the API's own field names.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::objects::{
    LabelSelectorRequirement, map_or_default, objects_or_default, optional_object, or_default,
};

/// The kinds of access reviews. They differ in whose permissions they ask about.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[non_exhaustive]
pub enum ReviewKind {
    /// `LocalSubjectAccessReview`: the permissions of a given user in one namespace.
    LocalSubjectAccessReview,
    /// `SelfSubjectAccessReview`: the permissions of the caller.
    SelfSubjectAccessReview,
    /// `SubjectAccessReview`: the permissions of a given user.
    SubjectAccessReview,
}

impl ReviewKind {
    /// Returns the name of the kind.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LocalSubjectAccessReview => "LocalSubjectAccessReview",
            Self::SelfSubjectAccessReview => "SelfSubjectAccessReview",
            Self::SubjectAccessReview => "SubjectAccessReview",
        }
    }
}

/// The versions of reviews. They differ in one word: the list of groups is called `group` in the
/// old version.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[non_exhaustive]
pub enum ReviewVersion {
    /// The current version.
    #[default]
    #[serde(rename = "authorization.k8s.io/v1")]
    V1,
    /// The old version, which webhooks still speak.
    #[serde(rename = "authorization.k8s.io/v1beta1")]
    V1beta1,
}

/// The metadata of a review. These fields must be empty; other fields are ignored.
#[derive(Clone, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase")]
#[expect(clippy::exhaustive_structs, reason = "API data, written as a literal")]
pub struct ReviewMetadata {
    /// The name.
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub name: String,
    /// The prefix of a generated name.
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

/// The request that a review asks about, and the user.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "API data, written as a literal")]
pub struct AccessReviewSpec {
    /// The resource, if the review is about a resource. It takes precedence over a path.
    pub resource_attributes: Option<ResourceAttributes>,
    /// The path, if the review is about a path.
    pub non_resource_attributes: Option<NonResourceAttributes>,
    /// The user. Absent in a `SelfSubjectAccessReview`.
    pub user: String,
    /// All groups of the user. Absent in a `SelfSubjectAccessReview`.
    pub groups: Vec<String>,
    /// Other attributes of the user. RBAC ignores them.
    pub extra: BTreeMap<String, Vec<String>>,
    /// The user's id. RBAC ignores it.
    pub uid: String,
}

/// The attributes of a request for a resource.
#[derive(Clone, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase")]
#[expect(clippy::exhaustive_structs, reason = "API data, written as a literal")]
pub struct ResourceAttributes {
    /// The namespace. Empty at the cluster scope.
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
    /// The API version. Empty stands for every version. RBAC ignores it.
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
    /// The field selector. RBAC ignores it.
    #[serde(
        deserialize_with = "optional_object",
        skip_serializing_if = "Option::is_none"
    )]
    pub field_selector: Option<FieldSelectorAttributes>,
    /// The label selector. RBAC ignores it.
    #[serde(
        deserialize_with = "optional_object",
        skip_serializing_if = "Option::is_none"
    )]
    pub label_selector: Option<LabelSelectorAttributes>,
}

/// A field selector, as text or parsed.
#[derive(Clone, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase")]
#[expect(clippy::exhaustive_structs, reason = "API data, written as a literal")]
pub struct FieldSelectorAttributes {
    /// The text.
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub raw_selector: String,
    /// The requirements, in the same form as the requirements of labels.
    #[serde(
        deserialize_with = "objects_or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub requirements: Vec<LabelSelectorRequirement>,
}

/// A label selector, as text or parsed.
#[derive(Clone, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
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

/// The attributes of a request for a path.
#[derive(Clone, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
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

/// The answer to an access review.
#[derive(Clone, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase")]
#[expect(clippy::exhaustive_structs, reason = "API data, written as a literal")]
pub struct AccessReviewStatus {
    /// Whether the request is allowed.
    #[serde(deserialize_with = "or_default")]
    pub allowed: bool,
    /// Whether the request is refused even if another authorizer would allow it. RBAC never sets
    /// it.
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "std::ops::Not::not"
    )]
    pub denied: bool,
    /// The authorizer's reason. RBAC names the roles that it did not find.
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub reason: String,
    /// The errors in the review: requirements of selectors that cannot be read.
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub evaluation_error: String,
}
