//! The formats of documents, and the parts that a cluster needs of them.

mod cloud_formation;
mod eksctl_entries;
mod managed_nodes;
mod nodes;
mod shape;
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
use shape::{arns_of_text, is_server_text};

pub(crate) use cloud_formation::{Account, MadeCluster, NestedStack, lose_unread, take_template};
pub(crate) use eksctl_entries::{EksctlEntry, take_eksctl_entries};
pub(crate) use managed_nodes::{take_cluster_config, take_managed_nodes};
pub(crate) use shape::{
    Objects, Shape, format_of_text, is_access_entry, is_api_object, objects_of, shape,
};
pub(crate) use terraform::take_terraform;

/// The content of a ConfigMap.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
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

/// Takes the mode and the version from `aws eks describe-cluster` or `eksctl get cluster`.
pub(crate) fn take_cluster(gathered: &mut Gathered, text: &Text<'_>, node: &Node) {
    gathered.saw(text, SourceKind::DescribeCluster, node.offset());
    let (cluster, names) = match node.get("cluster") {
        Some(cluster) => (cluster, &OF_AWS),
        None if node.get(OF_EKSCTL.arn).is_some() => (node, &OF_EKSCTL),
        None => (node, &OF_AWS),
    };
    gathered.saw_cluster(text, cluster.get(names.name));
    gathered.saw_cluster_arn(text, cluster.get(names.arn));
    let arn = cluster.get(names.arn).and_then(Node::as_text);
    if let Some(account) = arn.and_then(Account::of_cluster) {
        gathered.account = Some(account);
    }
    if let Some(version) = cluster.get(names.version) {
        take_version(gathered, text, version);
    }
    // A query may have taken the configuration alone.
    let config = cluster.get(names.config).or(Some(cluster));
    let field = |key| config.and_then(|config| config.get(key));
    if let Some(mode) = field(names.mode) {
        take_mode(gathered, text, mode);
    }
    managed_nodes::take_creator(gathered, text, field(names.creator));
}

/// The names of the fields of a cluster.
struct ClusterNames {
    name: &'static str,
    arn: &'static str,
    version: &'static str,
    config: &'static str,
    mode: &'static str,
    creator: &'static str,
}

/// The names in the output of `aws eks describe-cluster`.
const OF_AWS: ClusterNames = ClusterNames {
    name: "name",
    arn: "arn",
    version: "version",
    config: "accessConfig",
    mode: "authenticationMode",
    creator: "bootstrapClusterCreatorAdminPermissions",
};

/// The names in the output of `eksctl get cluster`, which are those of the AWS SDK for Go.
const OF_EKSCTL: ClusterNames = ClusterNames {
    name: "Name",
    arn: "Arn",
    version: "Version",
    config: "AccessConfig",
    mode: "AuthenticationMode",
    creator: "BootstrapClusterCreatorAdminPermissions",
};

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
