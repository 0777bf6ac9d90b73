//! Signing and verifying one URL, beside the cost of the underlying packages on the same input.

use std::fmt::{self, LowerHex};
use std::hint::black_box;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4::{SigningParams, calculate_signature, generate_signing_key};
use aws_smithy_runtime_api::client::identity::Identity as AwsIdentity;
use criterion::{Criterion, criterion_group, criterion_main};
use iam_principal::{Identity, Partition};
use sha2::{Digest as _, Sha256};
use sts_presign::{
    AcceptPolicy, ClusterId, Endpoint, Key, Keys, PresignedUrl, SecretAccessKey, SessionToken,
    Signer, UnixTime, read_identity, verify,
};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const ANSWER: &str = r#"{"GetCallerIdentityResponse":{"GetCallerIdentityResult":{"Account":"111122223333","Arn":"arn:aws:iam::111122223333:user/alice","UserId":"AIDAEXAMPLE"},"ResponseMetadata":{"RequestId":"00000000-0000-0000-0000-000000000000"}}}"#;

struct Fixture {
    now: UnixTime,
    policy: AcceptPolicy,
    signer: Signer,
    identity: AwsIdentity,
    session_token: String,
}

fn fixture() -> Option<Fixture> {
    let cluster_id = ClusterId::parse("test-cluster").ok()?;
    let endpoint = Endpoint::from_host("sts.us-west-2.amazonaws.com").ok()?;
    // As long as the session token of an assumed role, with `/` and `+` as in base64.
    let session_token = "IQoJb3JpZ2luX2VjE/+A".repeat(40);
    let token = Some(session_token.clone());
    Some(Fixture {
        now: UnixTime::parse_rfc3339("2023-04-28T00:00:00Z").ok()?,
        policy: AcceptPolicy::new(cluster_id.clone(), Partition::Aws),
        signer: Signer::new(&endpoint, &cluster_id),
        identity: Credentials::new("AKIDEXAMPLE", SECRET, token, None, "bench").into(),
        session_token,
    })
}

fn presign(c: &mut Criterion) {
    let Some(Fixture {
        now,
        policy,
        signer,
        identity,
        session_token,
    }) = fixture()
    else {
        broken_fixture()
    };
    let Ok(signed) = signer.sign(&identity, now) else {
        broken_fixture()
    };
    let text = signed.expose();
    let accept = |text: &str| policy.accept(PresignedUrl::parse(text)?, now);
    let Ok(accepted) = accept(text) else {
        broken_fixture()
    };

    let alice = Identity::new(
        "arn:aws:iam::111122223333:user/alice",
        "111122223333",
        "AIDAEXAMPLE",
    );
    let Ok(alice) = alice else { broken_fixture() };
    let key = Key::temporary(
        SecretAccessKey::new(SECRET),
        SessionToken::new(&session_token),
        alice,
    );
    let keys = Keys::new().with("AKIDEXAMPLE", key);
    let mut group = c.benchmark_group("presign/verify");
    group.bench_function("session-token", |b| {
        b.iter(|| assert!(verify(black_box(&accepted), &keys, now).is_ok()));
    });
    let (canonical_request, string_to_sign) = signed_texts(text);
    let Some((_, signature)) = text.rsplit_once('=') else {
        broken_fixture()
    };
    group.bench_function("peer-hash-key-and-signature", |b| {
        b.iter(|| {
            let hash = Sha256::digest(black_box(&canonical_request));
            let key = generate_signing_key(SECRET, now.into(), "us-west-2", "sts");
            let made = calculate_signature(key, black_box(string_to_sign.as_bytes()));
            assert_eq!(made, signature);
            hash
        });
    });
    group.finish();

    let mut group = c.benchmark_group("presign/sign");
    group.bench_function("session-token", |b| {
        b.iter(|| {
            let signed = signer.sign(black_box(&identity), now);
            assert!(signed.is_ok());
            signed
        });
    });
    group.bench_function("peer-sign-and-apply", |b| {
        b.iter(|| {
            let signed = peer_sign(black_box(&identity), now);
            assert!(signed.is_some());
            signed
        });
    });
    group.finish();
    // Both signed the same URL; only the order of the parameters differs.
    let peer = peer_sign(&identity, now).map(|request| request.uri().to_string());
    let peer = peer.and_then(|url| accept(&url).ok());
    assert_eq!(
        peer.map(|accepted| accepted.to_http().uri().to_string())
            .as_deref(),
        Some(text)
    );

    let answer = http::Response::builder()
        .header("content-type", "application/json")
        .body(ANSWER);
    let Ok(answer) = answer else { broken_fixture() };
    c.bench_function("presign/read-identity/user", |b| {
        b.iter(|| assert!(read_identity(black_box(&answer), Partition::Aws).is_ok()));
    });
}

/// The canonical request and the string to sign for the URL of the fixture.
fn signed_texts(url: &str) -> (String, String) {
    let query = url
        .split_once('?')
        .and_then(|(_, query)| query.rsplit_once('&'));
    let Some((query, _)) = query else {
        broken_fixture()
    };
    let canonical_request = format!(
        "GET\n/\n{query}\nhost:sts.us-west-2.amazonaws.com\nx-k8s-aws-id:test-cluster\n\n\
         host;x-k8s-aws-id\n{:x}",
        Hex(Sha256::digest(b"").as_slice())
    );
    let string_to_sign = format!(
        "AWS4-HMAC-SHA256\n20230428T000000Z\n20230428/us-west-2/sts/aws4_request\n{:x}",
        Hex(Sha256::digest(&canonical_request).as_slice())
    );
    (canonical_request, string_to_sign)
}

struct Hex<'a>(&'a [u8]);

impl LowerHex for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Signs the same URL by aws-sigv4 alone, and applies its instructions to the request.
fn peer_sign(identity: &AwsIdentity, now: UnixTime) -> Option<http::Request<()>> {
    let url = "https://sts.us-west-2.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15";
    let mut request = http::Request::get(url)
        .header("x-k8s-aws-id", "test-cluster")
        .body(())
        .ok()?;
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(Duration::from_secs(60));
    let params = SigningParams::builder()
        .identity(identity)
        .region("us-west-2")
        .name("sts")
        .time(now.into())
        .settings(settings)
        .build()
        .ok()?;
    let headers = [("x-k8s-aws-id", "test-cluster")].into_iter();
    let to_sign = SignableRequest::new("GET", url, headers, SignableBody::Bytes(b"")).ok()?;
    let (instructions, _) = sign(to_sign, &params.into()).ok()?.into_parts();
    instructions.apply_to_request_http1x(&mut request);
    Some(request)
}

#[expect(clippy::panic, reason = "a bench without its fixture measures nothing")]
fn broken_fixture() -> ! {
    panic!("the fixture of this bench no longer parses")
}

criterion_group!(benches, presign);
criterion_main!(benches);
