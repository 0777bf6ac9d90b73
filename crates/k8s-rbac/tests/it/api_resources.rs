//! The table of API resources, beside the discovery documents of each release.

use k8s_rbac::api_resources::{ApiResource, OPTIONAL_RESOURCES, RESOURCES};
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
    }
}

#[test]
fn the_tables_are_the_discovery_documents() {
    let recorded = testkit::json_lines::<Recorded>("testdata/api_resources.jsonl");
    let mut tables: Vec<Recorded> = RESOURCES
        .iter()
        .map(|resource| plain(resource, Some(resource.since_minor())))
        .chain(OPTIONAL_RESOURCES.iter().map(|one| plain(one, None)))
        .collect();
    tables.sort_by(|a, b| (&a.group, &a.name).cmp(&(&b.group, &b.name)));
    assert_eq!(tables, recorded);
}
