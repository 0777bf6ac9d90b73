//! Plans and states of Terraform: the access entries and the ConfigMap in them.

use bounded_yaml::Node;

use crate::gather::{Gathered, Text};

/// Takes the resources of a plan or a state.
pub(crate) fn take_terraform(
    gathered: &mut Gathered,
    text: &Text<'_>,
    node: &Node,
    _entries: &mut Vec<Node>,
) {
    gathered.skip(text, "Terraform plans".to_owned(), node);
}
