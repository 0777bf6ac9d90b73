//! The formats of documents, recognized by their shape.

mod cloud_formation;
mod managed_nodes;
mod nodes;
mod terraform;

use aws_auth_map::Section;
use bounded_yaml::{Mapping, Node};
use k8s_rbac::KubernetesVersion;

use crate::gather::{Gathered, Text};
use crate::principals::IamPrincipal;
use crate::problem::SourceFault;
use crate::source::SourceKind;
use crate::workload::Workload;

use nodes::without_offsets;

pub(crate) use cloud_formation::{Account, MadeCluster, NestedStack, lose_unread, take_template};
pub(crate) use managed_nodes::{take_cluster_config, take_managed_nodes};
pub(crate) use terraform::take_terraform;

/// The shape of a document that is not an API object.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Shape {
    AccessEntries,
    CloudFormation,
    ConfigMapData,
    DescribeCluster,
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

/// Takes apart a document that is a list of API objects, such as the items that `jq` takes out of the output of
/// `kubectl get -o json`.
pub(crate) fn objects_of(document: Node) -> Vec<Node> {
    match document {
        Node::Sequence(items) if !items.is_empty() && items.iter().all(is_api_object) => items,
        document => vec![document],
    }
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
    if [
        "accessEntries",
        "accessEntry",
        "associatedAccessPolicies",
        "principalArn",
    ]
    .into_iter()
    .any(has)
    {
        return Some(Shape::AccessEntries);
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
fn is_server_text(text: &str) -> bool {
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
    if any(&[
        "accessEntry",
        "accessEntryArn",
        "associatedAccessPolicies",
        "principalArn",
    ]) {
        return Some(Shape::AccessEntries);
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
fn arns_of_text(node: &Node) -> Option<Vec<&str>> {
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

/// The content of a ConfigMap.
pub(crate) enum ConfigMapContent {
    Mapping,
    ServerConfig,
    Other,
}

/// Returns the content of a ConfigMap, from its keys.
pub(crate) fn config_map(node: &Node) -> ConfigMapContent {
    let fields = ["data", "binaryData", "stringData"];
    let keys = fields
        .into_iter()
        .filter_map(|field| node.get(field)?.as_mapping())
        .chain(node.as_mapping())
        .flat_map(Mapping::entries)
        .map(|(key, _)| key.text());
    let sections = Section::ALL.map(Section::key);
    if keys.into_iter().any(|key| sections.contains(&key)) {
        return ConfigMapContent::Mapping;
    }
    let values = node.get("data").and_then(Node::as_mapping);
    let mut values = values.into_iter().flat_map(Mapping::entries);
    match values.any(|(_, value)| value.as_text().is_some_and(is_server_text)) {
        true => ConfigMapContent::ServerConfig,
        false => ConfigMapContent::Other,
    }
}

/// Copies the parts of a document that the reader of the mapping reads: each ConfigMap and each value without a
/// kind, alone or in lists. Other objects are not copied.
pub(crate) fn with_config_maps_only(node: &Node) -> Node {
    let Node::Mapping(mapping) = node else {
        return node.clone();
    };
    match mapping.get("kind").and_then(Node::as_text) {
        None | Some("ConfigMap") => node.clone(),
        Some("ConfigMapList" | "List") => {
            let entries = mapping.entries().iter().map(|(key, value)| {
                let value = match value {
                    Node::Sequence(items) => {
                        Node::Sequence(items.iter().map(with_config_maps_only).collect())
                    }
                    value => value.clone(),
                };
                (key.clone(), value)
            });
            Node::Mapping(Mapping::from_entries(entries.collect()))
        }
        Some(_) => Node::Null,
    }
}

/// Returns whether a ConfigMap has the name of the mapping. If it has no mapping, its keys are mistyped
/// or missing.
pub(crate) fn is_named_like_mapping(node: &Node) -> bool {
    node.get("metadata")
        .and_then(|metadata| metadata.get("name"))
        .and_then(Node::as_text)
        == Some(aws_auth_map::ConfigMapName::default().name())
}

/// Takes the mode and the version from `aws eks describe-cluster`.
pub(crate) fn take_cluster(gathered: &mut Gathered, text: &Text<'_>, node: &Node) {
    gathered.saw(text, SourceKind::DescribeCluster, node.offset());
    let Some(cluster) = node.get("cluster") else {
        return;
    };
    gathered.saw_cluster(text, cluster.get("name"));
    gathered.saw_cluster_arn(text, cluster.get("arn"));
    let arn = cluster.get("arn").and_then(Node::as_text);
    if let Some(account) = arn.and_then(Account::of_cluster) {
        gathered.account = Some(account);
    }
    if let Some(version) = cluster.get("version") {
        take_version(gathered, text, version);
    }
    let config = cluster.get("accessConfig");
    let field = |key| config.and_then(|config| config.get(key));
    if let Some(mode) = field("authenticationMode") {
        take_mode(gathered, text, mode);
    }
    managed_nodes::take_creator(gathered, field("bootstrapClusterCreatorAdminPermissions"));
}

pub(crate) fn take_version(gathered: &mut Gathered, text: &Text<'_>, node: &Node) {
    let place = text.place(node.offset());
    match node.as_text().map(str::parse::<KubernetesVersion>) {
        Some(Ok(version)) => gathered.set_version(version, place),
        Some(Err(_)) => {
            let version = node.as_text().unwrap_or_default().to_owned();
            gathered.report(place, SourceFault::UnknownVersion(version));
        }
        None => gathered.report(place, SourceFault::Field("version")),
    }
}

pub(crate) fn take_mode(gathered: &mut Gathered, text: &Text<'_>, node: &Node) {
    let place = text.place(node.offset());
    match node.as_text().map(str::parse) {
        Some(Ok(mode)) => gathered.set_mode(mode, place),
        Some(Err(_)) => {
            let mode = node.as_text().unwrap_or_default().to_owned();
            gathered.lost(place, SourceFault::AuthenticationMode(mode));
        }
        None => gathered.lost(place, SourceFault::Field("authenticationMode")),
    }
}

/// Takes the roles and users that AWS lists.
pub(crate) fn take_principals(gathered: &mut Gathered, text: &Text<'_>, node: &Node) {
    if let Some(arns) = arns_of_text(node) {
        for arn in arns {
            take_principal(gathered, text, node.offset(), Some(arn), None);
        }
        return;
    }
    let lists = ["Role", "Roles", "User", "Users"];
    let found: Vec<&Node> = match node {
        Node::Sequence(items) => items.iter().collect(),
        _ => lists
            .into_iter()
            .filter_map(|key| node.get(key))
            .flat_map(|list| match list {
                Node::Sequence(items) => items.iter().collect(),
                one => vec![one],
            })
            .collect(),
    };
    if found.is_empty() {
        gathered.saw(text, SourceKind::Principals, node.offset());
    }
    for one in found {
        let arn = one.as_text().or_else(|| one.get("Arn")?.as_text());
        let id = one.get("RoleId").or_else(|| one.get("UserId"));
        take_principal(
            gathered,
            text,
            one.offset(),
            arn,
            id.and_then(Node::as_text),
        );
    }
}

fn take_principal(
    gathered: &mut Gathered,
    text: &Text<'_>,
    offset: Option<usize>,
    arn: Option<&str>,
    id: Option<&str>,
) {
    gathered.saw(text, SourceKind::Principals, offset);
    let place = text.place(offset);
    match arn.filter(|arn| iam_principal::Principal::parse(arn).is_ok()) {
        None => gathered.lost(place, SourceFault::Field("Arn")),
        Some(arn) => gathered.principals.add(IamPrincipal {
            arn: arn.to_owned(),
            unique_id: id.map(str::to_owned),
            place,
        }),
    }
}

pub(crate) fn take_service_account(gathered: &mut Gathered, text: &Text<'_>, node: &Node) {
    gathered.saw(text, SourceKind::ServiceAccounts, node.offset());
    let Some((namespace, name)) = namespace_and_name(gathered, text, node) else {
        return;
    };
    gathered.service_accounts.push((namespace, name));
}

/// Takes a pod, or an object with a template of pods. Returns whether it is such an object.
pub(crate) fn take_workload(
    gathered: &mut Gathered,
    text: &Text<'_>,
    node: &Node,
    (group, kind): (&str, &str),
) -> bool {
    let path = |keys: &[&str]| keys.iter().try_fold(node, |node, key| node.get(key));
    let template = path(&["spec", "template", "spec"]);
    let spec = match (group, kind) {
        ("", "Pod") => path(&["spec"]),
        ("", "PodTemplate") => path(&["template", "spec"]),
        ("batch", "CronJob") => path(&["spec", "jobTemplate", "spec", "template", "spec"]),
        ("apps", "DaemonSet" | "Deployment" | "ReplicaSet" | "StatefulSet")
        | ("batch", "Job")
        | ("", "ReplicationController") => template,
        // An operator's own kind with a template of pods, such as a Rollout of Argo.
        _ => match template.filter(|spec| spec.get("containers").is_some()) {
            None => return false,
            spec => spec,
        },
    };
    gathered.saw(text, SourceKind::Workloads, node.offset());
    let Some(spec) = spec else {
        gathered.report(text.place(node.offset()), SourceFault::Field("spec"));
        return true;
    };
    let account = ["serviceAccountName", "serviceAccount"]
        .into_iter()
        .filter_map(|key| spec.get(key)?.as_text())
        .find(|account| !account.is_empty());
    if let Some((namespace, name)) = namespace_and_name(gathered, text, node) {
        gathered.workloads.push(Workload {
            kind: kind.to_owned(),
            namespace,
            name,
            service_account: account.unwrap_or("default").to_owned(),
            place: text.place(node.offset()),
        });
    }
    true
}

/// Returns the namespace and the name of an object. The default namespace is `default`.
fn namespace_and_name(
    gathered: &mut Gathered,
    text: &Text<'_>,
    node: &Node,
) -> Option<(String, String)> {
    let place = || text.place(node.offset());
    let metadata = |key| {
        let text = node.get("metadata")?.get(key)?.as_text()?;
        (!text.is_empty()).then(|| text.to_owned())
    };
    let Some(name) = metadata("name").or_else(|| metadata("generateName")) else {
        gathered.report(place(), SourceFault::Field("metadata.name"));
        return None;
    };
    let namespace = metadata("namespace").unwrap_or_else(|| {
        gathered.report(place(), SourceFault::NamespaceDefaulted);
        "default".to_owned()
    });
    Some((namespace, name))
}
