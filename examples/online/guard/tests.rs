//! Whatever is routed is what was authorized, by axum and by routers that read a path in other ways.

use std::convert::Infallible;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use axum::routing::any;
use eks_auth::k8s_rbac::{Request as Asked, RequestInfo};
use percent_encoding::percent_decode_str;
use tokio::net::TcpListener;

use super::{Args, admit, api, guard};

const CLUSTER: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../offline/round_trip/cluster/"
);

/// Spellings of paths, each sent as it stands.
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

/// Authorizes everything that the strict reader accepts, and records what it read.
async fn record(request: Request<Body>, next: Next) -> Response {
    let url = request
        .uri()
        .path_and_query()
        .map_or("/", |url| url.as_str());
    let Ok(info) = RequestInfo::parse(request.method().as_str(), url) else {
        return Response::builder().status(400).body(Body::empty()).unwrap();
    };
    let authorized = describe(&info.request());
    let mut response = next.run(request).await;
    let header = authorized.parse().unwrap();
    response.headers_mut().insert("authorized", header);
    response
}

async fn listen(app: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    at
}

/// Sends one request byte by byte as written. Returns status, the header `authorized` and the body.
fn send(at: SocketAddr, method: &str, path: &str, token: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(at).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
         Connection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let authorized = head
        .lines()
        .find_map(|line| line.strip_prefix("authorized: "))
        .unwrap_or_default();
    (status, authorized.to_owned(), body.to_owned())
}

/// Sends every spelling with every method, and counts the requests that reached a handler.
async fn compare(app: Router) -> usize {
    let at = listen(app.layer(from_fn(record))).await;
    tokio::task::spawn_blocking(move || {
        let mut routed = 0_usize;
        for path in PATHS {
            for method in ["GET", "DELETE"] {
                let (status, authorized, body) = send(at, method, path, "");
                if status == 200 {
                    assert_eq!(body, authorized, "{method} {path}");
                    routed = routed.saturating_add(1);
                }
            }
        }
        routed
    })
    .await
    .unwrap()
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

#[tokio::test]
async fn the_guard_admits_authorized_requests_and_runs_no_handler_for_another() {
    let directory = |file: &str| format!("{CLUSTER}{file}").into();
    let args = Args {
        cluster_id: "demo".to_owned(),
        local_credentials: directory("credentials"),
        aws_auth: directory("aws-auth.yaml"),
        rbac: vec![directory("rbac.yaml")],
        listen: ([127, 0, 0, 1], 0).into(),
    };
    let handled = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&handled);
    let app = api()
        .route("/{*rest}", any(async || "another"))
        .layer(from_fn(move |request: Request<Body>, next: Next| {
            count.fetch_add(1, Ordering::SeqCst);
            next.run(request)
        }))
        .layer(from_fn_with_state(Arc::new(guard(&args).unwrap()), admit));
    let at = listen(app).await;
    let token = token();
    let ask = move |method: &'static str, path: &'static str, token: String| {
        tokio::task::spawn_blocking(move || send(at, method, path, &token))
    };
    let pods = "/api/v1/namespaces/dev/pods";
    let (status, _, body) = ask("GET", pods, token.clone()).await.unwrap();
    assert_eq!((status, body.as_str()), (200, "list pods in dev"));
    let pod = "/api/v1/namespaces/dev/pods/web";
    let (status, _, body) = ask("DELETE", pod, token.clone()).await.unwrap();
    assert_eq!((status, body.as_str()), (200, "delete pods/web in dev"));
    assert_eq!(handled.load(Ordering::SeqCst), 2);

    // The user may delete pods/web in dev. A router that splits first would delete the namespace.
    let confused = "/api/v1/namespaces/dev%2Fpods%2Fweb";
    let (status, ..) = ask("DELETE", confused, token.clone()).await.unwrap();
    assert_eq!(status, 400);
    let namespace = "/api/v1/namespaces/dev";
    let (status, _, body) = ask("DELETE", namespace, token).await.unwrap();
    assert_eq!(status, 403);
    assert!(body.contains("\"reason\":\"Forbidden\""), "{body}");
    let (status, _, body) = ask("GET", pods, "no-token".to_owned()).await.unwrap();
    assert_eq!(status, 401);
    assert!(body.contains("\"reason\":\"Unauthorized\""), "{body}");
    assert_eq!(handled.load(Ordering::SeqCst), 2);
}

/// Signs a token with the developer's key.
fn token() -> String {
    use std::time::SystemTime;

    use aws_credential_types::Credentials;
    use sts_presign::{ClusterId, Endpoint, Signer};

    let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYDEVELOPEREXAMPLE";
    let credentials = Credentials::new("AKIADEVELOPEREXAMPLE", secret, None, None, "test");
    let endpoint = Endpoint::from_host("sts.us-west-2.amazonaws.com").unwrap();
    let cluster = ClusterId::parse("demo").unwrap();
    let url = Signer::new(&endpoint, &cluster)
        .sign_at(&credentials, SystemTime::now())
        .unwrap();
    let token = eks_token::Token::encode(url.expose()).unwrap();
    token.expose().to_owned()
}
