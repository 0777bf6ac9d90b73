//! How a request reaches STS.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use http::{Request, Response};
use sts_presign::MAX_ANSWER_LEN;

/// Sends one request to STS and returns the answer.
///
/// The trait requires no particular runtime or HTTP client. An implementation
///
/// - sends exactly this request to exactly this host, over TLS with the server's certificate checked;
/// - follows no redirect;
/// - reads at most [`MAX_ANSWER_LEN`] bytes of the answer's body;
/// - enforces a timeout of its own.
///
/// References, [`Box`] and [`Arc`] of a transport are transports. [`DynTransport`] is the form to store
/// behind `dyn`.
pub trait Transport {
    /// Sends the request.
    fn send(
        &self,
        request: Request<()>,
    ) -> impl Future<Output = Result<Response<Vec<u8>>, TransportError>> + Send;
}

impl<T: Transport + ?Sized> Transport for &T {
    fn send(
        &self,
        request: Request<()>,
    ) -> impl Future<Output = Result<Response<Vec<u8>>, TransportError>> + Send {
        (**self).send(request)
    }
}

impl<T: Transport + ?Sized> Transport for Arc<T> {
    fn send(
        &self,
        request: Request<()>,
    ) -> impl Future<Output = Result<Response<Vec<u8>>, TransportError>> + Send {
        (**self).send(request)
    }
}

impl<T: Transport + ?Sized> Transport for Box<T> {
    fn send(
        &self,
        request: Request<()>,
    ) -> impl Future<Output = Result<Response<Vec<u8>>, TransportError>> + Send {
        (**self).send(request)
    }
}

/// Sends one request in POST form to STS ([`AcceptedPost::to_http`]), with the duties of a [`Transport`].
///
/// References, [`Box`] and [`Arc`] of such a transport are such transports.
///
/// [`AcceptedPost::to_http`]: sts_presign::AcceptedPost::to_http
pub trait PostTransport {
    /// Sends the request.
    fn send_post(
        &self,
        request: Request<&'static str>,
    ) -> impl Future<Output = Result<Response<Vec<u8>>, TransportError>> + Send;
}

impl<T: PostTransport + ?Sized> PostTransport for &T {
    fn send_post(
        &self,
        request: Request<&'static str>,
    ) -> impl Future<Output = Result<Response<Vec<u8>>, TransportError>> + Send {
        (**self).send_post(request)
    }
}

impl<T: PostTransport + ?Sized> PostTransport for Box<T> {
    fn send_post(
        &self,
        request: Request<&'static str>,
    ) -> impl Future<Output = Result<Response<Vec<u8>>, TransportError>> + Send {
        (**self).send_post(request)
    }
}

impl<T: PostTransport + ?Sized> PostTransport for Arc<T> {
    fn send_post(
        &self,
        request: Request<&'static str>,
    ) -> impl Future<Output = Result<Response<Vec<u8>>, TransportError>> + Send {
        (**self).send_post(request)
    }
}

/// The future that [`DynTransport::send_boxed`] returns.
pub type BoxedAnswer<'t> =
    Pin<Box<dyn Future<Output = Result<Response<Vec<u8>>, TransportError>> + Send + 't>>;

/// The object-safe form of [`Transport`], implemented for every transport that threads can share.
///
/// `Arc<dyn DynTransport>` and `Box<dyn DynTransport>` are transports themselves.
pub trait DynTransport: Send + Sync {
    /// Sends the request.
    fn send_boxed(&self, request: Request<()>) -> BoxedAnswer<'_>;
}

impl<T: Transport + Send + Sync> DynTransport for T {
    fn send_boxed(&self, request: Request<()>) -> BoxedAnswer<'_> {
        Box::pin(self.send(request))
    }
}

impl Transport for dyn DynTransport + '_ {
    fn send(
        &self,
        request: Request<()>,
    ) -> impl Future<Output = Result<Response<Vec<u8>>, TransportError>> + Send {
        self.send_boxed(request)
    }
}

/// Why STS's answer did not arrive.
///
/// Two errors are equal if their kinds are equal. [`Display`](fmt::Display) prints the kind. The
/// cause is the [`source`](StdError::source) and belongs in the log.
#[derive(Clone, Debug)]
pub struct TransportError {
    kind: TransportErrorKind,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// The kind of failure between this process and STS.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// No connection was made: the name, the route, or TLS.
    Connect,
    /// The connection broke before the whole answer had arrived.
    Interrupted,
    /// Too many requests wait for STS already, so this one was not sent.
    Overloaded,
    /// The client could not be set up.
    Setup,
    /// No answer arrived in time.
    Timeout,
    /// The answer is longer than anything STS writes.
    TooLong,
}

impl TransportErrorKind {
    /// Returns the stable kebab-case name of the fact.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Connect => "sts-unreachable",
            Self::Interrupted => "sts-interrupted",
            Self::Overloaded => "sts-overloaded",
            Self::Setup => "sts-client-setup",
            Self::Timeout => "sts-timeout",
            Self::TooLong => "response-too-long",
        }
    }
}

impl fmt::Display for TransportErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect => f.write_str("no connection to STS"),
            Self::Interrupted => f.write_str("the connection to STS broke"),
            Self::Overloaded => f.write_str("too many requests wait for STS"),
            Self::Setup => f.write_str("the client for STS could not be set up"),
            Self::Timeout => f.write_str("STS did not answer in time"),
            Self::TooLong => write!(f, "STS's answer is longer than {MAX_ANSWER_LEN} bytes"),
        }
    }
}

impl TransportError {
    /// Builds an error of a kind, without a cause.
    #[must_use]
    pub const fn new(kind: TransportErrorKind) -> Self {
        Self { kind, source: None }
    }

    /// Adds the cause.
    ///
    /// It may end up in a log, so it must not contain the request's URL: the signature is part of it.
    #[must_use]
    pub fn with_source(self, source: impl StdError + Send + Sync + 'static) -> Self {
        Self {
            source: Some(Arc::new(source)),
            ..self
        }
    }

    /// Returns the kind.
    #[must_use]
    pub const fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// Returns the stable kebab-case name of the fact.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.kind.code()
    }
}

impl From<TransportErrorKind> for TransportError {
    fn from(kind: TransportErrorKind) -> Self {
        Self::new(kind)
    }
}

impl PartialEq for TransportError {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl Eq for TransportError {}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl StdError for TransportError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let source = self.source.as_deref()?;
        Some(source)
    }
}
