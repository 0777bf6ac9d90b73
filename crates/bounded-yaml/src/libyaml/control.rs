//! Characters that YAML does not allow.
//!
//! `libyaml` refuses them as well, but only when they enter its buffer. By then it may or may not have returned the
//! documents in front of them, and it reports another position.

/// The number of bytes that are examined together.
const CHUNK: usize = 4096;

/// Returns the offset of the first character that is not printable (`c-printable`, YAML 1.2.2, section 5.1).
pub(super) fn find(text: &str) -> Option<usize> {
    let mut chunks = text.as_bytes().chunks(CHUNK);
    // Few texts have such a byte, and texts without it need not be decoded.
    let is_suspicious =
        chunks.any(|chunk| chunk.iter().fold(false, |any, byte| any | starts(*byte)));
    let mut characters = text.char_indices().filter(|_| is_suspicious);
    characters
        .find(|(_, character)| !is_printable(*character))
        .map(|(offset, _)| offset)
}

/// Returns whether a character that begins with this byte may be unprintable: in UTF-8, U+0080 to U+00BF start
/// with 0xC2, and U+F000 to U+FFFF with 0xEF.
const fn starts(byte: u8) -> bool {
    matches!(byte, 0..=0x08 | 0x0b | 0x0c | 0x0e..=0x1f | 0x7f | 0xc2 | 0xef)
}

const fn is_printable(character: char) -> bool {
    matches!(
        character,
        '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..
    )
}

#[cfg(test)]
mod tests {
    use super::{find, starts};

    #[test]
    fn it_is_what_libyaml_refuses() {
        let ranges = [
            '\0'..='\u{200}',
            '\u{d7f0}'..='\u{e010}',
            '\u{ff00}'..='\u{1_0010}',
        ];
        for character in ranges.into_iter().flatten().chain(['\u{feff}', char::MAX]) {
            let text = String::from(character);
            let mut documents = serde_yaml::Deserializer::from_str(&text);
            let read = documents
                .next()
                .map(<serde_yaml::Value as serde::Deserialize>::deserialize);
            let is_refused = read
                .and_then(Result::err)
                .is_some_and(|why| why.to_string().contains("control characters"));
            let text = format!("{}{character}", "é".repeat(3));
            assert_eq!(find(&text), is_refused.then_some(6), "{character:?}");
            let twice = format!("{text}{character}");
            assert_eq!(find(&twice), is_refused.then_some(6), "{character:?}");
        }
    }

    #[test]
    fn usual_text_has_no_suspicious_byte() {
        assert!(!"a: é\t\r\n~€".bytes().any(starts));
    }
}
