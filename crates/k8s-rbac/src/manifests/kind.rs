//! Kinds that are not read, although the author may have meant RBAC objects.

use bounded_yaml::Node;

use crate::manifests::KINDS;
use crate::manifests::problem::{CommandOutput, Fault};
use crate::objects::API_GROUP;

/// The kinds of lists that are read.
const LISTS: [&str; 4] = [
    "ClusterRoleBindingList",
    "ClusterRoleList",
    "RoleBindingList",
    "RoleList",
];

/// Returns the fault of a kind that would be skipped, if it hides RBAC objects.
pub(super) fn fault(group: &str, kind: &str) -> Option<Fault> {
    let output = match (group, kind) {
        ("", "Status") => Some(CommandOutput::ErrorMessage),
        ("meta.k8s.io", "Table" | "PartialObjectMetadata" | "PartialObjectMetadataList") => {
            Some(CommandOutput::Summary)
        }
        _ => None,
    };
    output
        .map(Fault::CommandOutput)
        .or_else(|| misspelled(group, kind).map(Fault::MisspelledKind))
}

/// Returns the RBAC kind that was meant if only case, blanks or the group are wrong. Other groups have
/// kinds of these names, too.
fn misspelled(group: &str, kind: &str) -> Option<&'static str> {
    let group = group.trim();
    let version = group.strip_prefix(API_GROUP);
    let is_near = group.is_empty()
        || group.eq_ignore_ascii_case(API_GROUP)
        || version.is_some_and(|rest| rest.starts_with('/'));
    KINDS
        .into_iter()
        .chain(LISTS)
        .find(|own| is_near && own.eq_ignore_ascii_case(kind.trim()))
}

/// Returns the kind of command output, for a document that is not an API object.
pub(super) fn command_output(node: &Node) -> Option<CommandOutput> {
    let has = |field| node.get(field).is_some();
    let keys = node
        .as_mapping()?
        .entries()
        .iter()
        .map(|(key, _)| key.text());
    let is_error = |key: &str| {
        ["Error from server", "Unable to connect to the server"]
            .iter()
            .any(|beginning| key.starts_with(beginning))
            || matches!(key, "error" | "Error")
    };
    // A message has only this key. `values.yaml` may have a key `error`, too.
    if node.as_mapping()?.entries().len() == 1 && keys.into_iter().any(is_error) {
        return Some(CommandOutput::ErrorMessage);
    }
    let is_described = has("Name") && (has("PolicyRule") || has("Role") && has("Subjects"));
    is_described.then_some(CommandOutput::Description)
}
