//! Axum routes the request that was authorized. So do routers that read a path in other ways.

use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::get;
use eks_auth::k8s_rbac::{Request as Asked, RequestInfo};
use eks_auth::{Authenticated, Identity, IdentityMap};
use eks_auth_tower::AuthorizeLayer;
use percent_encoding::percent_decode_str;

use crate::world::{ARN, authorizer, listen, send};

/// Spellings of paths. Each is sent unchanged.
const PATHS: [&str; 44] = [
    "/healthz",
    "/healthz/",
    "//healthz",
    "/healthz?x=/api/v1/namespaces/dev",
    "/%68ealthz",
    "/healthz%00",
    "/healthz;x",
    "/api/v1/namespaces",
    "/api/v1/namespaces/",
    "/api/v1/namespaces//",
    "/api/v1/namespaces/dev",
    "/api/v1/namespaces/dev/",
    "//api/v1/namespaces/dev",
    "/api//v1/namespaces/dev",
    "/api/v1//namespaces/dev",
    "/./api/v1/namespaces/dev",
    "/x/../api/v1/namespaces/dev",
    "/api/v1/namespaces/%2e%2e/namespaces/dev",
    "/api/v1/namespaces/d%65v",
    "/api/v1/namespaces/DEV",
    "/API/v1/namespaces/dev",
    "/api%2Fv1/namespaces/dev",
    "/api/v1%2Fnamespaces/dev",
    "/api/v1/namespaces%2Fdev",
    "/api/v1/namespaces/dev%2Fpods%2Fweb",
    "/api/v1/namespaces/dev%2fpods%2fweb",
    "/api/v1/namespaces/dev%252Fpods%252Fweb",
    "/api/v1/namespaces/dev%5Cpods%5Cweb",
    "/api/v1/namespaces/dev\\pods\\web",
    "/api/v1/namespaces/dev%2Fpods",
    "/api/v1/namespaces/dev/pods",
    "/api/v1/namespaces/dev/pods/",
    "/api/v1/namespaces/dev/pods/web",
    "/api/v1/namespaces/dev/pods/web/",
    "/api/v1/namespaces/dev/pods/web%20x",
    "/api/v1/namespaces/dev/pods/..",
    "/api/v1/namespaces/dev/pods/%2e%2e",
    "/api/v1/namespaces/dev/pods/../../prod",
    "/api/v1/namespaces/dev/pods;x=y/web",
    "/api/v1/namespaces/dev/pods%3B/web",
    "/api/v1/namespaces/dev%EF%BC%8Fpods",
    "/api/v1/namespaces/dev/%70ods/web",
    "/api/v1/watch/namespaces/dev",
    "/api/v1/proxy/namespaces/dev",
];

/// Writes the request that was authorized, in the form of the handlers of [`api`].
fn describe(asked: &Asked<'_>) -> String {
    let resource = match asked {
        Asked::Path(path) => return format!("{} {}", path.verb(), path.path()),
        Asked::Resource(resource) => resource,
    };
    let mut text = format!("{} {}", resource.verb(), resource.resource());
    if let Some(name) = resource.name() {
        text += &format!("/{name}");
    }
    if let Some(namespace) = resource.namespace() {
        text += &format!(" in {namespace}");
    }
    text
}

/// Notes in a header of the response how the strict reader read the request.
async fn record(request: Request<Body>, next: Next) -> Response {
    let url = request
        .uri()
        .path_and_query()
        .map_or("/", |url| url.as_str());
    let authorized = RequestInfo::parse(request.method().as_str(), url)
        .map(|info| describe(&info.request()))
        .unwrap_or_default();
    let mut response = next.run(request).await;
    let header = authorized.parse().unwrap();
    response.headers_mut().insert("authorized", header);
    response
}

/// A caller who may do everything.
async fn as_master(mut request: Request<Body>, next: Next) -> Response {
    let rules = "mapUsers: |\n  - {userarn: 'arn:aws:iam::111122223333:user/alice', username: alice, \
                 groups: ['system:masters']}\n";
    let (rules, _) = IdentityMap::from_config_map(rules);
    let alice = Identity::new(ARN, "111122223333", "AIDAALICE").unwrap();
    let caller = Authenticated::resolve(alice, &rules).unwrap();
    request.extensions_mut().insert(caller);
    next.run(request).await
}

/// Sends every spelling with every method, and counts the requests that reached a handler.
async fn compare(app: Router) -> usize {
    let app = app
        .layer(AuthorizeLayer::new(authorizer()))
        .layer(from_fn(as_master))
        .layer(from_fn(record));
    let at = listen(app).await;
    let mut routed = 0_usize;
    for path in PATHS {
        for method in ["GET", "DELETE"] {
            let answer = send(at, &format!("{method} {path}"), "", "").await;
            if answer.status == 200 {
                assert_eq!(answer.body, answer.header("authorized"), "{method} {path}");
                routed = routed.saturating_add(1);
            }
        }
    }
    routed
}

/// A part of the Kubernetes API. Each handler answers with the request that it was routed for.
fn api() -> Router {
    Router::new()
        .route(
            "/api/v1/namespaces",
            get(async || "list namespaces".to_owned()),
        )
        .route(
            "/api/v1/namespaces/{ns}",
            get(async |Path(ns): Path<String>| format!("get namespaces/{ns} in {ns}"))
                .delete(async |Path(ns): Path<String>| format!("delete namespaces/{ns} in {ns}")),
        )
        .route(
            "/api/v1/namespaces/{ns}/pods",
            get(async |Path(ns): Path<String>| format!("list pods in {ns}")),
        )
        .route(
            "/api/v1/namespaces/{ns}/pods/{name}",
            get(async |Path((ns, name)): Path<(String, String)>| {
                format!("get pods/{name} in {ns}")
            })
            .delete(async |Path((ns, name)): Path<(String, String)>| {
                format!("delete pods/{name} in {ns}")
            }),
        )
        .route("/healthz", get(async || "get /healthz".to_owned()))
}

#[tokio::test]
async fn axum_routes_what_was_authorized() {
    // The plain spellings of five routes, two of them for both methods; and escapes within a name.
    assert!(compare(api()).await >= 7);
}

/// The ways in which routers on hyper read a path: each returns its segments.
type Reader = fn(&str) -> Vec<String>;

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn split_then_decode(path: &str) -> Vec<String> {
    path.split('/').skip(1).map(decode).collect()
}

fn decode_then_split(path: &str) -> Vec<String> {
    split_then_decode(&decode(path))
}

fn merge_slashes(path: &str) -> Vec<String> {
    let segments = split_then_decode(path).into_iter();
    segments.filter(|segment| !segment.is_empty()).collect()
}

fn resolve_dots(path: &str) -> Vec<String> {
    let mut segments = Vec::new();
    for segment in split_then_decode(path) {
        match segment.as_str() {
            "." => {}
            ".." => {
                segments.pop();
            }
            _ => segments.push(segment),
        }
    }
    segments
}

fn take_backslashes_for_slashes(path: &str) -> Vec<String> {
    decode_then_split(&decode(path).replace('\\', "/"))
}

fn strip_parameters(path: &str) -> Vec<String> {
    split_then_decode(path)
        .iter()
        .map(|segment| segment.split(';').next().unwrap().to_owned())
        .collect()
}

/// Routes as [`api`] does, by the segments of a reader.
fn route(method: &str, segments: &[String]) -> Option<String> {
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let verb = method.to_ascii_lowercase();
    Some(match (method, segments.as_slice()) {
        ("GET", ["healthz"]) => "get /healthz".to_owned(),
        ("GET", ["api", "v1", "namespaces"]) => "list namespaces".to_owned(),
        (_, ["api", "v1", "namespaces", ns]) => format!("{verb} namespaces/{ns} in {ns}"),
        ("GET", ["api", "v1", "namespaces", ns, "pods"]) => format!("list pods in {ns}"),
        (_, ["api", "v1", "namespaces", ns, "pods", name]) => {
            format!("{verb} pods/{name} in {ns}")
        }
        _ => return None,
    })
}

/// A server on hyper with a hand-written router.
fn hyper_router(reader: Reader) -> Router {
    let service = tower::service_fn(move |request: Request<Body>| async move {
        let routed = route(request.method().as_str(), &reader(request.uri().path()));
        let response = match routed {
            Some(text) => Response::new(Body::from(text)),
            None => Response::builder().status(404).body(Body::empty()).unwrap(),
        };
        Ok::<_, Infallible>(response)
    });
    Router::new().fallback_service(service)
}

#[tokio::test]
async fn routers_on_hyper_route_what_was_authorized_however_they_read_a_path() {
    let readers: [(&str, Reader); 6] = [
        ("split, then decode", split_then_decode),
        ("decode, then split", decode_then_split),
        ("merge slashes", merge_slashes),
        ("resolve dot segments", resolve_dots),
        ("take backslashes for slashes", take_backslashes_for_slashes),
        ("strip path parameters", strip_parameters),
    ];
    for (name, reader) in readers {
        let routed = compare(hyper_router(reader)).await;
        assert!(routed >= 7, "{name}: {routed}");
    }
}
