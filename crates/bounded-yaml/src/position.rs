//! Lines and columns.

use std::fmt;

/// The character that precedes a text in some files. It is not part of the text.
pub(crate) const BYTE_ORDER_MARK: char = '\u{feff}';

/// A position in a text, counted as editors do: lines and columns start at one, and columns count
/// characters.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Position {
    line: usize,
    column: usize,
}

impl Position {
    /// The first character of a text.
    pub(crate) const START: Self = Self::new(1, 1);

    /// Builds a position from a line and a column, both counted from one.
    #[must_use]
    pub const fn new(line: usize, column: usize) -> Self {
        Self { line, column }
    }

    /// Finds the line and column of a byte offset, such as one that
    /// [`Scalar::offset`](crate::Scalar::offset) returned. This reads the text up to the offset; use
    /// a [`LineIndex`](crate::LineIndex) to look up many offsets in one text.
    ///
    /// A byte order mark at the start has no column. An offset past the end is taken as the end, and
    /// an offset inside a character as the start of that character.
    #[must_use]
    pub fn of(text: &str, offset: usize) -> Self {
        let offset = char_start(text, offset);
        let before = text.get(..offset).unwrap_or(text);
        Self::START.after(before.strip_prefix(BYTE_ORDER_MARK).unwrap_or(before))
    }

    /// Returns the position that is reached after reading `text` from this position.
    pub(crate) fn after(self, text: &str) -> Self {
        let last_newline = text.rfind('\n');
        let Some(last_newline) = last_newline else {
            let column = self.column.saturating_add(text.chars().count());
            return Self::new(self.line, column);
        };
        let newlines = count_newlines(text.as_bytes());
        // Includes the newline itself, so it counts from one.
        let column = text
            .get(last_newline..)
            .map_or(1, |tail| tail.chars().count());
        Self::new(self.line.saturating_add(newlines), column)
    }

    /// Returns the line, counted from one.
    #[must_use]
    pub const fn line(self) -> usize {
        self.line
    }

    /// Returns the column, counted from one.
    #[must_use]
    pub const fn column(self) -> usize {
        self.column
    }
}

/// Counts line breaks. The number of line breaks of a chunk fits into a byte, so that many bytes
/// are compared at once.
fn count_newlines(bytes: &[u8]) -> usize {
    let of_chunk = |chunk: &[u8]| {
        chunk
            .iter()
            .fold(0_u8, |sum, byte| sum.wrapping_add(u8::from(*byte == b'\n')))
    };
    bytes
        .chunks(usize::from(u8::MAX))
        .map(|chunk| usize::from(of_chunk(chunk)))
        .fold(0, usize::saturating_add)
}

/// Returns the start of the character at an offset; past the end, the end.
pub(crate) fn char_start(text: &str, offset: usize) -> usize {
    // `str::floor_char_boundary` needs Rust 1.91.
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset = offset.saturating_sub(1);
    }
    offset
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::Position;

    #[test]
    fn lines_and_columns_count_from_one_and_columns_count_characters() {
        let text = "a: ü\nbc: é x";
        assert_eq!(Position::of(text, 0), Position::new(1, 1));
        assert_eq!(Position::of(text, 3), Position::new(1, 4));
        assert_eq!(Position::of(text, 6), Position::new(2, 1));
        assert_eq!(Position::of(text, 13), Position::new(2, 7));
    }

    #[test]
    fn a_byte_order_mark_has_no_column() {
        let text = "\u{feff}a: b\nc: \u{feff}d";
        assert_eq!(Position::of(text, 0), Position::new(1, 1));
        assert_eq!(Position::of(text, 3), Position::new(1, 1));
        assert_eq!(Position::of(text, 6), Position::new(1, 4));
        assert_eq!(Position::of(text, 14), Position::new(2, 5));
    }

    #[test]
    fn an_offset_inside_a_character_or_past_the_end_has_a_position() {
        assert_eq!(Position::of("ü", 1), Position::new(1, 1));
        assert_eq!(Position::of("ü", 99), Position::new(1, 2));
        assert_eq!(Position::of("", 0), Position::new(1, 1));
    }
}
