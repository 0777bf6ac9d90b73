//! CloudFormation templates: the access entries and the cluster in them.
//!
//! The values of a template may depend on its parameters, on other resources and on the account. Parameters
//! with a default, the pseudo parameters of a cluster whose ARN is known, and the ARNs of roles and users with
//! a written name are filled in. An entry with any other value is unknown before the template is deployed, and
//! so is the cluster.

mod entry;
mod manifest;
mod values;

use bounded_yaml::{Node, Scalar};

use self::manifest::take_manifest;
use self::values::{MAX_DEPTH, Template};
use super::{managed_nodes, take_mode, take_version};
use crate::gather::{Gathered, Text};
use crate::managed::Manager;
use crate::problem::SourceFault;
use crate::source::SourceKind;

/// The account and region of a cluster.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) partition: String,
    pub(crate) region: String,
    pub(crate) id: String,
}

impl Account {
    /// Reads the ARN of a cluster: `arn:PARTITION:eks:REGION:ACCOUNT:cluster/NAME`.
    pub(crate) fn of_cluster(arn: &str) -> Option<Self> {
        let mut parts = arn.splitn(6, ':');
        let (prefix, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
        let (region, id) = (parts.next()?, parts.next()?);
        (prefix == "arn" && service == "eks").then(|| Self {
            partition: partition.to_owned(),
            region: region.to_owned(),
            id: id.to_owned(),
        })
    }
}

/// Takes the resources of a template, whose short functions are mappings of their tags, as those of `Limits::with_tags`.
pub(crate) fn take_template(
    gathered: &mut Gathered,
    text: &Text<'_>,
    node: &Node,
    account: Option<&Account>,
) -> Vec<Node> {
    gathered.saw(text, SourceKind::CloudFormation, node.offset());
    let Some(resources) = node.get("Resources").and_then(Node::as_mapping) else {
        gathered.lost(text.place(node.offset()), SourceFault::Field("Resources"));
        return Vec::new();
    };
    let template = Template::new(node, resources, account);
    let mut entries = Vec::new();
    for (id, resource) in resources.entries() {
        let properties = resource.get("Properties");
        match resource.get("Type").and_then(Node::as_text) {
            Some("AWS::EKS::AccessEntry") => {
                let of_resource = properties.map(|one| template.entry(one));
                match of_resource.unwrap_or_else(|| Err("it has no properties".to_owned())) {
                    Ok(entry) => entries.push(entry),
                    Err(why) => {
                        let what = format!("access entry {}: {why}", id.text());
                        let place = text.place(id.offset());
                        gathered.lost(place, SourceFault::NotKnownYet(what));
                    }
                }
            }
            Some("AWS::EKS::Cluster") => {
                let keys = [
                    "Name",
                    "Version",
                    "AccessConfig",
                    "AuthenticationMode",
                    "BootstrapClusterCreatorAdminPermissions",
                ];
                template.take_cluster(gathered, text, properties, keys);
            }
            Some("Custom::AWSCDK-EKS-Cluster") => {
                let keys = [
                    "name",
                    "version",
                    "accessConfig",
                    "authenticationMode",
                    "bootstrapClusterCreatorAdminPermissions",
                ];
                let config = properties.and_then(|one| one.get("Config"));
                template.take_cluster(gathered, text, config, keys);
            }
            Some("AWS::EKS::Nodegroup") => {
                let manager = Manager::NodeGroup(id.text().to_owned());
                template.take_managed(gathered, properties, "NodeRole", manager);
            }
            Some("AWS::EKS::FargateProfile") => {
                let manager = Manager::FargateProfile(id.text().to_owned());
                template.take_managed(gathered, properties, "PodExecutionRoleArn", manager);
            }
            Some(
                kind @ ("AWSQS::Kubernetes::Resource" | "Custom::AWSCDK-EKS-KubernetesResource"),
            ) => {
                take_manifest(gathered, text, &template, (id, kind), properties);
            }
            Some("AWSQS::EKS::Cluster")
                if properties.is_some_and(|one| one.get("KubernetesApiAccess").is_some()) =>
            {
                let what = format!("KubernetesApiAccess of {}", id.text());
                gathered.lost(text.place(id.offset()), SourceFault::NotRead(what));
            }
            Some(kind) if is_of_eks(kind) => {
                gathered.skip(text, format!("{kind} of CloudFormation"), resource);
            }
            None if may_give_access(id, resource) => {
                let what = format!("{} of Resources", id.text());
                gathered.lost(text.place(id.offset()), SourceFault::NotKnownYet(what));
            }
            Some(_) | None => {}
        }
    }
    entries
}

/// Returns whether an entry without a type among the resources may have a part in the access to a cluster. A macro
/// (`Fn::Transform`) may write any resource, and a loop (`Fn::ForEach`) repeats the resources in it
/// (CloudFormation, "Intrinsic function reference").
fn may_give_access(id: &Scalar, resource: &Node) -> bool {
    !id.text().starts_with("Fn::ForEach::") || names_type_of_eks(resource)
}

fn names_type_of_eks(node: &Node) -> bool {
    match node {
        Node::Null => false,
        Node::Scalar(scalar) => is_of_eks(scalar.text()),
        Node::Sequence(items) => items.iter().any(names_type_of_eks),
        Node::Mapping(mapping) => mapping
            .entries()
            .iter()
            .any(|(_, value)| names_type_of_eks(value)),
    }
}

/// Returns whether a type of resource may have a part in the access to a cluster.
fn is_of_eks(kind: &str) -> bool {
    ["AWS::EKS::", "AWSQS::", "Custom::AWSCDK-EKS-"]
        .iter()
        .any(|prefix| kind.starts_with(prefix))
}

impl Template<'_> {
    /// Takes the version, the authentication mode and whether the creator has an entry, by their keys.
    fn take_cluster(
        &self,
        gathered: &mut Gathered,
        text: &Text<'_>,
        properties: Option<&Node>,
        [name, version, access, mode, creator]: [&str; 5],
    ) {
        let field = |node: Option<&Node>, key| self.text_node(node?.get(key)?).ok();
        // A name that refers to a parameter is not filled in: the default may be the name of another cluster.
        gathered.saw_cluster(text, properties.and_then(|one| one.get(name)));
        if let Some(version) = field(properties, version) {
            take_version(gathered, text, &version);
        }
        let access = properties.and_then(|one| one.get(access));
        if let Some(mode) = field(access, mode) {
            take_mode(gathered, text, &mode);
        }
        managed_nodes::take_creator(gathered, field(access, creator).as_ref());
    }

    /// Takes the role of a managed node group or a Fargate profile, if its ARN is known.
    fn take_managed(
        &self,
        gathered: &mut Gathered,
        properties: Option<&Node>,
        role: &str,
        manager: Manager,
    ) {
        let role = properties.and_then(|one| one.get(role));
        if let Some(Ok(arn)) = role.map(|role| self.resolve(role, MAX_DEPTH)) {
            gathered.managed.add(&arn, manager);
        }
    }
}
