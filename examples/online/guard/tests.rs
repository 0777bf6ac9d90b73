//! The program's own part: the files of its command line make the layers. How the layers work is tested in
//! `eks-auth-tower`.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::routing::any;
use eks_auth_tower::{AuthenticateLayer, AuthorizeLayer};
use tokio::net::TcpListener;

use super::{Args, api, authorizer, verifier};

const CLUSTER: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../offline/round_trip/cluster/"
);

async fn listen(app: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    at
}

/// Sends one request byte by byte as written. Returns status and body.
fn send(at: SocketAddr, method: &str, path: &str, token: &str) -> (u16, String) {
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
    (status, body.to_owned())
}

#[tokio::test]
async fn the_guard_admits_authorized_requests_and_runs_no_handler_for_another() {
    let directory = |file: &str| format!("{CLUSTER}{file}").into();
    let args = Args {
        cluster_id: "demo".to_owned(),
        local_credentials: directory("credentials"),
        aws_auth: directory("aws-auth.yaml"),
        rbac: vec![directory("rbac.yaml")],
        max_input_size: None,
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
        .layer(AuthorizeLayer::new(authorizer(&args).unwrap()))
        .layer(AuthenticateLayer::new(verifier(&args).unwrap()));
    let at = listen(app).await;
    let token = token();
    let ask = move |method: &'static str, path: &'static str, token: String| {
        tokio::task::spawn_blocking(move || send(at, method, path, &token))
    };
    let pods = "/api/v1/namespaces/dev/pods";
    let (status, body) = ask("GET", pods, token.clone()).await.unwrap();
    assert_eq!((status, body.as_str()), (200, "list pods in dev"));
    let pod = "/api/v1/namespaces/dev/pods/web";
    let (status, body) = ask("DELETE", pod, token.clone()).await.unwrap();
    assert_eq!((status, body.as_str()), (200, "delete pods/web in dev"));
    assert_eq!(handled.load(Ordering::SeqCst), 2);

    // The user may delete pods/web in dev. A router that splits first would delete the namespace.
    let confused = "/api/v1/namespaces/dev%2Fpods%2Fweb";
    let (status, _) = ask("DELETE", confused, token.clone()).await.unwrap();
    assert_eq!(status, 400);
    let namespace = "/api/v1/namespaces/dev";
    let (status, body) = ask("DELETE", namespace, token).await.unwrap();
    assert_eq!(status, 403);
    assert!(body.contains("\"reason\":\"Forbidden\""), "{body}");
    let (status, body) = ask("GET", pods, "no-token".to_owned()).await.unwrap();
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
