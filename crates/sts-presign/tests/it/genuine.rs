//! Tokens of real producers, verified with the secrets that signed them.

use aws_credential_types::Credentials;
use iam_principal::{Identity, Partition};
use serde::Deserialize;
use sts_presign::{
    Error, Key, KeyLookup, Keys, SecretAccessKey, SessionToken, Signer, UnixTime, VerifyError,
    verify,
};
use testkit::Report;

use crate::support::{GOOD, NOW, accept, at, policy};

#[derive(Deserialize)]
struct Genuine {
    producer: String,
    cluster_id: String,
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    signed_at: String,
    url: String,
}

impl Genuine {
    fn partition(&self) -> &'static str {
        let url = sts_presign::PresignedUrl::parse(&self.url).unwrap();
        sts_presign::Endpoint::from_host(url.host())
            .unwrap()
            .partition()
            .id()
    }

    fn keys(&self, secret: &str) -> Keys {
        keys(
            &self.access_key_id,
            secret,
            self.session_token.as_deref(),
            self.partition(),
        )
    }
}

pub(crate) fn keys(id: &str, secret: &str, token: Option<&str>, partition: &str) -> Keys {
    let arn = format!("arn:{partition}:iam::111122223333:user/alice");
    let identity = Identity::new(&arn, "111122223333", "AIDAEXAMPLE").unwrap();
    let secret = SecretAccessKey::new(secret);
    Keys::new().with(
        id,
        match token {
            Some(token) => Key::temporary(secret, SessionToken::new(token), identity),
            None => Key::long_term(secret, identity),
        },
    )
}

fn genuine() -> Vec<Genuine> {
    testkit::json_lines(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/testdata/genuine.jsonl"
    ))
}

#[derive(Debug, PartialEq)]
enum Verdict {
    Caller(String),
    Unproven(VerifyError),
    Refused(Error),
}

fn verdict(token: &Genuine, cluster: &str, now: UnixTime, keys: &impl KeyLookup) -> Verdict {
    match accept(&token.url, &policy(cluster, token.partition()), now) {
        Err(error) => Verdict::Refused(error),
        Ok(accepted) => match verify(&accepted, keys, now) {
            Ok(identity) => Verdict::Caller(identity.access_key_id().unwrap().to_owned()),
            Err(error) => Verdict::Unproven(error),
        },
    }
}

#[test]
fn genuine_tokens_verify_with_their_key_only() {
    let mut report = Report::new();
    for token in genuine() {
        let name = format!("{} {}", token.producer, token.url);
        let keys = token.keys(&token.secret_access_key);
        let signed_at = at(&token.signed_at);
        let minute = signed_at.later(60);
        let caller = Verdict::Caller(token.access_key_id.clone());
        for now in [signed_at.earlier(300), minute, signed_at.later(900)] {
            report.check(
                &name,
                &verdict(&token, &token.cluster_id, now, &keys),
                &caller,
            );
        }
        let mismatch = Verdict::Unproven(VerifyError::Signature);
        let other_cluster = format!("{}x", token.cluster_id);
        report.check(
            &name,
            &verdict(&token, &other_cluster, minute, &keys),
            &mismatch,
        );
        let other_secret = token.keys(&format!("x{}", token.secret_access_key));
        report.check(
            &name,
            &verdict(&token, &token.cluster_id, minute, &other_secret),
            &mismatch,
        );
        let unknown = Verdict::Unproven(VerifyError::UnknownAccessKey);
        report.check(
            &name,
            &verdict(&token, &token.cluster_id, minute, &Keys::new()),
            &unknown,
        );
        let late = Verdict::Refused(Error::Expired { seconds: 1 });
        let after = signed_at.later(901);
        report.check(
            &name,
            &verdict(&token, &token.cluster_id, after, &keys),
            &late,
        );
    }
    report.finish();
}

#[test]
fn a_session_token_belongs_to_its_key() {
    let mut report = Report::new();
    for token in genuine() {
        // The secret has the same length, with one letter changed.
        let one_off = token
            .session_token
            .as_deref()
            .map(|own| own.replacen('E', "F", 1));
        let others = match &one_off {
            Some(one_off) => [None, Some(one_off.as_str())],
            None => [Some("TOKEN"), Some("T")],
        };
        for other in others {
            assert_ne!(other, token.session_token.as_deref());
            let secret = &token.secret_access_key;
            let keys = keys(&token.access_key_id, secret, other, token.partition());
            let now = at(&token.signed_at);
            let got = verdict(&token, &token.cluster_id, now, &keys);
            let mismatch = Verdict::Unproven(VerifyError::SessionToken);
            report.check(&token.url, &got, &mismatch);
        }
    }
    report.finish();
}

/// The key is right in every other respect, but it belongs to one partition and does not exist in the
/// others.
#[test]
fn attack_17_a_key_of_another_partition_verifies_nothing() {
    let mut report = Report::new();
    for token in genuine() {
        for partition in Partition::ALL {
            let keys = keys(
                &token.access_key_id,
                &token.secret_access_key,
                token.session_token.as_deref(),
                partition.id(),
            );
            let want = if partition.id() == token.partition() {
                Verdict::Caller(token.access_key_id.clone())
            } else {
                Verdict::Unproven(VerifyError::UnknownAccessKey)
            };
            let got = verdict(&token, &token.cluster_id, at(&token.signed_at), &keys);
            report.check(&format!("{partition} {}", token.url), &got, &want);
        }
    }
    report.finish();
}

#[test]
fn every_verification_error_has_its_code() {
    for (error, code) in [
        (VerifyError::ExpiredToken, "expired-session-token"),
        (VerifyError::SessionToken, "session-token-mismatch"),
        (VerifyError::Signature, "signature-mismatch"),
        (VerifyError::UnknownAccessKey, "unknown-access-key"),
    ] {
        assert_eq!(error.code(), code);
    }
}

fn sorted_pairs(url: &str) -> Vec<&str> {
    let mut pairs: Vec<&str> = url.split_once("/?").unwrap().1.split('&').collect();
    pairs.sort_unstable();
    pairs
}

#[test]
fn signing_again_gives_the_same_query() {
    let mut report = Report::new();
    for token in genuine()
        .into_iter()
        .filter(|token| token.url.contains("X-Amz-Expires=60&"))
    {
        let url = sts_presign::PresignedUrl::parse(&token.url).unwrap();
        let endpoint = sts_presign::Endpoint::from_host(url.host()).unwrap();
        let cluster_id = sts_presign::ClusterId::parse(&token.cluster_id).unwrap();
        let signer = Signer::new(&endpoint, &cluster_id);
        let credentials = Credentials::new(
            token.access_key_id,
            token.secret_access_key,
            token.session_token,
            None,
            "test",
        );
        let signed = signer
            .sign(&credentials.into(), at(&token.signed_at))
            .unwrap();
        report.check(
            &token.producer,
            &sorted_pairs(signed.expose()),
            &sorted_pairs(&token.url),
        );
    }
    report.finish();
}

#[derive(Deserialize)]
struct Layout {
    source: String,
    url: String,
}

#[test]
fn the_order_of_parameters_does_not_matter() {
    let layouts: Vec<Layout> = testkit::json_lines(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/testdata/layouts.jsonl"
    ));
    let mut report = Report::new();
    let mut sent = std::collections::BTreeSet::new();
    for Layout { source, url } in layouts {
        let accepted = accept(&url, &policy("test-cluster", "aws"), at(NOW)).unwrap();
        let token = url::Url::parse(&url).unwrap();
        let token = token
            .query_pairs()
            .find(|(name, _)| name == "X-Amz-Security-Token");
        let token = token.map(|(_, value)| value.into_owned());
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        let keys = keys("AKIDEXAMPLE", secret, token.as_deref(), "aws");
        report.check(&source, &verify(&accepted, &keys, at(NOW)).is_ok(), &true);
        sent.insert(accepted.to_http().uri().to_string());
    }
    report.finish();
    assert_eq!(
        sent.len(),
        2,
        "one request with a session token, one without"
    );
}

/// The verifier of another cluster sends its own id, which was not signed.
#[test]
fn attack_05_a_token_for_another_cluster_is_not_verified() {
    let now = at("2023-04-28T00:01:00Z");
    let keys = keys(
        "AKIDEXAMPLE",
        "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        None,
        "aws",
    );
    let prove = |cluster: &str| {
        let accepted = accept(GOOD, &policy(cluster, "aws"), now).unwrap();
        verify(&accepted, &keys, now).map(|_| ())
    };
    assert_eq!(prove("test-cluster"), Ok(()));
    for other in ["other-cluster", "test-cluster2", "Test-cluster", "test"] {
        assert_eq!(prove(other), Err(VerifyError::Signature), "{other}");
    }
}
