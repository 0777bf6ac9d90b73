//! The theorems of the README.

use eks_token::{PREFIX, Token};
use proptest::prelude::*;

fn decode(token: &str) -> Option<String> {
    Some(Token::parse(token).ok()?.decode().ok()?.expose().to_owned())
}

/// Mostly well-formed tokens, with arbitrary last bits.
fn near_tokens() -> impl Strategy<Value = String> {
    prop_oneof![
        "k8s-aws-v1\\.[A-Za-z0-9_-]{0,40}",
        "k8s-aws-v1\\.[A-Za-z0-9_=+/\r\n -]{0,20}",
        "[ -~]{1,60}".prop_map(|url| Token::encode(&url).unwrap().expose().to_owned()),
        "\\PC{0,40}",
    ]
}

proptest! {
    #[test]
    fn decoding_what_was_encoded_gives_the_same_url(url in "[\\x00-\\x7f]{1,600}") {
        prop_assume!(!url.to_ascii_lowercase().starts_with("https%3a"));
        let token = Token::encode(&url).unwrap();
        prop_assert_eq!(decode(token.expose()), Some(url));
    }

    #[test]
    fn what_decodes_encodes_to_the_same_text(text in near_tokens()) {
        if let Some(url) = decode(&text) {
            let again = Token::encode(&url).unwrap();
            prop_assert_eq!(again.expose(), text.as_str());
        }
    }

    #[test]
    fn a_changed_token_is_refused_or_another_url(
        url in "https://[ -~]{0,120}",
        at in any::<prop::sample::Index>(),
        put in 0_u8..128,
    ) {
        let token = Token::encode(&url).unwrap().expose().to_owned();
        let mut changed = token.clone().into_bytes();
        let at = at.index(changed.len());
        prop_assume!(changed[at] != put);
        changed[at] = put;
        let changed = String::from_utf8(changed).unwrap();
        prop_assert_ne!(decode(&changed), Some(url));
        if at < PREFIX.len() {
            prop_assert!(Token::parse(&changed).is_err());
        }
    }

    #[test]
    fn debug_reveals_nothing(url in "[ -~]{1,60}") {
        let token = Token::encode(&url).unwrap();
        let shown = format!("{token:?} {:?}", token.decode());
        prop_assert_eq!(shown, "Token([redacted]) Ok(UrlText([redacted]))");
    }

    #[test]
    fn no_text_makes_it_panic(text in any::<String>(), limit in 0_usize..64) {
        if let Ok(token) = Token::parse_with_limit(&text, limit) {
            prop_assert!(text.len() <= limit);
            let _ = token.decode();
        }
        let _ = Token::encode_with_limit(&text, limit);
    }
}
