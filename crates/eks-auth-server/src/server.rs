//! Serving connections within limits.

mod activity;
mod connection;
mod listener;
mod registry;
mod service;

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use tokio::net::TcpListener;

use self::listener::Listener;
pub use self::listener::listen;
use self::service::{ProbeService, WebhookService};
use crate::limits::Limits;
use crate::record::ServerEvent;
use crate::tls::ServerTls;
use crate::webhooks::Webhooks;

/// How many connections the listener of probes has at once: a few replicas of Prometheus, and a kubelet.
const MAX_PROBE_CONNECTIONS: usize = 32;

/// Serves the webhooks on one listener, and probes and metrics on another, so that probes are answered while
/// the first is flooded.
///
/// | path | webhooks | probes |
/// |---|---|---|
/// | `POST /authenticate` | `TokenReview` | – |
/// | `POST /authorize` | `SubjectAccessReview`, if enabled | – |
/// | `/healthz`, `/livez` | `ok` | `ok` |
/// | `/readyz` | – | 200 if every source was read once and the server is not stopping, else 503 |
/// | `/metrics` | metrics | metrics |
///
/// The protocol is HTTP/1.1, and over TLS HTTP/2 if the client prefers it.
#[derive(Clone, Debug)]
pub struct Server {
    webhooks: Arc<Webhooks>,
    limits: Limits,
    is_stopping: Arc<AtomicBool>,
}

impl Server {
    /// Builds a server.
    #[must_use]
    pub fn new(webhooks: Arc<Webhooks>, limits: Limits) -> Self {
        Self {
            webhooks,
            limits,
            is_stopping: Arc::default(),
        }
    }

    /// Serves the webhooks until `stop` completes, then finishes the requests in flight. Returns the number of
    /// connections that were still open at the deadline.
    ///
    /// A failure to accept a connection does not end it. After `stop`, the server first reports that it is
    /// not ready and asks clients of HTTP/1.1 to reconnect, for [`Limits::lame_duck`]; then it closes the
    /// listener and gives open requests [`Limits::drain_deadline`].
    ///
    /// # Errors
    ///
    /// The listener's address cannot be read.
    pub async fn serve(
        &self,
        listener: TcpListener,
        tls: Option<ServerTls>,
        stop: impl Future<Output = ()> + Send,
    ) -> io::Result<usize> {
        if let Some(tls) = &tls {
            self.report_validity(tls);
        }
        let service = WebhookService::new(Arc::clone(&self.webhooks), self.limits.body_timeout);
        let stopping = Arc::clone(&self.is_stopping);
        let stop = async move {
            stop.await;
            stopping.store(true, Ordering::Relaxed);
        };
        Listener::new(service, self.limits, Arc::clone(&self.webhooks))
            .run(listener, tls, stop)
            .await
    }

    /// Loads the certificate again if its files have changed, and reports the outcome to the observer and the
    /// metrics. Returns whether the certificate in use is that of the files.
    pub fn reload_certificate(&self, tls: &ServerTls) -> bool {
        let metrics = self.webhooks.metrics();
        match tls.reload() {
            Ok(false) => {}
            Ok(true) => {
                metrics.certificate_reloaded("reloaded");
                self.webhooks.observe(&ServerEvent::CertificateReloaded);
                self.report_validity(tls);
            }
            Err(error) => {
                metrics.certificate_reloaded("kept");
                let why = error.to_string();
                self.webhooks.observe(&ServerEvent::CertificateKept(&why));
                return false;
            }
        }
        true
    }

    /// Reports when a certificate that was loaded ends, and whether it is valid now.
    fn report_validity(&self, tls: &ServerTls) {
        let validity = tls.validity();
        self.webhooks
            .metrics()
            .certificate_loaded(validity.map(|validity| validity.not_after));
        if let Some(validity) = validity.filter(|validity| !validity.includes(SystemTime::now())) {
            self.webhooks
                .observe(&ServerEvent::CertificateNotValid(validity));
        }
    }

    /// Serves probes and metrics over plain HTTP until `stop` completes.
    ///
    /// # Errors
    ///
    /// Those of [`serve`](Self::serve).
    pub async fn serve_probes(
        &self,
        listener: TcpListener,
        stop: impl Future<Output = ()> + Send,
    ) -> io::Result<()> {
        let limits = Limits {
            max_connections: MAX_PROBE_CONNECTIONS,
            ..self.limits
        };
        let service = ProbeService::new(Arc::clone(&self.webhooks), Arc::clone(&self.is_stopping));
        Listener::new(service, limits, Arc::clone(&self.webhooks))
            .run(listener, None, stop)
            .await
            .map(drop)
    }
}
