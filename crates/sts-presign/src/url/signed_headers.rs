//! The list of signed headers.

use crate::error::Error;
use crate::url::percent::split_at_escape;

/// Checks that the names from [`names`] or [`names_in_canonical`] are sorted and distinct.
///
/// SigV4 requires the order. A list that has a name twice, or in two letter cases, is ambiguous: it does
/// not prove which header was signed.
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

/// Returns the first name that is malformed or not greater than the one before it.
pub(crate) fn at_fault<'a>(mut names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // The empty text sorts before every name.
    let mut before = "";
    names.find(|name| {
        let is_good = *name > before && is_name(name);
        before = name;
        !is_good
    })
}

/// Splits the list in an `Authorization` header.
pub(crate) fn names(text: &str) -> impl Iterator<Item = &str> + Clone {
    text.split(';')
}

/// Splits the list in a canonical query, where a `;` is `%3B`. After any other escape, which no name has,
/// the name is empty.
pub(crate) fn names_in_canonical(text: &str) -> impl Iterator<Item = &str> + Clone {
    split_at_escape(text, "3B").map(Option::unwrap_or_default)
}

/// Returns whether a header name may be signed: lower-case letters, digits, `-`, `_` and `.`. RFC 9110,
/// section 5.6.2, allows other characters, but no header that is signed for STS has one.
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
        let canonical = text.replace(';', "%3B");
        assert_eq!(check(names_in_canonical(&canonical)), plain, "{text}");
        plain
    }

    #[test]
    fn a_list_in_a_query_is_split_at_each_escaped_semicolon() {
        for (text, names) in [
            ("", &[""][..]),
            ("a", &["a"]),
            ("a%3Bb", &["a", "b"]),
            ("%3B", &["", ""]),
            ("a%3B%3Bb", &["a", "", "b"]),
            ("a%3bb", &["a", ""]),
            ("a%2Fb%3Bc", &["a", "", "c"]),
            ("%", &["", ""]),
        ] {
            let split: Vec<&str> = names_in_canonical(text).collect();
            assert_eq!(split, names, "{text}");
        }
    }

    #[test]
    fn names_are_sorted_and_distinct() {
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
