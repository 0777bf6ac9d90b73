use eks_token::Token;

/// A token that decodes is the only spelling of its URL: encoding the URL again gives the token.
///
/// # Panics
///
/// If the property does not hold.
pub fn decode_has_one_spelling(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let Ok(token) = Token::parse(text) else {
        return;
    };
    let Ok(url) = token.decode() else { return };
    let again = Token::encode(url.expose());
    assert!(
        again.is_ok_and(|again| again.expose() == text),
        "another spelling of the same URL"
    );
}
