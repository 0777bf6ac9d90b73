//! Whether the layers are ready, and the `Debug` output of each part.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll, Waker};

use eks_auth::{AcceptPolicy, AuthError, BindingHeader, Partition, Refused};
use eks_auth_tower::{
    AuthenticateLayer, AuthorizeLayer, ChallengeError, ChallengeStore as _, Challenges, LoginForm,
    LoginLayer, Logins, MemoryChallenges, Rejection,
};
use http::{Request, Response};
use tower::{Layer as _, Service};

use crate::world::{Sts, authorizer, cluster, now, verifier};

/// A service that is never ready.
#[derive(Clone)]
struct Busy;

impl<B> Service<Request<B>> for Busy {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = Ready<Result<Response<String>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Pending
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        ready(Ok(Response::default()))
    }
}

fn challenged(challenges: Challenges<MemoryChallenges>) -> Logins<Sts> {
    let binding = BindingHeader::parse("x-teleport-challenge", "replaced-per-login").unwrap();
    let policy = AcceptPolicy::bound_by(binding, Partition::Aws);
    let verifier = verifier(policy, Sts::new(None));
    Logins::with_challenges(LoginForm::Teleport, verifier, challenges)
}

fn challenges() -> Challenges<MemoryChallenges> {
    Challenges::new("X-Challenge", MemoryChallenges::with_max(7))
}

#[test]
fn a_layer_is_ready_when_the_service_behind_it_is() {
    fn is_ready(mut service: impl Service<Request<http_body_util::Full<bytes::Bytes>>>) -> bool {
        let polled = service.poll_ready(&mut Context::from_waker(Waker::noop()));
        polled.is_ready()
    }
    let authenticate = AuthenticateLayer::new(cluster(Sts::new(None)));
    assert!(!is_ready(authenticate.layer(Busy)));
    assert!(!is_ready(AuthorizeLayer::new(authorizer()).layer(Busy)));
    let logins = std::sync::Arc::new(challenged(challenges()));
    assert!(!is_ready(LoginLayer::new(logins).layer(Busy)));
}

#[test]
fn every_part_prints_its_settings() {
    for (printed, part) in [
        (format!("{:?}", authorizer()), "Authorizer"),
        (
            format!("{:?}", cluster(Sts::new(None))),
            "Verifier { authenticator",
        ),
        (format!("{:?}", MemoryChallenges::with_max(7)), "max: 7"),
        (
            format!("{:?}", challenges()),
            "header: \"x-challenge\", life: 60",
        ),
        (
            format!("{:?}", challenges().with_life(5)),
            "header: \"x-challenge\", life: 5",
        ),
        (
            format!(
                "{:?}",
                LoginLayer::new(challenged(challenges())).with_body_deadline(|| ready(()))
            ),
            "deadline: Some(Deadline)",
        ),
    ] {
        assert!(printed.contains(part), "{printed}");
    }
}

#[tokio::test]
async fn a_challenge_lives_as_long_as_is_set() {
    let store = std::sync::Arc::new(MemoryChallenges::new());
    let binding = BindingHeader::parse("x-teleport-challenge", "replaced-per-login").unwrap();
    let policy = AcceptPolicy::bound_by(binding, Partition::Aws);
    let challenges = Challenges::new("x-challenge", std::sync::Arc::clone(&store)).with_life(5);
    let logins = Logins::with_challenges(
        LoginForm::Teleport,
        verifier(policy, Sts::new(None)),
        challenges,
    );
    for (seconds, is_good) in [(4, true), (5, false)] {
        let challenge = logins.issue_challenge().await.unwrap().unwrap();
        let taken = store.take(&challenge, now().later(seconds)).await.unwrap();
        assert_eq!(taken, is_good, "{seconds}");
    }
}

#[test]
fn errors_have_stable_codes() {
    let unavailable = ChallengeError::Unavailable(std::sync::Arc::new(std::io::Error::other("x")));
    for (error, code) in [
        (ChallengeError::Full, "challenges-full"),
        (ChallengeError::Random, "no-random-numbers"),
        (unavailable, "challenge-store-unavailable"),
    ] {
        assert_eq!(error.code(), code);
    }
}

#[test]
fn a_rejection_keeps_its_reason_for_the_log() {
    let error = AuthError::from(Refused::NotMapped);
    let rejection = Rejection::from(error.clone());
    assert_eq!(rejection.error(), Some(&error));
    assert_eq!(Rejection::unauthorized().error(), None);
    let response: Response<String> = rejection.into_response();
    assert_eq!(response.extensions().get::<AuthError>(), Some(&error));
}

#[cfg(feature = "axum")]
#[test]
fn a_rejection_is_a_response_of_axum() {
    let response = axum::response::IntoResponse::into_response(Rejection::too_many_requests());
    assert_eq!(response.status(), 429);
    assert_eq!(response.headers()["content-type"], "application/json");
}
