//! Entries that EKS makes itself, or that exist already, are skipped, and the reason is given.

use eks_access::{Cluster, Conversion, ConvertOptions, Document, Options, Target};

const CONFIG_MAP: &str = "
mapRoles:
- {rolearn: 'arn:aws:iam::111122223333:role/general', username: 'system:node:{{EC2PrivateDNSName}}', groups: ['system:bootstrappers', 'system:nodes']}
- {rolearn: 'arn:aws:iam::111122223333:role/own', username: 'system:node:{{EC2PrivateDNSName}}', groups: ['system:bootstrappers', 'system:nodes']}
- {rolearn: 'arn:aws:iam::111122223333:role/jobs', username: 'system:node:{{SessionName}}', groups: ['system:bootstrappers', 'system:nodes', 'system:node-proxier']}
- {rolearn: 'arn:aws:iam::111122223333:role/creator', username: admin, groups: ['system:masters']}
- {rolearn: 'arn:aws:iam::111122223333:role/dev', username: dev, groups: [dev]}
";

/// The documents that show which roles belong to managed node groups and Fargate profiles.
const SOURCES: [(&str, &str); 5] = [
    (
        "describe.json",
        r#"{"nodegroup": {"nodegroupName": "general", "clusterName": "c", "nodeRole": "arn:aws:iam::111122223333:role/nodes/general"}}
           {"fargateProfile": {"fargateProfileName": "jobs", "clusterName": "c", "podExecutionRoleArn": "arn:aws:iam::111122223333:role/jobs"}}"#,
    ),
    (
        "plan.json",
        r#"{"format_version": "1.2", "terraform_version": "1.9.0", "planned_values": {"root_module": {"resources": [
            {"address": "aws_eks_node_group.general", "mode": "managed", "type": "aws_eks_node_group", "values": {"node_group_name": "general", "node_role_arn": "arn:aws:iam::111122223333:role/general"}},
            {"address": "aws_eks_fargate_profile.jobs", "mode": "managed", "type": "aws_eks_fargate_profile", "values": {"fargate_profile_name": "jobs", "pod_execution_role_arn": "arn:aws:iam::111122223333:role/jobs"}}]}}}"#,
    ),
    (
        "template.yaml",
        "
Resources:
  general: {Type: AWS::EKS::Nodegroup, Properties: {NodeRole: 'arn:aws:iam::111122223333:role/general'}}
  jobs: {Type: AWS::EKS::FargateProfile, Properties: {PodExecutionRoleArn: 'arn:aws:iam::111122223333:role/jobs'}}",
    ),
    (
        "eksctl.yaml",
        "
apiVersion: eksctl.io/v1alpha5
kind: ClusterConfig
metadata: {name: c, region: eu-west-1}
managedNodeGroups:
- {name: general, iam: {instanceRoleARN: 'arn:aws:iam::111122223333:role/general'}}
fargateProfiles:
- {name: jobs, podExecutionRoleARN: 'arn:aws:iam::111122223333:role/jobs'}",
    ),
    (
        "folded.json",
        r#"{"nodegroup": {"nodegroupName": "general", "nodeRole": "arn:aws:iam::111122223333:role/GENERAL"}}"#,
    ),
];

fn convert(documents: &[(&str, &str)], settings: &ConvertOptions) -> Conversion {
    let documents = documents
        .iter()
        .map(|(name, text)| Document::new(*name, *text));
    let cluster = Cluster::from_documents(documents, &Options::new());
    assert_eq!(cluster.unreadable().count(), 0, "{:?}", cluster.problems());
    cluster
        .convert(Target::Entries, settings, &Options::new())
        .unwrap()
}

fn skipped(conversion: &Conversion) -> Vec<String> {
    let skipped = conversion.skipped.iter();
    let name = |arn: &str| arn.rsplit('/').next().unwrap().to_owned();
    skipped
        .map(|one| format!("{} {}", one.code, name(&one.object)))
        .collect()
}

#[test]
fn roles_of_managed_node_groups_and_fargate_profiles_are_skipped() {
    for source in SOURCES {
        let conversion = convert(
            &[("aws-auth.yaml", CONFIG_MAP), source],
            &ConvertOptions::default(),
        );
        assert_eq!(
            skipped(&conversion),
            ["managed-entry general", "managed-entry jobs"],
            "{}",
            source.0
        );
        assert!(!conversion.output.contains("role/general"), "{}", source.0);
        let named = match source.0 {
            // The type of an entry shows that EKS makes it, but not for which profile.
            "folded.json" => "the entries of Fargate profiles itself",
            _ => "the entry of the Fargate profile jobs itself",
        };
        let reason = &conversion.skipped[1].message;
        assert!(reason.contains(named), "{}: {reason}", source.0);
        // A skipped rule does not count as changed.
        let changed: Vec<&str> = conversion.changed.iter().map(|one| &*one.code).collect();
        assert_eq!(changed, ["node-groups", "masters"], "{}", source.0);
        assert!(conversion.output.contains("role/own"), "{}", source.0);
        let place = conversion.skipped[0].place.as_ref().unwrap();
        assert_eq!(place.to_string(), "aws-auth.yaml:3:4");
    }
}

#[test]
fn a_node_role_that_may_be_managed_is_written_with_a_note() {
    let documents = [("aws-auth.yaml", CONFIG_MAP)];
    let conversion = convert(&documents, &ConvertOptions::default());
    assert_eq!(skipped(&conversion), ["managed-entry jobs"]);
    assert!(conversion.output.contains("role/general"));
    let note = "(arn:aws:iam::111122223333:role/general and 1 more)";
    assert!(
        conversion.notes.iter().any(|one| one.contains(note)),
        "{:?}",
        conversion.notes
    );
}

#[test]
fn the_creator_of_the_cluster_is_skipped() {
    let settings = ConvertOptions {
        creator: Some("arn:aws:sts::111122223333:assumed-role/creator/alice".to_owned()),
        ..ConvertOptions::default()
    };
    let map = ("aws-auth.yaml", CONFIG_MAP);
    let conversion = convert(&[map, SOURCES[0]], &settings);
    let found = skipped(&conversion);
    assert!(
        found.contains(&"creator-entry creator".to_owned()),
        "{found:?}"
    );
    assert!(!conversion.output.contains("role/creator"));
    // EKS names the user by its ARN.
    let changed = conversion.changed.iter();
    assert!(changed.clone().any(|one| one.code == "creator-entry"));
    let is_creator_noted =
        |one: &Conversion| one.notes.iter().any(|note| note.contains("--creator"));
    assert!(!is_creator_noted(&conversion));
    assert!(is_creator_noted(&convert(
        &[map],
        &ConvertOptions::default()
    )));

    // A cluster that was created without the entry of its creator.
    let described = (
        "cluster.json",
        r#"{"cluster": {"name": "c", "arn": "arn:aws:eks:eu-west-1:111122223333:cluster/c", "accessConfig": {"bootstrapClusterCreatorAdminPermissions": false, "authenticationMode": "API_AND_CONFIG_MAP"}}}"#,
    );
    let conversion = convert(&[map, described], &settings);
    assert_eq!(skipped(&conversion), ["managed-entry jobs"]);
    assert!(conversion.output.contains("role/creator"));

    // If two documents differ, the first decides.
    let wanted = (
        "eksctl.yaml",
        "
apiVersion: eksctl.io/v1alpha5
kind: ClusterConfig
metadata: {name: c, region: eu-west-1}
accessConfig: {bootstrapClusterCreatorAdminPermissions: true}",
    );
    for (documents, is_skipped) in [
        ([map, described, wanted], false),
        ([map, wanted, described], true),
    ] {
        let conversion = convert(&documents, &settings);
        let is_written = conversion.output.contains("role/creator");
        assert_ne!(is_written, is_skipped, "{documents:?}");
    }
}

#[test]
fn everything_is_written_if_managed_entries_are_wanted() {
    let settings = ConvertOptions {
        creator: Some("arn:aws:iam::111122223333:role/creator".to_owned()),
        is_managed_included: true,
        ..ConvertOptions::default()
    };
    let conversion = convert(&[("aws-auth.yaml", CONFIG_MAP), SOURCES[0]], &settings);
    assert!(conversion.skipped.is_empty(), "{:?}", conversion.skipped);
    for role in ["general", "own", "jobs", "creator", "dev"] {
        assert!(
            conversion.output.contains(&format!("role/{role}")),
            "{role}"
        );
    }
}

#[test]
fn an_entry_that_exists_is_named_once() {
    let existing = (
        "entry.json",
        r#"{"accessEntry": {"clusterName": "c", "principalArn": "arn:aws:iam::111122223333:role/dev", "kubernetesGroups": ["dev"], "username": "dev", "type": "STANDARD", "accessEntryArn": "arn:aws:eks:eu-west-1:111122223333:access-entry/c/role/111122223333/dev/x"}}
           {"accessEntry": {"clusterName": "c", "principalArn": "arn:aws:iam::111122223333:role/other", "kubernetesGroups": ["dev"], "username": "other", "type": "STANDARD", "accessEntryArn": "arn:aws:eks:eu-west-1:111122223333:access-entry/c/role/111122223333/other/x"}}"#,
    );
    let documents = [("aws-auth.yaml", CONFIG_MAP), SOURCES[0], existing];
    let conversion = convert(&documents, &ConvertOptions::default());
    let mut found = skipped(&conversion);
    found.sort();
    assert_eq!(
        found,
        [
            "existing-entry dev",
            "existing-entry other",
            "managed-entry general",
            "managed-entry jobs"
        ]
    );
}
