//! CloudFormation templates: the access entries in them.

use bounded_yaml::Node;

use crate::gather::{Gathered, Text};

/// Takes the access entries of a template.
pub(crate) fn take_template(
    gathered: &mut Gathered,
    text: &Text<'_>,
    node: &Node,
    _entries: &mut Vec<Node>,
) {
    gathered.skip(text, "CloudFormation templates".to_owned(), node);
}
