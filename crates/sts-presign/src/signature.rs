//! The shape of a signature.

use crate::error::Error;

/// The hexadecimal digits of a SHA-256.
const LEN: usize = 64;

/// Checks for 64 lower-case hexadecimal digits: STS compares text, so upper case is another
/// signature.
///
/// # Errors
///
/// [`Error::Signature`].
pub(crate) fn check(text: &str) -> Result<(), Error> {
    let digit = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    if text.len() == LEN && text.bytes().all(digit) {
        Ok(())
    } else {
        Err(Error::Signature)
    }
}
