//! The access entries of a template, in the shape of the EKS API.

use bounded_yaml::{Kind, Mapping, Node, Scalar};

use super::values::{Template, fields, is_no_value, list};

impl Template<'_> {
    /// Converts the properties of an access entry to the shape of the EKS API.
    pub(super) fn entry(&self, properties: &Node) -> Result<Node, String> {
        let entry = convert(properties, |name, value| match name {
            "PrincipalArn" => Some(("principalArn", self.text_node(value))),
            "Username" => Some(("username", self.text_node(value))),
            "Type" => Some(("type", self.text_node(value))),
            "KubernetesGroups" => Some(("kubernetesGroups", self.texts(value))),
            "AccessPolicies" => Some(("associatedAccessPolicies", self.policies(value))),
            _ => None,
        })?;
        let key = Scalar::new("accessEntry", Kind::String);
        Ok(Node::Mapping(Mapping::from_entries(vec![(key, entry)])))
    }

    fn policies(&self, node: &Node) -> Result<Node, String> {
        let policies = list(node)?.into_iter().map(|one| self.policy(one));
        Ok(Node::Sequence(policies.collect::<Result<_, _>>()?))
    }

    fn policy(&self, node: &Node) -> Result<Node, String> {
        let policy = convert(node, |name, value| match name {
            "PolicyArn" => Some(("policyArn", self.text_node(value))),
            "AccessScope" => Some(("accessScope", self.scope(value))),
            _ => None,
        })?;
        for (name, written) in [("policyArn", "PolicyArn"), ("accessScope", "AccessScope")] {
            if policy.get(name).is_none() {
                return Err(format!("a policy has no {written}"));
            }
        }
        Ok(policy)
    }

    fn scope(&self, node: &Node) -> Result<Node, String> {
        convert(node, |name, value| match name {
            "Type" => Some(("type", self.text_node(value))),
            "Namespaces" => Some(("namespaces", self.texts(value))),
            _ => None,
        })
    }
}

/// Converts the fields of an object to others in the places of their own. A field that is removed
/// (`AWS::NoValue`) is absent.
fn convert(
    node: &Node,
    field: impl Fn(&str, &Node) -> Option<(&'static str, Result<Node, String>)>,
) -> Result<Node, String> {
    let mut converted = Vec::new();
    for (key, value) in fields(node)? {
        if is_no_value(value) {
            continue;
        }
        if let Some((name, value)) = field(key.text(), value) {
            let value = value.map_err(|why| format!("{}: {why}", key.text()))?;
            converted.push((key.with_text(name), value));
        }
    }
    Ok(Node::Mapping(Mapping::from_entries(converted)))
}
