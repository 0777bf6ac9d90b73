//! Nodes of documents within documents.

use bounded_yaml::{Mapping, Node, Scalar};

/// Drops the offsets, which count in a text and not in the document that contains it.
pub(super) fn without_offsets(node: &Node) -> Node {
    let plain = |scalar: &Scalar| Scalar::new(scalar.text(), scalar.kind());
    match node {
        Node::Null => Node::Null,
        Node::Scalar(scalar) => Node::Scalar(plain(scalar)),
        Node::Sequence(items) => Node::Sequence(items.iter().map(without_offsets).collect()),
        Node::Mapping(mapping) => {
            let entries = mapping.entries().iter();
            let entries = entries.map(|(key, value)| (plain(key), without_offsets(value)));
            Node::Mapping(Mapping::from_entries(entries.collect()))
        }
    }
}
