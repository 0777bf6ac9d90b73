//! The store of challenges in memory.

use std::sync::Arc;

use eks_auth_tower::{ChallengeError, ChallengeStore as _, MemoryChallenges};

use crate::world::now;

#[tokio::test]
async fn a_challenge_is_taken_once_and_within_its_life() {
    let store = MemoryChallenges::new();
    store.put("a", now(), 60).await.unwrap();
    store.put("b", now(), 60).await.unwrap();
    assert!(store.take("a", now().later(59)).await.unwrap());
    assert!(!store.take("a", now()).await.unwrap());
    assert!(!store.take("b", now().later(60)).await.unwrap());
    assert!(!store.take("c", now()).await.unwrap());
}

#[tokio::test]
async fn a_full_store_refuses_and_evicts_nothing_that_is_good() {
    let store = MemoryChallenges::with_max(2);
    store.put("a", now(), 60).await.unwrap();
    store.put("b", now(), 30).await.unwrap();
    let full = store.put("c", now(), 60).await;
    assert!(matches!(full, Err(ChallengeError::Full)));
    // A used challenge makes room, and so does a challenge that has ended.
    assert!(store.take("a", now()).await.unwrap());
    store.put("c", now(), 60).await.unwrap();
    assert!(store.put("d", now().later(29), 60).await.is_err());
    store.put("d", now().later(30), 60).await.unwrap();
    assert!(store.take("c", now().later(30)).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_concurrent_uses_one_succeeds() {
    let store = Arc::new(MemoryChallenges::new());
    store.put("a", now(), 60).await.unwrap();
    let uses: Vec<_> = (0..100)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.take("a", now()).await.unwrap() })
        })
        .collect();
    let mut successes = 0;
    for one in uses {
        successes += u32::from(one.await.unwrap());
    }
    assert_eq!(successes, 1);
}
