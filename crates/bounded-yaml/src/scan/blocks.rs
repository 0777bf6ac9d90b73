//! Which lines are the text of a block scalar, whose `&` and `*` are letters.

/// Follows the lines of a text, and knows those of block scalars where that is beyond doubt: under a
/// key with nothing but `|` or `>` behind it, as long as no quote and no bracket before may be open.
/// Elsewhere it takes no line for text.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    /// The column of the key whose block this is.
    key_column: Option<usize>,
    /// Whether a quote or a bracket may be open.
    is_doubtful: bool,
}

impl Blocks {
    /// Takes the next line, and tells whether it is a block's text.
    pub(super) fn take(&mut self, line: &str) -> bool {
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

/// Whether a quote or a bracket of a line may not be closed in it. An escape may hide a quote.
fn may_stay_open(line: &str) -> bool {
    let is_odd = |quote: u8| line.bytes().filter(|b| *b == quote).count() % 2 == 1;
    let count = |one: u8| line.bytes().filter(|b| *b == one).count();
    line.contains('\\')
        || is_odd(b'"')
        || is_odd(b'\'')
        || count(b'[') != count(b']')
        || count(b'{') != count(b'}')
}

/// Returns the column of a key that a block scalar follows.
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
    use super::Blocks;

    /// Which lines are text.
    fn texts(text: &str) -> Vec<bool> {
        let mut blocks = Blocks::default();
        text.lines().map(|line| blocks.take(line)).collect()
    }

    #[test]
    fn what_is_deeper_than_the_key_is_text() {
        assert_eq!(
            texts(
                "data:\n  mapRoles: |\n    - &a x\n\n      *a\n  mapUsers: >-2\n      &a\n  x: &a y\n"
            ),
            [false, false, true, true, true, false, true, false]
        );
        assert_eq!(texts("- - a: |\n    b\n"), [false, false]);
        assert_eq!(texts("- - a: |\n     b\n"), [false, true]);
    }

    #[test]
    fn behind_what_may_be_open_nothing_is() {
        for open in ["a: \"x", "a: 'x", "a: [x", "a: {x", "a: \"x\\\"\""] {
            assert_eq!(texts(&format!("{open}\nb: |\n  c\n")), [false; 3], "{open}");
        }
        assert_eq!(texts("a: x |\n  c\n"), [false, false]);
        assert_eq!(texts("a b: |\n  c\n"), [false, false]);
    }
}
