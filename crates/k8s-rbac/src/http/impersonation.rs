//! Requests that act as another user: `kubectl --as`.

mod constrained;

use std::borrow::Cow;
use std::fmt::{self, Display, Formatter};

use crate::engine::policy::Policy;
use crate::http::forbidden::Forbidden;
use crate::request::{Request, ResourceRequest, User};
use crate::response::Decision;
use crate::subject_name::ServiceAccount;
use crate::version::KubernetesVersion;

/// The API group of the resources `uids` and `userextras`.
const AUTHENTICATION_GROUP: &str = "authentication.k8s.io";

/// The verb that allows a caller to act as another user in every request.
const VERB: &str = "impersonate";

/// The first release with constrained impersonation by default.
const CONSTRAINED_SINCE: KubernetesVersion = KubernetesVersion::V1_36;

/// The user that a request acts as, from its headers `Impersonate-User`, `Impersonate-Group`,
/// `Impersonate-Uid` and `Impersonate-Extra-KEY`.
///
/// As upstream: apiserver, pkg/endpoints/filters/impersonation.go, `WithImpersonation`, and since Kubernetes 1.36
/// `WithConstrainedImpersonation` of pkg/endpoints/filters/impersonation/.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Impersonation {
    username: String,
    groups: Vec<String>,
    uid: String,
    extra: Vec<(String, String)>,
    node_of_caller: String,
}

impl Impersonation {
    /// Acts as this user, who may be a service account: `system:serviceaccount:NAMESPACE:NAME`. The API
    /// server ignores an empty name. It refuses a request that has the other headers but no user.
    #[must_use]
    pub fn new(username: impl Into<String>) -> Self {
        Self {
            username: username.into(),
            groups: Vec::new(),
            uid: String::new(),
            extra: Vec::new(),
            node_of_caller: String::new(),
        }
    }

    /// Adds a group. If no group is added, a service account has the groups of every service
    /// account.
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

    /// Sets the node to which the token of the caller, a service account, is bound: the value of the caller's extra
    /// field `authentication.kubernetes.io/node-name`. Since Kubernetes 1.36, a permission may allow the caller to
    /// act as this node only.
    #[must_use]
    pub fn with_node_of_caller(mut self, node: impl Into<String>) -> Self {
        self.node_of_caller = node.into();
        self
    }

    /// Lists the requests with the verb `impersonate` that the caller must be allowed to make, in the order in which
    /// the API server authorizes them: the user or service account, the groups, the extra fields, the UID. Since
    /// Kubernetes 1.36 the UID is second, and [`Policy::impersonate`] checks other verbs before `impersonate`.
    ///
    /// The API server checks extra keys in the random order of a map, so it chooses one of several
    /// refusals at random. Here they are checked in the order given.
    pub fn requests(&self) -> impl Iterator<Item = ResourceRequest<'_>> {
        self.user_request()
            .chain(self.group_requests())
            .chain(self.extra_requests())
            .chain(self.uid_request())
    }

    fn user_request(&self) -> impl Iterator<Item = ResourceRequest<'_>> {
        std::iter::once(match self.service_account() {
            Some(account) => ResourceRequest::new(VERB, "", "serviceaccounts")
                .in_namespace(account.namespace())
                .with_name(account.name()),
            None => ResourceRequest::new(VERB, "", "users").with_name(&self.username),
        })
    }

    fn group_requests(&self) -> impl Iterator<Item = ResourceRequest<'_>> {
        self.groups
            .iter()
            .map(|group| ResourceRequest::new(VERB, "", "groups").with_name(group))
    }

    fn extra_requests(&self) -> impl Iterator<Item = ResourceRequest<'_>> {
        self.extra.iter().map(|(key, value)| {
            ResourceRequest::new(VERB, AUTHENTICATION_GROUP, "userextras")
                .with_subresource(key)
                .with_name(value)
        })
    }

    fn uid_request(&self) -> impl Iterator<Item = ResourceRequest<'_>> {
        (!self.uid.is_empty())
            .then(|| ResourceRequest::new(VERB, AUTHENTICATION_GROUP, "uids").with_name(&self.uid))
            .into_iter()
    }

    /// Returns the user whose permissions decide the request, with the groups that the API server adds:
    /// the groups of service accounts, and `system:authenticated` or `system:unauthenticated`.
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
    verb: Cow<'static, str>,
    // Boxed, since the refusal is returned by value.
    request: Box<Request<'i>>,
    reason: String,
}

impl ImpersonationRefusal<'_> {
    /// Returns the response of the API server.
    #[must_use]
    pub fn forbidden(&self) -> Forbidden<'_> {
        Forbidden::new(
            self.caller,
            self.request.with_verb(&self.verb),
            &self.reason,
        )
    }
}

impl Display for ImpersonationRefusal<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.forbidden().fmt(f)
    }
}

impl std::error::Error for ImpersonationRefusal<'_> {}

impl Policy {
    /// Decides whether a caller may act as another user for this request, and returns that user, whose permissions
    /// decide the request itself.
    ///
    /// Until Kubernetes 1.35 the caller needs [`Impersonation::requests`], and the request does not matter. Since
    /// 1.36 the caller may instead have a permission for the user, such as `impersonate:user-info`, and a
    /// permission for the request, such as `impersonate-on:user-info:list` ([KEP-5284]). This assumes the default
    /// of the feature gate `ConstrainedImpersonation`.
    ///
    /// [KEP-5284]: https://kep.k8s.io/5284
    ///
    /// # Errors
    ///
    /// The first request that is not allowed. Since Kubernetes 1.36, the first mode for this kind of user (a
    /// node, a service account, or another user) determines it.
    pub fn impersonate<'i>(
        &self,
        version: KubernetesVersion,
        caller: &'i User,
        request: Request<'i>,
        impersonation: &'i Impersonation,
    ) -> Result<User, ImpersonationRefusal<'i>> {
        let attempt = Attempt {
            policy: self,
            version,
            caller,
            impersonation,
        };
        if version < CONSTRAINED_SINCE {
            attempt.check_each(impersonation.requests())?;
            return Ok(impersonation.user());
        }
        attempt.constrained(request)
    }
}

/// A caller who wants to act as another user.
struct Attempt<'p, 'i> {
    policy: &'p Policy,
    version: KubernetesVersion,
    caller: &'i User,
    impersonation: &'i Impersonation,
}

impl<'i> Attempt<'_, 'i> {
    /// Checks that the caller may make each of these requests with the verb `impersonate`.
    fn check_each(
        &self,
        mut requests: impl Iterator<Item = ResourceRequest<'i>>,
    ) -> Result<(), ImpersonationRefusal<'i>> {
        requests.try_for_each(|request| self.check(Cow::Borrowed(VERB), request.into()))
    }

    /// Checks that the caller may make this request with this verb in place of its own.
    fn check(
        &self,
        verb: Cow<'static, str>,
        request: Request<'i>,
    ) -> Result<(), ImpersonationRefusal<'i>> {
        let response = self
            .policy
            .authorize(self.caller, &request.with_verb(&verb));
        match response.decision() {
            Decision::Allow(_) => Ok(()),
            Decision::NoOpinion => {
                let reason = response.reason_in(self.version);
                Err(self.refusal(verb, request, reason))
            }
        }
    }

    fn refusal(
        &self,
        verb: Cow<'static, str>,
        request: Request<'i>,
        reason: impl Into<String>,
    ) -> ImpersonationRefusal<'i> {
        ImpersonationRefusal {
            caller: &self.caller.name,
            verb,
            request: Box::new(request),
            reason: reason.into(),
        }
    }
}
