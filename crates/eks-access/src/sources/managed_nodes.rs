//! Managed node groups and Fargate profiles, whose access entries EKS makes itself.

use bounded_yaml::{Mapping, Node};

use crate::gather::{Gathered, Text};
use crate::managed::Manager;
use crate::source::SourceKind;

/// Returns whether a document is the output of `aws eks describe-nodegroup` or `describe-fargate-profile`.
pub(super) fn is_managed_nodes(mapping: &Mapping) -> bool {
    let has = |key: &str, field: &str| {
        let described = mapping.get(key);
        described.is_some_and(|node| node.get(field).is_some())
    };
    has("nodegroup", "nodeRole") || has("fargateProfile", "podExecutionRoleArn")
}

/// Takes the role of a node group or a Fargate profile, as the AWS command line prints it.
pub(crate) fn take_managed_nodes(gathered: &mut Gathered, text: &Text<'_>, node: &Node) {
    gathered.saw(text, SourceKind::ManagedNodes, node.offset());
    if let Some(group) = node.get("nodegroup") {
        gathered.saw_cluster(text, group.get("clusterName"));
        gathered.saw_cluster_arn(text, group.get("nodegroupArn"));
        let manager = Manager::NodeGroup(name(group, "nodegroupName"));
        add(gathered, group.get("nodeRole"), manager);
    }
    if let Some(profile) = node.get("fargateProfile") {
        gathered.saw_cluster(text, profile.get("clusterName"));
        gathered.saw_cluster_arn(text, profile.get("fargateProfileArn"));
        let manager = Manager::FargateProfile(name(profile, "fargateProfileName"));
        add(gathered, profile.get("podExecutionRoleArn"), manager);
    }
}

/// Takes the roles of the managed node groups and Fargate profiles of a `ClusterConfig` of eksctl, if they are
/// given.
pub(crate) fn take_cluster_config(gathered: &mut Gathered, text: &Text<'_>, config: &Node) {
    let metadata = config.get("metadata");
    let field = |key| metadata.and_then(|metadata| metadata.get(key));
    gathered.saw_cluster(text, field("name"));
    gathered.saw_region(text, field("region"));
    let list = |key| {
        config
            .get(key)
            .and_then(Node::as_sequence)
            .unwrap_or_default()
    };
    for group in list("managedNodeGroups") {
        let role = group.get("iam").and_then(|iam| iam.get("instanceRoleARN"));
        add(gathered, role, Manager::NodeGroup(name(group, "name")));
    }
    for profile in list("fargateProfiles") {
        let role = profile.get("podExecutionRoleARN");
        let manager = Manager::FargateProfile(name(profile, "name"));
        add(gathered, role, manager);
    }
    let access = config.get("accessConfig");
    take_creator(
        gathered,
        text,
        access.and_then(|access| access.get("bootstrapClusterCreatorAdminPermissions")),
    );
}

/// Takes whether the principal that created the cluster has an entry. The first document that has it decides.
pub(super) fn take_creator(gathered: &mut Gathered, text: &Text<'_>, value: Option<&Node>) {
    let has_creator = match value.and_then(Node::as_text) {
        Some("true") => true,
        Some("false") => false,
        _ => return,
    };
    let place = text.place(value.and_then(Node::offset));
    let creator = &mut gathered.managed.creator;
    creator.get_or_insert((has_creator, place));
}

pub(super) fn add(gathered: &mut Gathered, role: Option<&Node>, manager: Manager) {
    if let Some(arn) = role.and_then(Node::as_text) {
        gathered.managed.add(arn, manager);
    }
}

pub(super) fn name(node: &Node, key: &str) -> String {
    let name = node.get(key).and_then(Node::as_text);
    name.unwrap_or_default().to_owned()
}
