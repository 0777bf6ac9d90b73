//! CloudFormation templates: the access entries and the cluster in them.
//!
//! The values of a template may depend on its parameters, on other resources and on the account. Parameters
//! with a default, the pseudo parameters of a cluster whose ARN is known, and the ARNs of roles and users with
//! a written name are filled in. An entry with any other value is unknown before the template is deployed, and
//! so is the cluster.

mod clusters;
mod entry;
mod manifest;
mod nested;
mod values;

use aws_auth_map::AuthenticationMode;
use bounded_yaml::{Node, Scalar};

use self::clusters::Clusters;
use self::manifest::{has_text, take_manifest};
use self::nested::{is_nested, lose_macros, take_nested};
use self::values::{MAX_DEPTH, Template, fields, is_no_value};
use super::{managed_nodes, take_mode, take_version};
use crate::gather::inside;
use crate::gather::{Gathered, Text};
use crate::managed::Manager;
use crate::problem::SourceFault;
use crate::source::SourceKind;

pub(crate) use self::clusters::MadeCluster;
pub(crate) use self::nested::{NestedStack, lose_unread};

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

/// Takes the resources of a template. Its short functions were read as mappings of their tags, with `Limits::with_tags`.
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
    lose_macros(gathered, text, node);
    let template = Template::new(node, resources, account);
    let mut clusters = Clusters::new(text, node);
    let mut entries = Vec::new();
    for (id, resource) in resources.entries() {
        let properties = resource.get("Properties");
        match resource.get("Type").and_then(Node::as_text) {
            Some("AWS::EKS::AccessEntry") => {
                let name = properties.and_then(|one| one.get("ClusterName"));
                clusters.saw(gathered, text, &template, (id, name));
                match values::properties(resource).and_then(|one| template.entry(one)) {
                    Ok(entry) => entries.push(entry),
                    Err(why) => {
                        let what = format!("access entry {}: {why}", id.text());
                        let place = text.place(id.offset());
                        gathered.lost(place, SourceFault::NotKnownYet(what));
                    }
                }
            }
            Some("AWS::EKS::Cluster") => {
                clusters.saw_made(gathered, text, &template, (id, resource));
                let keys = [
                    "Version",
                    "AccessConfig",
                    "BootstrapClusterCreatorAdminPermissions",
                ];
                template.take_cluster(gathered, text, properties, keys);
                let path = ["AccessConfig", "AuthenticationMode"];
                template.take_mode(gathered, text, (id, resource), &path);
            }
            Some("Custom::AWSCDK-EKS-Cluster") => {
                clusters.saw_made(gathered, text, &template, (id, resource));
                let keys = [
                    "version",
                    "accessConfig",
                    "bootstrapClusterCreatorAdminPermissions",
                ];
                let config = properties.and_then(|one| one.get("Config"));
                template.take_cluster(gathered, text, config, keys);
                let path = ["Config", "accessConfig", "authenticationMode"];
                template.take_mode(gathered, text, (id, resource), &path);
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
                let name = properties.and_then(|one| one.get("ClusterName"));
                clusters.saw(gathered, text, &template, (id, name));
                take_manifest(gathered, text, &template, (id, kind), resource);
            }
            Some("AWSQS::EKS::Cluster")
                if properties.is_some_and(|one| one.get("KubernetesApiAccess").is_some()) =>
            {
                let what = format!("KubernetesApiAccess of {}", id.text());
                gathered.lost(text.place(id.offset()), SourceFault::NotRead(what));
            }
            Some(kind) if is_nested(kind) => take_nested(gathered, text, id, resource),
            Some("Custom::AWSCDK-EKS-KubernetesPatch")
                if properties
                    .and_then(|one| one.get("ResourceName"))
                    .is_some_and(|name| has_text(name, &PATCHED)) =>
            {
                let what = format!("the patch {}", id.text());
                gathered.lost(text.place(id.offset()), SourceFault::NotRead(what));
            }
            Some(kind) if is_of_eks(kind) && inside::is_access(resource) => {
                let what = format!("{}, a {kind},", id.text());
                let fault = SourceFault::Unread(what, inside::INSTEAD);
                gathered.lost(text.place(id.offset()), fault);
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
    !id.text().starts_with("Fn::ForEach::") || has_text(resource, &PREFIXES)
}

/// Returns whether a type of resource may have a part in the access to a cluster.
fn is_of_eks(kind: &str) -> bool {
    PREFIXES.iter().any(|prefix| kind.starts_with(prefix))
}

const PREFIXES: [&str; 3] = ["AWS::EKS::", "AWSQS::", "Custom::AWSCDK-EKS-"];

/// Words in the names of the objects that give access, such as `clusterrolebinding/dev`, as a patch of the AWS CDK has them.
const PATCHED: [&str; 3] = ["aws-auth", "role", "Role"];

impl Template<'_> {
    /// Takes the version, and whether the creator has an entry, by their keys.
    fn take_cluster(
        &self,
        gathered: &mut Gathered,
        text: &Text<'_>,
        properties: Option<&Node>,
        [version, access, creator]: [&str; 3],
    ) {
        let field = |node: Option<&Node>, key| self.text_node(node?.get(key)?).ok();
        if let Some(version) = field(properties, version) {
            take_version(gathered, text, &version);
        }
        let access = properties.and_then(|one| one.get(access));
        managed_nodes::take_creator(gathered, text, field(access, creator).as_ref());
    }

    /// Takes the authentication mode of a cluster, by its path in the properties.
    fn take_mode(
        &self,
        gathered: &mut Gathered,
        text: &Text<'_>,
        (id, resource): (&Scalar, &Node),
        path: &[&str],
    ) {
        match self.mode(resource, path) {
            Ok(Some(mode)) => take_mode(gathered, text, &mode),
            // EKS API, `CreateAccessConfigRequest`: the default unless the console makes the cluster. It may have changed since, so
            // another document decides.
            Ok(None) => {
                let made = (AuthenticationMode::ConfigMap, text.place(id.offset()));
                gathered.mode_by_default.get_or_insert(made);
            }
            Err(why) => {
                let what = format!("{}: {why}", id.text());
                gathered.lose_mode(text.place(id.offset()), what);
            }
        }
    }

    /// Returns the authentication mode that is written.
    fn mode(&self, resource: &Node, path: &[&str]) -> Result<Option<Node>, String> {
        let mut node = values::properties(resource)?;
        for key in path {
            fields(node)?;
            match node.get(key).filter(|value| !is_no_value(value)) {
                None => return Ok(None),
                Some(value) => node = value,
            }
        }
        self.text_node(node).map(Some)
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
