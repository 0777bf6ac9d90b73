//! A mapping that is converted without loss, and converted back, is the same mapping.

mod managed;
mod terraform;

use aws_auth_map::AuthenticationMode;
use eks_access::{Cluster, Conversion, ConvertOptions, Document, Options, Target};
use proptest::prelude::*;

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
        ..ConvertOptions::default()
    };
    let converted = cluster.convert(target, &settings, &Options::new());
    converted.unwrap_or_else(|why| panic!("{target:?}: {why}"))
}

/// The mapping of a world alone.
fn mapping(world: &World) -> Vec<Document> {
    let documents = world.documents().into_iter();
    documents.filter(|one| one.name() != "rbac.yaml").collect()
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
        for target in [
            Target::Entries,
            Target::Eksctl,
            Target::CloudFormation,
            Target::ConfigMap,
            Target::Terraform,
        ] {
            let there = convert(&old, target);
            let is_whole = there.lost.is_empty() && there.changed.is_empty();
            prop_assert_eq!(there.exit_status() == 0, is_whole);
            if there.output.is_empty() {
                continue;
            }
            let output = match target {
                Target::Terraform => terraform::plan(&there.output).to_string(),
                _ => there.output.clone(),
            };
            let new = cluster([Document::new("there", &output)]);
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
    }
}
