//! Lines and columns of many offsets in one text.

use crate::position::{BYTE_ORDER_MARK, Position, char_start};

/// Bytes between two remembered positions. Our choice: a lookup reads at most this much text, and
/// the table takes a sixteenth of the text's size.
const STEP: usize = 512;

/// Converts byte offsets in a text to lines and columns.
///
/// Building the index reads the text once; after that each lookup takes constant time (and a binary
/// search), however long the lines are. Use it where one text can have many problems, and
/// [`Position::of`] for a single offset.
///
/// ```
/// use bounded_yaml::{LineIndex, Position};
///
/// let index = LineIndex::new("a: ü\nb: x\n");
/// assert_eq!(index.position(3), Position::new(1, 4));
/// assert_eq!(index.position(9), Position::new(2, 4));
/// ```
#[derive(Clone, Debug)]
pub struct LineIndex<'t> {
    text: &'t str,
    /// The position of every [`STEP`]th byte, or of the character that contains this byte.
    remembered: Vec<(usize, Position)>,
}

impl<'t> LineIndex<'t> {
    /// Builds the index of a text.
    #[must_use]
    pub fn new(text: &'t str) -> Self {
        let mark = if text.starts_with(BYTE_ORDER_MARK) {
            BYTE_ORDER_MARK.len_utf8()
        } else {
            0
        };
        let mut remembered = vec![(mark, Position::START)];
        let (mut last, mut position) = (mark, Position::START);
        for offset in (STEP..text.len()).step_by(STEP) {
            let offset = char_start(text, offset);
            position = position.after(text.get(last..offset).unwrap_or_default());
            remembered.push((offset, position));
            last = offset;
        }
        Self { text, remembered }
    }

    /// Returns the line and column of a byte offset.
    ///
    /// A byte order mark at the start has no column. An offset past the end is taken as the end, and
    /// an offset inside a character as the start of that character.
    #[must_use]
    pub fn position(&self, offset: usize) -> Position {
        let offset = char_start(self.text, offset);
        let after = self
            .remembered
            .partition_point(|(start, _)| *start <= offset);
        let before = after.checked_sub(1).and_then(|at| self.remembered.get(at));
        let (start, position) = before.copied().unwrap_or((0, Position::START));
        position.after(self.text.get(start..offset).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lookup_finds_the_position_that_reading_from_the_start_finds() {
        let line = "äb: [1, 2]\n";
        let long = "x".repeat(STEP.saturating_mul(3));
        for text in [
            String::new(),
            line.repeat(200),
            format!("{line}{long}ß{long}\n{line}"),
            format!("\u{feff}{line}{long}\n{line}"),
        ] {
            let index = LineIndex::new(&text);
            for offset in 0..=text.len().saturating_add(2) {
                assert_eq!(
                    index.position(offset),
                    Position::of(&text, offset),
                    "{offset}"
                );
            }
        }
    }
}
