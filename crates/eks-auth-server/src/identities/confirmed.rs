//! Tokens that passed every check and whose caller STS has named, for when they are used again.

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Instant;

use eks_auth::eks_token::UrlText;
use eks_auth::{Identity, PendingStsCall};
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::TokenFacts;

/// A bounded map from the URL of a token to the facts about it.
///
/// A client uses one token for up to 15 minutes, and all checks of its URL but those of the time have the same
/// outcome each time. Only confirmed tokens that were used again are kept, so neither junk nor tokens that are
/// used once take room.
///
/// `quick_cache` has neither times to live nor deferred work, so a look-up is a hash and a lock that readers share;
/// what has expired stays until its room is needed.
pub(super) struct ConfirmedUrls(Cache<ExactUrl, Confirmed, ByLength>);

/// What the URL of a usual token weighs. It serves to reserve room.
const USUAL_WEIGHT: u64 = 2_048;

/// The whole text of a URL. Another spelling of the same request has another.
pub(super) struct ExactUrl(pub(super) UrlText);

/// The facts about a token in use.
#[derive(Clone)]
pub(super) struct Confirmed {
    pub(super) call: Arc<PendingStsCall>,
    pub(super) facts: TokenFacts,
    pub(super) identity: Arc<Identity>,
    /// Until when the identity may be remembered.
    pub(super) until: Instant,
}

/// Weighs a URL, which is kept twice: as the key, and in the request to STS.
#[derive(Clone)]
struct ByLength;

impl Weighter<ExactUrl, Confirmed> for ByLength {
    fn weight(&self, url: &ExactUrl, _: &Confirmed) -> u64 {
        let len = u64::try_from(url.0.expose().len());
        len.unwrap_or(u64::MAX).saturating_mul(2)
    }
}

impl ConfirmedUrls {
    /// Keeps up to so many bytes of URLs.
    pub(super) fn new(bytes: u64) -> Self {
        let number = usize::try_from(bytes / USUAL_WEIGHT).unwrap_or(usize::MAX);
        Self(Cache::with_weighter(number, bytes, ByLength))
    }

    pub(super) fn get(&self, url: &ExactUrl) -> Option<Confirmed> {
        let confirmed = self.0.get(url)?;
        (Instant::now() < confirmed.until).then_some(confirmed)
    }

    /// Keeps the facts about a token, in place of older ones.
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

#[cfg(test)]
mod tests {
    use std::hash::BuildHasher as _;

    use eks_auth::eks_token::Token;

    use super::*;

    /// A look-up in the table compares the URLs whose hashes it takes for equal, which are more than those that are.
    #[test]
    fn a_url_is_equal_to_itself_alone() {
        let read = |token: &str| ExactUrl(Token::parse(token).unwrap().decode().unwrap());
        // `https://sts.amazonaws.com/?X-Amz-Signature=a`, with another value, and with a name in another case.
        let tokens = [
            "k8s-aws-v1.aHR0cHM6Ly9zdHMuYW1hem9uYXdzLmNvbS8_WC1BbXotU2lnbmF0dXJlPWE",
            "k8s-aws-v1.aHR0cHM6Ly9zdHMuYW1hem9uYXdzLmNvbS8_WC1BbXotU2lnbmF0dXJlPWI",
            "k8s-aws-v1.aHR0cHM6Ly9zdHMuYW1hem9uYXdzLmNvbS8_eC1BbXotU2lnbmF0dXJlPWE",
        ];
        let state = std::collections::hash_map::RandomState::new();
        for one in tokens {
            for other in tokens {
                let (one_url, other_url) = (read(one), read(other));
                assert_eq!(one_url == other_url, one == other);
                let hashes = [&one_url, &other_url].map(|url| state.hash_one(url));
                assert_eq!(hashes[0] == hashes[1], one == other);
            }
        }
    }
}
