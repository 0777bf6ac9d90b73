//! Parsing the ARN of a caller, which every login does once, and matching the most expensive pattern.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use iam_principal::{ArnPattern, Identity, MAX_ARN_LEN, Principal};

const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/dev/alice@example.com";

fn reading(c: &mut Criterion) {
    c.bench_function("principal/parse/assumed-role", |b| {
        b.iter(|| assert!(Principal::parse(black_box(SESSION)).is_ok()));
    });
    let id = "AROAEXAMPLE:alice@example.com";
    c.bench_function("principal/identity/assumed-role", |b| {
        b.iter(|| assert!(Identity::new(black_box(SESSION), "111122223333", id).is_ok()));
    });
    let long = format!("{SESSION}{}", "a".repeat(MAX_ARN_LEN));
    c.bench_function("principal/refuse/too-long", |b| {
        b.iter(|| assert!(Principal::parse(black_box(&long)).is_err()));
    });
}

/// Half of the pattern almost matches at nearly every position of the text.
fn worst_pattern(c: &mut Criterion) {
    let pattern = ArnPattern::parse(&format!("arn:*:*:*:*:*{}b", "a".repeat(1000)));
    let arn = format!("arn:aws:iam::111122223333:{}", "a".repeat(2000));
    assert!(pattern.is_ok());
    let Ok(pattern) = pattern else { return };
    c.bench_function("principal/pattern/worst-miss", |b| {
        b.iter(|| assert!(!pattern.matches(black_box(&arn))));
    });
}

criterion_group!(benches, reading, worst_pattern);
criterion_main!(benches);
