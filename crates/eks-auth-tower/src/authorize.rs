//! Authorizes requests by RBAC, in a layer or in a handler.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use eks_auth::k8s_rbac::{Policy, Request as Asked, RequestInfo};
use eks_auth::{AccessPolicyRules, Authenticated, authorize};
use http::{Request, Response};
use tower::{Layer, Service};

use crate::rejection::Rejection;

/// The permissions of callers: RBAC, and the rules of access policies.
#[derive(Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a cluster grants by these two and nothing else"
)]
pub struct Permissions {
    /// The roles and bindings.
    pub rbac: Policy,
    /// The rules of the access policies that access entries name. The default has no policies.
    pub access_policies: AccessPolicyRules,
}

impl From<Policy> for Permissions {
    fn from(rbac: Policy) -> Self {
        Self {
            rbac,
            access_policies: AccessPolicyRules::default(),
        }
    }
}

/// Decides on requests of authenticated callers.
#[derive(Clone)]
pub struct Authorizer {
    permissions: Arc<dyn Fn() -> Arc<Permissions> + Send + Sync>,
}

impl Authorizer {
    /// Decides by permissions that do not change.
    #[must_use]
    pub fn new(permissions: impl Into<Permissions>) -> Self {
        let permissions = Arc::new(permissions.into());
        Self::following(move || Arc::clone(&permissions))
    }

    /// Decides by the current permissions, which `permissions` returns.
    #[must_use]
    pub fn following(permissions: impl Fn() -> Arc<Permissions> + Send + Sync + 'static) -> Self {
        Self {
            permissions: Arc::new(permissions),
        }
    }

    /// Decides on a request that a handler names, such as `delete` of a resource by the name that the handler
    /// read from its route.
    ///
    /// # Errors
    ///
    /// The 403 to answer with.
    pub fn authorize<'r>(
        &self,
        caller: &Authenticated,
        request: impl Into<Asked<'r>>,
    ) -> Result<(), Rejection> {
        let request = request.into();
        let permissions = (self.permissions)();
        let answer = authorize(
            caller,
            &request,
            &permissions.rbac,
            &permissions.access_policies,
        );
        if answer.is_allowed() {
            return Ok(());
        }
        let username = caller.user().username();
        Err(Rejection::forbidden(username, request, &answer.reason()))
    }

    /// Decides on a request by its method and URL.
    fn authorize_http<B>(&self, request: &Request<B>) -> Result<(), Rejection> {
        let caller = request.extensions().get::<Authenticated>();
        // As upstream: apiserver, pkg/endpoints/filters/authorization.go.
        let caller = caller.ok_or_else(|| Rejection::internal("no user found for request"))?;
        let url = request.uri().path_and_query();
        // `OPTIONS *` and `CONNECT` have no path.
        let url = url.ok_or_else(|| Rejection::bad_request("the request has no path"))?;
        let info = RequestInfo::parse(request.method().as_str(), url.as_str())
            .map_err(|why| Rejection::bad_request(&why.to_string()))?;
        self.authorize(caller, info.request())
    }
}

impl fmt::Debug for Authorizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorizer").finish_non_exhaustive()
    }
}

/// Passes a request on if the caller may make it, by its method and URL as kube-apiserver reads them.
///
/// The strict [`RequestInfo::parse`] reads the URL. A URL that two readers could read differently is answered
/// with 400, so a router behind the layer routes the request that was authorized. A request that is not
/// allowed is answered with 403. A request without a caller is answered with 500: it means that there is no
/// [`AuthenticateLayer`](crate::AuthenticateLayer) around this layer.
///
/// **Put it around the whole router.** A layer inside `axum::Router::nest` sees a URL without its prefix.
#[derive(Clone, Debug)]
pub struct AuthorizeLayer {
    authorizer: Authorizer,
}

impl AuthorizeLayer {
    /// Builds a layer.
    #[must_use]
    pub const fn new(authorizer: Authorizer) -> Self {
        Self { authorizer }
    }
}

impl<S> Layer<S> for AuthorizeLayer {
    type Service = AuthorizeService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        AuthorizeService {
            inner,
            authorizer: self.authorizer.clone(),
        }
    }
}

/// The service of an [`AuthorizeLayer`].
#[derive(Clone, Debug)]
pub struct AuthorizeService<S> {
    inner: S,
    authorizer: Authorizer,
}

impl<S, B, R> Service<Request<B>> for AuthorizeService<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Future: Send + 'static,
    R: From<String> + Send + 'static,
    S::Error: Send + 'static,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        match self.authorizer.authorize_http(&request) {
            Ok(()) => Box::pin(self.inner.call(request)),
            Err(rejection) => Box::pin(std::future::ready(Ok(rejection.into_response()))),
        }
    }
}
