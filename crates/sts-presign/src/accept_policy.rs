//! The requirements of a verifier for a well-formed request.

use std::collections::BTreeSet;
use std::sync::Arc;

use iam_principal::Partition;

use crate::accepted_request::AcceptedRequest;
use crate::binding::{Binding, BindingHeader, is_reserved_header};
use crate::cluster::ClusterId;
use crate::endpoint_table::{EndpointTable, Found};
use crate::error::Error;
use crate::post::AcceptedPost;
use crate::post::{Headers, SignedPost, check_second_reader, none_of};
use crate::time::UnixTime;
use crate::url::PresignedUrl;
use crate::url::signed_headers::{is_name, names, names_in_canonical};

/// How long a request is valid after signing, in seconds: upstream's `presignedURLExpiration`, and STS's
/// own limit.
pub const MAX_AGE: u64 = 900;

/// How far the signer's clock may run ahead, in seconds: our choice, equal to STS's tolerance. (Upstream
/// has no limit.)
pub const DEFAULT_CLOCK_SKEW: u64 = 300;

/// The requests that one verifier accepts: recently signed requests of its partition that are bound
/// to it.
///
/// A clone shares the settings and is cheap.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AcceptPolicy {
    binding: Arc<Binding>,
    partition: Partition,
    endpoints: Arc<EndpointTable>,
    regions: Option<Arc<BTreeSet<String>>>,
    clock_skew: u64,
    max_age: u64,
    forwarded: Arc<BTreeSet<String>>,
}

impl AcceptPolicy {
    /// Accepts EKS tokens for a cluster, bound by [`BINDING_HEADER`](crate::BINDING_HEADER), in every
    /// region of the partition, with [`MAX_AGE`] and [`DEFAULT_CLOCK_SKEW`].
    #[must_use]
    pub fn new(cluster_id: ClusterId, partition: Partition) -> Self {
        Self::bound_by(BindingHeader::cluster(cluster_id), partition)
    }

    /// Accepts requests that are bound by another header, such as the logins of Vault, Consul and
    /// Teleport. Otherwise as [`AcceptPolicy::new`].
    #[must_use]
    pub fn bound_by(header: BindingHeader, partition: Partition) -> Self {
        Self {
            binding: Arc::new(Binding::new(header)),
            partition,
            endpoints: Arc::new(EndpointTable::aws()),
            regions: None,
            clock_skew: DEFAULT_CLOCK_SKEW,
            max_age: MAX_AGE,
            forwarded: Arc::default(),
        }
    }

    /// Requires one more binding header, or replaces the value of an existing one.
    ///
    /// A challenge for a single login is a binding header in a policy for that login:
    ///
    /// ```
    /// # use iam_principal::Partition;
    /// # use sts_presign::{BindingHeader, AcceptPolicy};
    /// let server = BindingHeader::parse("x-vault-aws-iam-server-id", "vault.example.com")?;
    /// let always = AcceptPolicy::bound_by(server, Partition::Aws);
    ///
    /// let challenge = BindingHeader::parse("x-teleport-challenge", "w3rD9qZc")?;
    /// let this_login = always.clone().with_binding(challenge);
    /// assert_eq!(this_login.binding().len(), 2);
    /// # Ok::<(), sts_presign::Error>(())
    /// ```
    #[must_use]
    pub fn with_binding(self, header: BindingHeader) -> Self {
        Self {
            binding: Arc::new(self.binding.with(header)),
            ..self
        }
    }

    /// Replaces the table of STS hosts.
    #[must_use]
    pub fn with_endpoints(self, endpoints: EndpointTable) -> Self {
        Self {
            endpoints: Arc::new(endpoints),
            ..self
        }
    }

    /// Accepts only these regions. The global endpoint belongs to `us-east-1`.
    #[must_use]
    pub fn with_regions(self, regions: impl IntoIterator<Item: Into<String>>) -> Self {
        let regions = regions.into_iter().map(Into::into);
        Self {
            regions: Some(Arc::new(regions.collect())),
            ..self
        }
    }

    /// Sets how many seconds the signer's clock may run ahead. STS allows [`DEFAULT_CLOCK_SKEW`], so a
    /// larger value helps only if the signature is verified locally.
    #[must_use]
    pub fn with_clock_skew(self, seconds: u64) -> Self {
        Self {
            clock_skew: seconds,
            ..self
        }
    }

    /// Sets how many seconds a request is valid, at most [`MAX_AGE`].
    ///
    /// Expiry has no leeway, because STS has none. If the verifier's own clock may run slow, shorten the
    /// age by as much.
    #[must_use]
    pub fn with_max_age(self, seconds: u64) -> Self {
        Self {
            max_age: seconds.min(MAX_AGE),
            ..self
        }
    }

    /// Allows one more signed header in a request in POST form and forwards its value: some SDKs sign their
    /// `user-agent` or `amz-sdk-request`. Presigned URLs are not affected, since they have no header values.
    ///
    /// # Errors
    ///
    /// [`Error::HeaderName`] unless the name is lower-case letters, digits, `-`, `_` and `.`, and not
    /// reserved; `x-amz-user-agent` is not.
    pub fn with_forwarded_header(mut self, name: &str) -> Result<Self, Error> {
        if !is_name(name) || (is_reserved_header(name) && name != "x-amz-user-agent") {
            return Err(Error::HeaderName);
        }
        Arc::make_mut(&mut self.forwarded).insert(name.to_owned());
        Ok(self)
    }

    /// Returns the required binding headers, sorted by name.
    #[must_use]
    pub fn binding(&self) -> &[BindingHeader] {
        self.binding.headers()
    }

    /// Returns the partition of requests and callers.
    #[must_use]
    pub const fn partition(&self) -> Partition {
        self.partition
    }

    /// Accepts or refuses a URL at a point in time.
    ///
    /// Only the result can become a request. It is built from the checked parts: the producer's own
    /// text is never sent.
    ///
    /// Only STS can check the signature, and with it whether the token was signed for *this* cluster. The
    /// request has this policy's cluster id, so STS refuses a token for another cluster.
    ///
    /// # Errors
    ///
    /// The checks 16 to 22 of the [front page](crate), in that order: [`Error::NotYetValid`],
    /// [`Error::Expired`], [`Error::HostNotSigned`], [`Error::BindingHeaderNotSigned`],
    /// [`Error::UnsuppliedHeader`], [`Error::Host`], [`Error::HostPartition`],
    /// [`Error::RegionNotAllowed`], [`Error::ScopeRegion`], [`Error::ReadersDisagree`].
    pub fn accept(&self, url: PresignedUrl<'_>, now: UnixTime) -> Result<AcceptedRequest, Error> {
        let expires_at = self.check_window(url.signed_at(), now)?;
        self.check_signed_headers(url.signed_headers_list())?;
        let raw = url.raw();
        let found = self.find_host(raw.host())?;
        self.check_partition(found)?;
        self.check_region(found)?;
        check_scope_region(found, url.region())?;
        raw.check_second_reader()?;
        AcceptedRequest::new(url, found, &self.binding, expires_at)
    }

    /// Repeats the checks of an accepted request that depend on the time. The outcome of every other check is
    /// the same at any time.
    ///
    /// The request must have been accepted by this policy.
    ///
    /// # Errors
    ///
    /// [`Error::NotYetValid`], [`Error::Expired`].
    pub fn check_time(&self, accepted: &AcceptedRequest, now: UnixTime) -> Result<(), Error> {
        self.check_window(accepted.signed_at(), now).map(drop)
    }

    /// Accepts or refuses a request in POST form at a point in time, as strictly as a URL.
    ///
    /// # Errors
    ///
    /// The checks P20 to P26 of the [front page](crate), in that order: as [`AcceptPolicy::accept`], with
    /// [`Error::BindingHeaderValue`] after [`Error::BindingHeaderNotSigned`].
    pub fn accept_post(&self, post: &SignedPost<'_>, now: UnixTime) -> Result<AcceptedPost, Error> {
        let expires_at = self.check_window(post.signed_at(), now)?;
        self.check_signed_in_post(post.headers(), post.authorization().signed_headers)?;
        let found = self.find_host(post.host())?;
        self.check_partition(found)?;
        self.check_region(found)?;
        check_scope_region(found, post.region())?;
        check_second_reader(post.url(), post.host())?;
        AcceptedPost::new(post, found, &self.binding, expires_at)
    }

    pub(crate) fn check_signed_in_post(
        &self,
        headers: &Headers<'_>,
        signed: &str,
    ) -> Result<(), Error> {
        self.check_bound(names(signed))?;
        none_of(self.mismatched_bindings(headers), Error::BindingHeaderValue)?;
        none_of(
            self.unsupplied_in_post(headers, signed),
            Error::UnsuppliedHeader,
        )
    }

    fn check_bound<'s>(&self, signed: impl Iterator<Item = &'s str> + Clone) -> Result<(), Error> {
        if !signed.clone().any(|name| name == "host") {
            return Err(Error::HostNotSigned);
        }
        none_of(self.unbound(signed), Error::BindingHeaderNotSigned)
    }

    /// Returns the binding headers that are not signed.
    pub(crate) fn unbound<'p, 's>(
        &'p self,
        signed: impl Iterator<Item = &'s str> + Clone,
    ) -> impl Iterator<Item = &'p str> {
        self.binding()
            .iter()
            .map(BindingHeader::name)
            .filter(move |wanted| !signed.clone().any(|name| name == *wanted))
    }

    /// Returns the binding headers that were forwarded with another value. The verifier sends its own value,
    /// so STS would refuse the signature.
    pub(crate) fn mismatched_bindings<'p>(
        &'p self,
        headers: &Headers<'_>,
    ) -> impl Iterator<Item = &'p str> {
        self.binding()
            .iter()
            .filter(|header| {
                let forwarded = headers.find(header.name());
                forwarded.is_some_and(|value| value != header.value())
            })
            .map(BindingHeader::name)
    }

    /// Returns the signed headers whose values are neither the verifier's own nor forwarded.
    pub(crate) fn unsupplied_in_post<'s>(
        &self,
        headers: &Headers<'_>,
        signed: &'s str,
    ) -> impl Iterator<Item = &'s str> {
        let is_forwarded = |name| FORWARDED.contains(&name) || self.forwarded.contains(name);
        let is_supplied =
            move |name| self.supplies(name) || (is_forwarded(name) && headers.find(name).is_some());
        names(signed).filter(move |name| !is_supplied(name))
    }

    /// Returns the signed headers of a presigned URL whose values are not the verifier's own.
    pub(crate) fn unsupplied<'s>(&self, list: &'s str) -> impl Iterator<Item = &'s str> {
        names_in_canonical(list).filter(|name| !self.supplies(name))
    }

    fn supplies(&self, name: &str) -> bool {
        name == "host" || self.binding.find(name).is_some()
    }

    /// Returns the last second in which the request is accepted.
    pub(crate) fn check_window(
        &self,
        signed_at: UnixTime,
        now: UnixTime,
    ) -> Result<UnixTime, Error> {
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
        Ok(last)
    }

    /// Checks that the signed headers of a URL are exactly the headers of the rebuilt request. If a signed
    /// header is not sent, STS sees a different request.
    pub(crate) fn check_signed_headers(&self, list: &str) -> Result<(), Error> {
        // Both lists are sorted, distinct, and in the canonical spelling.
        if list == self.binding.canonical_list() {
            return Ok(());
        }
        self.check_bound(names_in_canonical(list))?;
        Err(Error::UnsuppliedHeader)
    }

    pub(crate) fn find_host<'h>(&'h self, host: &'h str) -> Result<Found<'h>, Error> {
        self.endpoints.find(host).ok_or(Error::Host)
    }

    pub(crate) fn check_partition(&self, found: Found<'_>) -> Result<(), Error> {
        if found.partition == self.partition {
            Ok(())
        } else {
            Err(Error::HostPartition)
        }
    }

    pub(crate) fn check_region(&self, found: Found<'_>) -> Result<(), Error> {
        match &self.regions {
            Some(regions) if !regions.contains(found.region) => Err(Error::RegionNotAllowed),
            _ => Ok(()),
        }
    }
}

/// The headers that a request in POST form may sign besides `host` and the binding headers. [`SignedPost`]
/// checks their values.
const FORWARDED: [&str; 6] = [
    "accept",
    "content-length",
    "content-type",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-security-token",
];

/// STS verifies a signature with the key of its own region, so no other region can be right.
pub(crate) fn check_scope_region(found: Found<'_>, region: &str) -> Result<(), Error> {
    if found.region == region {
        Ok(())
    } else {
        Err(Error::ScopeRegion)
    }
}
