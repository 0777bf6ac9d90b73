//! Access entries that eksctl prints without their usernames and types, beside the descriptions that have both.

use std::collections::{BTreeSet, HashMap};

use aws_auth_map::{Rules, Template};
use bounded_yaml::Node;

use super::contradictions::principal;
use crate::gather::Gathered;
use crate::managed::without_path;
use crate::problem::SourceFault;
use crate::sources::EksctlEntry;

/// Adds the access policies that eksctl prints to the entries of the documents. Leaves no answer if a principal has no
/// other description: its username is not known. Returns the entries that have one.
pub(super) fn join(gathered: &mut Gathered) -> Vec<EksctlEntry> {
    let entries = std::mem::take(&mut gathered.eksctl_entries);
    let mut described = BTreeSet::new();
    for node in gathered.entries.iter().flat_map(|(_, nodes)| nodes) {
        add_described(node, &mut described);
    }
    let (entries, unknown): (Vec<EksctlEntry>, Vec<EksctlEntry>) = entries
        .into_iter()
        .partition(|entry| described.contains(&entry.principal));
    for entry in unknown {
        let fault = SourceFault::EntryOfEksctl(entry.principal);
        gathered.lost(entry.place, fault);
    }
    for entry in &entries {
        let policies = vec![entry.policies.clone()];
        gathered.entries.push((entry.document, policies));
    }
    entries
}

/// Leaves no answer if an entry has other groups than eksctl prints.
pub(super) fn compare(gathered: &mut Gathered, entries: &[EksctlEntry], rules: &Rules) {
    let groups: HashMap<String, BTreeSet<String>> = rules
        .iter()
        .filter(|(_, rule)| !rule.is_refusing())
        .filter_map(|(_, rule)| {
            let groups = rule.groups().iter().map(Template::source).collect();
            Some((principal(rule)?, groups))
        })
        .collect();
    for entry in entries {
        let of_rule = groups.get(&without_path(&entry.principal));
        if of_rule.is_some_and(|of_rule| *of_rule != entry.groups) {
            let fault = SourceFault::OtherGroups(entry.principal.clone());
            gathered.lost(entry.place.clone(), fault);
        }
    }
}

/// Adds the principals of the access entries in a value, in lower case. Lists of policies are no entries.
fn add_described(node: &Node, described: &mut BTreeSet<String>) {
    match node {
        Node::Null | Node::Scalar(_) => {}
        Node::Sequence(items) => {
            for item in items {
                add_described(item, described);
            }
        }
        Node::Mapping(mapping) => {
            let inner = mapping
                .get("accessEntry")
                .or_else(|| mapping.get("accessEntries"));
            if let Some(inner) = inner {
                add_described(inner, described);
            }
            let is_entry = ["kubernetesGroups", "type", "username"]
                .into_iter()
                .any(|key| mapping.get(key).is_some());
            let arn = mapping.get("principalArn").and_then(Node::as_text);
            described.extend(arn.filter(|_| is_entry).map(str::to_ascii_lowercase));
        }
    }
}
