//! The request that an accepted POST becomes.

use std::fmt;
use std::sync::Arc;

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Method, Request, Uri};

use crate::binding::{Binding, BindingHeader};
use crate::cache_key::CacheKey;
use crate::endpoint::Endpoint;
use crate::endpoint_table::Found;
use crate::error::Error;
use crate::post::authorization::Authorization;
use crate::post::{DEFAULT_CONTENT_TYPE, Form, SignedPost};
use crate::time::UnixTime;
use crate::url::credential::Credential;
use crate::url::signature::ALGORITHM;

/// A request in POST form that passed every check, to send to STS.
///
/// Only [`AcceptPolicy::accept_post`](crate::AcceptPolicy::accept_post) builds one.
#[derive(Clone)]
pub struct AcceptedPost {
    uri: Uri,
    form: Form,
    endpoint: Endpoint,
    binding: Arc<Binding>,
    access_key_id: String,
    signed_at: UnixTime,
    expires_at: UnixTime,
    // INVARIANT: sorted by name, distinct, with `host`; the values are those that are sent.
    signed: Vec<(HeaderName, HeaderValue)>,
    // INVARIANT: `Authorization` parses it.
    authorization: HeaderValue,
}

impl AcceptedPost {
    pub(crate) fn new(
        post: &SignedPost<'_>,
        found: Found<'_>,
        binding: &Arc<Binding>,
        expires_at: UnixTime,
    ) -> Result<Self, Error> {
        let host = post.host();
        let uri = Uri::try_from(format!("https://{host}/")).map_err(|_| Error::ReadersDisagree)?;
        let Authorization {
            credential,
            signed_headers,
            signature,
        } = post.authorization();
        let signed = post.signed_headers().map(|name| {
            // The verifier's own value; a forwarded value is ignored.
            let value = match binding.find(name) {
                Some(header) => header.value(),
                None if name == "host" => host,
                None => post.headers().find(name).ok_or(Error::UnsuppliedHeader)?,
            };
            let mut value = HeaderValue::from_str(value).map_err(|_| Error::HeaderValue)?;
            value.set_sensitive(name == SECURITY_TOKEN);
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| Error::HeaderName)?;
            Ok((name, value))
        });
        let Credential {
            access_key_id,
            date,
            region,
        } = credential;
        let authorization = format!(
            "{ALGORITHM} Credential={access_key_id}/{date}/{region}/sts/aws4_request, \
             SignedHeaders={signed_headers}, Signature={signature}"
        );
        let mut authorization =
            HeaderValue::try_from(authorization).map_err(|_| Error::HeaderValue)?;
        authorization.set_sensitive(true);
        Ok(Self {
            uri,
            form: post.form(),
            endpoint: found.endpoint(host),
            binding: Arc::clone(binding),
            access_key_id: access_key_id.to_string(),
            signed_at: post.signed_at(),
            expires_at,
            signed: signed.collect::<Result<_, Error>>()?,
            authorization,
        })
    }

    /// Returns the request to send to STS: POST, `accept: application/json`, the form, the signed headers
    /// (the binding headers with the verifier's own values), and a rebuilt `Authorization` header. No other
    /// header of the caller is sent.
    ///
    /// **Send it over TLS to exactly this host, follow no redirects, limit how much you read, and do not log
    /// it.**
    #[must_use]
    pub fn to_http(&self) -> Request<&'static str> {
        let mut request = Request::new(self.form.text());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.clone();
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let form = HeaderValue::from_static(DEFAULT_CONTENT_TYPE);
        headers.insert(CONTENT_TYPE, form);
        // The HTTP client writes `host` from the URL.
        for (name, value) in self.signed.iter().filter(|(name, _)| name != "host") {
            headers.insert(name.clone(), value.clone());
        }
        headers.insert(AUTHORIZATION, self.authorization.clone());
        request
    }

    /// Returns the key under which the caller's identity may be cached until [`Self::expires_at`].
    #[must_use]
    pub fn cache_key(&self) -> CacheKey {
        let authorization = (AUTHORIZATION, self.authorization.clone());
        let headers = self.signed.iter().cloned().chain([authorization]);
        CacheKey::of_post(&self.uri, headers, self.form.text())
    }

    /// Returns the access key id in the credential, which STS has yet to confirm.
    #[must_use]
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// Returns the binding headers with the values that are sent.
    #[must_use]
    pub fn binding(&self) -> &[BindingHeader] {
        self.binding.headers()
    }

    /// Returns the host that the request is sent to.
    #[must_use]
    pub fn host(&self) -> &str {
        self.endpoint.host()
    }

    /// Returns the endpoint that the request is sent to.
    #[must_use]
    pub const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Returns the region of the credential scope, which is the host's.
    #[must_use]
    pub fn region(&self) -> &str {
        self.endpoint.region()
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
}

const SECURITY_TOKEN: &str = "x-amz-security-token";

/// The inputs of signature verification.
#[cfg(feature = "verify")]
impl AcceptedPost {
    pub(crate) fn payload(&self) -> &'static [u8] {
        self.form.text().as_bytes()
    }

    /// Returns the list of signed headers, joined by `;`.
    pub(crate) fn signed_headers_list(&self) -> &str {
        self.authorization().map_or("", |a| a.signed_headers)
    }

    pub(crate) fn signature(&self) -> &str {
        self.authorization().map_or("", |a| a.signature)
    }

    fn authorization(&self) -> Option<Authorization<'_>> {
        Authorization::parse(self.authorization.to_str().ok()?).ok()
    }

    /// Returns the signed headers with their values, in the order of the list.
    pub(crate) fn signed_header_values(&self) -> impl Iterator<Item = (&str, &str)> {
        self.signed
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap_or_default()))
    }

    pub(crate) fn amz_date(&self) -> &str {
        self.signed_value("x-amz-date").unwrap_or_default()
    }

    pub(crate) fn security_token(&self) -> Option<&str> {
        self.signed_value(SECURITY_TOKEN)
    }

    fn signed_value(&self, name: &str) -> Option<&str> {
        let (_, value) = self.signed.iter().find(|(signed, _)| signed == name)?;
        value.to_str().ok()
    }
}

impl fmt::Debug for AcceptedPost {
    /// Omits the signature and the session token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcceptedPost")
            .field("host", &self.endpoint.host())
            .field("access_key_id", &self.access_key_id)
            .field("binding", &self.binding.headers())
            .field("signed_at", &self.signed_at)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}
