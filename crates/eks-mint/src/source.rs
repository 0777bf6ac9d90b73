//! A token that is always good. It is minted once for all callers, and again before it expires.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex as StdMutex, PoisonError};

use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use sts_presign::UnixTime;
use tokio::sync::Mutex;

use crate::error::MintError;
use crate::minter::Minter;
use crate::token::MintedToken;

/// How long before its expiry a token is replaced, in seconds: our choice. A token expires a minute before
/// verifiers refuse it, so a failing provider has two minutes to recover.
pub const REFRESH_AHEAD: u64 = 60;

/// The least time between two calls of the provider while there is a token, in seconds: our choice. It bounds
/// the calls if the provider fails, if its credentials expire within [`REFRESH_AHEAD`], and if a server
/// refuses every token.
pub const MIN_INTERVAL: u64 = 10;

/// How far the clock may go back before a token counts as signed in the future, in seconds: the clock skew
/// that `sts_presign::AcceptPolicy` allows by default.
const MAX_STEP_BACK: u64 = sts_presign::DEFAULT_CLOCK_SKEW;

/// Yields a token at any time.
///
/// - The credentials come from any provider of the AWS SDK.
/// - The token is replaced [`REFRESH_AHEAD`] seconds before it expires. One caller does that, and the others use
///   the old token meanwhile.
/// - Without a good token, one caller mints and the others wait for the result, even if the result
///   is an error.
/// - If the provider fails while the old token is good, callers get the old token.
/// - If a caller is dropped while it mints, the next caller mints.
///
/// It has no clock, timer or task of its own. **The provider must enforce a timeout**, as the providers of
/// `aws-config` do.
pub struct TokenSource {
    minter: Minter,
    provider: SharedCredentialsProvider,
    clock: Box<dyn Fn() -> UnixTime + Send + Sync>,
    refresh_ahead: u64,
    current: StdMutex<Option<Current>>,
    /// Held while minting, with the error of the last attempt if it failed.
    attempt: Mutex<Option<MintError>>,
    /// How many attempts have ended.
    ended: AtomicU64,
}

/// The token in use.
#[derive(Clone)]
struct Current {
    token: Arc<MintedToken>,
    /// When to mint the next token.
    refresh_at: UnixTime,
    /// Whether a server refused the token.
    is_refused: bool,
}

/// The next step of a caller.
enum Step {
    Use(Arc<MintedToken>),
    /// The token is good, and it is time to refresh it.
    Refresh(Arc<MintedToken>),
    Mint,
}

impl TokenSource {
    /// Builds a source. `clock` returns the time; with the system's, it is
    /// `|| UnixTime::try_from(SystemTime::now()).unwrap_or(UnixTime::LAST)`.
    pub fn new(
        minter: Minter,
        provider: impl ProvideCredentials + 'static,
        clock: impl Fn() -> UnixTime + Send + Sync + 'static,
    ) -> Self {
        Self {
            minter,
            provider: SharedCredentialsProvider::new(provider),
            clock: Box::new(clock),
            refresh_ahead: REFRESH_AHEAD,
            current: StdMutex::new(None),
            attempt: Mutex::new(None),
            ended: AtomicU64::new(0),
        }
    }

    /// Sets how long before its expiry a token is replaced, in seconds.
    #[must_use]
    pub fn with_refresh_ahead(self, seconds: u64) -> Self {
        Self {
            refresh_ahead: seconds,
            ..self
        }
    }

    /// Returns a good token.
    ///
    /// # Errors
    ///
    /// [`MintError`], if there is no good token and minting fails.
    pub async fn token(&self) -> Result<Arc<MintedToken>, MintError> {
        let ended = self.ended.load(Ordering::Acquire);
        let mut last_error = match self.step() {
            Step::Use(token) => return Ok(token),
            Step::Refresh(old) => match self.attempt.try_lock() {
                Ok(attempt) => attempt,
                Err(_) => return Ok(old),
            },
            Step::Mint => self.attempt.lock().await,
        };
        // While this caller waited, another caller may have minted, or failed to.
        let old = match self.step() {
            Step::Use(token) => return Ok(token),
            Step::Refresh(old) => Some(old),
            Step::Mint => None,
        };
        let has_waited = self.ended.load(Ordering::Acquire) != ended;
        if let (None, true, Some(error)) = (&old, has_waited, &*last_error) {
            return Err(error.clone());
        }
        let result = self.mint().await;
        *last_error = result.as_ref().err().cloned();
        self.ended.fetch_add(1, Ordering::AcqRel);
        match (result, old) {
            (Err(_), Some(old)) => {
                let retry_at = (self.clock)().later(MIN_INTERVAL);
                self.update(|current| {
                    if let Some(current) = current {
                        current.refresh_at = retry_at;
                    }
                });
                Ok(old)
            }
            (result, _) => result,
        }
    }

    /// Reports that a server refused a token (401), so that the next caller gets another token, though not
    /// sooner than [`MIN_INTERVAL`] after the refused token was minted. Has no effect if the token is no
    /// longer in use.
    pub fn refuse(&self, token: &MintedToken) {
        self.update(|current| {
            if let Some(current) = current
                && std::ptr::eq(&raw const *current.token, token)
            {
                current.is_refused = true;
            }
        });
    }

    /// Decides without waiting.
    fn step(&self) -> Step {
        let now = (self.clock)();
        let Some(current) = self.update(|current| current.clone()) else {
            return Step::Mint;
        };
        let token = current.token;
        let is_good = now < token.expires_at && now >= token.minted_at.earlier(MAX_STEP_BACK);
        let may_replace = now >= token.minted_at.later(MIN_INTERVAL);
        if !is_good || current.is_refused && may_replace {
            Step::Mint
        } else if now >= current.refresh_at {
            Step::Refresh(token)
        } else {
            Step::Use(token)
        }
    }

    async fn mint(&self) -> Result<Arc<MintedToken>, MintError> {
        let credentials = self.provider.provide_credentials().await?;
        // The time is read after the provider answered, which may take long.
        let token = Arc::new(self.minter.mint(&credentials, (self.clock)())?);
        let ahead = token.expires_at.earlier(self.refresh_ahead);
        let current = Current {
            refresh_at: ahead.max(token.minted_at.later(MIN_INTERVAL)),
            token: Arc::clone(&token),
            is_refused: false,
        };
        self.update(|place| *place = Some(current));
        Ok(token)
    }

    /// Reads or changes the current token.
    fn update<T>(&self, change: impl FnOnce(&mut Option<Current>) -> T) -> T {
        // No change panics halfway, so the value of a poisoned lock is complete.
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut current)
    }
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenSource")
            .field("minter", &self.minter)
            .field("provider", &self.provider)
            .field("refresh_ahead", &self.refresh_ahead)
            .finish_non_exhaustive()
    }
}
