//! From the bytes of a file to its text.

use std::borrow::Cow;

use thiserror::Error as ThisError;

use crate::limits::Limits;
use crate::position::{BYTE_ORDER_MARK, Position};

/// The first two bytes of a gzip member (RFC 1952, section 2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The first four bytes of a ZIP archive with at least one file (APPNOTE.TXT, section 4.3.7).
const ZIP: [u8; 4] = *b"PK\x03\x04";

/// Decodes the bytes of a file. The encoding is UTF-8, unless a byte order mark names UTF-16 in
/// either byte order. Windows PowerShell's `>` writes UTF-16 with such a mark.
///
/// The mark is not part of the text, so offsets and columns count from the first character after it.
/// Only UTF-16 is copied. Both the bytes and the text must fit the limit on the input's size; no other
/// limit applies.
///
/// # Errors
///
/// In this order: [`TextError::TooLong`]; [`TextError::Compressed`]; [`TextError::Utf32`];
/// [`TextError::Utf16Unmarked`]; [`TextError::Utf8`], or [`TextError::Utf16`] and
/// [`TextError::Utf16Truncated`]; [`TextError::Nul`]; [`TextError::TooLong`] for the decoded text.
pub fn decode<'b>(bytes: &'b [u8], limits: &Limits) -> Result<Cow<'b, str>, TextError> {
    check_size(bytes.len(), limits)?;
    let text = match bytes {
        _ if bytes.starts_with(&GZIP) || bytes.starts_with(&ZIP) => {
            return Err(TextError::Compressed);
        }
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => return Err(TextError::Utf32),
        [0xff, 0xfe, rest @ ..] => Cow::Owned(utf16(rest, u16::from_le_bytes)?),
        [0xfe, 0xff, rest @ ..] => Cow::Owned(utf16(rest, u16::from_be_bytes)?),
        [0, 1..=0x7f, ..] | [1..=0x7f, 0, ..] => return Err(TextError::Utf16Unmarked),
        _ => Cow::Borrowed(utf8(bytes)?),
    };
    match text.find('\0') {
        Some(offset) => Err(TextError::Nul(Position::of(&text, offset))),
        None => check_size(text.len(), limits).map(|()| text),
    }
}

/// Why bytes are not text.
///
/// Quotes no part of the input: it carries a reason and a position.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, ThisError)]
#[non_exhaustive]
pub enum TextError {
    /// A gzip file or a ZIP archive.
    #[error("a compressed file; decompress it first")]
    Compressed,
    /// A NUL byte, or U+0000 in UTF-16. Text does not contain it; binary files do.
    #[error("a NUL byte at {0}; a text file does not contain one")]
    Nul(Position),
    /// The bytes or the decoded text exceed the limit.
    #[error("{size} bytes exceed the limit of {limit}")]
    TooLong {
        /// The size, in bytes.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// An unpaired surrogate after the byte order mark of UTF-16.
    #[error("not UTF-16 text, which the byte order mark announces: an unpaired surrogate at {0}")]
    Utf16(Position),
    /// An odd number of bytes after the byte order mark of UTF-16.
    #[error("not UTF-16 text, which the byte order mark announces: the last character is cut off")]
    Utf16Truncated,
    /// A NUL byte beside an ASCII character at the start: UTF-16 without a byte order mark.
    #[error(
        "NUL bytes between the characters, as in UTF-16 without a byte order mark; save it as UTF-8"
    )]
    Utf16Unmarked,
    /// The byte order mark of UTF-32.
    #[error("UTF-32 text; save it as UTF-8")]
    Utf32,
    /// A byte that is not part of a UTF-8 character.
    #[error("not UTF-8 text: byte 0x{byte:02x} at {at}; save it as UTF-8")]
    Utf8 {
        /// The byte.
        byte: u8,
        /// The position of the byte.
        at: Position,
    },
}

impl TextError {
    /// Returns the position of the problem, if it has one.
    #[must_use]
    pub const fn position(&self) -> Option<Position> {
        match *self {
            Self::Nul(at) | Self::Utf16(at) | Self::Utf8 { at, .. } => Some(at),
            Self::Compressed
            | Self::TooLong { .. }
            | Self::Utf16Truncated
            | Self::Utf16Unmarked
            | Self::Utf32 => None,
        }
    }
}

const fn check_size(size: usize, limits: &Limits) -> Result<(), TextError> {
    let limit = limits.max_bytes();
    if size > limit {
        return Err(TextError::TooLong { size, limit });
    }
    Ok(())
}

fn utf8(bytes: &[u8]) -> Result<&str, TextError> {
    let text = std::str::from_utf8(bytes).map_err(|why| {
        let (text, rest) = bytes
            .split_at_checked(why.valid_up_to())
            .unwrap_or((bytes, &[]));
        let text = std::str::from_utf8(text).unwrap_or_default();
        TextError::Utf8 {
            byte: rest.first().copied().unwrap_or_default(),
            at: Position::of(text, text.len()),
        }
    })?;
    Ok(text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text))
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, TextError> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let mut text = String::with_capacity(pairs.len());
    for c in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        match c {
            Ok(c) => text.push(c),
            Err(_) => return Err(TextError::Utf16(Position::of(&text, text.len()))),
        }
    }
    if rest.is_empty() {
        Ok(text)
    } else {
        Err(TextError::Utf16Truncated)
    }
}
