//! Plans and states of Terraform, from `terraform show -json`, and state files: the access entries, the
//! ConfigMap and the cluster in them.

use std::rc::Rc;

use bounded_yaml::{Kind, Mapping, Node, Scalar};

use super::{managed_nodes, take_mode, take_version, terraform_rbac};
use crate::gather::{ConfigMapCandidate, Gathered, Text};
use crate::managed::Manager;
use crate::problem::SourceFault;
use crate::source::SourceKind;

/// A resource: its type, its address, and its values.
struct Resource<'n> {
    kind: &'n str,
    address: String,
    values: &'n Node,
}

/// The depth of modules that is read. The modules of Terraform's registry have only a few levels.
const MAX_MODULE_DEPTH: usize = 32;

/// Takes the resources of a plan or a state.
///
/// A plan is read in its planned state: `planned_values`. Values that are known only after the plan is applied are
/// missing there.
pub(crate) fn take_terraform(
    gathered: &mut Gathered,
    text: &Text<'_>,
    node: &Node,
    entries: &mut Vec<Node>,
) {
    gathered.saw(text, SourceKind::Terraform, node.offset());
    let mut resources = Vec::new();
    let values = node.get("planned_values").or_else(|| node.get("values"));
    match values.and_then(|values| values.get("root_module")) {
        Some(module) => of_module(module, MAX_MODULE_DEPTH, &mut resources),
        None => of_state_file(node, &mut resources),
    }
    for resource in resources {
        take_resource(gathered, text, &resource, entries);
    }
}

fn of_module<'n>(module: &'n Node, depth: usize, resources: &mut Vec<Resource<'n>>) {
    let list = |key| {
        module
            .get(key)
            .and_then(Node::as_sequence)
            .unwrap_or_default()
    };
    let field = |node: &'n Node, key| node.get(key).and_then(Node::as_text);
    for resource in list("resources") {
        let is_data = field(resource, "mode") == Some("data");
        if let (false, Some(kind), Some(values)) =
            (is_data, field(resource, "type"), resource.get("values"))
        {
            resources.push(Resource {
                kind,
                address: field(resource, "address").unwrap_or(kind).to_owned(),
                values,
            });
        }
    }
    if let Some(depth) = depth.checked_sub(1) {
        for child in list("child_modules") {
            of_module(child, depth, resources);
        }
    }
}

/// Reads the resources of a state file (`terraform.tfstate`, version 4).
fn of_state_file<'n>(node: &'n Node, resources: &mut Vec<Resource<'n>>) {
    let listed = node.get("resources").and_then(Node::as_sequence);
    for resource in listed.unwrap_or_default() {
        let field = |key| resource.get(key).and_then(Node::as_text);
        let (Some(kind), false) = (field("type"), field("mode") == Some("data")) else {
            continue;
        };
        let module = field("module").map(|module| format!("{module}."));
        let name = field("name").unwrap_or_default();
        let instances = resource.get("instances").and_then(Node::as_sequence);
        let values = instances
            .unwrap_or_default()
            .iter()
            .filter_map(|instance| instance.get("attributes"));
        resources.extend(values.map(|values| Resource {
            kind,
            address: format!("{}{kind}.{name}", module.clone().unwrap_or_default()),
            values,
        }));
    }
}

fn take_resource(
    gathered: &mut Gathered,
    text: &Text<'_>,
    resource: &Resource<'_>,
    entries: &mut Vec<Node>,
) {
    let values = resource.values;
    if let Some(object) = terraform_rbac::object(resource.kind, values) {
        let object = (text.index, object, SourceKind::Terraform);
        gathered.objects.push(object);
        return;
    }
    match resource.kind {
        "aws_eks_access_entry" => {
            entries.extend(entry(gathered, text, resource));
        }
        "aws_eks_access_policy_association" => {
            entries.extend(association(gathered, text, resource));
        }
        "aws_eks_cluster" => {
            gathered.saw_cluster(text, present(values, "name"));
            if let Some(version) = present(values, "version") {
                take_version(gathered, text, version);
            }
            let config = present(values, "access_config").map(only);
            let field = |key| config.and_then(|one| present(one, key));
            if let Some(mode) = field("authentication_mode") {
                take_mode(gathered, text, mode);
            }
            let creator = field("bootstrap_cluster_creator_admin_permissions");
            managed_nodes::take_creator(gathered, creator);
        }
        "aws_eks_node_group" => {
            let manager = Manager::NodeGroup(managed_nodes::name(values, "node_group_name"));
            managed_nodes::add(gathered, present(values, "node_role_arn"), manager);
        }
        "aws_eks_fargate_profile" => {
            let name = managed_nodes::name(values, "fargate_profile_name");
            let role = present(values, "pod_execution_role_arn");
            managed_nodes::add(gathered, role, Manager::FargateProfile(name));
        }
        "kubernetes_config_map" | "kubernetes_config_map_v1" | "kubernetes_config_map_v1_data" => {
            take_config_map(gathered, text, values)
        }
        kind if kind.starts_with("aws_eks_") || kind.starts_with("kubernetes_") => {
            gathered.skip(text, format!("{kind} of Terraform"), values);
        }
        _ => {}
    }
}

/// Converts an `aws_eks_access_entry` to the shape of the EKS API.
fn entry(gathered: &mut Gathered, text: &Text<'_>, resource: &Resource<'_>) -> Option<Node> {
    let principal = principal(gathered, text, resource)?;
    let fields = [
        ("kubernetes_groups", "kubernetesGroups"),
        ("type", "type"),
        ("user_name", "username"),
    ];
    let rest = fields.into_iter().filter_map(|(key, name)| {
        let value = present(resource.values, key)?;
        Some((key_of(resource.values, key, name), value.clone()))
    });
    let entry = Mapping::from_entries(std::iter::once(principal).chain(rest).collect());
    Some(wrapped("accessEntry", Node::Mapping(entry)))
}

/// Converts an `aws_eks_access_policy_association` to the input of `aws eks associate-access-policy`.
fn association(gathered: &mut Gathered, text: &Text<'_>, resource: &Resource<'_>) -> Option<Node> {
    let principal = principal(gathered, text, resource)?;
    let values = resource.values;
    let (policy, scope) = (
        present(values, "policy_arn"),
        present(values, "access_scope").map(only),
    );
    let (Some(policy), Some(scope)) = (policy, scope) else {
        let place = text.place(values.offset());
        let what = format!("the policy of {}", resource.address);
        gathered.lost(place, SourceFault::NotKnownYet(what));
        return None;
    };
    let entries = vec![
        principal,
        (key_of(values, "policy_arn", "policyArn"), policy.clone()),
        (
            key_of(values, "access_scope", "accessScope"),
            without_nulls(scope),
        ),
    ];
    Some(Node::Mapping(Mapping::from_entries(entries)))
}

/// Returns the principal of a resource. If it is unknown before the plan is applied, the cluster is
/// unknown.
fn principal(
    gathered: &mut Gathered,
    text: &Text<'_>,
    resource: &Resource<'_>,
) -> Option<(Scalar, Node)> {
    let values = resource.values;
    match present(values, "principal_arn") {
        Some(principal) => {
            let key = key_of(values, "principal_arn", "principalArn");
            Some((key, principal.clone()))
        }
        None => {
            let place = text.place(values.offset());
            let what = format!("the principal of {}", resource.address);
            gathered.lost(place, SourceFault::NotKnownYet(what));
            None
        }
    }
}

/// Converts a ConfigMap of the provider `kubernetes` to an object, if it has the name of the mapping or a
/// section of it.
fn take_config_map(gathered: &mut Gathered, text: &Text<'_>, values: &Node) {
    let metadata = present(values, "metadata").map(only);
    let field = |key| {
        metadata
            .and_then(|one| present(one, key))
            .and_then(Node::as_text)
    };
    let (namespace, name) = (field("namespace"), field("name"));
    let data = present(values, "data");
    let plain = |text: &str| Scalar::new(text, Kind::String);
    let text_node = |text: &str| Node::Scalar(plain(text));
    let mut of_metadata = Vec::new();
    for (key, value) in [("name", name), ("namespace", namespace)] {
        of_metadata.extend(value.map(|value| (plain(key), text_node(value))));
    }
    let mut object = vec![
        (plain("apiVersion"), text_node("v1")),
        (plain("kind"), text_node("ConfigMap")),
        (
            plain("metadata"),
            Node::Mapping(Mapping::from_entries(of_metadata)),
        ),
    ];
    object.extend(data.map(|data| (plain("data"), data.clone())));
    let node = Node::Mapping(Mapping::from_entries(object));
    let is_mapping = matches!(super::config_map(&node), super::ConfigMapContent::Mapping)
        || super::is_named_like_mapping(&node);
    if !is_mapping {
        gathered.skip(text, "ConfigMap of Terraform".to_owned(), values);
        return;
    }
    gathered.config_maps.push(ConfigMapCandidate {
        document: text.index,
        nodes: Rc::from([node]),
        namespace: namespace.map(str::to_owned),
        name: name.map(str::to_owned),
        offset: values.offset(),
        kind: SourceKind::Terraform,
    });
}

/// Returns the only item of a block, which Terraform writes as a list.
fn only(node: &Node) -> &Node {
    node.as_sequence().and_then(<[Node]>::first).unwrap_or(node)
}

fn present<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    node.get(key).filter(|value| !value.is_null())
}

/// Returns the key of a field under another name, with the place of the original key.
fn key_of(values: &Node, key: &str, name: &str) -> Scalar {
    let entries = values.as_mapping().map_or(&[][..], Mapping::entries);
    let own = entries.iter().find(|(own, _)| own.text() == key);
    own.map_or_else(
        || Scalar::new(name, Kind::String),
        |(own, _)| own.with_text(name),
    )
}

/// Drops the fields without a value.
fn without_nulls(node: &Node) -> Node {
    match node {
        Node::Mapping(mapping) => {
            let entries = mapping.entries().iter();
            let entries = entries.filter(|(_, value)| !value.is_null()).cloned();
            Node::Mapping(Mapping::from_entries(entries.collect()))
        }
        other => other.clone(),
    }
}

fn wrapped(key: &str, node: Node) -> Node {
    let key = Scalar::new(key, Kind::String);
    Node::Mapping(Mapping::from_entries(vec![(key, node)]))
}
