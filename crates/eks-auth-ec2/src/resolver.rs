//! Looks names up: once for each instance, many at a time.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use moka::sync::Cache;
use thiserror::Error as ThisError;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::describe::{Call, DescribeError, DescribeInstances, Instance};
use crate::settings::{IMMEDIATE_CALLS, Settings};
use crate::traces::Caller;

/// The maximum length of a DNS name (RFC 1035, section 2.3.4).
const MAX_NAME_LEN: usize = 253;

/// The lengths of an instance id: `i-` with 8 or 17 digits (EC2 User Guide, "Resource IDs").
const ID_LENGTHS: [usize; 2] = [10, 19];

/// Why the private DNS name of an instance is not known. No such error is an answer about the caller:
/// the login must fail without being refused.
#[derive(Clone, Debug, Eq, PartialEq, ThisError)]
#[non_exhaustive]
pub enum LookUpError {
    /// EC2 gave no answer.
    #[error("EC2 gave no answer: {0}")]
    Ec2(DescribeError),
    /// The name in EC2's answer is not a DNS name.
    #[error("EC2's answer has a name that is not a DNS name")]
    MalformedName,
    /// The instance has no private DNS name: it is terminated.
    #[error("the instance has no private DNS name")]
    NoName,
    /// The text is not an instance id.
    #[error("not an instance id")]
    NotAnInstanceId,
    /// EC2 does not know the instance, or not yet.
    #[error("EC2 does not know the instance")]
    NotFound,
    /// Too many instances are waited for.
    #[error("too many instances are being looked up")]
    Overloaded,
    /// The name did not arrive in time.
    #[error("the name did not arrive in time")]
    TimedOut,
}

impl LookUpError {
    /// Returns a stable code in kebab case.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Ec2(error) => error.code,
            Self::MalformedName => "malformed-private-dns-name",
            Self::NoName => "instance-without-name",
            Self::NotAnInstanceId => "not-an-instance-id",
            Self::NotFound => "instance-not-found",
            Self::Overloaded => "ec2-overloaded",
            Self::TimedOut => "ec2-timeout",
        }
    }
}

type Outcome = Result<Arc<str>, LookUpError>;

/// Looks up the private DNS names of EC2 instances.
///
/// - A name is looked up once, and kept: an instance keeps its name, and its id is not used again.
/// - Callers that ask for one instance at the same time share one look-up.
/// - A few calls are made at once, for one instance each. Further instances wait for each other,
///   and share a call.
/// - Calls are limited in rate, and callers in time. A call goes on when its caller gives up, so that the
///   next caller finds the name.
///
/// As upstream (`pkg/ec2provider/ec2provider.go`), with the differences in `testdata/divergences.toml`.
///
/// A clone shares all of it. Use it within a Tokio runtime.
pub struct Resolver<D> {
    shared: Arc<Shared<D>>,
}

struct Shared<D> {
    ec2: D,
    settings: Settings,
    names: Cache<String, Arc<str>>,
    missing: Cache<String, ()>,
    limiter: DefaultDirectRateLimiter,
    waiting: Mutex<Waiting>,
}

/// The instances that are waited for.
#[derive(Default)]
struct Waiting {
    outcomes: HashMap<String, watch::Receiver<Option<Outcome>>>,
    /// The instances that no call has been made for.
    queue: Vec<Asked>,
    calls: usize,
    is_delayed: bool,
}

/// An instance that a call is made for.
struct Asked {
    id: String,
    outcome: watch::Sender<Option<Outcome>>,
    caller: Caller,
}

impl<D> Clone for Resolver<D> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<D> fmt::Debug for Resolver<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver")
            .field("settings", &self.shared.settings)
            .finish_non_exhaustive()
    }
}

impl<D: DescribeInstances> Resolver<D> {
    /// Builds a resolver.
    #[must_use]
    pub fn new(ec2: D, settings: Settings) -> Self {
        let quota = Quota::per_second(settings.calls_per_second).allow_burst(settings.max_burst);
        let names = Cache::new(settings.max_names);
        let missing = Cache::builder()
            .max_capacity(settings.max_names)
            .time_to_live(settings.missing_for)
            .build();
        Self {
            shared: Arc::new(Shared {
                ec2,
                settings,
                names,
                missing,
                limiter: RateLimiter::direct(quota),
                waiting: Mutex::default(),
            }),
        }
    }

    /// Looks up the private DNS name of an instance.
    ///
    /// # Errors
    ///
    /// [`LookUpError`].
    pub async fn look_up(&self, instance_id: &str) -> Result<Arc<str>, LookUpError> {
        let shared = &self.shared;
        if !is_instance_id(instance_id) {
            return Err(LookUpError::NotAnInstanceId);
        }
        if let Some(name) = shared.names.get(instance_id) {
            return Ok(name);
        }
        if shared.missing.contains_key(instance_id) {
            return Err(LookUpError::NotFound);
        }
        let mut outcome = self.wait_for(instance_id)?;
        let arrived = outcome.wait_for(Option::is_some);
        match timeout(shared.settings.deadline, arrived).await {
            Ok(Ok(outcome)) => outcome.clone().unwrap_or(Err(LookUpError::TimedOut)),
            // The call ended without an outcome, as the runtime shuts down.
            Ok(Err(_)) | Err(_) => Err(LookUpError::TimedOut),
        }
    }

    /// Joins the look-up of an instance, or begins it.
    fn wait_for(&self, id: &str) -> Result<watch::Receiver<Option<Outcome>>, LookUpError> {
        let mut waiting = self.shared.lock();
        if let Some(outcome) = waiting.outcomes.get(id) {
            return Ok(outcome.clone());
        }
        if waiting.outcomes.len() >= self.shared.settings.max_waiting {
            return Err(LookUpError::Overloaded);
        }
        let (sender, outcome) = watch::channel(None);
        waiting.outcomes.insert(id.to_owned(), outcome.clone());
        waiting.queue.push(Asked {
            id: id.to_owned(),
            outcome: sender,
            caller: Caller::current(),
        });
        let is_full = waiting.queue.len() >= self.shared.settings.max_batch;
        if is_full || (waiting.calls < IMMEDIATE_CALLS && !waiting.is_delayed) {
            self.begin_call(&mut waiting);
        } else if !waiting.is_delayed {
            waiting.is_delayed = true;
            let resolver = self.clone();
            tokio::spawn(async move {
                sleep(resolver.shared.settings.batch_delay).await;
                let mut waiting = resolver.shared.lock();
                waiting.is_delayed = false;
                resolver.begin_call(&mut waiting);
            });
        }
        Ok(outcome)
    }

    /// Begins a call for every instance in the queue.
    fn begin_call(&self, waiting: &mut Waiting) {
        if waiting.queue.is_empty() {
            return;
        }
        let batch = std::mem::take(&mut waiting.queue);
        waiting.calls = waiting.calls.saturating_add(1);
        let resolver = self.clone();
        tokio::spawn(async move {
            let call = Running {
                shared: &resolver.shared,
                batch,
            };
            let answer = resolver.ask(&call.batch).await;
            call.finish(answer);
        });
    }

    async fn ask(&self, batch: &[Asked]) -> Result<Vec<Instance>, LookUpError> {
        let shared = &self.shared;
        let ids: Vec<String> = batch.iter().map(|asked| asked.id.clone()).collect();
        let callers: Vec<Caller> = batch.iter().map(|asked| asked.caller.clone()).collect();
        let ask = async {
            shared.limiter.until_ready().await;
            let (start, instances) = (Instant::now(), ids.len());
            let call = shared.ec2.describe_instances(ids);
            let answer = shared.settings.traces.call(&callers, call).await;
            if let Some(observer) = &shared.settings.observer {
                observer.observe(&Call {
                    instances,
                    elapsed: start.elapsed(),
                    error: answer.as_ref().err(),
                });
            }
            answer.map_err(LookUpError::Ec2)
        };
        timeout(shared.settings.deadline, ask)
            .await
            .unwrap_or(Err(LookUpError::TimedOut))
    }
}

/// A call and the callers who wait for it. When it is dropped, they no longer wait.
struct Running<'s, D> {
    shared: &'s Shared<D>,
    batch: Vec<Asked>,
}

impl<D> Running<'_, D> {
    fn finish(self, answer: Result<Vec<Instance>, LookUpError>) {
        let answer = answer.map(|instances| {
            instances
                .into_iter()
                .map(|instance| (instance.id, instance.private_dns_name))
                .collect::<HashMap<String, String>>()
        });
        for Asked {
            id,
            outcome: sender,
            ..
        } in &self.batch
        {
            let outcome = match &answer {
                Ok(names) => name(names.get(id)),
                Err(error) => Err(error.clone()),
            };
            match &outcome {
                Ok(name) => self.shared.names.insert(id.clone(), Arc::clone(name)),
                Err(LookUpError::NotFound) => self.shared.missing.insert(id.clone(), ()),
                Err(_) => {}
            }
            // An error means that every caller has given up.
            let _ = sender.send(Some(outcome));
        }
    }
}

impl<D> Drop for Running<'_, D> {
    fn drop(&mut self) {
        let mut waiting = self.shared.lock();
        waiting.calls = waiting.calls.saturating_sub(1);
        for asked in &self.batch {
            waiting.outcomes.remove(&asked.id);
        }
    }
}

impl<D> Shared<D> {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Nothing panics while the lock is held.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn name(name: Option<&String>) -> Outcome {
    let name = name.ok_or(LookUpError::NotFound)?;
    if name.is_empty() {
        return Err(LookUpError::NoName);
    }
    let is_name = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
    match is_name && name.len() <= MAX_NAME_LEN {
        true => Ok(Arc::from(name.as_str())),
        false => Err(LookUpError::MalformedName),
    }
}

fn is_instance_id(text: &str) -> bool {
    let digits = text.strip_prefix("i-");
    ID_LENGTHS.contains(&text.len()) && digits.is_some_and(|digits| digits.bytes().all(is_id_byte))
}

/// Upstream accepts any of these bytes as a hexadecimal digit of an id (`pkg/server/server.go`,
/// `instanceIDPattern`). They have no meaning in a filter of EC2.
const fn is_id_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}
