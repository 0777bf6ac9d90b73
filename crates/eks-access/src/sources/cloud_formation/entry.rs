//! The access entries of a template, in the shape of the EKS API.

use bounded_yaml::{Kind, Mapping, Node, Scalar};

use super::values::{Template, list};

impl Template<'_> {
    /// Converts the properties of an access entry to the shape of the EKS API.
    pub(super) fn entry(&self, properties: &Node) -> Result<Node, String> {
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
}
