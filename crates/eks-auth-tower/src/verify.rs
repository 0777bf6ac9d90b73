//! From a token to a caller.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use eks_auth::{AuthError, Authenticated, Authenticator, IdentityMap, Transport, UnixTime};

/// Verifies bearer tokens. [`Verifier`] is the plain implementation. A service may write its own, with a
/// cache and limits.
pub trait VerifyToken: Send + Sync + 'static {
    /// Verifies a token and maps its owner to a Kubernetes user.
    fn verify(&self, token: &str) -> impl Future<Output = Result<Authenticated, AuthError>> + Send;
}

impl<V: VerifyToken> VerifyToken for Arc<V> {
    fn verify(&self, token: &str) -> impl Future<Output = Result<Authenticated, AuthError>> + Send {
        (**self).verify(token)
    }
}

/// Asks STS about each token, without a cache.
pub struct Verifier<T> {
    authenticator: Authenticator,
    transport: T,
    pub(crate) rules: Box<dyn Fn() -> Arc<IdentityMap> + Send + Sync>,
    clock: Box<dyn Fn() -> UnixTime + Send + Sync>,
}

impl<T> Verifier<T> {
    /// Builds a verifier. `rules` returns the current mapping rules, `clock` the time.
    pub fn new(
        authenticator: Authenticator,
        transport: T,
        rules: impl Fn() -> Arc<IdentityMap> + Send + Sync + 'static,
        clock: impl Fn() -> UnixTime + Send + Sync + 'static,
    ) -> Self {
        Self {
            authenticator,
            transport,
            rules: Box::new(rules),
            clock: Box::new(clock),
        }
    }

    pub(crate) fn transport(&self) -> &T {
        &self.transport
    }

    pub(crate) fn authenticator(&self) -> &Authenticator {
        &self.authenticator
    }

    pub(crate) fn now(&self) -> UnixTime {
        (self.clock)()
    }
}

impl<T: Transport + Send + Sync + 'static> VerifyToken for Verifier<T> {
    async fn verify(&self, token: &str) -> Result<Authenticated, AuthError> {
        let identity = self
            .authenticator
            .identify(token, self.now(), &self.transport)
            .await?;
        // The rules are taken after STS has answered, because they may have changed meanwhile.
        Authenticated::resolve(identity, &(self.rules)())
    }
}

impl<T> fmt::Debug for Verifier<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("authenticator", &self.authenticator)
            .finish_non_exhaustive()
    }
}
