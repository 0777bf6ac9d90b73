//! The list of signed headers.

use crate::error::Error;

/// How SigV4 writes a `;` in a query.
const ESCAPED_SEPARATOR: &str = "%3B";

/// Checks a list as it stands in an `Authorization` header: names joined by `;`, sorted, each once.
///
/// SigV4 asks for that order. A list that says a name twice, or one name in two letter cases, can be
/// read in two ways, and would be no proof of what was signed.
///
/// # Errors
///
/// [`Error::SignedHeaders`].
pub(crate) fn check(text: &str) -> Result<(), Error> {
    check_names(text.split(';'))
}

/// Checks a list as it stands in a canonical query, where a `;` is `%3B`.
///
/// # Errors
///
/// [`Error::SignedHeaders`].
pub(crate) fn check_canonical(text: &str) -> Result<(), Error> {
    check_names(names_in_canonical(text))
}

/// Returns the names of a list as it stands in a canonical query.
pub(crate) fn names_in_canonical(text: &str) -> impl Iterator<Item = &str> {
    text.split(ESCAPED_SEPARATOR)
}

fn check_names<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), Error> {
    let mut before = "";
    for name in names {
        // The empty name sorts before all and is not above the one before it.
        if name <= before || !is_name(name) {
            return Err(Error::SignedHeaders);
        }
        before = name;
    }
    Ok(())
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

    #[test]
    fn names_are_sorted_and_each_stands_there_once() {
        for text in [
            "host",
            "a;b",
            "host;x-amz-date;x-k8s-aws-id",
            "-;.;0;_;a-._9",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
            assert_eq!(check_canonical(&text.replace(';', "%3B")), Ok(()), "{text}");
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
            assert_eq!(check(text), Err(Error::SignedHeaders), "{text}");
            let canonical = text.replace(';', "%3B");
            assert_eq!(
                check_canonical(&canonical),
                Err(Error::SignedHeaders),
                "{text}"
            );
        }
    }
}
