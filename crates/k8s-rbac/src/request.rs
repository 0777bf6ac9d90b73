//! The user and the request of a decision.

use serde::Serialize;

use crate::subject_name::ServiceAccount;

/// A user as the cluster's authentication reports it.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq, Serialize)]
#[non_exhaustive]
pub struct User {
    /// The name.
    pub name: String,
    /// The groups, in order.
    pub groups: Vec<String>,
}

impl User {
    /// Builds a user with exactly these groups, as a `SubjectAccessReview` does.
    #[must_use]
    pub fn new<G: Into<String>>(
        name: impl Into<String>,
        groups: impl IntoIterator<Item = G>,
    ) -> Self {
        Self {
            name: name.into(),
            groups: groups.into_iter().map(Into::into).collect(),
        }
    }

    /// Builds the user of a service account, with the groups that every service account has.
    ///
    /// As upstream: apiserver, `pkg/authentication/serviceaccount/util.go`, `MakeUsername` and
    /// `MakeGroupNames`.
    #[must_use]
    pub fn service_account(namespace: &str, name: &str) -> Self {
        let groups = [
            "system:serviceaccounts".to_owned(),
            format!("system:serviceaccounts:{namespace}"),
        ];
        let name = ServiceAccount::new(namespace, name).username();
        Self::new(name, groups).authenticated()
    }

    /// Adds the group `system:authenticated`, as the API server does for every user that it
    /// authenticated, unless the user has it already or is `system:anonymous`.
    ///
    /// As upstream: apiserver, `pkg/authentication/group/authenticated_group_adder.go`.
    #[must_use]
    pub fn authenticated(mut self) -> Self {
        let is_there = self.groups.iter().any(|group| {
            matches!(
                group.as_str(),
                "system:authenticated" | "system:unauthenticated"
            )
        });
        if !is_there && self.name != "system:anonymous" {
            self.groups.push("system:authenticated".to_owned());
        }
        self
    }
}

/// A request: for a resource, or for a non-resource path.
///
/// Serializes as the attributes of a `SubjectAccessReview`: the fields of [`ResourceRequest`] or of
/// [`PathRequest`].
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
#[serde(untagged)]
#[expect(
    clippy::exhaustive_enums,
    reason = "the API has these two kinds of requests"
)]
pub enum Request<'r> {
    /// A path such as `/healthz`.
    Path(PathRequest<'r>),
    /// A resource such as `pods`.
    Resource(ResourceRequest<'r>),
}

impl<'r> Request<'r> {
    /// Builds a request for a non-resource path. The verb is the HTTP method in lower case.
    #[must_use]
    pub const fn path(verb: &'r str, path: &'r str) -> Self {
        Self::Path(PathRequest { verb, path })
    }

    /// Returns the verb.
    #[must_use]
    pub const fn verb(&self) -> &'r str {
        match self {
            Self::Path(request) => request.verb,
            Self::Resource(request) => request.verb,
        }
    }

    /// Returns the request with another verb.
    pub(crate) const fn with_verb(self, verb: &'r str) -> Self {
        match self {
            Self::Path(request) => Self::Path(PathRequest { verb, ..request }),
            Self::Resource(request) => Self::Resource(ResourceRequest { verb, ..request }),
        }
    }

    /// Returns the namespace. `None` for a path and at the cluster scope.
    #[must_use]
    pub const fn namespace(&self) -> Option<&'r str> {
        match self {
            Self::Path(_) => None,
            Self::Resource(request) => request.namespace,
        }
    }
}

impl<'r> From<PathRequest<'r>> for Request<'r> {
    fn from(request: PathRequest<'r>) -> Self {
        Self::Path(request)
    }
}

impl<'r> From<ResourceRequest<'r>> for Request<'r> {
    fn from(request: ResourceRequest<'r>) -> Self {
        Self::Resource(request)
    }
}

/// A request for a non-resource path.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
pub struct PathRequest<'r> {
    verb: &'r str,
    path: &'r str,
}

impl<'r> PathRequest<'r> {
    /// Returns the verb.
    #[must_use]
    pub const fn verb(&self) -> &'r str {
        self.verb
    }

    /// Returns the path.
    #[must_use]
    pub const fn path(&self) -> &'r str {
        self.path
    }
}

/// A request for a resource. By default it is at the cluster scope and names no object.
///
/// As in Kubernetes, an empty namespace, name or subresource counts as absent.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
pub struct ResourceRequest<'r> {
    verb: &'r str,
    group: &'r str,
    resource: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subresource: Option<&'r str>,
}

impl<'r> ResourceRequest<'r> {
    /// Builds a request for `verb` on a resource of an API group. The core group is the empty
    /// string.
    #[must_use]
    pub const fn new(verb: &'r str, group: &'r str, resource: &'r str) -> Self {
        Self {
            verb,
            group,
            resource,
            namespace: None,
            name: None,
            subresource: None,
        }
    }

    /// Sets the namespace.
    #[must_use]
    pub const fn in_namespace(mut self, namespace: &'r str) -> Self {
        self.namespace = unless_empty(namespace);
        self
    }

    /// Sets the object's name.
    #[must_use]
    pub const fn with_name(mut self, name: &'r str) -> Self {
        self.name = unless_empty(name);
        self
    }

    /// Sets the subresource, such as `log`.
    #[must_use]
    pub const fn with_subresource(mut self, subresource: &'r str) -> Self {
        self.subresource = unless_empty(subresource);
        self
    }

    /// Returns the verb.
    #[must_use]
    pub const fn verb(&self) -> &'r str {
        self.verb
    }

    /// Returns the API group. The core group is the empty string.
    #[must_use]
    pub const fn group(&self) -> &'r str {
        self.group
    }

    /// Returns the resource.
    #[must_use]
    pub const fn resource(&self) -> &'r str {
        self.resource
    }

    /// Returns the namespace. `None` at the cluster scope, which also stands for all namespaces.
    #[must_use]
    pub const fn namespace(&self) -> Option<&'r str> {
        self.namespace
    }

    /// Returns the object's name. `None` for `list`, `create` and similar verbs.
    #[must_use]
    pub const fn name(&self) -> Option<&'r str> {
        self.name
    }

    /// Returns the subresource.
    #[must_use]
    pub const fn subresource(&self) -> Option<&'r str> {
        self.subresource
    }
}

const fn unless_empty(text: &str) -> Option<&str> {
    if text.is_empty() { None } else { Some(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_empty_text_is_no_namespace_no_name_and_no_subresource() {
        let plain = ResourceRequest::new("get", "", "pods");
        assert_eq!(
            plain,
            plain.in_namespace("").with_name("").with_subresource("")
        );
        assert_eq!(plain.in_namespace("dev").namespace(), Some("dev"));
    }

    #[test]
    fn requests_serialize_as_the_attributes_of_a_review() {
        let json = |request: Request<'_>| serde_json::to_value(request).unwrap();
        let pods = ResourceRequest::new("get", "", "pods").with_name("web");
        assert_eq!(
            json(pods.into()),
            serde_json::json!({"verb": "get", "group": "", "resource": "pods", "name": "web"})
        );
        assert_eq!(
            json(Request::path("get", "/healthz")),
            serde_json::json!({"verb": "get", "path": "/healthz"})
        );
    }

    #[test]
    fn authenticated_adds_its_group_once_and_not_to_the_anonymous() {
        let alice = User::new("alice", ["devs"]).authenticated();
        assert_eq!(alice.groups, ["devs", "system:authenticated"]);
        assert_eq!(alice.clone().authenticated(), alice);
        let nobody = User::new("system:anonymous", ["system:unauthenticated"]);
        assert_eq!(nobody.clone().authenticated(), nobody);
        let no_groups: [&str; 0] = [];
        assert_eq!(
            User::new("system:anonymous", no_groups)
                .authenticated()
                .groups,
            no_groups
        );
    }
}
