//! Counts allocations between the text of a token and its verdict, and fails if an acceptance exceeds its
//! budget. Unlike a time, a count is the same on every machine.
#![expect(clippy::print_stdout, reason = "the counts are the output")]

use aws_credential_types::Credentials;
use eks_auth_benches::tokens;
use iam_principal::{Identity, Partition};
use sts_presign::{
    AcceptPolicy, ClusterId, Key, Keys, PresignedUrl, SecretAccessKey, Signer, UnixTime, verify,
};

/// One allocation each for the decoded URL, its canonical form, the copy that `url` makes, and the
/// text that the three parts of an `http::Uri` share; two for a `HeaderMap`.
const AT_MOST: u64 = 6;

fn main() {
    let verifier = tokens::Verifier::new();
    let tokens = || {
        let refused = tokens::refused();
        let refused = refused.into_iter().map(|(name, token, _)| (name, token));
        tokens::accepted().into_iter().chain(refused)
    };
    // The first run compiles the regular expressions of regions.
    let accepted = tokens().filter(|(_, token)| verifier.accept(token).is_ok());
    assert_eq!(accepted.count(), tokens::accepted().len());
    for (name, token) in tokens() {
        let counted = allocation_counter::measure(|| drop(verifier.accept(&token)));
        let (count, bytes) = (counted.count_total, counted.bytes_total);
        println!("accept/{name}: {count} allocations, {bytes} bytes");
        assert!(count <= AT_MOST, "more than {AT_MOST} allocations");
    }
    sign_and_verify();
}

/// Signing and verifying. The underlying packages determine the count, so there is no budget.
fn sign_and_verify() {
    let (Ok(cluster_id), Ok(now)) = (
        ClusterId::parse("test-cluster"),
        UnixTime::parse_rfc3339("2023-04-28T00:00:00Z"),
    ) else {
        return;
    };
    let signer = Signer::for_host("sts.us-west-2.amazonaws.com", "us-west-2", &cluster_id);
    let arn = "arn:aws:iam::111122223333:user/alice";
    let alice = Identity::new(arn, "111122223333", "AIDAEXAMPLE");
    let (Ok(signer), Ok(alice)) = (signer, alice) else {
        return;
    };
    let policy = AcceptPolicy::new(cluster_id, Partition::Aws);
    let key = Key::long_term(SecretAccessKey::new("secret"), alice);
    let keys = Keys::new().with("AKIDEXAMPLE", key);
    let identity = Credentials::new("AKIDEXAMPLE", "secret", None, None, "bench").into();
    let print = |what: &str, run: &dyn Fn()| {
        let counted = allocation_counter::measure(run);
        let (count, bytes) = (counted.count_total, counted.bytes_total);
        println!("{what}/long-term-key: {count} allocations, {bytes} bytes");
    };
    print("sign", &|| drop(signer.sign(&identity, now)));
    let Ok(signed) = signer.sign(&identity, now) else {
        return;
    };
    let accepted = PresignedUrl::parse(signed.expose()).and_then(|url| policy.accept(url, now));
    let Ok(accepted) = accepted else { return };
    assert!(verify(&accepted, &keys, now).is_ok());
    print("verify", &|| drop(verify(&accepted, &keys, now)));
}
