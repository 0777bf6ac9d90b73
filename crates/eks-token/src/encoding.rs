//! The base64 engine of this crate, and the mistakes behind its refusals.

use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, Engine};
use base64::{DecodeError, alphabet};
use zeroize::Zeroizing;

use crate::error::Error;

/// URL-safe alphabet without padding: Go's `RawURLEncoding`, as upstream (aws-iam-authenticator,
/// `pkg/token/token.go`). Every setting is spelled out, since each setting decides whether a URL has one
/// token or many.
const STRICT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        // DIFFERENCE: Go ignores these bits, so 4 or 16 tokens decode to one URL.
        .with_decode_allow_trailing_bits(false),
);

/// Returns how many characters [`append`] adds for `bytes` bytes; `None` on overflow.
pub(crate) const fn encoded_len(bytes: usize) -> Option<usize> {
    base64::encoded_len(bytes, false)
}

pub(crate) fn append(bytes: &[u8], text: &mut String) {
    STRICT.encode_string(bytes, text);
}

/// Decodes into bytes that are overwritten when dropped, even if decoding fails.
pub(crate) fn decode(text: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut bytes = Zeroizing::new(Vec::new());
    STRICT
        .decode_vec(text, &mut bytes)
        .map_err(|why| explain(why, text))?;
    Ok(bytes)
}

/// Converts the engine's error into the mistake that the producer made.
///
/// The engine checks the length first, so it calls `ab=` and a final line break a wrong length. The first
/// foreign character is more helpful.
fn explain(why: DecodeError, text: &str) -> Error {
    let is_base64 = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    // Searched by bytes, because a refusal should be cheap. A foreign byte starts a character.
    let at = text.bytes().position(|b| !is_base64(b));
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
