//! The merge key `<<`.

use std::collections::HashSet;

use crate::build::Builder;
use crate::error::Error;
use crate::libyaml::is_line_break;
use crate::node::{Mapping, Node, Scalar};

/// The merge key of YAML 1.1. Go's readers apply it; `yaml_serde` does not by itself.
pub(crate) const MERGE_KEY: &str = "<<";

/// Returns whether the text `<<` at an offset of the input is a merge key: it has no quotes, and no tag but `!!merge`.
///
/// Reads no further back than the tag and the anchor of the key, so that many keys on one line take linear time.
///
/// As upstream: `gopkg.in/yaml.v2`, decode.go, `isMerge`.
pub(crate) fn is_plain(input: &str, at: usize) -> bool {
    let mut before = input.get(..at).unwrap_or_default();
    if before.ends_with(['"', '\'']) {
        return false;
    }
    let is_separator = |c| is_line_break(c) || matches!(c, ' ' | '\t' | '[' | '{' | ',');
    // A tag and an anchor, in any order.
    for _ in 0..2 {
        before = before.trim_end_matches([' ', '\t']);
        if before.ends_with('>') {
            return before.ends_with("!<tag:yaml.org,2002:merge>");
        }
        let word = before.rsplit(is_separator).next().unwrap_or_default();
        // In braces, the `?` of a key may stand right before it.
        let word = word.trim_start_matches('?');
        match word.chars().next() {
            Some('!') => return word == "!!merge",
            Some('&') => before = before.strip_suffix(word).unwrap_or_default(),
            _ => return true,
        }
    }
    true
}

/// Moves the entries of each `<<` into the mapping that has it. An explicit key wins over a merged
/// key, in any order. Of equal keys in several merged mappings, the first wins. Equal keys in one merged mapping both
/// stay, as in any mapping.
///
/// Entries are moved, not copied, so the tree's cost does not grow.
///
/// # Errors
///
/// [`Error::Merge`], without a position, if the value of `<<` is neither a mapping nor a list of
/// mappings.
pub(crate) fn apply(node: &mut Node, builder: &Builder<'_>) -> Result<(), Error> {
    match node {
        Node::Null | Node::Scalar(_) => Ok(()),
        Node::Sequence(items) => items.iter_mut().try_for_each(|item| apply(item, builder)),
        Node::Mapping(mapping) => apply_to_mapping(mapping, builder),
    }
}

fn apply_to_mapping(mapping: &mut Mapping, builder: &Builder<'_>) -> Result<(), Error> {
    let is_merge = |(key, _): &(Scalar, Node)| builder.is_merge_key(key);
    let entries = mapping.entries_mut();
    entries
        .iter_mut()
        .try_for_each(|(_, value)| apply(value, builder))?;
    if !entries.iter().any(is_merge) {
        return Ok(());
    }
    let (merges, mut explicit): (Vec<_>, Vec<_>) =
        std::mem::take(entries).into_iter().partition(is_merge);
    let mut seen: HashSet<String> = explicit
        .iter()
        .map(|(key, _)| key.text().to_owned())
        .collect();
    for (_, value) in merges {
        let sources = match value {
            Node::Mapping(source) => vec![Node::Mapping(source)],
            Node::Sequence(sources) => sources,
            Node::Null | Node::Scalar(_) => return Err(Error::Merge(None)),
        };
        for source in sources {
            let Node::Mapping(mut source) = source else {
                return Err(Error::Merge(None));
            };
            // A key that stands twice in one source stays twice, so that reading a type refuses it.
            let mut merged = std::mem::take(source.entries_mut());
            merged.retain(|(key, _)| !seen.contains(key.text()));
            seen.extend(merged.iter().map(|(key, _)| key.text().to_owned()));
            explicit.extend(merged);
        }
    }
    *entries = explicit;
    Ok(())
}
