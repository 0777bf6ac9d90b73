//! The one base64 engine of this crate, and what its refusals mean.

use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, Engine};
use base64::{DecodeError, alphabet};
use zeroize::Zeroizing;

use crate::error::Error;

/// URL-safe alphabet, no padding: what Go calls `RawURLEncoding`, which upstream encodes and decodes
/// with (aws-iam-authenticator, `pkg/token/token.go`). Every setting is spelled out, since each one
/// decides whether a URL has one spelling or many.
const STRICT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        // DIFFERENCE: Go ignores these bits, so 4 or 16 tokens stand for one URL.
        .with_decode_allow_trailing_bits(false),
);

/// Returns how many characters [`append`] adds for so many bytes, `None` past the address space.
pub(crate) const fn encoded_len(bytes: usize) -> Option<usize> {
    base64::encoded_len(bytes, false)
}

pub(crate) fn append(bytes: &[u8], text: &mut String) {
    STRICT.encode_string(bytes, text);
}

/// Decodes to bytes that are overwritten when dropped, on failure too.
pub(crate) fn decode(text: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut bytes = Zeroizing::new(Vec::new());
    STRICT
        .decode_vec(text, &mut bytes)
        .map_err(|why| explain(why, text))?;
    Ok(bytes)
}

/// Turns the engine's refusal into the producer's mistake.
///
/// The engine looks at the length before it looks at the characters, so `ab=` and a line break at the
/// end are "wrong length" to it; the first foreign character is what helps.
fn explain(why: DecodeError, text: &str) -> Error {
    let own = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    // Byte by byte, since what is refused should cost little; a foreign byte starts a character.
    let at = text.bytes().position(|b| !own(b));
    let foreign = at.and_then(|at| text.get(at..)?.chars().next());
    match (foreign, why) {
        (Some('='), _) => Error::Padding,
        (Some('+' | '/'), _) => Error::StandardAlphabet,
        (Some(c), _) if c.is_whitespace() => Error::Whitespace,
        (Some(_), _) => Error::Character,
        (None, DecodeError::InvalidLastSymbol { .. }) => Error::TrailingBits,
        (None, _) => Error::Length,
    }
}
