//! Finds out in linear time how deep flow collections may nest.
//!
//! For every token `libyaml` looks at every open bracket, so deep nesting costs quadratic time (42
//! seconds for 320 kB were measured), and `yaml_serde` counts the depth only afterwards.
//!
//! Only a whole YAML scanner can decide whether a bracket opens a collection or is part of a text.
//! This module does not try: it takes *every* opening bracket as the possible start of a flow
//! collection and follows all those readings at once. Inside a flow collection the grammar is
//! simple, so a reading consists of one of eight states and a depth. If two readings are in the same
//! state, the deeper reading stays deeper. So one number per state is enough and the scan is linear.
//! One of the readings is the real one, so the depth found is never too small. It can be too large
//! for a text with many brackets that are never closed.

use super::text::{is_blank, is_break, is_document_marker};

/// For each state, the greatest depth of any reading in that state; 0 if no reading is in it.
#[derive(Clone, Copy, Default)]
struct Readings {
    /// Before a value.
    token: usize,
    /// After a value.
    after: usize,
    plain: usize,
    single: usize,
    double: usize,
    /// In a comment, after which a value may start.
    comment: usize,
    /// In an anchor, an alias or a short tag, whose names contain no bracket.
    name: usize,
    /// In a tag `!<…>`, which may contain brackets.
    tag: usize,
}

impl Readings {
    fn any(&self) -> bool {
        self.deepest() != 0
    }

    fn deepest(&self) -> usize {
        self.token
            .max(self.after)
            .max(self.plain)
            .max(self.single)
            .max(self.double)
            .max(self.comment)
            .max(self.name)
            .max(self.tag)
    }
}

/// Returns the offset at which flow collections may be nested deeper than `limit`.
pub(super) fn exceeds(text: &str, limit: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut now = Readings::default();
    // Whether the previous byte was a backslash, in the reading inside double quotes.
    let mut escaped = false;
    let mut at = 0_usize;
    while let Some(byte) = bytes.get(at).copied() {
        if !now.any() {
            // No reading is inside a collection, so only a bracket matters.
            at = match bytes
                .get(at..)?
                .iter()
                .position(|b| matches!(b, b'[' | b'{'))
            {
                Some(skip) => at.saturating_add(skip),
                None => return None,
            };
            now.token = 1;
            escaped = false;
            if limit == 0 {
                return Some(at);
            }
            at = at.saturating_add(1);
            continue;
        }
        let next = bytes.get(at.saturating_add(1)).copied();
        let line_start = at == 0 || bytes.get(at.saturating_sub(1)) == Some(&b'\n');
        if line_start && is_document_marker(bytes.get(at..).unwrap_or_default()) {
            // `---` and `...` end every open collection or are an error inside it.
            now = Readings::default();
            at = at.saturating_add(3);
            continue;
        }
        let previous = bytes.get(at.saturating_sub(1)).copied();
        now = step(now, byte, previous, next, &mut escaped);
        if now.deepest() > limit {
            return Some(at);
        }
        at = at.saturating_add(1);
    }
    None
}

/// Moves every reading over one byte.
fn step(
    now: Readings,
    byte: u8,
    previous: Option<u8>,
    next: Option<u8>,
    escaped: &mut bool,
) -> Readings {
    let mut then = Readings::default();
    // Quotes, comments and tags first: they do not depend on brackets.
    if now.double > 0 {
        if *escaped {
            then.double = now.double;
            *escaped = false;
        } else if byte == b'"' {
            raise(&mut then.after, now.double);
        } else {
            then.double = now.double;
            *escaped = byte == b'\\';
        }
    } else {
        *escaped = false;
    }
    if now.single > 0 {
        let into = if byte == b'\'' {
            &mut then.after
        } else {
            &mut then.single
        };
        raise(into, now.single);
    }
    if now.comment > 0 {
        if is_break(byte) || !byte.is_ascii() {
            // The comment may have followed a value.
            raise(&mut then.token, now.comment);
            raise(&mut then.after, now.comment);
        }
        if !is_break(byte) {
            raise(&mut then.comment, now.comment);
        }
    }
    if now.tag > 0 {
        if is_blank(byte) || !byte.is_ascii() {
            raise(&mut then.token, now.tag);
        }
        if !is_blank(byte) {
            raise(&mut then.tag, now.tag);
        }
    }
    // The states in which a bracket counts: all but quotes and comments.
    let open = now
        .token
        .max(now.after)
        .max(now.plain)
        .max(now.name)
        .max(now.tag);
    match byte {
        // The bracket may also open the outermost collection.
        b'[' | b'{' => raise(&mut then.token, open.saturating_add(1)),
        b']' | b'}' => raise(&mut then.after, open.saturating_sub(1)),
        b',' => raise(&mut then.token, open),
        b':' if next.is_none_or(|b| is_blank(b) || is_flow_indicator(b)) => {
            raise(&mut then.token, open);
        }
        _ => {
            // The next character may be a line break outside ASCII.
            if byte == b':' && next.is_some_and(|b| !b.is_ascii()) {
                raise(&mut then.token, open);
            }
            inside_token(&mut then, now.token, byte, next);
            inside_after(&mut then, now.after, byte, next);
            inside_plain(&mut then, now.plain, byte, previous);
            if now.name > 0 {
                let ends = is_blank(byte) || !byte.is_ascii();
                raise(
                    if ends {
                        &mut then.token
                    } else {
                        &mut then.name
                    },
                    now.name,
                );
            }
        }
    }
    then
}

fn inside_plain(then: &mut Readings, depth: usize, byte: u8, previous: Option<u8>) {
    let previous = previous.unwrap_or(b' ');
    if byte == b'#' && (is_blank(previous) || !previous.is_ascii()) {
        raise(&mut then.comment, depth);
    }
    if byte != b'#' || !is_blank(previous) {
        raise(&mut then.plain, depth);
    }
}

fn inside_token(then: &mut Readings, depth: usize, byte: u8, next: Option<u8>) {
    if depth == 0 {
        return;
    }
    match byte {
        b'"' => raise(&mut then.double, depth),
        b'\'' => raise(&mut then.single, depth),
        b'#' => raise(&mut then.comment, depth),
        b'!' if next == Some(b'<') => raise(&mut then.tag, depth),
        b'!' | b'&' | b'*' => raise(&mut then.name, depth),
        // An error inside a flow collection, so this reading ends here: a block entry, a block
        // scalar, or a character that cannot start a token.
        b'-' if next.is_none_or(is_blank) => {}
        b'|' | b'>' | b'@' | b'`' | b'%' => {}
        b'?' | b':' => raise(&mut then.token, depth),
        _ if is_blank(byte) => raise(&mut then.token, depth),
        _ => {
            raise(&mut then.plain, depth);
            if !byte.is_ascii() {
                // It may be part of a line break.
                raise(&mut then.token, depth);
            }
        }
    }
}

fn inside_after(then: &mut Readings, depth: usize, byte: u8, next: Option<u8>) {
    if depth == 0 {
        return;
    }
    match byte {
        _ if is_blank(byte) => raise(&mut then.after, depth),
        // `''` inside single quotes. Anywhere else a second value is an error, but only the parser
        // notices it, so the scanner may continue into that value.
        _ => {
            inside_token(then, depth, byte, next);
            if !byte.is_ascii() {
                raise(&mut then.after, depth);
            }
        }
    }
}

fn raise(depth: &mut usize, to: usize) {
    *depth = (*depth).max(to);
}

const fn is_flow_indicator(byte: u8) -> bool {
    matches!(byte, b',' | b'?' | b'[' | b']' | b'{' | b'}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::exceeds;
    use crate::{Limits, Node, documents};

    /// Values that hide closing brackets, or seem to.
    fn leaf() -> impl Strategy<Value = String> {
        prop::sample::select(vec![
            "a",
            "\"]\"",
            "']'",
            "''']'",
            "\"\\\"]\"",
            "a#]b",
            "&a \"]\"",
            "&b ']' ",
            "!t \"]\"",
            "!!str ']'",
            "!<tag:]> x",
            "\"]\" # ]]\n",
            "a # ]\n",
            "a b\n c",
            "a'b",
            "a\"b",
            "-1",
            "?",
            "\"a\n ]\"",
            "\u{85}\"]\"",
            "a\u{2028}# ]\n",
        ])
        .prop_map(str::to_owned)
    }

    fn flow() -> impl Strategy<Value = String> {
        let separators =
            || prop::sample::select(vec![",", ", ", ",\n", " ,", ", # ]}\n", ",#]\u{85}"]);
        let keys = || {
            prop::sample::select(vec![
                "a: ", "\"]\": ", "\"}\":", "']' : ", "? a : ", "? [b] : ", "a:\u{85}",
            ])
        };
        leaf().prop_recursive(8, 40, 3, move |inner| {
            let list = prop::collection::vec((inner.clone(), separators()), 1..4);
            let map = prop::collection::vec((keys(), inner, separators()), 1..3);
            prop_oneof![
                list.prop_map(|items| {
                    let items: String = items
                        .iter()
                        .flat_map(|(item, s)| [item.as_str(), *s])
                        .collect();
                    format!("[{items}]")
                }),
                map.prop_map(|entries| {
                    let entries: String = entries
                        .iter()
                        .flat_map(|(key, v, s)| [*key, v.as_str(), *s])
                        .collect();
                    format!("{{{entries}}}")
                }),
            ]
        })
    }

    fn depth(node: &Node) -> usize {
        let inner = match node {
            Node::Null | Node::Scalar(_) => return 0,
            Node::Sequence(items) => items.iter().map(depth).max(),
            Node::Mapping(map) => map.entries().iter().map(|(_, value)| depth(value)).max(),
        };
        inner.unwrap_or(0).saturating_add(1)
    }

    /// The next-line character U+0085 is a line break in YAML 1.1.
    #[test]
    fn a_quote_after_a_next_line_character_is_counted() {
        assert!(exceeds("[{a: {a: \u{85}\"]\",},a: [[a,],],}]\n", 3).is_some());
    }

    /// Texts whose brackets are open, one for each state of a reading.
    #[test]
    fn an_open_bracket_is_counted_in_every_state() {
        for (open, depth) in [
            ("[", 1),
            ("{a: [", 2),
            ("[ ] [", 1),
            ("[ a , ", 1),
            ("[ --- , ", 1),
            ("[ \"]\" , ", 1),
            ("[ ']' , ", 1),
            ("[ # ]\n", 1),
            ("[ # ]\u{2028}", 1),
            ("[ a #]\n", 1),
            ("[ &a\u{85}\"]\" , ", 1),
            ("[ !<]> x , ", 1),
            ("[ !<]>\u{85}\"]\" , ", 1),
            ("[ a:\u{85}\"]\" , ", 1),
            ("[ a:?\"]\" , ", 1),
            ("[ \"a\"\u{85}, ", 1),
            ("[ a#b , ", 1),
            ("[?']' , ", 1),
            ("[:']' , ", 1),
        ] {
            let text = open.repeat(20);
            assert!(exceeds(&text, depth * 20 - 1).is_some(), "{open:?}");
        }
        assert_eq!(exceeds("[", 1), None);
        assert_eq!(exceeds("[[]]", 1), Some(1));
        // The mark of a document closes every bracket.
        assert_eq!(exceeds(&"[\n--- \n".repeat(20), 1), None);
    }

    /// Each line closes its bracket, and a quote, a comment or a tag only seems to hide that.
    #[test]
    fn a_closed_bracket_is_not_counted() {
        for line in [
            "[a:\"] # \"",
            "[a b]",
            "[!t]",
            "[a #]\n]",
            "[a: b]",
            "[\"a\": b]",
            "['a']",
            "[a # [\n]",
            "[!<a#> b]",
            "[né\"]\n\"b\": c",
        ] {
            let lines: String = (0..300).map(|n| format!("k{n}: {line}\n")).collect();
            assert_eq!(exceeds(&lines, 2), None, "{line:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn the_depth_found_is_never_less_than_the_parsers_depth(inner in flow(), begin in "(|k: |- |k: \\|\n  \\[\nl: )") {
            let text = format!("{begin}[{inner}]\n");
            let node = documents(&text, &Limits::new()).next().expect("a document");
            if let Ok(node) = node {
                let blocks = usize::from(!begin.is_empty());
                let flows = depth(&node).saturating_sub(blocks);
                prop_assert!(flows >= 1);
                prop_assert!(exceeds(&text, flows.saturating_sub(1)).is_some(), "{text:?}");
            }
        }
    }
}
