//! A request as STS receives it: from any client, signed in its query or its headers.

use std::borrow::Cow;

use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};

use crate::endpoint::Endpoint;
use crate::endpoint_table::is_label;
use crate::error;
use crate::local::{MAX_REQUEST_LEN, StsError};
use crate::post::authorization::Authorization;
use crate::sigv4::{Compared, Payload, SentToken, Signed};
use crate::time::UnixTime;
use crate::url::credential::Credential;
use crate::url::percent::{decode_any, encode};
use crate::url::signature::ALGORITHM;
use crate::url::{signature, signed_headers};

/// A well-formed `GetCallerIdentity` request with one signature to verify.
pub(super) struct Received<'r> {
    method: &'r str,
    canonical_query: String,
    payload: &'r [u8],
    claim: Claim<'r>,
    signed_at: UnixTime,
    host: &'r str,
    // One for each signed header, in order.
    values: Vec<&'r str>,
}

/// The signature of a request and its parameters, not yet verified.
struct Claim<'r> {
    access_key_id: Cow<'r, str>,
    date: Cow<'r, str>,
    region: Cow<'r, str>,
    amz_date: Cow<'r, str>,
    security_token: Option<Cow<'r, str>>,
    signed_headers: Cow<'r, str>,
    signature: Cow<'r, str>,
}

/// Names and values, decoded.
type Parameters = Vec<(String, String)>;

impl<'r> Received<'r> {
    pub(super) fn read(request: &'r Request<impl AsRef<[u8]>>) -> Result<Self, StsError> {
        let (uri, payload) = (request.uri(), request.body().as_ref());
        let query = uri.query().unwrap_or("");
        if query.len() > MAX_REQUEST_LEN || payload.len() > MAX_REQUEST_LEN {
            return Err(StsError::TooLong);
        }
        let is_served = matches!(*request.method(), Method::GET | Method::POST);
        if !is_served || !matches!(uri.path(), "/" | "") {
            return Err(StsError::Path);
        }
        // Parsers disagree whether `+` is a space, and no signer writes one.
        if query.contains('+') {
            return Err(StsError::MalformedQuery);
        }
        let query = read_parameters(query)?;
        check_action(&query, &read_form(request.headers(), payload)?)?;
        let claim = Claim::read(request.headers(), &query)?;
        let signed_at =
            UnixTime::parse_amz_date(&claim.amz_date).map_err(|_| StsError::IncompleteSignature)?;
        let host = host(request).ok_or(StsError::UnsignedHeader)?;
        claim.check_scope(host)?;
        let values = claim.header_values(request.headers(), host)?;
        Ok(Self {
            method: request.method().as_str(),
            canonical_query: canonical(&query),
            payload,
            claim,
            signed_at,
            host,
            values,
        })
    }

    /// Returns the signed headers, for [`Self::signed`].
    pub(super) fn headers(&self) -> Vec<(&str, &str)> {
        let names = signed_headers::names(&self.claim.signed_headers);
        names.zip(self.values.iter().copied()).collect()
    }

    pub(super) fn signed<'a>(&'a self, headers: &'a [(&'a str, &'a str)]) -> Signed<'a> {
        Signed {
            method: self.method,
            canonical_query: &self.canonical_query,
            headers,
            signed_headers: &self.claim.signed_headers,
            payload: Payload::Bytes(self.payload),
            access_key_id: &self.claim.access_key_id,
            amz_date: &self.claim.amz_date,
            signed_at: self.signed_at,
            region: &self.claim.region,
            security_token: self.claim.security_token.as_deref().map(SentToken::plain),
            signature: Compared::new(&self.claim.signature),
            // A host that is not AWS's, such as `localhost`, serves every partition.
            partition: endpoint(self.host).map(|endpoint| endpoint.partition()),
        }
    }
}

impl<'r> Claim<'r> {
    /// Reads the only signature of a request. Two signatures could come from different callers.
    fn read(headers: &'r HeaderMap, query: &Parameters) -> Result<Self, StsError> {
        let in_query = query.iter().any(|(name, _)| is_of_a_signature(name));
        match (only(headers, AUTHORIZATION.as_str())?, in_query) {
            (Some(_), true) => Err(StsError::IncompleteSignature),
            (Some(value), false) => Self::read_headers(value, headers),
            (None, true) => Self::read_query(query),
            (None, false) => Err(StsError::MissingAuthenticationToken),
        }
    }

    fn read_headers(authorization: &'r str, headers: &'r HeaderMap) -> Result<Self, StsError> {
        let Authorization {
            credential,
            signed_headers,
            signature,
        } = Authorization::parse(authorization).map_err(incomplete)?;
        let amz_date = only(headers, "x-amz-date")?.ok_or(StsError::IncompleteSignature)?;
        Ok(Self {
            access_key_id: credential.access_key_id.as_str().into(),
            date: credential.date.into(),
            region: credential.region.into(),
            amz_date: amz_date.into(),
            security_token: only(headers, "x-amz-security-token")?.map(Cow::from),
            signed_headers: signed_headers.into(),
            signature: signature.into(),
        })
    }

    fn read_query(query: &Parameters) -> Result<Self, StsError> {
        let find = |wanted| {
            let found = query.iter().find(|(name, _)| name == wanted);
            found.map(|(_, value)| value.as_str())
        };
        let get = |wanted| find(wanted).ok_or(StsError::IncompleteSignature);
        if get("X-Amz-Algorithm")? != ALGORITHM {
            return Err(StsError::IncompleteSignature);
        }
        let owned = |text: &str| Cow::Owned(text.to_owned());
        let credential = Credential::parse(get("X-Amz-Credential")?).map_err(incomplete)?;
        let (signed, made) = (get("X-Amz-SignedHeaders")?, get("X-Amz-Signature")?);
        signed_headers::check(signed_headers::names(signed)).map_err(incomplete)?;
        signature::check(made).map_err(incomplete)?;
        Ok(Self {
            access_key_id: owned(credential.access_key_id.as_str()),
            date: owned(credential.date),
            region: owned(credential.region),
            amz_date: owned(get("X-Amz-Date")?),
            security_token: find("X-Amz-Security-Token").map(owned),
            signed_headers: owned(signed),
            signature: owned(made),
        })
    }

    /// Checks that scope and signature have the same date, and that the region is the host's if the host is
    /// an STS endpoint.
    fn check_scope(&self, host: &str) -> Result<(), StsError> {
        let region_fits = match endpoint(host) {
            Some(endpoint) => endpoint.region() == self.region,
            None => is_label(&self.region),
        };
        let date_fits = self.amz_date.get(..8) == Some(&*self.date);
        if region_fits && date_fits {
            Ok(())
        } else {
            Err(StsError::Scope)
        }
    }

    /// Returns the value of each signed header. `host` must be signed, or the signature would be valid at any
    /// host. Every `x-amz-` header must be signed, or an attacker could have added it.
    fn header_values(
        &self,
        headers: &'r HeaderMap,
        host: &'r str,
    ) -> Result<Vec<&'r str>, StsError> {
        let is_signed =
            |name: &str| signed_headers::names(&self.signed_headers).any(|signed| signed == name);
        let mut names = headers.keys().map(HeaderName::as_str);
        if !is_signed("host") || names.any(|name| name.starts_with("x-amz-") && !is_signed(name)) {
            return Err(StsError::UnsignedHeader);
        }
        let values = signed_headers::names(&self.signed_headers).map(|name| match name {
            "host" => Ok(host),
            _ => only(headers, name)
                .ok()
                .flatten()
                .ok_or(StsError::UnsignedHeader),
        });
        values.collect()
    }
}

/// Returns the value of a header that occurs at most once.
fn only<'r>(headers: &'r HeaderMap, name: &str) -> Result<Option<&'r str>, StsError> {
    let mut values = headers.get_all(name).iter();
    let (first, second) = (values.next(), values.next());
    match first.map(HeaderValue::to_str) {
        None => Ok(None),
        Some(Ok(value)) if second.is_none() => Ok(Some(value)),
        Some(_) => Err(StsError::IncompleteSignature),
    }
}

/// Returns the host as the client wrote it, with its port. A received request has it in `host`, a request
/// under construction in its URL. If both exist, they must agree.
fn host<B>(request: &Request<B>) -> Option<&str> {
    let in_url = request.uri().authority().map(http::uri::Authority::as_str);
    let host = match (only(request.headers(), HOST.as_str()).ok()?, in_url) {
        (Some(header), Some(url)) if header != url => None,
        (header, url) => header.or(url),
    };
    // Userinfo, which would hide the host.
    host.filter(|host| !host.contains('@'))
}

/// Returns the STS endpoint of a host as a client wrote it: in any letter case, with a port or a final dot.
fn endpoint(host: &str) -> Option<Endpoint> {
    // This truncates an IPv6 address, but no STS endpoint is one.
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let name = name.strip_suffix('.').unwrap_or(name);
    Endpoint::from_host(&name.to_ascii_lowercase()).ok()
}

/// Returns whether a parameter belongs to a signature in the query. The session token does not count:
/// alone, it does not show that the query is signed.
fn is_of_a_signature(name: &str) -> bool {
    matches!(
        name,
        "X-Amz-Algorithm"
            | "X-Amz-Credential"
            | "X-Amz-Date"
            | "X-Amz-Signature"
            | "X-Amz-SignedHeaders"
    )
}

fn check_action(query: &Parameters, form: &Parameters) -> Result<(), StsError> {
    let all = || query.iter().chain(form);
    let mut names: Vec<&str> = all().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    // The same parameter in query and form has been a vulnerability: one parser used the first and another
    // the second (consul-awsauth pull request 14).
    if names.array_windows().any(|[one, next]| one == next) {
        return Err(StsError::MalformedQuery);
    }
    let has = |name: &str, value: &str| all().any(|pair| pair.0 == name && pair.1 == value);
    if has("Action", "GetCallerIdentity") && has("Version", "2011-06-15") {
        Ok(())
    } else {
        Err(StsError::Action)
    }
}

/// Parses a body that is declared as a form; any other has no parameters.
fn read_form(headers: &HeaderMap, payload: &[u8]) -> Result<Parameters, StsError> {
    let content_type = only(headers, CONTENT_TYPE.as_str())?.unwrap_or("");
    let essence = content_type.split(';').next().unwrap_or("").trim();
    if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Ok(Parameters::new());
    }
    let text = std::str::from_utf8(payload).map_err(|_| StsError::MalformedQuery)?;
    // In a form, `+` is a space (WHATWG URL standard, section 5.1).
    read_parameters(&text.replace('+', " "))
}

fn read_parameters(text: &str) -> Result<Parameters, StsError> {
    let read = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        Some((decode_any(name)?, decode_any(value)?))
    };
    let pairs = text.split('&').filter(|_| !text.is_empty());
    let all: Option<Parameters> = pairs.map(read).collect();
    all.ok_or(StsError::MalformedQuery)
}

/// Builds the canonical query: encoded again, sorted by name, without the signature.
fn canonical(query: &Parameters) -> String {
    let pairs = query.iter().filter(|(name, _)| name != "X-Amz-Signature");
    let mut pairs: Vec<String> = pairs
        .map(|(name, value)| {
            let mut pair = String::with_capacity(name.len().saturating_add(value.len()));
            encode(name, &mut pair);
            pair.push('=');
            encode(value, &mut pair);
            pair
        })
        .collect();
    // By the name, which has no `=` once it is encoded.
    pairs.sort_unstable_by(|one, other| one.split('=').cmp(other.split('=')));
    pairs.join("&")
}

/// Converts the refusal of a part of the signature.
const fn incomplete(why: error::Error) -> StsError {
    match why {
        error::Error::CredentialScope => StsError::Scope,
        _ => StsError::IncompleteSignature,
    }
}
