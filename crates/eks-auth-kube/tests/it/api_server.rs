//! A stub of an API server: lists and watches, a history that can be compacted, and an end.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub(crate) const CONFIG_MAPS: &str = "/api/v1/namespaces/kube-system/configmaps";
pub(crate) const MAPPINGS: &str = "/apis/iamauthenticator.k8s.aws/v1alpha1/iamidentitymappings";
pub(crate) const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";

#[derive(Default)]
struct Cluster {
    /// Objects by the path of their list.
    objects: Vec<(String, Value)>,
    /// Events, each with the version after it. Their index is the version before it, less `compacted`.
    history: Vec<(u64, String, Value)>,
    version: u64,
    compacted: u64,
    /// The resources that may not be read.
    forbidden: Vec<String>,
    /// Counts the interruptions of all connections.
    interruptions: u64,
    lists: usize,
    /// How many of the next requests for a further page of a list are answered with `410 Gone`.
    forgotten_pages: usize,
    /// Whether each page of a list is empty and names a next page.
    has_endless_lists: bool,
    /// The answer about the version, if it differs from an ordinary server's.
    version_answer: Option<Value>,
    /// The path of each watch, and how many seconds it was asked to run.
    watches: Vec<(String, Option<String>)>,
}

#[derive(Clone)]
pub(crate) struct ApiServer {
    cluster: Arc<Mutex<Cluster>>,
    changed: watch::Sender<()>,
    address: SocketAddr,
    server: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl ApiServer {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let server = Self {
            cluster: Arc::default(),
            changed: watch::channel(()).0,
            address: listener.local_addr().unwrap(),
            server: Arc::default(),
        };
        server.serve(listener);
        server
    }

    fn serve(&self, listener: TcpListener) {
        let app = Router::new().fallback(answer).with_state(self.clone());
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        *self.server.lock().unwrap() = Some(task);
    }

    /// Ends every watch and refuses connections.
    pub(crate) fn stop(&self) {
        if let Some(task) = self.server.lock().unwrap().take() {
            task.abort();
        }
        self.cluster().forbidden.push("/".to_owned());
        self.interrupt();
    }

    /// Starts again, with a history that begins now.
    pub(crate) async fn resume(&self) {
        {
            let mut cluster = self.cluster();
            cluster.forbidden.clear();
            cluster.history.clear();
            cluster.version = cluster.version.wrapping_add(1_000);
            cluster.compacted = cluster.version;
        }
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.serve(listener);
    }

    /// Ends every watch.
    pub(crate) fn interrupt(&self) {
        let mut cluster = self.cluster();
        cluster.interruptions = cluster.interruptions.wrapping_add(1);
        drop(cluster);
        let _ = self.changed.send(());
    }

    /// Forgets the history, so that a watch from an earlier version is `410 Gone`, and ends every watch.
    pub(crate) fn compact(&self) {
        let mut cluster = self.cluster();
        cluster.history.clear();
        cluster.version = cluster.version.wrapping_add(1);
        cluster.compacted = cluster.version;
        drop(cluster);
        self.interrupt();
    }

    pub(crate) fn forbid(&self, path: &str) {
        self.cluster().forbidden.push(path.to_owned());
    }

    /// Answers the next requests for a further page of a list with `410 Gone`.
    pub(crate) fn forget_pages(&self, count: usize) {
        self.cluster().forgotten_pages = count;
    }

    /// Answers each request for a list with an empty page and a token for a next page.
    pub(crate) fn never_end_lists(&self) {
        self.cluster().has_endless_lists = true;
    }

    /// Answers the request for the version with this.
    pub(crate) fn set_version(&self, answer: Value) {
        self.cluster().version_answer = Some(answer);
    }

    pub(crate) fn lists(&self) -> usize {
        self.cluster().lists
    }

    /// Returns the path of each watch, and how many seconds it was asked to run.
    pub(crate) fn watches(&self) -> Vec<(String, Option<String>)> {
        self.cluster().watches.clone()
    }

    /// Creates or replaces an object.
    pub(crate) fn put(&self, path: &str, mut object: Value) {
        let mut cluster = self.cluster();
        cluster.version = cluster.version.wrapping_add(1);
        let version = cluster.version;
        object["metadata"]["resourceVersion"] = json!(version.to_string());
        let name = object["metadata"]["name"].clone();
        let before = cluster.objects.len();
        cluster
            .objects
            .retain(|(at, other)| at != path || other["metadata"]["name"] != name);
        let kind = match cluster.objects.len() == before {
            true => "ADDED",
            false => "MODIFIED",
        };
        cluster.objects.push((path.to_owned(), object.clone()));
        let event = json!({"type": kind, "object": object});
        cluster.history.push((version, path.to_owned(), event));
        drop(cluster);
        let _ = self.changed.send(());
    }

    pub(crate) fn delete(&self, path: &str, name: &str) {
        let mut cluster = self.cluster();
        cluster.version = cluster.version.wrapping_add(1);
        let version = cluster.version;
        let is_it =
            |(at, object): &(String, Value)| at == path && object["metadata"]["name"] == name;
        let index = cluster.objects.iter().position(is_it).unwrap();
        let (_, mut object) = cluster.objects.remove(index);
        object["metadata"]["resourceVersion"] = json!(version.to_string());
        let event = json!({"type": "DELETED", "object": object});
        cluster.history.push((version, path.to_owned(), event));
        drop(cluster);
        let _ = self.changed.send(());
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn client(&self) -> kube::Client {
        let uri: Uri = self.url().parse().unwrap();
        kube::Client::try_from(kube::Config::new(uri)).unwrap()
    }

    fn cluster(&self) -> MutexGuard<'_, Cluster> {
        self.cluster.lock().unwrap()
    }

    /// The events after a version. `None` if the history begins later.
    fn events(&self, path: &str, after: u64) -> Option<Vec<(u64, Value)>> {
        let cluster = self.cluster();
        (after >= cluster.compacted).then(|| {
            cluster
                .history
                .iter()
                .filter(|(version, at, _)| *version > after && at == path)
                .map(|(version, _, event)| (*version, event.clone()))
                .collect()
        })
    }
}

async fn answer(State(server): State<ApiServer>, uri: Uri) -> Response {
    let parameter = |name: &str| {
        let mut pairs = uri.query().unwrap_or_default().split('&');
        pairs.find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    };
    let path = uri.path().to_owned();
    if server
        .cluster()
        .forbidden
        .iter()
        .any(|no| path.starts_with(no))
    {
        return failure(StatusCode::FORBIDDEN, "forbidden by the test");
    }
    if let Some(found) = one_object(&server.cluster(), &path) {
        return found;
    }
    if parameter("watch") != Some("true") {
        let mut cluster = server.cluster();
        cluster.lists = cluster.lists.wrapping_add(1);
        let items: Vec<Value> = cluster
            .objects
            .iter()
            .filter(|(at, _)| *at == path)
            .map(|(_, object)| object.clone())
            .collect();
        // The token of a page is the number of objects before it.
        if cluster.has_endless_lists {
            let list = json!({"apiVersion": "v1", "kind": "List", "items": [],
                "metadata": {"resourceVersion": "1", "continue": "0"}});
            return list.to_string().into_response();
        }
        let start: usize = parameter("continue").map_or(0, |text| text.parse().unwrap_or(0));
        if start > 0 && cluster.forgotten_pages > 0 {
            cluster.forgotten_pages = cluster.forgotten_pages.saturating_sub(1);
            return failure(StatusCode::GONE, "the page is gone");
        }
        let limit = parameter("limit").and_then(|text| text.parse().ok());
        let end = limit.map_or(items.len(), |limit: usize| start.saturating_add(limit));
        let page: Vec<&Value> = items.iter().take(end).skip(start).collect();
        let next = if end < items.len() {
            end.to_string()
        } else {
            String::new()
        };
        let list = json!({"apiVersion": "v1", "kind": "List", "items": page,
            "metadata": {"resourceVersion": cluster.version.to_string(), "continue": next}});
        return list.to_string().into_response();
    }
    let seconds = parameter("timeoutSeconds").map(str::to_owned);
    server.cluster().watches.push((path.clone(), seconds));
    let after = parameter("resourceVersion").map_or(0, |text| text.parse().unwrap_or(0));
    let changed = server.changed.subscribe();
    let interruptions = server.cluster().interruptions;
    let start = (server, path, Some(after), changed);
    let lines = stream::unfold(
        start,
        move |(server, path, after, mut changed)| async move {
            let mut last = after?;
            loop {
                if server.cluster().interruptions != interruptions {
                    return None;
                }
                let Some(events) = server.events(&path, last) else {
                    let gone = json!({"type": "ERROR", "object": {"kind": "Status", "apiVersion": "v1",
                    "metadata": {}, "status": "Failure", "message": "too old resource version",
                    "reason": "Expired", "code": 410}});
                    return Some((line(&gone), (server, path, None, changed)));
                };
                if let Some((version, event)) = events.into_iter().next() {
                    last = version;
                    return Some((line(&event), (server, path, Some(last), changed)));
                }
                changed.changed().await.ok()?;
            }
        },
    );
    Body::from_stream(lines).into_response()
}

/// Answers a request that is not for a list: the version, an object, an API group.
fn one_object(cluster: &Cluster, path: &str) -> Option<Response> {
    if path == "/version" {
        let version = json!({"major": "1", "minor": "34+", "gitVersion": "v1.34.1-eks-1"});
        let version = cluster.version_answer.as_ref().unwrap_or(&version);
        return Some(version.to_string().into_response());
    }
    let (list, name) = path.rsplit_once('/')?;
    if list == CONFIG_MAPS {
        let is_it =
            |(at, object): &&(String, Value)| at == list && object["metadata"]["name"] == name;
        return Some(match cluster.objects.iter().find(is_it) {
            Some((_, object)) => object.to_string().into_response(),
            None => failure(StatusCode::NOT_FOUND, "not found"),
        });
    }
    // A group exists if an object of it does.
    if list == "/apis" {
        let prefix = format!("{path}/");
        let exists = cluster
            .objects
            .iter()
            .any(|(at, _)| at.starts_with(&prefix));
        return Some(match exists {
            true => json!({"kind": "APIGroup"}).to_string().into_response(),
            false => failure(StatusCode::NOT_FOUND, "not found"),
        });
    }
    None
}

fn failure(code: StatusCode, message: &str) -> Response {
    let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": "Test", "code": code.as_u16()});
    (code, status.to_string()).into_response()
}

fn line(event: &Value) -> Result<Bytes, Infallible> {
    Ok(format!("{event}\n").into())
}
