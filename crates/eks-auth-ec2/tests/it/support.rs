//! A table that replaces EC2, with a gate that the test opens.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use eks_auth_ec2::{DescribeError, DescribeInstances, Instance, Resolver, Settings};
use tokio::sync::Semaphore;

/// The answers of EC2.
pub(crate) type Answer = fn(&str) -> Result<Option<String>, DescribeError>;

#[derive(Clone)]
pub(crate) struct Table {
    answer: Answer,
    /// The ids of each call.
    pub(crate) calls: Arc<Mutex<Vec<Vec<String>>>>,
    /// A call takes one permit.
    pub(crate) gate: Arc<Semaphore>,
}

impl Table {
    pub(crate) fn open(answer: Answer) -> Self {
        Self::closed(answer).opened(1_000_000)
    }

    pub(crate) fn closed(answer: Answer) -> Self {
        Self {
            answer,
            calls: Arc::default(),
            gate: Arc::new(Semaphore::new(0)),
        }
    }

    fn opened(self, calls: usize) -> Self {
        self.gate.add_permits(calls);
        self
    }

    /// Returns how many instances each call asked for.
    pub(crate) fn sizes(&self) -> Vec<usize> {
        self.calls.lock().unwrap().iter().map(Vec::len).collect()
    }
}

impl DescribeInstances for Table {
    async fn describe_instances(&self, ids: Vec<String>) -> Result<Vec<Instance>, DescribeError> {
        self.calls.lock().unwrap().push(ids.clone());
        self.gate.acquire().await.unwrap().forget();
        let mut found = Vec::new();
        for id in ids {
            if let Some(private_dns_name) = (self.answer)(&id)? {
                found.push(Instance {
                    id,
                    private_dns_name,
                });
            }
        }
        Ok(found)
    }
}

pub(crate) fn id(number: usize) -> String {
    format!("i-{number:017x}")
}

pub(crate) fn named(id: &str) -> Result<Option<String>, DescribeError> {
    Ok(Some(format!("{id}.ec2.internal")))
}

pub(crate) fn throttled(_: &str) -> Result<Option<String>, DescribeError> {
    Err(DescribeError {
        code: "ec2-throttled",
        status: Some(503),
        message: "RequestLimitExceeded".to_owned(),
    })
}

/// Settings with a rate so high that no test waits.
pub(crate) fn settings() -> Settings {
    let many = std::num::NonZeroU32::new(100_000).unwrap();
    Settings::new()
        .with_rate(many, many)
        .with_batch_delay(Duration::from_millis(20))
}

pub(crate) fn resolver(table: &Table) -> Resolver<Table> {
    Resolver::new(table.clone(), settings())
}
