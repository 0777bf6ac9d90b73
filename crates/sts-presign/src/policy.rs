//! What a verifier asks of a URL beyond its shape.

use std::collections::BTreeSet;

use iam_principal::Partition;

use crate::cluster::ClusterId;
use crate::error::Error;
use crate::request::AcceptedRequest;
use crate::time::UnixTime;
use crate::url::PresignedUrl;

/// The header that binds a token to a cluster: upstream's `clusterIDHeader`
/// (`pkg/token/token.go`).
pub const BINDING_HEADER: &str = "x-k8s-aws-id";

/// How long a token lives from the second it was signed in, in seconds: upstream's
/// `presignedURLExpiration`, and STS's own limit for a signature.
pub const MAX_AGE: u64 = 900;

/// How far the signer's clock may run ahead, in seconds: our choice, STS's own tolerance. (Upstream
/// sets no limit.)
pub const DEFAULT_CLOCK_SKEW: u64 = 300;

/// What one verifier accepts: tokens for its cluster, of its partition, signed just now.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Policy {
    cluster_id: ClusterId,
    partition: Partition,
    clock_skew: u64,
    max_age: u64,
    regions: Option<BTreeSet<String>>,
}

impl Policy {
    /// Accepts every region of the partition, [`MAX_AGE`] and [`DEFAULT_CLOCK_SKEW`].
    #[must_use]
    pub const fn new(cluster_id: ClusterId, partition: Partition) -> Self {
        Self {
            cluster_id,
            partition,
            clock_skew: DEFAULT_CLOCK_SKEW,
            max_age: MAX_AGE,
            regions: None,
        }
    }

    /// Sets how many seconds the signer's clock may run ahead. There is no leeway at the other end.
    #[must_use]
    pub fn with_clock_skew(self, seconds: u64) -> Self {
        Self {
            clock_skew: seconds,
            ..self
        }
    }

    /// Shortens the life of tokens to so many seconds; more than [`MAX_AGE`] counts as that.
    #[must_use]
    pub fn with_max_age(self, seconds: u64) -> Self {
        Self {
            max_age: seconds.min(MAX_AGE),
            ..self
        }
    }

    /// Accepts only these regions. The global host counts as `us-east-1`.
    #[must_use]
    pub fn with_regions(self, regions: impl IntoIterator<Item = String>) -> Self {
        Self {
            regions: Some(regions.into_iter().collect()),
            ..self
        }
    }

    /// Returns the cluster that tokens have to be bound to.
    #[must_use]
    pub const fn cluster_id(&self) -> &ClusterId {
        &self.cluster_id
    }

    /// Returns the partition that tokens and callers have to be of.
    #[must_use]
    pub const fn partition(&self) -> Partition {
        self.partition
    }

    /// Judges a URL at a point in time.
    ///
    /// What comes back is the only thing that turns into a request, and it is made from the checked
    /// parts: the producer's own text is never sent.
    ///
    /// Whether the token was signed for *this* cluster is in the signature, which only STS can
    /// check: the request carries this policy's cluster id, so that a token for another cluster is
    /// refused there.
    ///
    /// # Errors
    ///
    /// The checks 18 to 24 of the [front page](crate), in that order: [`Error::HostPartition`],
    /// [`Error::RegionNotAllowed`], [`Error::HostNotSigned`], [`Error::BindingHeaderNotSigned`],
    /// [`Error::UnsuppliableHeader`], [`Error::NotYetValid`], [`Error::Expired`].
    pub fn accept(&self, url: PresignedUrl, now: UnixTime) -> Result<AcceptedRequest, Error> {
        let endpoint = url.endpoint();
        if endpoint.partition() != self.partition {
            return Err(Error::HostPartition);
        }
        if self
            .regions
            .as_ref()
            .is_some_and(|regions| !regions.contains(endpoint.region()))
        {
            return Err(Error::RegionNotAllowed);
        }
        check_signed_headers(&url)?;
        let signed_at = url.signed_at();
        let (first, last) = (
            signed_at.earlier(self.clock_skew),
            signed_at.later(self.max_age),
        );
        if now < first {
            let seconds = first.as_secs().saturating_sub(now.as_secs());
            return Err(Error::NotYetValid { seconds });
        }
        if now > last {
            let seconds = now.as_secs().saturating_sub(last.as_secs());
            return Err(Error::Expired { seconds });
        }
        AcceptedRequest::new(url, &self.cluster_id, last)
    }
}

/// Exactly what the rebuilt request carries: a header that was signed but is not sent makes STS see
/// another request than the one that was signed.
fn check_signed_headers(url: &PresignedUrl) -> Result<(), Error> {
    if !url.signed_headers().any(|header| header == "host") {
        return Err(Error::HostNotSigned);
    }
    if !url.signed_headers().any(|header| header == BINDING_HEADER) {
        return Err(Error::BindingHeaderNotSigned);
    }
    // The list is sorted and unique, so two names are these two.
    if url.signed_headers().count() != 2 {
        return Err(Error::UnsuppliableHeader);
    }
    Ok(())
}
