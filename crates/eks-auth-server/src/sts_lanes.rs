//! Decides which calls to STS may start, and which have to wait.

use std::time::Duration;

use moka::sync::Cache;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::limits::permits;

/// How many calls to STS run at once: our choice. At 20 ms a call, that is 6,400 logins a second, and a flood of
/// well-formed tokens opens no more connections than this. With half as many calls, unknown callers got slower
/// answers than from upstream, which has no such limit.
pub const MAX_STS_CALLS: usize = 128;

/// How many of [`MAX_STS_CALLS`] only known callers may use: our choice, a quarter. At 20 ms a call, that is
/// 1,600 logins a second of the cluster's users and nodes while others use up the rest.
pub const RESERVED_STS_CALLS: usize = 32;

/// How many reviews of unknown callers wait for a call: our choice, half of
/// [`MAX_REQUESTS`](crate::MAX_REQUESTS), so that the other half is left to known callers and to reviews that
/// need no call.
pub const MAX_WAITING: usize = 512;

/// How many known access keys are remembered: twice the nodes that upstream supports
/// (`pkg/ec2provider/ec2provider.go`, `maxChannelSize`), some two megabytes.
const MAX_KNOWN_KEYS: u64 = 16_000;

/// How long an access key is known: the longest session of a role (IAM, `MaxSessionDuration`).
const KNOWN_FOR: Duration = Duration::from_hours(12);

/// The calls to STS that may run at once, a share of them reserved for known callers.
///
/// An access key is known once the rules have mapped its owner to a user, until STS refuses a token of this
/// key. An access key id is not a secret, so junk can name a known key. When STS refuses the junk, this key
/// is unknown again, but no other key is affected.
#[derive(Debug)]
pub(crate) struct StsLanes {
    open: Semaphore,
    reserved: Semaphore,
    waiting: Semaphore,
    known: Cache<String, ()>,
}

/// Too many reviews of unknown callers wait already.
#[derive(Debug)]
pub(crate) struct Overloaded;

impl StsLanes {
    /// Splits `calls`. At least one call is open to all callers.
    pub(crate) fn new(calls: usize, reserved: usize, waiting: usize) -> Self {
        let reserved = reserved.min(calls.saturating_sub(1));
        Self {
            open: permits(calls.saturating_sub(reserved)),
            reserved: permits(reserved),
            waiting: permits(waiting),
            known: Cache::builder()
                .max_capacity(MAX_KNOWN_KEYS)
                .time_to_live(KNOWN_FOR)
                .build(),
        }
    }

    /// Waits until a call for this access key may start. The call runs while the permit lives.
    pub(crate) async fn enter(
        &self,
        access_key_id: &str,
    ) -> Result<Option<SemaphorePermit<'_>>, Overloaded> {
        if let Ok(permit) = self.open.try_acquire() {
            return Ok(Some(permit));
        }
        // An error means that the semaphore is closed, but these semaphores are never closed.
        if self.known.contains_key(access_key_id) {
            let permit = tokio::select! {
                permit = self.reserved.acquire() => permit,
                permit = self.open.acquire() => permit,
            };
            return Ok(permit.ok());
        }
        let _place = self.waiting.try_acquire().map_err(|_| Overloaded)?;
        Ok(self.open.acquire().await.ok())
    }

    pub(crate) fn know(&self, access_key_id: &str) {
        self.known.insert(access_key_id.to_owned(), ());
    }

    pub(crate) fn forget(&self, access_key_id: &str) {
        self.known.invalidate(access_key_id);
    }

    pub(crate) fn free(&self) -> usize {
        let open = self.open.available_permits();
        open.saturating_add(self.reserved.available_permits())
    }
}
