//! The bytes of files, as editors and shells write them.

use std::borrow::Cow;

use bounded_yaml::{Limits, LineIndex, Node, Position, TextError, decode, documents};
use proptest::prelude::*;

fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    format!("\u{feff}{text}")
        .encode_utf16()
        .flat_map(unit)
        .collect()
}

fn text(bytes: &[u8]) -> Result<String, TextError> {
    decode(bytes, &Limits::new()).map(Cow::into_owned)
}

proptest! {
    #[test]
    fn a_text_is_the_same_in_every_encoding(written in "[^\0\u{feff}\\PC][^\0]{0,40}") {
        prop_assume!(written.chars().nth(1) != Some('\0'));
        let marked = format!("\u{feff}{written}");
        for bytes in [
            written.clone().into_bytes(),
            marked.into_bytes(),
            utf16(&written, u16::to_le_bytes),
            utf16(&written, u16::to_be_bytes),
        ] {
            prop_assert_eq!(text(&bytes), Ok(written.clone()));
        }
    }

    #[test]
    fn any_bytes_are_text_or_an_error(bytes: Vec<u8>) {
        match text(&bytes) {
            Ok(text) => prop_assert!(!text.contains('\0')),
            Err(why) => prop_assert!(!why.to_string().is_empty()),
        }
    }
}

#[test]
fn a_byte_order_mark_shifts_no_column() {
    for bytes in [
        b"\xef\xbb\xbfa: b".to_vec(),
        utf16("a: b", u16::to_le_bytes),
        utf16("a: b", u16::to_be_bytes),
    ] {
        let text = text(&bytes).expect("text");
        let node = documents(&text, &Limits::new()).next().expect("a document");
        let offset = node.ok().as_ref().and_then(|node| node.get("a")?.offset());
        assert_eq!(offset, Some(3));
    }
    // The result is the same if the mark is not dropped.
    let marked = "\u{feff}a: b";
    let node = documents(marked, &Limits::new())
        .next()
        .expect("a document");
    let offset = node
        .ok()
        .as_ref()
        .and_then(|node| node.get("a").and_then(Node::offset));
    let offset = offset.expect("an offset");
    assert_eq!(Position::of(marked, offset), Position::new(1, 4));
    assert_eq!(LineIndex::new(marked).position(offset), Position::new(1, 4));
    let error = documents("\u{feff}a: @b", &Limits::new()).next();
    let at = error.and_then(Result::err).and_then(|why| why.position());
    assert_eq!(at, Some(Position::new(1, 4)));
}

#[test]
fn each_encoding_that_is_not_read_is_named() {
    let at = Position::new;
    for (bytes, expected) in [
        (b"\x1f\x8b\x08\0".as_slice(), TextError::Compressed),
        (b"PK\x03\x04\x14\0", TextError::Compressed),
        (b"\xff\xfe\0\0a\0\0\0", TextError::Utf32),
        (b"\0\0\xfe\xff\0\0\0a", TextError::Utf32),
        (b"a\0:\0", TextError::Utf16Unmarked),
        (b"\0a\0:", TextError::Utf16Unmarked),
        (b"\xff\xfea", TextError::Utf16Truncated),
        (b"\xfe\xff\0a\0", TextError::Utf16Truncated),
        (b"\xff\xfea\0\n\0\x00\xd8b\0", TextError::Utf16(at(2, 1))),
        (b"\xfe\xff\0a\xdc\0", TextError::Utf16(at(1, 2))),
        (b"a: b\nc: \0", TextError::Nul(at(2, 4))),
        (b"\xff\xfea\0\0\0", TextError::Nul(at(1, 2))),
        (b"\x7fELF\x02\x01\x01\0", TextError::Nul(at(1, 8))),
        (
            b"a: b\nc: M\xfcller",
            TextError::Utf8 {
                byte: 0xfc,
                at: at(2, 5),
            },
        ),
        // The texts have a surrogate in UTF-8, an incomplete character, and an incomplete mark.
        (
            b"\xed\xa0\x80",
            TextError::Utf8 {
                byte: 0xed,
                at: at(1, 1),
            },
        ),
        (
            b"\xef\xbb\xbfa\xc3",
            TextError::Utf8 {
                byte: 0xc3,
                at: at(1, 2),
            },
        ),
        (
            b"\xff",
            TextError::Utf8 {
                byte: 0xff,
                at: at(1, 1),
            },
        ),
    ] {
        assert_eq!(text(bytes), Err(expected), "{bytes:x?}");
        let printed = expected.to_string();
        let position = expected.position().map(|at| at.to_string());
        assert_eq!(position.is_some(), printed.contains(" line "), "{printed}");
        assert!(printed.contains(&position.unwrap_or_default()), "{printed}");
    }
}

#[test]
fn the_bytes_and_the_text_fit_the_limit() {
    let limits = Limits::new().with_max_bytes(8);
    assert_eq!(
        decode(b"\x1f\x8b5678901", &limits),
        Err(TextError::TooLong { size: 9, limit: 8 })
    );
    // Eight bytes of UTF-16, a mark and three characters. The characters have nine bytes in UTF-8.
    assert_eq!(
        decode(&utf16("ﬁﬁﬁ", u16::to_le_bytes), &limits),
        Err(TextError::TooLong { size: 9, limit: 8 })
    );
    assert_eq!(
        decode(b"\xef\xbb\xbf45678", &limits).as_deref(),
        Ok("45678")
    );
    assert_eq!(decode(b"", &limits).as_deref(), Ok(""));
    assert_eq!(decode(b"\xff\xfe", &limits).as_deref(), Ok(""));
}
