//! Challenges: random texts, each good for one login.

mod memory;
#[cfg(feature = "redis")]
mod redis;

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use eks_auth::UnixTime;
use thiserror::Error as ThisError;

pub use memory::{MAX_CHALLENGES, MemoryChallenges};
#[cfg(feature = "redis")]
pub use redis::RedisChallenges;

/// How long a challenge is good, in seconds: Teleport's limit (`lib/auth/join_iam.go`, the gRPC stream of one
/// join) is of this size. The client only has to sign a request in this time.
pub const CHALLENGE_LIFE: u64 = 60;

/// The random bytes of a challenge, as many as Teleport's (`generateIAMChallenge`); 43 characters in
/// base64url.
const CHALLENGE_LEN: usize = 32;

/// Keeps the challenges that have been issued but not used.
///
/// Replicas of a service share a store: a client may get a challenge from one replica and use it at
/// another.
pub trait ChallengeStore: Send + Sync + 'static {
    /// Stores a challenge for `life` seconds from `now`.
    ///
    /// # Errors
    ///
    /// [`ChallengeError::Full`] or [`ChallengeError::Unavailable`].
    fn put(
        &self,
        challenge: &str,
        now: UnixTime,
        life: u64,
    ) -> impl Future<Output = Result<(), ChallengeError>> + Send;

    /// Removes a challenge and returns whether the store had it and its life had not ended at `now`. **If calls
    /// with one challenge are concurrent, only one of them returns `true`.**
    ///
    /// # Errors
    ///
    /// [`ChallengeError::Unavailable`].
    fn take(
        &self,
        challenge: &str,
        now: UnixTime,
    ) -> impl Future<Output = Result<bool, ChallengeError>> + Send;
}

impl<S: ChallengeStore> ChallengeStore for Arc<S> {
    fn put(
        &self,
        challenge: &str,
        now: UnixTime,
        life: u64,
    ) -> impl Future<Output = Result<(), ChallengeError>> + Send {
        (**self).put(challenge, now, life)
    }

    fn take(
        &self,
        challenge: &str,
        now: UnixTime,
    ) -> impl Future<Output = Result<bool, ChallengeError>> + Send {
        (**self).take(challenge, now)
    }
}

/// Why a challenge could not be issued or looked up.
#[derive(Clone, Debug, ThisError)]
#[non_exhaustive]
pub enum ChallengeError {
    /// The store is full.
    #[error("too many challenges are outstanding")]
    Full,
    /// The system has no random numbers.
    #[error("the system has no random numbers")]
    Random,
    /// The store did not answer.
    #[error("the store of challenges is unavailable")]
    Unavailable(#[source] Arc<dyn StdError + Send + Sync>),
}

impl ChallengeError {
    /// Returns the stable kebab-case code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Full => "challenges-full",
            Self::Random => "no-random-numbers",
            Self::Unavailable(_) => "challenge-store-unavailable",
        }
    }
}

/// The header in which a login signs the challenge, and the store.
#[derive(Clone)]
pub struct Challenges<S> {
    header: String,
    store: S,
    life: u64,
}

impl<S: ChallengeStore> Challenges<S> {
    /// Challenges in a header, such as `x-teleport-challenge`, which are good for [`CHALLENGE_LIFE`] seconds.
    pub fn new(header: impl Into<String>, store: S) -> Self {
        Self {
            header: header.into().to_ascii_lowercase(),
            store,
            life: CHALLENGE_LIFE,
        }
    }

    /// Sets how long a challenge is good, in seconds.
    #[must_use]
    pub fn with_life(self, seconds: u64) -> Self {
        Self {
            life: seconds,
            ..self
        }
    }

    pub(crate) fn header(&self) -> &str {
        &self.header
    }

    pub(crate) async fn issue(&self, now: UnixTime) -> Result<String, ChallengeError> {
        let mut bytes = [0; CHALLENGE_LEN];
        getrandom::fill(&mut bytes).map_err(|_| ChallengeError::Random)?;
        let challenge = URL_SAFE_NO_PAD.encode(bytes);
        self.store.put(&challenge, now, self.life).await?;
        Ok(challenge)
    }

    pub(crate) async fn take(
        &self,
        challenge: &str,
        now: UnixTime,
    ) -> Result<bool, ChallengeError> {
        self.store.take(challenge, now).await
    }
}

impl<S> fmt::Debug for Challenges<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Challenges")
            .field("header", &self.header)
            .field("life", &self.life)
            .finish_non_exhaustive()
    }
}
