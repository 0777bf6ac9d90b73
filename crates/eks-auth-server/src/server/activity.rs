//! The activity of a connection, and the deadline of each phase.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use crate::limits::Limits;

/// What a connection is doing.
#[derive(Debug)]
pub(super) struct Activity {
    state: Mutex<State>,
}

#[derive(Clone, Copy, Debug)]
struct State {
    phase: Phase,
    /// When the phase began.
    since: Instant,
    /// The number of requests whose body is being read. The reader of the body limits their time.
    bodies: usize,
    /// The number of requests that are being answered.
    answering: usize,
    has_served: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Phase {
    Handshake,
    /// Waiting for a request.
    Idle,
    /// A part of a head has arrived.
    Reading,
}

impl Activity {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                phase: Phase::Handshake,
                since: Instant::now(),
                bodies: 0,
                answering: 0,
                has_served: false,
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn handshake_done(&self) {
        let mut state = self.state();
        state.phase = Phase::Idle;
        state.since = Instant::now();
    }

    /// Notes that bytes arrived. On a connection without requests in flight, they begin a head. On a new
    /// connection, time runs since it was opened.
    fn bytes_arrived(&self) {
        let mut state = self.state();
        if state.phase == Phase::Idle && state.has_served && state.is_quiet() {
            state.phase = Phase::Reading;
            state.since = Instant::now();
        }
    }

    /// Notes that a head was read. The guard notes the rest.
    pub(super) fn begin(self: &Arc<Self>) -> RequestGuard {
        let mut state = self.state();
        state.bodies = state.bodies.saturating_add(1);
        state.phase = Phase::Idle;
        drop(state);
        RequestGuard {
            activity: Arc::clone(self),
            is_answering: false,
        }
    }

    /// Returns when the connection is to be closed, and by which limit. `None` while a request is in flight.
    pub(super) fn deadline(&self, limits: &Limits) -> Option<(Instant, &'static str)> {
        let state = self.state();
        if !state.is_quiet() {
            return None;
        }
        let (time, limit) = match state.phase {
            Phase::Handshake => (limits.handshake_timeout, "handshake-timeout"),
            Phase::Idle if state.has_served => (limits.idle_timeout, "idle-timeout"),
            Phase::Idle | Phase::Reading => (limits.header_timeout, "header-timeout"),
        };
        Some((state.since.checked_add(time)?, limit))
    }

    /// Returns whether the connection has made a request. The first request of a connection that was just
    /// opened may still be on its way.
    pub(super) fn has_served(&self) -> bool {
        self.state().has_served
    }

    /// Returns a connection's place in the order in which connections are closed to make room.
    /// Connections that never made a request come first, then those that have waited longest for the
    /// next request. `None` while a request is being answered.
    pub(super) fn eviction_order(&self) -> Option<(bool, Instant)> {
        let state = self.state();
        (state.answering == 0).then_some((state.has_served, state.since))
    }
}

impl State {
    const fn is_quiet(&self) -> bool {
        self.bodies == 0 && self.answering == 0
    }
}

/// A request in flight.
pub(super) struct RequestGuard {
    activity: Arc<Activity>,
    is_answering: bool,
}

impl RequestGuard {
    /// Notes that the body was read.
    pub(super) fn body_read(&mut self) {
        if !self.is_answering {
            self.is_answering = true;
            let mut state = self.activity.state();
            state.bodies = state.bodies.saturating_sub(1);
            state.answering = state.answering.saturating_add(1);
            state.has_served = true;
        }
    }
}

impl Drop for RequestGuard {
    fn drop(&mut self) {
        let mut state = self.activity.state();
        if self.is_answering {
            state.answering = state.answering.saturating_sub(1);
        } else {
            state.bodies = state.bodies.saturating_sub(1);
        }
        state.phase = Phase::Idle;
        state.since = Instant::now();
    }
}

/// A stream that notes when bytes arrive.
pub(super) struct Tracked<S> {
    stream: S,
    activity: Arc<Activity>,
}

impl<S> Tracked<S> {
    pub(super) const fn new(stream: S, activity: Arc<Activity>) -> Self {
        Self { stream, activity }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tracked<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.activity.bytes_arrived();
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tracked<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufWriter};
    use tokio::time::{Instant, advance};

    use super::{Activity, Tracked};
    use crate::limits::Limits;

    /// Returns in how many seconds a connection is to be closed, and by which limit.
    fn deadline(activity: &Activity) -> Option<(u64, &'static str)> {
        let seconds = Duration::from_secs;
        let limits = Limits {
            handshake_timeout: seconds(10),
            header_timeout: seconds(20),
            idle_timeout: seconds(30),
            ..Limits::default()
        };
        let (at, limit) = activity.deadline(&limits)?;
        Some((at.duration_since(Instant::now()).as_secs(), limit))
    }

    #[tokio::test(start_paused = true)]
    async fn each_phase_of_a_connection_has_its_deadline() {
        let activity = Arc::new(Activity::new());
        let second = || advance(Duration::from_secs(1));
        assert_eq!(deadline(&activity), Some((10, "handshake-timeout")));
        second().await;
        activity.handshake_done();
        assert_eq!(deadline(&activity), Some((20, "header-timeout")));
        // On a fresh connection, time runs since it was opened.
        second().await;
        activity.bytes_arrived();
        assert_eq!(deadline(&activity), Some((19, "header-timeout")));
        let mut guard = activity.begin();
        assert_eq!(deadline(&activity), None, "the body is being read");
        guard.body_read();
        assert_eq!(deadline(&activity), None, "it is being answered");
        second().await;
        activity.bytes_arrived();
        drop(guard);
        assert_eq!(deadline(&activity), Some((30, "idle-timeout")));
        second().await;
        activity.bytes_arrived();
        assert_eq!(deadline(&activity), Some((20, "header-timeout")));
        // Another part of the head does not extend the time.
        second().await;
        activity.bytes_arrived();
        assert_eq!(deadline(&activity), Some((19, "header-timeout")));
        let [one, other] = [activity.begin(), activity.begin()];
        drop(one);
        assert_eq!(deadline(&activity), None, "of two requests one is left");
        drop(other);
        assert_eq!(deadline(&activity), Some((30, "idle-timeout")));
    }

    #[tokio::test(start_paused = true)]
    async fn connections_without_a_request_make_room_first() {
        let [fresh, served, answering] = [(); 3].map(|()| Arc::new(Activity::new()));
        served.begin().body_read();
        assert!(served.has_served() && !fresh.has_served());
        advance(Duration::from_secs(1)).await;
        let reading = fresh.begin();
        assert!(fresh.eviction_order() < served.eviction_order());
        let mut guard = answering.begin();
        assert!(answering.eviction_order().is_some());
        guard.body_read();
        guard.body_read();
        assert_eq!(answering.eviction_order(), None);
        drop(guard);
        // Among connections that made a request, the one that has waited longest comes first.
        assert!(served.eviction_order() < answering.eviction_order());
        drop(reading);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_notes_its_bytes_and_not_its_end() {
        let activity = Arc::new(Activity::new());
        activity.begin().body_read();
        let mut stream = Tracked::new(&b""[..], Arc::clone(&activity));
        assert_eq!(stream.read(&mut [0; 8]).await.ok(), Some(0));
        assert_eq!(deadline(&activity), Some((30, "idle-timeout")));
        let mut stream = Tracked::new(&b"GET"[..], Arc::clone(&activity));
        assert_eq!(stream.read(&mut [0; 8]).await.ok(), Some(3));
        assert_eq!(deadline(&activity), Some((20, "header-timeout")));
    }

    /// TLS keeps bytes back, and ends with a message.
    #[tokio::test]
    async fn a_stream_that_keeps_bytes_back_is_flushed_and_shut_down() {
        let mut stream = Tracked::new(BufWriter::new(Vec::new()), Arc::new(Activity::new()));
        stream.write_all(b"one").await.unwrap();
        assert_eq!(stream.stream.get_ref(), b"");
        stream.flush().await.unwrap();
        assert_eq!(stream.stream.get_ref(), b"one");
        stream.write_all(b"two").await.unwrap();
        stream.shutdown().await.unwrap();
        assert_eq!(stream.stream.get_ref(), b"onetwo");
    }
}
