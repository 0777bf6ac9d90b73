//! Data sources: what AWS and the cluster had when Terraform read them.

use std::collections::HashSet;

use bounded_yaml::{Kind, Mapping, Node, Scalar};

use super::{MAX_MODULE_DEPTH, Plan, Resource, entry, of_module, present, take_cluster};
use crate::gather::{Gathered, Text};
use crate::problem::SourceFault;

/// The attributes of the data source of an access entry that the provider always fills in.
const OF_ENTRY: [&str; 3] = ["principal_arn", "type", "user_name"];

/// Takes the data sources of a plan or a state that are a part of the cluster. One for which the document has a resource, too,
/// may be older than the resource, and is passed over.
pub(super) fn take(
    gathered: &mut Gathered,
    text: &Text<'_>,
    (node, plan): (&Node, &Plan<'_>),
    (mut data, resources): (Vec<Resource<'_>>, &[Resource<'_>]),
    entries: &mut Vec<Node>,
) {
    // A plan has those that it read in the state before it.
    let prior = node
        .get("prior_state")
        .and_then(|state| state.get("values")?.get("root_module"));
    let mut read = Vec::new();
    if let Some(module) = prior {
        of_module(module, MAX_MODULE_DEPTH, &mut read);
    }
    let known: HashSet<String> = data.iter().map(|one| one.address.clone()).collect();
    read.retain(|one| one.is_data && !known.contains(&one.address));
    data.extend(read);
    for one in &mut data {
        one.unknown = plan.unknown_of(&one.address);
    }
    let entries_made = resources
        .iter()
        .filter(|one| one.kind == "aws_eks_access_entry");
    let principals: HashSet<Option<&str>> = entries_made
        .map(|one| value(one, "principal_arn"))
        .collect();
    let makes_config_map = resources.iter().any(super::is_config_map);
    for one in &data {
        match one.kind {
            "aws_eks_access_entry" if !principals.contains(&value(one, "principal_arn")) => {
                gathered.saw_cluster(text, present(one.values, "cluster_name"));
                entries.extend(described(gathered, text, one));
            }
            "kubernetes_config_map" | "kubernetes_config_map_v1" if !makes_config_map => {
                super::take_config_map(gathered, text, one);
            }
            _ => {}
        }
    }
    take_only_cluster(gathered, text, plan, (&data, resources));
}

/// Takes the cluster that a document reads, if it reads one and makes none: another may be read for another purpose.
fn take_only_cluster(
    gathered: &mut Gathered,
    text: &Text<'_>,
    plan: &Plan<'_>,
    (data, resources): (&[Resource<'_>], &[Resource<'_>]),
) {
    let is_made = resources
        .iter()
        .any(|one| matches!(one.kind, "aws_eks_cluster" | "awscc_eks_cluster"));
    let mut read = data.iter().filter(|one| one.kind == "aws_eks_cluster");
    let Some(first) = read.next().filter(|_| !is_made) else {
        return;
    };
    if read.all(|one| value(one, "name") == value(first, "name")) {
        take_cluster(gathered, text, (first, plan));
    }
}

/// Converts the data source of an access entry to what `aws eks describe-access-entry` prints, which is without its access
/// policies.
fn described(gathered: &mut Gathered, text: &Text<'_>, resource: &Resource<'_>) -> Option<Node> {
    let is_lacking = |key: &&str| value(resource, key).is_none() || resource.is_unknown(key);
    let lacking = OF_ENTRY.into_iter().find(is_lacking);
    let is_unknown = resource.is_unknown("kubernetes_groups");
    if let Some(key) = lacking.or_else(|| is_unknown.then_some("kubernetes_groups")) {
        let what = format!("{key} of {}", resource.address);
        let place = text.place(resource.values.offset());
        gathered.lost(place, SourceFault::NotKnownYet(what));
        return None;
    }
    let arn = value(resource, "access_entry_arn").unwrap_or_default();
    let mut fields = vec![(
        Scalar::new("accessEntryArn", Kind::String),
        Node::Scalar(Scalar::new(arn, Kind::String)),
    )];
    for (key, name) in [("principal_arn", "principalArn")]
        .iter()
        .chain(&entry::AWS)
    {
        if let Some(value) = present(resource.values, key) {
            fields.push((entry::key_of(resource.values, key, name), value.clone()));
        }
    }
    let key = Scalar::new("accessEntry", Kind::String);
    let entry = Node::Mapping(Mapping::from_entries(fields));
    Some(Node::Mapping(Mapping::from_entries(vec![(key, entry)])))
}

fn value<'n>(resource: &Resource<'n>, key: &str) -> Option<&'n str> {
    present(resource.values, key)?.as_text()
}
