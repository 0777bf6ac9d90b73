//! Which requests share an entry of a cache.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Deserialize;
use sts_presign::{BindingHeader, CacheKey};

use crate::login::logins;
use crate::support::{GOOD, NOW, accept, at, policy};

#[derive(Deserialize)]
struct Layout {
    url: String,
}

fn hash(key: &CacheKey) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

fn key(url: &str, cluster: &str) -> CacheKey {
    let accepted = accept(url, &policy(cluster, "aws"), at(NOW)).unwrap();
    accepted.cache_key()
}

/// The parameter orders and escapes of seven producers: one request with a session token and one without.
#[test]
fn every_spelling_of_one_request_has_one_key() {
    let layouts: Vec<Layout> = testkit::json_lines(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/testdata/layouts.jsonl"
    ));
    assert!(layouts.len() > 10);
    let keys: HashSet<CacheKey> = layouts
        .iter()
        .map(|layout| key(&layout.url, "test-cluster"))
        .collect();
    assert_eq!(keys.len(), 2);
}

#[test]
fn every_difference_in_what_is_sent_is_a_difference_of_keys() {
    let good = key(GOOD, "test-cluster");
    assert_eq!(good, key(GOOD, "test-cluster"));
    for (from, to) in [
        ("AKIDEXAMPLE", "AKIDEXAMPLF"),
        ("X-Amz-Date=20230428T000000Z", "X-Amz-Date=20230428T000001Z"),
        ("X-Amz-Expires=60", "X-Amz-Expires=61"),
        ("d052bda1", "d052bda2"),
        (
            "&X-Amz-SignedHeaders",
            "&X-Amz-Security-Token=T&X-Amz-SignedHeaders",
        ),
    ] {
        let url = GOOD.replacen(from, to, 1);
        assert_ne!(url, GOOD);
        assert_ne!(key(&url, "test-cluster"), good, "{to}");
        assert_ne!(hash(&key(&url, "test-cluster")), hash(&good), "{to}");
    }
    let fips = GOOD.replacen("//sts.", "//sts-fips.", 1);
    assert_ne!(key(&fips, "test-cluster"), good);
    // The verifier of another cluster sends another binding header, and STS another answer.
    assert_ne!(key(GOOD, "other-cluster"), good);
}

#[test]
fn logins_have_keys_of_their_own() {
    let (mut keys, mut hashes) = (HashSet::new(), HashSet::new());
    for login in logins() {
        let accepted = login.judge(&login.policy(), at(NOW)).unwrap();
        assert_eq!(accepted.cache_key(), accepted.clone().cache_key());
        assert!(keys.insert(accepted.cache_key()), "{}", login.system);
        hashes.insert(hash(&accepted.cache_key()));

        // The challenge of another login is sent instead.
        let challenge = BindingHeader::parse("x-challenge", "1").unwrap();
        let mut bound = login.clone();
        bound.also_sign("x-challenge");
        bound.set("X-Challenge", "1");
        let policy = login.policy().with_binding(challenge);
        let accepted = bound.judge(&policy, at(NOW)).unwrap();
        assert!(keys.insert(accepted.cache_key()), "{}", login.system);
        hashes.insert(hash(&accepted.cache_key()));
    }
    assert_eq!(hashes.len(), keys.len());
}

#[test]
fn a_key_does_not_print_what_it_holds() {
    let url = GOOD.replacen(
        "&X-Amz-SignedHeaders",
        "&X-Amz-Security-Token=T0KEN&X-Amz-SignedHeaders",
        1,
    );
    let printed = format!("{:?}", key(&url, "test-cluster"));
    assert!(printed.contains("sts.us-west-2.amazonaws.com"), "{printed}");
    assert!(
        !printed.contains("T0KEN") && !printed.contains("d052bda1"),
        "{printed}"
    );
}
