//! The effect of each option.

use aws_auth_map::ConfigMapName;
use eks_access::{
    Cluster, DEFAULT_MAX_BYTES, Document, Edit, Finding, Options, Origin, Problem, Severity,
};
use k8s_rbac::KubernetesVersion;

const CONFIG_MAP: &str = "apiVersion: v1
kind: ConfigMap
metadata: {name: mapping, namespace: auth}
data:
  mapRoles: |
    - rolearn: arn:aws:iam::111122223333:role/dev
      username: dev
    - rolearn: arn:aws:iam::111122223333:role/gone
      username: gone
";

fn cluster(text: &str, options: &Options) -> Cluster {
    Cluster::from_documents([Document::new("f", text)], options)
}

fn problems(cluster: &Cluster) -> Vec<&'static str> {
    cluster.problems().iter().map(Problem::code).collect()
}

#[test]
fn a_version_that_is_given_is_that_of_the_cluster() {
    let options = Options::new().with_kubernetes_version(KubernetesVersion::V1_31);
    let cluster = cluster(CONFIG_MAP, &options);
    let version = cluster.kubernetes_version();
    assert_eq!(version.value(), KubernetesVersion::V1_31);
    assert_eq!(version.origin(), &Origin::Option);
}

/// The options of the ConfigMap above.
fn of_config_map() -> Options {
    Options::new().with_config_map(ConfigMapName::new("auth", "mapping"))
}

#[test]
fn the_mapping_is_in_the_config_map_of_the_name_that_is_given() {
    let other = cluster(CONFIG_MAP, &Options::new());
    let unreadable: Vec<Finding> = other
        .unreadable()
        .map(|one| Finding::of_problem(one, ""))
        .collect();
    let severities: Vec<Severity> = unreadable.iter().map(|one| one.severity).collect();
    assert_eq!(severities, [Severity::High]);
    let options = of_config_map();
    let cluster = cluster(CONFIG_MAP, &options);
    assert_eq!(cluster.problems(), []);
    // An edit reads its result with the same options.
    let gone = "arn:aws:iam::111122223333:role/gone";
    let edited = cluster.edit(&Edit::Remove(gone.to_owned()), &options);
    assert!(!edited.unwrap().text.contains("gone"));
}

#[test]
fn a_document_may_have_the_size_that_is_given() {
    assert_eq!(DEFAULT_MAX_BYTES, 67_108_864, "64 MiB");
    for (max_bytes, is_read) in [(CONFIG_MAP.len(), true), (CONFIG_MAP.len() - 1, false)] {
        let options = of_config_map().with_max_bytes(max_bytes);
        let cluster = cluster(CONFIG_MAP, &options);
        assert_eq!(cluster.unreadable().count() == 0, is_read, "{max_bytes}");
    }
}

#[test]
fn an_object_without_a_namespace_is_in_the_one_that_is_given() {
    let role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: r}\n";
    for (options, namespace, codes) in [
        (Options::new(), "default", &["namespace-defaulted"][..]),
        (Options::new().in_namespace("dev"), "dev", &[]),
    ] {
        // The number of threads changes no other option.
        let options = options.with_threads(2.try_into().unwrap());
        let cluster = cluster(role, &options);
        assert!(cluster.policy().role(namespace, "r").is_some());
        assert_eq!(problems(&cluster), codes);
    }
}
