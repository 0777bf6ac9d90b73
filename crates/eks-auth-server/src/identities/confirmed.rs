//! Tokens that passed every check and whose caller STS has named, for when they are used again.

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant};

use eks_auth::eks_token::UrlText;
use eks_auth::{Identity, PendingStsCall};
use foldhash::quality::RandomState;
use moka::Expiry;
use moka::sync::Cache;

use super::TokenFacts;

/// A bounded map from the URL of a token to what is known of it.
///
/// A client uses one token for up to 15 minutes, and all checks of its URL but those of the time have the same
/// outcome each time. Only confirmed tokens that were used again are kept, so neither junk nor tokens that are
/// used once take room.
///
/// The hash is fast and has a seed of its own: a caller who can choose texts that collide has credentials that the
/// rules know, and slows down nothing but the look-ups of their own tokens.
#[derive(Clone)]
pub(super) struct ConfirmedUrls(Cache<ExactUrl, Confirmed, RandomState>);

/// The whole text of a URL. Another spelling of the same request has another.
pub(super) struct ExactUrl(pub(super) UrlText);

/// What is known of a token.
#[derive(Clone)]
pub(super) struct Confirmed {
    pub(super) call: Arc<PendingStsCall>,
    pub(super) facts: TokenFacts,
    pub(super) identity: Arc<Identity>,
    /// Until when the identity may be remembered.
    pub(super) until: Instant,
}

struct UntilForgotten;

impl Expiry<ExactUrl, Confirmed> for UntilForgotten {
    fn expire_after_create(
        &self,
        _: &ExactUrl,
        confirmed: &Confirmed,
        now: Instant,
    ) -> Option<Duration> {
        Some(confirmed.until.saturating_duration_since(now))
    }
}

impl ConfirmedUrls {
    /// Keeps up to so many bytes of URLs.
    pub(super) fn new(bytes: u64) -> Self {
        // A URL is kept twice: as the key, and in the request to STS.
        let weigh = |url: &ExactUrl, _: &Confirmed| {
            u32::try_from(url.0.expose().len().saturating_mul(2)).unwrap_or(u32::MAX)
        };
        let cache = Cache::builder()
            .max_capacity(bytes)
            .weigher(weigh)
            .expire_after(UntilForgotten)
            .build_with_hasher(RandomState::default());
        Self(cache)
    }

    pub(super) fn get(&self, url: &ExactUrl) -> Option<Confirmed> {
        self.0.get(url)
    }

    pub(super) fn insert(&self, url: ExactUrl, confirmed: Confirmed) {
        self.0.insert(url, confirmed);
    }
}

impl PartialEq for ExactUrl {
    fn eq(&self, other: &Self) -> bool {
        self.0.expose() == other.0.expose()
    }
}

impl Eq for ExactUrl {}

impl Hash for ExactUrl {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.expose().hash(state);
    }
}
