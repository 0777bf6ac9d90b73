//! Finds the places at which a long text can be cut into pieces that are YAML themselves.
//!
//! `yaml_serde` keeps the events of a whole document, which take many times the size of its text. A dump of
//! `kubectl` is one document: a list with all objects of a cluster. It is cut in front of an item, and the key
//! of the list is put in front of the piece.
//!
//! A cut is a guess: it may be inside a quoted text. So [`split_reader`](super::split_reader) checks each piece
//! once it is parsed, and reads the text as a whole if a cut was wrong.

use super::text::{has_unusual_break, is_blank, is_document_marker};

/// A part of a text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Piece<'a> {
    /// The offset of the piece in the text.
    pub(super) start: usize,
    pub(super) text: &'a str,
    /// The list of the previous piece, if its next items are at the start of this piece.
    pub(super) continued: Option<ListKey<'a>>,
}

/// A key at the first column of the text. Its line contains nothing else.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct ListKey<'a> {
    pub(super) name: &'a str,
    /// The offset of the key in the text.
    pub(super) offset: usize,
}

/// Cuts a text into pieces of at least `size` bytes each, except the last. A text without a place for a cut is one
/// piece. A text with a directive is one piece, too, because a directive belongs to the document after it. So is a
/// text with an unusual line break, because a document may begin unnoticed after it.
pub(super) fn cut(text: &str, size: usize) -> Vec<Piece<'_>> {
    let mut cutter = Cutter::default();
    let mut pieces = Vec::new();
    let (mut start, mut continued) = (0_usize, None);
    let size = match has_unusual_break(text) {
        true => usize::MAX,
        false => size.max(1),
    };
    let mut offset = 0_usize;
    for line in text.split_inclusive('\n') {
        if line.starts_with('%') {
            pieces.clear();
            (start, continued) = (0, None);
            break;
        }
        let place = cutter.read(line, offset);
        if let Some(list) = place
            && offset.saturating_sub(start) >= size
        {
            let text = text.get(start..offset).unwrap_or_default();
            pieces.push(Piece {
                start,
                text,
                continued,
            });
            (start, continued) = (offset, list);
        }
        offset = offset.saturating_add(line.len());
    }
    pieces.push(Piece {
        start,
        text: text.get(start..).unwrap_or_default(),
        continued,
    });
    pieces
}

/// Follows the lines of a text.
#[derive(Default)]
struct Cutter<'a> {
    /// The key on the line before, if it is alone there.
    key: Option<ListKey<'a>>,
    /// The list that the line is in, and the column of its items.
    list: Option<(ListKey<'a>, usize)>,
}

impl<'a> Cutter<'a> {
    /// Reads a line. Returns whether the text can be cut in front of it, and the list that the cut is in.
    fn read(&mut self, line: &'a str, offset: usize) -> Option<Option<ListKey<'a>>> {
        if is_document_marker(line.as_bytes()) {
            *self = Self::default();
            return line.starts_with('-').then_some(None);
        }
        let content = line.trim_start_matches(' ');
        let column = line.len().saturating_sub(content.len());
        let is_item = is_item(content);
        if let Some(key) = self.key.take() {
            self.list = is_item.then_some((key, column));
            // In front of the first item, there is no list to continue.
            if is_item {
                return None;
            }
        }
        if let Some((key, column_of_items)) = self.list
            && is_item
            && column == column_of_items
        {
            return Some(Some(key));
        }
        if column == 0 && !content.starts_with(['#', '\n', '\r']) {
            self.list = None;
            self.key = key(line, offset);
        }
        None
    }
}

/// Returns whether a line without its indentation is an item of a list.
fn is_item(content: &str) -> bool {
    let rest = content.strip_prefix('-');
    rest.is_some_and(|rest| rest.as_bytes().first().is_none_or(|byte| is_blank(*byte)))
}

/// Returns the key that a line consists of.
fn key(line: &str, offset: usize) -> Option<ListKey<'_>> {
    let name = line.trim_end_matches([' ', '\r', '\n']).strip_suffix(':')?;
    let is_plain = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_plain.then_some(ListKey { name, offset })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<(&str, Option<&str>)> {
        let pieces = cut(text, 1);
        let joined: String = pieces.iter().map(|piece| piece.text).collect();
        assert_eq!(joined, text);
        pieces
            .iter()
            .map(|piece| (piece.text, piece.continued.map(|key| key.name)))
            .collect()
    }

    #[test]
    fn a_text_is_cut_in_front_of_documents_and_items() {
        assert_eq!(texts("a: 1\n"), [("a: 1\n", None)]);
        assert_eq!(
            texts("a\n---\nb\n...\n---\n"),
            [("a\n", None), ("---\nb\n...\n", None), ("---\n", None)]
        );
        assert_eq!(
            texts("k: v\nitems:\n- a:\n  - x\n  - y\n- b\n\n- c\nkind: List\n- d\n"),
            [
                ("k: v\nitems:\n- a:\n  - x\n  - y\n", None),
                ("- b\n\n", Some("items")),
                ("- c\nkind: List\n- d\n", Some("items")),
            ]
        );
        assert_eq!(
            texts("items:\n  - a\n# x\n  - b\nmore:\n-\n-\n"),
            [
                ("items:\n  - a\n# x\n", None),
                ("  - b\nmore:\n-\n", Some("items")),
                ("-\n", Some("more")),
            ]
        );
    }

    #[test]
    fn the_key_of_a_list_is_a_word() {
        let list = |key: &str| format!("{key}:\n- a\n- b\n");
        assert_eq!(texts(&list("my_items2")).len(), 2);
        for key in ["my-items", "'items'", "2items", "my items"] {
            assert_eq!(texts(&list(key)).len(), 1, "{key}");
        }
    }

    #[test]
    fn a_text_with_a_directive_is_one_piece() {
        let text = "a\n---\nb\n...\n%YAML 1.1\n---\nc\n";
        assert_eq!(texts(text), [(text, None)]);
    }

    #[test]
    fn a_text_with_an_unusual_line_break_is_one_piece() {
        for line_break in ["\r", "\u{85}", "\u{2028}", "\u{2029}"] {
            let text = format!("items:\n- a{line_break}---\n- b\n");
            assert_eq!(texts(&text), [(text.as_str(), None)]);
        }
        assert_eq!(texts("items:\r\n- a\r\n- b\r\n").len(), 2);
    }

    #[test]
    fn a_piece_has_at_least_the_size() {
        let text = "items:\n".to_owned() + &"- a\n".repeat(100);
        let sizes: Vec<usize> = cut(&text, 50)
            .iter()
            .map(|piece| piece.text.len())
            .collect();
        assert_eq!(sizes, [51, 52, 52, 52, 52, 52, 52, 44]);
    }
}
