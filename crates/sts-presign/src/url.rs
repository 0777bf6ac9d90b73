//! The strict parser of exactly one form of URL.

pub(crate) mod credential;
pub(crate) mod percent;
pub(crate) mod query;
pub(crate) mod signature;
pub(crate) mod signed_headers;

use std::fmt;

use zeroize::Zeroizing;

use crate::error::Error;
use crate::param::Param;
use crate::time::UnixTime;
use crate::url::credential::{CanonicalParts, Credential};
use crate::url::query::{CanonicalUrl, RawQuery, Spans};
use crate::url::signature::ALGORITHM;

/// The longest URL in bytes: our choice, five times the URL in a token of the default length, so that only
/// the limit of the token needs raising for long session tokens.
pub const MAX_URL_LEN: usize = 16_384;

/// The largest `X-Amz-Expires` in seconds: upstream's `presignedURLExpiration` (`pkg/token/token.go`). The
/// value has no other effect, because STS ignores it.
pub const MAX_EXPIRES: u32 = 900;

/// A well-formed presigned `GetCallerIdentity` URL (checks 1 to 15 of the front page). It is not yet
/// trusted: [`AcceptPolicy::accept`](crate::AcceptPolicy::accept) decides that.
#[derive(Clone)]
pub struct PresignedUrl<'u> {
    raw: RawUrl<'u>,
    // INVARIANT: each value has passed its check.
    canonical: CanonicalUrl,
    // INVARIANT: the parts of the canonical credential.
    credential: CanonicalParts,
    signed_at: UnixTime,
}

impl<'u> PresignedUrl<'u> {
    /// Parses a URL.
    ///
    /// # Errors
    ///
    /// The checks 1 to 15 of the [front page](crate), in that order.
    pub fn parse(text: &'u str) -> Result<Self, Error> {
        let raw = RawUrl::parse(text)?;
        let canonical = raw.canonical()?;
        check_action(&canonical)?;
        check_version(&canonical)?;
        check_algorithm(&canonical)?;
        check_expires(&canonical)?;
        check_signature(&canonical)?;
        check_signed_headers(&canonical)?;
        let signed_at = signed_at(&canonical)?;
        let credential = credential(&canonical)?;
        credential.check_date(canonical.get(Param::Date))?;
        let credential = credential.canonical_parts();
        Ok(Self {
            raw,
            canonical,
            credential,
            signed_at,
        })
    }

    /// Returns the host, which may not be an STS endpoint.
    #[must_use]
    pub const fn host(&self) -> &str {
        self.raw.host
    }

    /// Returns the access key id of the credential scope.
    #[must_use]
    pub fn access_key_id(&self) -> &str {
        let credential = self.canonical.get(Param::Credential);
        let id = self.credential.access_key_id.clone();
        credential.get(id).unwrap_or_default()
    }

    /// Returns the region of the credential scope. A character that no region has is percent-encoded in it.
    #[must_use]
    pub fn region(&self) -> &str {
        let credential = self.canonical.get(Param::Credential);
        let region = self.credential.region.clone();
        credential.get(region).unwrap_or_default()
    }

    /// Returns the time of signing, according to the URL.
    #[must_use]
    pub const fn signed_at(&self) -> UnixTime {
        self.signed_at
    }

    /// Returns the names of the signed headers, in order.
    pub fn signed_headers(&self) -> impl Iterator<Item = &str> {
        signed_headers::names_in_canonical(self.signed_headers_list())
    }

    /// Returns the list of signed headers in the spelling of a canonical query.
    pub(crate) fn signed_headers_list(&self) -> &str {
        self.canonical.get(Param::SignedHeaders)
    }

    #[cfg(feature = "verify")]
    pub(crate) fn canonical_query(&self) -> &str {
        self.canonical.signed_part()
    }

    #[cfg(feature = "verify")]
    pub(crate) fn amz_date(&self) -> &str {
        self.canonical.get(Param::Date)
    }

    #[cfg(feature = "verify")]
    pub(crate) fn signature(&self) -> &str {
        self.canonical.get(Param::Signature)
    }

    #[cfg(feature = "verify")]
    pub(crate) fn security_token(&self) -> Option<&str> {
        Some(self.canonical.get(Param::SecurityToken)).filter(|token| !token.is_empty())
    }

    pub(crate) const fn raw(&self) -> RawUrl<'u> {
        self.raw
    }

    /// Returns the URL, rebuilt from the checked parts, the spans of the values in its query, and the parts of its
    /// credential.
    pub(crate) fn into_canonical(self) -> (Zeroizing<String>, Spans, CanonicalParts) {
        let (text, spans) = self.canonical.into_parts();
        (text, spans, self.credential)
    }
}

impl fmt::Debug for PresignedUrl<'_> {
    /// Omits the signature and the session token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PresignedUrl")
            .field("host", &self.raw.host)
            .field("access_key_id", &self.access_key_id())
            .field("signed_at", &self.signed_at)
            .finish_non_exhaustive()
    }
}

/// `https://HOST/?QUERY` of allowed bytes, and nothing else.
#[derive(Clone, Copy)]
pub(crate) struct RawUrl<'u> {
    text: &'u str,
    host: &'u str,
    query: &'u str,
}

impl<'u> RawUrl<'u> {
    pub(crate) fn parse(text: &'u str) -> Result<Self, Error> {
        if text.len() > MAX_URL_LEN {
            return Err(Error::TooLong);
        }
        percent::check_bytes(text)?;
        let (host, rest) = split_host(text)?;
        let query = rest.strip_prefix("/?").ok_or(Error::Path)?;
        Ok(Self { text, host, query })
    }

    pub(crate) const fn host(&self) -> &'u str {
        self.host
    }

    pub(crate) const fn query(&self) -> &'u str {
        self.query
    }

    /// Parses the query and rebuilds it in SigV4's spelling.
    pub(crate) fn canonical(&self) -> Result<CanonicalUrl, Error> {
        let query = RawQuery::parse(self.query)?;
        Ok(CanonicalUrl::of(self.host, &query, self.query.len()))
    }

    /// Checks that a second parser agrees: `url`, which follows the WHATWG standard, must see the same host,
    /// path and query, and print the text unchanged.
    ///
    /// It reads the text up to the `?` only, which costs a quarter. In a query, the standard copies each
    /// allowed byte regardless of its neighbors, so the rest of the text cannot change the result. A test of
    /// this module shows that for each pair of bytes, and the fuzz target `url` reads the whole text.
    ///
    /// # Errors
    ///
    /// [`Error::ReadersDisagree`].
    pub(crate) fn check_second_reader(&self) -> Result<(), Error> {
        let start = self.text.strip_suffix(self.query);
        let start = start.ok_or(Error::ReadersDisagree)?;
        let url = url::Url::parse(start).map_err(|_| Error::ReadersDisagree)?;
        let theirs = (url.as_str(), url.host_str(), url.path(), url.query());
        if theirs == (start, Some(self.host), "/", Some("")) {
            Ok(())
        } else {
            Err(Error::ReadersDisagree)
        }
    }
}

/// Splits a URL after its host, which must not have a port.
pub(crate) fn split_host(text: &str) -> Result<(&str, &str), Error> {
    let rest = text.strip_prefix("https://").ok_or(Error::NotHttps)?;
    let end = rest.find(['/', '?']).ok_or(Error::Path)?;
    let (host, rest) = rest.split_at_checked(end).ok_or(Error::Path)?;
    if host.contains(':') {
        return Err(Error::Port);
    }
    Ok((host, rest))
}

// Checks 7 to 15, each on the canonical spelling of one value.

pub(crate) fn check_action(url: &CanonicalUrl) -> Result<(), Error> {
    exactly(url, Param::Action, "GetCallerIdentity", Error::Action)
}

pub(crate) fn check_version(url: &CanonicalUrl) -> Result<(), Error> {
    exactly(url, Param::Version, "2011-06-15", Error::Version)
}

pub(crate) fn check_algorithm(url: &CanonicalUrl) -> Result<(), Error> {
    exactly(url, Param::Algorithm, ALGORITHM, Error::Algorithm)
}

fn exactly(url: &CanonicalUrl, param: Param, want: &str, error: Error) -> Result<(), Error> {
    if url.get(param) == want {
        Ok(())
    } else {
        Err(error)
    }
}

/// Checks for a decimal number without sign or leading zero, at most [`MAX_EXPIRES`].
pub(crate) fn check_expires(url: &CanonicalUrl) -> Result<(), Error> {
    let text = url.get(Param::Expires);
    let is_plain = text == "0" || !text.starts_with('0');
    // A sign, which the parser accepts, is escaped in this spelling.
    match text.parse::<u32>() {
        Ok(number) if is_plain && number <= MAX_EXPIRES => Ok(()),
        _ => Err(Error::Expires),
    }
}

pub(crate) fn check_signature(url: &CanonicalUrl) -> Result<(), Error> {
    signature::check(url.get(Param::Signature))
}

pub(crate) fn check_signed_headers(url: &CanonicalUrl) -> Result<(), Error> {
    signed_headers::check(signed_headers::names_in_canonical(
        url.get(Param::SignedHeaders),
    ))
}

pub(crate) fn signed_at(url: &CanonicalUrl) -> Result<UnixTime, Error> {
    UnixTime::parse_amz_date(url.get(Param::Date)).map_err(|_| Error::Date)
}

pub(crate) fn credential(url: &CanonicalUrl) -> Result<Credential<'_>, Error> {
    Credential::parse_canonical(url.get(Param::Credential))
}

#[cfg(test)]
mod tests {
    use super::percent::is_allowed;

    /// The second reader reads no query: see [`RawUrl::check_second_reader`](super::RawUrl::check_second_reader).
    #[test]
    fn the_second_reader_copies_each_allowed_byte_of_a_query() {
        const START: &str = "https://sts.us-west-2.amazonaws.com/?";
        let allowed: Vec<char> = (0..=u8::MAX)
            .filter(|byte| is_allowed(*byte))
            .map(char::from)
            .collect();
        assert_eq!(allowed.len(), 72);
        for first in &allowed {
            for second in &allowed {
                let query = format!("{first}{second}");
                let text = format!("{START}{query}");
                let url = url::Url::parse(&text).unwrap();
                let theirs = (url.as_str(), url.path(), url.query(), url.fragment());
                assert_eq!(theirs, (&*text, "/", Some(&*query), None));
            }
        }
    }
}
