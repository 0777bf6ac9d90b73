//! The query of a URL, as Go reads it.

use std::borrow::Cow;

/// Undoes percent-encoding; none where an escape is none, or what comes out is not UTF-8.
///
/// As Go: net/url, unescape.
pub(crate) fn decode(text: &str) -> Option<Cow<'_, str>> {
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
/// As Go: net/url, `ParseQuery`, whose error the API server does not look at. A part with a
/// semicolon or a broken escape is left out.
pub(crate) struct Query<'u> {
    parameters: Vec<(Cow<'u, str>, Cow<'u, str>)>,
}

impl<'u> Query<'u> {
    pub(crate) fn read(text: &'u str) -> Self {
        let parts = text.split('&').filter(|part| !part.is_empty());
        let parts = parts.filter(|part| !part.contains(';'));
        let parameters = parts.filter_map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            Some((spaced(name)?, spaced(value)?))
        });
        Self {
            parameters: parameters.collect(),
        }
    }

    /// Returns the first value of a parameter: the API server looks at no other.
    pub(crate) fn first(&self, name: &str) -> Option<&str> {
        let mut parameters = self.parameters.iter();
        let (_, value) = parameters.find(|(parameter, _)| parameter == name)?;
        Some(value)
    }
}

// A plus is a space here, and only here. An escaped one is not.
fn spaced(text: &str) -> Option<Cow<'_, str>> {
    if text.contains('+') {
        return decode(&text.replace('+', " ")).map(|text| Cow::Owned(text.into_owned()));
    }
    decode(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_left_out() {
        let query = Query::read("a=1&&b=%zz&c;d=2&e=%&%41=x+%2By&f&a=2&g=%ff");
        assert_eq!(query.first("a"), Some("1"));
        assert_eq!(query.first("A"), Some("x +y"));
        assert_eq!(query.first("f"), Some(""));
        for name in ["b", "c", "d", "e", "g", "c;d"] {
            assert_eq!(query.first(name), None, "{name}");
        }
    }
}
