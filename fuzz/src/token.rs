use eks_token::{PREFIX, Token};

use crate::reader;

/// Asserts that tokens and URLs correspond one to one.
///
/// Encoding the URL of a token returns the token, and decoding the token of a URL returns the URL.
///
/// # Panics
///
/// If the property does not hold.
pub fn decode_has_one_spelling(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(url) = Token::parse(text).and_then(|token| token.decode()) {
        let again = Token::encode(url.expose());
        assert!(
            again.is_ok_and(|again| again.expose() == text),
            "another spelling of the same URL"
        );
        assert!(url.expose().is_ascii());
    }
    // The text taken as a URL, both unchanged and decoded.
    for url in [
        Some(text.to_owned()),
        String::from_utf8(reader::decode(bytes)).ok(),
    ] {
        let Some(url) = url else { continue };
        let Ok(token) = Token::encode(&url) else {
            continue;
        };
        let body = token.expose().strip_prefix(PREFIX).unwrap_or_default();
        let safe = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        assert!(
            !body.is_empty() && body.bytes().all(safe),
            "not URL-safe base64"
        );
        let decoded = Token::parse(token.expose()).and_then(|token| token.decode());
        assert!(
            decoded.is_ok_and(|decoded| decoded.expose() == url),
            "another URL than was encoded"
        );
    }
}
