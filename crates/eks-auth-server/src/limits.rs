//! The limits of connections.

use std::time::Duration;

use tokio::sync::Semaphore;

/// How long a TLS handshake may take: our choice, ten times a handshake over a slow link.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the head of a request may take, from its first byte or from the start of the connection: our
/// choice. kube-apiserver sends a head in one packet. On a connection of HTTP/2 it limits the first head only.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the body of a request may take: our choice. A review fits into a few dozen packets.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a connection may wait for its next request: longer than Go's HTTP client keeps a
/// connection (`http.DefaultTransport`, 90 s), so that kube-apiserver closes first and no request
/// meets a closed connection.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(120);

/// How many connections are open at once: half of 1,024, the usual limit of open files, so that calls to STS
/// and files always find one. Beyond it, a new connection closes the connection that has waited longest
/// without a request in flight.
pub const MAX_CONNECTIONS: usize = 512;

/// How many connections wait to be accepted: the default limit of Linux (`net.core.somaxconn`). With the 128 of
/// `TcpListener::bind`, a burst of connections overflows the queue, and the client whose SYN is dropped repeats it
/// after a second.
pub const LISTEN_BACKLOG: u32 = 4_096;

/// How many requests one HTTP/2 connection may have open at once: our choice. Go's client opens a further
/// connection beyond it.
pub const MAX_STREAMS: u32 = 64;

/// The longest head of a request in bytes: our choice. A head of kube-apiserver has some 300.
pub const MAX_HEAD_LEN: usize = 16_384;

/// How long a stopping server goes on accepting while it reports that it is not ready. So load balancers and
/// clients with open connections turn away before a connection is closed.
pub const LAME_DUCK: Duration = Duration::from_secs(1);

/// How long open requests may take to finish after that: slightly longer than STS has to answer.
pub const DRAIN_DEADLINE: Duration = Duration::from_secs(12);

/// The limits of one listener.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "settings, written as a literal over the defaults"
)]
pub struct Limits {
    /// By default [`HANDSHAKE_TIMEOUT`].
    pub handshake_timeout: Duration,
    /// By default [`HEADER_TIMEOUT`].
    pub header_timeout: Duration,
    /// By default [`BODY_TIMEOUT`].
    pub body_timeout: Duration,
    /// By default [`IDLE_TIMEOUT`].
    pub idle_timeout: Duration,
    /// By default [`MAX_CONNECTIONS`].
    pub max_connections: usize,
    /// By default [`MAX_STREAMS`].
    pub max_streams: u32,
    /// By default [`MAX_HEAD_LEN`].
    pub max_head_len: usize,
    /// By default [`LAME_DUCK`].
    pub lame_duck: Duration,
    /// By default [`DRAIN_DEADLINE`].
    pub drain_deadline: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            handshake_timeout: HANDSHAKE_TIMEOUT,
            header_timeout: HEADER_TIMEOUT,
            body_timeout: BODY_TIMEOUT,
            idle_timeout: IDLE_TIMEOUT,
            max_connections: MAX_CONNECTIONS,
            max_streams: MAX_STREAMS,
            max_head_len: MAX_HEAD_LEN,
            lame_duck: LAME_DUCK,
            drain_deadline: DRAIN_DEADLINE,
        }
    }
}

/// Builds a semaphore with permits for a setting. Tokio panics if there are more permits than it can count, so the
/// number is limited; no machine uses that many.
pub(crate) fn permits(setting: usize) -> Semaphore {
    Semaphore::new(setting.min(Semaphore::MAX_PERMITS))
}
