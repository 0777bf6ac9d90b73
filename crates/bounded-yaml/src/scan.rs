//! What has to be known about a text before `libyaml` may see it.
//!
//! `libyaml` looks at every open bracket for every token, so deep nesting costs quadratic time (42
//! seconds for 320 kB were measured), and `yaml_serde` counts the depth only afterwards. Whether a
//! bracket is one, or part of a text, only a whole YAML scanner could tell; this module does not
//! try. It takes *every* opening bracket for the possible begin of a flow collection and follows
//! all those readings at once. Inside a flow collection the grammar is simple, so a reading is one
//! of eight states and a depth; of two readings in the same state the deeper one stays deeper, so
//! one number per state is enough, and the scan is linear. The real reading is among those
//! followed, therefore the depth found is never too small; it may be too large for a text that is
//! full of brackets that are never closed.

mod blocks;

use std::collections::HashSet;

use self::blocks::Blocks;
use crate::error::Error;
use crate::position::Position;

/// Refuses what `libyaml` or `yaml_serde` would read at a cost or wrongly.
///
/// # Errors
///
/// [`Error::TooDeep`], [`Error::AnchorRedefined`].
pub(crate) fn check(text: &str, max_depth: usize) -> Result<(), Error> {
    if let Some(offset) = too_deep(text, max_depth) {
        let at = Some(Position::of(text, offset));
        return Err(Error::TooDeep {
            limit: max_depth,
            at,
        });
    }
    match redefined_anchor(text) {
        Some(offset) => Err(Error::AnchorRedefined(Position::of(text, offset))),
        None => Ok(()),
    }
}

/// For each state of a reading inside a flow collection, the greatest depth of a reading that is in
/// it; 0 where there is none.
#[derive(Clone, Copy, Default)]
struct Readings {
    /// Where a value may begin.
    token: usize,
    /// After a value.
    after: usize,
    plain: usize,
    single: usize,
    double: usize,
    /// In a comment, which ends where a value may begin.
    comment: usize,
    /// In an anchor, an alias or a short tag, whose names hold no bracket.
    name: usize,
    /// In a tag `!<…>`, which may hold brackets.
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

/// Returns where flow collections may be nested deeper than `limit`.
fn too_deep(text: &str, limit: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut now = Readings::default();
    // The byte after a backslash belongs to it, for the reading in double quotes.
    let mut escaped = false;
    let mut at = 0_usize;
    while let Some(byte) = bytes.get(at).copied() {
        if !now.any() {
            // No reading is inside a collection: only a bracket begins one.
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
            // `---` and `...` end whatever is open, or are an error inside it.
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
    // Quotes, comments and tags first: what they do does not depend on brackets.
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
            // The comment may have stood after a value.
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
    // Where a bracket counts: in all states but those in quotes and comments.
    let open = now
        .token
        .max(now.after)
        .max(now.plain)
        .max(now.name)
        .max(now.tag);
    match byte {
        // Always a possible begin of the outermost collection as well.
        b'[' | b'{' => raise(&mut then.token, open.saturating_add(1)),
        b']' | b'}' => raise(&mut then.after, open.saturating_sub(1)),
        b',' => raise(&mut then.token, open),
        b':' if next.is_none_or(|b| is_blank(b) || is_flow_indicator(b)) => {
            raise(&mut then.token, open);
        }
        _ => {
            // YAML has line breaks outside ASCII, after which a colon is one as well.
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
        // scalar, and what cannot begin a token.
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
        // `''` inside single quotes; anywhere else a second value is an error, which only the
        // parser sees, so that the scanner may go on into it.
        b':' => raise(&mut then.token, depth),
        _ if is_blank(byte) => raise(&mut then.after, depth),
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

const fn is_break(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

const fn is_flow_indicator(byte: u8) -> bool {
    matches!(byte, b',' | b'?' | b'[' | b']' | b'{' | b'}')
}

/// Whether a line, given from its begin, is `---` or `...`; what follows must be blank.
fn is_document_marker(line: &[u8]) -> bool {
    (line.starts_with(b"---") || line.starts_with(b"..."))
        && line.get(3).is_none_or(|b| is_blank(*b))
}

/// Returns where an anchor is defined for the second time in one document, if something refers to
/// it by an alias.
///
/// `yaml_serde` numbers anchors by how many names it knows, so that after a redefinition the next
/// new anchor gets a number that is taken, and an alias of either yields the other's node.
fn redefined_anchor(text: &str) -> Option<usize> {
    // Without an alias, nothing can go wrong; most texts end here.
    if !text.contains('*') || !text.contains('&') {
        return None;
    }
    let mut anchors: HashSet<&str> = HashSet::new();
    let mut redefined: Option<usize> = None;
    let mut aliased = false;
    let mut offset = 0_usize;
    let mut blocks = Blocks::default();
    for line in text.split_inclusive('\n') {
        let begin = offset;
        offset = offset.saturating_add(line.len());
        if blocks.take(line) {
            continue;
        }
        if is_document_marker(line.as_bytes()) {
            if aliased && redefined.is_some() {
                return redefined;
            }
            anchors.clear();
            redefined = None;
            aliased = false;
        }
        let mut previous = b' ';
        for (at, byte) in line.bytes().enumerate() {
            // Outside ASCII it may be the end of a line break.
            let begins = is_blank(previous)
                || !previous.is_ascii()
                || matches!(previous, b'[' | b'{' | b',' | b':' | b'?');
            previous = byte;
            if !begins || !matches!(byte, b'&' | b'*') {
                continue;
            }
            let name = line.get(at.saturating_add(1)..).map_or("", anchor_name);
            if name.is_empty() {
                continue;
            }
            if byte == b'*' {
                aliased |= anchors.contains(name);
            } else if !anchors.insert(name) && redefined.is_none() {
                redefined = Some(begin.saturating_add(at));
            }
        }
    }
    redefined.filter(|_| aliased)
}

/// `libyaml` takes ASCII letters, digits, `-` and `_` for a name.
fn anchor_name(text: &str) -> &str {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    text.split(|c| !is_name(c)).next().unwrap_or("")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::too_deep;
    use crate::{Limits, Node, documents};

    /// Values that hide closing brackets, or look as if they did.
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

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn the_depth_found_is_never_less_than_the_parsers(inner in flow(), begin in "(|k: |- |k: \\|\n  \\[\nl: )") {
            let text = format!("{begin}[{inner}]\n");
            let node = documents(&text, &Limits::new()).next().expect("a document");
            if let Ok(node) = node {
                let blocks = usize::from(!begin.is_empty());
                let flows = depth(&node).saturating_sub(blocks);
                prop_assert!(flows >= 1);
                prop_assert!(too_deep(&text, flows.saturating_sub(1)).is_some(), "{text:?}");
            }
        }
    }
}
