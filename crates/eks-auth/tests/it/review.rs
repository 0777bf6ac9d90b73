use eks_auth::{
    AuthError, Authenticated, Failed, MAX_REVIEW_LEN, Refused, Review, ReviewError, ReviewVersion,
    TransportErrorKind,
};
use iam_principal::Identity;
use serde_json::{Value, json};

use crate::support::config_map;

fn ask(version: &str, token: &str) -> Vec<u8> {
    // The bytes are exactly the bytes that kube-apiserver writes.
    format!(
        r#"{{"kind":"TokenReview","apiVersion":"{version}","metadata":{{}},"spec":{{"token":"{token}"}},"status":{{"user":{{}}}}}}
"#
    )
    .into_bytes()
}

#[test]
fn the_answer_has_the_version_of_the_review() {
    for (text, version) in [
        ("authentication.k8s.io/v1", ReviewVersion::V1),
        ("authentication.k8s.io/v1beta1", ReviewVersion::V1Beta1),
    ] {
        let review = Review::read(&ask(text, "t")).unwrap();
        assert_eq!(
            (review.version(), review.expose_token()),
            (Some(version), "t")
        );
        let answer: Value = serde_json::from_str(&review.unauthenticated()).unwrap();
        let want = json!({
            "apiVersion": text,
            "kind": "TokenReview",
            "status": { "authenticated": false },
        });
        assert_eq!(answer, want);
    }
}

#[test]
fn the_answer_names_the_user_as_upstream_does() {
    let arn = "arn:aws:sts::111122223333:assumed-role/dev/s";
    let identity = Identity::new(arn, "111122223333", "AROAEXAMPLE:s").unwrap();
    let identity = identity.with_access_key_id("ASIAEXAMPLE");
    let rules = "mapRoles: |\n  - rolearn: arn:aws:iam::111122223333:role/dev\n    username: dev\n    groups: [devs]\n";
    let known = Authenticated::resolve(identity, &config_map(rules)).unwrap();
    let review = Review::read(&ask("authentication.k8s.io/v1", "t")).unwrap();
    let answer: Value = serde_json::from_str(&review.authenticated(known.user())).unwrap();
    let want = json!({
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenReview",
        "status": {
            "authenticated": true,
            "user": {
                "username": "dev",
                "uid": "aws-iam-authenticator:111122223333:AROAEXAMPLE",
                "groups": ["devs"],
                "extra": {
                    "accessKeyId": ["ASIAEXAMPLE"],
                    "arn": [arn],
                    "canonicalArn": ["arn:aws:iam::111122223333:role/dev"],
                    "principalId": ["AROAEXAMPLE"],
                    "sessionName": ["s"],
                    "sigs.k8s.io/aws-iam-authenticator/principalId": ["AROAEXAMPLE"],
                },
            },
        },
    });
    assert_eq!(answer, want);
}

#[test]
fn the_answer_is_what_a_serializer_writes() {
    for (name, groups) in [
        ("dev", "[]"),
        ("dev", "[devs, admins]"),
        (r#"a"b\c"#, r#"['"', '\\']"#),
    ] {
        let arn = "arn:aws:sts::111122223333:assumed-role/dev/s";
        let identity = Identity::new(arn, "111122223333", "AROAEXAMPLE:s").unwrap();
        let rules = format!(
            "mapRoles: |\n  - rolearn: arn:aws:iam::111122223333:role/dev\n    username: {name}\n    groups: {groups}\n"
        );
        let known = Authenticated::resolve(identity, &config_map(&rules)).unwrap();
        let review = Review::read(&ask("authentication.k8s.io/v1beta1", "t")).unwrap();
        let user = serde_json::to_string(known.user()).unwrap();
        let status = format!(r#"{{"authenticated":true,"user":{user},"audiences":["a","\n"]}}"#);
        assert_eq!(
            review.authenticated_for(known.user(), &["a", "\n"]),
            format!(
                r#"{{"apiVersion":"authentication.k8s.io/v1beta1","kind":"TokenReview","status":{status}}}"#
            )
        );
    }
}

#[test]
fn audiences_are_read_and_answered() {
    let ask = br#"{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1",
        "spec":{"token":"t","audiences":["a","b"]}}"#;
    let review = Review::read(ask).unwrap();
    assert_eq!(review.audiences(), ["a", "b"]);
    let arn = "arn:aws:iam::111122223333:user/alice";
    let identity = Identity::new(arn, "111122223333", "AIDAEXAMPLE").unwrap();
    let rules =
        "mapUsers: |\n  - userarn: arn:aws:iam::111122223333:user/alice\n    username: alice\n";
    let known = Authenticated::resolve(identity, &config_map(rules)).unwrap();
    let answer = review.authenticated_for(known.user(), &["b"]);
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["status"]["audiences"], json!(["b"]));
    let answer: Value = serde_json::from_str(&review.authenticated(known.user())).unwrap();
    assert_eq!(answer["status"].get("audiences"), None);
}

#[test]
fn a_review_without_kind_is_answered_without_kind() {
    let untyped = br#"{"spec":{"token":"t","audiences":null}}"#;
    assert_eq!(Review::read(untyped).err(), Some(ReviewError::Kind));
    let review = Review::read_untyped(untyped).unwrap();
    assert_eq!(review.version(), None);
    let answer: Value = serde_json::from_str(&review.unauthenticated()).unwrap();
    assert_eq!(answer, json!({ "status": { "authenticated": false } }));
    let typed = Review::read_untyped(&ask("authentication.k8s.io/v1", "t")).unwrap();
    assert_eq!(typed.version(), Some(ReviewVersion::V1));
    for half in [
        &br#"{"kind":"TokenReview","spec":{"token":"t"}}"#[..],
        br#"{"apiVersion":"authentication.k8s.io/v1","spec":{"token":"t"}}"#,
    ] {
        assert!(Review::read_untyped(half).is_err());
    }
}

#[test]
fn malformed_reviews_are_refused() {
    let v1 = "authentication.k8s.io/v1";
    let text = String::from_utf8(ask(v1, "t")).unwrap();
    let read = |from: &str, to: &str| Review::read(text.replacen(from, to, 1).as_bytes()).err();
    assert_eq!(Review::read(b"").err(), Some(ReviewError::Malformed));
    assert_eq!(Review::read(b"7").err(), Some(ReviewError::Malformed));
    assert_eq!(read("\"t\"", "7"), Some(ReviewError::Malformed));
    assert_eq!(
        read("TokenReview", "SubjectAccessReview"),
        Some(ReviewError::Kind)
    );
    assert_eq!(
        read(v1, "authentication.k8s.io/v2"),
        Some(ReviewError::ApiVersion)
    );
    assert_eq!(read("\"t\"", "\"\""), Some(ReviewError::NoToken));
    assert_eq!(read("\"token\":\"t\"", ""), Some(ReviewError::NoToken));
    // serde also reads a struct from an array, field by field.
    for array in [
        r#"["authentication.k8s.io/v1","TokenReview",{"token":"t"}]"#,
        r#"{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","spec":["t"]}"#,
    ] {
        let read = Review::read(array.as_bytes()).err();
        assert_eq!(read, Some(ReviewError::Malformed), "{array}");
    }
    let long = vec![b' '; MAX_REVIEW_LEN + 1];
    assert_eq!(Review::read(&long).err(), Some(ReviewError::TooLong));
    let mut longest = ask(v1, "t");
    longest.resize(MAX_REVIEW_LEN, b' ');
    assert!(Review::read(&longest).is_ok());
}

#[test]
fn the_token_is_not_printed() {
    let review = Review::read(&ask("authentication.k8s.io/v1", "SECRET")).unwrap();
    let printed = format!("{review:?}");
    assert!(
        printed.contains("V1") && !printed.contains("SECRET"),
        "{printed}"
    );
}

#[test]
fn the_webhook_answers_a_refusal_with_200_and_a_failure_so_that_it_is_asked_again() {
    for (error, status) in [
        (AuthError::from(Refused::NotMapped), 200),
        (
            sts_presign::AnswerError::from(sts_presign::AnswerFailure::Throttled).into(),
            429,
        ),
        (
            Failed::Transport(TransportErrorKind::Timeout.into()).into(),
            500,
        ),
    ] {
        assert_eq!(error.webhook_status().as_u16(), status, "{error}");
    }
}
