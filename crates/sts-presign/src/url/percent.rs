//! Percent-encoding: the bytes that a URL may have, and the canonical spelling of each value.

#[cfg(feature = "verify")]
use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

use crate::error::{Byte, Error};

/// The bytes that SigV4 percent-encodes: all but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Returns whether a byte is unreserved (RFC 3986, section 2.3).
///
/// `|` instead of `matches!`, because only this form is vectorized. Without it, `accept` would be
/// too slow (see `benches/README.md`).
const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphabetic()
        | byte.is_ascii_digit()
        | (byte == b'-')
        | (byte == b'.')
        | (byte == b'_')
        | (byte == b'~')
}

/// Returns whether a byte is a delimiter in the one accepted form of URL.
const fn is_delimiter(byte: u8) -> bool {
    (byte == b':') | (byte == b'/') | (byte == b'?') | (byte == b'&') | (byte == b'=')
}

/// Returns whether a URL may have a byte at all.
///
/// Parsers disagree about every other byte: the WHATWG URL standard drops tabs and newlines and turns
/// `\` into `/`, and `http::Uri` accepts raw bytes above ASCII.
pub(crate) const fn is_allowed(byte: u8) -> bool {
    is_unreserved(byte) | is_delimiter(byte) | (byte == b'%')
}

/// Checks that a URL has allowed bytes only.
pub(crate) fn check_bytes(text: &str) -> Result<(), Error> {
    // `fold` instead of `all`, to be vectorized.
    if text.bytes().fold(true, |ok, byte| ok & is_allowed(byte)) {
        return Ok(());
    }
    let first = text.bytes().find(|byte| !is_allowed(*byte));
    Err(Error::ForbiddenByte(first.map_or(Byte::Other, kind)))
}

fn kind(byte: u8) -> Byte {
    match byte {
        b'@' => Byte::At,
        b'#' => Byte::Fragment,
        b'+' => Byte::Plus,
        b';' => Byte::Semicolon,
        b' ' => Byte::Space,
        _ if byte.is_ascii_control() => Byte::Control,
        _ if byte.is_ascii() => Byte::Other,
        _ => Byte::NonAscii,
    }
}

/// Whether a raw value has the spelling that SigV4 gives it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Spelling {
    /// All reserved characters are escaped, in upper-case digits, and no others.
    Canonical,
    /// Another spelling of the same value.
    Other,
}

/// Why a raw value is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fault {
    /// A raw `=`, at which some parsers end the value.
    EqualsSign,
    /// A `%` without two hexadecimal digits after it.
    Escape,
    /// A decoded character outside visible ASCII, or a raw byte that no URL may have.
    Character,
}

/// Returns whether every value of a raw query is [`Spelling::Canonical`].
///
/// The bytes are [allowed](check_bytes), and each pair has an `=`. Most queries are canonical, and one
/// pass over the whole query is faster than one for each value.
pub(crate) fn is_canonical_query(raw: &str) -> bool {
    let count = |byte| memchr::memchr_iter(byte, raw.as_bytes()).count();
    // The allowed bytes that a canonical query does not have.
    memchr::memchr3(b':', b'/', b'?', raw.as_bytes()).is_none()
        // If each pair has an `=` and there are as many `=` as pairs, no value has one.
        && count(b'=') == count(b'&').saturating_add(1)
        && escapes(raw).all(|escape| escape == Ok(Spelling::Canonical))
}

/// Checks a raw value and returns its spelling.
pub(crate) fn inspect(raw: &str) -> Result<Spelling, Fault> {
    let unescaped = inspect_unescaped(raw)?;
    let escapes = inspect_escapes(raw)?;
    Ok(match unescaped {
        Spelling::Canonical => escapes,
        Spelling::Other => Spelling::Other,
    })
}

fn inspect_escapes(raw: &str) -> Result<Spelling, Fault> {
    escapes(raw).try_fold(Spelling::Canonical, |before, spelling| {
        Ok(match spelling? {
            Spelling::Canonical => before,
            Spelling::Other => Spelling::Other,
        })
    })
}

/// Returns the spelling of each escape, or why it is refused.
fn escapes(raw: &str) -> impl Iterator<Item = Result<Spelling, Fault>> {
    memchr::memchr_iter(b'%', raw.as_bytes()).map(|at| {
        let Some([b'%', high, low, ..]) = raw.as_bytes().get(at..) else {
            return Err(Fault::Escape);
        };
        let decoded = unescape(*high, *low).ok_or(Fault::Escape)?;
        if !decoded.is_ascii_graphic() {
            return Err(Fault::Character);
        }
        let lower = high.is_ascii_lowercase() || low.is_ascii_lowercase();
        Ok(if is_unreserved(decoded) || lower {
            Spelling::Other
        } else {
            Spelling::Canonical
        })
    })
}

/// `str::split_once` for an ASCII byte, by memchr. Without it, `accept` would be too slow (see
/// `benches/README.md`).
pub(crate) fn split_once(text: &str, at: u8) -> Option<(&str, &str)> {
    let (before, rest) = text.split_at_checked(memchr::memchr(at, text.as_bytes())?)?;
    Some((before, rest.get(1..)?))
}

/// Splits a canonical value at each escape with these digits; a part after any other escape is `None`.
pub(crate) fn split_at_escape<'a>(
    text: &'a str,
    digits: &'static str,
) -> impl Iterator<Item = Option<&'a str>> + Clone {
    let (mut rest, mut is_first) = (Some(text), true);
    std::iter::from_fn(move || {
        let text = rest?;
        let (part, after) =
            split_once(text, b'%').map_or((text, None), |(part, after)| (part, Some(after)));
        rest = after;
        if std::mem::take(&mut is_first) {
            Some(Some(part))
        } else {
            Some(part.strip_prefix(digits))
        }
    })
}

/// Checks the characters that are not escaped.
fn inspect_unescaped(raw: &str) -> Result<Spelling, Fault> {
    let fine = |byte: u8| is_unreserved(byte) | (byte == b'%');
    if raw.bytes().fold(true, |ok, byte| ok & fine(byte)) {
        return Ok(Spelling::Canonical);
    }
    if raw.contains('=') {
        return Err(Fault::EqualsSign);
    }
    if raw.bytes().all(is_allowed) {
        Ok(Spelling::Other)
    } else {
        Err(Fault::Character)
    }
}

/// Appends the decoded value. The value was inspected, so every escape in it is whole; `+` stays `+`.
pub(crate) fn decode(raw: &str, out: &mut String) {
    out.extend(percent_decode_str(raw).map(char::from));
}

/// Decodes a name or value of a form or query that anyone may have written: `None` if an escape is not
/// whole, or if the bytes are not UTF-8.
#[cfg(feature = "verify")]
pub(crate) fn decode_any(raw: &str) -> Option<String> {
    escapes(raw)
        .all(|escape| escape != Err(Fault::Escape))
        .then(|| percent_decode_str(raw).decode_utf8().ok())?
        .map(Cow::into_owned)
}

/// Appends the value as SigV4 encodes it. The value was inspected.
pub(crate) fn respell(raw: &str, out: &mut String) {
    for byte in percent_decode_str(raw) {
        out.extend(percent_encode(&[byte], RESERVED));
    }
}

/// Appends the value as SigV4 encodes it.
#[cfg(any(feature = "sign", feature = "verify", test))]
pub(crate) fn encode(value: &str, out: &mut String) {
    out.extend(percent_encode(value.as_bytes(), RESERVED));
}

/// Returns the length of a value once it is encoded.
#[cfg(any(feature = "sign", feature = "verify", test))]
pub(crate) fn encoded_len(value: &str) -> usize {
    let reserved = value.bytes().filter(|byte| !is_unreserved(*byte)).count();
    value.len().saturating_add(reserved.saturating_mul(2))
}

fn unescape(high: u8, low: u8) -> Option<u8> {
    let (high, low) = (hex_digit(high)?, hex_digit(low)?);
    Some(high.wrapping_shl(4) | low)
}

fn hex_digit(byte: u8) -> Option<u8> {
    let digit = char::from(byte).to_digit(16)?;
    u8::try_from(digit).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_unreserved_characters_delimiters_and_percent_signs() {
        let letters = ('A'..='Z').chain('a'..='z').chain('0'..='9');
        let unreserved: String = letters.chain("-._~".chars()).collect();
        for byte in 0..=u8::MAX {
            assert_eq!(
                is_unreserved(byte),
                unreserved.as_bytes().contains(&byte),
                "{byte:#x}"
            );
            let allowed = is_unreserved(byte) || b":/?&=%".contains(&byte);
            assert_eq!(is_allowed(byte), allowed, "{byte:#x}");
        }
    }

    #[test]
    fn the_first_forbidden_byte_is_named() {
        for (text, byte) in [
            ("a@#", Byte::At),
            ("a#@", Byte::Fragment),
            ("a+", Byte::Plus),
            ("a;", Byte::Semicolon),
            ("a b", Byte::Space),
            ("a\tb", Byte::Control),
            ("a\u{7f}", Byte::Control),
            ("a\\", Byte::Other),
            ("a\u{e9}", Byte::NonAscii),
        ] {
            assert_eq!(
                check_bytes(text),
                Err(Error::ForbiddenByte(byte)),
                "{text:?}"
            );
        }
        assert_eq!(check_bytes("https://a-b.c_d~/?%&="), Ok(()));
        assert_eq!(check_bytes(""), Ok(()));
    }

    #[test]
    fn one_spelling_of_a_value_is_canonical() {
        for raw in ["", "a-._~Z9", "%2F", "a%2Fb%3Bc", "%25", "%7C"] {
            assert_eq!(inspect(raw), Ok(Spelling::Canonical), "{raw}");
        }
        for raw in ["%2f", "%3b", "%41", "%7e", "a/b", ":", "?", "%2F%2f", "&"] {
            assert_eq!(inspect(raw), Ok(Spelling::Other), "{raw}");
        }
    }

    #[test]
    fn a_query_is_canonical_if_its_values_are() {
        for raw in ["a=b", "a=%2F&b=c", "a=&b=-._~"] {
            assert!(is_canonical_query(raw), "{raw}");
        }
        for raw in [
            "",
            "a",
            "a=b=c",
            "a=b&",
            "a=b&c=d=e",
            "a=%2f",
            "a=%41",
            "a=/",
            "a=:",
            "a=?",
            "a=%",
            "a=%&4=1",
            "a=%00",
        ] {
            assert!(!is_canonical_query(raw), "{raw}");
        }
    }

    #[test]
    fn each_fault_is_named() {
        for raw in [
            "%", "%4", "a%", "%zz", "%4g", "%g4", "%%41", "%:A", "%G0", "%/0",
        ] {
            assert_eq!(inspect(raw), Err(Fault::Escape), "{raw}");
        }
        for raw in [
            "%00", "%20", "%7F", "%80", "%C4%B0", "%0d%0a", "a b", "+", "%@0", "%`0",
        ] {
            assert_eq!(inspect(raw), Err(Fault::Character), "{raw}");
        }
        for raw in ["=", "a=", "%41=b", "%=", "a/=", "%zz="] {
            assert_eq!(inspect(raw), Err(Fault::EqualsSign), "{raw}");
        }
    }

    #[test]
    fn every_visible_character_is_encoded_and_decoded_again() {
        for byte in b'!'..=b'~' {
            let value = char::from(byte).to_string();
            let (mut encoded, mut decoded) = (String::new(), String::new());
            encode(&value, &mut encoded);
            decode(&encoded, &mut decoded);
            assert_eq!(decoded, value);
            assert_eq!(inspect(&encoded), Ok(Spelling::Canonical), "{encoded}");
            assert_eq!(encoded_len(&decoded), encoded.len());
            let want = match is_unreserved(byte) {
                true => value,
                false => format!("%{byte:02X}"),
            };
            assert_eq!(encoded, want);
            let mut respelled = String::new();
            respell(&format!("%{byte:02x}"), &mut respelled);
            assert_eq!(respelled, encoded);
        }
        let mut encoded = String::new();
        encode("a/b\u{e9}+c/", &mut encoded);
        assert_eq!(encoded, "a%2Fb%C3%A9%2Bc%2F");
        let mut decoded = String::new();
        decode("a%2fb%2Bc/", &mut decoded);
        assert_eq!(decoded, "a/b+c/");
        let mut respelled = String::new();
        respell("a%2fb%2Bc/%41", &mut respelled);
        assert_eq!(respelled, "a%2Fb%2Bc%2FA");
    }
}
