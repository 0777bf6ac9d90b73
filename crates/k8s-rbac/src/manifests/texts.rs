//! The fields that must be text without placeholders.

use bounded_yaml::{Kind, Node};

use super::{Fault, Placeholder, join};

/// The fields whose whole content is text, at any depth of an object.
const TEXTS: [&str; 16] = [
    "apiGroup",
    "apiGroups",
    "key",
    "kind",
    "labels",
    "matchLabels",
    "name",
    "namespace",
    "nonResourceURLs",
    "operator",
    "resourceNames",
    "resources",
    "values",
    "verbs",
    "apiVersion",
    "generateName",
];

/// The fields that contain these fields.
const WAYS: [&str; 7] = [
    "aggregationRule",
    "clusterRoleSelectors",
    "matchExpressions",
    "metadata",
    "roleRef",
    "rules",
    "subjects",
];

/// Refuses numbers and booleans where the API requires text. The deserializer would accept their source
/// text. The path to the field is built on the way back, since only errors need it.
pub(super) fn texts_are_texts(node: &Node) -> Result<(), (String, Fault)> {
    each(node, |key, value| match key {
        Some("annotations") => are_annotations(value),
        Some(text) if TEXTS.contains(&text) => is_text(value),
        Some(way) if !WAYS.contains(&way) => Ok(()),
        Some(_) | None => texts_are_texts(value),
    })
}

/// Finds the first placeholder of a template.
pub(super) fn has_no_placeholder(node: &Node) -> Result<(), (String, Fault)> {
    each(node, |key, value| match key {
        Some(text) if TEXTS.contains(&text) => is_filled_in(value),
        Some(way) if !WAYS.contains(&way) => Ok(()),
        Some(_) | None => has_no_placeholder(value),
    })
}

fn is_filled_in(node: &Node) -> Result<(), (String, Fault)> {
    match node {
        Node::Scalar(scalar) => match Placeholder::find(scalar.text()) {
            Some(placeholder) => Err((String::new(), Fault::Placeholder(placeholder))),
            None => Ok(()),
        },
        _ => each(node, |_, value| is_filled_in(value)),
    }
}

/// Refuses annotations that the API would not read. They are not kept, but an object that cannot be
/// applied grants nothing.
fn are_annotations(node: &Node) -> Result<(), (String, Fault)> {
    match node {
        Node::Null | Node::Mapping(_) => each(node, |_, value| match value {
            Node::Null => Ok(()),
            Node::Scalar(_) => is_text(value),
            _ => Err((String::new(), Fault::NotText("a list or a mapping"))),
        }),
        _ => Err((String::new(), Fault::NotAMapping)),
    }
}

fn is_text(node: &Node) -> Result<(), (String, Fault)> {
    match node {
        Node::Scalar(scalar) if scalar.kind() != Kind::String => {
            Err((String::new(), Fault::NotText(scalar.kind().describe())))
        }
        _ => each(node, |_, value| is_text(value)),
    }
}

/// Checks the items of a list or the entries of a mapping.
fn each<'n>(
    node: &'n Node,
    check: impl Fn(Option<&'n str>, &'n Node) -> Result<(), (String, Fault)>,
) -> Result<(), (String, Fault)> {
    match node {
        Node::Null | Node::Scalar(_) => Ok(()),
        Node::Sequence(items) => items.iter().enumerate().try_for_each(|(number, item)| {
            check(None, item).map_err(|(path, fault)| (join(&format!("[{number}]"), &path), fault))
        }),
        Node::Mapping(mapping) => mapping.entries().iter().try_for_each(|(key, value)| {
            check(Some(key.text()), value).map_err(|(path, fault)| (join(key.text(), &path), fault))
        }),
    }
}
