//! Bearer tokens: the accepted tokens, and the exact responses to all others.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, RwLock};

use axum::extract::{Extension, Path, State};
use axum::http::HeaderMap;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, delete, get};
use axum::{Router, body::Body};
use eks_auth::k8s_rbac::ResourceRequest;
use eks_auth::{
    AcceptPolicy, AuthError, Authenticated, Authenticator, ClusterId, IdentityMap, KubernetesUser,
    Partition, Refused, Transport, TransportError,
};
use eks_auth_tower::{AuthenticateLayer, AuthorizeLayer, Authorizer, Verifier, VerifyToken as _};
use http::Request;
use http_body_util::Full;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tower::{Layer as _, service_fn};

use crate::world::{ARN, AWS_AUTH, Answer, Sts, authorizer, cluster, listen, now, send, token};

const START: &str =
    "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\",";
const PODS: &str = "GET /api/v1/namespaces/dev/pods";

/// Prints the facts that a handler gets about its caller.
async fn who(
    Extension(caller): Extension<Authenticated>,
    Extension(user): Extension<KubernetesUser>,
    headers: HeaderMap,
) -> String {
    let seen = headers.contains_key("authorization");
    let arn = caller.identity().arn();
    format!("{} {:?} {arn} {seen}", user.username(), user.groups())
}

fn layered(app: Router, sts: Sts) -> Router {
    app.layer(AuthorizeLayer::new(authorizer()))
        .layer(AuthenticateLayer::new(cluster(sts)))
}

async fn ask(at: SocketAddr, line: &str, token: &str) -> Answer {
    send(at, line, &format!("authorization: Bearer {token}\r\n"), "").await
}

#[tokio::test]
async fn an_allowed_caller_reaches_the_handler_without_the_token() {
    let app = Router::new().route("/api/v1/namespaces/{ns}/pods", get(who));
    let at = listen(layered(app, Sts::new(None))).await;
    let answer = ask(at, PODS, &token("dev")).await;
    assert_eq!(answer.status, 200);
    let seen = format!("alice [\"devs\", \"system:authenticated\"] {ARN} false");
    assert_eq!(answer.body, seen);
}

#[tokio::test]
async fn the_responses_to_the_rest_are_those_of_kube_apiserver() {
    let unauthorized = "\"message\":\"Unauthorized\",\"reason\":\"Unauthorized\",\"code\":401}\n";
    let throttled = "\"message\":\"Too many requests, please try again later.\",\
                     \"reason\":\"TooManyRequests\",\"code\":429}\n";
    let failed = "\"message\":\"Internal error occurred: the token could not be checked\",\
                  \"reason\":\"InternalError\",\"code\":500}\n";
    let good = token("dev");
    let bearer = |token: &str| format!("authorization: Bearer {token}\r\n");
    for (sts, headers, status, rest) in [
        (None, String::new(), 401, unauthorized),
        (None, bearer("k8s-aws-v1.junk"), 401, unauthorized),
        (None, bearer(&token("prod")), 401, unauthorized),
        (None, format!("{0}{0}", bearer(&good)), 401, unauthorized),
        (Some(400), bearer(&good), 429, throttled),
        (Some(503), bearer(&good), 500, failed),
    ] {
        let app = Router::new().fallback(any(async || "reached"));
        let mut service = Sts::new(None);
        service.answer = sts;
        let at = listen(layered(app, service)).await;
        let answer = send(at, PODS, &headers, "").await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (status, &*format!("{START}{rest}"))
        );
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.header("cache-control"), "no-cache, private");
        assert_eq!(answer.header("retry-after"), "");
    }
    let app = Router::new().fallback(any(async || "reached"));
    let at = listen(layered(app, Sts::new(None))).await;
    let answer = ask(at, "DELETE /api/v1/namespaces/prod/pods/web", &good).await;
    assert_eq!(answer.status, 403);
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    let rest = "\"message\":\"pods \\\"web\\\" is forbidden: User \\\"alice\\\" cannot delete resource \
                \\\"pods\\\" in API group \\\"\\\" in the namespace \\\"prod\\\"\",\"reason\":\"Forbidden\",\
                \"details\":{\"name\":\"web\",\"kind\":\"pods\"},\"code\":403}\n";
    assert_eq!(answer.body, format!("{START}{rest}"));
    let answer = ask(at, "GET /api/v1/namespaces/dev%2Fpods", &good).await;
    assert_eq!(answer.status, 400);
    assert!(
        answer.body.contains("\"reason\":\"BadRequest\""),
        "{answer:?}"
    );
}

#[tokio::test]
async fn a_token_that_cannot_be_good_costs_no_call_to_sts() {
    let sts = Sts::new(None);
    let at = listen(layered(Router::new(), sts.clone())).await;
    for token in ["", "x", "k8s-aws-v1.", "k8s-aws-v1.aHR0cHM6"] {
        assert_eq!(ask(at, PODS, token).await.status, 401);
    }
    assert_eq!(sts.calls(), 0);
}

/// Without a caller, there is no decision.
#[tokio::test]
async fn an_authorize_layer_alone_is_a_fault_of_the_service() {
    let app = Router::new()
        .fallback(any(async || "reached"))
        .layer(AuthorizeLayer::new(authorizer()));
    let answer = ask(listen(app).await, PODS, &token("dev")).await;
    assert_eq!(answer.status, 500);
    assert!(
        answer.body.contains("no user found for request"),
        "{answer:?}"
    );
}

#[tokio::test]
async fn the_reason_of_a_rejection_is_for_layers_around_it() {
    let log = async |request: Request<Body>, next: Next| {
        let mut response = next.run(request).await;
        let code = response
            .extensions()
            .get::<AuthError>()
            .map(AuthError::code);
        let code = code.unwrap_or_default().parse().unwrap();
        response.headers_mut().insert("seen-by-the-log", code);
        response
    };
    let app = layered(Router::new(), Sts::new(None)).layer(from_fn(log));
    let at = listen(app).await;
    let answer = ask(at, PODS, &token("prod")).await;
    assert_eq!(answer.header("seen-by-the-log"), "signature-mismatch");
    assert!(!answer.body.contains("cluster"), "{answer:?}");
}

/// A handler names the resource of its route.
async fn delete_environment(
    State(authorizer): State<Authorizer>,
    Extension(caller): Extension<Authenticated>,
    Path(name): Path<String>,
) -> Response {
    let request = ResourceRequest::new("delete", "", "pods")
        .in_namespace("dev")
        .with_name(&name);
    match authorizer.authorize(&caller, request) {
        Ok(()) if name == "web" => "deleted".into_response(),
        Ok(()) => "none".into_response(),
        Err(rejection) => rejection.into_response::<Body>(),
    }
}

#[tokio::test]
async fn a_handler_can_name_the_resource() {
    let app = Router::new()
        .route("/environments/{name}", delete(delete_environment))
        .with_state(authorizer())
        .layer(AuthenticateLayer::new(cluster(Sts::new(None))));
    let at = listen(app).await;
    let answer = ask(at, "DELETE /environments/web", &token("dev")).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "deleted"));
}

/// The layers around a service of hyper, without axum.
#[tokio::test]
async fn hyper_serves_behind_the_layers() {
    let service = service_fn(async |request: Request<hyper::body::Incoming>| {
        let user = request.extensions().get::<KubernetesUser>().unwrap();
        let body = Full::<bytes::Bytes>::from(user.username().to_owned());
        Ok::<_, Infallible>(http::Response::new(body))
    });
    let service = AuthorizeLayer::new(authorizer()).layer(service);
    let service = AuthenticateLayer::new(Arc::new(cluster(Sts::new(None)))).layer(service);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let service = hyper_util::service::TowerToHyperService::new(service.clone());
            let connection = hyper::server::conn::http1::Builder::new();
            tokio::spawn(connection.serve_connection(TokioIo::new(stream), service));
        }
    });
    let answer = ask(at, PODS, &token("dev")).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "alice"));
    assert_eq!(
        ask(at, "GET /api/v1/namespaces/prod/pods", &token("dev"))
            .await
            .status,
        403
    );
    assert_eq!(ask(at, PODS, "junk").await.status, 401);
}

/// An STS that removes all rules while it answers.
struct Slow {
    sts: Sts,
    rules: Arc<RwLock<Arc<IdentityMap>>>,
}

impl Transport for Slow {
    async fn send(&self, request: Request<()>) -> Result<http::Response<Vec<u8>>, TransportError> {
        *self.rules.write().unwrap() = Arc::default();
        self.sts.send(request).await
    }
}

#[tokio::test]
async fn a_rule_that_is_removed_while_sts_answers_grants_nothing() {
    let (rules, _) = IdentityMap::from_config_map(AWS_AUTH);
    let rules = Arc::new(RwLock::new(Arc::new(rules)));
    let slow = Slow {
        sts: Sts::new(None),
        rules: Arc::clone(&rules),
    };
    let policy = AcceptPolicy::new(ClusterId::parse("dev").unwrap(), Partition::Aws);
    let current = move || Arc::clone(&rules.read().unwrap());
    let verifier = Verifier::new(Authenticator::new(policy), slow, current, now);
    let why = verifier.verify(&token("dev")).await.unwrap_err();
    assert!(
        matches!(why, AuthError::Refused(Refused::NotMapped)),
        "{why:?}"
    );
}
