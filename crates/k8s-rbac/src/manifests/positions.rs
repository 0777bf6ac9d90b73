//! Lines and columns of many offsets in one text.

use bounded_yaml::Position;

/// How many bytes are between two remembered positions. Our choice: looking one up reads that much,
/// remembering them all takes a sixteenth of the text.
const STEP: usize = 512;

/// Finds lines and columns without reading the whole text each time: there can be as many problems
/// as there are objects.
pub(super) struct Positions<'t> {
    text: &'t str,
    /// The position of every [`STEP`]th byte, or of the character it is in.
    remembered: Vec<(usize, Position)>,
}

impl<'t> Positions<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let mut remembered = vec![(0, Position::new(1, 1))];
        let (mut last, mut position) = (0_usize, Position::new(1, 1));
        for offset in (STEP..text.len()).step_by(STEP) {
            let offset = floor(text, offset);
            position = advance(position, text.get(last..offset).unwrap_or_default());
            remembered.push((offset, position));
            last = offset;
        }
        Self { text, remembered }
    }

    /// Returns the position of an offset; of one past the end, the end.
    pub(super) fn at(&self, offset: usize) -> Position {
        let offset = floor(self.text, offset);
        let after = self
            .remembered
            .partition_point(|(start, _)| *start <= offset);
        let before = after.checked_sub(1).and_then(|at| self.remembered.get(at));
        let (start, position) = before.copied().unwrap_or((0, Position::new(1, 1)));
        advance(position, self.text.get(start..offset).unwrap_or_default())
    }
}

/// Returns where the character of an offset begins; the end, past it.
fn floor(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset = offset.saturating_sub(1);
    }
    offset
}

/// Moves a position past a text.
fn advance(position: Position, text: &str) -> Position {
    let Some(last) = text.rfind('\n') else {
        let column = position.column().saturating_add(text.chars().count());
        return Position::new(position.line(), column);
    };
    let lines = text.bytes().filter(|byte| *byte == b'\n').count();
    let rest = text.get(last..).unwrap_or_default();
    // The newline itself is what counting from one adds.
    Position::new(position.line().saturating_add(lines), rest.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_those_of_reading_from_the_start() {
        let line = "äb: [1, 2]\n";
        let long = "x".repeat(3 * STEP);
        for text in [
            String::new(),
            line.repeat(200),
            format!("{line}{long}ß{long}\n{line}"),
        ] {
            let positions = Positions::new(&text);
            for offset in 0..=text.len().saturating_add(2) {
                assert_eq!(
                    positions.at(offset),
                    Position::of(&text, offset),
                    "{offset}"
                );
            }
        }
    }
}
