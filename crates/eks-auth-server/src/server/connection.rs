//! One connection.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use http::{HeaderValue, Request, header};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::activity::Tracked;
use super::registry::Registered;
use super::service::Service;
use crate::limits::Limits;
use crate::record::ServerEvent;
use crate::webhooks::Webhooks;

/// The stage of a connection's listener.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Stage {
    Serving,
    /// Clients are asked to go elsewhere, but are still served.
    LameDuck,
    /// Connections end with their current request.
    Closing,
    /// Connections are dropped.
    Abandoned,
}

/// How often the limits of a connection are checked, as a part of the shortest limit: a connection is
/// closed at most that much too late.
const CHECK_EVERY: f64 = 0.25;

/// How long a connection that was idle for too long may take to close in good order.
const GOODBYE: Duration = Duration::from_secs(1);

pub(super) struct Connection<S> {
    pub(super) service: Arc<S>,
    pub(super) webhooks: Arc<Webhooks>,
    pub(super) limits: Limits,
    pub(super) registered: Registered,
    pub(super) peer: SocketAddr,
    pub(super) stage: watch::Receiver<Stage>,
}

impl<S: Service> Connection<S> {
    pub(super) async fn run(self, stream: TcpStream, tls: Option<Arc<ServerConfig>>) {
        let metrics = Arc::clone(self.webhooks.metrics());
        metrics.connection_opened();
        match tls {
            Some(config) => self.run_tls(stream, config).await,
            None => {
                self.registered.entry.activity.handshake_done();
                self.run_http1(stream).await;
            }
        }
        metrics.connection_closed();
    }

    async fn run_tls(self, stream: TcpStream, config: Arc<ServerConfig>) {
        let handshake = TlsAcceptor::from(config).accept(stream);
        let stream = tokio::select! {
            done = timeout(self.limits.handshake_timeout, handshake) => match done {
                Ok(Ok(stream)) => stream,
                Ok(Err(error)) => return self.handshake_failed(&error),
                Err(_) => return self.cut("handshake-timeout"),
            },
            () = self.registered.entry.evicted.notified() => return self.cut("connections"),
        };
        self.registered.entry.activity.handshake_done();
        let is_h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        match is_h2 {
            true => self.run_http2(stream).await,
            false => self.run_http1(stream).await,
        }
    }

    async fn run_http1(&self, stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) {
        let activity = &self.registered.entry.activity;
        let peer = self.peer.ip();
        // The stage only moves on, so it need not be read for each answer: a read would write to memory that all
        // connections share.
        let is_late = *self.stage.borrow() > Stage::Serving;
        let answer = service_fn(|request: Request<Incoming>| async move {
            let mut answer = self.service.respond(request, activity.begin(), peer).await;
            if is_late || self.stage.has_changed().unwrap_or(true) {
                let close = HeaderValue::from_static("close");
                answer.headers_mut().insert(header::CONNECTION, close);
            }
            Ok::<_, std::convert::Infallible>(answer)
        });
        let io = TokioIo::new(Tracked::new(stream, Arc::clone(activity)));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            // The activity has this limit, which differs between the first head and later ones.
            .header_read_timeout(None)
            .max_buf_size(self.limits.max_head_len)
            // An answer is small: a copy of it costs less than a list of its parts.
            .writev(false)
            .serve_connection(io, answer);
        self.attend(connection, Stage::Closing, |connection| {
            connection.graceful_shutdown();
        })
        .await;
    }

    async fn run_http2(&self, stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) {
        let activity = Arc::clone(&self.registered.entry.activity);
        let (service, peer) = (Arc::clone(&self.service), self.peer);
        let answer = service_fn(move |request: Request<Incoming>| {
            let (service, guard) = (Arc::clone(&service), activity.begin());
            async move {
                let answer = service.respond(request, guard, peer.ip()).await;
                Ok::<_, std::convert::Infallible>(answer)
            }
        });
        // Not tracked: these bytes may be a ping or the acknowledgement of settings, which do not
        // begin a head.
        let io = TokioIo::new(stream);
        let head_len = u32::try_from(self.limits.max_head_len).unwrap_or(u32::MAX);
        let connection = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_concurrent_streams(self.limits.max_streams)
            .max_header_list_size(head_len)
            .serve_connection(io, answer);
        // GOAWAY names the requests that are still answered, so it can be sent at once.
        self.attend(connection, Stage::LameDuck, |connection| {
            connection.graceful_shutdown();
        })
        .await;
    }

    /// Serves a connection until it ends or has to be ended. `finish` lets it end after the requests in
    /// flight, from the stage `finish_at` on.
    async fn attend<C: Future>(
        &self,
        connection: C,
        finish_at: Stage,
        finish: impl Fn(Pin<&mut C>),
    ) {
        let mut connection = pin!(connection);
        // `patience` is polled only when it is woken. The connection is woken several times for each
        // request, and each event that `patience` waits for has a lock.
        let mut patience = FuturesUnordered::new();
        patience.push(Patience::new(self, finish_at).next());
        loop {
            tokio::select! {
                biased;
                _ = connection.as_mut() => return,
                Some((next, again)) = patience.next() => match next {
                    Next::Finish => {
                        finish(connection.as_mut());
                        patience.push(again.next());
                    }
                    Next::Cut(limit) => return self.cut(limit),
                    Next::Abandon => return,
                },
            }
        }
    }

    fn cut(&self, limit: &'static str) {
        self.webhooks.metrics().connection_cut(limit);
        self.webhooks.observe(&ServerEvent::ConnectionCut {
            peer: self.peer,
            limit,
        });
    }

    fn handshake_failed(&self, error: &io::Error) {
        self.webhooks.metrics().connection_cut("handshake-failed");
        self.webhooks.observe(&ServerEvent::HandshakeFailed {
            peer: self.peer,
            error,
        });
    }
}

/// The next step for a connection that has to be ended.
enum Next {
    Abandon,
    Cut(&'static str),
    /// Finish the requests in flight, then end.
    Finish,
}

/// Waits until a connection has to be ended.
struct Patience<'c> {
    registered: &'c Registered,
    limits: Limits,
    stage: watch::Receiver<Stage>,
    /// The stage from which on the connection ends after its requests.
    finish_at: Stage,
    is_finishing: bool,
    /// Set when the connection was idle for too long.
    goodbye: Option<Instant>,
    check_every: Duration,
}

impl<'c> Patience<'c> {
    fn new<S>(connection: &'c Connection<S>, finish_at: Stage) -> Self {
        let limits = connection.limits;
        let shortest = limits.header_timeout.min(limits.idle_timeout);
        Self {
            registered: &connection.registered,
            limits,
            stage: connection.stage.clone(),
            finish_at,
            is_finishing: false,
            goodbye: None,
            check_every: shortest.mul_f64(CHECK_EVERY).max(Duration::from_millis(1)),
        }
    }

    async fn next(mut self) -> (Next, Self) {
        let next = self.wait().await;
        (next, self)
    }

    async fn wait(&mut self) -> Next {
        loop {
            let stage = *self.stage.borrow_and_update();
            if stage == Stage::Abandoned {
                return Next::Abandon;
            }
            // GOAWAY ends HTTP/2 without losing a request; a connection of HTTP/1.1 whose first request may be
            // under way is asked to close with the answer.
            let may_finish =
                self.finish_at == Stage::LameDuck || self.registered.entry.activity.has_served();
            if stage >= self.finish_at && may_finish && !self.is_finishing {
                self.is_finishing = true;
                return Next::Finish;
            }
            let now = Instant::now();
            if self.goodbye.is_some_and(|until| now >= until) {
                return Next::Cut("idle-timeout");
            }
            match self.registered.entry.activity.deadline(&self.limits) {
                Some((until, "idle-timeout")) if now >= until => {
                    if self.goodbye.is_none() {
                        self.goodbye = now.checked_add(GOODBYE);
                        self.is_finishing = true;
                        return Next::Finish;
                    }
                }
                Some((until, limit)) if now >= until => return Next::Cut(limit),
                Some(_) => {}
                None => self.goodbye = None,
            }
            tokio::select! {
                () = sleep(self.check_every) => {}
                () = self.registered.entry.evicted.notified() => return Next::Cut("connections"),
                _ = self.stage.changed() => {}
            }
        }
    }
}
