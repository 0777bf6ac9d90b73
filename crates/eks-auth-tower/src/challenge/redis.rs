//! Challenges in Redis, for a service with several replicas.

use std::fmt;
use std::sync::Arc;

use eks_auth::UnixTime;
use redis::aio::ConnectionManager;

use super::{ChallengeError, ChallengeStore};

/// Keeps challenges in Redis (6.2 or later), one key each: `SET … NX EX`, then `GETDEL`, which is atomic.
///
/// Redis ends the life of a challenge by its own clock. The number of challenges is bounded by the server's
/// `maxmemory`; with the policy `noeviction` a full server refuses new challenges.
#[derive(Clone)]
pub struct RedisChallenges {
    connection: ConnectionManager,
    prefix: String,
}

impl RedisChallenges {
    /// Stores under keys that begin with `prefix`. The connection enforces timeouts and reconnects.
    pub fn new(connection: ConnectionManager, prefix: impl Into<String>) -> Self {
        Self {
            connection,
            prefix: prefix.into(),
        }
    }

    fn key(&self, challenge: &str) -> String {
        format!("{}{challenge}", self.prefix)
    }
}

impl ChallengeStore for RedisChallenges {
    async fn put(&self, challenge: &str, _now: UnixTime, life: u64) -> Result<(), ChallengeError> {
        let stored: Option<String> = redis::cmd("SET")
            .arg(self.key(challenge))
            .arg("1")
            .arg("NX")
            .arg("EX")
            .arg(life.max(1))
            .query_async(&mut self.connection.clone())
            .await
            .map_err(unavailable)?;
        // Not stored: the same 256 random bits are outstanding, so the random numbers are not random.
        stored.map(|_| ()).ok_or(ChallengeError::Random)
    }

    async fn take(&self, challenge: &str, _now: UnixTime) -> Result<bool, ChallengeError> {
        let taken: Option<String> = redis::cmd("GETDEL")
            .arg(self.key(challenge))
            .query_async(&mut self.connection.clone())
            .await
            .map_err(unavailable)?;
        Ok(taken.is_some())
    }
}

fn unavailable(error: redis::RedisError) -> ChallengeError {
    ChallengeError::Unavailable(Arc::new(error))
}

impl fmt::Debug for RedisChallenges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisChallenges")
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}
