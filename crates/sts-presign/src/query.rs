//! The nine parameters: their names, their order, their values.

use std::fmt;

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
            decode(raw, &mut text)?;
            let value = text.get(start..).unwrap_or_default();
            // Without a way out in the middle, so that many bytes are looked at at once.
            if !value.bytes().fold(true, |ok, b| ok & b.is_ascii_graphic()) {
                return Err(Error::Value(param));
            }
            if value.is_empty() {
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
    pub(crate) fn from_parts(parts: &[(Param, &str)]) -> Self {
        // The whole length at once: a buffer that grew would leave copies of a secret behind.
        let len = parts.iter().map(|(_, value)| value.len()).sum();
        let mut text = Zeroizing::new(String::with_capacity(len));
        let mut spans = Spans::default();
        for (param, value) in parts {
            let start = text.len();
            text.push_str(value);
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

    /// Returns about how long the query is when it is encoded: enough for what producers write, a
    /// guess where every character has to be encoded.
    pub(crate) fn encoded_len(&self) -> usize {
        const NAMES_AND_SIGNS: usize = 256;
        let some_encoded = self.text.len() / 4;
        self.text
            .len()
            .saturating_add(some_encoded)
            .saturating_add(NAMES_AND_SIGNS)
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

    /// Appends the whole URL: the canonical query, and the signature behind it.
    pub(crate) fn write_url(&self, host: &str, out: &mut String) {
        out.push_str("https://");
        out.push_str(host);
        out.push_str("/?");
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
    // What cannot be decoded resembles nothing.
    let _ = decode(name, &mut decoded);
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

/// Undoes percent-encoding, once. `+` stays what it is; a byte outside ASCII becomes a character
/// outside ASCII, which no value may have.
fn decode(raw: &str, out: &mut String) -> Result<(), Error> {
    let mut rest = raw;
    while let Some(at) = rest.find('%') {
        let (plain, encoded) = rest.split_at_checked(at).unwrap_or_default();
        out.push_str(plain);
        rest = encoded;
        while let [b'%', after @ ..] = rest.as_bytes() {
            let [high, low, ..] = *after else {
                return Err(Error::PercentEncoding);
            };
            out.push(char::from(
                hex_digit(high)?.wrapping_shl(4) | hex_digit(low)?,
            ));
            rest = rest.get(3..).ok_or(Error::PercentEncoding)?;
        }
    }
    out.push_str(rest);
    Ok(())
}

fn hex_digit(byte: u8) -> Result<u8, Error> {
    match byte {
        b'0'..=b'9' => Ok(byte.wrapping_sub(b'0')),
        b'A'..=b'F' => Ok(byte.wrapping_sub(b'A').wrapping_add(10)),
        b'a'..=b'f' => Ok(byte.wrapping_sub(b'a').wrapping_add(10)),
        _ => Err(Error::PercentEncoding),
    }
}

/// Percent-encodes as SigV4 asks: everything but the unreserved characters of RFC 3986, in
/// upper-case hexadecimal digits.
pub(crate) fn encode(value: &str, out: &mut String) {
    let mut rest = value;
    while let Some(at) = rest.bytes().position(|b| !is_unreserved(b)) {
        let (plain, other) = rest.split_at_checked(at).unwrap_or_default();
        out.push_str(plain);
        let mut other = other.chars();
        let Some(reserved) = other.next() else { break };
        rest = other.as_str();
        for byte in reserved.encode_utf8(&mut [0; 4]).bytes() {
            out.push('%');
            out.push(upper_hex(byte.wrapping_shr(4)));
            out.push(upper_hex(byte & 0xF));
        }
    }
    out.push_str(rest);
}

const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// The digit of a number below sixteen.
fn upper_hex(number: u8) -> char {
    let first = if number < 10 {
        b'0'
    } else {
        b'A'.wrapping_sub(10)
    };
    char::from(first.wrapping_add(number))
}
