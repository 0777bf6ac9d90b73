//! The texts of scalars, the comparison of values, and errors at two places.

use std::num::NonZeroUsize;

use bounded_yaml::{Limits, Mapping, Node, Position, documents};

use crate::{error, one};

fn texts(node: &Node) -> Vec<&str> {
    let items = node.as_sequence().expect("a list");
    items.iter().filter_map(Node::as_text).collect()
}

/// After an alias, the next number does not stand after the anchor.
#[test]
fn a_number_after_an_alias_keeps_its_own_text() {
    let node = one("- &x k\n- 1.10\n- *x\n- 1.1\n- &y true\n- *x\n- TRUE\n");
    assert_eq!(texts(&node), ["k", "1.10", "k", "1.1", "true", "k", "TRUE"]);
}

#[test]
fn the_text_of_a_number_is_that_of_its_own_document() {
    let text = "- a\n---\n- b\n---\n- c\n- !!float 1.10\n---\n- !!float 2.20\n";
    let read: Vec<Node> = documents(text, &Limits::new()).flatten().collect();
    let read: Vec<Vec<&str>> = read.iter().map(texts).collect();
    assert_eq!(
        read,
        [vec!["a"], vec!["b"], vec!["c", "1.10"], vec!["2.20"]]
    );
}

/// Two readers try a text that begins like JSON. The reader that got further has the better error.
#[test]
fn the_error_is_that_of_the_reader_that_got_further() {
    for (text, line, column) in [
        ("{\"a\": \"\\ud83d\\ude00\",\n\"b\" 1}", 2, 5),
        ("{a: b,\n\"c\": @}", 2, 6),
    ] {
        let at = error(text).position().expect("a position");
        assert_eq!((at.line(), at.column()), (line, column), "{text}");
        assert_eq!(at, Position::new(line, column));
    }
}

#[test]
fn every_kind_of_value_has_a_noun() {
    let node = one("- ~\n- a\n- 1\n- 1.5\n- true\n- []\n- {}\n");
    let nouns: Vec<&str> = node
        .as_sequence()
        .expect("a list")
        .iter()
        .map(Node::describe)
        .collect();
    assert_eq!(
        nouns,
        [
            "nothing",
            "text",
            "a number",
            "a number",
            "a boolean",
            "a list",
            "a mapping"
        ]
    );
}

#[test]
fn values_are_compared_by_content() {
    let node = one("- {}\n- {a: 1}\n- a\n- b\n- 'a'\n- 1\n- '1'\n");
    let items = node.as_sequence().expect("a list");
    let lengths: Vec<_> = items
        .iter()
        .filter_map(Node::as_mapping)
        .map(Mapping::is_empty)
        .collect();
    assert_eq!(lengths, [true, false]);
    assert_eq!(items[2], items[4]);
    assert_ne!(items[2], items[3]);
    assert_ne!(items[5], items[6]);
}

#[test]
fn every_limit_is_kept() {
    let limits = Limits::new()
        .with_max_bytes(1)
        .with_max_depth(2)
        .with_piece_bytes(3)
        .with_threads(NonZeroUsize::MIN.saturating_add(3))
        .with_every_offset();
    assert_eq!(limits.max_bytes(), 1);
    assert_eq!(limits.max_depth(), 2);
    assert_eq!(limits.piece_bytes(), 3);
    assert_eq!(limits.threads().get(), 4);
    assert!(limits.is_every_offset_wanted());
}
