//! Finds, in linear time, constructs that `libyaml` reads in quadratic time.
//!
//! Two lists grow with the input and are walked again and again:
//!
//! - **Directives**: each `%TAG` is compared with the earlier `%TAG`s of its document, and each tag
//!   with all of them (`yaml_parser_append_tag_directive`). Application-specific tags have no meaning
//!   here, so no directive except `%YAML` is needed.
//! - **Whitespace**: the buffers that hold the blanks and line breaks inside a scalar are cleared over
//!   their whole capacity after each word or line (`CLEAR`). They have the size of the longest run so
//!   far, so a single long run makes every later word of the scalar expensive.

use super::text::{is_document_marker, is_line_break};
use crate::error::Error;
use crate::position::Position;

/// The limit on bytes that `libyaml` clears in its whitespace buffers, as a multiple of the input's
/// size. Our choice: in a text with a word every six bytes it allows runs of three thousand blanks,
/// and clearing that much takes less time than parsing.
const MAX_CLEARED: usize = 512;

/// Refuses a text with a construct that takes quadratic time.
///
/// # Errors
///
/// [`Error::Directive`], [`Error::TooMuchWhitespace`], in the order of the text.
pub(super) fn check(text: &str) -> Result<(), Error> {
    let budget = text.len().saturating_mul(MAX_CLEARED);
    let mut cleared = Cleared::default();
    let mut has_version = false;
    let mut is_line_start = true;
    let mut offset = 0_usize;
    while let Some(c) = char_at(text, offset) {
        if is_line_start && c == '%' {
            // It may also be a line of a quoted scalar, but only a whole scanner can find that out.
            if has_version || !is_version(text.get(offset..).unwrap_or_default()) {
                return Err(Error::Directive(Position::of(text, offset)));
            }
            has_version = true;
        }
        if is_line_start
            && matches!(c, '-' | '.')
            && is_document_marker(text.as_bytes().get(offset..).unwrap_or_default())
        {
            // The marker ends every scalar, and `libyaml` forgets the directives of the document.
            has_version = false;
            cleared.longest = 0;
        }
        cleared.read(c);
        if cleared.total > budget {
            return Err(Error::TooMuchWhitespace(Position::of(text, offset)));
        }
        // A byte order mark can precede a directive.
        is_line_start = is_line_break(c) || (is_line_start && c == '\u{feff}');
        offset = offset.saturating_add(c.len_utf8());
        if c == ' ' {
            // An indentation is a large part of most texts.
            let more = length(text.as_bytes(), offset, |byte| byte == b' ');
            cleared.run = cleared.run.saturating_add(more);
            offset = offset.saturating_add(more);
        } else if !is_line_start && cleared.run == 0 {
            // The rest of a word changes nothing.
            let more = length(text.as_bytes(), offset, |byte| byte.is_ascii_graphic());
            offset = offset.saturating_add(more);
        }
    }
    Ok(())
}

/// Returns the character at an offset, which begins there. `None` at the end of the text.
fn char_at(text: &str, offset: usize) -> Option<char> {
    match text.as_bytes().get(offset) {
        Some(byte) if byte.is_ascii() => Some(char::from(*byte)),
        _ => text.get(offset..)?.chars().next(),
    }
}

/// Returns the number of bytes of a kind from an offset on.
fn length(bytes: &[u8], offset: usize, is_of_kind: impl Fn(u8) -> bool) -> usize {
    let rest = bytes.get(offset..).unwrap_or_default();
    let end = rest.iter().position(|byte| !is_of_kind(*byte));
    end.unwrap_or(rest.len())
}

/// Whether a line is the directive `%YAML`.
fn is_version(line: &str) -> bool {
    line.strip_prefix("%YAML")
        .is_some_and(|rest| rest.starts_with([' ', '\t']))
}

/// Counts the bytes that `libyaml` clears, if every run of whitespace is inside a scalar.
#[derive(Clone, Copy, Debug, Default)]
struct Cleared {
    /// The length of the current run of whitespace.
    run: usize,
    /// The length of the longest run since the last document marker.
    longest: usize,
    total: usize,
}

impl Cleared {
    fn read(&mut self, c: char) {
        if is_line_break(c) || matches!(c, ' ' | '\t') {
            self.run = self.run.saturating_add(c.len_utf8());
        } else if self.run > 0 {
            self.longest = self.longest.max(self.run);
            self.total = self.total.saturating_add(self.longest);
            self.run = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Cleared, MAX_CLEARED, check};
    use crate::error::Error;

    fn total(text: &str) -> usize {
        let mut cleared = Cleared::default();
        text.chars().for_each(|c| cleared.read(c));
        cleared.total
    }

    #[test]
    fn each_run_of_whitespace_costs_as_much_as_the_longest_so_far() {
        assert_eq!(total("abc"), 0);
        assert_eq!(total("a b c"), 2);
        assert_eq!(total("a    b c d"), 12);
        assert_eq!(total("a\n\n\u{2028} b\tc"), 12);
        assert_eq!(total("a  bcd\u{e9} e"), 4);
        // A run at the end is not followed by a word.
        assert_eq!(total("a b   "), 1);
    }

    #[test]
    fn the_cost_of_a_long_run_grows_with_the_words_after_it() {
        let cost = |words: usize| total(&format!("a{}{}", " ".repeat(1000), "b ".repeat(words)));
        assert_eq!(cost(1), 1000);
        assert_eq!(cost(2), 2000);
        assert_eq!(cost(1000), 1_000_000);
    }

    /// 2,048 blanks and 1,024 words after them cost 512 times the length of the text.
    #[test]
    fn the_cost_is_limited_to_a_multiple_of_the_length() {
        let text = |words: usize| format!("a{}{}", " ".repeat(2_047), " b".repeat(words));
        let limit = text(1_024);
        assert_eq!(total(&limit), MAX_CLEARED * limit.len());
        assert_eq!(check(&limit), Ok(()));
        assert!(matches!(
            check(&text(1_025)),
            Err(Error::TooMuchWhitespace(_))
        ));
    }
}
