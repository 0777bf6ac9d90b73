//! One rule against one request.
//!
//! Every comparison is of bytes; the only wildcards are those named here. As upstream:
//! component-helpers, auth/rbac/validation; `pkg/apis/rbac/v1/evaluation_helpers.go`.

use crate::objects::PolicyRule;
use crate::request::{Request, ResourceRequest};

/// The entry that stands for everything.
pub(crate) const ALL: &str = "*";

impl PolicyRule {
    /// Says whether the rule allows the request.
    ///
    /// For a resource: verb, API group, resource and name must all match. For a path: verb and
    /// path. The namespace is the binding's matter.
    #[must_use]
    pub fn allows(&self, request: &Request<'_>) -> bool {
        match request {
            Request::Path(request) => {
                self.has_verb(request.verb()) && self.has_path(request.path())
            }
            Request::Resource(request) => {
                self.has_verb(request.verb())
                    && self.has_group(request.group())
                    && self.has_resource(request)
                    && self.has_name(request.name())
            }
        }
    }

    // As upstream: VerbMatches.
    pub(crate) fn has_verb(&self, verb: &str) -> bool {
        self.verbs.iter().any(|entry| entry == ALL || entry == verb)
    }

    // As upstream: APIGroupMatches.
    pub(crate) fn has_group(&self, group: &str) -> bool {
        self.api_groups
            .iter()
            .any(|entry| entry == ALL || entry == group)
    }

    // As upstream: ResourceMatches. `*` covers subresources too; `*/log` covers the subresource of
    // every resource; `pods/*` is no wildcard.
    pub(crate) fn has_resource(&self, request: &ResourceRequest<'_>) -> bool {
        let (resource, subresource) = (request.resource(), request.subresource());
        self.resources.iter().any(|entry| {
            entry == ALL
                || match subresource {
                    None => entry == resource,
                    Some(subresource) => entry
                        .strip_suffix(subresource)
                        .and_then(|entry| entry.strip_suffix('/'))
                        .is_some_and(|entry| entry == resource || entry == ALL),
                }
        })
    }

    // As upstream: ResourceNameMatches. A request without a name has the empty one, so that only
    // an empty entry names it.
    pub(crate) fn has_name(&self, name: Option<&str>) -> bool {
        let name = name.unwrap_or_default();
        self.resource_names.is_empty() || self.resource_names.iter().any(|entry| entry == name)
    }

    // As upstream: NonResourceURLMatches, where all the trailing stars are taken off.
    pub(crate) fn has_path(&self, path: &str) -> bool {
        self.non_resource_urls.iter().any(|entry| {
            entry == ALL
                || entry == path
                || (entry.ends_with('*') && path.starts_with(entry.trim_end_matches('*')))
        })
    }
}
