//! Lines and columns.

use std::fmt;

/// A place in a text, counted as editors do: both from one, columns in characters.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Position {
    line: usize,
    column: usize,
}

impl Position {
    /// Makes a position of a line and a column, both counted from one.
    #[must_use]
    pub const fn new(line: usize, column: usize) -> Self {
        Self { line, column }
    }

    /// Finds the line and column of a byte offset, such as [`Scalar::offset`](crate::Scalar::offset)
    /// gives. It reads the text up to there, so ask it only when there is something to report.
    ///
    /// An offset past the end is the end; one inside a character is that character.
    #[must_use]
    pub fn of(text: &str, offset: usize) -> Self {
        let mut offset = offset.min(text.len());
        while !text.is_char_boundary(offset) {
            offset = offset.saturating_sub(1);
        }
        let before = text.get(..offset).unwrap_or(text);
        let line = before
            .bytes()
            .filter(|b| *b == b'\n')
            .count()
            .saturating_add(1);
        let start = before.rfind('\n').map_or(0, |at| at.saturating_add(1));
        let column = before
            .get(start..)
            .map_or(0, |tail| tail.chars().count())
            .saturating_add(1);
        Self { line, column }
    }

    /// Returns the line, from one.
    #[must_use]
    pub const fn line(self) -> usize {
        self.line
    }

    /// Returns the column, from one.
    #[must_use]
    pub const fn column(self) -> usize {
        self.column
    }
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
    fn an_offset_inside_a_character_or_past_the_end_still_has_a_place() {
        assert_eq!(Position::of("ü", 1), Position::new(1, 1));
        assert_eq!(Position::of("ü", 99), Position::new(1, 2));
        assert_eq!(Position::of("", 0), Position::new(1, 1));
    }
}
