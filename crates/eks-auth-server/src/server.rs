//! Serving connections within limits.

mod activity;
mod connection;
mod listener;
mod registry;
mod service;

use std::convert::Infallible;
use std::future::{Future, pending};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::time::sleep;

use self::listener::Listener;
pub use self::listener::listen;
use self::service::{ProbeService, WebhookService};
use crate::limits::Limits;
use crate::record::ServerEvent;
use crate::tls::{ServerTls, Validity};
use crate::webhooks::Webhooks;

/// How many connections the listener of probes has at once: a few replicas of Prometheus, and a kubelet.
const MAX_PROBE_CONNECTIONS: usize = 32;

/// How often the server looks whether its certificate has expired: our choice. Certificates are issued for hours at least.
const CHECK_VALIDITY_EVERY: Duration = Duration::from_secs(60);

/// Serves the webhooks on one listener, and probes and metrics on another, so that probes are answered while
/// the webhooks are flooded.
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
    /// The last reported validity of a certificate, unless it is valid by now.
    reported: Arc<Mutex<Option<Validity>>>,
}

impl Server {
    /// Builds a server.
    #[must_use]
    pub fn new(webhooks: Arc<Webhooks>, limits: Limits) -> Self {
        Self {
            webhooks,
            limits,
            is_stopping: Arc::default(),
            reported: Arc::default(),
        }
    }

    /// Serves the webhooks until `stop` completes, then finishes the requests in flight. Returns the number of
    /// connections that were still open at the deadline.
    ///
    /// A failure to accept a connection does not end the server. After `stop`, the server first reports
    /// that it is not ready and asks clients of HTTP/1.1 to reconnect, for [`Limits::lame_duck`]; then it
    /// closes the listener and gives open requests [`Limits::drain_deadline`].
    ///
    /// The observer gets a report if a certificate is not valid when it is loaded. If a certificate expires while it is in
    /// use, the report comes within a minute.
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
        let listener = Listener::new(service, self.limits, Arc::clone(&self.webhooks)).run(
            listener,
            tls.clone(),
            stop,
        );
        tokio::select! {
            ended = listener => ended,
            never = self.watch_validity(tls) => match never {},
        }
    }

    /// Loads the certificate again if its files have changed, and reports the outcome to the observer and the
    /// metrics. Returns whether the certificate in use is the one in the files.
    pub async fn reload_certificate(&self, tls: &ServerTls) -> bool {
        let metrics = self.webhooks.metrics();
        match tls.reload().await {
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
        let end = tls.validity().map(|validity| validity.not_after);
        self.webhooks.metrics().certificate_loaded(end);
        *self.reported() = None;
        self.check_validity(tls);
    }

    /// Reports once that a certificate is not valid now.
    fn check_validity(&self, tls: &ServerTls) {
        let now = self.webhooks.now().into();
        let validity = tls.validity().filter(|validity| !validity.includes(now));
        let mut reported = self.reported();
        if *reported == validity {
            return;
        }
        *reported = validity;
        drop(reported);
        if let Some(validity) = validity {
            self.webhooks
                .observe(&ServerEvent::CertificateNotValid(validity));
        }
    }

    fn reported(&self) -> MutexGuard<'_, Option<Validity>> {
        self.reported.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reports the certificate when it expires, for as long as it is served.
    async fn watch_validity(&self, tls: Option<ServerTls>) -> Infallible {
        let Some(tls) = tls else {
            return pending().await;
        };
        loop {
            sleep(CHECK_VALIDITY_EVERY).await;
            self.check_validity(&tls);
        }
    }

    /// Serves probes and metrics over plain HTTP until `stop` completes.
    ///
    /// # Errors
    ///
    /// As [`serve`](Self::serve).
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
