use eks_auth::{AuthError, Review};
use testkit::Divergences;

use crate::support::{Always, authenticator, now, ready, token};

/// What upstream does was read from its source.
#[test]
fn every_divergence_is_listed_and_real() {
    let rows = Divergences::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/testdata/divergences.toml"
    ));
    let ask =
        br#"{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","spec":{"token":"t"}}"#;
    let answer = Review::read(ask).unwrap().unauthenticated();
    rows.compare(
        "review-version",
        &false,
        &answer.contains("authentication.k8s.io/v1"),
    );
    let refused = authenticator("test-cluster", "aws")
        .begin("no token", now())
        .unwrap_err();
    rows.compare(
        "refusal-status",
        &403,
        &AuthError::from(refused).webhook_status().as_u16(),
    );
    let proxy = Always(Ok((403, "<html>")));
    let answer = ready(authenticator("test-cluster", "aws").identify(&token(), now(), &proxy));
    let ours = match answer {
        Err(AuthError::Refused(_)) => "refused",
        Err(AuthError::Failed(_)) => "failed",
        Ok(_) => "accepted",
    };
    rows.compare("proxy-403", &"refused", &ours);
    rows.finish();
}
