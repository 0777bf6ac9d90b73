//! The tag `!!binary`, whose text in base64 stands for another text.
//!
//! `yaml_serde` drops it, and Go's readers decode the text. A group could be hidden from this crate in this way, so a text with
//! the tag is refused. The search does not know quotes and comments, where the tag has no meaning: nothing that this crate
//! is made for has it there.

/// The longest tag that is examined, in bytes: more than `<tag:yaml.org,2002:binary>` with each byte written as `%XX`.
const MAX_LEN: usize = 96;

/// The tag as it is usually written.
const SHORT: &str = "!!binary";

/// The tag in full (YAML 1.2.2, section 6.8.2.2).
const LONG: &str = "tag:yaml.org,2002:binary";

/// Returns the offset of the first `!` that may begin the tag.
pub(super) fn find(text: &str) -> Option<usize> {
    let mut marks = text.match_indices('!').map(|(offset, _)| offset);
    marks.find(|offset| text.get(*offset..).is_some_and(begins_with_tag))
}

/// Returns whether a text that starts with `!` begins with the tag: as `!!binary`, as `!<…>`, or with bytes written as `%XX`.
fn begins_with_tag(text: &str) -> bool {
    let bytes = text.as_bytes().iter().take(MAX_LEN).copied();
    let is_end =
        |byte: &u8| byte.is_ascii_whitespace() || b"[]{}>".contains(byte) || !byte.is_ascii();
    let tag: Vec<u8> = bytes.take_while(|byte| !is_end(byte)).collect();
    let tag = decoded(&tag);
    tag == SHORT
        || tag
            .strip_prefix("!<")
            .is_some_and(|tag| tag == SHORT || tag == LONG)
}

/// Replaces each `%XX` by its byte. No byte above 127 is in a tag of YAML, so each becomes a character.
fn decoded(tag: &[u8]) -> String {
    let mut text = String::with_capacity(tag.len());
    let mut rest = tag;
    while let [byte, others @ ..] = rest {
        let escaped = match rest {
            [b'%', digits @ ..] => digits.first_chunk::<2>().and_then(|[high, low]| {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                let code = digit(*high)?.checked_mul(16)?.checked_add(digit(*low)?)?;
                char::from_u32(code)
            }),
            _ => None,
        };
        text.push(escaped.unwrap_or_else(|| char::from(*byte)));
        let read = if escaped.is_some() { 2 } else { 0 };
        rest = others.get(read..).unwrap_or_default();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn each_spelling_of_the_tag_is_found() {
        for text in [
            "!!binary aGk=",
            "!!binary",
            "- !!binary\n  aGk=",
            "[!!binary]",
            "{a: !!binary\u{2028}x}",
            "!!bin%61ry aGk=",
            "!!%62%69%6E%61%72%79 aGk=",
            "!<tag:yaml.org,2002:binary> aGk=",
            "!<tag:yaml.org,2002:b%69nary> aGk=",
            "!<!!binary> aGk=",
            "!%21binary aGk=",
            "!<%74%61%67%3A%79%61%6D%6C%2E%6F%72%67%2C%32%30%30%32%3A%62%69%6E%61%72%79> aGk=",
        ] {
            assert!(find(text).is_some(), "{text}");
        }
        assert_eq!(find("a: é! !!binary aGk="), Some(7));
    }

    #[test]
    fn other_tags_are_not_found() {
        for text in [
            "",
            "!",
            "%",
            "!%",
            "!%6",
            "!!binaries a",
            "!!str binary",
            "!binary a",
            "!x!binary a",
            "!<binary> a",
            "!<tag:yaml.org,2002:str> binary",
            "!!binary%20 a",
            "!!binar%y a",
            "binary: !Ref a",
            "!<tag:example.org,2002:binary> a",
        ] {
            assert_eq!(find(text), None, "{text}");
        }
    }

    #[test]
    fn a_long_text_of_marks_is_searched_in_little_time() {
        assert_eq!(find(&"!".repeat(1 << 20)), None);
    }
}
