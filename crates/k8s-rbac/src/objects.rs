//! The API objects of `rbac.authorization.k8s.io/v1`, with the API's own field names.
//!
//! An absent field and `null` are the empty value, as in Kubernetes. Nothing is validated or
//! defaulted here; the reader of manifests does that.

use std::collections::BTreeMap;
use std::fmt::{self, Formatter};
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// The API group of the objects, and of users and groups as subjects.
pub const API_GROUP: &str = "rbac.authorization.k8s.io";

/// The parts of an object's metadata that a decision can depend on.
///
/// Annotations and the rest of the API's metadata are not kept.
#[derive(Clone, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(default)]
#[expect(clippy::exhaustive_structs, reason = "API data, written as a literal")]
pub struct Metadata {
    /// The name, unique for its kind and namespace.
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    /// The namespace; empty for cluster-scoped objects.
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub namespace: String,
    /// The labels, by which aggregated roles choose their members.
    #[serde(
        deserialize_with = "map_or_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub labels: BTreeMap<String, String>,
}

/// A rule, which allows the requests that match it. Rules only add permissions.
#[derive(Clone, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase")]
#[expect(clippy::exhaustive_structs, reason = "API data, written as a literal")]
pub struct PolicyRule {
    /// The verbs. `*` is every verb.
    #[serde(deserialize_with = "list_or_default")]
    pub verbs: Vec<String>,
    /// The API groups. The empty string is the core group, and `*` is every group.
    #[serde(
        deserialize_with = "list_or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub api_groups: Vec<String>,
    /// The resources, as `resource`, `resource/subresource`, `*/subresource` or `*`.
    #[serde(
        deserialize_with = "list_or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub resources: Vec<String>,
    /// The object names. An empty list stands for every name.
    #[serde(
        deserialize_with = "list_or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub resource_names: Vec<String>,
    /// The non-resource paths, exact or ending in `*`.
    #[serde(
        rename = "nonResourceURLs",
        deserialize_with = "list_or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub non_resource_urls: Vec<String>,
}

/// A role whose rules a binding grants in the role's own namespace.
#[derive(Clone, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(default)]
#[expect(clippy::exhaustive_structs, reason = "API data, written as a literal")]
pub struct Role {
    /// Name and namespace.
    #[serde(deserialize_with = "object_or_default")]
    pub metadata: Metadata,
    /// The rules, in order.
    #[serde(deserialize_with = "objects_or_default")]
    pub rules: Vec<PolicyRule>,
}

/// A role whose rules a ClusterRoleBinding grants in the whole cluster, and a RoleBinding in its
/// namespace.
#[derive(Clone, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase")]
#[expect(clippy::exhaustive_structs, reason = "API data, written as a literal")]
pub struct ClusterRole {
    /// Name and labels.
    #[serde(deserialize_with = "object_or_default")]
    pub metadata: Metadata,
    /// The rules, in order.
    #[serde(deserialize_with = "objects_or_default")]
    pub rules: Vec<PolicyRule>,
    /// The selectors by which the control plane collects the rules, if the role is aggregated. Decisions
    /// ignore it; [`Objects::aggregate`] applies it.
    #[serde(
        deserialize_with = "optional_object",
        skip_serializing_if = "Option::is_none"
    )]
    pub aggregation_rule: Option<AggregationRule>,
}

/// Selects the `ClusterRole`s whose rules an aggregated role collects.
#[derive(Clone, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase")]
#[expect(clippy::exhaustive_structs, reason = "API data, written as a literal")]
pub struct AggregationRule {
    /// The selectors. A ClusterRole that matches one of them is a member.
    #[serde(
        deserialize_with = "objects_or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub cluster_role_selectors: Vec<LabelSelector>,
}

/// A label selector, which matches if all its requirements match.
#[derive(Clone, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase")]
#[expect(clippy::exhaustive_structs, reason = "API data, written as a literal")]
pub struct LabelSelector {
    /// The labels that must have these values.
    #[serde(
        deserialize_with = "map_or_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub match_labels: BTreeMap<String, String>,
    /// The other requirements.
    #[serde(
        deserialize_with = "objects_or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub match_expressions: Vec<LabelSelectorRequirement>,
}

/// A requirement of a label selector.
#[derive(Clone, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(default)]
#[expect(clippy::exhaustive_structs, reason = "API data, written as a literal")]
pub struct LabelSelectorRequirement {
    /// The key of the label.
    #[serde(deserialize_with = "or_default")]
    pub key: String,
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`.
    #[serde(deserialize_with = "or_default")]
    pub operator: String,
    /// The values of `In` and `NotIn`.
    #[serde(
        deserialize_with = "list_or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub values: Vec<String>,
}

/// Grants a role to subjects in one namespace.
#[derive(Clone, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase")]
#[expect(clippy::exhaustive_structs, reason = "API data, written as a literal")]
pub struct RoleBinding {
    /// Name and namespace.
    #[serde(deserialize_with = "object_or_default")]
    pub metadata: Metadata,
    /// The subjects that get the permissions.
    #[serde(
        deserialize_with = "objects_or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub subjects: Vec<Subject>,
    /// The role: a Role of the same namespace, or a ClusterRole.
    #[serde(deserialize_with = "object_or_default")]
    pub role_ref: RoleRef,
}

/// Grants a ClusterRole to subjects in the whole cluster.
#[derive(Clone, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase")]
#[expect(clippy::exhaustive_structs, reason = "API data, written as a literal")]
pub struct ClusterRoleBinding {
    /// Name.
    #[serde(deserialize_with = "object_or_default")]
    pub metadata: Metadata,
    /// The subjects that get the permissions.
    #[serde(
        deserialize_with = "objects_or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub subjects: Vec<Subject>,
    /// The ClusterRole.
    #[serde(deserialize_with = "object_or_default")]
    pub role_ref: RoleRef,
}

/// A user, group or service account that a binding grants its role to.
///
/// The kind is text, because Kubernetes also stores subjects of unknown kinds. They match no user.
///
/// The texts are `String`s in an object. A [`Policy`](crate::Policy) stores subjects in another form
/// and returns them as `Subject<&str>`.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(
    default,
    rename_all = "camelCase",
    bound(
        deserialize = "S: Default + Deserialize<'de>",
        serialize = "S: AsRef<str> + Serialize"
    )
)]
#[expect(clippy::exhaustive_structs, reason = "API data, written as a literal")]
pub struct Subject<S = String> {
    /// `User`, `Group` or `ServiceAccount`.
    #[serde(deserialize_with = "or_default")]
    pub kind: S,
    /// [`API_GROUP`] for users and groups. Decisions ignore it.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "is_empty")]
    pub api_group: S,
    /// The name.
    #[serde(deserialize_with = "or_default")]
    pub name: S,
    /// The namespace of a ServiceAccount.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "is_empty")]
    pub namespace: S,
}

impl<S> Subject<S> {
    /// Converts each text.
    pub(crate) fn map<T>(self, convert: impl Fn(S) -> T) -> Subject<T> {
        let Self {
            kind,
            api_group,
            name,
            namespace,
        } = self;
        Subject {
            kind: convert(kind),
            api_group: convert(api_group),
            name: convert(name),
            namespace: convert(namespace),
        }
    }
}

impl<S: AsRef<str>> Subject<S> {
    /// Borrows the texts.
    #[must_use]
    pub fn as_deref(&self) -> Subject<&str> {
        Subject {
            kind: self.kind.as_ref(),
            api_group: self.api_group.as_ref(),
            name: self.name.as_ref(),
            namespace: self.namespace.as_ref(),
        }
    }
}

/// The reference to the role that a binding grants.
///
/// The texts are `String`s in an object. A [`Policy`](crate::Policy) returns `RoleRef<&str>`.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(
    default,
    rename_all = "camelCase",
    bound(
        deserialize = "S: Default + Deserialize<'de>",
        serialize = "S: AsRef<str> + Serialize"
    )
)]
#[expect(clippy::exhaustive_structs, reason = "API data, written as a literal")]
pub struct RoleRef<S = String> {
    /// [`API_GROUP`]. Decisions ignore it.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "is_empty")]
    pub api_group: S,
    /// `Role` or `ClusterRole`.
    #[serde(deserialize_with = "or_default")]
    pub kind: S,
    /// The role's name.
    #[serde(deserialize_with = "or_default")]
    pub name: S,
}

impl<S> RoleRef<S> {
    /// Converts each text.
    pub(crate) fn map<T>(self, convert: impl Fn(S) -> T) -> RoleRef<T> {
        let Self {
            api_group,
            kind,
            name,
        } = self;
        RoleRef {
            api_group: convert(api_group),
            kind: convert(kind),
            name: convert(name),
        }
    }
}

impl<S: AsRef<str>> RoleRef<S> {
    /// Borrows the texts.
    #[must_use]
    pub fn as_deref(&self) -> RoleRef<&str> {
        RoleRef {
            api_group: self.api_group.as_ref(),
            kind: self.kind.as_ref(),
            name: self.name.as_ref(),
        }
    }
}

fn is_empty(text: &impl AsRef<str>) -> bool {
    text.as_ref().is_empty()
}

/// The objects of a [`Policy`](crate::Policy), each list in the order given.
#[derive(Clone, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase")]
#[expect(
    clippy::exhaustive_structs,
    reason = "the four kinds of RBAC, written as a literal"
)]
pub struct Objects {
    /// The Roles of all namespaces.
    #[serde(deserialize_with = "objects_or_default")]
    pub roles: Vec<Role>,
    /// The `RoleBinding`s of all namespaces.
    #[serde(deserialize_with = "objects_or_default")]
    pub role_bindings: Vec<RoleBinding>,
    /// The `ClusterRole`s.
    #[serde(deserialize_with = "objects_or_default")]
    pub cluster_roles: Vec<ClusterRole>,
    /// The `ClusterRoleBinding`s.
    #[serde(deserialize_with = "objects_or_default")]
    pub cluster_role_bindings: Vec<ClusterRoleBinding>,
}

/// Deserializes `null` as the empty value, as the API does.
pub(crate) fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// As [`or_default`] for a list, in which a `null` item is the empty value too.
pub(crate) fn list_or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let list: Option<Vec<Option<T>>> = Option::deserialize(deserializer)?;
    let items = list.into_iter().flatten();
    Ok(items.map(Option::unwrap_or_default).collect())
}

/// As [`or_default`] for a map of strings, in which a `null` value is the empty string.
pub(crate) fn map_or_default<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, String>, D::Error> {
    let map: Option<BTreeMap<String, Option<String>>> = Option::deserialize(deserializer)?;
    let entries = map.into_iter().flatten();
    Ok(entries
        .map(|(key, value)| (key, value.unwrap_or_default()))
        .collect())
}

/// As [`or_default`] for an object, which must be a mapping.
pub(crate) fn object_or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    optional_object(deserializer).map(Option::unwrap_or_default)
}

/// Deserializes an object, which must be a mapping; `None` for `null`.
pub(crate) fn optional_object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let object: Option<Mapping<T>> = Option::deserialize(deserializer)?;
    Ok(object.map(|Mapping(object)| object))
}

/// As [`list_or_default`] for objects, which must be mappings.
pub(crate) fn objects_or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let list: Option<Vec<Option<Mapping<T>>>> = Option::deserialize(deserializer)?;
    let object = |item: Option<Mapping<T>>| item.map(|Mapping(object)| object).unwrap_or_default();
    Ok(list.into_iter().flatten().map(object).collect())
}

/// Deserializes from a mapping only. A derived `Deserialize` also accepts a list of the fields' values.
pub(crate) struct Mapping<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Mapping<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MappingVisitor(PhantomData))
    }
}

struct MappingVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for MappingVisitor<T> {
    type Value = Mapping<T>;

    fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Mapping)
    }
}
