//! From a token to an identity: validation, the cache, and STS within limits.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use backon::{ExponentialBuilder, Retryable as _};
use eks_auth::{
    AuthError, Authenticator, DynTransport, Failed, Identity, PendingStsCall, Refused,
    Transport as _, TransportError, TransportErrorKind, UnixTime,
};
use moka::Expiry;
use moka::future::Cache;
use sts_presign::{AnswerFailure, CacheKey};
use tower::retry::budget::{Budget as _, TpsBudget};

use crate::metrics::Metrics;
use crate::sts_lanes::{MAX_STS_CALLS, MAX_WAITING, RESERVED_STS_CALLS, StsLanes};
use crate::traces::Traces;

/// How long STS has to answer, repeated attempts and the wait for a free call included: upstream's timeout
/// (`pkg/token/token.go`, the client of `NewVerifier`).
pub const STS_DEADLINE: Duration = Duration::from_secs(10);

/// How often a call to STS that was throttled or failed is repeated: our choice. kube-apiserver repeats the
/// review four times on top of it.
pub const STS_RETRIES: usize = 2;

/// The pause before the first repetition, which doubles and is extended by a random part of itself: as the
/// standard mode of AWS SDKs, whose base is one second, but within a login that a person waits for.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// While STS fails, the repetitions of all calls together stay within this share of the calls of the last ten
/// seconds, and this number a second: our choice, so that an outage is not made worse.
const RETRY_SHARE: f32 = 0.2;
const RETRIES_PER_SECOND: u32 = 5;
const RETRY_WINDOW: Duration = Duration::from_secs(10);

/// How long an identity is remembered at most: a token lives 15 minutes, so this only matters where a
/// shorter time is set.
pub const POSITIVE_TTL: Duration = Duration::from_secs(15 * 60);

/// How long a refusal of STS is remembered: our choice. A key that STS does not know yet becomes valid within
/// seconds, and a client that repeats a bad token does so at once.
pub const NEGATIVE_TTL: Duration = Duration::from_secs(10);

/// How many bytes of keys the cache holds: our choice, some 8,000 tokens of the usual length. Each takes
/// about twice its key's length in memory.
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
}

/// What STS said about a request, for as long as it may be remembered.
#[derive(Clone)]
struct Remembered {
    outcome: Result<Arc<Identity>, Refused>,
    lives: Duration,
    weight: u32,
}

struct ByEntry;

impl Expiry<CacheKey, Remembered> for ByEntry {
    fn expire_after_create(
        &self,
        _: &CacheKey,
        value: &Remembered,
        _: Instant,
    ) -> Option<Duration> {
        Some(value.lives)
    }
}

/// Where an identity came from.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum CacheUse {
    /// From the cache, or from a call that another review had already begun.
    Hit,
    /// From a call to STS that this review made.
    Miss,
    /// The token was refused before the cache was asked, or there is no cache.
    Unused,
}

impl CacheUse {
    /// Returns the name, as logs and metrics print it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Unused => "unused",
        }
    }
}

/// The facts of a token that passed validation. STS has not confirmed them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TokenFacts {
    access_key_id: String,
    region: String,
    host: String,
}

impl TokenFacts {
    fn of(call: &PendingStsCall) -> Self {
        let accepted = call.accepted();
        Self {
            access_key_id: accepted.access_key_id().to_owned(),
            region: accepted.region().to_owned(),
            host: accepted.host().to_owned(),
        }
    }

    /// Returns the access key id in the credential.
    #[must_use]
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// Returns the region in the credential scope.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Returns the STS host.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }
}

/// The outcome of [`Identities::identify`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Identified {
    /// The identity, or why there is none.
    pub outcome: Result<Arc<Identity>, AuthError>,
    /// The facts of the token. `None` if it was refused before STS would be asked.
    pub token: Option<TokenFacts>,
    /// Whether the cache was of use.
    pub cache: CacheUse,
    /// How long STS took, repetitions included. `None` if this review did not ask it.
    pub sts_time: Option<Duration>,
}

/// Validates tokens and asks STS whose they are, at most once for each token while its answer is
/// remembered.
///
/// Entries are keyed by [`CacheKey`]: the decoded request, never the token's text. An identity is remembered
/// until its token ends or a shorter limit, a refusal briefly, a failure never. Concurrent reviews of one
/// token share one call. Admission is by frequency (`TinyLFU`), so a flood of tokens that are used once does
/// not displace those in use. Mapping rules are not applied here, so that a change of the rules acts at
/// once.
pub struct Identities {
    authenticator: Authenticator,
    sts: Arc<dyn DynTransport>,
    metrics: Arc<Metrics>,
    lanes: StsLanes,
    deadline: Duration,
    retries: usize,
    budget: TpsBudget,
    settings: Option<CacheSettings>,
    cache: Option<Cache<CacheKey, Remembered>>,
    traces: Traces,
}

impl Identities {
    /// Builds it with the default limits and cache.
    #[must_use]
    pub fn new(
        authenticator: Authenticator,
        sts: Arc<dyn DynTransport>,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            authenticator,
            sts,
            metrics,
            lanes: StsLanes::new(MAX_STS_CALLS, RESERVED_STS_CALLS, MAX_WAITING),
            deadline: STS_DEADLINE,
            retries: STS_RETRIES,
            budget: TpsBudget::new(RETRY_WINDOW, RETRIES_PER_SECOND, RETRY_SHARE),
            settings: None,
            cache: None,
            traces: Traces::none(),
        }
        .with_cache(CacheSettings::default())
    }

    /// Replaces the settings of the cache.
    #[must_use]
    pub fn with_cache(self, settings: CacheSettings) -> Self {
        let cache = Cache::builder()
            .max_capacity(settings.bytes)
            .weigher(|_, value: &Remembered| value.weight)
            .expire_after(ByEntry)
            .build();
        Self {
            settings: Some(settings),
            cache: Some(cache),
            ..self
        }
    }

    /// Asks STS for every review.
    #[must_use]
    pub fn without_cache(self) -> Self {
        Self {
            settings: None,
            cache: None,
            ..self
        }
    }

    /// Sets how many calls to STS run at once, by default [`MAX_STS_CALLS`]; how many of them only known
    /// callers may use, by default [`RESERVED_STS_CALLS`]; and how many reviews of unknown callers wait for
    /// one, by default [`MAX_WAITING`]. Further ones fail at once. At least one call is open to all.
    ///
    /// Known are the access keys that [`know`](Self::know) was called for, until STS refuses a token of them.
    #[must_use]
    pub fn with_sts_calls(self, calls: usize, reserved: usize, waiting: usize) -> Self {
        Self {
            lanes: StsLanes::new(calls, reserved, waiting),
            ..self
        }
    }

    /// Sets how long STS has to answer, everything included; by default [`STS_DEADLINE`].
    #[must_use]
    pub fn with_sts_deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// Sets how often a failed call is repeated; by default [`STS_RETRIES`].
    #[must_use]
    pub fn with_sts_retries(self, retries: usize) -> Self {
        Self { retries, ..self }
    }

    #[cfg(feature = "otel")]
    pub(crate) fn with_traces(self, traces: Traces) -> Self {
        Self { traces, ..self }
    }

    /// Returns the number of calls to STS that could start now.
    #[must_use]
    pub fn free_sts_calls(&self) -> usize {
        self.lanes.free()
    }

    /// Notes that an access key belongs to a caller that the rules map to a user, so that its next calls to
    /// STS may use the reserved share. [`Webhooks`](crate::Webhooks) does so.
    pub fn know(&self, access_key_id: &str) {
        self.lanes.know(access_key_id);
    }

    /// Returns the number of identities and refusals that are remembered, approximately.
    #[must_use]
    pub fn remembered(&self) -> u64 {
        self.cache.as_ref().map_or(0, Cache::entry_count)
    }

    /// Validates a token and finds out which AWS identity signed it.
    ///
    /// The errors of the outcome are those of [`Authenticator::identify`].
    pub async fn identify(&self, token: &str, now: UnixTime) -> Identified {
        let call = match self.authenticator.begin(token, now) {
            Ok(call) => call,
            Err(refused) => {
                return Identified {
                    outcome: Err(refused.into()),
                    token: None,
                    cache: CacheUse::Unused,
                    sts_time: None,
                };
            }
        };
        let facts = TokenFacts::of(&call);
        let sts_time = Mutex::new(None);
        let ask = || async {
            let start = Instant::now();
            let outcome = self.ask_within_deadline(&call).await;
            *sts_time.lock().unwrap_or_else(PoisonError::into_inner) = Some(start.elapsed());
            outcome
        };
        let (outcome, has_cache) = match (&self.cache, self.settings) {
            (Some(cache), Some(settings)) => {
                let key = call.accepted().cache_key();
                let remembered = match cache.get(&key).await {
                    Some(remembered) => Ok(remembered),
                    None => {
                        let asked =
                            async { self.remember(settings, &call, token, now, ask().await) };
                        // The future of a call is large, and most reviews need none.
                        Box::pin(cache.try_get_with(key, asked)).await
                    }
                };
                let outcome = match remembered {
                    Ok(remembered) => remembered.outcome.map_err(AuthError::from),
                    Err(error) => Err(AuthError::clone(&error)),
                };
                (outcome, true)
            }
            _ => (ask().await.map(Arc::new), false),
        };
        let sts_time = sts_time
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let cache = match (has_cache, sts_time) {
            (false, _) => CacheUse::Unused,
            (true, Some(_)) => CacheUse::Miss,
            (true, None) => CacheUse::Hit,
        };
        Identified {
            outcome,
            token: Some(facts),
            cache,
            sts_time,
        }
    }

    /// Decides whether an outcome may be remembered, and for how long.
    fn remember(
        &self,
        settings: CacheSettings,
        call: &PendingStsCall,
        token: &str,
        now: UnixTime,
        outcome: Result<Identity, AuthError>,
    ) -> Result<Remembered, AuthError> {
        let (outcome, limit) = match outcome {
            Ok(identity) => (Ok(Arc::new(identity)), settings.positive_ttl),
            Err(AuthError::Refused(refused)) => (Err(refused), settings.negative_ttl),
            Err(error @ AuthError::Failed(_)) => return Err(error),
        };
        let left = call
            .accepted()
            .expires_at()
            .as_secs()
            .saturating_sub(now.as_secs());
        let left = Duration::from_secs(left);
        Ok(Remembered {
            outcome,
            lives: left.min(limit),
            weight: u32::try_from(token.len()).unwrap_or(u32::MAX),
        })
    }

    async fn ask_within_deadline(&self, call: &PendingStsCall) -> Result<Identity, AuthError> {
        let access_key_id = call.accepted().access_key_id();
        let asked = tokio::time::timeout(self.deadline, async {
            let permit = self.lanes.enter(access_key_id).await;
            let _permit =
                permit.map_err(|_| TransportError::new(TransportErrorKind::Overloaded))?;
            self.ask_repeatedly(call).await
        });
        let outcome = asked
            .await
            .unwrap_or_else(|_| Err(TransportError::new(TransportErrorKind::Timeout).into()));
        if matches!(outcome, Err(AuthError::Refused(_))) {
            self.lanes.forget(access_key_id);
        }
        outcome
    }

    async fn ask_repeatedly(&self, call: &PendingStsCall) -> Result<Identity, AuthError> {
        self.budget.deposit();
        let pauses = ExponentialBuilder::new()
            .with_min_delay(FIRST_PAUSE)
            .with_max_delay(LONGEST_PAUSE)
            .with_jitter()
            .with_max_times(self.retries);
        (|| self.ask(call))
            .retry(pauses)
            .when(|error| is_worth_repeating(error) && self.budget.withdraw())
            .await
    }

    /// Sends one request.
    async fn ask(&self, call: &PendingStsCall) -> Result<Identity, AuthError> {
        let (host, region) = (call.accepted().host(), call.accepted().region());
        let start = Instant::now();
        let _in_flight = self.metrics.sts_call_started();
        let sent = self.sts.send(call.request());
        let answer = match self.traces.sts_call(host, region, sent).await {
            Ok(answer) => answer,
            Err(error) => {
                self.metrics.sts_unreachable(region);
                return Err(error.into());
            }
        };
        let outcome = call.finish(&answer);
        self.metrics
            .sts_answered(region, answer.status(), start.elapsed());
        if matches!(
            outcome,
            Err(AuthError::Failed(Failed::Sts(AnswerFailure::Throttled)))
        ) {
            self.metrics.sts_throttled(region);
        }
        outcome
    }
}

/// Returns whether the same request may have another outcome a moment later.
const fn is_worth_repeating(error: &AuthError) -> bool {
    match error {
        AuthError::Refused(_) => false,
        AuthError::Failed(Failed::Sts(failure)) => matches!(
            failure,
            AnswerFailure::Throttled | AnswerFailure::Unavailable { .. }
        ),
        AuthError::Failed(Failed::Transport(error)) => matches!(
            error.kind(),
            TransportErrorKind::Connect
                | TransportErrorKind::Interrupted
                | TransportErrorKind::Timeout
        ),
        AuthError::Failed(_) => false,
    }
}

impl fmt::Debug for Identities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identities")
            .field("authenticator", &self.authenticator)
            .field("cache", &self.settings)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
