//! The private DNS names of EC2 instances, which the rules of nodes need.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use eks_auth_ec2::{DescribeInstances, Resolver};

/// The future that [`PrivateDnsNames::look_up`] returns.
pub type PendingName<'n> =
    Pin<Box<dyn Future<Output = Result<String, PrivateDnsNameError>> + Send + 'n>>;

/// Looks up the private DNS name of an EC2 instance.
///
/// The webhook asks only if the rule that matches the caller contains `{{EC2PrivateDNSName}}`. The webhook
/// has no cache and no limit for these look-ups. So an implementation caches names, merges concurrent
/// look-ups of the same instance, and ends within its own deadline. If a future is dropped, a look-up that
/// another caller waits for must go on.
pub trait PrivateDnsNames: fmt::Debug + Send + Sync {
    /// Returns the private DNS name of an instance, such as `ip-10-0-0-1.ec2.internal`.
    ///
    /// `instance_id` comes from [`aws_auth_map::instance_id`], so it has the shape of an instance id.
    ///
    /// # Errors
    ///
    /// The name is unknown, for any reason. The review is then answered as a failure, never as a
    /// refusal, which kube-apiserver would cache.
    fn look_up<'n>(&'n self, instance_id: &'n str) -> PendingName<'n>;
}

/// Why a private DNS name could not be looked up.
///
/// [`Display`](fmt::Display) prints the code; the cause is the [`source`](StdError::source).
#[derive(Clone, Debug)]
pub struct PrivateDnsNameError {
    code: &'static str,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl PrivateDnsNameError {
    /// Builds an error. `code` is a stable kebab-case name, such as `instance-not-found` or
    /// `ec2-throttled`; it becomes a field of the log.
    #[must_use]
    pub const fn new(code: &'static str) -> Self {
        Self { code, source: None }
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(self, source: impl StdError + Send + Sync + 'static) -> Self {
        Self {
            source: Some(Arc::new(source)),
            ..self
        }
    }

    /// Returns the stable name of the fact.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.code
    }
}

impl fmt::Display for PrivateDnsNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no private DNS name for the instance ({})", self.code)
    }
}

impl StdError for PrivateDnsNameError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let source = self.source.as_deref()?;
        Some(source)
    }
}

/// The resolver of `eks-auth-ec2`, which asks EC2 in batches.
impl<D: DescribeInstances> PrivateDnsNames for Resolver<D> {
    fn look_up<'n>(&'n self, instance_id: &'n str) -> PendingName<'n> {
        Box::pin(async move {
            match Self::look_up(self, instance_id).await {
                Ok(name) => Ok(name.to_string()),
                Err(error) => Err(PrivateDnsNameError::new(error.code()).with_source(error)),
            }
        })
    }
}
