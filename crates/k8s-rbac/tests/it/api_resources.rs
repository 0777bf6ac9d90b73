//! The table of API resources, compared with the discovery documents of each release.

use k8s_rbac::KubernetesVersion;
use k8s_rbac::api_resources::{ApiResource, OPTIONAL_RESOURCES, RESOURCES, find, served_in};
use serde::Deserialize;

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Recorded {
    group: String,
    name: String,
    kind: String,
    short_names: Vec<String>,
    namespaced: bool,
    since: Option<u8>,
    versions: Option<Vec<String>>,
}

fn plain(resource: &ApiResource, since: Option<u8>) -> Recorded {
    Recorded {
        group: resource.group.to_owned(),
        name: resource.name.to_owned(),
        kind: resource.kind.to_owned(),
        short_names: resource
            .short_names
            .iter()
            .map(|&name| name.to_owned())
            .collect(),
        namespaced: resource.is_namespaced,
        since,
        versions: since.map(|_| {
            let versions = resource.versions().iter();
            versions.map(|&version| version.to_owned()).collect()
        }),
    }
}

#[test]
fn the_tables_are_the_discovery_documents() {
    let recorded = testkit::json_lines::<Recorded>("testdata/api_resources.jsonl");
    let mut tables: Vec<Recorded> = RESOURCES
        .iter()
        .map(|resource| plain(resource, Some(resource.since().minor())))
        .chain(OPTIONAL_RESOURCES.iter().map(|one| plain(one, None)))
        .collect();
    tables.sort_by(|a, b| (&a.group, &a.name).cmp(&(&b.group, &b.name)));
    assert_eq!(tables, recorded);
}

#[test]
fn each_resource_is_found_by_each_of_its_names_and_its_group() {
    for resource in RESOURCES {
        let singular = resource.singular();
        let short = resource.short_names.iter().copied();
        for name in short.chain([resource.name, &singular]) {
            let found = find(name, resource.group).map(|found| (found.group, found.name));
            let of_name = RESOURCES.iter().filter(|other| {
                other.name == name
                    || other.short_names.contains(&name)
                    || other.kind.to_lowercase() == name
            });
            let groups: Vec<&str> = of_name.map(|other| other.group).collect();
            if resource.group.is_empty() {
                // The empty group stands for any.
                assert_eq!(
                    found.map(|(group, _)| group),
                    groups.first().copied(),
                    "{name}"
                );
            } else {
                assert_eq!(found, Some((resource.group, resource.name)), "{name}");
            }
        }
    }
    assert_eq!(
        find("deployment", "apps")
            .map(ApiResource::singular)
            .as_deref(),
        Some("deployment")
    );
    assert_eq!(
        find("deploy", "ap").map(|found| found.name),
        Some("deployments")
    );
    assert_eq!(find("deploy", "batch"), None);
}

#[test]
fn a_version_serves_what_it_and_earlier_ones_added() {
    let serves = |version, name| served_in(version).any(|resource| resource.name == name);
    assert!(serves(KubernetesVersion::V1_31, "pods"));
    assert!(!serves(
        KubernetesVersion::V1_35,
        "mutatingadmissionpolicies"
    ));
    assert!(serves(
        KubernetesVersion::V1_36,
        "mutatingadmissionpolicies"
    ));
    assert!(serves(
        KubernetesVersion::V1_37,
        "mutatingadmissionpolicies"
    ));
    assert!(served_in(KubernetesVersion::NEWEST).count() <= RESOURCES.len());
}
