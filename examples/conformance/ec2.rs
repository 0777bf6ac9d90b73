//! `ec2.*`: the private DNS names of instances, as callers ask for them over time, and the role for the calls to EC2.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use eks_auth_ec2::{DescribeError, DescribeInstances, Instance, Resolver, Settings};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::runtime::Builder;
use tokio::time::{Instant, sleep, sleep_until};

use crate::Refusal;

#[cfg(feature = "sdk")]
mod assume_role;

/// After this time, a caller has waited in vain: both programs give up after 5 s.
const LATE: Duration = Duration::from_millis(4_900);

/// A time longer than any question.
const NEVER_FORGOTTEN: Duration = Duration::from_secs(3_600);

pub(crate) fn answer(op: &str, question: &Value) -> Option<Result<Value, Refusal>> {
    Some(match op {
        "ec2.look_up" => crate::read(question).and_then(look_up),
        #[cfg(feature = "sdk")]
        "ec2.assume_role" => crate::read(question).and_then(assume_role::ask),
        _ => return None,
    })
}

#[derive(Deserialize)]
struct ToLookUp {
    /// The names by id. The name of a terminated instance is empty.
    instances: BTreeMap<String, String>,
    /// How long EC2 takes to answer.
    latency_ms: u64,
    /// How many calls for an instance EC2 refuses at first.
    #[serde(default)]
    failures: BTreeMap<String, usize>,
    /// Whether the program remembers that an instance does not exist. This memory does not use the clock of the
    /// question, so it lasts either for ever or not at all.
    #[serde(default)]
    remembers_missing: bool,
    look_ups: Vec<LookUp>,
}

#[derive(Deserialize)]
struct LookUp {
    at_ms: u64,
    id: String,
}

fn look_up(question: ToLookUp) -> Result<Value, Refusal> {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .map_err(|why| Refusal::new("not-started", &why))?;
    runtime.block_on(async {
        let start = Instant::now();
        let calls = Arc::<Mutex<Vec<Vec<String>>>>::default();
        let ec2 = Table {
            instances: question.instances,
            latency: Duration::from_millis(question.latency_ms),
            failures: question.failures,
            calls: Arc::clone(&calls),
        };
        // The limit on the rate uses the clock of the machine.
        let settings = Settings::new()
            .with_rate(NonZeroU32::MAX, NonZeroU32::MAX)
            .with_missing_for(match question.remembers_missing {
                true => NEVER_FORGOTTEN,
                false => Duration::ZERO,
            });
        let resolver = Resolver::new(ec2, settings);
        let callers: Vec<_> = question
            .look_ups
            .into_iter()
            .map(|LookUp { at_ms, id }| {
                let resolver = resolver.clone();
                let at = start.checked_add(Duration::from_millis(at_ms));
                tokio::spawn(async move {
                    sleep_until(at.unwrap_or(start)).await;
                    let begin = Instant::now();
                    let outcome = resolver.look_up(&id).await;
                    let is_late = begin.elapsed() >= LATE;
                    match outcome {
                        Ok(name) => json!({"name": &*name, "is_late": is_late}),
                        Err(why) => json!({
                            "error": {"code": why.code(), "message": why.to_string()},
                            "is_late": is_late,
                        }),
                    }
                })
            })
            .collect();
        let mut outcomes = Vec::new();
        for caller in callers {
            outcomes.push(caller.await.map_err(|why| Refusal::new("lost", &why))?);
        }
        let calls = calls.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(json!({ "outcomes": outcomes, "calls": calls }))
    })
}

/// An EC2 with these instances.
struct Table {
    instances: BTreeMap<String, String>,
    latency: Duration,
    failures: BTreeMap<String, usize>,
    calls: Arc<Mutex<Vec<Vec<String>>>>,
}

impl Table {
    /// Records a call. Returns whether it is refused.
    fn record(&self, ids: &[String]) -> bool {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.push(ids.to_vec());
        let asked = |id: &String| calls.iter().filter(|call| call.contains(id)).count();
        let is_failure =
            |(id, failures): (&String, &usize)| ids.contains(id) && asked(id) <= *failures;
        self.failures.iter().any(is_failure)
    }
}

impl DescribeInstances for Table {
    async fn describe_instances(&self, ids: Vec<String>) -> Result<Vec<Instance>, DescribeError> {
        let is_refused = self.record(&ids);
        sleep(self.latency).await;
        if is_refused {
            return Err(DescribeError {
                code: "RequestLimitExceeded",
                status: Some(503),
                message: "Request limit exceeded.".to_owned(),
            });
        }
        let known = |id: String| {
            let private_dns_name = self.instances.get(&id)?.clone();
            Some(Instance {
                id,
                private_dns_name,
            })
        };
        Ok(ids.into_iter().filter_map(known).collect())
    }
}
