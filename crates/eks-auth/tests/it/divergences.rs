use eks_auth::{AuthError, Review, ReviewError};
use testkit::Divergences;

use crate::support::{Always, NODES, authenticator, config_map, node, now, ready, token};

/// The behavior of upstream was read from its source.
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
    let bare = Review::read(br#"{"spec":{"token":"t"}}"#).map(|_| "accepted");
    let bare = bare.unwrap_or_else(|error| match error {
        ReviewError::Kind => "kind",
        _ => "another error",
    });
    rows.compare("review-kind", &"accepted", &bare);
    let review = |spec: &str| {
        let body = format!(
            r#"{{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","spec":{spec}}}"#
        );
        Review::read(body.as_bytes()).err()
    };
    rows.compare("review-form", &None, &review(r#"{"Token":"t"}"#));
    // Upstream reaches the check of the token, and refuses the token.
    rows.compare("review-without-token", &None, &review("{}"));
    let unavailable = Always(Ok((503, "")));
    let answer =
        ready(authenticator("test-cluster", "aws").identify(&token(), now(), &unavailable));
    let ours = answer.unwrap_err().webhook_status().as_u16();
    rows.compare("sts-unavailable", &403, &ours);
    let ours = node(&config_map(NODES)).unwrap_err();
    rows.compare("private-dns-name", &403, &ours.webhook_status().as_u16());
    rows.finish();
}
