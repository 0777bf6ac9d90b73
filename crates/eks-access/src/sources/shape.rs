//! The shape of a document, by which its format is recognized.

use aws_auth_map::Section;
use bounded_yaml::{Mapping, Node};

use super::eksctl_entries::PRINCIPAL;
use super::{ConfigMapContent, config_map, managed_nodes};
use crate::source::SourceKind;

/// The shape of a document that is not an API object.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Shape {
    AccessEntries,
    CloudFormation,
    ConfigMapData,
    DescribeCluster,
    EksctlEntries,
    ManagedNodes,
    /// A format that `aws-auth-map` reads from its text.
    Mapping(SourceKind),
    Principals,
    Terraform,
}

/// Returns whether a document is an object of the Kubernetes API, or of a tool that imitates it.
pub(crate) fn is_api_object(node: &Node) -> bool {
    let is_there = |key| node.get(key).is_some_and(|value| !value.is_null());
    is_there("apiVersion") && is_there("kind")
}

/// The parts of a document that are read one by one.
pub(crate) enum Objects {
    /// The document is read as a whole.
    Whole(Node),
    /// The document is a list of API objects, such as the items that `jq` takes out of the output of `kubectl get -o json`,
    /// or of answers of AWS, such as those that `jq -s` joins.
    Items(Vec<Node>),
}

/// Takes a document apart if it is a list of objects or answers.
pub(crate) fn objects_of(document: Node) -> Objects {
    match document {
        Node::Sequence(items) if items.iter().any(is_read_alone) => {
            let objects = items.into_iter().map(objects_of);
            Objects::Items(objects.flat_map(Objects::into_items).collect())
        }
        Node::Mapping(mapping) if is_list_without_kind(&mapping) => {
            let items = mapping.get("items").and_then(Node::as_sequence);
            Objects::Items(items.unwrap_or_default().to_vec())
        }
        document => Objects::Whole(document),
    }
}

impl Objects {
    fn into_items(self) -> Vec<Node> {
        match self {
            Self::Whole(node) => vec![node],
            Self::Items(items) => items,
        }
    }
}

/// Returns the format of an item if it is read from the text of its document, so that it must be a document of its own.
/// `None` if the item is read by itself.
pub(crate) fn format_of_text(item: &Node) -> Option<&'static str> {
    if is_api_object(item) {
        let text = |key| item.get(key).and_then(Node::as_text).unwrap_or_default();
        return match text("kind") {
            "IAMIdentityMapping" => Some("an IAMIdentityMapping in a list"),
            "ClusterConfig" if text("apiVersion").starts_with("eksctl.io/") => {
                Some("a ClusterConfig in a list")
            }
            "ConfigMap" if config_map(item) == ConfigMapContent::ServerConfig => {
                Some("a configuration of aws-iam-authenticator in a list")
            }
            _ => None,
        };
    }
    match shape(item)? {
        Shape::CloudFormation => Some("a CloudFormation template in a list"),
        Shape::Mapping(_) => Some("a mapping in a list of other objects"),
        _ => None,
    }
}

/// Returns whether an item of a list is read as if it were a document.
fn is_read_alone(item: &Node) -> bool {
    match item {
        Node::Mapping(mapping) => {
            let shape = || shape_of_mapping(mapping);
            is_api_object(item)
                || is_list_without_kind(mapping)
                || matches!(shape(), Some(Shape::DescribeCluster | Shape::ManagedNodes))
        }
        Node::Sequence(items) => items.iter().any(is_read_alone),
        Node::Null | Node::Scalar(_) => false,
    }
}

/// Returns whether an object is a list of API objects, and lacks the kind or the version that a list has. One that may
/// be cut off, or has anything else, is not.
fn is_list_without_kind(mapping: &Mapping) -> bool {
    let is_there = |key| mapping.get(key).is_some_and(|value| !value.is_null());
    let metadata = mapping.get("metadata");
    let is_cut_off = metadata.is_some_and(|metadata| metadata.get("continue").is_some());
    let items = mapping.get("items").and_then(Node::as_sequence);
    let has_kind = is_there("apiVersion") && is_there("kind");
    let keys = ["apiVersion", "items", "kind", "metadata"];
    let mut entries = mapping.entries().iter();
    let has_more =
        !mapping.duplicates().is_empty() || entries.any(|(key, _)| !keys.contains(&key.text()));
    !has_kind
        && !is_cut_off
        && !has_more
        && items.is_some_and(|items| items.iter().any(is_api_object))
}

/// Recognizes a document by its keys. `None` if it has no known shape.
pub(crate) fn shape(node: &Node) -> Option<Shape> {
    match node {
        Node::Mapping(mapping) => shape_of_mapping(mapping),
        Node::Sequence(items) => shape_of_list(items),
        Node::Scalar(_) => arns_of_text(node).map(|_| Shape::Principals),
        Node::Null => None,
    }
}

fn shape_of_mapping(mapping: &Mapping) -> Option<Shape> {
    let has = |key| mapping.get(key).is_some();
    if has("terraform_version") || has("format_version") && (has("planned_values") || has("values"))
    {
        return Some(Shape::Terraform);
    }
    if has("AWSTemplateFormatVersion") || mapping.get("Resources").is_some_and(has_resources) {
        return Some(Shape::CloudFormation);
    }
    if is_server_config(mapping) {
        return Some(Shape::Mapping(SourceKind::ServerConfig));
    }
    // Values of a chart and variables of a module have entries by name.
    let entries = mapping.get("accessEntries");
    let are_by_name = entries.is_some_and(|entries| entries.as_mapping().is_some());
    if is_access_entry(mapping) && !are_by_name {
        return Some(Shape::AccessEntries);
    }
    if has(PRINCIPAL) {
        return Some(Shape::EksctlEntries);
    }
    if ["Role", "Roles", "User", "Users"]
        .into_iter()
        .any(|key| mapping.get(key).is_some_and(is_principals))
    {
        return Some(Shape::Principals);
    }
    let cluster = mapping.get("cluster");
    if cluster.is_some_and(|it| it.get("arn").is_some() || it.get("accessConfig").is_some()) {
        return Some(Shape::DescribeCluster);
    }
    if is_part_of_cluster(mapping) || is_cluster_of_eksctl(mapping) {
        return Some(Shape::DescribeCluster);
    }
    if managed_nodes::is_managed_nodes(mapping) {
        return Some(Shape::ManagedNodes);
    }
    let has_section = |key| {
        let inner = mapping.get("data").and_then(|data| data.get(key));
        has(key) || inner.is_some()
    };
    if Section::ALL.into_iter().map(Section::key).any(has_section) {
        let is_dynamic = ["ClusterID", "LastUpdatedDateTime", "lastUpdatedDateTime"]
            .into_iter()
            .any(has);
        return Some(match is_dynamic || has_user_ids(mapping) {
            true => Shape::Mapping(SourceKind::DynamicFile),
            false => Shape::ConfigMapData,
        });
    }
    None
}

/// Returns whether an object is the part of the output of `aws eks describe-cluster` that `--query cluster` or `--query
/// cluster.accessConfig` takes.
fn is_part_of_cluster(mapping: &Mapping) -> bool {
    let mode = mapping.get("authenticationMode");
    let config = mapping.get("accessConfig");
    let arn = mapping.get("arn").and_then(Node::as_text);
    mode.is_some_and(|mode| mode.as_text().is_some())
        || config.is_some_and(|config| config.get("authenticationMode").is_some())
        || mapping.get("name").is_some() && arn.is_some_and(is_arn_of_cluster)
}

fn is_arn_of_cluster(arn: &str) -> bool {
    arn.contains(":eks:") && arn.contains(":cluster/")
}

/// Returns whether an object is a cluster as `eksctl get cluster` prints it for one cluster (`pkg/ctl/get/cluster.go`).
fn is_cluster_of_eksctl(mapping: &Mapping) -> bool {
    let arn = mapping.get("Arn").and_then(Node::as_text);
    arn.is_some_and(is_arn_of_cluster) && mapping.get("Name").is_some()
}

/// The keys of an access entry, of access policies, and of objects that contain them.
const OF_ENTRIES: [&str; 4] = [
    "accessEntries",
    "accessEntry",
    "associatedAccessPolicies",
    "principalArn",
];

/// Returns whether an object is an access entry or access policies of a principal, or contains them, as the AWS command line
/// prints and reads them.
pub(crate) fn is_access_entry(mapping: &Mapping) -> bool {
    OF_ENTRIES.iter().any(|key| mapping.get(key).is_some())
}

/// Keys under `server` that occur only in the configuration file of aws-iam-authenticator, in lower case. Values of
/// Helm charts and files of Spring Boot have a key `server`, too, with an `address` and a `port`.
const SERVER_KEYS: [&str; 10] = [
    "backendmode",
    "dynamicbackendmodepath",
    "dynamicfilepath",
    "ec2describeinstancesrolearn",
    "generatekubeconfig",
    "mapaccount",
    "maprole",
    "mapuser",
    "reservedprefixconfig",
    "scrubbedaccounts",
];

/// Whether a key names the cluster in the configuration file, or begins like one of
/// [`SERVER_KEYS`].
fn is_key_of_server(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    key == "clusterid" || SERVER_KEYS.iter().any(|known| key.starts_with(known))
}

/// Whether a mapping is the configuration file of aws-iam-authenticator.
fn is_server_config(mapping: &Mapping) -> bool {
    let Some(server) = mapping.get("server").and_then(Node::as_mapping) else {
        return false;
    };
    let mut keys = mapping.entries().iter().chain(server.entries());
    keys.any(|(key, _)| is_key_of_server(key.text()))
}

/// Whether a text of a ConfigMap is the configuration file of aws-iam-authenticator.
pub(super) fn is_server_text(text: &str) -> bool {
    let key = |line: &str| {
        let (key, _) = line.split_once(':')?;
        Some(is_key_of_server(key.trim()))
    };
    text.lines().any(|line| line.trim_end() == "server:")
        && text.lines().any(|line| key(line) == Some(true))
}

fn shape_of_list(items: &[Node]) -> Option<Shape> {
    let any = |keys: &[&str]| {
        items
            .iter()
            .any(|item| keys.iter().any(|key| item.get(key).is_some()))
    };
    if any(&OF_ENTRIES) || any(&["accessEntryArn"]) {
        return Some(Shape::AccessEntries);
    }
    if any(&[PRINCIPAL]) {
        return Some(Shape::EksctlEntries);
    }
    if any(&["rolearn", "userarn", "account"]) {
        return Some(Shape::Mapping(SourceKind::IdentityMappingList));
    }
    let is_arn = |item: &Node| item.as_text().is_some_and(|text| text.starts_with("arn:"));
    let is_arns = !items.is_empty() && items.iter().all(is_arn);
    (is_arns || items.iter().any(is_principal)).then_some(Shape::Principals)
}

/// Returns the ARNs that a text consists of, as `--query 'Roles[].Arn' --output text` prints them. `None` if it
/// has another word.
pub(super) fn arns_of_text(node: &Node) -> Option<Vec<&str>> {
    let words: Vec<&str> = node.as_text()?.split_ascii_whitespace().collect();
    let is_arns = !words.is_empty() && words.iter().all(|word| word.starts_with("arn:"));
    is_arns.then_some(words)
}

/// Whether a value is the `Resources` of a CloudFormation template.
fn has_resources(node: &Node) -> bool {
    let is_type = |resource: &Node| {
        let kind = resource.get("Type").and_then(Node::as_text);
        kind.is_some_and(|kind| kind.contains("::"))
    };
    node.as_mapping()
        .is_some_and(|it| it.entries().iter().any(|(_, resource)| is_type(resource)))
}

/// Whether a value is a role or a user of IAM, or a list of them.
fn is_principals(node: &Node) -> bool {
    match node {
        Node::Sequence(items) => items.iter().all(is_principal),
        _ => is_principal(node),
    }
}

fn is_principal(node: &Node) -> bool {
    let has = |key| node.get(key).is_some();
    has("Arn")
        && ["RoleId", "RoleName", "UserId", "UserName"]
            .into_iter()
            .any(has)
}

/// Whether an entry of a section matches by user id. Only entries of a dynamic file can.
fn has_user_ids(mapping: &Mapping) -> bool {
    let sections = Section::ALL
        .into_iter()
        .filter_map(|section| mapping.get(section.key()));
    sections
        .filter_map(Node::as_sequence)
        .flatten()
        .any(|entry| entry.get("userid").is_some())
}
