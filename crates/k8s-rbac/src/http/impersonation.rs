//! Requests that act as another user: `kubectl --as`.

use std::fmt::{self, Display, Formatter};

use crate::engine::policy::Policy;
use crate::http::forbidden::Forbidden;
use crate::request::{Request, ResourceRequest, User};
use crate::response::Decision;
use crate::subject_name::ServiceAccount;
use crate::version::KubernetesVersion;

/// The API group of the resources `uids` and `userextras`.
const AUTHENTICATION_GROUP: &str = "authentication.k8s.io";

/// The user that a request acts as, from its headers `Impersonate-User`, `Impersonate-Group`,
/// `Impersonate-Uid` and `Impersonate-Extra-KEY`.
///
/// As upstream: apiserver, pkg/endpoints/filters/impersonation.go, `WithImpersonation`. The constrained
/// impersonation of Kubernetes 1.36, whose verbs begin with `impersonate:`, is not covered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Impersonation {
    username: String,
    groups: Vec<String>,
    uid: String,
    extra: Vec<(String, String)>,
}

impl Impersonation {
    /// Acts as this user, who may be a service account: `system:serviceaccount:NAMESPACE:NAME`. The API
    /// server ignores an empty name, and refuses a request whose other headers have no user.
    #[must_use]
    pub fn new(username: impl Into<String>) -> Self {
        Self {
            username: username.into(),
            groups: Vec::new(),
            uid: String::new(),
            extra: Vec::new(),
        }
    }

    /// Adds a group. Without one, a service account has the groups of every service account.
    #[must_use]
    pub fn with_group(mut self, group: impl Into<String>) -> Self {
        self.groups.push(group.into());
        self
    }

    /// Sets the UID.
    #[must_use]
    pub fn with_uid(mut self, uid: impl Into<String>) -> Self {
        self.uid = uid.into();
        self
    }

    /// Adds a value of an extra field. The API server reads the key from the header in lower case.
    #[must_use]
    pub fn with_extra(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.extra.push((key.into(), value.into()));
        self
    }

    /// Lists the requests that the caller must be allowed to make, in the order in which the API server
    /// authorizes them: the user or service account, the groups, the extra fields, the UID.
    ///
    /// The order of several extra keys is that of the API server's map, so that one of several refusals
    /// is chosen at random; here it is the order given.
    pub fn requests(&self) -> impl Iterator<Item = ResourceRequest<'_>> {
        let user = match self.service_account() {
            Some(account) => ResourceRequest::new("impersonate", "", "serviceaccounts")
                .in_namespace(account.namespace())
                .with_name(account.name()),
            None => ResourceRequest::new("impersonate", "", "users").with_name(&self.username),
        };
        let groups = self
            .groups
            .iter()
            .map(|group| ResourceRequest::new("impersonate", "", "groups").with_name(group));
        let extra = self.extra.iter().map(|(key, value)| {
            ResourceRequest::new("impersonate", AUTHENTICATION_GROUP, "userextras")
                .with_subresource(key)
                .with_name(value)
        });
        let uid = (!self.uid.is_empty()).then(|| {
            ResourceRequest::new("impersonate", AUTHENTICATION_GROUP, "uids").with_name(&self.uid)
        });
        std::iter::once(user).chain(groups).chain(extra).chain(uid)
    }

    /// Returns the user whose permissions decide the request, with the groups that the API server adds:
    /// those of a service account, and `system:authenticated` or `system:unauthenticated`.
    #[must_use]
    pub fn user(&self) -> User {
        match self.service_account() {
            Some(account) if self.groups.is_empty() => {
                User::service_account(account.namespace(), account.name())
            }
            _ if self.username == "system:anonymous" => self.anonymous(),
            _ => User::new(&self.username, &self.groups).authenticated(),
        }
    }

    fn service_account(&self) -> Option<ServiceAccount<'_>> {
        ServiceAccount::parse(&self.username).filter(ServiceAccount::has_valid_names)
    }

    fn anonymous(&self) -> User {
        const GROUP: &str = "system:unauthenticated";
        let mut user = User::new(&self.username, &self.groups);
        if !user.groups.iter().any(|group| group == GROUP) {
            user.groups.push(GROUP.to_owned());
        }
        user
    }
}

/// A permission to impersonate that the caller does not have. Prints as kube-apiserver's message; the status
/// is 403.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ImpersonationRefusal<'i> {
    caller: &'i str,
    // Boxed, since the refusal is returned by value.
    request: Box<ResourceRequest<'i>>,
    reason: String,
}

impl ImpersonationRefusal<'_> {
    /// Returns the response of the API server.
    #[must_use]
    pub fn forbidden(&self) -> Forbidden<'_> {
        Forbidden::new(self.caller, Request::from(*self.request), &self.reason)
    }
}

impl Display for ImpersonationRefusal<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.forbidden().fmt(f)
    }
}

impl std::error::Error for ImpersonationRefusal<'_> {}

impl Policy {
    /// Decides whether a caller may act as another user, and returns that user, whose permissions decide the
    /// request itself.
    ///
    /// # Errors
    ///
    /// The first of [`Impersonation::requests`] that is not allowed.
    pub fn impersonate<'i>(
        &self,
        version: KubernetesVersion,
        caller: &'i User,
        impersonation: &'i Impersonation,
    ) -> Result<User, ImpersonationRefusal<'i>> {
        for request in impersonation.requests() {
            let response = self.authorize(caller, &request.into());
            if matches!(response.decision(), Decision::NoOpinion) {
                return Err(ImpersonationRefusal {
                    caller: &caller.name,
                    request: Box::new(request),
                    reason: response.reason_in(version),
                });
            }
        }
        Ok(impersonation.user())
    }
}
