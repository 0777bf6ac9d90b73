//! How `libyaml` classifies the bytes of a text.

/// Whether a byte ends a line. There are more line breaks outside ASCII, see [`is_line_break`].
pub(super) const fn is_break(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

/// Whether `libyaml` ends a line at a character.
pub(crate) const fn is_line_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Whether a text has a line break other than `\n` and `\r\n`. Few texts do.
pub(super) fn has_unusual_break(text: &str) -> bool {
    let mut returns = text.match_indices('\r');
    let after = |at: usize| text.as_bytes().get(at.saturating_add(1));
    returns.any(|(at, _)| after(at) != Some(&b'\n'))
        || ['\u{85}', '\u{2028}', '\u{2029}']
            .iter()
            .any(|c| text.contains(*c))
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

#[cfg(test)]
mod tests {
    use super::has_unusual_break;

    #[test]
    fn a_line_break_is_unusual_unless_it_is_a_newline() {
        for text in ["", "a", "a\n", "a\r\n\r\nb", "ä\n\u{2027}\u{2030}\u{5}"] {
            assert!(!has_unusual_break(text), "{text:?}");
        }
        for text in [
            "\r",
            "a\r\n\rb\n",
            "a\n\r",
            "a\u{85}",
            "a\u{2028}b",
            "\u{2029}\n",
        ] {
            assert!(has_unusual_break(text), "{text:?}");
        }
    }
}
