//! The algorithm, and the form of a signature.

use crate::error::Error;

/// The only accepted algorithm: SigV4. (`AWS4-ECDSA-P256-SHA256` belongs to `SigV4A`.)
pub(crate) const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// The number of hexadecimal digits of a SHA-256 hash.
const LEN: usize = 64;

/// Checks for 64 lower-case hexadecimal digits. STS compares text, so upper case is another signature.
///
/// # Errors
///
/// [`Error::Signature`].
pub(crate) fn check(text: &str) -> Result<(), Error> {
    let is_digit = |b: u8| b.is_ascii_digit() | (b'a'..=b'f').contains(&b);
    // `fold` instead of `all`, to be vectorized.
    if text.len() == LEN && text.bytes().fold(true, |ok, byte| ok & is_digit(byte)) {
        Ok(())
    } else {
        Err(Error::Signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_64_lower_case_hexadecimal_digits() {
        let all = "0123456789abcdef".repeat(4);
        assert_eq!(check(&all), Ok(()));
        for wrong in ["/", ":", "`", "g", "A", "F", "-", " ", "é"] {
            let text = all.replacen('7', wrong, 1);
            assert_eq!(check(&text), Err(Error::Signature), "{wrong}");
            assert_eq!(
                check(&text.replacen('1', "", wrong.len() - 1)),
                Err(Error::Signature)
            );
        }
        assert_eq!(check(all.trim_start_matches('0')), Err(Error::Signature));
        assert_eq!(check(&format!("{all}0")), Err(Error::Signature));
        assert_eq!(check(""), Err(Error::Signature));
    }
}
