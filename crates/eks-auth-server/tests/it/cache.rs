//! The cache of identities.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use eks_auth::{Transport, TransportError, UnixTime};
use eks_auth_server::{
    AUTHENTICATE_PATH, CacheSettings, CacheUse, MAX_STS_CALLS, SharedSnapshot, Snapshot, Webhooks,
};

use http::{Method, Request, Response};

use crate::support::{
    Counting, RULES, caller, fault, identities, identity_map, review, token, token_with_session,
};

fn now() -> UnixTime {
    std::time::SystemTime::now().try_into().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_concurrent_reviews_of_one_token_make_one_call() {
    let sts = Arc::new(Counting {
        answers: vec![(200, caller("alice"))].into(),
        pause: Duration::from_millis(20),
        ..Counting::default()
    });
    let identities = Arc::new(identities(sts.clone()));
    let token = token("AKIDEXAMPLE");
    let reviews: Vec<_> = (0..1_000)
        .map(|_| {
            let (identities, token) = (Arc::clone(&identities), token.clone());
            tokio::spawn(async move { identities.identify(&token, now()).await })
        })
        .collect();
    let mut misses = 0;
    for review in reviews {
        let identified = review.await.unwrap();
        let arn = identified.outcome.unwrap().arn().to_owned();
        assert_eq!(arn, "arn:aws:iam::111122223333:user/alice");
        misses += usize::from(identified.cache == CacheUse::Miss);
        assert_eq!(
            identified.sts_time.is_some(),
            identified.cache == CacheUse::Miss
        );
    }
    assert_eq!((sts.calls(), misses), (1, 1));
}

/// Each row: how long a refusal is remembered, and the calls if a token is refused twice.
#[tokio::test]
async fn a_refusal_is_remembered_for_its_time() {
    for (negative_ttl, calls) in [(Duration::ZERO, 2), (Duration::from_secs(600), 1)] {
        let sts = Counting::answering(&[(403, fault("ExpiredToken"))]);
        let settings = CacheSettings::default().with_negative_ttl(negative_ttl);
        let identities = identities(sts.clone()).with_cache(settings);
        assert_eq!(identities.free_sts_calls(), MAX_STS_CALLS);
        let token = token("AKIDEXAMPLE");
        for _ in 0..2 {
            let identified = identities.identify(&token, now()).await;
            assert!(identified.outcome.is_err());
        }
        assert_eq!(sts.calls(), calls, "{negative_ttl:?}");
    }
}

#[tokio::test]
async fn identities_and_refusals_are_remembered_and_failures_are_not() {
    for (first, status, calls) in [
        ((200, caller("alice")), "accepted", 1),
        ((403, fault("ExpiredToken")), "refused", 1),
        ((403, "<html>".to_owned()), "failed", 2),
        ((200, "{}".to_owned()), "failed", 2),
    ] {
        let sts = Counting::answering(&[first]);
        let identities = identities(sts.clone());
        let token = token("AKIDEXAMPLE");
        for _ in 0..2 {
            let got = match identities.identify(&token, now()).await.outcome {
                Ok(_) => "accepted",
                Err(eks_auth::AuthError::Refused(_)) => "refused",
                Err(eks_auth::AuthError::Failed(_)) => "failed",
            };
            assert_eq!(got, status);
        }
        assert_eq!(sts.calls(), calls, "{status}");
    }
}

/// The key is the decoded request: neither the order nor the spelling of its parameters matters, and no other
/// request has the same key.
#[tokio::test]
async fn the_key_is_the_request_and_not_the_text() {
    let sts = Counting::answering(&[(200, caller("alice"))]);
    let identities = identities(sts.clone());
    let token = token("AKIDEXAMPLE");
    let url = eks_token::Token::parse(&token).unwrap().decode().unwrap();
    let (base, query) = url.expose().split_once('?').unwrap();
    let mut parameters: Vec<&str> = query.split('&').collect();
    parameters.reverse();
    let turned = format!("{base}?{}", parameters.join("&"));
    let respelled = url.expose().replace("%2F", "%2f").replace("%3B", "%3b");
    for url in [url.expose().to_owned(), turned, respelled] {
        let token = eks_token::Token::encode(&url).unwrap();
        assert!(
            identities
                .identify(token.expose(), now())
                .await
                .outcome
                .is_ok()
        );
    }
    assert_eq!(sts.calls(), 1);
    assert!(
        identities
            .identify(&crate::support::token("AKIDOTHER"), now())
            .await
            .outcome
            .is_ok()
    );
    assert_eq!(sts.calls(), 2);
}

#[tokio::test]
async fn nothing_is_remembered_beyond_its_time() {
    let sts = Counting::answering(&[(200, caller("alice"))]);
    let settings = CacheSettings::default().with_positive_ttl(Duration::ZERO);
    let identities = identities(sts.clone()).with_cache(settings);
    let token = token("AKIDEXAMPLE");
    for _ in 0..3 {
        assert!(identities.identify(&token, now()).await.outcome.is_ok());
    }
    assert_eq!(sts.calls(), 3);
    // A token that has ended is refused before the cache is asked.
    let later = now().later(3_600);
    let ended = identities.identify(&token, later).await;
    assert_eq!(ended.outcome.unwrap_err().code(), "expired");
    assert_eq!(ended.cache, CacheUse::Unused);
}

/// If a token is used again, only the check of its time is repeated.
#[tokio::test]
async fn a_token_in_use_is_refused_outside_its_time() {
    let sts = Counting::answering(&[(200, caller("alice"))]);
    let identities = identities(sts.clone());
    let token = token("AKIDEXAMPLE");
    let signed_at = now();
    for (at, code, cache) in [
        (signed_at, None, CacheUse::Miss),
        (signed_at, None, CacheUse::Hit),
        (signed_at, None, CacheUse::Hit),
        (signed_at.later(890), None, CacheUse::Hit),
        (signed_at.later(910), Some("expired"), CacheUse::Unused),
        (signed_at.earlier(290), None, CacheUse::Hit),
        (
            signed_at.earlier(310),
            Some("not-yet-valid"),
            CacheUse::Unused,
        ),
        (signed_at, None, CacheUse::Hit),
    ] {
        let got = identities.identify(&token, at).await;
        let is_accepted = got.outcome.is_ok();
        assert_eq!(
            (got.outcome.err().map(|e| e.code()), got.cache),
            (code, cache)
        );
        assert_eq!(got.token.is_some(), is_accepted);
    }
    assert_eq!(sts.calls(), 1);
}

#[tokio::test]
async fn a_token_in_use_vouches_for_no_other() {
    let sts = Counting::answering(&[
        (200, caller("alice")),
        (403, fault("SignatureDoesNotMatch")),
    ]);
    let identities = identities(sts.clone());
    let token = token("AKIDEXAMPLE");
    for _ in 0..3 {
        assert!(identities.identify(&token, now()).await.outcome.is_ok());
    }
    let url = eks_token::Token::parse(&token).unwrap().decode().unwrap();
    let (start, signature) = url.expose().split_once("X-Amz-Signature=").unwrap();
    let turned: String = signature.chars().rev().collect();
    let forged = format!("{start}X-Amz-Signature={turned}");
    let forged = eks_token::Token::encode(&forged).unwrap();
    let got = identities.identify(forged.expose(), now()).await;
    assert!(got.outcome.is_err());
    assert_eq!((got.cache, sts.calls()), (CacheUse::Miss, 2));
}

#[tokio::test]
async fn a_token_in_use_is_asked_about_again_in_time() {
    const TTL: Duration = Duration::from_millis(100);
    let sts = Counting::answering(&[(200, caller("alice"))]);
    let settings = CacheSettings::default().with_positive_ttl(TTL);
    let identities = identities(sts.clone()).with_cache(settings);
    let token = token("AKIDEXAMPLE");
    for _ in 0..3 {
        assert!(identities.identify(&token, now()).await.outcome.is_ok());
    }
    let before = sts.calls();
    tokio::time::sleep(2 * TTL).await;
    assert!(identities.identify(&token, now()).await.outcome.is_ok());
    assert_eq!(sts.calls(), before + 1);
}

/// An operator sets the number of bytes. Entries that do not fit are forgotten, and STS is asked about them
/// again.
#[tokio::test]
async fn every_size_of_the_cache_works() {
    for (bytes, most_calls) in [(0, 4), (1, 4), (4_096, 1), (u64::MAX, 1)] {
        let sts = Counting::answering(&[(200, caller("alice"))]);
        let settings = CacheSettings::default().with_bytes(bytes);
        let identities = identities(sts.clone()).with_cache(settings);
        let token = token("AKIDEXAMPLE");
        for _ in 0..4 {
            assert!(identities.identify(&token, now()).await.outcome.is_ok());
        }
        assert!((1..=most_calls).contains(&sts.calls()), "{bytes}");
    }
}

#[tokio::test]
async fn a_malformed_token_never_reaches_sts() {
    let sts = Counting::answering(&[(200, caller("alice"))]);
    let identities = identities(sts.clone());
    for token in ["", "k8s-aws-v1.", "k8s-aws-v1.AAAA", &"x".repeat(100_000)] {
        assert!(identities.identify(token, now()).await.outcome.is_err());
    }
    assert_eq!((sts.calls(), identities.remembered()), (0, 0));
}

/// A flood of tokens that are used once does not displace a token that is used often.
#[tokio::test]
async fn a_flood_of_one_time_tokens_does_not_turn_the_cache_over() {
    let sts = Counting::answering(&[(200, caller("alice"))]);
    // There is room for about twenty tokens.
    let settings = CacheSettings::default().with_bytes(12_000);
    let identities = identities(sts.clone()).with_cache(settings);
    let hot = token("AKIDHOT");
    for _ in 0..50 {
        assert!(identities.identify(&hot, now()).await.outcome.is_ok());
    }
    for number in 0..200 {
        let junk = token(&format!("AKIDJUNK{number}"));
        assert!(identities.identify(&junk, now()).await.outcome.is_ok());
        if number % 10 == 0 {
            assert!(identities.identify(&hot, now()).await.outcome.is_ok());
        }
    }
    let before = sts.calls();
    let last = identities.identify(&hot, now()).await;
    assert_eq!(last.cache, CacheUse::Hit);
    assert_eq!(sts.calls(), before);
    let remembered = identities.remembered();
    assert!((1..60).contains(&remembered), "{remembered}");
}

/// A change of the rules also affects remembered identities.
#[tokio::test]
async fn rules_apply_after_the_cache() {
    let sts = Counting::answering(&[(200, caller("alice"))]);
    let identities = identities(sts.clone());
    let rules = SharedSnapshot::new(Snapshot::new(identity_map(RULES)));
    let token = token("AKIDEXAMPLE");
    let mut names = Vec::new();
    for name in ["alice", "other"] {
        let changed = RULES.replace("username: alice", &format!("username: {name}"));
        let map = Arc::new(identity_map(&changed));
        rules.update(|now| now.with_identity_map(Arc::clone(&map)));
        let identity = identities.identify(&token, now()).await.outcome.unwrap();
        let identity = eks_auth::Identity::clone(&identity);
        let known = eks_auth::Authenticated::resolve(identity, rules.load().identity_map());
        names.push(known.unwrap().user().username().to_owned());
    }
    assert_eq!(names, ["alice", "other"]);
    assert_eq!(sts.calls(), 1);
}

/// While STS is down, repetitions stay within their budget.
#[tokio::test(start_paused = true)]
async fn an_outage_is_not_made_worse_by_repetitions() {
    let sts = Counting::answering(&[(503, String::new())]);
    let identities = Arc::new(identities(sts.clone()));
    let mut logins = tokio::task::JoinSet::new();
    for number in 0..100 {
        let (identities, token) = (Arc::clone(&identities), token(&format!("AKID{number}")));
        logins.spawn(async move { identities.identify(&token, now()).await.outcome.is_err() });
    }
    assert!(logins.join_all().await.into_iter().all(|failed| failed));
    // 100 calls, a fifth of them again, and five a second within ten seconds.
    assert!(sts.calls() <= 100 + 20 + 50, "{}", sts.calls());
    assert!(sts.calls() > 100, "{}", sts.calls());
}

/// An STS that accepts tokens of the key `AKIDALICE`, refuses tokens of its session `junk`, and does not
/// answer other tokens.
#[derive(Default)]
struct OnlyAlice {
    calls: AtomicUsize,
}

impl Transport for OnlyAlice {
    async fn send(&self, request: Request<()>) -> Result<Response<Vec<u8>>, TransportError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let uri = request.uri().to_string();
        let (status, body) = match uri.contains("AKIDALICE") {
            true if uri.contains("X-Amz-Security-Token=junk") => {
                (403, fault("SignatureDoesNotMatch"))
            }
            true => (200, caller("alice")),
            false => std::future::pending().await,
        };
        let answer = Response::builder()
            .status(status)
            .header("content-type", "application/json");
        Ok(answer.body(body.into_bytes()).unwrap())
    }
}

impl OnlyAlice {
    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// Waits until this many calls were made.
    async fn reached(&self, calls: usize) {
        while self.calls() < calls {
            tokio::task::yield_now().await;
        }
    }
}

fn alice(session: &str) -> String {
    token_with_session("AKIDALICE", session)
}

/// A flood of well-formed tokens takes every open call and every place to wait. Further tokens fail at once.
/// Meanwhile a known caller logs in with new tokens.
#[tokio::test]
async fn known_callers_keep_a_share_of_the_calls_in_a_flood() {
    let sts = Arc::new(OnlyAlice::default());
    let identities = Arc::new(identities(sts.clone()).with_sts_calls(4, 1, 10));
    let first = identities.identify(&alice("1"), now()).await;
    assert!(first.outcome.is_ok());
    identities.know("AKIDALICE");
    let mut flood = tokio::task::JoinSet::new();
    for number in 0..100 {
        let (identities, junk) = (Arc::clone(&identities), token(&format!("AKIDJUNK{number}")));
        flood.spawn(async move { identities.identify(&junk, now()).await.outcome });
    }
    // Three calls are open to all, and ten reviews wait for them.
    for _ in 0..87 {
        let beyond = flood.join_next().await.unwrap().unwrap().unwrap_err();
        assert_eq!(beyond.code(), "sts-overloaded");
    }
    sts.reached(4).await;
    for session in ["2", "3"] {
        let known = identities.identify(&alice(session), now()).await;
        assert!(known.outcome.is_ok(), "{known:?}");
    }
    assert_eq!(sts.calls(), 6);
}

/// A caller who was accepted is known to the webhooks.
#[tokio::test]
async fn a_caller_who_was_let_in_logs_in_during_a_flood() {
    let sts = Arc::new(OnlyAlice::default());
    let identities = identities(sts.clone()).with_sts_calls(2, 1, 0);
    let rules = SharedSnapshot::new(Snapshot::new(identity_map(RULES)));
    let webhooks = Webhooks::new(identities, rules, Arc::default(), Arc::new(()));
    let webhooks = Arc::new(webhooks);
    let ask = async |webhooks: &Webhooks, token: &str| {
        let (body, peer) = (review(token), IpAddr::from([127, 0, 0, 1]));
        let body = body.as_bytes();
        let answer = webhooks.respond(&Method::POST, AUTHENTICATE_PATH, body, peer);
        answer.await.status().as_u16()
    };
    assert_eq!(ask(&webhooks, &alice("1")).await, 200);
    let flooded = Arc::clone(&webhooks);
    tokio::spawn(async move { ask(&flooded, &token("AKIDJUNK")).await });
    sts.reached(2).await;
    assert_eq!(ask(&webhooks, &token("AKIDOTHER")).await, 503);
    assert_eq!(ask(&webhooks, &alice("2")).await, 200);
}

/// Junk that names a known key takes the reserved share once: its refusal makes the key unknown.
#[tokio::test]
async fn a_refused_token_takes_its_key_out_of_the_reserved_share() {
    let sts = Arc::new(OnlyAlice::default());
    let identities = Arc::new(identities(sts.clone()).with_sts_calls(2, 1, 0));
    identities.know("AKIDALICE");
    let (flooded, junk) = (Arc::clone(&identities), token("AKIDJUNK"));
    tokio::spawn(async move { flooded.identify(&junk, now()).await });
    sts.reached(1).await;
    for (session, code) in [
        ("1", "ok"),
        ("junk", "signature-mismatch"),
        ("2", "sts-overloaded"),
    ] {
        let outcome = identities.identify(&alice(session), now()).await.outcome;
        let got = outcome.map_or_else(|error| error.code(), |_| "ok");
        assert_eq!(got, code, "{session}");
    }
}
