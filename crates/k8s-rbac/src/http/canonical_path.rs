//! Paths that every reader reads alike.
//!
//! kube-apiserver decodes a path before it splits it at `/`. Most routers split first, and some
//! merge slashes, resolve dot segments, or ignore a trailing slash. A path on which two readers
//! disagree can be authorized as one request and routed as another, so the strict reader refuses it.

use std::fmt::{self, Display, Formatter};

use super::query::{decode, parameter_names};

/// Why a URL has more than one reading.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Ambiguity {
    /// The path has a segment `.` or `..`, possibly escaped.
    DotSegment,
    /// The path has an empty segment (`//`).
    EmptySegment,
    /// A segment contains an escaped `/`, `\`, `%` or `;`, or a compatibility form of one of them
    /// or of a dot, such as the fullwidth `／`.
    EscapedSeparator,
    /// A letter, a digit, or one of `-._~` is escaped, so the path has a second spelling.
    EscapedUnreserved,
    /// The path contains a character that a URL path cannot contain (RFC 3986, section 3.3), a `;`,
    /// or an escaped control character.
    ForbiddenCharacter,
    /// The path has the legacy prefix `watch` or `proxy`, which kube-apiserver reads as a verb and
    /// every other reader as a resource.
    LegacyPrefix,
    /// A query parameter that kube-apiserver reads occurs twice: it reads the first, other readers
    /// the last.
    RepeatedParameter,
    /// The path ends in `/`.
    TrailingSlash,
}

impl Display for Ambiguity {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DotSegment => "the path contains a `.` or `..` segment",
            Self::EmptySegment => "the path contains an empty segment",
            Self::EscapedSeparator => "a path segment contains an escaped separator",
            Self::EscapedUnreserved => "the path escapes a character that needs no escape",
            Self::ForbiddenCharacter => "the path contains a character that is not allowed there",
            Self::LegacyPrefix => "the path has the legacy `watch` or `proxy` prefix",
            Self::RepeatedParameter => "the query repeats a parameter",
            Self::TrailingSlash => "the path ends in a slash",
        })
    }
}

/// The query parameters on which the attributes of a request depend.
const PARAMETERS: [&str; 5] = [
    "fieldSelector",
    "labelSelector",
    "limit",
    "timeoutSeconds",
    "watch",
];

/// Characters that compatibility normalization (NFKC) turns into a dot, `/`, `\`, `%` or `;`, and
/// other characters that look like a slash.
const LOOKALIKES: [char; 15] = [
    '\u{2024}', '\u{2025}', '\u{2026}', '\u{2044}', '\u{2215}', '\u{29f8}', '\u{fe52}', '\u{fe54}',
    '\u{fe68}', '\u{fe6a}', '\u{ff05}', '\u{ff0e}', '\u{ff0f}', '\u{ff1b}', '\u{ff3c}',
];

/// Returns why a path, still encoded, has more than one reading. `None` if it has only one.
pub(super) fn find_path_ambiguity(path: &str) -> Option<Ambiguity> {
    let segments: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
    let (segments, trailing_slash) = match segments.as_slice() {
        // The root.
        [""] => return None,
        [segments @ .., ""] => (segments, Some(Ambiguity::TrailingSlash)),
        segments => (segments, None),
    };
    segments
        .iter()
        .find_map(|segment| find_segment_ambiguity(segment))
        .or(trailing_slash)
        .or(match segments {
            ["api", _, "watch" | "proxy", ..] | ["apis", _, _, "watch" | "proxy", ..] => {
                Some(Ambiguity::LegacyPrefix)
            }
            _ => None,
        })
}

fn find_segment_ambiguity(segment: &str) -> Option<Ambiguity> {
    if segment.is_empty() {
        return Some(Ambiguity::EmptySegment);
    }
    if !segment.bytes().all(is_path_byte) {
        return Some(Ambiguity::ForbiddenCharacter);
    }
    // A segment that cannot be decoded is refused elsewhere.
    let decoded = decode(segment)?;
    if matches!(&*decoded, "." | "..") {
        return Some(Ambiguity::DotSegment);
    }
    if decoded.chars().any(is_separator) {
        return Some(Ambiguity::EscapedSeparator);
    }
    if decoded.chars().any(char::is_control) {
        return Some(Ambiguity::ForbiddenCharacter);
    }
    escapes_unreserved(segment).then_some(Ambiguity::EscapedUnreserved)
}

/// Returns whether a parameter that kube-apiserver reads occurs twice, in any spelling.
pub(super) fn find_query_ambiguity(query: &str) -> Option<Ambiguity> {
    let names: Vec<_> = parameter_names(query)
        .filter(|name| PARAMETERS.contains(&&**name))
        .collect();
    let is_repeated = names.iter().enumerate().any(|(at, name)| {
        names
            .iter()
            .skip(at.saturating_add(1))
            .any(|other| other == name)
    });
    is_repeated.then_some(Ambiguity::RepeatedParameter)
}

fn is_separator(c: char) -> bool {
    matches!(c, '/' | '\\' | '%' | ';') || LOOKALIKES.contains(&c)
}

// RFC 3986, section 3.3: pchar, without `;`, at which some servers cut off path parameters.
const fn is_path_byte(byte: u8) -> bool {
    is_unreserved(byte)
        || matches!(
            byte,
            b'%' | b'!'
                | b'$'
                | b'&'
                | b'\''
                | b'('
                | b')'
                | b'*'
                | b'+'
                | b','
                | b'='
                | b':'
                | b'@'
        )
}

// RFC 3986, section 2.3.
const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

fn escapes_unreserved(segment: &str) -> bool {
    segment.split('%').skip(1).any(|escape| {
        escape
            .get(..2)
            .and_then(|digits| u8::from_str_radix(digits, 16).ok())
            .is_some_and(is_unreserved)
    })
}
