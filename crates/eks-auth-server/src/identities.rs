//! From a token to an identity: validation, the cache, and STS within limits.

mod cache_settings;
mod confirmed;
mod memory;
mod token_facts;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use backon::{ExponentialBuilder, Retryable as _};
use eks_auth::{
    AuthError, Authenticator, DynTransport, Failed, Identity, PendingStsCall, Refused,
    Transport as _, TransportError, TransportErrorKind, UnixTime,
};
use sts_presign::AnswerFailure;
use tower::retry::budget::{Budget as _, TpsBudget};

pub use self::cache_settings::{CACHE_BYTES, CacheSettings, NEGATIVE_TTL, POSITIVE_TTL};
use self::confirmed::{Confirmed, ExactUrl};
use self::memory::{Memory, Remembered};
pub use self::token_facts::TokenFacts;
use crate::metrics::Metrics;
use crate::sts_lanes::{MAX_STS_CALLS, MAX_WAITING, RESERVED_STS_CALLS, StsLanes};
use crate::traces::Traces;

/// How long STS has to answer, including repeated attempts and the wait for a free call: upstream's
/// timeout (`pkg/token/token.go`, the client of `NewVerifier`).
pub const STS_DEADLINE: Duration = Duration::from_secs(10);

/// How often a call to STS that was throttled or failed is repeated: our choice. kube-apiserver in addition
/// repeats the review four times.
pub const STS_RETRIES: usize = 2;

/// The pause before the first repetition. It doubles each time and is extended by a random part of itself,
/// as in the standard mode of AWS SDKs. Their base is one second; this base is shorter because a person
/// waits for the login.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// While STS fails, the repetitions of all calls together stay within this share of the calls of the last ten
/// seconds, and within this number a second: our choice, so that repetitions do not make an outage worse.
const RETRY_SHARE: f32 = 0.2;
const RETRIES_PER_SECOND: u32 = 5;
const RETRY_WINDOW: Duration = Duration::from_secs(10);

/// The origin of an identity.
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

/// The outcome of [`Identities::identify`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Identified {
    /// The identity, or the reason why there is none.
    pub outcome: Result<Arc<Identity>, AuthError>,
    /// The facts of the token. `None` if it was refused before STS would be asked.
    pub token: Option<TokenFacts>,
    /// How the cache was used.
    pub cache: CacheUse,
    /// How long STS took, repetitions included. `None` if this review did not ask it.
    pub sts_time: Option<Duration>,
}

/// A token that passed validation.
enum Begun {
    /// The token is in use: STS has named its caller.
    InUse(Confirmed),
    New(ExactUrl, Arc<PendingStsCall>),
}

/// Validates tokens and asks STS for their callers, at most once for each token while its answer is
/// remembered.
///
/// Entries are keyed by [`CacheKey`](sts_presign::CacheKey): the decoded request, never the token's text. An
/// identity is remembered until its token ends or a shorter limit is reached, a refusal for a short time, and
/// a failure not at all. Concurrent reviews of one token share one call. Admission is by frequency
/// (`TinyLFU`), so a flood of tokens that are used once does not displace tokens in use. Mapping rules are
/// not applied here, so that a change of the rules takes effect at once.
///
/// A token that is used again is recognized by its whole decoded URL, and only its time is checked again.
pub struct Identities {
    authenticator: Authenticator,
    sts: Arc<dyn DynTransport>,
    metrics: Arc<Metrics>,
    lanes: StsLanes,
    deadline: Duration,
    retries: usize,
    budget: TpsBudget,
    memory: Option<Memory>,
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
            memory: None,
            traces: Traces::none(),
        }
        .with_cache(CacheSettings::default())
    }

    /// Replaces the settings of the cache.
    #[must_use]
    pub fn with_cache(self, settings: CacheSettings) -> Self {
        Self {
            memory: Some(Memory::new(settings)),
            ..self
        }
    }

    /// Asks STS for every review.
    #[must_use]
    pub fn without_cache(self) -> Self {
        Self {
            memory: None,
            ..self
        }
    }

    /// Sets how many calls to STS run at once, by default [`MAX_STS_CALLS`]; how many of them only known
    /// callers may use, by default [`RESERVED_STS_CALLS`]; and how many reviews of unknown callers wait for
    /// a call, by default [`MAX_WAITING`]. Further reviews fail at once. At least one call is open to all
    /// callers.
    ///
    /// An access key is known once [`know`](Self::know) was called for it, until STS refuses a token of this
    /// key.
    #[must_use]
    pub fn with_sts_calls(self, calls: usize, reserved: usize, waiting: usize) -> Self {
        Self {
            lanes: StsLanes::new(calls, reserved, waiting),
            ..self
        }
    }

    /// Sets how long STS has to answer, including repetitions and waiting; by default
    /// [`STS_DEADLINE`].
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
        let memory = self.memory.as_ref();
        memory.map_or(0, |memory| memory.answers.entry_count())
    }

    /// Validates a token and finds out which AWS identity signed it.
    ///
    /// The outcome has the errors of [`Authenticator::identify`].
    pub async fn identify(&self, token: &str, now: UnixTime) -> Identified {
        match self.begin(token, now) {
            Ok(Begun::InUse(confirmed)) => Identified {
                outcome: Ok(confirmed.identity),
                token: Some(confirmed.facts),
                cache: CacheUse::Hit,
                sts_time: None,
            },
            // This future is large, and most reviews do not need it.
            Ok(Begun::New(url, call)) => Box::pin(self.identify_new(url, call, token, now)).await,
            Err(refused) => Identified {
                outcome: Err(refused.into()),
                token: None,
                cache: CacheUse::Unused,
                sts_time: None,
            },
        }
    }

    /// Validates a token as far as possible without STS.
    fn begin(&self, token: &str, now: UnixTime) -> Result<Begun, Refused> {
        let url = ExactUrl(self.authenticator.decode(token)?);
        let memory = self.memory.as_ref();
        if let Some(confirmed) = memory.and_then(|memory| memory.confirmed.get(&url)) {
            self.authenticator.check_time(&confirmed.call, now)?;
            return Ok(Begun::InUse(confirmed));
        }
        let call = self.authenticator.begin_with_url(&url.0, now)?;
        Ok(Begun::New(url, Arc::new(call)))
    }

    async fn identify_new(
        &self,
        url: ExactUrl,
        call: Arc<PendingStsCall>,
        token: &str,
        now: UnixTime,
    ) -> Identified {
        let facts = TokenFacts::of(&call);
        let Some(memory) = &self.memory else {
            let start = Instant::now();
            return Identified {
                outcome: self.ask_within_deadline(&call).await.map(Arc::new),
                token: Some(facts),
                cache: CacheUse::Unused,
                sts_time: Some(start.elapsed()),
            };
        };
        let (remembered, sts_time) = self.ask_or_remember(memory, &call, token, now).await;
        let cache = match sts_time {
            Some(_) => CacheUse::Miss,
            None => CacheUse::Hit,
        };
        let (outcome, until) = match remembered {
            Ok(remembered) => (
                remembered.outcome.map_err(AuthError::from),
                Some(remembered.until),
            ),
            Err(error) => (Err(error), None),
        };
        if let (CacheUse::Hit, Ok(identity), Some(until)) = (cache, &outcome, until) {
            let confirmed = Confirmed {
                call,
                facts: facts.clone(),
                identity: Arc::clone(identity),
                until,
            };
            memory.confirmed.insert(url, confirmed);
        }
        Identified {
            outcome,
            token: Some(facts),
            cache,
            sts_time,
        }
    }

    /// Returns STS's answer to a request, and how long STS took if this review asked.
    async fn ask_or_remember(
        &self,
        memory: &Memory,
        call: &PendingStsCall,
        token: &str,
        now: UnixTime,
    ) -> (Result<Remembered, AuthError>, Option<Duration>) {
        let key = call.accepted().cache_key();
        if let Some(remembered) = memory.answers.get(&key).await {
            return (Ok(remembered), None);
        }
        let sts_time = Mutex::new(None);
        let asked = async {
            let start = Instant::now();
            let outcome = self.ask_within_deadline(call).await;
            *sts_time.lock().unwrap_or_else(PoisonError::into_inner) = Some(start.elapsed());
            memory.remember(call, token, now, outcome)
        };
        let remembered = memory.answers.try_get_with(key, asked).await;
        let sts_time = sts_time
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        (
            remembered.map_err(|error| AuthError::clone(&error)),
            sts_time,
        )
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

/// Returns whether the same request may have a different outcome a moment later.
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
            .field("cache", &self.memory.as_ref().map(Memory::settings))
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
