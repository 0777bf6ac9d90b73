//! Plans and states of Terraform, from `terraform show -json`, and state files: the access entries, the
//! ConfigMap and the cluster in them.

mod data;
mod entry;
mod manifest;
mod plan;
mod rbac;

use std::rc::Rc;

use bounded_yaml::{Kind, Mapping, Node, Scalar};

use self::plan::{Plan, Written, is_unknown};
use super::{managed_nodes, take_mode, take_version};
use crate::gather::inside;
use crate::gather::{ConfigMapCandidate, Gathered, Text};
use crate::managed::Manager;
use crate::problem::SourceFault;
use crate::source::SourceKind;

/// A resource: its type, its address, and its values.
struct Resource<'n> {
    kind: &'n str,
    /// Whether it is a data source.
    is_data: bool,
    address: String,
    values: &'n Node,
    /// The values that are known only after a plan is applied, as true.
    unknown: Option<&'n Node>,
}

impl<'n> Resource<'n> {
    fn unknown_of(&self, key: &str) -> Option<&'n Node> {
        self.unknown?.get(key)
    }

    /// Returns whether a part of an attribute is known only after the plan is applied.
    fn is_unknown(&self, key: &str) -> bool {
        self.unknown_of(key).is_some_and(is_unknown)
    }
}

/// The depth of modules that is read. The modules of Terraform's registry have only a few levels.
const MAX_MODULE_DEPTH: usize = 32;

/// Takes the resources of a plan or a state.
///
/// A plan is read in its planned state: `planned_values`. Values that are known only after the plan is applied are
/// missing there, and `after_unknown` has them.
pub(crate) fn take_terraform(
    gathered: &mut Gathered,
    text: &Text<'_>,
    node: &Node,
    entries: &mut Vec<Node>,
) {
    gathered.saw(text, SourceKind::Terraform, node.offset());
    if node.get("errored").and_then(Node::as_text) == Some("true") {
        gathered.lost(text.place(node.offset()), SourceFault::FailedPlan);
    }
    if node.get("complete").and_then(Node::as_text) == Some("false") {
        gathered.lost(text.place(node.offset()), SourceFault::PartOfPlan);
    }
    lose_deferred(gathered, text, node);
    lose_forgotten(gathered, text, node);
    let mut resources = Vec::new();
    let values = node.get("planned_values").or_else(|| node.get("values"));
    match values.and_then(|values| values.get("root_module")) {
        Some(module) => of_module(module, MAX_MODULE_DEPTH, &mut resources),
        None => of_state_file(node, &mut resources),
    }
    let (data, mut resources): (Vec<_>, Vec<_>) =
        resources.into_iter().partition(|resource| resource.is_data);
    let plan = Plan::of(node);
    for resource in &mut resources {
        resource.unknown = plan.unknown_of(&resource.address);
    }
    lose_unnamed_clusters(gathered, text, &resources);
    for resource in &resources {
        take_resource(gathered, text, (resource, &plan), entries);
    }
    data::take(gathered, text, (node, &plan), (data, &resources), entries);
}

/// Leaves no answer if a resource that may give access is left for a later plan.
fn lose_deferred(gathered: &mut Gathered, text: &Text<'_>, node: &Node) {
    let deferred = node.get("deferred_changes").and_then(Node::as_sequence);
    for change in deferred.unwrap_or_default() {
        let field = |key| change.get("resource_change")?.get(key)?.as_text();
        let (kind, address) = (field("type").unwrap_or_default(), field("address"));
        if is_named(kind) {
            let what = address.unwrap_or(kind).to_owned();
            gathered.lost(text.place(change.offset()), SourceFault::NotKnownYet(what));
        }
    }
}

/// Leaves no answer if a plan forgets a resource that may give access: it stays as it is, and the plan no longer has it.
fn lose_forgotten(gathered: &mut Gathered, text: &Text<'_>, node: &Node) {
    let changes = node.get("resource_changes").and_then(Node::as_sequence);
    for resource in changes.unwrap_or_default() {
        let field = |key| resource.get(key).and_then(Node::as_text);
        let actions = resource
            .get("change")
            .and_then(|change| change.get("actions"));
        let actions = actions.and_then(Node::as_sequence).unwrap_or_default();
        let is_forgotten = actions
            .iter()
            .any(|action| action.as_text() == Some("forget"));
        let kind = field("type").unwrap_or_default();
        let before = resource
            .get("change")
            .and_then(|change| change.get("before"));
        if is_forgotten && may_give_access(kind, before) {
            let what = format!(
                "{}, which the plan forgets,",
                field("address").unwrap_or(kind)
            );
            let fault = SourceFault::Unread(what, inside::INSTEAD);
            gathered.lost(text.place(resource.offset()), fault);
        }
    }
}

/// Returns whether a resource may give access, from its type and its values. Most objects of Kubernetes and charts do not.
fn may_give_access(kind: &str, values: Option<&Node>) -> bool {
    let is_of_eks = kind.starts_with("aws_eks_") || kind.starts_with("awscc_eks_");
    match values.filter(|values| !is_of_eks && !values.is_null()) {
        None => is_named(kind),
        Some(values) => {
            rbac::object(kind, values).is_some()
                || is_label_of_role(kind, values)
                || inside::is_access(values)
        }
    }
}

/// Returns whether a resource labels a role that exists. Another role may have the rules of all roles with a label.
fn is_label_of_role(kind: &str, values: &Node) -> bool {
    kind == "kubernetes_labels"
        && present(values, "kind").and_then(Node::as_text) == Some("ClusterRole")
}

/// Leaves no answer if one of several clusters has no name yet: which is meant is not known.
fn lose_unnamed_clusters(gathered: &mut Gathered, text: &Text<'_>, resources: &[Resource<'_>]) {
    let clusters = resources
        .iter()
        .filter(|one| matches!(one.kind, "aws_eks_cluster" | "awscc_eks_cluster"));
    let unnamed = clusters
        .clone()
        .find(|one| present(one.values, "name").is_none());
    if let (Some(unnamed), true) = (unnamed, clusters.count() > 1) {
        let what = format!(
            "the name of {}, which is one of several clusters",
            unnamed.address
        );
        let place = text.place(unnamed.values.offset());
        gathered.lost(place, SourceFault::NotKnownYet(what));
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
        if let Some(kind) = field(resource, "type") {
            resources.push(Resource {
                kind,
                is_data: field(resource, "mode") == Some("data"),
                address: field(resource, "address").unwrap_or(kind).to_owned(),
                values: resource.get("values").unwrap_or(&Node::Null),
                unknown: None,
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
        let Some(kind) = field("type") else {
            continue;
        };
        let is_data = field("mode") == Some("data");
        let module = field("module").map(|module| format!("{module}."));
        let name = field("name").unwrap_or_default();
        let instances = resource.get("instances").and_then(Node::as_sequence);
        let values = instances
            .unwrap_or_default()
            .iter()
            .filter_map(|instance| instance.get("attributes"));
        resources.extend(values.map(|values| Resource {
            kind,
            is_data,
            address: format!("{}{kind}.{name}", module.clone().unwrap_or_default()),
            values,
            unknown: None,
        }));
    }
}

fn take_resource(
    gathered: &mut Gathered,
    text: &Text<'_>,
    (resource, plan): (&Resource<'_>, &Plan<'_>),
    entries: &mut Vec<Node>,
) {
    let values = resource.values;
    if let Some(object) = rbac::object(resource.kind, values) {
        match rbac::unknown_field(resource) {
            None => {
                let object = (text.index, object, SourceKind::Terraform);
                gathered.objects.push(object);
            }
            Some(field) => {
                let what = format!("{field} of {}", resource.address);
                gathered.lost(text.place(values.offset()), SourceFault::NotKnownYet(what));
            }
        }
        return;
    }
    if manifest::take_manifest(gathered, text, resource) {
        return;
    }
    match resource.kind {
        "aws_eks_access_entry" | "awscc_eks_access_entry" => {
            gathered.saw_cluster(text, present(values, "cluster_name"));
            entries.extend(entry::entry(gathered, text, (resource, plan)));
        }
        "aws_eks_access_policy_association" => {
            gathered.saw_cluster(text, present(values, "cluster_name"));
            entries.extend(entry::association(gathered, text, resource));
        }
        "aws_eks_cluster" | "awscc_eks_cluster" => {
            take_cluster(gathered, text, (resource, plan));
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
        _ if is_config_map(resource) => take_config_map(gathered, text, resource),
        "aws_cloudformation_stack" if has_access_of_template(values) => {
            let what = format!("the template of {}", resource.address);
            gathered.lost(text.place(values.offset()), SourceFault::NotRead(what));
        }
        kind if is_label_of_role(kind, values) || inside::is_access(values) => {
            let fault = SourceFault::Unread(resource.address.clone(), inside::INSTEAD);
            gathered.lost(text.place(values.offset()), fault);
        }
        kind if is_named(kind) => {
            gathered.skip(text, format!("{kind} of Terraform"), values);
        }
        _ => {}
    }
}

/// Returns whether a type of resource may have a part in the access to a cluster, so that it is named.
fn is_named(kind: &str) -> bool {
    let prefixes = [
        "aws_eks_",
        "awscc_eks_",
        "helm_",
        "k8s_",
        "kubectl_",
        "kubernetes_",
        "kustomization_",
    ];
    prefixes.iter().any(|prefix| kind.starts_with(prefix))
}

fn is_config_map(resource: &Resource<'_>) -> bool {
    let kinds = [
        "kubernetes_config_map",
        "kubernetes_config_map_v1",
        "kubernetes_config_map_v1_data",
    ];
    kinds.contains(&resource.kind)
}

fn has_access_of_template(values: &Node) -> bool {
    let template = present(values, "template_body").and_then(Node::as_text);
    template.is_some_and(|text| text.contains("AWS::EKS::AccessEntry"))
}

fn take_cluster(
    gathered: &mut Gathered,
    text: &Text<'_>,
    (resource, plan): (&Resource<'_>, &Plan<'_>),
) {
    let values = resource.values;
    gathered.saw_cluster(text, present(values, "name"));
    if let Some(version) = present(values, "version") {
        take_version(gathered, text, version);
    }
    let config = present(values, "access_config").map(only);
    let field = |key| config.and_then(|one| present(one, key));
    let path = ["access_config", "authentication_mode"];
    let unknown = resource.unknown_of("access_config").map(only);
    let is_mode_unknown = unknown.is_some_and(|one| match one.get("authentication_mode") {
        Some(mode) => is_unknown(mode),
        None => one.as_text() == Some("true"),
    });
    match field("authentication_mode") {
        Some(mode) => take_mode(gathered, text, mode),
        None if is_mode_unknown && plan.written(&resource.address, &path) != Written::Absent => {
            let place = text.place(values.offset());
            gathered.lose_mode(place, resource.address.clone());
        }
        None => {}
    }
    let creator = field("bootstrap_cluster_creator_admin_permissions");
    managed_nodes::take_creator(gathered, text, creator);
}

/// Converts a ConfigMap of the provider `kubernetes` to an object, if it has the name of the mapping or a
/// section of it.
fn take_config_map(gathered: &mut Gathered, text: &Text<'_>, resource: &Resource<'_>) {
    let values = resource.values;
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
    let is_generated = field("generate_name").is_some();
    let may_be_mapping = is_mapping || name.is_none() && !is_generated;
    let is_data_unknown = values.get("data").is_none() || resource.is_unknown("data");
    if may_be_mapping && is_data_unknown {
        let what = format!("data of {}", resource.address);
        gathered.lost(text.place(values.offset()), SourceFault::NotKnownYet(what));
        return;
    }
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
        is_data: resource.is_data,
    });
}

/// Returns the only item of a block, which Terraform writes as a list.
fn only(node: &Node) -> &Node {
    node.as_sequence().and_then(<[Node]>::first).unwrap_or(node)
}

fn present<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    node.get(key).filter(|value| !value.is_null())
}
