//! Keeps tokens that passed every check and whose caller STS has named, so that they are recognized
//! when they are used again.

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
/// A client uses one token for up to 15 minutes. Except for the time, all checks of its URL have the same
/// outcome each time. Only confirmed tokens that were used again are kept, so junk and tokens that are used
/// once take no room.
///
/// `quick_cache` has neither times to live nor deferred work, so a look-up costs a hash and a lock that readers
/// share. Expired entries stay until their room is needed.
pub(super) struct ConfirmedUrls(Cache<ExactUrl, Confirmed, ByLength>);

/// The weight of the URL of a usual token, used to reserve room.
const USUAL_WEIGHT: u64 = 2_048;

/// The whole text of a URL. Another spelling of the same request has another text.
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
    /// Builds a map for up to this many bytes of URLs.
    pub(super) fn new(bytes: u64) -> Self {
        let number = usize::try_from(bytes / USUAL_WEIGHT).unwrap_or(usize::MAX);
        Self(Cache::with_weighter(number, bytes, ByLength))
    }

    pub(super) fn get(&self, url: &ExactUrl) -> Option<Confirmed> {
        let confirmed = self.0.get(url)?;
        confirmed.is_current(Instant::now()).then_some(confirmed)
    }

    /// Keeps the facts about a token, in place of older ones.
    pub(super) fn insert(&self, url: ExactUrl, confirmed: Confirmed) {
        self.0.insert(url, confirmed);
    }
}

impl Confirmed {
    fn is_current(&self, now: Instant) -> bool {
        now < self.until
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
    use std::time::{Duration, UNIX_EPOCH};

    use aws_credential_types::Credentials;
    use eks_auth::eks_token::Token;
    use eks_auth::{AcceptPolicy, Authenticator, ClusterId, Partition, UnixTime};
    use sts_presign::{Endpoint, Signer};

    use super::*;

    /// When the tokens of the tests are signed, in seconds since 1970.
    const SIGNED_AT: u64 = 1_800_000_000;

    /// Returns the URL of a token that this access key signed.
    fn signed_by(access_key_id: &str) -> ExactUrl {
        let endpoint = Endpoint::from_host("sts.us-west-2.amazonaws.com").unwrap();
        let signer = Signer::new(&endpoint, &ClusterId::parse("demo").unwrap());
        let credentials = Credentials::new(access_key_id, "secret", None, None, "test");
        let at = UNIX_EPOCH
            .checked_add(Duration::from_secs(SIGNED_AT))
            .unwrap();
        let url = signer.sign_at(&credentials, at).unwrap();
        let token = Token::encode(url.expose()).unwrap();
        ExactUrl(Token::parse(token.expose()).unwrap().decode().unwrap())
    }

    fn confirmed(url: &ExactUrl, until: Instant) -> Confirmed {
        let policy = AcceptPolicy::new(ClusterId::parse("demo").unwrap(), Partition::Aws);
        let now = UnixTime::from_secs(SIGNED_AT).unwrap();
        let call = Authenticator::new(policy).begin_with_url(&url.0, now);
        let call = call.unwrap();
        let arn = "arn:aws:iam::111122223333:user/alice";
        Confirmed {
            facts: TokenFacts::of(&call),
            call: Arc::new(call),
            identity: Arc::new(Identity::new(arn, "111122223333", "AIDAEXAMPLE").unwrap()),
            until,
        }
    }

    #[test]
    fn a_token_is_forgotten_when_its_time_ends() {
        let (one, end) = (signed_by("AKIDONE"), Instant::now());
        let ended = confirmed(&one, end);
        assert!(!ended.is_current(end));
        assert!(ended.is_current(end.checked_sub(Duration::from_nanos(1)).unwrap()));
        let urls = ConfirmedUrls::new(1 << 20);
        urls.insert(signed_by("AKIDONE"), ended);
        assert!(urls.get(&one).is_none());
        let later = end.checked_add(Duration::from_secs(3_600)).unwrap();
        urls.insert(signed_by("AKIDONE"), confirmed(&one, later));
        assert!(urls.get(&one).is_some_and(|found| found.until == later));
        assert!(urls.get(&signed_by("AKIDOTHER")).is_none());
    }

    /// A user with many tokens does not fill the memory.
    #[test]
    fn no_more_urls_are_kept_than_fit() {
        const ROOM: usize = 65_536;
        let later = Instant::now().checked_add(Duration::from_secs(3_600));
        let urls = ConfirmedUrls::new(ROOM.try_into().unwrap());
        let url_of = |number: usize| signed_by(&format!("AKID{number}"));
        for number in 0..300 {
            let (url, again) = (url_of(number), url_of(number));
            urls.insert(again, confirmed(&url, later.unwrap()));
        }
        let kept = (0..300).map(url_of).filter(|url| urls.get(url).is_some());
        // Each URL is kept twice.
        let bytes: usize = kept.map(|url| 2 * url.0.expose().len()).sum();
        assert!(bytes > 0 && bytes <= ROOM, "{bytes}");
    }

    /// A look-up in the table compares all URLs whose hashes look equal to it. Some of these URLs differ.
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
