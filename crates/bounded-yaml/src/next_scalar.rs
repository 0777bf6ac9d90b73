//! The source text of a number or boolean, found from the scalar before it.
//!
//! A parser reports that `1.10` is a number and forgets its spelling and its place. The scalar that follows
//! another in the document also follows it in the text, with nothing but punctuation, blanks and comments
//! between the two, unless it has a tag or an anchor. So its spelling is found without reading the document a
//! second time. For scalars with a tag or an anchor, see [`source_text`](crate::source_text).

use crate::deserialize::{is_same_float, is_same_int};
use crate::libyaml::is_line_break;
use crate::node::Kind;

/// Returns the end of a scalar in the input, its closing quote included.
pub(crate) fn end(input: &str, start: usize, length: usize) -> usize {
    let bytes = input.as_bytes();
    let end = start.saturating_add(length);
    let before = start.checked_sub(1).and_then(|at| bytes.get(at));
    // No plain scalar follows a quote directly.
    match (before, bytes.get(end)) {
        (Some(b'"'), Some(b'"')) | (Some(b'\''), Some(b'\'')) => end.saturating_add(1),
        _ => end,
    }
}

/// Finds the number or boolean that follows the scalar which ends at `last`, given the text that its value
/// prints as. `None` if another thing follows, such as a tag.
pub(crate) fn after<'i>(
    input: &'i str,
    last: usize,
    printed: &str,
    kind: Kind,
) -> Option<(usize, &'i str)> {
    let mut start = last;
    loop {
        start = skip_punctuation(input, start)?;
        let word = word_at(input, start)?;
        // A null has no text in the tree.
        if !matches!(word, "null" | "Null" | "NULL" | "~") {
            return is_same(word, printed, kind).then_some((start, word));
        }
        start = start.saturating_add(word.len());
    }
}

/// Skips blanks, comments and the punctuation between scalars. Returns the offset of the first other byte.
fn skip_punctuation(input: &str, from: usize) -> Option<usize> {
    let bytes = input.as_bytes();
    let mut at = from;
    loop {
        let byte = *bytes.get(at)?;
        let next = bytes.get(at.saturating_add(1));
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' | b':' | b',' | b'[' | b']' | b'{' | b'}' => {}
            b'-' | b'?' if next.is_none_or(u8::is_ascii_whitespace) => {}
            b'#' if is_blank_before(bytes, at) => {
                at = at.saturating_add(input.get(at..)?.find(is_line_break)?);
                continue;
            }
            _ => return Some(at),
        }
        at = at.saturating_add(1);
    }
}

fn is_blank_before(bytes: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| bytes.get(before));
    before.is_some_and(u8::is_ascii_whitespace)
}

/// Returns the word at an offset: the characters of numbers, booleans and nulls.
fn word_at(input: &str, start: usize) -> Option<&str> {
    let rest = input.get(start..)?;
    let is_of_word =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | '_' | '~');
    let end = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
    rest.get(..end).filter(|word| !word.is_empty())
}

fn is_same(word: &str, printed: &str, kind: Kind) -> bool {
    match kind {
        Kind::Bool => word.eq_ignore_ascii_case(printed),
        Kind::Int => word == printed || is_same_int(word, printed),
        Kind::Float => word == printed || is_same_float(word, printed),
        Kind::String => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn found<'i>(input: &'i str, last: &str, printed: &str, kind: Kind) -> Option<&'i str> {
        let start = input.find(last).expect("the last scalar");
        let last = end(input, start, last.len());
        after(input, last, printed, kind).map(|(_, word)| word)
    }

    #[test]
    fn a_number_follows_its_key_or_the_item_before() {
        let int = |input, last, printed| found(input, last, printed, Kind::Int);
        assert_eq!(int("port: 80\n", "port", "80"), Some("80"));
        assert_eq!(int("'port': 0x50", "port", "80"), Some("0x50"));
        assert_eq!(int("{\"port\":+80}", "port", "80"), Some("+80"));
        assert_eq!(int("- a # -1\n- -1\n", "a", "-1"), Some("-1"));
        assert_eq!(int("a: [ ~, null, 5]", "a", "5"), Some("5"));
        assert_eq!(int("a:\n# 4\n  - 5\n", "a", "5"), Some("5"));
        assert_eq!(int("- a # x\r- 0x5\n- 5", "a", "5"), Some("0x5"));
    }

    #[test]
    fn a_float_or_boolean_is_found_in_any_spelling() {
        let float = |input, printed| found(input, "a", printed, Kind::Float);
        assert_eq!(float("a: 1.10", "1.1"), Some("1.10"));
        assert_eq!(float("a: -.INF", "-inf"), Some("-.INF"));
        assert_eq!(float("a: 1.10", "1.2"), None);
        assert_eq!(found("a: TRUE", "a", "true", Kind::Bool), Some("TRUE"));
    }

    #[test]
    fn a_tag_or_an_anchor_is_not_read_over() {
        let inputs = [
            "a: !!int 5",
            "a: &x 5",
            "a: *x",
            "a: '5'",
            "a: 6",
            "a:#5",
            "a:#5\n5",
            "a: # 5",
            "a: # x\u{2028}  0x5\n5",
            "a:",
        ];
        for input in inputs {
            assert_eq!(found(input, "a", "5", Kind::Int), None, "{input}");
        }
    }
}
