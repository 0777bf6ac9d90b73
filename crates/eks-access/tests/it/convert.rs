//! There and back: a mapping that is converted without loss is the same mapping.

use std::collections::BTreeMap;

use aws_auth_map::AuthenticationMode;
use eks_access::{Cluster, Conversion, ConvertOptions, Document, Options, Target};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::truth::world::{Format, World, world};

fn cluster(documents: impl IntoIterator<Item = Document>) -> Cluster {
    let cluster = Cluster::from_documents(documents, &Options::new());
    assert_eq!(cluster.unreadable().count(), 0, "{:?}", cluster.problems());
    cluster
}

fn convert(cluster: &Cluster, target: Target) -> Conversion {
    let settings = ConvertOptions {
        cluster_name: Some("demo".to_owned()),
        region: Some("eu-west-1".to_owned()),
        is_managed_included: false,
    };
    let converted = cluster.convert(target, &settings, &Options::new());
    converted.unwrap_or_else(|why| panic!("{target:?}: {why}"))
}

/// The mapping of a world alone.
fn mapping(world: &World) -> Vec<Document> {
    let documents = world.documents().into_iter();
    documents.filter(|one| one.name() != "rbac.yaml").collect()
}

/// The entries of a plan, by principal, as the inputs of the AWS command line have them.
fn of_terraform(text: &str) -> BTreeMap<String, Value> {
    let mut entries: BTreeMap<String, Value> = BTreeMap::new();
    for block in text.split("resource \"aws_eks_access_entry\"").skip(1) {
        let (block, _) = block.split_once("\n}\n").unwrap();
        let field = |name: &str| {
            let line = block
                .lines()
                .find(|line| line.trim_start().starts_with(name))?;
            // Lists and text are written as in JSON, but for `$` and `%` before a brace.
            let value = line
                .split_once("= ")?
                .1
                .replace("$${", "${")
                .replace("%%{", "%{");
            serde_json::from_str::<Value>(&value).ok()
        };
        let arn = field("principal_arn").unwrap();
        assert_eq!(field("cluster_name"), Some(json!("demo")), "{block}");
        entries.insert(
            arn.as_str().unwrap().to_owned(),
            json!([
                field("user_name"),
                field("kubernetes_groups"),
                field("type")
            ]),
        );
    }
    entries
}

fn of_entries(text: &str) -> BTreeMap<String, Value> {
    let inputs = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    inputs
        .filter(|input| input.get("policyArn").is_none())
        .map(|input| {
            assert_eq!(input["clusterName"], "demo");
            let arn = input["principalArn"].as_str().unwrap().to_owned();
            let field = |name: &str| input.get(name).filter(|one| **one != json!([])).cloned();
            (
                arn,
                json!([field("username"), field("kubernetesGroups"), field("type")]),
            )
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_mapping_that_is_converted_without_loss_is_the_same(world in world()) {
        prop_assume!(world.has_mapping() && !matches!(world.format, Format::Objects));
        // Every source is asked.
        let world = World { mode: AuthenticationMode::ApiAndConfigMap, ..world };
        let old = cluster(mapping(&world));
        prop_assume!(!old.identity_map().backends().iter().all(|one| one.rules().is_empty()));
        let entries = convert(&old, Target::Entries);
        for target in [Target::Entries, Target::Eksctl, Target::CloudFormation, Target::ConfigMap] {
            let there = convert(&old, target);
            let is_whole = there.lost.is_empty() && there.changed.is_empty();
            prop_assert_eq!(there.exit_status() == 0, is_whole);
            if there.output.is_empty() {
                continue;
            }
            let new = cluster([Document::new("there", &there.output)]);
            if !is_whole || !there.skipped.is_empty() {
                continue;
            }
            let diff = old.diff(&new, None).unwrap();
            prop_assert!(diff.is_empty(), "{target:?}: {diff}\n{}", there.output);
            let back = convert(&new, Target::ConfigMap);
            prop_assert!(back.lost.is_empty(), "{target:?}: {:?}", back.lost);
            if back.changed.is_empty() {
                let back = cluster([Document::new("back", &back.output)]);
                let diff = old.diff(&back, None).unwrap();
                prop_assert!(diff.is_empty(), "{target:?} and back: {diff}\n{}", there.output);
            }
        }
        // Terraform has the entries that exist, too.
        if world.entries.is_empty() {
            let terraform = convert(&old, Target::Terraform);
            prop_assert_eq!(of_terraform(&terraform.output), of_entries(&entries.output));
            prop_assert_eq!(terraform.lost.len(), entries.lost.len());
        }
    }
}
