//! Access entries and their policies in plans of Terraform, in the shape of the EKS API.

use bounded_yaml::{Kind, Mapping, Node, Scalar};

use super::plan::{Plan, Written};
use super::{Resource, only, present};
use crate::gather::{Gathered, Text};
use crate::problem::SourceFault;

/// The names of the attributes of an access entry, and those of the EKS API: of the provider `aws`, and of `awscc`.
pub(super) const AWS: [(&str, &str); 3] = [
    ("kubernetes_groups", "kubernetesGroups"),
    ("type", "type"),
    ("user_name", "username"),
];
const AWSCC: [(&str, &str); 4] = [
    ("access_policies", "associatedAccessPolicies"),
    ("kubernetes_groups", "kubernetesGroups"),
    ("type", "type"),
    ("username", "username"),
];

/// Converts an `aws_eks_access_entry` or an `awscc_eks_access_entry` to the shape of the EKS API. `None` if it is not
/// known before the plan is applied; then the cluster is not known either.
pub(super) fn entry(
    gathered: &mut Gathered,
    text: &Text<'_>,
    (resource, plan): (&Resource<'_>, &Plan<'_>),
) -> Option<Node> {
    let fields: &[(&str, &str)] = match resource.kind {
        "awscc_eks_access_entry" => &AWSCC,
        _ => &AWS,
    };
    let mut entry = vec![principal(gathered, text, resource)?];
    for (key, name) in fields {
        match attribute(resource, plan, key) {
            Attribute::Unknown => {
                let what = format!("{key} of {}", resource.address);
                lose(gathered, text, resource, what);
                return None;
            }
            Attribute::Perhaps => {
                let place = text.place(resource.values.offset());
                let what = format!("{key} of {}", resource.address);
                gathered.report(place, SourceFault::TakenForDefault(what));
            }
            Attribute::Absent => {}
            Attribute::Known(value) => {
                entry.push((key_of(resource.values, key, name), with_names_of_api(value)));
            }
        }
    }
    let key = Scalar::new("accessEntry", Kind::String);
    let entry = Node::Mapping(Mapping::from_entries(entry));
    Some(Node::Mapping(Mapping::from_entries(vec![(key, entry)])))
}

/// An attribute that EKS fills in if it is absent.
enum Attribute<'n> {
    Absent,
    Known(&'n Node),
    Perhaps,
    Unknown,
}

/// Returns an attribute. A provider plans one that EKS fills in as it plans one that depends on other resources, so the
/// configuration tells them apart.
fn attribute<'n>(resource: &Resource<'n>, plan: &Plan<'_>, key: &str) -> Attribute<'n> {
    let value = present(resource.values, key);
    if !resource.is_unknown(key) {
        return value.map_or(Attribute::Absent, Attribute::Known);
    }
    // The provider `aws` has a default for the type, so it plans only a type that is written as unknown.
    if (resource.kind, key) == ("aws_eks_access_entry", "type") {
        return Attribute::Unknown;
    }
    let is_whole = resource.unknown_of(key).and_then(Node::as_text) == Some("true");
    match plan.written(&resource.address, &[key]) {
        Written::Absent if is_whole => Attribute::Absent,
        Written::Perhaps if is_whole => Attribute::Perhaps,
        _ => Attribute::Unknown,
    }
}

/// Converts an `aws_eks_access_policy_association` to the input of `aws eks associate-access-policy`.
pub(super) fn association(
    gathered: &mut Gathered,
    text: &Text<'_>,
    resource: &Resource<'_>,
) -> Option<Node> {
    let principal = principal(gathered, text, resource)?;
    let values = resource.values;
    let policy = present(values, "policy_arn");
    let scope = present(values, "access_scope").map(only);
    let is_unknown = ["policy_arn", "access_scope"]
        .iter()
        .any(|key| resource.is_unknown(key));
    // The provider writes a null where there are no namespaces.
    let is_scope = |scope: &&Node| {
        let kind = scope.get("type").and_then(Node::as_text);
        kind.is_some() && (kind != Some("namespace") || scope.get("namespaces").is_some())
    };
    let (Some(policy), Some(scope), false) = (policy, scope.filter(is_scope), is_unknown) else {
        let what = format!("the policy of {}", resource.address);
        lose(gathered, text, resource, what);
        return None;
    };
    let entries = vec![
        principal,
        (key_of(values, "policy_arn", "policyArn"), policy.clone()),
        (
            key_of(values, "access_scope", "accessScope"),
            with_names_of_api(scope),
        ),
    ];
    Some(Node::Mapping(Mapping::from_entries(entries)))
}

/// Returns the principal of a resource.
fn principal(
    gathered: &mut Gathered,
    text: &Text<'_>,
    resource: &Resource<'_>,
) -> Option<(Scalar, Node)> {
    let values = resource.values;
    match present(values, "principal_arn").filter(|_| !resource.is_unknown("principal_arn")) {
        Some(principal) => {
            let key = key_of(values, "principal_arn", "principalArn");
            Some((key, principal.clone()))
        }
        None => {
            let what = format!("the principal of {}", resource.address);
            lose(gathered, text, resource, what);
            None
        }
    }
}

fn lose(gathered: &mut Gathered, text: &Text<'_>, resource: &Resource<'_>, what: String) {
    let place = text.place(resource.values.offset());
    gathered.lost(place, SourceFault::NotKnownYet(what));
}

/// Returns the key of a field under another name, with the place of the original key.
pub(super) fn key_of(values: &Node, key: &str, name: &str) -> Scalar {
    let entries = values.as_mapping().map_or(&[][..], Mapping::entries);
    let own = entries.iter().find(|(own, _)| own.text() == key);
    own.map_or_else(
        || Scalar::new(name, Kind::String),
        |(own, _)| own.with_text(name),
    )
}

/// Gives the fields of a policy their names in the EKS API, and drops nulls, which stand for absent values.
fn with_names_of_api(node: &Node) -> Node {
    match node {
        Node::Mapping(mapping) => {
            let entries = mapping.entries().iter();
            let entries = entries
                .filter(|(_, value)| !value.is_null())
                .map(|(key, value)| {
                    let name = match key.text() {
                        "access_scope" => "accessScope",
                        "policy_arn" => "policyArn",
                        name => name,
                    };
                    (key.with_text(name), with_names_of_api(value))
                });
            Node::Mapping(Mapping::from_entries(entries.collect()))
        }
        Node::Sequence(items) => {
            let items = items.iter().filter(|item| !item.is_null());
            Node::Sequence(items.map(with_names_of_api).collect())
        }
        Node::Null | Node::Scalar(_) => node.clone(),
    }
}
