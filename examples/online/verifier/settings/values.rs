//! The values of settings: times, sizes, proxies and addresses.

use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

/// A duration, written as `10s`, `500ms` or `2m`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Time(pub(crate) Duration);

impl FromStr for Time {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let number: u64 = digits
            .parse()
            .map_err(|_| "expected a time such as 10s, 500ms or 2m".to_owned())?;
        let time = match text.strip_prefix(digits) {
            Some("ms") => Duration::from_millis(number),
            Some("s") => Duration::from_secs(number),
            Some("m") => Duration::from_secs(number.saturating_mul(60)),
            _ => return Err("expected a time with the unit ms, s or m, such as 10s".to_owned()),
        };
        Ok(Self(time))
    }
}

/// A time limit, which must not be 0.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Timeout(pub(crate) Duration);

impl FromStr for Timeout {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Time(time) = text.parse()?;
        match time.is_zero() {
            true => Err("expected a time above 0, since nothing could happen within it".to_owned()),
            false => Ok(Self(time)),
        }
    }
}

/// A number of bytes, written as `64MiB`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Size(pub(crate) usize);

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        program::files::size(text).map(Self)
    }
}

/// How STS is reached.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Proxy {
    Direct,
    Environment,
    Url(String),
}

impl FromStr for Proxy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "none" => Ok(Self::Direct),
            "environment" => Ok(Self::Environment),
            url if url.starts_with("http://") || url.starts_with("https://") => {
                Ok(Self::Url(url.to_owned()))
            }
            _ => Err("expected none, environment, or a URL that begins with http".to_owned()),
        }
    }
}

/// Parses the address of a listener.
pub(super) fn address_and_port(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse()
        .map_err(|_| "expected an address and a port, such as 127.0.0.1:21362 or [::1]:21362")
}
