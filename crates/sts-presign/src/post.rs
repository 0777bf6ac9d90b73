//! The POST form: a request signed in its headers and forwarded as method, URL, headers and body, as in the
//! logins of Vault, Consul, Teleport and `MongoDB`.

mod accepted_post;
pub(crate) mod authorization;
mod checks;
mod form;
mod headers;

use std::fmt;

pub use accepted_post::AcceptedPost;
pub(crate) use checks::{
    check_host_header, check_lengths, check_method, check_second_reader, forwarded_len, none_of,
    signed_at, split_url,
};
pub(crate) use form::{DEFAULT_CONTENT_TYPE, Form};
pub(crate) use headers::Headers;

use crate::error::Error;
use crate::post::authorization::{Authorization, RawAuthorization};
use crate::time::UnixTime;
use crate::url::credential::Credential;
use crate::url::{signature, signed_headers};

/// The most headers in a forwarded request: our choice, three times the most that an SDK sends.
pub const MAX_FORWARDED_HEADERS: usize = 40;

/// A request that a login forwards, each part decoded from the login's own encoding.
#[derive(Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "a request has these four parts")]
pub struct ForwardedRequest<'r> {
    /// `POST`.
    pub method: &'r str,
    /// `https://HOST/`.
    pub url: &'r str,
    /// Names in any letter case, with their values. A list, so that a repeated name is detected.
    pub headers: &'r [(&'r str, &'r str)],
    /// The form.
    pub body: &'r str,
}

impl fmt::Debug for ForwardedRequest<'_> {
    /// Omits the signature and the session token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForwardedRequest").finish_non_exhaustive()
    }
}

/// A well-formed `GetCallerIdentity` request in POST form (checks P1 to P19 of the front page). It is not
/// yet trusted: [`AcceptPolicy::accept_post`](crate::AcceptPolicy::accept_post) decides that.
#[derive(Clone)]
pub struct SignedPost<'r> {
    url: &'r str,
    host: &'r str,
    form: Form,
    headers: Headers<'r>,
    authorization: Authorization<'r>,
    signed_at: UnixTime,
}

impl<'r> SignedPost<'r> {
    /// Parses a request.
    ///
    /// # Errors
    ///
    /// The checks P1 to P19 of the [front page](crate), in that order.
    pub fn parse(request: &ForwardedRequest<'r>) -> Result<Self, Error> {
        check_lengths(request)?;
        check_method(request.method)?;
        let host = split_url(request.url)?;
        let form = Form::parse(request.body)?;
        let headers = Headers::parse(request.headers)?;
        let RawAuthorization {
            credential,
            signed_headers,
            signature,
        } = headers.authorization()?;
        signature::check(signature)?;
        signed_headers::check(signed_headers::names(signed_headers))?;
        let signed_at = signed_at(&headers)?;
        let credential = Credential::parse(credential)?;
        credential.check_date(headers.amz_date())?;
        none_of(
            headers.unsigned_amz_headers(signed_headers),
            Error::UnsignedHeader,
        )?;
        check_host_header(&headers, host)?;
        none_of(headers.odd_values(signed_headers), Error::HeaderValue)?;
        none_of(headers.misfits(signed_headers, form), Error::ForwardedValue)?;
        Ok(Self {
            url: request.url,
            host,
            form,
            headers,
            authorization: Authorization {
                credential,
                signed_headers,
                signature,
            },
            signed_at,
        })
    }

    /// Returns the host, which may not be an STS endpoint.
    #[must_use]
    pub const fn host(&self) -> &'r str {
        self.host
    }

    /// Returns the access key id of the credential scope.
    #[must_use]
    pub const fn access_key_id(&self) -> &'r str {
        self.authorization.credential.access_key_id.as_str()
    }

    /// Returns the region of the credential scope.
    #[must_use]
    pub const fn region(&self) -> &'r str {
        self.authorization.credential.region
    }

    /// Returns the time of signing, according to the request.
    #[must_use]
    pub const fn signed_at(&self) -> UnixTime {
        self.signed_at
    }

    /// Returns the names of the signed headers, in order.
    pub fn signed_headers(&self) -> impl Iterator<Item = &'r str> + use<'r> {
        signed_headers::names(self.authorization.signed_headers)
    }

    pub(crate) const fn url(&self) -> &'r str {
        self.url
    }

    pub(crate) const fn form(&self) -> Form {
        self.form
    }

    pub(crate) const fn headers(&self) -> &Headers<'r> {
        &self.headers
    }

    pub(crate) const fn authorization(&self) -> Authorization<'r> {
        self.authorization
    }
}

impl fmt::Debug for SignedPost<'_> {
    /// Omits the signature and the session token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedPost")
            .field("host", &self.host)
            .field("access_key_id", &self.access_key_id())
            .field("signed_at", &self.signed_at)
            .finish_non_exhaustive()
    }
}
