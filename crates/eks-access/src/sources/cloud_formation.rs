//! CloudFormation templates: the access entries and the cluster in them.
//!
//! The values of a template may depend on its parameters, on other resources and on the account. Parameters
//! with a default, the pseudo parameters of a cluster whose ARN is known, and the ARNs of roles and users with
//! a written name are filled in. An entry with any other value is unknown before the template is deployed, and
//! so is the cluster.

mod manifest;

use std::cell::Cell;

use bounded_yaml::{Kind, Mapping, Node, Scalar};

use self::manifest::{MAX_MANIFEST, take_manifest};
use super::{managed_nodes, take_mode, take_version};
use crate::gather::{Gathered, Text};
use crate::managed::Manager;
use crate::problem::SourceFault;
use crate::source::SourceKind;

/// A template, and the parameters and resources that its values may refer to.
struct Template<'t> {
    parameters: Option<&'t Node>,
    resources: &'t Mapping,
    account: Option<&'t Account>,
    /// The number of values that may still be filled in.
    budget: Cell<usize>,
    /// The limit on the length of a text.
    max_text: Cell<usize>,
}

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

/// The depth of nested functions that is read. Our choice: `Fn::Join` in `Fn::Join` has two.
const MAX_DEPTH: usize = 16;

/// The number of values of a template that are filled in. A template has at most 500 resources (CloudFormation
/// quotas). Functions that repeat each other could otherwise take time that grows with every level.
const MAX_VALUES: usize = 100_000;

/// The length of a text that is filled in, in bytes. An ARN has at most 2,048.
const MAX_TEXT: usize = 8192;

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
    let template = Template {
        parameters: node.get("Parameters"),
        resources,
        account,
        budget: Cell::new(MAX_VALUES),
        max_text: Cell::new(MAX_TEXT),
    };
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

    /// Fills in the text of a manifest, which may be longer than a name.
    fn resolve_manifest(&self, node: &Node) -> Result<String, String> {
        self.max_text.set(MAX_MANIFEST);
        let filled = self.resolve(node, MAX_DEPTH);
        self.max_text.set(MAX_TEXT);
        filled
    }

    fn check_length(&self, text: &str) -> Result<(), String> {
        match text.len() > self.max_text.get() {
            true => Err("a text is too long".to_owned()),
            false => Ok(()),
        }
    }

    /// Converts the properties of an access entry to the shape of the EKS API.
    fn entry(&self, properties: &Node) -> Result<Node, String> {
        let mut fields = Vec::new();
        for (key, value) in properties.as_mapping().map_or(&[][..], Mapping::entries) {
            let (name, value) = match key.text() {
                function if function.starts_with("Fn::") || function.starts_with('!') => {
                    return Err(format!("{function} is not filled in"));
                }
                "PrincipalArn" => ("principalArn", self.text_node(value)?),
                "Username" => ("username", self.text_node(value)?),
                "Type" => ("type", self.text_node(value)?),
                "KubernetesGroups" => ("kubernetesGroups", self.texts(value)?),
                "AccessPolicies" => {
                    let policies = list(value)?.iter().map(|one| self.policy(one));
                    let policies = policies.collect::<Result<Vec<_>, _>>()?;
                    ("associatedAccessPolicies", Node::Sequence(policies))
                }
                _ => continue,
            };
            fields.push((key.with_text(name), value));
        }
        let entry = Node::Mapping(Mapping::from_entries(fields));
        let key = Scalar::new("accessEntry", Kind::String);
        Ok(Node::Mapping(Mapping::from_entries(vec![(key, entry)])))
    }

    fn policy(&self, node: &Node) -> Result<Node, String> {
        let scope = node
            .get("AccessScope")
            .ok_or("a policy has no AccessScope")?;
        let mut of_scope = Vec::new();
        for (key, value) in scope.as_mapping().map_or(&[][..], Mapping::entries) {
            match key.text() {
                "Type" => of_scope.push((key.with_text("type"), self.text_node(value)?)),
                "Namespaces" => of_scope.push((key.with_text("namespaces"), self.texts(value)?)),
                _ => {}
            }
        }
        let plain = |text: &str| Scalar::new(text, Kind::String);
        let arn = node.get("PolicyArn").ok_or("a policy has no PolicyArn")?;
        Ok(Node::Mapping(Mapping::from_entries(vec![
            (plain("policyArn"), self.text_node(arn)?),
            (
                plain("accessScope"),
                Node::Mapping(Mapping::from_entries(of_scope)),
            ),
        ])))
    }

    fn texts(&self, node: &Node) -> Result<Node, String> {
        let items = list(node)?.iter().map(|one| self.text_node(one));
        Ok(Node::Sequence(items.collect::<Result<_, _>>()?))
    }

    fn text_node(&self, node: &Node) -> Result<Node, String> {
        let text = self.resolve(node, MAX_DEPTH)?;
        let place = first_scalar(node);
        Ok(Node::Scalar(match place {
            Some(scalar) => scalar.with_text(&text),
            None => Scalar::new(&text, Kind::String),
        }))
    }

    /// Fills in a value.
    fn resolve(&self, node: &Node, depth: usize) -> Result<String, String> {
        let depth = depth.checked_sub(1).ok_or("too many nested functions")?;
        let left = self
            .budget
            .get()
            .checked_sub(1)
            .ok_or("too many functions")?;
        self.budget.set(left);
        match node {
            Node::Null => Err("a value is missing".to_owned()),
            Node::Scalar(scalar) => Ok(scalar.text().to_owned()),
            Node::Mapping(mapping) => {
                let function = mapping.entries().first();
                let (name, value) = function.ok_or("a value is missing")?;
                match (name.text(), value) {
                    ("!Ref" | "Ref", Node::Scalar(name)) => self.reference(name.text()),
                    ("!Sub" | "Fn::Sub", Node::Scalar(text)) => {
                        self.substitute(text.text(), None, depth)
                    }
                    ("!Sub" | "Fn::Sub", Node::Sequence(parts)) => {
                        self.substitute_with(parts, depth)
                    }
                    ("!GetAtt" | "Fn::GetAtt", Node::Scalar(name)) => self.attribute(name.text()),
                    ("!GetAtt" | "Fn::GetAtt", Node::Sequence(parts)) => {
                        let parts: Vec<&str> = parts.iter().filter_map(Node::as_text).collect();
                        self.attribute(&parts.join("."))
                    }
                    ("!Join" | "Fn::Join", Node::Sequence(parts)) => self.join(parts, depth),
                    (name, _) => Err(format!("{name} is not filled in")),
                }
            }
            Node::Sequence(_) => Err("a list stands in place of a text".to_owned()),
        }
    }

    fn join(&self, parts: &[Node], depth: usize) -> Result<String, String> {
        let [delimiter, Node::Sequence(values)] = parts else {
            return Err("Fn::Join is not filled in".to_owned());
        };
        let values = values.iter().map(|value| self.resolve(value, depth));
        let delimiter = delimiter.as_text().unwrap_or_default();
        let mut joined = String::new();
        for (at, value) in values.enumerate() {
            if at > 0 {
                joined.push_str(delimiter);
            }
            joined.push_str(&value?);
            self.check_length(&joined)?;
        }
        Ok(joined)
    }

    /// Fills in a reference to a parameter, or to a resource with a written name.
    fn reference(&self, name: &str) -> Result<String, String> {
        let unknown = || {
            let hint = match name.starts_with("AWS::") {
                true => "; add the output of `aws eks describe-cluster`, which has the account",
                false => "",
            };
            format!("{name} is not known{hint}")
        };
        let account = self.account.ok_or_else(unknown);
        match name {
            "AWS::AccountId" => return Ok(account?.id.clone()),
            "AWS::Partition" => return Ok(account?.partition.clone()),
            "AWS::Region" => return Ok(account?.region.clone()),
            _ => {}
        }
        let parameter = self
            .parameters
            .and_then(|all| all.get(name)?.get("Default"));
        match parameter.and_then(Node::as_text) {
            Some(default) => Ok(default.to_owned()),
            None => self.name_of(name).map(str::to_owned).ok_or_else(unknown),
        }
    }

    /// Returns the name that a role or a user of the template has.
    fn name_of(&self, resource: &str) -> Option<&str> {
        let properties = self.resources.get(resource)?.get("Properties")?;
        let name = properties.get("RoleName");
        name.or_else(|| properties.get("UserName"))?.as_text()
    }

    /// Fills in `RESOURCE.Arn` of a role or a user.
    fn attribute(&self, name: &str) -> Result<String, String> {
        let unknown = || format!("{name} is not known");
        let resource = name.strip_suffix(".Arn").ok_or_else(unknown)?;
        let own = self.name_of(resource).ok_or_else(unknown)?;
        let of_resource = self.resources.get(resource).ok_or_else(unknown)?;
        let kind = match of_resource.get("Type").and_then(Node::as_text) {
            Some("AWS::IAM::Role") => "role",
            Some("AWS::IAM::User") => "user",
            _ => return Err(unknown()),
        };
        let path = of_resource
            .get("Properties")
            .and_then(|one| one.get("Path"));
        let path = match path {
            None => "/",
            Some(path) => path.as_text().ok_or_else(unknown)?,
        };
        let (partition, id) = (
            self.reference("AWS::Partition")?,
            self.reference("AWS::AccountId")?,
        );
        Ok(format!("arn:{partition}:iam::{id}:{kind}{path}{own}"))
    }

    /// Fills in a text that comes with the values of its variables.
    fn substitute_with(&self, parts: &[Node], depth: usize) -> Result<String, String> {
        let [text, variables] = parts else {
            return Err("Fn::Sub is not filled in".to_owned());
        };
        let text = text.as_text().ok_or("Fn::Sub has no text")?;
        self.substitute(text, Some(variables), depth)
    }

    /// Fills in `${NAME}` and `${RESOURCE.Arn}`. `${!NAME}` stands for `${NAME}` itself.
    fn substitute(
        &self,
        text: &str,
        variables: Option<&Node>,
        depth: usize,
    ) -> Result<String, String> {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            filled.push_str(before);
            let (name, after) = after.split_once('}').ok_or("a `${` has no `}`")?;
            let own = variables.and_then(|all| all.get(name));
            match (own, name.strip_prefix('!')) {
                (Some(value), _) => filled.push_str(&self.resolve(value, depth)?),
                (None, Some(literal)) => {
                    filled.push_str("${");
                    filled.push_str(literal);
                    filled.push('}');
                }
                (None, None) if name.contains('.') => filled.push_str(&self.attribute(name)?),
                (None, None) => filled.push_str(&self.reference(name)?),
            }
            self.check_length(&filled)?;
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled)
    }
}

/// Returns the items of a list that is written as a list.
fn list(node: &Node) -> Result<&[Node], String> {
    match node {
        Node::Sequence(items) => Ok(items),
        Node::Null => Ok(&[]),
        _ => Err("a list depends on a function".to_owned()),
    }
}

fn first_scalar(node: &Node) -> Option<&Scalar> {
    match node {
        Node::Null => None,
        Node::Scalar(scalar) => Some(scalar),
        Node::Sequence(items) => items.iter().find_map(first_scalar),
        Node::Mapping(mapping) => {
            let (key, value) = mapping.entries().first()?;
            // A tag has no place.
            key.offset().map(|_| key).or_else(|| first_scalar(value))
        }
    }
}
