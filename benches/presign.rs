//! Signing and verifying one URL, beside the cost of the underlying packages on the same input.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use eks_auth_benches::broken_fixture;
use eks_auth_benches::signing::Signing;
use iam_principal::Partition;
use sts_presign::read_identity;

const ANSWER: &str = r#"{"GetCallerIdentityResponse":{"GetCallerIdentityResult":{"Account":"111122223333","Arn":"arn:aws:iam::111122223333:user/alice","UserId":"AIDAEXAMPLE"},"ResponseMetadata":{"RequestId":"00000000-0000-0000-0000-000000000000"}}}"#;

fn presign(c: &mut Criterion) {
    let signing = Signing::new();
    let mut group = c.benchmark_group("presign/verify");
    group.bench_function("session-token", |b| b.iter(|| black_box(&signing).verify()));
    group.bench_function("peer-hash-key-and-signature", |b| {
        b.iter(|| black_box(&signing).verify_by_packages());
    });
    group.finish();

    let mut group = c.benchmark_group("presign/sign");
    group.bench_function("session-token", |b| b.iter(|| black_box(&signing).sign()));
    group.bench_function("peer-sign-and-apply", |b| {
        b.iter(|| black_box(&signing).sign_by_packages());
    });
    group.finish();

    let answer = http::Response::builder()
        .header("content-type", "application/json")
        .body(ANSWER);
    let Ok(answer) = answer else { broken_fixture() };
    c.bench_function("presign/read-identity/user", |b| {
        b.iter(|| assert!(read_identity(black_box(&answer), Partition::Aws).is_ok()));
    });
}

criterion_group!(benches, presign);
criterion_main!(benches);
