//! The size of the cache of identities, and how long it keeps them.

use std::time::Duration;

/// How long an identity is remembered at most: a token lives 15 minutes, so this limit only matters
/// if a shorter time is set.
pub const POSITIVE_TTL: Duration = Duration::from_mins(15);

/// How long a refusal of STS is remembered: our choice. A key that STS does not know yet becomes valid within
/// seconds, and a client that repeats a bad token does so at once.
pub const NEGATIVE_TTL: Duration = Duration::from_secs(10);

/// How many bytes of keys the cache holds: our choice, some 8,000 tokens of the usual length. Each takes
/// about twice its key's length in memory. As many bytes hold the URLs of tokens that are used again.
pub const CACHE_BYTES: u64 = 8 << 20;

/// Settings of the cache of identities.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CacheSettings {
    bytes: u64,
    positive_ttl: Duration,
    negative_ttl: Duration,
}

impl Default for CacheSettings {
    fn default() -> Self {
        Self {
            bytes: CACHE_BYTES,
            positive_ttl: POSITIVE_TTL,
            negative_ttl: NEGATIVE_TTL,
        }
    }
}

impl CacheSettings {
    /// Sets how many bytes of keys are held; by default [`CACHE_BYTES`].
    #[must_use]
    pub const fn with_bytes(self, bytes: u64) -> Self {
        Self { bytes, ..self }
    }

    /// Sets how long an identity is remembered at most; by default [`POSITIVE_TTL`]. It is never remembered
    /// beyond the end of its token.
    #[must_use]
    pub const fn with_positive_ttl(self, positive_ttl: Duration) -> Self {
        Self {
            positive_ttl,
            ..self
        }
    }

    /// Sets how long a refusal of STS is remembered; by default [`NEGATIVE_TTL`].
    #[must_use]
    pub const fn with_negative_ttl(self, negative_ttl: Duration) -> Self {
        Self {
            negative_ttl,
            ..self
        }
    }

    pub(super) const fn bytes(self) -> u64 {
        self.bytes
    }

    pub(super) const fn positive_ttl(self) -> Duration {
        self.positive_ttl
    }

    pub(super) const fn negative_ttl(self) -> Duration {
        self.negative_ttl
    }
}
