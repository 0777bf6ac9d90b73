//! The attributes of a request, without the name of the object.

use std::fmt::{self, Display, Formatter};

use k8s_rbac::{Request, RequestInfo, ResourceRequest};
use printable_text::Printable;
use serde::{Deserialize, Serialize};

use super::log::TEXT_BYTES;
use super::shared::{Pool, Shared};

/// The attributes of a request that rules match, except the object's name. An absent attribute is
/// the empty string.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(
    tag = "kind",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
#[expect(
    clippy::exhaustive_enums,
    reason = "the API has these two kinds of requests"
)]
pub enum Action {
    /// A request for a non-resource path.
    Path {
        /// The HTTP method in lower case.
        verb: Shared<str>,
        /// The path.
        path: Shared<str>,
    },
    /// A request for a resource.
    Resource {
        /// The verb.
        verb: Shared<str>,
        /// The API group.
        api_group: Shared<str>,
        /// The resource.
        resource: Shared<str>,
        /// The subresource.
        subresource: Shared<str>,
        /// The namespace. Empty at the cluster scope.
        namespace: Shared<str>,
    },
}

impl Action {
    pub(super) fn of(info: &RequestInfo) -> Self {
        let text = |text: &String| Shared::from(text.as_str());
        match info.is_resource_request {
            false => Self::Path {
                verb: text(&info.verb),
                path: text(&info.path),
            },
            true => Self::Resource {
                verb: text(&info.verb),
                api_group: text(&info.api_group),
                resource: text(&info.resource),
                subresource: text(&info.subresource),
                namespace: text(&info.namespace),
            },
        }
    }

    /// Replaces the texts with the equal texts of a pool. Returns how many bytes of text the pool has in
    /// addition.
    pub(super) fn share(&mut self, texts: &mut Pool<str>) -> usize {
        let own = match self {
            Self::Path { verb, path } => vec![verb, path],
            Self::Resource {
                verb,
                api_group,
                resource,
                subresource,
                namespace,
            } => vec![verb, api_group, resource, subresource, namespace],
        };
        let added = own
            .into_iter()
            .filter_map(|text| texts.share(text).then_some(text.len()));
        added.fold(0, |sum, text| {
            sum.saturating_add(text).saturating_add(TEXT_BYTES)
        })
    }

    /// Returns the request for an object of this name. If the name is empty, the request names no
    /// object.
    #[must_use]
    pub fn request<'a>(&'a self, name: &'a str) -> Request<'a> {
        match self {
            Self::Path { verb, path } => Request::path(verb, path),
            Self::Resource {
                verb,
                api_group,
                resource,
                subresource,
                namespace,
            } => ResourceRequest::new(verb, api_group, resource)
                .with_subresource(subresource)
                .in_namespace(namespace)
                .with_name(name)
                .into(),
        }
    }

    /// Returns the verb.
    #[must_use]
    pub fn verb(&self) -> &str {
        match self {
            Self::Path { verb, .. } | Self::Resource { verb, .. } => verb,
        }
    }

    /// Returns the namespace. `None` for a path and at the cluster scope.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        match self {
            Self::Path { .. } => None,
            Self::Resource { namespace, .. } => Some(&**namespace).filter(|one| !one.is_empty()),
        }
    }

    /// Returns the resource with its subresource, as a rule writes it. `None` for a path.
    pub(super) fn resource(&self) -> Option<String> {
        match self {
            Self::Path { .. } => None,
            Self::Resource {
                resource,
                subresource,
                ..
            } if subresource.is_empty() => Some(resource.to_string()),
            Self::Resource {
                resource,
                subresource,
                ..
            } => Some(format!("{resource}/{subresource}")),
        }
    }

    /// Returns whether a rule for this action would have a wildcard, and so allow more requests.
    pub(super) fn is_wildcard(&self) -> bool {
        match self {
            Self::Path { verb, path } => &**verb == "*" || path.ends_with('*'),
            Self::Resource {
                verb,
                api_group,
                resource,
                ..
            } => [verb, api_group, resource]
                .into_iter()
                .any(|text| &**text == "*"),
        }
    }
}

/// Prints as `get pods/log in namespace dev`.
impl Display for Action {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path { verb, path } => {
                write!(f, "{} {}", Printable::new(verb), Printable::new(path))
            }
            Self::Resource {
                verb,
                api_group,
                resource,
                subresource,
                namespace,
            } => {
                write!(f, "{} {}", Printable::new(verb), Printable::new(resource))?;
                for (sign, part) in [(".", api_group), ("/", subresource)] {
                    if !part.is_empty() {
                        write!(f, "{sign}{}", Printable::new(part))?;
                    }
                }
                match &**namespace {
                    "" => Ok(()),
                    namespace => write!(f, " in namespace {}", Printable::new(namespace)),
                }
            }
        }
    }
}
