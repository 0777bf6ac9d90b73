//! The layer that authenticates requests by their bearer token.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use eks_auth::KubernetesUser;
use http::header::AUTHORIZATION;
use http::{Request, Response};
use tower::{Layer, Service};

use crate::bearer;
use crate::rejection::Rejection;
use crate::verify::VerifyToken;

/// Passes a request on if its bearer token is good, with the caller as extensions: an
/// [`Authenticated`](eks_auth::Authenticated), and its user as a [`KubernetesUser`].
///
/// - Every other request is answered with a [`Rejection`]: 401 if the token is missing or refused, 429 if STS
///   throttles, 500 if it cannot be checked.
/// - The `Authorization` header is removed, as kube-apiserver does (apiserver,
///   `pkg/endpoints/filters/authentication.go`): the token is a secret, and no handler needs it.
/// - Existing extensions of these types are replaced.
/// - No body is read, so a slow body does not delay this layer.
#[derive(Debug)]
pub struct AuthenticateLayer<V> {
    verifier: Arc<V>,
}

impl<V> AuthenticateLayer<V> {
    /// Builds a layer. Its clones share the verifier; an [`Arc`] of a verifier is a verifier too.
    pub fn new(verifier: V) -> Self {
        Self {
            verifier: Arc::new(verifier),
        }
    }
}

impl<V> Clone for AuthenticateLayer<V> {
    fn clone(&self) -> Self {
        Self {
            verifier: Arc::clone(&self.verifier),
        }
    }
}

impl<S, V> Layer<S> for AuthenticateLayer<V> {
    type Service = AuthenticateService<S, V>;

    fn layer(&self, inner: S) -> Self::Service {
        AuthenticateService {
            inner,
            verifier: Arc::clone(&self.verifier),
        }
    }
}

/// The service of an [`AuthenticateLayer`].
#[derive(Debug)]
pub struct AuthenticateService<S, V> {
    inner: S,
    verifier: Arc<V>,
}

impl<S: Clone, V> Clone for AuthenticateService<S, V> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            verifier: Arc::clone(&self.verifier),
        }
    }
}

impl<S, V, B, R> Service<Request<B>> for AuthenticateService<S, V>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    V: VerifyToken,
    B: Send + 'static,
    R: From<String>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        // The clone may not be ready, but the service that was polled is.
        let next = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, next);
        let verifier = Arc::clone(&self.verifier);
        Box::pin(async move {
            let verified = match bearer::token(request.headers()) {
                Some(token) => verifier.verify(token).await.map_err(Rejection::from),
                None => Err(Rejection::unauthorized()),
            };
            match verified {
                Ok(caller) => {
                    request.headers_mut().remove(AUTHORIZATION);
                    let user = KubernetesUser::from(caller.user());
                    request.extensions_mut().insert(user);
                    request.extensions_mut().insert(caller);
                    inner.call(request).await
                }
                Err(rejection) => Ok(rejection.into_response()),
            }
        })
    }
}
