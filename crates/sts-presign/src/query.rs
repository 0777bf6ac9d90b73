//! The nine parameters: their names, their order, their values.

use std::fmt;
use std::fmt::Write as _;

use zeroize::Zeroizing;

use crate::error::Error;

/// A parameter of a presigned `GetCallerIdentity` URL.
///
/// The order is that of SigV4's canonical query string, with the signature, which is not part of
/// it, at the end: whoever prints them in this order prints the canonical query first.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Param {
    /// `Action`
    Action,
    /// `Version`
    Version,
    /// `X-Amz-Algorithm`
    Algorithm,
    /// `X-Amz-Credential`
    Credential,
    /// `X-Amz-Date`
    Date,
    /// `X-Amz-Expires`
    Expires,
    /// `X-Amz-Security-Token`, of temporary credentials only.
    SecurityToken,
    /// `X-Amz-SignedHeaders`
    SignedHeaders,
    /// `X-Amz-Signature`
    Signature,
}

impl Param {
    pub(crate) const ALL: [Self; 9] = [
        Self::Action,
        Self::Version,
        Self::Algorithm,
        Self::Credential,
        Self::Date,
        Self::Expires,
        Self::SecurityToken,
        Self::SignedHeaders,
        Self::Signature,
    ];

    /// Returns the name, exactly as it stands in the URL.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Action => "Action",
            Self::Version => "Version",
            Self::Algorithm => "X-Amz-Algorithm",
            Self::Credential => "X-Amz-Credential",
            Self::Date => "X-Amz-Date",
            Self::Expires => "X-Amz-Expires",
            Self::SecurityToken => "X-Amz-Security-Token",
            Self::SignedHeaders => "X-Amz-SignedHeaders",
            Self::Signature => "X-Amz-Signature",
        }
    }

    /// Where the parameter stands in [`Self::ALL`].
    const fn index(self) -> usize {
        match self {
            Self::Action => 0,
            Self::Version => 1,
            Self::Algorithm => 2,
            Self::Credential => 3,
            Self::Date => 4,
            Self::Expires => 5,
            Self::SecurityToken => 6,
            Self::SignedHeaders => 7,
            Self::Signature => 8,
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|param| param.name() == name)
    }
}

impl fmt::Display for Param {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The decoded values of a query: each parameter at most once, none empty, all visible ASCII, the
/// required eight there.
#[derive(Clone)]
pub(crate) struct Values {
    // All values behind each other, because one of them is a session token: one buffer to wipe.
    text: Zeroizing<String>,
    spans: Spans,
}

type Spans = [Option<Span>; 9];

#[derive(Clone, Copy)]
struct Span {
    start: usize,
    end: usize,
}

impl Values {
    /// Reads a raw query. The caller has checked its bytes against the allowed set.
    pub(crate) fn parse(query: &str) -> Result<Self, Error> {
        let mut text = Zeroizing::new(String::with_capacity(query.len()));
        let mut spans = Spans::default();
        for pair in query.split('&') {
            let (name, raw) = pair.split_once('=').ok_or(Error::Pair)?;
            let param = Param::named(name).ok_or_else(|| unknown(name))?;
            // A raw `=` in a value: some parsers end the value there.
            if raw.contains('=') {
                return Err(Error::Pair);
            }
            let start = text.len();
            decode(raw, &mut text, param)?;
            if text.len() == start {
                return Err(Error::EmptyParameter(param));
            }
            match spans.get_mut(param.index()) {
                Some(slot @ None) => {
                    *slot = Some(Span {
                        start,
                        end: text.len(),
                    })
                }
                _ => return Err(Error::DuplicateParameter(param)),
            }
        }
        let values = Self { text, spans };
        let missing = Param::ALL
            .into_iter()
            .find(|param| *param != Param::SecurityToken && values.find(*param).is_none());
        match missing {
            Some(param) => Err(Error::MissingParameter(param)),
            None => Ok(values),
        }
    }

    /// Puts values together that are checked already.
    #[cfg(feature = "sign")]
    pub(crate) fn from_parts(parts: impl IntoIterator<Item = (Param, impl AsRef<str>)>) -> Self {
        let mut text = Zeroizing::new(String::with_capacity(crate::url::MAX_URL_LEN));
        let mut spans = Spans::default();
        for (param, value) in parts {
            let start = text.len();
            text.push_str(value.as_ref());
            if let Some(slot) = spans.get_mut(param.index()) {
                *slot = Some(Span {
                    start,
                    end: text.len(),
                });
            }
        }
        Self { text, spans }
    }

    pub(crate) fn find(&self, param: Param) -> Option<&str> {
        let Span { start, end } = self.spans.get(param.index()).copied().flatten()?;
        self.text.get(start..end)
    }

    /// Returns a value; that of a required parameter is never empty.
    pub(crate) fn get(&self, param: Param) -> &str {
        self.find(param).unwrap_or("")
    }

    /// Appends SigV4's canonical query string: every parameter but the signature, encoded afresh.
    pub(crate) fn write_canonical(&self, out: &mut String) {
        let mut separator = "";
        for param in Param::ALL {
            if param == Param::Signature {
                continue;
            }
            let Some(value) = self.find(param) else {
                continue;
            };
            out.push_str(separator);
            out.push_str(param.name());
            out.push('=');
            encode(value, out);
            separator = "&";
        }
    }

    /// Appends the whole query: the canonical one and the signature behind it.
    pub(crate) fn write_query(&self, out: &mut String) {
        self.write_canonical(out);
        out.push('&');
        out.push_str(Param::Signature.name());
        out.push('=');
        encode(self.get(Param::Signature), out);
    }
}

/// What to call a name that is not one of the nine: the near misses help the producer's author.
fn unknown(name: &str) -> Error {
    let mut decoded = String::new();
    decoded.extend(PercentDecoder::new(name).flatten().map(char::from));
    // ASCII only: upstream folds by Unicode's rules, where U+212A is a `k` and U+0130 an `i`.
    if let Some(param) = Param::ALL
        .into_iter()
        .find(|p| p.name().eq_ignore_ascii_case(&decoded))
    {
        Error::ParameterSpelling(param)
    } else if decoded.eq_ignore_ascii_case(crate::policy::BINDING_HEADER) {
        Error::BindingHeaderAsParameter
    } else if name.is_empty() {
        Error::Pair
    } else {
        Error::UnknownParameter
    }
}

fn decode(raw: &str, out: &mut String, param: Param) -> Result<(), Error> {
    for step in PercentDecoder::new(raw) {
        let byte = step?;
        if !byte.is_ascii_graphic() {
            return Err(Error::Value(param));
        }
        out.push(char::from(byte));
    }
    Ok(())
}

/// Undoes percent-encoding once, byte by byte. `+` stays what it is.
struct PercentDecoder<'a> {
    rest: &'a [u8],
}

impl<'a> PercentDecoder<'a> {
    const fn new(text: &'a str) -> Self {
        Self {
            rest: text.as_bytes(),
        }
    }
}

impl Iterator for PercentDecoder<'_> {
    type Item = Result<u8, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let (first, rest) = self.rest.split_first()?;
        if *first != b'%' {
            self.rest = rest;
            return Some(Ok(*first));
        }
        let digit = |b: u8| {
            char::from(b)
                .to_digit(16)
                .and_then(|d| u8::try_from(d).ok())
        };
        match rest {
            [high, low, rest @ ..] => {
                self.rest = rest;
                let (Some(high), Some(low)) = (digit(*high), digit(*low)) else {
                    self.rest = &[];
                    return Some(Err(Error::PercentEncoding));
                };
                Some(Ok(high.wrapping_shl(4) | low))
            }
            _ => {
                self.rest = &[];
                Some(Err(Error::PercentEncoding))
            }
        }
    }
}

/// Percent-encodes as SigV4 asks: everything but the unreserved characters of RFC 3986, in
/// upper-case hexadecimal digits.
pub(crate) fn encode(value: &str, out: &mut String) {
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            // Writing to a String cannot fail.
            _ => drop(write!(out, "%{byte:02X}")),
        }
    }
}
