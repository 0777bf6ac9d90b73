//! The checks among P1 to P19 that concern the whole request, and the second parser.

use crate::error::Error;
use crate::post::{ForwardedRequest, Headers, MAX_FORWARDED_HEADERS};
use crate::time::UnixTime;
use crate::url::percent;
use crate::url::{MAX_URL_LEN, split_host};

/// Checks the size before anything is parsed.
pub(crate) fn check_lengths(request: &ForwardedRequest<'_>) -> Result<(), Error> {
    if request.headers.len() > MAX_FORWARDED_HEADERS || forwarded_len(request) > MAX_URL_LEN {
        Err(Error::TooLong)
    } else {
        Ok(())
    }
}

/// Returns the size in bytes.
pub(crate) fn forwarded_len(request: &ForwardedRequest<'_>) -> usize {
    let headers = request
        .headers
        .iter()
        .map(|(name, value)| name.len().saturating_add(value.len()));
    headers
        .chain([request.url.len(), request.body.len()])
        .fold(0_usize, usize::saturating_add)
}

pub(crate) fn check_method(method: &str) -> Result<(), Error> {
    match method {
        "POST" => Ok(()),
        _ => Err(Error::Method),
    }
}

/// Returns the host of `https://HOST/`.
///
/// # Errors
///
/// [`Error::ForbiddenByte`], [`Error::NotHttps`], [`Error::Port`], [`Error::PostPath`].
pub(crate) fn split_url(url: &str) -> Result<&str, Error> {
    percent::check_bytes(url)?;
    match split_host(url) {
        // Some servers read a query in addition to the form, and some instead of it (consul-awsauth
        // pull request 14).
        Ok((host, "/")) => Ok(host),
        Ok(_) | Err(Error::Path) => Err(Error::PostPath),
        Err(other) => Err(other),
    }
}

pub(crate) fn signed_at(headers: &Headers<'_>) -> Result<UnixTime, Error> {
    UnixTime::parse_amz_date(headers.amz_date()).map_err(|_| Error::Date)
}

pub(crate) fn check_host_header(headers: &Headers<'_>, host: &str) -> Result<(), Error> {
    match headers.find("host") {
        Some(other) if other != host => Err(Error::HostHeader),
        _ => Ok(()),
    }
}

/// Returns the error if the iterator has an item.
pub(crate) fn none_of<T>(mut at_fault: impl Iterator<Item = T>, error: Error) -> Result<(), Error> {
    match at_fault.next() {
        Some(_) => Err(error),
        None => Ok(()),
    }
}

/// Checks that `url` sees the same host and nothing else, as for a presigned URL.
///
/// # Errors
///
/// [`Error::ReadersDisagree`].
pub(crate) fn check_second_reader(url: &str, host: &str) -> Result<(), Error> {
    let second = url::Url::parse(url).map_err(|_| Error::ReadersDisagree)?;
    if (second.as_str(), second.host_str()) == (url, Some(host)) {
        Ok(())
    } else {
        Err(Error::ReadersDisagree)
    }
}
