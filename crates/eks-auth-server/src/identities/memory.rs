//! The answers of STS to requests, for as long as they may be remembered.

use std::sync::Arc;
use std::time::{Duration, Instant};

use eks_auth::{AuthError, Identity, PendingStsCall, Refused, UnixTime};
use moka::Expiry;
use moka::future::Cache;
use sts_presign::CacheKey;

use super::CacheSettings;
use super::confirmed::ConfirmedUrls;

/// The caches, which are bounded and forget by time.
pub(super) struct Memory {
    settings: CacheSettings,
    pub(super) answers: Cache<CacheKey, Remembered>,
    pub(super) confirmed: ConfirmedUrls,
}

/// The answer of STS to a request.
#[derive(Clone)]
pub(super) struct Remembered {
    pub(super) outcome: Result<Arc<Identity>, Refused>,
    pub(super) until: Instant,
    weight: u32,
}

struct UntilForgotten;

impl Expiry<CacheKey, Remembered> for UntilForgotten {
    fn expire_after_create(
        &self,
        _: &CacheKey,
        remembered: &Remembered,
        now: Instant,
    ) -> Option<Duration> {
        Some(remembered.until.saturating_duration_since(now))
    }
}

impl Memory {
    pub(super) fn new(settings: CacheSettings) -> Self {
        let answers = Cache::builder()
            .max_capacity(settings.bytes())
            .weigher(|_, remembered: &Remembered| remembered.weight)
            .expire_after(UntilForgotten)
            .build();
        Self {
            settings,
            answers,
            confirmed: ConfirmedUrls::new(settings.bytes()),
        }
    }

    pub(super) const fn settings(&self) -> CacheSettings {
        self.settings
    }

    /// Decides whether an outcome may be remembered, and for how long.
    pub(super) fn remember(
        &self,
        call: &PendingStsCall,
        token: &str,
        now: UnixTime,
        outcome: Result<Identity, AuthError>,
    ) -> Result<Remembered, AuthError> {
        let (outcome, limit) = match outcome {
            Ok(identity) => (Ok(Arc::new(identity)), self.settings.positive_ttl()),
            Err(AuthError::Refused(refused)) => (Err(refused), self.settings.negative_ttl()),
            Err(error @ AuthError::Failed(_)) => return Err(error),
        };
        let end = call.accepted().expires_at();
        let left = Duration::from_secs(end.as_secs().saturating_sub(now.as_secs()));
        let start = Instant::now();
        Ok(Remembered {
            outcome,
            until: start.checked_add(left.min(limit)).unwrap_or(start),
            weight: u32::try_from(token.len()).unwrap_or(u32::MAX),
        })
    }
}
