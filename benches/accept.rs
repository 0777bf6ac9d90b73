//! `accept/*`: from the text of a token to the request for STS.
//!
//! The peer is the cost of the underlying packages on the same input: decoding base64, `url::Url::parse`,
//! and building an `http::Request` from the unchanged URL, without any validation.

use eks_auth_benches::tokens;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn accepting(c: &mut Criterion) {
    let verifier = tokens::Verifier::new();
    let mut group = c.benchmark_group("accept");
    for (name, token) in tokens::accepted() {
        group.throughput(bytes(&token));
        group.bench_function(name, |b| {
            b.iter(|| {
                let request = verifier.accept(black_box(&token));
                assert!(request.is_ok());
                request
            });
        });
        group.bench_function(format!("{name}-by-packages"), |b| {
            b.iter(|| {
                let request = tokens::accept_by_packages(black_box(&token));
                assert!(request.is_some());
                request
            });
        });
    }
    group.finish();
}

/// Tokens of the greatest length, each refused as late as its reason allows.
fn refusing(c: &mut Criterion) {
    let verifier = tokens::Verifier::new();
    let mut group = c.benchmark_group("accept/refuse");
    for (name, token, error) in tokens::refused() {
        group.throughput(bytes(&token));
        group.bench_function(name, |b| {
            b.iter(|| assert_eq!(verifier.accept(black_box(&token)).err(), Some(error)));
        });
    }
    group.finish();
}

fn bytes(text: &str) -> Throughput {
    Throughput::Bytes(text.len().try_into().unwrap_or(u64::MAX))
}

criterion_group!(benches, accepting, refusing);
criterion_main!(benches);
