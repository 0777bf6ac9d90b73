//! Accepting connections, and ending them.

use std::future::Future;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, sleep, timeout};

use super::connection::{Connection, Stage};
use super::registry::Registry;
use super::service::Service;
use crate::limits::{LISTEN_BACKLOG, Limits, permits};
use crate::record::ServerEvent;
use crate::tls::ServerTls;
use crate::webhooks::Webhooks;

/// The pause after no connection could be accepted, for instance because there are too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The pause if a connection was closed to make room: its own task closes the file, a moment later. With the longer
/// pause, a thousand idle connections in front of a request would hold it up for a minute.
const EVICTION_PAUSE: Duration = Duration::from_millis(1);

/// How often a failure to accept is reported at most.
const REPORT_EVERY: Duration = Duration::from_secs(5);

/// Listens on an address, with room for [`LISTEN_BACKLOG`] connections that wait to be accepted. Call it within a
/// Tokio runtime.
///
/// # Errors
///
/// The address is in use, or this process may not listen on it.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // A restart would otherwise have to wait for the connections of the process before.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(LISTEN_BACKLOG)
}

/// Serves one listener.
pub(super) struct Listener<S> {
    service: Arc<S>,
    limits: Limits,
    webhooks: Arc<Webhooks>,
    registry: Arc<Registry>,
    permits: Arc<Semaphore>,
    last_report: Option<Instant>,
}

impl<S: Service> Listener<S> {
    pub(super) fn new(service: S, limits: Limits, webhooks: Arc<Webhooks>) -> Self {
        Self {
            service: Arc::new(service),
            limits,
            webhooks,
            registry: Arc::default(),
            permits: Arc::new(permits(limits.max_connections)),
            last_report: None,
        }
    }

    pub(super) async fn run(
        mut self,
        listener: TcpListener,
        tls: Option<ServerTls>,
        stop: impl Future<Output = ()>,
    ) -> io::Result<usize> {
        listener.local_addr()?;
        let (stage, _) = watch::channel(Stage::Serving);
        tokio::select! {
            () = stop => {}
            () = self.accept(&listener, tls.as_ref(), &stage) => {}
        }
        self.webhooks.observe(&ServerEvent::Draining {
            connections: self.registry.len(),
        });
        stage.send_replace(Stage::LameDuck);
        tokio::select! {
            () = sleep(self.limits.lame_duck) => {}
            () = self.accept(&listener, tls.as_ref(), &stage) => {}
        }
        // The kernel resets the connections that it has accepted and the server has not accepted.
        let _ = timeout(Duration::ZERO, self.accept(&listener, tls.as_ref(), &stage)).await;
        drop(listener);
        stage.send_replace(Stage::Closing);
        let all = u32::try_from(self.limits.max_connections).unwrap_or(u32::MAX);
        // Every permit is back once every connection has ended.
        let _ = timeout(self.limits.drain_deadline, self.permits.acquire_many(all)).await;
        let abandoned = self.registry.len();
        stage.send_replace(Stage::Abandoned);
        self.webhooks.observe(&ServerEvent::Drained { abandoned });
        Ok(abandoned)
    }

    /// Accepts connections. It never returns.
    async fn accept(
        &mut self,
        listener: &TcpListener,
        tls: Option<&ServerTls>,
        stage: &watch::Sender<Stage>,
    ) {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => {
                    let permit = self.make_room().await;
                    // The answers are small; waiting to fill a packet delays them.
                    let _ = stream.set_nodelay(true);
                    self.spawn(stream, peer, permit, tls, stage.subscribe());
                }
                Err(error) => {
                    if let Some(pause) = self.failed(&error) {
                        sleep(pause).await;
                    }
                }
            }
        }
    }

    /// Waits for a place among the connections. If there is none, it closes a connection that waits for a
    /// request.
    async fn make_room(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
            return Some(permit);
        }
        self.registry.evict();
        // The semaphore is never closed.
        Arc::clone(&self.permits).acquire_owned().await.ok()
    }

    fn spawn(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        permit: Option<OwnedSemaphorePermit>,
        tls: Option<&ServerTls>,
        stage: watch::Receiver<Stage>,
    ) {
        let connection = Connection {
            service: Arc::clone(&self.service),
            webhooks: Arc::clone(&self.webhooks),
            limits: self.limits,
            registered: self.registry.open(),
            peer,
            stage,
        };
        let tls = tls.map(ServerTls::config);
        tokio::spawn(async move {
            connection.run(stream, tls).await;
            drop(permit);
        });
    }

    /// Handles a failure to accept. Returns the pause before the next attempt. `None` if the failure concerns only the
    /// connection that was to be accepted.
    fn failed(&mut self, error: &io::Error) -> Option<Duration> {
        if is_of_the_connection(error) {
            return None;
        }
        self.report(error);
        Some(match self.registry.evict() {
            true => EVICTION_PAUSE,
            false => ACCEPT_PAUSE,
        })
    }

    fn report(&mut self, error: &io::Error) {
        let is_due = self
            .last_report
            .is_none_or(|last| last.elapsed() >= REPORT_EVERY);
        if is_due {
            self.last_report = Some(Instant::now());
            self.webhooks.observe(&ServerEvent::AcceptFailed(error));
        }
    }
}

/// Returns whether an error concerns only the connection that was to be accepted (accept(2)).
fn is_of_the_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::ConnectionRefused
    )
}

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use aws_auth_map::IdentityMap;
    use eks_auth::{
        AcceptPolicy, Authenticator, ClusterId, Partition, Transport, TransportError,
        TransportErrorKind,
    };
    use http::{Request, Response};
    use tokio::time::advance;

    use super::{
        ACCEPT_PAUSE, EVICTION_PAUSE, Limits, Listener, REPORT_EVERY, ServerEvent, Webhooks,
    };
    use crate::identities::Identities;
    use crate::record::{Observer, ReviewRecord};
    use crate::server::service::ProbeService;
    use crate::snapshot::{SharedSnapshot, Snapshot};

    /// An STS without a route to it.
    struct Unreachable;

    impl Transport for Unreachable {
        async fn send(&self, _: Request<()>) -> Result<Response<Vec<u8>>, TransportError> {
            Err(TransportError::new(TransportErrorKind::Connect))
        }
    }

    /// Counts the failures to accept.
    #[derive(Default)]
    struct Failures(AtomicUsize);

    impl Observer for Failures {
        fn review(&self, _: &ReviewRecord<'_>) {}

        fn event(&self, event: &ServerEvent<'_>) {
            assert!(matches!(event, ServerEvent::AcceptFailed(_)));
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn listener(observer: &Arc<Failures>) -> Listener<ProbeService> {
        let policy = AcceptPolicy::new(ClusterId::parse("demo").unwrap(), Partition::Aws);
        let authenticator = Authenticator::new(policy);
        let identities = Identities::new(authenticator, Arc::new(Unreachable), Arc::default());
        let rules = SharedSnapshot::new(Snapshot::new(IdentityMap::new()));
        let webhooks = Webhooks::new(identities, rules, Arc::default(), observer.clone());
        let webhooks = Arc::new(webhooks);
        let service = ProbeService::new(Arc::clone(&webhooks), Arc::default());
        Listener::new(service, Limits::default(), webhooks)
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_to_accept_makes_room_and_is_reported_at_times() {
        let observer = Arc::new(Failures::default());
        let mut listener = listener(&observer);
        let mut failed = |kind| {
            let pause = listener.failed(&Error::from(kind));
            (pause, observer.0.load(Ordering::SeqCst))
        };
        for kind in [
            ErrorKind::ConnectionAborted,
            ErrorKind::ConnectionReset,
            ErrorKind::ConnectionRefused,
        ] {
            assert_eq!(failed(kind), (None, 0), "{kind}");
        }
        for kind in [ErrorKind::OutOfMemory, ErrorKind::Other] {
            assert_eq!(failed(kind), (Some(ACCEPT_PAUSE), 1), "{kind}");
        }
        advance(REPORT_EVERY).await;
        assert_eq!(failed(ErrorKind::Other), (Some(ACCEPT_PAUSE), 2));
        assert_eq!(failed(ErrorKind::Other), (Some(ACCEPT_PAUSE), 2));
        let _open = listener.registry.open();
        for pause in [EVICTION_PAUSE, ACCEPT_PAUSE] {
            assert_eq!(listener.failed(&Error::from(ErrorKind::Other)), Some(pause));
        }
    }
}
