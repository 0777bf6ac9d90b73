//! An API server with one ConfigMap. It replaces the network.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use http::{Request, Response};
use http_body_util::StreamBody;
use hyper::body::{Bytes, Frame};
use kube::client::Body;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// The body of an answer, which is sent at once or event by event.
type Answer = StreamBody<BoxStream<'static, Result<Frame<Bytes>, Infallible>>>;

/// The API server. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Server {
    state: Arc<Mutex<State>>,
    is_idle: Arc<Notify>,
}

#[derive(Default)]
struct State {
    data: Option<Value>,
    version: u64,
    /// The version before which there is no history.
    compacted: u64,
    history: Vec<(u64, String)>,
    watch: Option<UnboundedSender<String>>,
    /// Whether the client has read all events and waits for another, or has seen a refusal.
    is_awaited: bool,
    /// How many requests have been refused. `None` if requests are not refused.
    refused: Option<u64>,
}

impl State {
    fn object(&self, data: &Value) -> Value {
        json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "namespace": "kube-system",
                "name": "aws-auth",
                "uid": "1",
                "resourceVersion": self.version.to_string(),
            },
            "data": data,
        })
    }
}

impl Server {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Creates, changes or deletes the ConfigMap.
    pub(super) fn change(&self, data: Option<Value>) {
        let mut state = self.state();
        state.version = state.version.saturating_add(1);
        let before = std::mem::replace(&mut state.data, data);
        let (kind, data) = match (&before, &state.data) {
            (None, None) => return,
            (None, Some(data)) => ("ADDED", data),
            (Some(_), Some(data)) => ("MODIFIED", data),
            (Some(data), None) => ("DELETED", data),
        };
        let event = format!("{}\n", json!({"type": kind, "object": state.object(data)}));
        let version = state.version;
        state.history.push((version, event.clone()));
        if let Some(watch) = &state.watch {
            // An error means that the client is gone.
            let _ = watch.send(event);
            state.is_awaited = false;
        }
    }

    /// Ends the watch.
    pub(super) fn interrupt(&self) {
        let mut state = self.state();
        state.watch = None;
        state.is_awaited = false;
    }

    /// Begins or stops to refuse requests.
    pub(super) fn refuse(&self, is_refused: bool) {
        let mut state = self.state();
        if is_refused == state.refused.is_some() {
            return;
        }
        state.refused = is_refused.then_some(0);
        state.watch = None;
        state.is_awaited = false;
    }

    /// Forgets the history.
    pub(super) fn compact(&self) {
        let mut state = self.state();
        state.version = state.version.saturating_add(1);
        state.compacted = state.version;
        state.history.clear();
    }

    /// Waits until the client has read every event, and waits for another.
    pub(super) async fn idle(&self) {
        loop {
            let changed = self.is_idle.notified();
            if self.state().is_awaited {
                return;
            }
            changed.await;
        }
    }

    pub(super) fn client(&self) -> kube::Client {
        let server = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let response = server.respond(&request);
            async move { Ok::<_, Infallible>(response) }
        });
        kube::Client::new(service, "kube-system")
    }

    fn respond(&self, request: &Request<Body>) -> Response<Answer> {
        if self.is_refusing() {
            return failure(http::StatusCode::FORBIDDEN, "Forbidden");
        }
        let query = request.uri().query().unwrap_or_default();
        let parameter = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find_map(|(key, value)| (key == name).then_some(value))
        };
        if parameter("watch").is_none() {
            return Response::new(at_once(&self.list()));
        }
        let after = parameter("resourceVersion").and_then(|version| version.parse().ok());
        let mut state = self.state();
        let after: u64 = after.unwrap_or_default();
        if after < state.compacted {
            return failure(http::StatusCode::GONE, "Expired");
        }
        let (events, received) = unbounded_channel();
        for (_, event) in state.history.iter().filter(|(version, _)| *version > after) {
            let _ = events.send(event.clone());
        }
        state.watch = Some(events);
        Response::new(self.body(received))
    }

    fn is_refusing(&self) -> bool {
        let mut state = self.state();
        let Some(refused) = state.refused else {
            return false;
        };
        state.refused = Some(refused.saturating_add(1));
        // When the second request comes, the first refusal has had its effect.
        if refused > 0 {
            state.is_awaited = true;
            self.is_idle.notify_waiters();
        }
        true
    }

    fn list(&self) -> Value {
        let state = self.state();
        let items: Vec<Value> = state.data.iter().map(|data| state.object(data)).collect();
        json!({
            "apiVersion": "v1",
            "kind": "ConfigMapList",
            "metadata": {"resourceVersion": state.version.to_string()},
            "items": items,
        })
    }

    fn body(&self, mut events: UnboundedReceiver<String>) -> Answer {
        let server = self.clone();
        let events = stream::poll_fn(move |context| {
            let next = events.poll_recv(context);
            if next.is_pending() {
                server.state().is_awaited = true;
                server.is_idle.notify_waiters();
                return Poll::Pending;
            }
            next.map(|event| event.map(|text| Ok(Frame::data(Bytes::from(text)))))
        });
        StreamBody::new(events.boxed())
    }
}

fn failure(status: http::StatusCode, reason: &str) -> Response<Answer> {
    let mut response = Response::new(at_once(&json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": status.as_u16(),
        "message": reason,
    })));
    *response.status_mut() = status;
    response
}

fn at_once(document: &Value) -> Answer {
    let text = Frame::data(Bytes::from(document.to_string()));
    StreamBody::new(stream::iter([Ok(text)]).boxed())
}
