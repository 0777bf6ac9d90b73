//! Keys of a `ClusterConfig` that resemble those that are read.

use bounded_yaml::{Mapping, Node};

use super::{ClusterConfig, present};
use crate::problem::{Location, ProblemKind};
use crate::read::problem_sink::ProblemSink;
use crate::read::suggest_key::suggest_key;
use crate::rules::{Place, Section};

const FILE: [&str; 2] = ["accessConfig", "iamIdentityMappings"];

// eksctl, `userdocs/src/usage/schema.json`, "ClusterAccessConfig" and what it refers to.
const ACCESS_CONFIG: [&str; 3] = [
    "accessEntries",
    "authenticationMode",
    "bootstrapClusterCreatorAdminPermissions",
];
const ENTRY: [&str; 5] = [
    "accessPolicies",
    "kubernetesGroups",
    "kubernetesUsername",
    "principalARN",
    "type",
];
const POLICY: [&str; 2] = ["accessScope", "policyARN"];
const SCOPE: [&str; 2] = ["namespaces", "type"];

/// Reports each key that resembles one that is read, and each access entry without a principal. eksctl refuses a file
/// with either, so it is not known what is in effect, and the list is unreadable.
pub(super) fn mark(file: &Node, config: &mut ClusterConfig, sink: &mut ProblemSink<'_>) {
    for (meant, place) in misspelled(file, &FILE, Location::FILE, sink) {
        match meant {
            "accessConfig" => config.access_entries.mark_unreadable(None, place),
            _ => config.identity_mappings.mark_unreadable(None, place),
        }
    }
    let Some(access) = present(file, "accessConfig") else {
        return;
    };
    let mut found = misspelled(access, &ACCESS_CONFIG, Location::FILE, sink);
    let section = Location::section_of(Section::Entries);
    for (index, entry) in list(access, "accessEntries").iter().enumerate() {
        let at = section.entry(index);
        found.extend(misspelled(entry, &ENTRY, at, sink));
        if present(entry, "principalARN").is_none() {
            // The reader of entries reports it.
            found.push(("principalARN", sink.locate(entry.offset())));
        }
        for policy in list(entry, "accessPolicies") {
            found.extend(misspelled(policy, &POLICY, at, sink));
            if let Some(scope) = present(policy, "accessScope") {
                found.extend(misspelled(scope, &SCOPE, at, sink));
            }
        }
    }
    for (_, place) in found {
        config.access_entries.mark_unreadable(None, place);
    }
}

/// Reports the keys of an object that resemble known ones. Returns what each is meant for, and its place.
fn misspelled(
    node: &Node,
    known: &[&'static str],
    at: Location,
    sink: &mut ProblemSink<'_>,
) -> Vec<(&'static str, Place)> {
    let mut found = Vec::new();
    for (key, _) in node.as_mapping().map_or(&[][..], Mapping::entries) {
        let name = key.text();
        if let Some(meant) = suggest_key(name, known).filter(|meant| *meant != name) {
            sink.report(ProblemKind::MisspelledKey(meant), at, key.offset());
            found.push((meant, sink.locate(key.offset())));
        }
    }
    found
}

fn list<'n>(node: &'n Node, key: &str) -> &'n [Node] {
    present(node, key)
        .and_then(Node::as_sequence)
        .unwrap_or_default()
}
