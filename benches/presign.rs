//! What a verifier and a signer spend on one URL, beside what the packages they stand on cost on the
//! same input.

use std::hint::black_box;

use aws_credential_types::Credentials;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use iam_principal::{Identity, Partition};
use sts_presign::{
    ClusterId, Endpoint, Error, Key, Keys, MAX_URL_LEN, Policy, PresignedUrl, SecretAccessKey,
    SessionToken, Signer, UnixTime, read_identity, verify,
};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const ANSWER: &str = r#"{"GetCallerIdentityResponse":{"GetCallerIdentityResult":{"Account":"111122223333","Arn":"arn:aws:iam::111122223333:user/alice","UserId":"AIDAEXAMPLE"},"ResponseMetadata":{"RequestId":"00000000-0000-0000-0000-000000000000"}}}"#;

struct Fixture {
    now: UnixTime,
    policy: Policy,
    signer: Signer,
    identity: aws_smithy_runtime_api::client::identity::Identity,
    session_token: String,
}

fn fixture() -> Option<Fixture> {
    let cluster_id = ClusterId::parse("test-cluster").ok()?;
    let endpoint = Endpoint::from_host("sts.us-west-2.amazonaws.com").ok()?;
    // As long as the session tokens of assumed roles are, `/` and `+` in it as in base64.
    let session_token = "IQoJb3JpZ2luX2VjE/+A".repeat(40);
    let token = Some(session_token.clone());
    Some(Fixture {
        now: UnixTime::parse_rfc3339("2023-04-28T00:00:00Z").ok()?,
        policy: Policy::new(cluster_id.clone(), Partition::Aws),
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

    let mut group = c.benchmark_group("presign/accept");
    group.throughput(Throughput::Bytes(bytes(text)));
    group.bench_function("session-token", |b| {
        b.iter(|| {
            let request = accept(black_box(text)).map(|accepted| accepted.to_http());
            assert!(request.is_ok());
            request
        });
    });
    group.bench_function("peer-url-and-http", |b| {
        b.iter(|| {
            let url = url::Url::parse(black_box(text));
            let request = http::Request::get(text)
                .header("accept", "application/json")
                .header("x-k8s-aws-id", "test-cluster")
                .body(());
            assert!(url.is_ok() && request.is_ok());
            (url, request)
        });
    });
    group.finish();

    let mut group = c.benchmark_group("presign/refuse");
    let percents = "%".repeat(MAX_URL_LEN);
    let worst = format!("{text}&X-Amz-Signature={}", "%41".repeat(4096));
    for (name, text, error) in [
        ("all-percent-signs", &percents, Error::NotHttps),
        (
            "duplicate-at-the-end",
            &worst,
            Error::DuplicateParameter(sts_presign::Param::Signature),
        ),
    ] {
        group.throughput(Throughput::Bytes(bytes(text)));
        group.bench_function(name, |b| {
            b.iter(|| assert_eq!(accept(black_box(text)).err(), Some(error)));
        });
    }
    group.finish();

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
    c.bench_function("presign/verify/session-token", |b| {
        b.iter(|| assert!(verify(black_box(&accepted), &keys, now).is_ok()));
    });
    c.bench_function("presign/sign/session-token", |b| {
        b.iter(|| {
            let signed = signer.sign(black_box(&identity), now);
            assert!(signed.is_ok());
            signed
        });
    });
    let answer = http::Response::builder()
        .header("content-type", "application/json")
        .body(ANSWER);
    let Ok(answer) = answer else { broken_fixture() };
    c.bench_function("presign/read-identity/user", |b| {
        b.iter(|| assert!(read_identity(black_box(&answer), Partition::Aws).is_ok()));
    });
}

fn bytes(text: &str) -> u64 {
    u64::try_from(text.len()).unwrap_or(u64::MAX)
}

#[expect(clippy::panic, reason = "a bench without its fixture measures nothing")]
fn broken_fixture() -> ! {
    panic!("the fixture is not what this bench was written for")
}

criterion_group!(benches, presign);
criterion_main!(benches);
