//! What a connection is doing, and until when it may.

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

    /// Notes that bytes arrived. On a connection without requests in flight they begin a head; on a fresh
    /// one, time runs since it was opened.
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

    /// Returns whether the connection has made a request. One that was just opened may have its first request
    /// under way.
    pub(super) fn has_served(&self) -> bool {
        self.state().has_served
    }

    /// Returns the order in which connections are closed to make room, the first first: those that never
    /// made a request, then the longest without one. `None` while a request is being answered.
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

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }
}
