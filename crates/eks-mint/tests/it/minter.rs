//! A verifier accepts the minted tokens.

use aws_credential_types::Credentials;
use eks_mint::{
    ClusterId, Endpoint, EndpointVariant, MintError, Minter, SignError, TokenSource, UnixTime,
};
use iam_principal::{Identity, Partition};
use sts_presign::{AcceptPolicy, Key, Keys, PresignedUrl, SecretAccessKey, verify};

const NOW: &str = "2026-11-23T09:00:00Z";

fn time(text: &str) -> UnixTime {
    UnixTime::parse_rfc3339(text).unwrap()
}

fn minter(variant: EndpointVariant) -> Minter {
    let endpoint = Endpoint::regional("us-east-1", variant).unwrap();
    Minter::new(&endpoint, &ClusterId::parse("dev").unwrap())
}

fn credentials(secret: &str, session_token: Option<&str>) -> Credentials {
    let session_token = session_token.map(str::to_owned);
    Credentials::new("AKIDEXAMPLE", secret, session_token, None, "test")
}

#[test]
fn a_token_is_accepted_for_its_cluster_until_a_minute_after_its_expiry() {
    let arn = "arn:aws:iam::111122223333:user/alice";
    let alice = Identity::new(arn, "111122223333", "AIDAALICE").unwrap();
    let key = Key::long_term(SecretAccessKey::new("secret"), alice);
    let keys = Keys::new().with("AKIDEXAMPLE", key);
    for variant in [
        EndpointVariant::ORDINARY,
        EndpointVariant::ORDINARY.with_fips(true),
        EndpointVariant::ORDINARY.with_dual_stack(true),
    ] {
        let token = minter(variant).mint(&credentials("secret", None), time(NOW));
        let token = token.unwrap();
        assert_eq!(token.minted_at(), time(NOW));
        assert_eq!(token.expires_at(), time("2026-11-23T09:14:00Z"));
        let url = eks_token::Token::parse(token.expose()).unwrap().decode();
        let url = url.unwrap();
        let policy =
            |cluster| AcceptPolicy::new(ClusterId::parse(cluster).unwrap(), Partition::Aws);
        let accept = |cluster, at: UnixTime| {
            let url = PresignedUrl::parse(url.expose()).unwrap();
            let accepted = policy(cluster).accept(url, at).ok()?;
            verify(&accepted, &keys, at).ok()
        };
        let last = token.expires_at().later(60);
        assert_eq!(accept("dev", last).unwrap().arn(), arn);
        assert!(accept("dev", last.later(1)).is_none());
        assert!(accept("prod", time(NOW)).is_none());
    }
}

#[test]
fn credentials_that_cannot_sign_are_named() {
    let long = "T".repeat(4_000);
    for (secret, session_token, error) in [
        ("", None, MintError::Sign(SignError::Secret)),
        ("s\n", None, MintError::Sign(SignError::Secret)),
        ("s", Some("a b"), MintError::Sign(SignError::SessionToken)),
        (
            "s",
            Some(long.as_str()),
            MintError::Token(eks_token::Error::TooLong),
        ),
    ] {
        let refused = minter(EndpointVariant::ORDINARY)
            .mint(&credentials(secret, session_token), time(NOW))
            .unwrap_err();
        assert_eq!(refused, error);
    }
    let cluster = ClusterId::parse("dev").unwrap();
    let refused = Minter::for_host("https://x", "us-east-1", &cluster).unwrap_err();
    assert_eq!(refused, SignError::Host);
}

#[test]
fn nothing_prints_a_secret() {
    let credentials = credentials("SECRETKEY", Some("SESSIONTOKEN"));
    let minter = minter(EndpointVariant::ORDINARY);
    let token = minter.mint(&credentials, time(NOW)).unwrap();
    let source = TokenSource::new(minter.clone(), credentials, || time(NOW));
    for (text, shown) in [
        (format!("{token:?}"), "minted_at: "),
        (format!("{minter:?}"), "Minter { "),
        (format!("{source:?}"), "refresh_ahead: 60"),
    ] {
        assert!(text.contains(shown), "{text}");
        assert!(
            !text.contains("SECRETKEY") && !text.contains("SESSIONTOKEN"),
            "{text}"
        );
        assert!(!text.contains(token.expose()), "{text}");
    }
}

#[cfg(feature = "exec-credential")]
#[test]
fn the_document_has_the_token_and_its_expiry() {
    let token = minter(EndpointVariant::ORDINARY)
        .mint(&credentials("s", None), time(NOW))
        .unwrap();
    let document = token.exec_credential(eks_mint::ApiVersion::V1).unwrap();
    assert!(document.contains(token.expose()));
    assert!(document.contains("\"client.authentication.k8s.io/v1\""));
    assert!(document.contains("\"2026-11-23T09:14:00Z\""));
}
