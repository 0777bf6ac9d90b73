//! Which lines are the text of a block scalar, where `&` and `*` have no meaning.

use super::text::has_unusual_break;

/// Follows the lines of a text and recognizes lines of block scalars if there is no doubt: they are
/// under a key that is followed by `|` or `>` alone, and no earlier quote or bracket can still be
/// open. In doubt, a line does not count as block text.
#[derive(Debug, Default)]
pub(super) struct BlockLines {
    /// The column of the key that the current block scalar belongs to.
    key_column: Option<usize>,
    /// Whether a quote or a bracket may be open.
    is_doubtful: bool,
}

impl BlockLines {
    /// Reads the next line and returns whether it is the text of a block scalar.
    pub(super) fn is_block_text(&mut self, line: &str) -> bool {
        if has_unusual_break(line) {
            // These are two lines, and the second line is not examined.
            *self = Self {
                key_column: None,
                is_doubtful: true,
            };
            return false;
        }
        let line = line.trim_end_matches(['\n', '\r']);
        let indentation = line
            .len()
            .saturating_sub(line.trim_start_matches(' ').len());
        if let Some(column) = self.key_column {
            if line.trim().is_empty() || indentation > column {
                return true;
            }
            self.key_column = None;
        }
        self.is_doubtful |= may_stay_open(line);
        if !self.is_doubtful {
            self.key_column = key_of_block(line);
        }
        false
    }
}

/// Whether a quote or a bracket of a line may still be open at its end. An escape may hide a quote.
fn may_stay_open(line: &str) -> bool {
    let count = |character: char| line.matches(character).count();
    line.contains('\\')
        || count('"') % 2 == 1
        || count('\'') % 2 == 1
        || count('[') != count(']')
        || count('{') != count('}')
}

/// Returns the column of the key, if the line ends with the header of a block scalar.
fn key_of_block(line: &str) -> Option<usize> {
    let header = line
        .trim_end()
        .trim_end_matches(|c: char| c.is_ascii_digit() || c == '-' || c == '+');
    let before = header
        .strip_suffix(['|', '>'])?
        .trim_end()
        .strip_suffix(':')?;
    let key = before.trim_start_matches(['-', ' ']);
    let is_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '/');
    let is_plain = !key.is_empty() && key.chars().all(is_key);
    is_plain.then(|| before.len().saturating_sub(key.len()))
}

#[cfg(test)]
mod tests {
    use super::BlockLines;

    /// Returns for each line whether it is block text.
    fn texts(text: &str) -> Vec<bool> {
        let mut blocks = BlockLines::default();
        text.lines()
            .map(|line| blocks.is_block_text(line))
            .collect()
    }

    #[test]
    fn lines_indented_more_than_the_key_are_block_text() {
        assert_eq!(
            texts(
                "data:\n  mapRoles: |\n    - &a x\n\n      *a\n  mapUsers: >-2\n      &a\n  x: &a y\n"
            ),
            [false, false, true, true, true, false, true, false]
        );
        assert_eq!(texts("a: |\r\n  b\r\n"), [false, true]);
        assert_eq!(texts("- - a: |\n    b\n"), [false, false]);
        assert_eq!(texts("- - a: |\n     b\n"), [false, true]);
    }

    #[test]
    fn from_an_unusual_line_break_on_no_line_is_block_text() {
        for line_break in ["\r", "\u{85}", "\u{2028}", "\u{2029}"] {
            let text = format!("a: |\n  b\n  c{line_break}&x d: e\nf: |\n  g\n");
            assert_eq!(texts(&text), [false, true, false, false, false]);
        }
    }

    #[test]
    fn after_a_quote_or_bracket_that_may_be_open_no_line_is_block_text() {
        for open in ["a: \"x", "a: 'x", "a: [x", "a: {x", "a: \"x\\\"\""] {
            assert_eq!(texts(&format!("{open}\nb: |\n  c\n")), [false; 3], "{open}");
        }
        assert_eq!(texts("a: x |\n  c\n"), [false, false]);
        assert_eq!(texts("a b: |\n  c\n"), [false, false]);
    }
}
