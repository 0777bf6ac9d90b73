//! The strict reader of exactly one shape of URL.

use std::fmt;

use crate::authorization::ALGORITHM;
use crate::credential::Credential;
use crate::endpoint::Endpoint;
use crate::error::{Byte, Error};
use crate::query::{Param, Values};
use crate::time::UnixTime;
use crate::{signature, signed_headers};

/// The longest URL that is looked at: our choice, five times what a token of the default length can
/// hold, so that only the token's own limit has to be raised where session tokens are long.
pub const MAX_URL_LEN: usize = 16_384;

/// The largest `X-Amz-Expires`, in seconds: upstream's `presignedURLExpiration` and what STS itself
/// keeps to (`pkg/token/token.go`). The value has no other effect; see the front page.
pub const MAX_EXPIRES: u32 = 900;

/// A presigned `GetCallerIdentity` URL of the right shape (checks 1 to 17 of the front page): it is
/// sound in itself, but nobody has said yet that it may be trusted.
#[derive(Clone)]
pub struct PresignedUrl {
    // INVARIANT: decoded, non-empty, visible ASCII; each value of the shape that its check asks.
    values: Values,
    endpoint: Endpoint,
    signed_at: UnixTime,
}

impl PresignedUrl {
    /// Reads a URL.
    ///
    /// # Errors
    ///
    /// The checks 1 to 17 of the [front page](crate), in that order.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text.len() > MAX_URL_LEN {
            return Err(Error::TooLong);
        }
        check_bytes(text)?;
        let (host, query) = split(text)?;
        let values = Values::parse(query)?;
        let signed_at = check_values(&values)?;
        let endpoint = Endpoint::from_host(host)?;
        check_scope(&values, &endpoint)?;
        check_second_reader(text, host, query)?;
        Ok(Self {
            values,
            endpoint,
            signed_at,
        })
    }

    /// Returns the endpoint that the host names.
    #[must_use]
    pub const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Returns the access key id of the credential scope.
    #[must_use]
    pub fn access_key_id(&self) -> &str {
        Credential::parse(self.values.get(Param::Credential)).map_or("", |c| c.access_key_id)
    }

    /// Returns when the URL was signed, by its own account.
    #[must_use]
    pub const fn signed_at(&self) -> UnixTime {
        self.signed_at
    }

    /// Returns the names of the signed headers, in order.
    pub fn signed_headers(&self) -> impl Iterator<Item = &str> {
        self.values.get(Param::SignedHeaders).split(';')
    }

    #[cfg(feature = "verify")]
    pub(crate) const fn values(&self) -> &Values {
        &self.values
    }

    /// Writes the URL, made anew from the checked parts.
    pub(crate) fn to_text(&self) -> String {
        let host = self.endpoint.host();
        let mut text = String::with_capacity(self.values.encoded_len().saturating_add(host.len()));
        self.values.write_url(host, &mut text);
        text
    }
}

impl fmt::Debug for PresignedUrl {
    /// Neither the signature nor the session token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PresignedUrl")
            .field("host", &self.endpoint.host())
            .field("access_key_id", &self.access_key_id())
            .field("signed_at", &self.signed_at)
            .finish_non_exhaustive()
    }
}

/// What RFC 3986 leaves unreserved, the delimiters of this one shape, and `%`. Everything else is
/// read differently by different parsers: the WHATWG URL standard drops tabs and newlines and turns
/// `\` into `/`, `http::Uri` lets raw bytes above ASCII pass.
const fn is_allowed(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b':' | b'/' | b'?' | b'&' | b'=' | b'%' | b'.' | b'_' | b'~' | b'-'
        )
}

fn check_bytes(text: &str) -> Result<(), Error> {
    match text.bytes().find(|byte| !is_allowed(*byte)) {
        None => Ok(()),
        Some(byte) => Err(Error::ForbiddenByte(match byte {
            b'@' => Byte::At,
            b'#' => Byte::Fragment,
            b'+' => Byte::Plus,
            b';' => Byte::Semicolon,
            b' ' => Byte::Space,
            _ if byte.is_ascii_control() => Byte::Control,
            _ if byte.is_ascii() => Byte::Other,
            _ => Byte::NonAscii,
        })),
    }
}

/// `https://HOST/?QUERY`, and nothing else.
fn split(text: &str) -> Result<(&str, &str), Error> {
    let rest = text.strip_prefix("https://").ok_or(Error::NotHttps)?;
    let end = rest.find(['/', '?']).ok_or(Error::Path)?;
    let (host, rest) = rest.split_at_checked(end).ok_or(Error::Path)?;
    if host.contains(':') {
        return Err(Error::Port);
    }
    let query = rest.strip_prefix("/?").ok_or(Error::Path)?;
    Ok((host, query))
}

fn check_values(values: &Values) -> Result<UnixTime, Error> {
    if values.get(Param::Action) != "GetCallerIdentity" {
        return Err(Error::Action);
    }
    if values.get(Param::Version) != "2011-06-15" {
        return Err(Error::Version);
    }
    if values.get(Param::Algorithm) != ALGORITHM {
        return Err(Error::Algorithm);
    }
    if !is_plain_number_up_to(values.get(Param::Expires), MAX_EXPIRES) {
        return Err(Error::Expires);
    }
    signature::check(values.get(Param::Signature))?;
    signed_headers::check(values.get(Param::SignedHeaders))?;
    UnixTime::parse_amz_date(values.get(Param::Date)).map_err(|_| Error::Date)
}

/// Decimal ASCII digits without sign or leading zero.
fn is_plain_number_up_to(text: &str, most: u32) -> bool {
    let plain = text == "0" || !text.starts_with('0');
    plain
        && text.bytes().all(|b| b.is_ascii_digit())
        && text.parse::<u32>().is_ok_and(|number| number <= most)
}

fn check_scope(values: &Values, endpoint: &Endpoint) -> Result<(), Error> {
    let credential = Credential::parse(values.get(Param::Credential))?;
    if !values.get(Param::Date).starts_with(credential.date) || credential.date.len() != 8 {
        return Err(Error::ScopeDate);
    }
    if credential.region != endpoint.region() {
        return Err(Error::ScopeRegion);
    }
    Ok(())
}

/// Two readers have to agree: `url`, which follows the WHATWG standard, must see the same host, path
/// and query, and print the text back as it is.
fn check_second_reader(text: &str, host: &str, query: &str) -> Result<(), Error> {
    let second = url::Url::parse(text).map_err(|_| Error::ReadersDisagree)?;
    let same = second.as_str() == text
        && second.host_str() == Some(host)
        && second.path() == "/"
        && second.query() == Some(query);
    if same {
        Ok(())
    } else {
        Err(Error::ReadersDisagree)
    }
}
