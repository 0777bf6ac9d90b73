//! The webhooks without a server of theirs.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use eks_auth::MAX_REVIEW_LEN;
use eks_auth_server::MAX_ACCESS_REVIEW_LEN;
use http::Method;
use k8s_rbac::KubernetesVersion;

use crate::support::{Counting, Notes, caller, review, token, webhooks};

#[tokio::test]
async fn a_request_is_answered_without_a_socket() {
    let sts = Counting::answering(&[(200, caller("alice"))]);
    let notes = Arc::new(Notes::default());
    let webhooks = webhooks(sts, &notes).with_access_reviews(KubernetesVersion::default());
    let padded = |length: usize| {
        let text = review(&token("AKIDEXAMPLE"));
        format!("{text}{}", " ".repeat(length - text.len()))
    };
    let (post, peer) = (Method::POST, IpAddr::V4(Ipv4Addr::LOCALHOST));
    for (method, path, body, status, part) in [
        (
            &post,
            "/authenticate",
            padded(MAX_REVIEW_LEN),
            200,
            r#""username":"alice""#,
        ),
        (
            &post,
            "/authenticate",
            padded(MAX_REVIEW_LEN + 1),
            413,
            "longer than",
        ),
        (
            &post,
            "/authenticate",
            padded(2 * MAX_REVIEW_LEN),
            413,
            "longer than",
        ),
        (&post, "/authenticate", "{}".to_owned(), 400, "kind"),
        (
            &post,
            "/authorize",
            " ".repeat(MAX_ACCESS_REVIEW_LEN),
            400,
            "SubjectAccessReview",
        ),
        (
            &post,
            "/authorize",
            " ".repeat(MAX_ACCESS_REVIEW_LEN + 1),
            413,
            "longer than",
        ),
        (&Method::GET, "/authenticate", String::new(), 405, "POST"),
        (&post, "/other", String::new(), 404, "not found"),
    ] {
        let answer = webhooks.respond(method, path, body.as_bytes(), peer).await;
        let text = String::from_utf8_lossy(answer.body());
        assert_eq!(answer.status(), status, "{path}: {text}");
        assert!(text.contains(part), "{path}: {text}");
    }
}
