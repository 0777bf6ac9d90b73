//! The request that an accepted URL becomes.

use std::fmt;

use http::header::{ACCEPT, HeaderName, HeaderValue};
use http::{Method, Request, Uri};

use crate::cluster::ClusterId;
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::policy::BINDING_HEADER;
use crate::time::UnixTime;
use crate::url::PresignedUrl;

/// A URL that passed every check, as the request that asks STS who signed it.
///
/// Only [`Policy::accept`](crate::Policy::accept) makes one.
#[derive(Clone)]
pub struct AcceptedRequest {
    url: PresignedUrl,
    cluster_id: ClusterId,
    expires_at: UnixTime,
    uri: Uri,
    binding: HeaderValue,
}

impl AcceptedRequest {
    pub(crate) fn new(
        url: PresignedUrl,
        cluster_id: &ClusterId,
        expires_at: UnixTime,
    ) -> Result<Self, Error> {
        // The third reader. It cannot disagree about a URL of this shape, but if it did, the request
        // would not be the one that was judged.
        let uri = Uri::try_from(url.to_text()).map_err(|_| Error::ReadersDisagree)?;
        let binding = HeaderValue::from_str(cluster_id.as_str()).map_err(|_| Error::ClusterId)?;
        let cluster_id = cluster_id.clone();
        Ok(Self {
            url,
            cluster_id,
            expires_at,
            uri,
            binding,
        })
    }

    /// Returns the request to send to STS: GET, `accept: application/json`, the binding header with
    /// the verifier's own cluster id, and the parameters that were judged, encoded afresh.
    ///
    /// **Send it over TLS to exactly this host, follow no redirects, and bound what you read.**
    #[must_use]
    pub fn to_http(&self) -> Request<()> {
        let mut request = Request::new(());
        *request.method_mut() = Method::GET;
        *request.uri_mut() = self.uri.clone();
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(
            HeaderName::from_static(BINDING_HEADER),
            self.binding.clone(),
        );
        request
    }

    /// Returns the access key id that claims to have signed it.
    #[must_use]
    pub fn access_key_id(&self) -> &str {
        self.url.access_key_id()
    }

    /// Returns the cluster that it is sent for.
    #[must_use]
    pub const fn cluster_id(&self) -> &ClusterId {
        &self.cluster_id
    }

    /// Returns the endpoint that it goes to.
    #[must_use]
    pub const fn endpoint(&self) -> &Endpoint {
        self.url.endpoint()
    }

    /// Returns when it was signed.
    #[must_use]
    pub const fn signed_at(&self) -> UnixTime {
        self.url.signed_at()
    }

    /// Returns the last second in which it is accepted.
    #[must_use]
    pub const fn expires_at(&self) -> UnixTime {
        self.expires_at
    }

    #[cfg(feature = "verify")]
    pub(crate) const fn url(&self) -> &PresignedUrl {
        &self.url
    }
}

impl fmt::Debug for AcceptedRequest {
    /// Neither the signature nor the session token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcceptedRequest")
            .field("url", &self.url)
            .field("cluster_id", &self.cluster_id.as_str())
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}
