//! Anchors that are defined twice, which `yaml_serde` resolves to the wrong node.

use std::collections::HashSet;

use super::block_lines::BlockLines;
use super::text::{is_blank, is_document_marker};

/// Returns the offset at which an anchor is defined for the second time in one document, provided
/// that an alias in that document refers to an anchor.
///
/// The number that `yaml_serde` gives an anchor is the number of names so far. After a
/// redefinition, the next new anchor therefore gets a number that is in use, and an alias of one
/// anchor yields the node of the other.
pub(super) fn find(text: &str) -> Option<usize> {
    // Without an alias, no node can be mistaken for another. Most texts end here.
    if !text.contains('*') || !text.contains('&') {
        return None;
    }
    let mut anchors: HashSet<&str> = HashSet::new();
    let mut redefined: Option<usize> = None;
    let mut is_aliased = false;
    let mut offset = 0_usize;
    let mut blocks = BlockLines::default();
    for line in text.split_inclusive('\n') {
        let line_start = offset;
        offset = offset.saturating_add(line.len());
        if blocks.is_block_text(line) {
            continue;
        }
        if is_document_marker(line.as_bytes()) {
            if is_aliased && redefined.is_some() {
                return redefined;
            }
            anchors.clear();
            redefined = None;
            is_aliased = false;
        }
        let mut previous = b' ';
        for (at, byte) in line.bytes().enumerate() {
            let starts_token = may_end_token(previous);
            previous = byte;
            if !starts_token || !matches!(byte, b'&' | b'*') {
                continue;
            }
            let name = line.get(at.saturating_add(1)..).map_or("", anchor_name);
            if name.is_empty() {
                continue;
            }
            if byte == b'*' {
                is_aliased |= anchors.contains(name);
            } else if !anchors.insert(name) && redefined.is_none() {
                redefined = Some(line_start.saturating_add(at));
            }
        }
    }
    redefined.filter(|_| is_aliased)
}

/// Returns whether a text may have an anchor: a false alarm is possible, in a quoted text or a comment.
pub(crate) fn may_have_anchor(text: &str) -> bool {
    text.match_indices('&').any(|(at, _)| {
        let before = at.checked_sub(1).and_then(|at| text.as_bytes().get(at));
        let name = text.get(at.saturating_add(1)..).map_or("", anchor_name);
        before.is_none_or(|byte| may_end_token(*byte)) && !name.is_empty()
    })
}

/// Returns whether a token may start after a byte. A byte outside ASCII may be the last byte of a
/// line break.
const fn may_end_token(byte: u8) -> bool {
    is_blank(byte) || !byte.is_ascii() || matches!(byte, b'[' | b'{' | b',' | b':' | b'?')
}

/// Returns the anchor name at the start of a text: `libyaml` accepts ASCII letters, digits, `-` and
/// `_`.
fn anchor_name(text: &str) -> &str {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    text.split(|c| !is_name(c)).next().unwrap_or("")
}
