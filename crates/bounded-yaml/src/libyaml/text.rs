//! How `libyaml` classifies the bytes of a text.

/// Whether a byte ends a line. `libyaml` has line breaks outside ASCII too: U+0085, U+2028, U+2029.
pub(super) const fn is_break(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

/// Whether a byte is a space, a tab or an ASCII line break.
pub(super) const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// Whether a line is a document marker: `---` or `...`, followed by a blank or the end.
pub(super) fn is_document_marker(line: &[u8]) -> bool {
    (line.starts_with(b"---") || line.starts_with(b"..."))
        && line.get(3).is_none_or(|b| is_blank(*b))
}
