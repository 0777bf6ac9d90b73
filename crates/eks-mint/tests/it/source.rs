//! When the source asks the provider, and which token callers get.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, Result as Provided, future};
use eks_mint::{ClusterId, Endpoint, MIN_INTERVAL, Minter, REFRESH_AHEAD, TokenSource, UnixTime};
use tokio::sync::Semaphore;

/// 2026-11-23T09:00:00Z.
const START: u64 = 1_795_424_400;

/// A clock, and a provider that answers only when the test allows it.
#[derive(Clone, Debug)]
struct World {
    now: Arc<AtomicU64>,
    asked: Arc<AtomicUsize>,
    may_answer: Arc<Semaphore>,
    fails: Arc<Mutex<bool>>,
    /// How long the credentials live, in seconds.
    life: Arc<AtomicU64>,
}

impl World {
    fn new() -> Self {
        Self {
            now: Arc::new(AtomicU64::new(START)),
            asked: Arc::default(),
            may_answer: Arc::new(Semaphore::new(1_000)),
            fails: Arc::default(),
            life: Arc::new(AtomicU64::new(1_000_000)),
        }
    }

    fn source(&self) -> TokenSource {
        let endpoint = Endpoint::from_host("sts.us-east-1.amazonaws.com").unwrap();
        let minter = Minter::new(&endpoint, &ClusterId::parse("dev").unwrap());
        let now = Arc::clone(&self.now);
        let clock = move || UnixTime::from_secs(now.load(Ordering::SeqCst)).unwrap();
        TokenSource::new(minter, self.clone(), clock)
    }

    fn at(&self, seconds: u64) {
        let now = START.checked_add(seconds).unwrap();
        self.now.store(now, Ordering::SeqCst);
    }

    fn fail(&self, fails: bool) {
        *self.fails.lock().unwrap() = fails;
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    async fn answer(self) -> Provided {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let _permit = self.may_answer.acquire().await.unwrap();
        if *self.fails.lock().unwrap() {
            return Err(CredentialsError::not_loaded("SECRET"));
        }
        let now = self.now.load(Ordering::SeqCst);
        let end = now.checked_add(self.life.load(Ordering::SeqCst)).unwrap();
        let end = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(end));
        Ok(Credentials::new("AKID", "s", None, end, "test"))
    }
}

impl ProvideCredentials for World {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.clone().answer())
    }
}

#[tokio::test]
async fn a_token_is_used_until_its_refresh_is_due() {
    for ahead in [REFRESH_AHEAD, REFRESH_AHEAD + 100] {
        let world = World::new();
        let source = match ahead {
            REFRESH_AHEAD => world.source(),
            _ => world.source().with_refresh_ahead(ahead),
        };
        let first = source.token().await.unwrap();
        let due = 840 - ahead;
        world.at(due - 1);
        assert_eq!(source.token().await.unwrap().expose(), first.expose());
        assert_eq!(world.asked(), 1);
        world.at(due);
        let second = source.token().await.unwrap();
        assert_ne!(second.expose(), first.expose());
        assert_eq!(second.minted_at().as_secs(), START + due);
        assert_eq!(world.asked(), 2);
    }
}

#[tokio::test]
async fn concurrent_callers_share_one_minting_and_one_error() {
    for fails in [false, true] {
        let world = World::new();
        world.fail(fails);
        let closed = Arc::clone(&world.may_answer);
        let all = closed.acquire_many(1_000).await.unwrap();
        let source = Arc::new(world.source());
        let callers: Vec<_> = (0..100)
            .map(|_| {
                let source = Arc::clone(&source);
                tokio::spawn(
                    async move { source.token().await.map(|token| token.expose().to_owned()) },
                )
            })
            .collect();
        // Every caller waits. The first caller waits for the provider.
        while world.asked() == 0 {
            tokio::task::yield_now().await;
        }
        for _ in 0..200 {
            tokio::task::yield_now().await;
        }
        drop(all);
        let mut results = Vec::new();
        for caller in callers {
            results.push(caller.await.unwrap());
        }
        results.dedup();
        assert_eq!(results.len(), 1);
        assert_eq!(results[0].is_err(), fails);
        assert_eq!(world.asked(), 1);
        // The callers who waited share an error, and it is not kept.
        let _ = source.token().await;
        assert_eq!(world.asked(), 1 + usize::from(fails));
    }
}

#[tokio::test]
async fn callers_use_the_old_token_while_another_is_minted() {
    let world = World::new();
    let source = Arc::new(world.source());
    let old = source.token().await.unwrap();
    world.at(800);
    let closed = Arc::clone(&world.may_answer);
    let all = closed.acquire_many(1_000).await.unwrap();
    let minting = tokio::spawn({
        let source = Arc::clone(&source);
        async move { source.token().await.unwrap().expose().to_owned() }
    });
    while world.asked() == 1 {
        tokio::task::yield_now().await;
    }
    assert_eq!(source.token().await.unwrap().expose(), old.expose());
    drop(all);
    let new = minting.await.unwrap();
    assert_eq!(source.token().await.unwrap().expose(), new);
    assert_eq!(world.asked(), 2);
}

#[tokio::test]
async fn the_old_token_bridges_a_failing_provider_until_it_expires() {
    let world = World::new();
    let source = world.source();
    let old = source.token().await.unwrap();
    world.fail(true);
    world.at(800);
    for _ in 0..10 {
        assert_eq!(source.token().await.unwrap().expose(), old.expose());
    }
    assert_eq!(world.asked(), 2);
    world.at(800 + MIN_INTERVAL);
    assert_eq!(source.token().await.unwrap().expose(), old.expose());
    assert_eq!(world.asked(), 3);
    world.at(840);
    let error = source.token().await.unwrap_err();
    assert_eq!(error.code(), "credentials-not-found");
    assert!(!error.to_string().contains("SECRET"));
    world.fail(false);
    assert!(source.token().await.is_ok());
}

#[tokio::test]
async fn credentials_that_soon_expire_do_not_mean_a_minting_for_each_caller() {
    let world = World::new();
    world.life.store(30, Ordering::SeqCst);
    let source = world.source();
    let token = source.token().await.unwrap();
    assert_eq!(token.expires_at().as_secs(), START + 30);
    world.at(MIN_INTERVAL - 1);
    source.token().await.unwrap();
    assert_eq!(world.asked(), 1);
    world.at(MIN_INTERVAL);
    source.token().await.unwrap();
    assert_eq!(world.asked(), 2);
}

#[tokio::test]
async fn a_refused_token_is_replaced_at_most_once_per_interval() {
    let world = World::new();
    let source = world.source();
    let old = source.token().await.unwrap();
    source.refuse(&old);
    assert_eq!(source.token().await.unwrap().expose(), old.expose());
    world.at(MIN_INTERVAL);
    let new = source.token().await.unwrap();
    assert_ne!(new.expose(), old.expose());
    // A late report about the old token does not affect the new token.
    source.refuse(&old);
    world.at(3 * MIN_INTERVAL);
    assert_eq!(source.token().await.unwrap().expose(), new.expose());
    assert_eq!(world.asked(), 2);
}

#[tokio::test]
async fn a_clock_set_back_does_not_keep_a_token_from_the_future() {
    let world = World::new();
    world.at(10_000);
    let source = world.source();
    let future = source.token().await.unwrap();
    world.at(10_000 - 300);
    assert_eq!(source.token().await.unwrap().expose(), future.expose());
    world.at(0);
    assert_eq!(source.token().await.unwrap().minted_at().as_secs(), START);
}

#[tokio::test]
async fn a_caller_that_gives_up_leaves_the_minting_to_the_next() {
    let world = World::new();
    let closed = Arc::clone(&world.may_answer);
    let all = closed.acquire_many(1_000).await.unwrap();
    let source = Arc::new(world.source());
    let leader = tokio::spawn({
        let source = Arc::clone(&source);
        async move { source.token().await.map(|_| ()) }
    });
    while world.asked() == 0 {
        tokio::task::yield_now().await;
    }
    leader.abort();
    assert!(leader.await.unwrap_err().is_cancelled());
    drop(all);
    assert!(source.token().await.is_ok());
    assert_eq!(world.asked(), 2);
}
