//! Challenges in memory, for a service with one replica.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::future::{Future, ready};
use std::sync::{Mutex, PoisonError};

use eks_auth::UnixTime;

use super::{ChallengeError, ChallengeStore};

/// The most outstanding challenges: our choice. With the default life, that allows a thousand logins a second,
/// in some 15 MB.
pub const MAX_CHALLENGES: usize = 65_536;

/// Keeps challenges in memory, at most [`MAX_CHALLENGES`].
///
/// A full store refuses new challenges and evicts none: if it did, a flood could void the challenges of
/// genuine clients, who would then fail after they had signed.
pub struct MemoryChallenges {
    max: usize,
    outstanding: Mutex<Outstanding>,
}

#[derive(Default)]
struct Outstanding {
    ends: HashMap<String, UnixTime>,
    in_order: BTreeSet<(UnixTime, String)>,
}

impl MemoryChallenges {
    /// Builds an empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::with_max(MAX_CHALLENGES)
    }

    /// Builds an empty store for at most `max` challenges.
    #[must_use]
    pub fn with_max(max: usize) -> Self {
        Self {
            max,
            outstanding: Mutex::default(),
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut Outstanding) -> T) -> T {
        let mut outstanding = self
            .outstanding
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        change(&mut outstanding)
    }
}

impl Default for MemoryChallenges {
    fn default() -> Self {
        Self::new()
    }
}

impl Outstanding {
    /// Removes the challenges whose life has ended.
    fn prune(&mut self, now: UnixTime) {
        while self.in_order.first().is_some_and(|(end, _)| *end <= now) {
            if let Some((_, challenge)) = self.in_order.pop_first() {
                self.ends.remove(&challenge);
            }
        }
    }
}

impl ChallengeStore for MemoryChallenges {
    fn put(
        &self,
        challenge: &str,
        now: UnixTime,
        life: u64,
    ) -> impl Future<Output = Result<(), ChallengeError>> + Send {
        ready(self.change(|outstanding| {
            outstanding.prune(now);
            if outstanding.ends.len() >= self.max {
                return Err(ChallengeError::Full);
            }
            let end = now.later(life);
            outstanding.ends.insert(challenge.to_owned(), end);
            outstanding.in_order.insert((end, challenge.to_owned()));
            Ok(())
        }))
    }

    fn take(
        &self,
        challenge: &str,
        now: UnixTime,
    ) -> impl Future<Output = Result<bool, ChallengeError>> + Send {
        ready(Ok(self.change(|outstanding| {
            let Some((challenge, end)) = outstanding.ends.remove_entry(challenge) else {
                return false;
            };
            outstanding.in_order.remove(&(end, challenge));
            now < end
        })))
    }
}

impl fmt::Debug for MemoryChallenges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryChallenges")
            .field("max", &self.max)
            .finish_non_exhaustive()
    }
}
