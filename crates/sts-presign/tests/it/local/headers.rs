//! The signed headers, and how their values are folded.

use http::HeaderValue;
use sts_presign::StsError;

use super::{ALICE, ToSign, put, verified};
use crate::support::{GOOD, judge};

#[test]
fn the_host_is_signed_and_so_is_every_header_of_amazons() {
    let unsigned = Err(StsError::UnsignedHeader);
    let mut added = ToSign::post().sign();
    put(&mut added, "x-amz-meta", "1");
    assert_eq!(verified(&added), unsigned);
    let mut foreign = ToSign::post().sign();
    put(&mut foreign, "x-amzn-trace-id", "1");
    assert_eq!(verified(&foreign), Ok(ALICE.to_owned()));

    for (from, to) in [
        ("content-type;host;", "content-type;"),
        ("content-type;host;x-amz-date", "content-type;host"),
        ("content-type;host", "cache-control;content-type;host"),
    ] {
        let mut request = ToSign::post().sign();
        let value = request.headers()["authorization"]
            .to_str()
            .unwrap()
            .to_owned();
        assert!(value.contains(from));
        put(&mut request, "authorization", &value.replacen(from, to, 1));
        assert_eq!(verified(&request), unsigned, "{to}");
    }
    // The session token was signed but not sent, or sent but not signed.
    let mut token = ToSign::post().sign();
    put(&mut token, "x-amz-security-token", "T");
    assert_eq!(verified(&token), unsigned);
}

#[test]
fn the_host_header_and_the_urls_host_agree() {
    let signed = ToSign::post().sign();
    let mut on_its_way = signed.clone();
    *on_its_way.uri_mut() = "/".parse().unwrap();
    assert_eq!(verified(&on_its_way), Err(StsError::UnsignedHeader));
    put(&mut on_its_way, "host", "127.0.0.1:4566");
    assert_eq!(verified(&on_its_way), Ok(ALICE.to_owned()));
    put(&mut on_its_way, "host", "127.0.0.1:4567");
    assert_eq!(verified(&on_its_way), Err(StsError::SignatureDoesNotMatch));

    let mut both = signed;
    put(&mut both, "host", "127.0.0.1:4566");
    assert_eq!(verified(&both), Ok(ALICE.to_owned()));
    put(&mut both, "host", "evil.example");
    assert_eq!(verified(&both), Err(StsError::UnsignedHeader));
    both.headers_mut()
        .append("host", HeaderValue::from_static("127.0.0.1:4566"));
    assert_eq!(verified(&both), Err(StsError::UnsignedHeader));
}

#[test]
fn attack_35_white_space_in_header_values_is_folded_as_sigv4_requires() {
    let alice = Ok(ALICE.to_owned());
    let with_header = |value: &str| {
        let mut request = judge(GOOD).unwrap().to_http().map(|()| Vec::new());
        put(&mut request, "x-k8s-aws-id", value);
        verified(&request)
    };
    let mismatch = Err(StsError::SignatureDoesNotMatch);
    assert_eq!(with_header("test-cluster"), alice);
    assert_eq!(with_header("  test-cluster\t "), alice);
    assert_eq!(with_header("test -cluster"), mismatch);
    assert_eq!(with_header("test-\tcluster"), mismatch);
    // Signer and verifier both fold several spaces into one.
    for (signed, sent, is_same) in [
        ("a b", "a b", true),
        ("a b", "a   b", true),
        ("a  b", "a \t b", true),
        ("a b", " a b  ", true),
        ("a b", "ab", false),
        ("a b", "b a", false),
    ] {
        let mut request = ToSign::post().with("x-k8s-aws-id", signed).sign();
        put(&mut request, "x-k8s-aws-id", sent);
        let want = if is_same { &alice } else { &mismatch };
        assert_eq!(&verified(&request), want, "{signed:?} {sent:?}");
    }
    // A value never has two lines: `http` refuses a line break, and two headers are not joined.
    assert!(HeaderValue::from_str("test-\r\n cluster").is_err());
    let mut two = judge(GOOD).unwrap().to_http().map(|()| Vec::new());
    let other = HeaderValue::from_static("test-cluster");
    two.headers_mut().append("x-k8s-aws-id", other);
    assert_eq!(verified(&two), Err(StsError::UnsignedHeader));
}
