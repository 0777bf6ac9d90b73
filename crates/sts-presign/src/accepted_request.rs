//! The request that an accepted URL becomes.

use std::fmt;
use std::sync::Arc;

use http::header::{ACCEPT, HeaderValue};
use http::{Method, Request, Uri};
use iam_principal::Partition;

use crate::binding::{Binding, BindingHeader};
use crate::cache_key::CacheKey;
use crate::endpoint::{Endpoint, EndpointVariant};
use crate::endpoint_table::Found;
use crate::error::Error;
use crate::param::Param;
use crate::time::UnixTime;
use crate::url::PresignedUrl;
use crate::url::credential::CanonicalParts;
#[cfg(feature = "verify")]
use crate::url::credential::Credential;
use crate::url::query::Spans;

/// A URL that passed every check, as the `GetCallerIdentity` request to send to STS.
///
/// Only [`AcceptPolicy::accept`](crate::AcceptPolicy::accept) builds one.
#[derive(Clone)]
pub struct AcceptedRequest {
    // INVARIANT: the canonical spelling of the accepted URL.
    uri: Uri,
    spans: Spans,
    // INVARIANT: the parts of the credential in `uri`.
    credential: CanonicalParts,
    binding: Arc<Binding>,
    partition: Partition,
    variant: EndpointVariant,
    signed_at: UnixTime,
    expires_at: UnixTime,
}

impl AcceptedRequest {
    pub(crate) fn new(
        url: PresignedUrl<'_>,
        found: Found<'_>,
        binding: &Arc<Binding>,
        expires_at: UnixTime,
    ) -> Result<Self, Error> {
        let signed_at = url.signed_at();
        let (mut text, spans, credential) = url.into_canonical();
        // The third parser. It cannot disagree about a URL of this form, but if it did, the request would
        // not be the accepted one.
        let uri = Uri::try_from(std::mem::take(&mut *text)).map_err(|_| Error::ReadersDisagree)?;
        Ok(Self {
            uri,
            spans,
            credential,
            binding: Arc::clone(binding),
            partition: found.partition,
            variant: found.variant,
            signed_at,
            expires_at,
        })
    }

    /// Returns the request to send to STS: GET, `accept: application/json`, the binding headers with the
    /// verifier's own values, and the accepted parameters, encoded again.
    ///
    /// **Send it over TLS to exactly this host, follow no redirects, limit how much you read, and do not
    /// log it: `Debug` of an `http::Request` prints the whole URL.**
    #[must_use]
    pub fn to_http(&self) -> Request<()> {
        let mut request = Request::new(());
        *request.method_mut() = Method::GET;
        *request.uri_mut() = self.uri.clone();
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        for header in self.binding() {
            let (name, value) = header.to_http();
            headers.insert(name, value);
        }
        request
    }

    /// Returns the key under which the caller's identity may be cached until [`Self::expires_at`].
    #[must_use]
    pub fn cache_key(&self) -> CacheKey {
        CacheKey::of_url(&self.uri, &self.binding)
    }

    /// Returns the access key id in the credential, which STS has yet to confirm.
    #[must_use]
    pub fn access_key_id(&self) -> &str {
        let id = self.credential.access_key_id.clone();
        self.get(Param::Credential).get(id).unwrap_or_default()
    }

    /// Returns the binding headers with the values that are sent.
    #[must_use]
    pub fn binding(&self) -> &[BindingHeader] {
        self.binding.headers()
    }

    /// Returns the host that the request is sent to.
    #[must_use]
    pub fn host(&self) -> &str {
        self.uri.host().unwrap_or_default()
    }

    /// Returns the region of the credential scope, which is the host's.
    #[must_use]
    pub fn region(&self) -> &str {
        let region = self.credential.region.clone();
        self.get(Param::Credential).get(region).unwrap_or_default()
    }

    /// Returns the endpoint that the request is sent to.
    #[must_use]
    pub fn endpoint(&self) -> Endpoint {
        Endpoint::new(self.host(), self.partition, self.region(), self.variant)
    }

    /// Returns the time of signing, according to the signer.
    #[must_use]
    pub const fn signed_at(&self) -> UnixTime {
        self.signed_at
    }

    /// Returns the last second in which the request is accepted.
    #[must_use]
    pub const fn expires_at(&self) -> UnixTime {
        self.expires_at
    }

    /// Returns a value in its canonical spelling.
    fn get(&self, param: Param) -> &str {
        let query = self.uri.query().unwrap_or_default();
        self.spans.find(query, param).unwrap_or_default()
    }
}

/// The inputs of signature verification.
#[cfg(feature = "verify")]
impl AcceptedRequest {
    pub(crate) fn credential(&self) -> Result<Credential<'_>, Error> {
        Credential::parse_canonical(self.get(Param::Credential))
    }

    /// Returns SigV4's canonical query.
    pub(crate) fn canonical_query(&self) -> &str {
        self.spans.signed_part(self.uri.query().unwrap_or_default())
    }

    /// Returns the list of signed headers, joined by `;`.
    pub(crate) fn signed_headers_list(&self) -> &str {
        // by acceptance: the list of the policy
        self.binding.list()
    }

    /// Returns the signed headers with their values, in the order of the list.
    pub(crate) fn signed_header_values(&self) -> impl Iterator<Item = (&str, &str)> {
        self.signed_headers_list().split(';').map(|name| {
            let value = self.binding.find(name).map(BindingHeader::value);
            // by acceptance: `host` is the only signed header that is not a binding header
            (name, value.unwrap_or_else(|| self.host()))
        })
    }

    pub(crate) const fn partition(&self) -> Partition {
        self.partition
    }

    pub(crate) fn amz_date(&self) -> &str {
        self.get(Param::Date)
    }

    pub(crate) fn signature(&self) -> &str {
        self.get(Param::Signature)
    }

    /// Returns the session token in the spelling of the canonical query.
    pub(crate) fn security_token(&self) -> Option<&str> {
        let query = self.uri.query().unwrap_or_default();
        self.spans.find(query, Param::SecurityToken)
    }
}

impl fmt::Debug for AcceptedRequest {
    /// Omits the signature and the session token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcceptedRequest")
            .field("host", &self.host())
            .field("access_key_id", &self.access_key_id())
            .field("binding", &self.binding.headers())
            .field("signed_at", &self.signed_at)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}
