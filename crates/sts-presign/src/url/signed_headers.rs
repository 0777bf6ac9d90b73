//! The list of signed headers.

use crate::error::Error;

/// How SigV4 writes a `;` in a query.
const ESCAPED_SEPARATOR: &str = "%3B";

/// Checks a list of names, as [`names`] or [`names_in_canonical`] reads it: sorted, each once.
///
/// SigV4 asks for that order. A list that says a name twice, or one name in two letter cases, can be
/// read in two ways, and would be no proof of what was signed.
///
/// # Errors
///
/// [`Error::SignedHeaders`].
pub(crate) fn check<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), Error> {
    match at_fault(names) {
        Some(_) => Err(Error::SignedHeaders),
        None => Ok(()),
    }
}

/// Returns the first name that is none, or is not above the one before it.
pub(crate) fn at_fault<'a>(mut names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // The empty name sorts before all.
    let mut before = "";
    names.find(|name| {
        let is_sound = *name > before && is_name(name);
        before = name;
        !is_sound
    })
}

/// Returns the names of a list as it stands in an `Authorization` header.
pub(crate) fn names(text: &str) -> impl Iterator<Item = &str> + Clone {
    text.split(';')
}

/// Returns the names of a list as it stands in a canonical query, where a `;` is `%3B`.
pub(crate) fn names_in_canonical(text: &str) -> impl Iterator<Item = &str> + Clone {
    let mut rest = Some(text);
    // As `str::split` does, which takes longer over so short a text to get ready than to search it.
    std::iter::from_fn(move || {
        let text = rest?;
        let mut escapes = memchr::memchr_iter(b'%', text.as_bytes());
        let cut = escapes.find_map(|at| {
            let (name, others) = text.split_at_checked(at)?;
            Some((name, others.strip_prefix(ESCAPED_SEPARATOR)?))
        });
        rest = cut.map(|(_, others)| others);
        Some(cut.map_or(text, |(name, _)| name))
    })
}

/// Tells a header name as it may be signed: lower-case letters, digits, `-`, `_` and `.`. RFC 9110
/// lets names have other marks (section 5.6.2), and no header that is signed for STS has one.
pub(crate) fn is_name(text: &str) -> bool {
    let name =
        |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.');
    !text.is_empty() && text.bytes().all(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks a list in both of its spellings.
    #[track_caller]
    fn check_both(text: &str) -> Result<(), Error> {
        let plain = check(names(text));
        let canonical = text.replace(';', ESCAPED_SEPARATOR);
        assert_eq!(check(names_in_canonical(&canonical)), plain, "{text}");
        plain
    }

    #[test]
    fn a_list_in_a_query_is_cut_at_each_escaped_semicolon() {
        for text in [
            "",
            "a",
            "a%3Bb",
            "%3B",
            "a%3B%3Bb",
            "%3Ba%3B",
            "a%3bb",
            "%%3B%3",
            "a%2Fb%3Bc",
            "é%3B",
        ] {
            let names: Vec<&str> = names_in_canonical(text).collect();
            assert_eq!(names, text.split(ESCAPED_SEPARATOR).collect::<Vec<_>>());
        }
    }

    #[test]
    fn names_are_sorted_and_each_stands_there_once() {
        for text in [
            "host",
            "a;b",
            "host;x-amz-date;x-k8s-aws-id",
            "-;.;0;_;a-._9",
        ] {
            assert_eq!(check_both(text), Ok(()), "{text}");
        }
        for text in [
            "",
            ";",
            "host;",
            ";host",
            "a;;b",
            "b;a",
            "a;a",
            "Host",
            "a b",
            "a:b",
            "a;B",
            "a,b",
            "a~",
            "a%3b",
            "é",
            "a;\u{212A}",
        ] {
            assert_eq!(check_both(text), Err(Error::SignedHeaders), "{text}");
        }
    }
}
