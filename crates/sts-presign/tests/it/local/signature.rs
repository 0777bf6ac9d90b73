//! The only signature of a request, and its content.

use aws_sigv4::http_request::SignableBody;
use http::HeaderValue;
use sts_presign::StsError;

use super::{ALICE, FORM, ToSign, put, verified};
use crate::support::{GOOD, judge};

#[test]
fn a_request_has_one_complete_signature() {
    let good = || ToSign::post().sign();
    let without = |name: &str| {
        let mut request = good();
        assert!(request.headers_mut().remove(name).is_some());
        request
    };
    let (missing, incomplete) = (
        Err(StsError::MissingAuthenticationToken),
        Err(StsError::IncompleteSignature),
    );
    assert_eq!(verified(&without("authorization")), missing);
    assert_eq!(verified(&without("x-amz-date")), incomplete);

    let mut token_only = without("authorization");
    put(&mut token_only, "x-amz-security-token", "T");
    assert_eq!(verified(&token_only), missing);

    for value in [
        "",
        "Bearer x",
        "AWS4-ECDSA-P256-SHA256 x",
        "AWS4-HMAC-SHA256 x",
    ] {
        let mut request = good();
        put(&mut request, "authorization", value);
        assert_eq!(verified(&request), incomplete, "{value}");
    }
    for name in [
        "authorization",
        "x-amz-date",
        "x-amz-security-token",
        "content-type",
    ] {
        let mut twice = good();
        for _ in 0..2 {
            let value = twice.headers().get(name).cloned();
            let value = value.unwrap_or(HeaderValue::from_static("T"));
            twice.headers_mut().append(name, value);
        }
        assert_eq!(verified(&twice), incomplete, "{name}");
    }
    let mut date = good();
    put(&mut date, "x-amz-date", "20230428T000100.5Z");
    assert_eq!(verified(&date), incomplete);
    let mut foreign = good();
    let bytes = HeaderValue::from_bytes(b"20230428T000100Z\xff").unwrap();
    foreign.headers_mut().insert("x-amz-date", bytes);
    assert_eq!(verified(&foreign), incomplete);

    // One signature is in the query, and another in the headers.
    let query = GOOD.split_once('?').unwrap().1;
    let mut both = good();
    *both.uri_mut() = format!("http://127.0.0.1:4566/?{query}").parse().unwrap();
    *both.body_mut() = Vec::new();
    assert_eq!(verified(&both), incomplete);
    for param in query.split('&').filter(|param| param.starts_with("X-Amz")) {
        let is_of_it = !param.starts_with("X-Amz-Expires");
        let mut part = good();
        *part.uri_mut() = format!("http://127.0.0.1:4566/?{param}").parse().unwrap();
        assert_eq!(verified(&part) == incomplete, is_of_it, "{param}");
    }
}

fn presigned(change: impl Fn(&str) -> String) -> Result<String, StsError> {
    let mut request = judge(GOOD).unwrap().to_http().map(|()| Vec::new());
    let uri = request.uri().to_string();
    *request.uri_mut() = change(&uri).parse().unwrap();
    verified(&request)
}

#[test]
fn a_presigned_url_is_complete_too() {
    assert_eq!(presigned(str::to_owned), Ok(ALICE.to_owned()));
    for name in [
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Date",
        "X-Amz-Signature",
        "X-Amz-SignedHeaders",
    ] {
        let got = presigned(|uri| uri.replace(name, "Other"));
        assert_eq!(got, Err(StsError::IncompleteSignature), "{name}");
    }
    for (from, to, error) in [
        (
            "AWS4-HMAC-SHA256",
            "AWS4-HMAC-SHA1",
            StsError::IncompleteSignature,
        ),
        (
            "20230428T000000Z",
            "20230428T000000",
            StsError::IncompleteSignature,
        ),
        (
            "20230428T000000Z",
            "20230230T000000Z",
            StsError::IncompleteSignature,
        ),
        (
            "host%3Bx-k8s",
            "x-k8s%3Bhost",
            StsError::IncompleteSignature,
        ),
        ("Signature=d", "Signature=D", StsError::IncompleteSignature),
        ("AKIDEXAMPLE%2F", "AKID-%2F", StsError::IncompleteSignature),
        ("%2Fsts%2F", "%2Fs3%2F", StsError::Scope),
        ("aws4_request", "aws5_request", StsError::Scope),
        ("%2F20230428%2F", "%2F20230429%2F", StsError::Scope),
        ("%2Fus-west-2%2F", "%2Fus-east-1%2F", StsError::Scope),
    ] {
        let got = presigned(|uri| uri.replacen(from, to, 1));
        assert_eq!(got, Err(error), "{to}");
    }
    let got = presigned(|uri| uri.replace("&X-Amz-Expires=60", ""));
    assert_eq!(got, Err(StsError::SignatureDoesNotMatch));
}

#[test]
fn the_scope_is_that_of_an_sts_host() {
    let in_region = |url, region| {
        ToSign {
            region,
            ..ToSign::to(url)
        }
        .verified()
    };
    let (alice, scope) = (Ok(ALICE.to_owned()), Err(StsError::Scope));
    for (url, region, want) in [
        ("https://sts.amazonaws.com/", "us-east-1", &alice),
        ("https://sts.amazonaws.com/", "us-west-2", &scope),
        ("https://sts.us-west-2.amazonaws.com/", "us-west-2", &alice),
        ("https://sts.us-west-2.amazonaws.com/", "us-east-1", &scope),
        (
            "http://sts.us-west-2.amazonaws.com:8080/",
            "us-west-2",
            &alice,
        ),
        (
            "http://sts.us-west-2.amazonaws.com:8080/",
            "us-east-1",
            &scope,
        ),
        ("http://localhost/", "moon-1", &alice),
        ("http://[::1]/", "moon-1", &alice),
        ("http://[::1]:8080/", "moon-1", &alice),
        ("http://localhost/", "Moon", &scope),
        ("http://localhost/", "a_b", &scope),
    ] {
        assert_eq!(&in_region(url, region), want, "{url} {region}");
    }
    let (longest, long) = ("a".repeat(63), "a".repeat(64));
    assert_eq!(in_region("http://localhost/", &longest), alice);
    assert_eq!(in_region("http://localhost/", &long), scope);
    let other = ToSign {
        service: "s3",
        ..ToSign::post()
    };
    assert_eq!(other.verified(), scope);
}

#[test]
fn a_payload_that_is_not_hashed_is_not_signed() {
    // S3's marker for an unsigned body. STS requires the hash of the body.
    for hash in ["UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"] {
        let mut request = ToSign::post().with("x-amz-content-sha256", hash).sign();
        assert_eq!(
            verified(&request),
            Ok(ALICE.to_owned()),
            "the header is only signed"
        );
        *request.body_mut() = format!("{FORM}&x=1").into_bytes();
        assert_eq!(verified(&request), Err(StsError::SignatureDoesNotMatch));
    }
    let unsigned = ToSign::post().sign_over(SignableBody::UnsignedPayload);
    assert_eq!(verified(&unsigned), Err(StsError::SignatureDoesNotMatch));
}
