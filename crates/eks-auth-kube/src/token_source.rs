//! A `kube::Client` that authenticates with EKS tokens.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use eks_mint::{MintedToken, TokenSource};
use http::header::AUTHORIZATION;
use http::{HeaderValue, Request, Response, StatusCode};
use kube::client::ClientBuilder;
use kube::{Client, Config};
use tokio::sync::Mutex;
use tower::{BoxError, Layer, Service, ServiceExt as _};

/// Builds a client that sends each request with a good token of the source.
///
/// The client uses the configuration except its credentials: `token`, `tokenFile`, `username`, `password`,
/// `exec` and the auth provider are dropped, because kube would overwrite the token with them.
///
/// # Errors
///
/// [`kube::Error`] if no client can be built from the configuration.
pub fn client(
    config: Config,
    source: impl Into<Arc<TokenSource>>,
) -> Result<Client, Box<kube::Error>> {
    let builder = ClientBuilder::try_from(without_credentials(config)).map_err(Box::new)?;
    Ok(builder.with_layer(&TokenLayer::new(source)).build())
}

/// Drops the credentials of a configuration, so that `kube::client::ClientBuilder` builds a stack of services to
/// add a [`TokenLayer`] to. A client certificate and impersonation stay.
#[must_use]
pub fn without_credentials(mut config: Config) -> Config {
    let auth = &mut config.auth_info;
    (auth.username, auth.password) = (None, None);
    (auth.token, auth.token_file) = (None, None);
    (auth.exec, auth.auth_provider) = (None, None);
    config
}

/// Sets the `Authorization` header of each request to a good token of a [`TokenSource`].
///
/// If the API server answers 401, the source mints another token for later requests. The request itself is not
/// repeated, as in client-go (`plugin/pkg/client/auth/exec`, `RoundTrip`).
#[derive(Clone, Debug)]
pub struct TokenLayer {
    source: Arc<TokenSource>,
}

impl TokenLayer {
    /// Builds a layer. Clones of it, and the clients built with it, share the source.
    pub fn new(source: impl Into<Arc<TokenSource>>) -> Self {
        Self {
            source: source.into(),
        }
    }
}

impl<S> Layer<S> for TokenLayer {
    type Service = TokenService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        TokenService {
            inner: Arc::new(Mutex::new(inner)),
            source: Arc::clone(&self.source),
        }
    }
}

/// The service of a [`TokenLayer`].
#[derive(Debug)]
pub struct TokenService<S> {
    // Shared, because a request waits for its token before it is passed on, and kube's service is not
    // `Clone`. The lock is held while the service gets ready and takes the request, not until it answers.
    inner: Arc<Mutex<S>>,
    source: Arc<TokenSource>,
}

impl<S> Clone for TokenService<S> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            source: Arc::clone(&self.source),
        }
    }
}

impl<S, B, R> Service<Request<B>> for TokenService<S>
where
    S: Service<Request<B>, Response = Response<R>> + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: Send + 'static,
{
    type Response = Response<R>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // The inner service gets ready in `call`, after the token is there.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let Self { inner, source } = self.clone();
        Box::pin(async move {
            let token = source.token().await?;
            request
                .headers_mut()
                .insert(AUTHORIZATION, authorization(&token)?);
            let answer = {
                let mut inner = inner.lock().await;
                let inner = inner.ready().await.map_err(Into::into)?;
                inner.call(request)
            };
            let response = answer.await.map_err(Into::into)?;
            if response.status() == StatusCode::UNAUTHORIZED {
                source.refuse(&token);
            }
            Ok(response)
        })
    }
}

fn authorization(token: &MintedToken) -> Result<HeaderValue, BoxError> {
    // A token is base64url, so this does not fail.
    let mut value = HeaderValue::try_from(format!("Bearer {}", token.expose()))?;
    value.set_sensitive(true);
    Ok(value)
}
