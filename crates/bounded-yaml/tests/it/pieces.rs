//! A long text is read in pieces. The documents are the same as for the whole text.

use std::num::NonZeroUsize;

use bounded_yaml::{Error, Kind, Limits, Node, Position, Syntax, documents};
use proptest::prelude::*;

/// Formats a node with all facts about each scalar.
#[derive(Debug, PartialEq)]
enum Shown {
    Null,
    Scalar(String, Kind, Option<usize>),
    Sequence(Vec<Self>),
    Mapping(Vec<(Self, Self)>),
}

/// Shows a node. If every offset is wanted, numbers and booleans have offsets too.
fn shown(node: &Node, limits: &Limits) -> Shown {
    let scalar = |one: &bounded_yaml::Scalar| {
        let is_known = one.kind() == Kind::String || limits.is_every_offset_wanted();
        let offset = one.offset().filter(|_| is_known);
        Shown::Scalar(one.text().to_owned(), one.kind(), offset)
    };
    match node {
        Node::Null => Shown::Null,
        Node::Scalar(one) => scalar(one),
        Node::Sequence(items) => {
            Shown::Sequence(items.iter().map(|item| shown(item, limits)).collect())
        }
        Node::Mapping(mapping) => {
            let entries = mapping.entries().iter();
            Shown::Mapping(
                entries
                    .map(|(key, value)| (scalar(key), shown(value, limits)))
                    .collect(),
            )
        }
    }
}

fn read(text: &str, limits: &Limits) -> Vec<Result<Shown, Error>> {
    documents(text, limits)
        .map(|document| document.map(|node| shown(&node, limits)))
        .collect()
}

/// Reads a text as a whole, and in pieces of several sizes on one thread and on three.
#[track_caller]
fn assert_same(text: &str, limits: Limits) -> Vec<Result<Shown, Error>> {
    let whole = read(text, &limits.with_piece_bytes(usize::MAX));
    for (bytes, threads) in [(0, 1), (1, 3), (7, 1), (20, 3), (60, 3)] {
        let threads = NonZeroUsize::new(threads).unwrap();
        let limits = limits.with_piece_bytes(bytes).with_threads(threads);
        assert_eq!(read(text, &limits), whole, "{bytes} {threads}: {text:?}");
    }
    whole
}

const LIST: &str = "\
apiVersion: v1
items:
- kind: Role
  metadata:
    annotations: {a: '- b'}
    generation: 3
  rules:
  - verbs:
    - '*'
  text: |
    items:
    - not an item
- kind: Role # again
  replicas: 0x10
  paused: True
- 5

# A comment.
- - nested
kind: List
metadata:
  resourceVersion: \"\"
";

#[test]
fn a_list_in_pieces_is_the_list() {
    let limits = Limits::new().with_every_offset();
    for text in [
        LIST.to_owned(),
        format!("\u{feff}{LIST}"),
        LIST.replace("\n  ", "\n    ").replace("\n- ", "\n  - "),
        LIST.replace('\n', "\r\n"),
        format!("{LIST}---\n{LIST}...\n---\n# nothing\n---\n{LIST}"),
        format!("{LIST}more:\n- 1\n- 2\n"),
    ] {
        let read = assert_same(&text, limits);
        assert!(read.iter().all(Result::is_ok), "{text}: {read:?}");
    }
}

#[test]
fn an_anchor_of_another_piece_is_found() {
    for text in [
        "items:\n- &a {k: v}\n- *a\n- *a\n",
        "items:\n- &a {k: v}\n- b\n- <<: *a\n  c: d\n",
        "base: &a {k: v}\nitems:\n- b\n- c\n<<: *a\n",
        "items:\n- b\n- c\n<<: {items: x, more: y}\n",
        "more: z\nitems:\n- b\n- c\n<<: {more: y}\n",
    ] {
        let read = assert_same(text, Limits::new());
        assert!(read.iter().all(Result::is_ok), "{text}: {read:?}");
    }
}

#[test]
fn a_line_that_only_looks_like_an_item_is_not_one() {
    for text in [
        "a: \"x\nitems:\n- q\n\"\nitems:\n- b\n- c\n",
        "items:\n- \"x\n- y\"\n- z\n",
        "items:\n- [x,\n- y]\n- z\n",
        "items:\n  - a\n- b\n- c\n",
        "a: 1\n items:\n- b\n- c\n",
        "items:\n- a\rkind: List\n- b\n",
        "items:\n- a\ritems:\r  - c\n- b\n",
        "items:\n- a\rmore:\r  - c\n- b\n",
        "? items:\n- a\n- b\n",
        "{items:\n- a\n- b}\n",
        "- items:\n- a\n- b\n",
        "true:\n- a\n- b\n",
    ] {
        assert_same(text, Limits::new());
    }
}

#[test]
fn an_error_has_its_own_position() {
    let text = format!("{LIST}---\na: 1\n---\nitems:\n- b\n- \"c\n- d\n");
    let read = assert_same(&text, Limits::new());
    let error = read.into_iter().find_map(Result::err);
    let at = error.and_then(|error| error.position());
    assert_eq!(at.map(Position::line), Some(text.lines().count() + 1));
}

#[test]
fn a_control_character_is_an_error_before_the_first_document() {
    let text = "a\n---\nb: \u{3}\n---\nc\n";
    let error = Error::Syntax {
        reason: Syntax::Control,
        at: Some(Position::new(3, 4)),
    };
    assert_eq!(assert_same(text, Limits::new()), [Err(error)]);
}

/// The limit applies to the cost of all pieces together, not to each piece.
#[test]
fn the_limit_is_that_of_the_whole_text() {
    let limits = Limits::new().with_expansion(1);
    let list = |items: usize| -> String {
        let item = |n| {
            let (texts, aliases) = ("y,".repeat(100), format!("*x{n},").repeat(100));
            format!("- [&x{n} [{texts}], {aliases}]\n")
        };
        "items:\n".to_owned() + &(0..items).map(item).collect::<String>()
    };
    let read = assert_same(&list(2), limits);
    assert!(read.iter().all(Result::is_ok));
    let read = assert_same(&list(5), limits);
    assert!(matches!(read.last(), Some(Err(Error::TooExpanded { .. }))));
}

/// Text built from lines of lists and documents, some of them broken.
fn listish() -> impl Strategy<Value = String> {
    let line = prop::sample::select(vec![
        "items:\n",
        "items:\n",
        "more: \n",
        "- a\n",
        "- a\n",
        "- b: 1\n",
        "-\n",
        "- - c\n",
        "  - d\n",
        "  e: 2.50\n",
        "  f: \"x\n",
        "  g: y\"\n",
        "  h: |\n",
        "    text\n",
        "  i: [1,\n",
        "  2]\n",
        "- &z true\n",
        "- *z\n",
        "- ~\n",
        "- !t 7\n",
        "- 'q'\n",
        "<<: {j: k}\n",
        "kind: List\n",
        "\n",
        "# comment\n",
        "---\n",
        "...\n",
        "\t",
        "\r",
        "- é\n",
    ]);
    prop::collection::vec(line, 0..24).prop_map(|lines| lines.concat())
}

/// Lists the offsets of scalars in the order of the document.
fn offsets(node: &Node, found: &mut Vec<Option<usize>>) {
    match node {
        Node::Null => {}
        Node::Scalar(scalar) => found.push(scalar.offset()),
        Node::Sequence(items) => items.iter().for_each(|item| offsets(item, found)),
        Node::Mapping(mapping) => {
            for (key, value) in mapping.entries() {
                found.push(key.offset());
                offsets(value, found);
            }
        }
    }
}

/// `libyaml` begins a document where only it sees a line break.
#[test]
fn a_document_after_an_unusual_line_break_is_not_an_item_of_the_list() {
    for line_break in ["\r", "\u{85}", "\u{2028}", "\u{2029}"] {
        let text = format!("items:\n- a{line_break}---\n- b\n");
        let documents = assert_same(&text, Limits::new());
        assert_eq!(documents.len(), 2, "{text:?}");
    }
}

/// A line that looks like the key of a list may be in a scalar. The items behind it then belong to no list,
/// or to another list.
#[test]
fn items_are_not_of_a_key_that_only_looks_like_one() {
    for (text, is_read) in [
        ("a: [\"\nkey:\n- x\", 1]\n- y\n- z\n", false),
        ("a: [\"\nkey:\n- x\n- y\", 1]\n- z\n", false),
        ("a:\n- \"\nkey:\n- x\"\n- y\n- z\n", true),
        ("a: \"\nkey:\n- x\"\n- y\n- z\n", false),
    ] {
        let documents = assert_same(text, Limits::new());
        assert_eq!(
            documents.iter().all(Result::is_ok),
            is_read,
            "{text:?}: {documents:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn any_text_in_pieces_is_the_whole(text in listish()) {
        assert_same(&text, Limits::new().with_every_offset());
        assert_same(&text, Limits::new());
    }

    /// The offset of a number is found from the scalar before it.
    #[test]
    fn offsets_are_in_the_order_of_the_text(text in listish()) {
        let text = text.replace("- &z true\n", "").replace("- *z\n", "").replace("<<:", "l:");
        for node in documents(&text, &Limits::new().with_every_offset()).flatten() {
            let mut found = Vec::new();
            offsets(&node, &mut found);
            let found: Vec<usize> = found.into_iter().flatten().collect();
            prop_assert!(found.is_sorted_by(|one, other| one < other), "{text:?} {found:?}");
        }
    }
}
