//! Roles and bindings in plans of Terraform, as the provider `kubernetes` writes them.

use bounded_yaml::{Kind, Mapping, Node, Scalar};

use super::{Resource, only, present};

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
pub(super) fn object(resource: &str, values: &Node) -> Option<Node> {
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

/// Returns the first field of a role or a binding that is known only after the plan is applied. The provider requires
/// it, and a plan writes a field without a value as null or as an empty list, so one that is missing is not known.
pub(super) fn unknown_field(resource: &Resource<'_>) -> Option<&'static str> {
    let values = resource.values;
    let kind = resource.kind.strip_suffix("_v1").unwrap_or(resource.kind);
    let has = |node: &Node, key| node.get(key).is_some();
    let metadata = present(values, "metadata").map(only);
    let of_metadata = resource.unknown_of("metadata").map(only);
    let is_metadata_unknown = ["name", "namespace", "labels"].iter().any(|key| {
        let unknown = of_metadata.and_then(|one| one.get(key));
        unknown.is_some_and(super::plan::is_unknown)
    });
    let is_namespaced = matches!(kind, "kubernetes_role" | "kubernetes_role_binding");
    let is_located = |one: &Node| !is_namespaced || has(one, "namespace");
    if is_metadata_unknown || !metadata.is_some_and(is_located) {
        return Some("metadata");
    }
    let all = |key: &str, is_known: &dyn Fn(&Node) -> bool| {
        let items = present(values, key).and_then(Node::as_sequence);
        items.is_some_and(|items| !items.is_empty() && items.iter().all(is_known))
            && !resource.is_unknown(key)
    };
    if kind.ends_with("_binding") {
        let is_subject = |one: &Node| {
            let of_account = one.get("kind").and_then(Node::as_text) == Some("ServiceAccount");
            has(one, "kind") && has(one, "name") && (!of_account || has(one, "namespace"))
        };
        let is_role = |one: &Node| has(one, "kind") && has(one, "name");
        return match (all("subject", &is_subject), all("role_ref", &is_role)) {
            (false, _) => Some("subject"),
            (true, false) => Some("role_ref"),
            (true, true) => None,
        };
    }
    let aggregation = present(values, "aggregation_rule").and_then(Node::as_sequence);
    if aggregation.is_some_and(|items| !items.is_empty()) {
        // The controller writes the rules.
        return resource
            .is_unknown("aggregation_rule")
            .then_some("aggregation_rule");
    }
    let is_rule =
        |one: &Node| has(one, "verbs") && (has(one, "resources") || has(one, "non_resource_urls"));
    (!all("rule", &is_rule)).then_some("rule")
}
