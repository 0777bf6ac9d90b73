use std::time::{Duration, SystemTime};

use aws_credential_types::{Credentials, Token};
use aws_smithy_runtime_api::client::identity::Identity;
use sts_presign::{ClusterId, Endpoint, SignError, Signer, UnixTime};

use crate::support::{GOOD, at};

const SIGNED_AT: &str = "2023-04-28T00:00:00Z";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

fn signer() -> Signer {
    let endpoint = Endpoint::from_host("sts.us-west-2.amazonaws.com").unwrap();
    Signer::new(&endpoint, &ClusterId::parse("test-cluster").unwrap())
}

fn identity(id: &str, secret: &str, token: Option<&str>, ends: Option<UnixTime>) -> Identity {
    let ends = ends.map(SystemTime::from);
    Credentials::new(id, secret, token.map(str::to_owned), ends, "test").into()
}

#[test]
fn the_url_is_that_of_awscli() {
    let signed = signer()
        .sign(&identity("AKIDEXAMPLE", SECRET, None, None), at(SIGNED_AT))
        .unwrap();
    assert_eq!(signed.expose(), GOOD);
    assert_eq!(signed.expires_at(), at("2023-04-28T00:14:00Z"));
    let printed = format!("{signed:?}");
    assert!(printed.starts_with("SignedUrl"), "{printed}");
    assert!(!printed.contains("AKID"), "{printed}");
}

#[test]
fn credentials_and_a_reading_of_the_clock_are_enough() {
    let credentials = Credentials::new("AKIDEXAMPLE", SECRET, None, None, "test");
    let now = SystemTime::from(at(SIGNED_AT)) + Duration::from_millis(999);
    let signed = signer().sign_at(&credentials, now).unwrap();
    assert_eq!(signed.expose(), GOOD);
    let before = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
    let refused = signer().sign_at(&credentials, before).unwrap_err();
    assert_eq!(refused, SignError::Time);
}

#[test]
fn the_token_expires_with_the_credentials_if_they_expire_sooner() {
    for (ends, want) in [
        ("2023-04-28T00:00:01Z", "2023-04-28T00:00:01Z"),
        ("2023-04-28T00:13:59Z", "2023-04-28T00:13:59Z"),
        ("2023-04-28T01:00:00Z", "2023-04-28T00:14:00Z"),
    ] {
        let identity = identity("AKIDEXAMPLE", SECRET, Some("T"), Some(at(ends)));
        assert_eq!(
            signer()
                .sign(&identity, at(SIGNED_AT))
                .unwrap()
                .expires_at(),
            at(want)
        );
    }
}

#[test]
fn bad_input_is_refused_with_its_reason() {
    let now = at(SIGNED_AT);
    let token: Identity = Token::new("bearer", None).into();
    let last = at("9999-12-31T23:59:59Z");
    for (identity, now, error) in [
        (token, now, SignError::NoCredentials),
        (
            identity("", SECRET, None, None),
            now,
            SignError::AccessKeyId,
        ),
        (
            identity("AKID/EXAMPLE", SECRET, None, None),
            now,
            SignError::AccessKeyId,
        ),
        (
            identity("AKIDEXAMPLE", "", None, None),
            now,
            SignError::Secret,
        ),
        (
            identity("AKIDEXAMPLE", SECRET, Some(""), None),
            now,
            SignError::SessionToken,
        ),
        (
            identity("AKIDEXAMPLE", SECRET, Some("a\nb"), None),
            now,
            SignError::SessionToken,
        ),
        (
            identity("AKIDEXAMPLE", SECRET, None, Some(now)),
            now,
            SignError::Expired,
        ),
        (
            identity("AKIDEXAMPLE", SECRET, None, None),
            last,
            SignError::Time,
        ),
    ] {
        assert_eq!(signer().sign(&identity, now).unwrap_err(), error);
    }
}

/// AWS issues no such secret, and STS would say only that the signature does not match.
#[test]
fn a_secret_has_visible_characters_only() {
    for secret in [
        "secret\n",
        "secret\r\n",
        " secret",
        "sec\tret",
        "secret\0",
        "secret\u{7f}",
        "secr\u{e9}t",
    ] {
        let identity = identity("AKIDEXAMPLE", secret, None, None);
        let refused = signer().sign(&identity, at(SIGNED_AT)).unwrap_err();
        assert_eq!(refused, SignError::Secret, "{secret:?}");
    }
    let every: String = ('!'..='~').collect();
    let identity = identity("AKIDEXAMPLE", &every, None, None);
    assert!(signer().sign(&identity, at(SIGNED_AT)).is_ok());
}

#[test]
fn an_expiry_after_the_year_9999_is_ignored() {
    let far = SystemTime::UNIX_EPOCH + Duration::from_secs(400_000_000_000);
    let identity: Identity =
        Credentials::new("AKIDEXAMPLE", SECRET, None, Some(far), "test").into();
    let signed = signer().sign(&identity, at(SIGNED_AT)).unwrap();
    assert_eq!(signed.expires_at(), at("2023-04-28T00:14:00Z"));
}

#[test]
fn a_custom_host_is_a_plain_lower_case_name() {
    let cluster = ClusterId::parse("c").unwrap();
    let vpc = "vpce-0a1b-2c3d.sts.us-west-2.vpce.amazonaws.com";
    assert!(Signer::for_host(vpc, "us-west-2", &cluster).is_ok());
    let longest = [
        "a".repeat(63),
        "b".repeat(63),
        "c".repeat(63),
        "d".repeat(61),
    ]
    .join(".");
    assert_eq!(longest.len(), 253);
    assert!(Signer::for_host(&longest, "us-west-2", &cluster).is_ok());
    for host in [
        &format!("{longest}d"),
        &"a".repeat(64),
        "",
        "a..b",
        "user@host",
        "host:443",
        "host/path",
        "HOST",
        "a b",
        "a\n",
        "é.com",
    ] {
        let made = Signer::for_host(host, "us-west-2", &cluster);
        assert_eq!(made.unwrap_err(), SignError::Host, "{host}");
    }
    for region in ["", "us west", "us-west-2\n", "US-WEST-2", "us/west"] {
        let made = Signer::for_host("sts.amazonaws.com", region, &cluster);
        assert_eq!(made.unwrap_err(), SignError::Region, "{region}");
    }
}
