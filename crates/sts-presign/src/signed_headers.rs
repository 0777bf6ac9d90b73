//! The list of signed headers.

use crate::error::Error;

/// Checks a list of names joined by `;`: lower-case letters, digits and the marks of RFC 9110's
/// tokens (section 5.6.2), sorted, each once.
///
/// SigV4 asks for that order. A list that says a name twice, or one name in two letter cases, can be
/// read in two ways, and would be no proof of what was signed.
///
/// # Errors
///
/// [`Error::SignedHeaders`].
pub(crate) fn check(text: &str) -> Result<(), Error> {
    let mut before = "";
    for name in text.split(';') {
        // The empty name sorts before all and is not above the one before it.
        if name <= before || !name.bytes().all(is_name_byte) {
            return Err(Error::SignedHeaders);
        }
        before = name;
    }
    Ok(())
}

const fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase()
        || byte.is_ascii_digit()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
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
            "0;a!#$%&'*+-.^_`|~",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
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
            "é",
            "a;\u{212A}",
        ] {
            assert_eq!(check(text), Err(Error::SignedHeaders), "{text}");
        }
    }
}
