//! Percent-decoding and query parameters, as Go reads them.

use std::borrow::Cow;

/// Decodes percent-encoding. `None` if an escape is malformed or the result is not UTF-8.
///
/// As Go: net/url, unescape.
pub(super) fn decode(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('%') {
        return Some(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let (high, low) = (hex(rest.next()?)?, hex(rest.next()?)?);
            bytes.push((high << 4) | low);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

const fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => digit.checked_sub(b'0'),
        b'a'..=b'f' => digit.wrapping_sub(b'a').checked_add(10),
        b'A'..=b'F' => digit.wrapping_sub(b'A').checked_add(10),
        _ => None,
    }
}

/// The parameters of a query that can be read.
///
/// As Go: net/url, `ParseQuery`. The API server ignores its error. A part with a semicolon or a
/// malformed escape is left out.
pub(super) struct Query<'u> {
    parameters: Vec<(Cow<'u, str>, Cow<'u, str>)>,
}

impl<'u> Query<'u> {
    pub(super) fn parse(text: &'u str) -> Self {
        let parameters = text
            .split('&')
            .filter(|part| !part.is_empty() && !part.contains(';'))
            .filter_map(|part| {
                let (name, value) = part.split_once('=').unwrap_or((part, ""));
                Some((decode_form(name)?, decode_form(value)?))
            })
            .collect();
        Self { parameters }
    }

    /// Returns the first value of a parameter, the only one that the API server reads.
    pub(super) fn first(&self, name: &str) -> Option<&str> {
        let mut parameters = self.parameters.iter();
        let (_, value) = parameters.find(|(parameter, _)| parameter == name)?;
        Some(value)
    }
}

/// Returns the name of every parameter that any reader might see: parts are also separated by `;`,
/// and a part with a malformed value counts.
pub(super) fn parameter_names(query: &str) -> impl Iterator<Item = Cow<'_, str>> {
    query
        .split(['&', ';'])
        .filter_map(|part| decode_form(part.split('=').next().unwrap_or_default()))
}

// In a query, and only there, a plus is a space. An escaped plus is not.
fn decode_form(text: &str) -> Option<Cow<'_, str>> {
    if text.contains('+') {
        return decode(&text.replace('+', " ")).map(|text| Cow::Owned(text.into_owned()));
    }
    decode(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_that_cannot_be_read_are_left_out() {
        let query = Query::parse("a=1&&b=%zz&c;d=2&e=%&%41=x+%2By&f&a=2&g=%ff");
        assert_eq!(query.first("a"), Some("1"));
        assert_eq!(query.first("A"), Some("x +y"));
        assert_eq!(query.first("f"), Some(""));
        for name in ["b", "c", "d", "e", "g", "c;d"] {
            assert_eq!(query.first(name), None, "{name}");
        }
    }
}
