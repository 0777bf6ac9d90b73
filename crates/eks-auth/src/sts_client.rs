//! STS over HTTPS.

use std::net::SocketAddr;
use std::time::Duration;

use http::{Request, Response};
use reqwest::{Certificate, Client, Proxy, redirect};
use rustls::crypto::CryptoProvider;
use sts_presign::MAX_ANSWER_LEN;
use thiserror::Error as ThisError;

use crate::transport::{PostTransport, Transport, TransportError, TransportErrorKind};

/// How long a connection to STS may take, TLS included: our choice. A connection within a region takes a few
/// milliseconds, and one lost SYN is repeated after a second.
pub const STS_CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// How long one request to STS may take, the connection included: our choice, half of upstream's time
/// (`pkg/token/token.go`, the client of `NewVerifier`), so that a second attempt fits into it.
pub const STS_ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);

/// How many idle connections to one STS host are kept: our choice, as many as `eks-auth-server` makes calls at
/// once. Upstream keeps two, so that 64 concurrent logins make a new TLS connection for almost every request.
pub const STS_IDLE_CONNECTIONS: usize = 128;

/// How long an idle connection to STS is kept: below the 60 seconds after which AWS's load balancers close
/// an idle connection.
pub const STS_IDLE_TIMEOUT: Duration = Duration::from_secs(50);

/// How requests reach STS.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum StsProxy {
    /// Directly. The environment is ignored.
    #[default]
    Direct,
    /// As set by `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` in the environment. A program that chooses
    /// this should log it at the start: the proxy sees which hosts are asked.
    Environment,
    /// Through this proxy, an `http` or `https` URL.
    Url(String),
}

/// The settings of a [`StsClient`].
#[derive(Clone, Debug)]
pub struct StsClientBuilder {
    connect_timeout: Duration,
    attempt_timeout: Duration,
    idle_connections: usize,
    proxy: StsProxy,
    addresses: Vec<(String, SocketAddr)>,
    roots: Vec<Vec<u8>>,
}

impl Default for StsClientBuilder {
    fn default() -> Self {
        Self {
            connect_timeout: STS_CONNECT_TIMEOUT,
            attempt_timeout: STS_ATTEMPT_TIMEOUT,
            idle_connections: STS_IDLE_CONNECTIONS,
            proxy: StsProxy::Direct,
            addresses: Vec::new(),
            roots: Vec::new(),
        }
    }
}

impl StsClientBuilder {
    /// Sets how long a connection may take; by default [`STS_CONNECT_TIMEOUT`].
    #[must_use]
    pub fn connect_timeout(self, connect_timeout: Duration) -> Self {
        Self {
            connect_timeout,
            ..self
        }
    }

    /// Sets how long one request may take; by default [`STS_ATTEMPT_TIMEOUT`].
    #[must_use]
    pub fn attempt_timeout(self, attempt_timeout: Duration) -> Self {
        Self {
            attempt_timeout,
            ..self
        }
    }

    /// Sets how many idle connections to one host are kept; by default [`STS_IDLE_CONNECTIONS`].
    #[must_use]
    pub fn idle_connections(self, idle_connections: usize) -> Self {
        Self {
            idle_connections,
            ..self
        }
    }

    /// Sets how requests reach STS; by default directly.
    #[must_use]
    pub fn proxy(self, proxy: StsProxy) -> Self {
        Self { proxy, ..self }
    }

    /// Connects to this address for a host, instead of asking DNS. Use it for an interface endpoint of a
    /// VPC without private DNS. The certificate is still checked for the host.
    #[must_use]
    pub fn address(mut self, host: &str, address: SocketAddr) -> Self {
        self.addresses.push((host.to_owned(), address));
        self
    }

    /// Trusts a certificate authority, given in PEM, in addition to the authorities of the system.
    #[must_use]
    pub fn root_certificate(mut self, pem: &[u8]) -> Self {
        self.roots.push(pem.to_vec());
        self
    }

    /// Builds the client.
    ///
    /// # Errors
    ///
    /// [`TransportErrorKind::Setup`] if the program installed no cryptography provider for rustls, if the
    /// proxy or a root certificate cannot be read, or if TLS cannot be set up for another reason, for
    /// instance because no certificate is trusted.
    pub fn build(self) -> Result<StsClient, TransportError> {
        // reqwest panics without a provider.
        if CryptoProvider::get_default().is_none() {
            return Err(TransportError::new(TransportErrorKind::Setup).with_source(NoProvider));
        }
        let mut builder = Client::builder()
            .https_only(true)
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .tcp_nodelay(true)
            .connect_timeout(self.connect_timeout)
            .timeout(self.attempt_timeout)
            .pool_max_idle_per_host(self.idle_connections)
            .pool_idle_timeout(STS_IDLE_TIMEOUT);
        builder = match self.proxy {
            StsProxy::Direct => builder.no_proxy(),
            StsProxy::Environment => builder,
            StsProxy::Url(url) => builder.no_proxy().proxy(Proxy::all(url).map_err(setup)?),
        };
        for (host, address) in &self.addresses {
            builder = builder.resolve(host, *address);
        }
        let mut roots = Vec::new();
        for pem in &self.roots {
            roots.extend(Certificate::from_pem_bundle(pem).map_err(setup)?);
        }
        if !roots.is_empty() {
            builder = builder.tls_certs_merge(roots);
        }
        let client = builder.build().map_err(setup)?;
        Ok(StsClient { client })
    }
}

/// Asks STS over HTTPS, by HTTP/1.1 on pooled connections: TLS only, no redirects, no cookies, no
/// decompression, a timeout for the connection, a timeout for the whole exchange, and at most
/// [`MAX_ANSWER_LEN`] bytes of the answer.
///
/// It sends each request once; `eks-auth-server` repeats failures within a deadline. The program installs a
/// cryptography provider for rustls; this crate chooses none.
#[derive(Clone, Debug)]
pub struct StsClient {
    client: Client,
}

impl StsClient {
    /// Starts with the default settings.
    #[must_use]
    pub fn builder() -> StsClientBuilder {
        StsClientBuilder::default()
    }
}

/// The cause of a [`TransportErrorKind::Setup`].
#[derive(Debug, ThisError)]
#[error("no cryptography provider for rustls is installed in this process")]
struct NoProvider;

impl Transport for StsClient {
    async fn send(&self, request: Request<()>) -> Result<Response<Vec<u8>>, TransportError> {
        self.execute(request.map(|()| reqwest::Body::default()))
            .await
    }
}

impl PostTransport for StsClient {
    async fn send_post(
        &self,
        request: Request<&'static str>,
    ) -> Result<Response<Vec<u8>>, TransportError> {
        self.execute(request.map(reqwest::Body::from)).await
    }
}

impl StsClient {
    async fn execute(
        &self,
        request: Request<reqwest::Body>,
    ) -> Result<Response<Vec<u8>>, TransportError> {
        let request = reqwest::Request::try_from(request)
            .map_err(|error| with_cause(TransportErrorKind::Connect, error))?;
        let mut answer = self.client.execute(request).await.map_err(classify)?;
        let mut response = Response::new(Vec::new());
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        while let Some(chunk) = answer.chunk().await.map_err(classify)? {
            let body = response.body_mut();
            if body.len().saturating_add(chunk.len()) > MAX_ANSWER_LEN {
                return Err(TransportErrorKind::TooLong.into());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(response)
    }
}

fn setup(error: reqwest::Error) -> TransportError {
    with_cause(TransportErrorKind::Setup, error)
}

fn classify(error: reqwest::Error) -> TransportError {
    let kind = if error.is_timeout() {
        TransportErrorKind::Timeout
    } else if error.is_connect() || error.is_builder() {
        TransportErrorKind::Connect
    } else {
        TransportErrorKind::Interrupted
    };
    with_cause(kind, error)
}

/// Keeps the cause without its URL, which contains the signature.
fn with_cause(kind: TransportErrorKind, error: reqwest::Error) -> TransportError {
    TransportError::new(kind).with_source(error.without_url())
}
