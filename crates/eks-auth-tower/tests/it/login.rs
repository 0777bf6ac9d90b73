//! Logins in POST form: recorded logins of Vault, Consul and Teleport, and challenges that are issued
//! here.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use axum::Router;
use axum::extract::{Extension, State};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use eks_auth::{AcceptPolicy, BindingHeader, KubernetesUser, Partition};
use eks_auth_tower::{
    ChallengeStore as _, Challenges, LoginForm, LoginLayer, Logins, MAX_LOGIN_LEN, MemoryChallenges,
};
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::Full;
use serde_json::{Value, json};
use tower::{Layer as _, ServiceExt as _, service_fn};

#[cfg(feature = "axum")]
use crate::world::keys;
use crate::world::{Answer, SECRET, SESSION_TOKEN, Sts, listen, now, send, verifier};

const CHALLENGE: &str = "ZHVtbXktY2hhbGxlbmdlLTMyLXJhbmRvbS1ieXRlcw";
const FORM: &str = "Action=GetCallerIdentity&Version=2011-06-15";

/// Returns a recorded request.
fn recorded(system: &str) -> Value {
    include_str!("../../testdata/logins.jsonl")
        .lines()
        .filter(|line| !line.starts_with("//"))
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .find(|login| login["system"] == system)
        .unwrap()
}

fn sts_of(login: &Value) -> Sts {
    Sts::new(login["session_token"].as_str())
}

fn headers(login: &Value) -> Vec<(&str, &str)> {
    let headers = login["headers"].as_array().unwrap().iter();
    headers
        .map(|header| (header[0].as_str().unwrap(), header[1].as_str().unwrap()))
        .collect()
}

/// Writes the document of Vault's login.
fn vault(login: &Value) -> Value {
    let text = |key: &str| STANDARD.encode(login[key].as_str().unwrap());
    let headers: serde_json::Map<String, Value> = headers(login)
        .into_iter()
        .map(|(name, value)| (name.to_owned(), json!([value])))
        .collect();
    json!({
        "role": "dev",
        "iam_http_request_method": "POST",
        "iam_request_url": text("url"),
        "iam_request_body": text("body"),
        "iam_request_headers": STANDARD.encode(json!(headers).to_string()),
    })
}

fn consul(login: &Value) -> Value {
    json!({ "AuthMethod": "aws", "BearerToken": vault(login).to_string() })
}

fn teleport(login: &Value) -> Value {
    let url = login["url"].as_str().unwrap();
    let host = url.trim_start_matches("https://").trim_end_matches('/');
    let mut wire = format!("POST / HTTP/1.1\r\nHost: {host}\r\n");
    for (name, value) in headers(login) {
        wire += &format!("{name}: {value}\r\n");
    }
    wire += &format!("\r\n{}", login["body"].as_str().unwrap());
    json!({ "stsIdentityRequest": STANDARD.encode(wire) })
}

fn server_policy(login: &Value) -> AcceptPolicy {
    let text = |at: usize| login["binding"][0][at].as_str().unwrap();
    let binding = BindingHeader::parse(&text(0).to_lowercase(), text(1)).unwrap();
    AcceptPolicy::bound_by(binding, Partition::Aws)
}

async fn session(Extension(user): Extension<KubernetesUser>, body: String) -> String {
    format!("{} {}", user.username(), body.len())
}

async fn serve(logins: Logins<Sts>) -> SocketAddr {
    let logins = Arc::new(logins);
    let challenge = async |State(logins): State<Arc<Logins<Sts>>>| {
        logins.issue_challenge().await.unwrap().unwrap_or_default()
    };
    let app = Router::new()
        .route("/login", post(session))
        .layer(LoginLayer::new(Arc::clone(&logins)))
        .route("/challenge", post(challenge))
        .with_state(logins);
    listen(app).await
}

async fn login(at: SocketAddr, document: &str) -> Answer {
    send(at, "POST /login", "", document).await
}

#[tokio::test]
async fn logins_of_vault_and_consul_are_bound_to_the_server() {
    for (system, form) in [("vault", LoginForm::Vault), ("consul", LoginForm::Consul)] {
        let document = match form {
            LoginForm::Vault => vault,
            _ => consul,
        };
        let recorded = recorded(system);
        let sts = sts_of(&recorded);
        let verifier = verifier(server_policy(&recorded), sts.clone());
        let at = serve(Logins::bound_to_server(form, verifier)).await;
        let good = document(&recorded).to_string();
        let answer = login(at, &good).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.body, format!("alice {}", good.len()));
        // The login is for another server, has a changed header, or has the form of another system.
        let mut other = recorded.clone();
        for header in other["headers"].as_array_mut().unwrap() {
            if header[1].as_str().unwrap().ends_with(".example.com") {
                header[1] = json!("other.example.com");
            }
        }
        assert_eq!(login(at, &document(&other).to_string()).await.status, 401);
        assert_eq!(
            login(at, &teleport(&recorded).to_string()).await.status,
            400
        );
        // There is no challenge here.
        assert_eq!(send(at, "POST /challenge", "", "").await.body, "");
        assert_eq!(sts.calls(), 1);
    }
}

/// Vault also accepts the headers as an object, and a header as a string instead of a list.
#[tokio::test]
async fn the_headers_of_vault_have_three_forms() {
    let recorded = recorded("vault");
    let headers: serde_json::Map<String, Value> = headers(&recorded)
        .into_iter()
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .collect();
    let text = STANDARD.encode(json!(headers).to_string());
    let number = json!({ "Content-Type": 1 });
    for (form, status) in [
        (json!(headers), 200),
        (json!(text), 200),
        (number, 400),
        (json!(1), 400),
    ] {
        let verifier = verifier(server_policy(&recorded), sts_of(&recorded));
        let at = serve(Logins::bound_to_server(LoginForm::Vault, verifier)).await;
        let mut document = vault(&recorded);
        document["iam_request_headers"] = form;
        let answer = login(at, &document.to_string()).await;
        assert_eq!(answer.status, status, "{document}");
    }
}

/// A policy that is bound only by a challenge would have no fixed binding, so it also has a header of the
/// server.
fn challenged(sts: Sts, challenges: Challenges<MemoryChallenges>) -> Logins<Sts> {
    let binding = BindingHeader::parse("x-teleport-challenge", "replaced-per-login").unwrap();
    let verifier = verifier(AcceptPolicy::bound_by(binding, Partition::Aws), sts);
    Logins::with_challenges(LoginForm::Teleport, verifier, challenges)
}

#[tokio::test]
async fn a_recorded_login_of_teleport_is_accepted_once_if_its_challenge_was_issued() {
    let recorded = recorded("teleport");
    let document = teleport(&recorded).to_string();
    let sts = sts_of(&recorded);
    let store = Arc::new(MemoryChallenges::new());
    let binding = BindingHeader::parse("x-teleport-challenge", "replaced-per-login").unwrap();
    let verifier = verifier(AcceptPolicy::bound_by(binding, Partition::Aws), sts.clone());
    let challenges = Challenges::new("X-Teleport-Challenge", Arc::clone(&store));
    let logins = Logins::with_challenges(LoginForm::Teleport, verifier, challenges);
    let verify = async || {
        logins
            .verify(document.as_bytes())
            .await
            .map_err(|r| r.status_code())
    };
    assert_eq!(verify().await.unwrap_err(), 401);
    assert_eq!(sts.calls(), 0);
    store.put(CHALLENGE, now(), 60).await.unwrap();
    assert_eq!(verify().await.unwrap().user().username(), "alice");
    assert_eq!(verify().await.unwrap_err(), 401);
    assert_eq!(sts.calls(), 1);
    // The challenge has ended.
    store.put(CHALLENGE, now().earlier(60), 60).await.unwrap();
    assert_eq!(verify().await.unwrap_err(), 401);
    assert_eq!(sts.calls(), 1);
}

/// Signs a request to STS with a challenge in a header.
fn signed(challenge: &str, secret: &str) -> Value {
    let host = "sts.us-west-2.amazonaws.com";
    let url = format!("https://{host}/");
    let mut headers = vec![
        ("host", host),
        (
            "content-type",
            "application/x-www-form-urlencoded; charset=utf-8",
        ),
        ("x-teleport-challenge", challenge),
    ];
    let keys = Credentials::new("AKIDEXAMPLE", secret, None, None, "test");
    let identity = keys.into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region("us-west-2")
        .name("sts")
        .time(SystemTime::from(now()))
        .settings(SigningSettings::default())
        .build()
        .unwrap();
    let body = SignableBody::Bytes(FORM.as_bytes());
    let request = SignableRequest::new("POST", &url, headers.iter().copied(), body).unwrap();
    let (instructions, _) = sign(request, &params.into()).unwrap().into_parts();
    headers.remove(0);
    headers.extend(instructions.headers());
    json!({ "url": url, "headers": headers, "body": FORM })
}

#[tokio::test]
async fn an_issued_challenge_is_good_for_one_login() {
    let sts = Sts::new(None);
    let challenges = Challenges::new("x-teleport-challenge", MemoryChallenges::new());
    let at = serve(challenged(sts.clone(), challenges)).await;
    let issue = async || send(at, "POST /challenge", "", "").await.body;
    let (one, other) = (issue().await, issue().await);
    assert_eq!((one.len(), other.len()), (43, 43));
    assert_ne!(one, other);
    let document = teleport(&signed(&one, SECRET)).to_string();
    let answer = login(at, &document).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(login(at, &document).await.status, 401);
    assert_eq!(sts.calls(), 1);
    // A wrong signature uses its challenge up: each challenge allows one question to STS.
    let wrong = teleport(&signed(&other, "wrong")).to_string();
    assert_eq!(login(at, &wrong).await.status, 401);
    let late = teleport(&signed(&other, SECRET)).to_string();
    assert_eq!(login(at, &late).await.status, 401);
    assert_eq!(sts.calls(), 2);
    // The challenge was not issued.
    let own = teleport(&signed(&"A".repeat(43), SECRET)).to_string();
    assert_eq!(login(at, &own).await.status, 401);
    assert_eq!(sts.calls(), 2);
}

#[cfg(feature = "axum")]
#[path = "../../examples/login.rs"]
#[expect(dead_code, reason = "its `main` serves on a fixed port")]
mod example;

#[cfg(feature = "axum")]
#[tokio::test]
async fn the_example_issues_a_challenge_and_a_session() {
    let at = listen(example::app(keys(None), now).unwrap()).await;
    let challenge = send(at, "POST /challenge", "", "").await.body;
    let document = teleport(&signed(&challenge, SECRET)).to_string();
    let answer = login(at, &document).await;
    assert_eq!(answer.body, "a session for alice\n", "{answer:?}");
    assert_eq!(login(at, &document).await.status, 401);
}

#[tokio::test]
async fn of_concurrent_logins_with_one_challenge_one_succeeds() {
    let sts = Sts::new(None);
    let challenges = Challenges::new("x-teleport-challenge", MemoryChallenges::new());
    let at = serve(challenged(sts.clone(), challenges)).await;
    let challenge = send(at, "POST /challenge", "", "").await.body;
    let document = teleport(&signed(&challenge, SECRET)).to_string();
    let logins: Vec<_> = (0..20)
        .map(|_| {
            let document = document.clone();
            tokio::spawn(async move { login(at, &document).await.status })
        })
        .collect();
    let mut statuses = Vec::new();
    for one in logins {
        statuses.push(one.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!((statuses[0], statuses[1]), (200, 401));
    assert_eq!(sts.calls(), 1);
}

/// A body that never arrives.
struct Silence;

impl Body for Silence {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}

/// Sends a body to a layer whose deadline has passed already.
async fn late<B>(body: B) -> StatusCode
where
    B: Body<Data = Bytes, Error = Infallible> + Send + 'static,
{
    let challenges = Challenges::new("x-teleport-challenge", MemoryChallenges::new());
    let logins = challenged(Sts::new(None), challenges);
    let layer = LoginLayer::new(logins).with_body_deadline(|| std::future::ready(()));
    let inner = service_fn(async |_| Ok::<_, Infallible>(Response::new(String::new())));
    let answer = layer.layer(inner).oneshot(Request::new(body)).await;
    answer.unwrap().status()
}

#[tokio::test]
async fn a_body_that_does_not_come_in_time_is_408() {
    assert_eq!(late(Silence).await, StatusCode::REQUEST_TIMEOUT);
    // A body that has arrived is read, but is not a login.
    assert_eq!(late(Full::from("{}")).await, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_full_store_of_challenges_is_429_and_a_long_login_413() {
    let challenges = Challenges::new("x-teleport-challenge", MemoryChallenges::with_max(1));
    let logins = challenged(Sts::new(Some(SESSION_TOKEN)), challenges);
    assert!(logins.issue_challenge().await.unwrap().is_some());
    let full = logins.issue_challenge().await.unwrap_err();
    assert_eq!(full.status_code(), 429);
    let at = serve(logins).await;
    let answer = login(at, &"x".repeat(MAX_LOGIN_LEN + 1)).await;
    assert_eq!(answer.status, 413);
    assert!(answer.body.contains("RequestEntityTooLarge"), "{answer:?}");
}

#[tokio::test]
async fn documents_that_cannot_be_read_are_named_without_a_quotation() {
    let sts = Sts::new(None);
    let challenges = Challenges::new("x-teleport-challenge", MemoryChallenges::new());
    let teleport = serve(challenged(sts.clone(), challenges)).await;
    let policy = server_policy(&recorded("vault"));
    let vault_at = serve(Logins::bound_to_server(
        LoginForm::Vault,
        verifier(policy.clone(), sts.clone()),
    ))
    .await;
    let consul = serve(Logins::bound_to_server(
        LoginForm::Consul,
        verifier(policy, sts.clone()),
    ))
    .await;
    let wire = |text: &str| json!({ "stsIdentityRequest": STANDARD.encode(text) }).to_string();
    let mut odd = vault(&recorded("vault"));
    odd["iam_request_headers"] = json!({ "SECRET": [1] });
    for (at, document) in [
        (teleport, String::new()),
        (teleport, "[]".to_owned()),
        (teleport, "{\"stsIdentityRequest\": \"SECRET\"}".to_owned()),
        (teleport, wire("SECRET")),
        (teleport, wire("POST / HTTP/1.1\r\nSECRET: 1\r\n\r\n")),
        (teleport, wire("POST / HTTP/1.0\r\nHost: a\r\n\r\n")),
        (
            teleport,
            wire(&format!(
                "POST / HTTP/1.1\r\n{}\r\n",
                "A: SECRET\r\n".repeat(100)
            )),
        ),
        (vault_at, "{}".to_owned()),
        (vault_at, odd.to_string()),
        (consul, "{\"BearerToken\": {}}".to_owned()),
        (consul, "{\"BearerToken\": \"SECRET\"}".to_owned()),
    ] {
        let answer = login(at, &document).await;
        assert_eq!(answer.status, 400, "{document}: {answer:?}");
        assert!(!answer.body.contains("SECRET"), "{answer:?}");
    }
    assert_eq!(sts.calls(), 0);
}
