//! The merge key `<<`.

use std::collections::HashSet;

use crate::error::Error;
use crate::node::{Mapping, Node, Scalar};

/// The merge key of YAML 1.1. Go's readers apply it; `yaml_serde` does not by itself.
pub(crate) const MERGE_KEY: &str = "<<";

/// Moves the entries of each `<<` into the mapping that has it. An explicit key wins over a merged
/// one, in any order; of several merged ones the first wins.
///
/// Entries are moved, not copied, so the tree's cost does not grow.
///
/// # Errors
///
/// [`Error::Merge`], without a position, if the value of `<<` is neither a mapping nor a list of
/// mappings.
pub(crate) fn apply(node: &mut Node) -> Result<(), Error> {
    match node {
        Node::Null | Node::Scalar(_) => Ok(()),
        Node::Sequence(items) => items.iter_mut().try_for_each(apply),
        Node::Mapping(mapping) => apply_to_mapping(mapping),
    }
}

fn apply_to_mapping(mapping: &mut Mapping) -> Result<(), Error> {
    let entries = mapping.entries_mut();
    entries.iter_mut().try_for_each(|(_, value)| apply(value))?;
    if !entries.iter().any(|(key, _)| key.text() == MERGE_KEY) {
        return Ok(());
    }
    let (merges, mut explicit): (Vec<_>, Vec<_>) = std::mem::take(entries)
        .into_iter()
        .partition(|(key, _)| key.text() == MERGE_KEY);
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
            let fresh = |(key, _): &(Scalar, Node)| seen.insert(key.text().to_owned());
            explicit.extend(
                std::mem::take(source.entries_mut())
                    .into_iter()
                    .filter(fresh),
            );
        }
    }
    *entries = explicit;
    Ok(())
}
