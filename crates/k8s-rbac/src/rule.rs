//! Matching one rule against one request.
//!
//! Every comparison compares bytes, and there are no other wildcards than those named here. As
//! upstream: component-helpers, auth/rbac/validation; `pkg/apis/rbac/v1/evaluation_helpers.go`.

use crate::objects::PolicyRule;
use crate::request::{Request, ResourceRequest};

/// The entry that matches everything.
pub(crate) const ALL: &str = "*";

impl PolicyRule {
    /// Returns whether the rule allows the request.
    ///
    /// A resource request must match in verb, API group, resource, and name; a path request in verb
    /// and path. The rule does not restrict the namespace: the binding does.
    #[must_use]
    pub fn allows(&self, request: &Request<'_>) -> bool {
        match request {
            Request::Path(request) => {
                self.allows_verb(request.verb()) && self.allows_path(request.path())
            }
            Request::Resource(request) => {
                self.allows_verb(request.verb())
                    && self.allows_group(request.group())
                    && self.allows_resource(request)
                    && self.allows_name(request.name())
            }
        }
    }

    /// Returns whether `verbs` contains the verb or `*`.
    ///
    /// As upstream: `VerbMatches`.
    #[must_use]
    pub fn allows_verb(&self, verb: &str) -> bool {
        self.verbs.iter().any(|entry| entry == ALL || entry == verb)
    }

    /// Returns whether `apiGroups` contains the group or `*`. The core group is the empty string.
    ///
    /// As upstream: `APIGroupMatches`.
    #[must_use]
    pub fn allows_group(&self, group: &str) -> bool {
        self.api_groups
            .iter()
            .any(|entry| entry == ALL || entry == group)
    }

    /// Returns whether `resources` matches the request's resource and subresource.
    ///
    /// `*` matches subresources too, and `*/log` matches the subresource of every resource.
    /// `pods/*` is not a wildcard. As upstream: `ResourceMatches`.
    #[must_use]
    pub fn allows_resource(&self, request: &ResourceRequest<'_>) -> bool {
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

    /// Returns whether `resourceNames` is empty or contains the name.
    ///
    /// A request without a name is treated as if its name were empty; only an empty entry matches
    /// that. As upstream: `ResourceNameMatches`.
    #[must_use]
    pub fn allows_name(&self, name: Option<&str>) -> bool {
        let name = name.unwrap_or_default();
        self.resource_names.is_empty() || self.resource_names.iter().any(|entry| entry == name)
    }

    /// Returns whether `nonResourceURLs` contains the path, `*`, or a prefix of the path followed by
    /// `*`.
    ///
    /// All trailing stars of an entry are removed before the prefix is compared. As upstream:
    /// `NonResourceURLMatches`.
    #[must_use]
    pub fn allows_path(&self, path: &str) -> bool {
        self.non_resource_urls.iter().any(|entry| {
            entry == ALL
                || entry == path
                || (entry.ends_with('*') && path.starts_with(entry.trim_end_matches('*')))
        })
    }
}
