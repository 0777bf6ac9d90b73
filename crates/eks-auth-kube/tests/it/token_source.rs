//! A stub of an API server authenticates each request with this workspace's verifier and its embedded STS.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, Result as Provided, future};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use eks_auth::sts_presign::{Key, Keys, LocalSts, SecretAccessKey};
use eks_auth::{
    AcceptPolicy, Authenticator, ClusterId, Identity, LocalTransport, Partition, UnixTime,
};
use eks_auth_kube::eks_mint::{Endpoint, Minter, REFRESH_AHEAD, TokenSource};
use http::Request;
use kube::config::AuthInfo;
use kube::{Client, Config};
use tokio::net::TcpListener;

/// 2026-11-23T09:00:00Z.
const START: u64 = 1_795_424_400;
const ARN: &str = "arn:aws:iam::111122223333:user/alice";

/// A clock for all, a provider of credentials, and an API server.
#[derive(Clone, Debug, Default)]
struct World {
    seconds: Arc<AtomicU64>,
    /// How often the provider was asked.
    minted: Arc<AtomicUsize>,
    provider_fails: Arc<AtomicBool>,
    server_refuses: Arc<AtomicBool>,
    /// The tokens that the server accepted.
    accepted: Arc<Mutex<Vec<String>>>,
}

impl World {
    fn now(&self) -> UnixTime {
        UnixTime::from_secs(START.saturating_add(self.seconds.load(Ordering::SeqCst))).unwrap()
    }

    fn at(&self, seconds: u64) {
        self.seconds.store(seconds, Ordering::SeqCst);
    }

    async fn provide(self) -> Provided {
        self.minted.fetch_add(1, Ordering::SeqCst);
        // Other requests come in meanwhile.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        if self.provider_fails.load(Ordering::SeqCst) {
            return Err(CredentialsError::not_loaded("SECRET"));
        }
        Ok(Credentials::new(
            "AKIDEXAMPLE",
            "secret",
            None,
            None,
            "test",
        ))
    }

    /// Answers as the API server: 401 unless the verifier accepts the token.
    async fn answer(State(world): State<Self>, headers: HeaderMap) -> (StatusCode, String) {
        let status = |code: u16| {
            let status = StatusCode::from_u16(code).unwrap();
            let text = format!("{{\"kind\":\"Status\",\"status\":\"Failure\",\"code\":{code}}}");
            (status, text)
        };
        let alice = Identity::new(ARN, "111122223333", "AIDAALICE").unwrap();
        let key = Key::long_term(SecretAccessKey::new("secret"), alice);
        let keys = Keys::new().with("AKIDEXAMPLE", key);
        let clock = world.clone();
        let sts = LocalTransport::new(LocalSts::new(keys), move || clock.now());
        let policy = AcceptPolicy::new(ClusterId::parse("dev").unwrap(), Partition::Aws);
        let header = headers.get_all("authorization").iter().collect::<Vec<_>>();
        let [header] = header.as_slice() else {
            return status(401);
        };
        let token = header.to_str().unwrap().strip_prefix("Bearer ").unwrap();
        let authenticator = Authenticator::new(policy);
        match authenticator.identify(token, world.now(), &sts).await {
            Ok(identity) if !world.server_refuses.load(Ordering::SeqCst) => {
                world.accepted.lock().unwrap().push(token.to_owned());
                (StatusCode::OK, identity.arn().to_owned())
            }
            _ => status(401),
        }
    }

    async fn serve(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let app = Router::new()
            .fallback(get(Self::answer))
            .with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        at
    }

    async fn client(&self, auth_info: AuthInfo) -> Client {
        let url = format!("http://{}", self.serve().await);
        let mut config = Config::new(url.parse().unwrap());
        config.auth_info = auth_info;
        let endpoint = Endpoint::from_host("sts.us-east-1.amazonaws.com").unwrap();
        let minter = Minter::new(&endpoint, &ClusterId::parse("dev").unwrap());
        let clock = self.clone();
        let source = TokenSource::new(minter, self.clone(), move || clock.now());
        eks_auth_kube::client(config, source).unwrap()
    }

    /// The different tokens that the server accepted.
    fn tokens(&self) -> Vec<String> {
        let mut tokens = self.accepted.lock().unwrap().clone();
        tokens.dedup();
        tokens
    }
}

impl ProvideCredentials for World {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.clone().provide())
    }
}

async fn ask(client: &Client) -> Result<String, kube::Error> {
    let request = Request::get("/api/v1/namespaces").body(Vec::new()).unwrap();
    client.request_text(request).await
}

fn code(error: &kube::Error) -> Option<u16> {
    match error {
        kube::Error::Api(status) => Some(status.code),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_concurrent_requests_share_one_minting() {
    let world = World::default();
    let client = world.client(AuthInfo::default()).await;
    for (seconds, minted) in [(0, 1), (840 - REFRESH_AHEAD - 1, 1), (840, 2)] {
        world.at(seconds);
        let requests: Vec<_> = (0..100)
            .map(|_| {
                let client = client.clone();
                tokio::spawn(async move { ask(&client).await })
            })
            .collect();
        for request in requests {
            assert_eq!(request.await.unwrap().unwrap(), ARN);
        }
        assert_eq!(world.minted.load(Ordering::SeqCst), minted, "at {seconds}");
    }
    assert_eq!(world.accepted.lock().unwrap().len(), 300);
    assert_eq!(world.tokens().len(), 2);
}

#[tokio::test]
async fn a_token_is_refreshed_before_the_server_refuses_it() {
    let world = World::default();
    let client = world.client(AuthInfo::default()).await;
    // The clock goes on for two hours, in steps that are shorter than the life of a token.
    for step in 0..20 {
        world.at(step * 400);
        assert_eq!(ask(&client).await.unwrap(), ARN);
    }
    let minted = world.minted.load(Ordering::SeqCst);
    assert!((9..=10).contains(&minted), "{minted}");
    assert_eq!(world.tokens().len(), minted);
}

#[tokio::test]
async fn a_refused_token_is_replaced_for_the_next_request() {
    let world = World::default();
    let client = world.client(AuthInfo::default()).await;
    ask(&client).await.unwrap();
    world.at(60);
    world.server_refuses.store(true, Ordering::SeqCst);
    assert_eq!(code(&ask(&client).await.unwrap_err()), Some(401));
    assert_eq!(world.minted.load(Ordering::SeqCst), 1);
    world.server_refuses.store(false, Ordering::SeqCst);
    ask(&client).await.unwrap();
    assert_eq!(world.minted.load(Ordering::SeqCst), 2);
    assert_eq!(world.tokens().len(), 2);
}

#[tokio::test]
async fn a_failing_provider_is_an_error_without_its_words_and_no_request() {
    let world = World::default();
    world.provider_fails.store(true, Ordering::SeqCst);
    let client = world.client(AuthInfo::default()).await;
    let error = ask(&client).await.unwrap_err();
    let kube::Error::Service(why) = &error else {
        panic!("{error:?}");
    };
    assert_eq!(why.to_string(), "no AWS credentials: the provider has none");
    assert_eq!(world.tokens(), Vec::<String>::new());
    world.provider_fails.store(false, Ordering::SeqCst);
    assert!(ask(&client).await.is_ok());
}

/// kube would send a token of its configuration instead of our token.
#[tokio::test]
async fn credentials_of_the_configuration_are_dropped() {
    let world = World::default();
    let client = world.client(AuthInfo {
        token: Some("static".to_owned().into()),
        username: Some("alice".to_owned()),
        password: Some("secret".to_owned().into()),
        ..AuthInfo::default()
    });
    assert_eq!(ask(&client.await).await.unwrap(), ARN);
}
