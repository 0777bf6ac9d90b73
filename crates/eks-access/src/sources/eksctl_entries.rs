//! The output of `eksctl get accessentry`: principals with their groups and access policies, without usernames and types.

use std::collections::BTreeSet;

use bounded_yaml::{Kind, Mapping, Node, Scalar};

use crate::gather::{Gathered, Text};
use crate::place::Place;
use crate::problem::SourceFault;
use crate::source::SourceKind;

/// The key of the principal in the output (eksctl, `pkg/actions/accessentry`, `Summary`).
pub(super) const PRINCIPAL: &str = "principalARN";

/// An access entry as eksctl prints it.
pub(crate) struct EksctlEntry {
    pub(crate) document: usize,
    pub(crate) place: Place,
    /// The ARN of the principal, in lower case.
    pub(crate) principal: String,
    pub(crate) groups: BTreeSet<String>,
    /// The policies, as `aws eks list-associated-access-policies` prints them.
    pub(crate) policies: Node,
}

/// Takes an access entry that eksctl prints, or a list of them.
pub(crate) fn take_eksctl_entries(gathered: &mut Gathered, text: &Text<'_>, node: &Node) {
    if let Node::Sequence(items) = node {
        for item in items {
            take_eksctl_entries(gathered, text, item);
        }
        return;
    }
    gathered.saw(text, SourceKind::AccessEntries, node.offset());
    match entry(text, node) {
        Ok(entry) => gathered.eksctl_entries.push(entry),
        Err(fault) => gathered.lost(text.place(node.offset()), fault),
    }
}

fn entry(text: &Text<'_>, node: &Node) -> Result<EksctlEntry, SourceFault> {
    let present = |key| node.get(key).filter(|value| !value.is_null());
    let mapping = node.as_mapping().ok_or(SourceFault::ForeignItem)?;
    if let Some(key) = mapping.duplicates().first() {
        return Err(SourceFault::DuplicateKey(key.text().to_owned()));
    }
    let principal = present(PRINCIPAL).ok_or(SourceFault::ForeignItem)?;
    let arn = principal.as_text().ok_or(SourceFault::Field(PRINCIPAL))?;
    // eksctl leaves out an empty list.
    let groups = match present("kubernetesGroups") {
        None => Some(BTreeSet::new()),
        Some(groups) => groups.as_sequence().and_then(|groups| {
            let groups = groups.iter();
            groups
                .map(|group| group.as_text().map(str::to_owned))
                .collect()
        }),
    };
    let policies = match present("accessPolicies") {
        None => Node::Sequence(Vec::new()),
        Some(Node::Sequence(items)) => Node::Sequence(items.iter().map(policy).collect()),
        Some(other) => other.clone(),
    };
    let key = |name| Scalar::new(name, Kind::String);
    let policies = vec![
        (key("principalArn"), principal.clone()),
        (key("associatedAccessPolicies"), policies),
    ];
    Ok(EksctlEntry {
        document: text.index,
        place: text.place(node.offset()),
        principal: arn.to_ascii_lowercase(),
        groups: groups.ok_or(SourceFault::Field("kubernetesGroups"))?,
        policies: Node::Mapping(Mapping::from_entries(policies)),
    })
}

/// Gives the ARN of a policy its name in the EKS API.
fn policy(node: &Node) -> Node {
    let Some(policy) = node.as_mapping() else {
        return node.clone();
    };
    let fields = policy.entries().iter();
    let fields = fields.map(|(key, value)| {
        let name = match key.text() {
            "policyARN" => "policyArn",
            name => name,
        };
        (key.with_text(name), value.clone())
    });
    Node::Mapping(Mapping::from_entries(fields.collect()))
}
