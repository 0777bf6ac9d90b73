//! `token/*`: encoding and decoding, beside the `base64` crate that does most of the work.
//!
//! The peer decodes and encodes the same text with the same alphabet, without any check. The difference is
//! the cost of the checks, the prefix, and overwriting secrets.

use std::hint::black_box;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use eks_token::{Error, MAX_TOKEN_LEN, PREFIX, Token};

/// A URL in the form of awscli, without a session token. The URL has 353 bytes, and the token 482.
const URL: &str = "https://sts.eu-central-1.amazonaws.com/?Action=GetCallerIdentity\
    &Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256\
    &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20261123%2Feu-central-1%2Fsts%2Faws4_request\
    &X-Amz-Date=20261123T090000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id\
    &X-Amz-Signature=d055c2741be629bab9d694c739f84ab04ebe037021c2b6ed8f944602e427542d";

/// The longest URL whose token has at most 4096 bytes. The URL has 3063 bytes, and the token 4095.
fn longest_url() -> String {
    let url = format!("{URL}&X-Amz-Security-Token=");
    let room = 3063_usize.saturating_sub(url.len());
    format!("{url}{}", "A".repeat(room))
}

fn decode(token: &str) -> Result<usize, Error> {
    Ok(Token::parse(token)?.decode()?.expose().len())
}

fn bytes(text: &str) -> Throughput {
    Throughput::Bytes(text.len().try_into().unwrap_or(u64::MAX))
}

fn decoding(c: &mut Criterion) {
    let mut group = c.benchmark_group("token/decode");
    for (name, url) in [("awscli", URL.to_owned()), ("4095-bytes", longest_url())] {
        let token = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(&url));
        group.throughput(bytes(&token));
        group.bench_function(name, |b| {
            b.iter(|| assert_eq!(decode(black_box(&token)), Ok(url.len())));
        });
        group.bench_function(format!("{name}-by-base64-alone"), |b| {
            b.iter(|| {
                let encoded = black_box(&token).strip_prefix(PREFIX).unwrap_or_default();
                let decoded = URL_SAFE_NO_PAD.decode(encoded);
                assert_eq!(decoded.map(|url| url.len()), Ok(url.len()));
            });
        });
    }
    group.finish();
}

/// Tokens of the greatest length, each refused as late as its reason allows.
fn refusing(c: &mut Criterion) {
    let longest = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(longest_url()));
    let mut group = c.benchmark_group("token/refuse");
    for (name, token, why) in [
        ("no-prefix", "x".repeat(MAX_TOKEN_LEN), Error::NotAToken),
        ("padded-at-the-end", format!("{longest}="), Error::Padding),
        ("length-of-no-base64", format!("{longest}A"), Error::Length),
        (
            "not-ascii-at-the-end",
            not_ascii_at_the_end(),
            Error::NotAscii,
        ),
        ("a-mebibyte", "x".repeat(1 << 20), Error::TooLong),
    ] {
        group.bench_function(name, |b| {
            b.iter(|| assert_eq!(decode(black_box(&token)), Err(why)));
        });
    }
    group.finish();
}

fn not_ascii_at_the_end() -> String {
    let mut url = longest_url().into_bytes();
    url.pop();
    url.push(0xFF);
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(url))
}

fn encoding(c: &mut Criterion) {
    let mut group = c.benchmark_group("token/encode");
    for (name, url) in [("awscli", URL.to_owned()), ("4095-bytes", longest_url())] {
        let token = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(&url));
        group.throughput(bytes(&url));
        group.bench_function(name, |b| {
            b.iter(|| {
                let made = Token::encode(black_box(&url)).map(|token| token.expose().len());
                assert_eq!(made, Ok(token.len()));
            });
        });
        group.bench_function(format!("{name}-by-base64-alone"), |b| {
            b.iter(|| {
                let made = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(black_box(&url)));
                assert_eq!(made.len(), token.len());
            });
        });
    }
    group.finish();
}

criterion_group!(benches, decoding, refusing, encoding);
criterion_main!(benches);
