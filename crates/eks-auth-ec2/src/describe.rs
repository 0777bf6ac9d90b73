//! The question to EC2, as a trait.

use std::future::Future;
use std::time::Duration;

use thiserror::Error as ThisError;

/// An instance as EC2 describes it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "implementations build it")]
pub struct Instance {
    /// The id, such as `i-0123456789abcdef0`.
    pub id: String,
    /// The private DNS name. Empty for an instance that is terminated.
    pub private_dns_name: String,
}

/// Asks EC2 for instances.
pub trait DescribeInstances: Send + Sync + 'static {
    /// Describes the instances that exist. An instance that does not exist is left out, and does not
    /// make the call fail: any caller of the authenticator can choose a session name that looks like an
    /// instance id.
    ///
    /// The resolver limits the number of ids, the rate of calls and their time.
    fn describe_instances(
        &self,
        ids: Vec<String>,
    ) -> impl Future<Output = Result<Vec<Instance>, DescribeError>> + Send;
}

/// Why EC2 gave no answer. [`Display`](std::fmt::Display) prints the message without the code.
#[derive(Clone, Debug, Eq, PartialEq, ThisError)]
#[error("{message}")]
#[expect(clippy::exhaustive_structs, reason = "implementations build it")]
pub struct DescribeError {
    /// A stable code in kebab case.
    pub code: &'static str,
    /// The HTTP status of the answer. `None` if there was no answer.
    pub status: Option<u16>,
    /// The cause, without secrets.
    pub message: String,
}

/// A call that was made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Call<'c> {
    /// How many instances were asked for.
    pub instances: usize,
    /// How long it took, without the wait for the rate limit.
    pub elapsed: Duration,
    /// The error, if it failed.
    pub error: Option<&'c DescribeError>,
}

/// Receives each call, for metrics: upstream's `ec2_describe_instances_calls_total`,
/// `ec2_responses_total` and `ec2_connection_failures_total`.
pub trait Observer: Send + Sync {
    /// Receives a call. Must not wait.
    fn observe(&self, call: &Call<'_>);
}
