//! Logins of AWS principals as in Teleport: the service issues a challenge, and the client signs a request to
//! STS with the challenge. A test of this crate runs it.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::extract::{Extension, State};
use axum::{Router, routing::post};
use eks_auth_tower::eks_auth::sts_presign::{Keys, LocalSts};
use eks_auth_tower::eks_auth::{
    AcceptPolicy, Authenticator, BindingHeader, IdentityMap, KubernetesUser, LocalTransport,
    Partition, UnixTime,
};
use eks_auth_tower::{
    Challenges, LoginForm, LoginLayer, Logins, MemoryChallenges, Rejection, Verifier,
};

const RULES: &str =
    "mapUsers: |\n  - {userarn: 'arn:aws:iam::111122223333:user/alice', username: alice}\n";

type Sts = LocalTransport<Keys, fn() -> UnixTime>;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8081").await?;
    Ok(axum::serve(listener, app(Keys::new(), now)?).await?)
}

/// Builds the service. The embedded STS and its keys replace AWS.
pub(crate) fn app(keys: Keys, now: fn() -> UnixTime) -> Result<Router, Box<dyn Error>> {
    let sts: Sts = LocalTransport::new(LocalSts::new(keys), now);
    // Each login replaces this value by its own challenge.
    let binding = BindingHeader::parse("x-teleport-challenge", "challenge")?;
    let policy = AcceptPolicy::bound_by(binding, Partition::Aws);
    let rules = Arc::new(IdentityMap::from_config_map(RULES).0);
    let rules = move || Arc::clone(&rules);
    let verifier = Verifier::new(Authenticator::new(policy), sts, rules, now);
    let challenges = Challenges::new("x-teleport-challenge", MemoryChallenges::new());
    let logins = Arc::new(Logins::with_challenges(
        LoginForm::Teleport,
        verifier,
        challenges,
    ));
    let layer = LoginLayer::new(Arc::clone(&logins));

    Ok(Router::new()
        .route("/login", post(session))
        .layer(layer.with_body_deadline(|| tokio::time::sleep(Duration::from_secs(5))))
        .route("/challenge", post(challenge))
        .with_state(logins))
}

async fn challenge(State(logins): State<Arc<Logins<Sts>>>) -> Result<String, Rejection> {
    Ok(logins.issue_challenge().await?.unwrap_or_default())
}

async fn session(Extension(user): Extension<KubernetesUser>) -> String {
    format!("a session for {}\n", user.username())
}

fn now() -> UnixTime {
    UnixTime::try_from(SystemTime::now()).unwrap_or(UnixTime::LAST)
}
