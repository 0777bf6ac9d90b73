//! Who asks, and what is asked.

use crate::subject_name::ServiceAccount;

/// A user as the cluster's authentication made it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct User {
    /// The name.
    pub name: String,
    /// The groups, in order.
    pub groups: Vec<String>,
}

impl User {
    /// Makes a user with exactly these groups, as a `SubjectAccessReview` does.
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

    /// Makes the user that a service account is, with the groups that all of them have.
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

    /// Adds the group `system:authenticated`, as the API server does for whoever it authenticated:
    /// unless it is there already, or the user is the anonymous one.
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

/// What is asked: to act on a resource, or on a path that is none.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
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
    /// Asks for a path that is no resource; the verb is the HTTP method in lower case.
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

    /// Returns the namespace, if there is one: never for a path.
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

/// A request for a path that is no resource.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
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

/// A request for a resource: at the cluster scope and for no object in particular, until told
/// otherwise.
///
/// The empty text is the absence of a namespace, name or subresource, here as in Kubernetes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ResourceRequest<'r> {
    verb: &'r str,
    group: &'r str,
    resource: &'r str,
    namespace: Option<&'r str>,
    name: Option<&'r str>,
    subresource: Option<&'r str>,
}

impl<'r> ResourceRequest<'r> {
    /// Asks to do `verb` on a resource of an API group; the core group's name is the empty text.
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

    /// Asks in a namespace.
    #[must_use]
    pub const fn in_namespace(mut self, namespace: &'r str) -> Self {
        self.namespace = unless_empty(namespace);
        self
    }

    /// Asks for one object.
    #[must_use]
    pub const fn with_name(mut self, name: &'r str) -> Self {
        self.name = unless_empty(name);
        self
    }

    /// Asks for a subresource such as `log`.
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

    /// Returns the API group; the core group's is the empty text.
    #[must_use]
    pub const fn group(&self) -> &'r str {
        self.group
    }

    /// Returns the resource.
    #[must_use]
    pub const fn resource(&self) -> &'r str {
        self.resource
    }

    /// Returns the namespace; none at the cluster scope, which is also all namespaces.
    #[must_use]
    pub const fn namespace(&self) -> Option<&'r str> {
        self.namespace
    }

    /// Returns the object's name; none for `list`, `create` and the like.
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
