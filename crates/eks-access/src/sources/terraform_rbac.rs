//! Roles and bindings in plans of Terraform, as the provider `kubernetes` writes them.

use bounded_yaml::{Kind, Mapping, Node, Scalar};

/// The kinds, by the type of the resource without its version.
const KINDS: [(&str, &str); 4] = [
    ("kubernetes_cluster_role", "ClusterRole"),
    ("kubernetes_cluster_role_binding", "ClusterRoleBinding"),
    ("kubernetes_role", "Role"),
    ("kubernetes_role_binding", "RoleBinding"),
];

/// The fields that have other names in the provider than in the API.
const FIELDS: [(&str, &str); 11] = [
    ("aggregation_rule", "aggregationRule"),
    ("api_group", "apiGroup"),
    ("api_groups", "apiGroups"),
    ("cluster_role_selectors", "clusterRoleSelectors"),
    ("match_expressions", "matchExpressions"),
    ("match_labels", "matchLabels"),
    ("non_resource_urls", "nonResourceURLs"),
    ("resource_names", "resourceNames"),
    ("role_ref", "roleRef"),
    ("rule", "rules"),
    ("subject", "subjects"),
];

/// The blocks that occur once, and that the provider writes as a list with one item.
const SINGLE: [&str; 3] = ["aggregation_rule", "metadata", "role_ref"];

/// The fields whose keys are the user's own.
const FREE: [&str; 3] = ["annotations", "labels", "match_labels"];

/// Converts a resource to an object of the API. `None` if it is neither a role nor a binding.
///
/// A `kubernetes_manifest` contains the object.
pub(super) fn object(resource: &str, values: &Node) -> Option<Node> {
    if resource == "kubernetes_manifest" {
        return values
            .get("manifest")
            .filter(|one| super::is_api_object(one))
            .cloned();
    }
    let resource = resource.strip_suffix("_v1").unwrap_or(resource);
    let (_, kind) = KINDS.into_iter().find(|(name, _)| *name == resource)?;
    let plain = |text: &str| Scalar::new(text, Kind::String);
    let mut entries = vec![
        (
            plain("apiVersion"),
            Node::Scalar(plain("rbac.authorization.k8s.io/v1")),
        ),
        (plain("kind"), Node::Scalar(plain(kind))),
    ];
    let Node::Mapping(converted) = convert(values) else {
        return None;
    };
    entries.extend(converted.entries().iter().cloned());
    Some(Node::Mapping(Mapping::from_entries(entries)))
}

/// Renames the fields of a value, at every depth.
fn convert(node: &Node) -> Node {
    match node {
        Node::Mapping(mapping) => {
            let entries = mapping
                .entries()
                .iter()
                .filter(|(_, value)| !value.is_null());
            let entries = entries.map(|(key, value)| {
                let name = key.text();
                let value = match value {
                    Node::Sequence(items) if SINGLE.contains(&name) => {
                        items.first().map_or(Node::Null, convert)
                    }
                    value if FREE.contains(&name) => value.clone(),
                    value => convert(value),
                };
                let renamed = FIELDS.into_iter().find(|(own, _)| *own == name);
                let key = renamed.map_or_else(|| key.clone(), |(_, api)| key.with_text(api));
                (key, value)
            });
            Node::Mapping(Mapping::from_entries(entries.collect()))
        }
        Node::Sequence(items) => Node::Sequence(items.iter().map(convert).collect()),
        Node::Null | Node::Scalar(_) => node.clone(),
    }
}
