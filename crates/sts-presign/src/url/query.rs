//! The query: nine parameters, parsed as written and rebuilt in SigV4's spelling.

use zeroize::Zeroizing;

use crate::cluster::BINDING_HEADER;
use crate::error::Error;
use crate::param::Param;
use crate::url::percent::{self, Fault, Spelling, split_once};

/// The raw values of a query: each parameter at most once, not empty, decoding to visible ASCII, the eight
/// required ones present.
#[derive(Clone, Copy, Default)]
pub(crate) struct RawQuery<'u> {
    values: [Option<RawValue<'u>>; 9],
}

#[derive(Clone, Copy)]
struct RawValue<'u> {
    text: &'u str,
    spelling: Spelling,
}

impl<'u> RawQuery<'u> {
    /// Parses a raw query of [allowed](percent::check_bytes) bytes.
    pub(crate) fn parse(query: &'u str) -> Result<Self, Error> {
        let mut read = Self::default();
        let is_canonical = percent::is_canonical_query(query);
        let mut rest = Some(query);
        while let Some(text) = rest {
            let (pair, after) =
                split_once(text, b'&').map_or((text, None), |(pair, after)| (pair, Some(after)));
            rest = after;
            let (name, text) = split_once(pair, b'=').ok_or(Error::Pair)?;
            let param = Param::named(name).ok_or_else(|| unknown(name))?;
            let spelling = if is_canonical {
                Spelling::Canonical
            } else {
                percent::inspect(text).map_err(|fault| match fault {
                    Fault::EqualsSign => Error::Pair,
                    Fault::Escape => Error::PercentEncoding,
                    Fault::Character => Error::Value(param),
                })?
            };
            if text.is_empty() {
                return Err(Error::EmptyParameter(param));
            }
            match read.values.get_mut(param.index()) {
                Some(slot @ None) => *slot = Some(RawValue { text, spelling }),
                _ => return Err(Error::DuplicateParameter(param)),
            }
        }
        let missing = Param::ALL
            .into_iter()
            .find(|param| *param != Param::SecurityToken && read.find(*param).is_none());
        match missing {
            Some(param) => Err(Error::MissingParameter(param)),
            None => Ok(read),
        }
    }

    fn find(&self, param: Param) -> Option<RawValue<'u>> {
        self.values.get(param.index()).copied().flatten()
    }

    /// Returns the most bytes that the canonical spelling of a raw query of `len` bytes can have.
    fn canonical_len(&self, len: usize) -> usize {
        let canonical = |value: &RawValue<'_>| value.spelling == Spelling::Canonical;
        if self.values.iter().flatten().all(canonical) {
            return len;
        }
        // An unescaped `/` becomes three bytes.
        len.saturating_mul(3)
    }
}

/// Returns the error for an unknown name. A near miss is named, to help the author of the producer.
fn unknown(name: &str) -> Error {
    let mut decoded = String::new();
    if percent::inspect(name).is_ok() {
        percent::decode(name, &mut decoded);
    }
    // ASCII only: by Unicode's rules, as upstream folds, U+212A is a `k` and U+0130 an `i`.
    if let Some(param) = Param::ALL
        .into_iter()
        .find(|p| p.name().eq_ignore_ascii_case(&decoded))
    {
        Error::ParameterSpelling(param)
    } else if decoded.eq_ignore_ascii_case(BINDING_HEADER) {
        Error::BindingHeaderAsParameter
    } else if name.is_empty() {
        Error::Pair
    } else {
        Error::UnknownParameter
    }
}

/// A URL in SigV4's spelling: parameters in the order of [`Param::ALL`], values as SigV4 encodes them.
///
/// Spellings and values correspond one to one, so comparing spellings compares decoded values. The query up
/// to the signature is the canonical query string that is signed.
#[derive(Clone)]
pub(crate) struct CanonicalUrl {
    // Wiped, since it may include a session token.
    text: Zeroizing<String>,
    query_start: usize,
    spans: Spans,
}

impl CanonicalUrl {
    /// Builds the URL from a host and a query whose raw form has `len` bytes.
    pub(crate) fn of(host: &str, query: &RawQuery<'_>, len: usize) -> Self {
        let mut url = Self::with_capacity(host, query.canonical_len(len));
        for param in Param::ALL {
            match query.find(param) {
                Some(RawValue {
                    text,
                    spelling: Spelling::Canonical,
                }) => {
                    url.push(param, |out| out.push_str(text));
                }
                Some(RawValue { text, .. }) => url.push(param, |out| percent::respell(text, out)),
                None => {}
            }
        }
        url
    }

    /// Builds the URL from values that are not encoded yet, at most one of each parameter.
    #[cfg(feature = "sign")]
    pub(crate) fn of_values(host: &str, values: &[(Param, &str)]) -> Self {
        // The name, the value, and the `=` and `&` around them.
        let len = values.iter().fold(0_usize, |len, (param, value)| {
            len.saturating_add(param.name().len())
                .saturating_add(percent::encoded_len(value))
                .saturating_add(2)
        });
        let mut url = Self::with_capacity(host, len);
        for param in Param::ALL {
            if let Some((_, value)) = values.iter().find(|(of, _)| *of == param) {
                url.push(param, |out| percent::encode(value, out));
            }
        }
        url
    }

    /// Allocates once: a growing buffer would leave copies of a secret behind.
    fn with_capacity(host: &str, query_len: usize) -> Self {
        const AROUND_THE_HOST: usize = "https:///?".len();
        let len = query_len
            .saturating_add(host.len())
            .saturating_add(AROUND_THE_HOST);
        let mut text = Zeroizing::new(String::with_capacity(len));
        text.push_str("https://");
        text.push_str(host);
        text.push_str("/?");
        Self {
            query_start: text.len(),
            text,
            spans: Spans::default(),
        }
    }

    fn push(&mut self, param: Param, value: impl FnOnce(&mut String)) {
        if self.text.len() > self.query_start {
            self.text.push('&');
        }
        self.text.push_str(param.name());
        self.text.push('=');
        let start = self.text.len();
        value(&mut self.text);
        let span = Span {
            start: start.saturating_sub(self.query_start),
            end: self.text.len().saturating_sub(self.query_start),
        };
        self.spans.set(param, span);
    }

    /// Returns the query, including the signature.
    fn query(&self) -> &str {
        self.text.get(self.query_start..).unwrap_or_default()
    }

    /// Returns the spelling of a value, which is not empty for a required parameter.
    pub(crate) fn get(&self, param: Param) -> &str {
        self.spans.find(self.query(), param).unwrap_or_default()
    }

    /// Returns the canonical query string that is signed.
    #[cfg(feature = "verify")]
    pub(crate) fn signed_part(&self) -> &str {
        self.spans.signed_part(self.query())
    }

    /// Returns the text and the spans of the values in its query.
    pub(crate) fn into_parts(self) -> (Zeroizing<String>, Spans) {
        (self.text, self.spans)
    }
}

/// The spans of the values in a canonical query.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spans {
    spans: [Option<Span>; 9],
}

#[derive(Clone, Copy, Debug)]
struct Span {
    start: usize,
    end: usize,
}

impl Spans {
    fn set(&mut self, param: Param, span: Span) {
        if let Some(slot) = self.spans.get_mut(param.index()) {
            *slot = Some(span);
        }
    }

    /// Returns the spelling of a value in the query.
    pub(crate) fn find<'q>(&self, query: &'q str, param: Param) -> Option<&'q str> {
        let Span { start, end } = self.spans.get(param.index()).copied().flatten()?;
        query.get(start..end)
    }

    /// Returns the signed part of the query: everything before the signature, which is last.
    #[cfg(feature = "verify")]
    pub(crate) fn signed_part<'q>(&self, query: &'q str) -> &'q str {
        let name = Param::Signature.name().len();
        let end = self
            .spans
            .get(Param::Signature.index())
            .copied()
            .flatten()
            // `&`, the name and `=` precede the value.
            .and_then(|span| span.start.checked_sub(name)?.checked_sub(2))
            .unwrap_or_default();
        query.get(..end).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "sts.us-west-2.amazonaws.com";
    const QUERY: &str = "Action=a&Version=b&X-Amz-Algorithm=c&X-Amz-Credential=d&X-Amz-Date=e\
        &X-Amz-Expires=f&X-Amz-Security-Token=g%2F&X-Amz-SignedHeaders=h&X-Amz-Signature=i";

    /// Growing copies the text, and the old copy is not wiped.
    #[test]
    fn the_text_is_allocated_once() {
        for (token, times) in [("g%2F", 1), ("g%2f", 3), ("g/", 3), (&*"/".repeat(500), 3)] {
            let query = QUERY.replacen("g%2F", token, 1);
            let read = RawQuery::parse(&query).unwrap();
            let room = read.canonical_len(query.len());
            assert_eq!(room, query.len() * times, "{token}");
            let url = CanonicalUrl::of(HOST, &read, query.len());
            assert!(url.query().len() <= room, "{token}");
            assert!(url.text.len() <= CanonicalUrl::with_capacity(HOST, room).text.capacity());
        }
    }
}
