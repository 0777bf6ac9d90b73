//! Files of eksctl, and the recognition of files by their content.

use aws_auth_map::{AuthenticationMode, ConfigMapName, FileKind, Problem, Reader, Rules};

use crate::{map, outcome, session, user};

const CLUSTER_CONFIG: &str = "apiVersion: eksctl.io/v1alpha5
kind: ClusterConfig
metadata:
  name: demo
  region: us-west-2
iamIdentityMappings:
- arn: arn:aws:iam::111122223333:role/nodes
  username: system:node:{{EC2PrivateDNSName}}
  groups: [system:bootstrappers, system:nodes]
- arn: arn:aws:iam::111122223333:user/bob
  username: bob
  noDuplicateARNs: true
- serviceName: emr-containers
  namespace: emr
- account: \"444455556666\"
accessConfig:
  authenticationMode: API_AND_CONFIG_MAP
  accessEntries:
  - principalARN: arn:aws:iam::111122223333:role/team/ops
    kubernetesUsername: ops
    kubernetesGroups: [ops]
    accessPolicies:
    - policyARN: arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy
      accessScope: {type: namespace, namespaces: [default]}
  - principalARN: arn:aws:iam::111122223333:role/linux
    type: EC2_LINUX
";

fn described(problems: &[Problem]) -> Vec<String> {
    problems
        .iter()
        .map(|p| format!("{} {} {}", p.code(), p.at(), p.line().unwrap_or_default()))
        .collect()
}

#[test]
fn a_cluster_config_has_mappings_and_access_entries() {
    let (config, problems) = Reader::new().read_cluster_config(CLUSTER_CONFIG);
    assert_eq!(described(&problems), ["service-mapping mapRoles[2] 13"]);
    let places = |rules: &Rules| -> Vec<String> {
        let rules = rules.iter().map(|(at, _)| at);
        rules.map(|at| at.to_string()).collect()
    };
    let mappings = config.identity_mappings();
    assert_eq!(places(mappings), ["mapRoles[0]", "mapUsers[1]"]);
    assert_eq!(mappings.accounts().count(), 1);
    let entries = config.access_entries();
    assert_eq!(places(entries), ["accessEntry[0]", "accessEntry[1]"]);
    let mode = AuthenticationMode::ApiAndConfigMap;
    assert_eq!(config.authentication_mode(), Some(mode));
    let map = config.into_map();
    assert_eq!(map.authentication_mode(), Some(mode));
    assert_eq!(outcome(&map.resolve(&user("bob"))), "bob");
    assert_eq!(outcome(&map.resolve(&session("ops", "s"))), "ops");
    let node = map.resolve_instance(&session("linux", "i-0123456789abcdef0"), "ip");
    assert_eq!(outcome(&node), "system:node:ip");
    let groups = node.user().map(|user| user.groups().to_vec());
    assert_eq!(groups, Some(vec!["system:nodes".to_owned()]));
}

#[test]
fn either_kind_of_rules_is_enough() {
    let (begin, mappings) = CLUSTER_CONFIG
        .split_once("iamIdentityMappings")
        .expect("mappings");
    let (mappings, entries) = mappings.split_once("accessConfig").expect("entries");
    let config = |rest: &str| {
        let text = format!("{begin}{rest}");
        described(&Reader::new().read_cluster_config(&text).1)
    };
    let mappings = config(&format!("iamIdentityMappings{mappings}"));
    assert_eq!(mappings, ["service-mapping mapRoles[2] 13"]);
    let entries = config(&format!("accessConfig{entries}"));
    assert_eq!(entries, Vec::<String>::new());
    assert_eq!(config(""), ["no-identities the file 1"]);
}

#[test]
fn mistakes_in_a_cluster_config_are_those_of_the_config_map() {
    for (old, new, want) in [
        ("user/bob", "role/team/bob", "role-path mapRoles[1].arn 10"),
        (
            "username: bob",
            "name: bob",
            "misspelled-key mapUsers[1] 11",
        ),
        (
            "\"444455556666\"",
            "44445555666",
            "account-without-zeros mapAccounts[3] 15",
        ),
        (
            "API_AND_CONFIG_MAP",
            "BOTH",
            "unknown-authentication-mode accessConfig.authenticationMode 17",
        ),
        (
            "[ops]",
            "[system:masters]",
            "reserved-group accessEntry[0].kubernetesGroups 21",
        ),
        (
            "kind: ClusterConfig",
            "kind: Cluster",
            "not-a-cluster-config the file 0",
        ),
    ] {
        let text = CLUSTER_CONFIG.replace(old, new);
        assert_ne!(text, CLUSTER_CONFIG);
        let (_, problems) = Reader::new().read_cluster_config(&text);
        let described = described(&problems);
        assert!(described.iter().any(|it| it == want), "{described:?}");
    }
}

#[test]
fn the_list_that_eksctl_prints_is_read_as_yaml_and_json() {
    let yaml = "- groups:\n  - system:masters\n  rolearn: arn:aws:iam::111122223333:role/ops\n  username: ops\n- userarn: arn:aws:iam::111122223333:user/bob\n  username: bob\n- account: \"444455556666\"\n";
    let json = "[{\"rolearn\": \"arn:aws:iam::111122223333:role/ops\", \"username\": \"ops\", \"groups\": [\"system:masters\"]}, {\"userarn\": \"arn:aws:iam::111122223333:user/bob\", \"username\": \"bob\", \"groups\": null}, {\"account\": \"444455556666\"}]";
    for text in [yaml, json] {
        let (rules, problems) = Reader::new().read_identity_mapping_list(text);
        assert_eq!(problems, []);
        assert_eq!((rules.iter().count(), rules.accounts().count()), (2, 1));
        let map = map(rules);
        assert_eq!(outcome(&map.resolve(&session("ops", "s"))), "ops");
        assert_eq!(outcome(&map.resolve(&user("bob"))), "bob");
    }
    let (rules, problems) = Reader::new().read_identity_mapping_list("{}");
    assert_eq!(described(&problems), ["section-not-a-list the file 0"]);
    assert_eq!(rules.unreadable().count(), 1);
}

#[test]
fn a_file_is_recognized_by_its_content() {
    let entry = "arn: arn:aws:iam::111122223333:role/a";
    for (text, want) in [
        (CLUSTER_CONFIG, FileKind::ClusterConfig),
        ("mapRoles: |\n  []\n", FileKind::ConfigMap),
        (
            "kind: ConfigMap\nmetadata: {name: x}\n",
            FileKind::ConfigMap,
        ),
        (
            "kind: ConfigMap\ndata:\n  config.yaml: |\n    server:\n      mapRoles: []\n",
            FileKind::ServerConfig,
        ),
        ("server:\n  mapUsers: []\n", FileKind::ServerConfig),
        (&format!("- role{entry}\n"), FileKind::IdentityMappingList),
        (
            &format!("kind: IAMIdentityMapping\nspec: {{{entry}}}\n"),
            FileKind::IdentityMappings,
        ),
        (
            &format!("kind: List\nitems:\n- kind: IAMIdentityMapping\n  spec: {{{entry}}}\n"),
            FileKind::IdentityMappings,
        ),
        (
            "{\"accessEntry\": {\"principalArn\": \"a\"}}",
            FileKind::AccessEntries,
        ),
        ("{\"accessEntries\": [\"a\"]}", FileKind::AccessEntries),
        (
            "{\"principalArn\": \"a\"}\n{\"principalArn\": \"b\"}\n",
            FileKind::AccessEntries,
        ),
        // The text has no known content, or is not readable.
        ("a: b\n", FileKind::ConfigMap),
        ("type: x\n", FileKind::ConfigMap),
        ("- a\n", FileKind::ConfigMap),
        ("kind: ClusterConfig\n", FileKind::ConfigMap),
        ("a: [\n", FileKind::ConfigMap),
        ("", FileKind::ConfigMap),
    ] {
        assert_eq!(Reader::new().recognize(text), want, "{text}");
    }
    // A ConfigMap beside another file is the ConfigMap.
    let both = format!("{CLUSTER_CONFIG}---\nmapRoles: []\n");
    let reader = Reader::new().with_config_map(ConfigMapName::default());
    assert_eq!(reader.recognize(&both), FileKind::ConfigMap);
}

#[test]
fn a_misspelled_key_of_a_cluster_config_is_not_an_empty_one() {
    for (key, written) in [
        ("iamIdentityMappings", "iamIdentityMapping"),
        ("accessConfig", "accessconfig"),
    ] {
        let text = CLUSTER_CONFIG.replace(&format!("{key}:"), &format!("{written}:"));
        let (config, problems) = Reader::new().read_cluster_config(&text);
        let problem = problems.iter().find(|one| one.code() == "misspelled-key");
        let message = problem.map(ToString::to_string).unwrap_or_default();
        let hint = format!("did you mean `{key}`?");
        assert!(message.contains(&hint), "{written}: {problems:?}");
        let rules = match key {
            "accessConfig" => config.access_entries(),
            _ => config.identity_mappings(),
        };
        assert_eq!(rules.unreadable().count(), 1, "{written}");
    }
}

#[test]
fn a_file_that_eksctl_refuses_has_no_access_entries() {
    for (key, written, want) in [
        (
            "accessEntries",
            "accessEntrys",
            "misspelled-key the file 18",
        ),
        (
            "authenticationMode",
            "authenticationModes",
            "misspelled-key the file 17",
        ),
        (
            "principalARN",
            "principalArn",
            "misspelled-key accessEntry[0] 19",
        ),
        (
            "kubernetesGroups",
            "groups",
            "misspelled-key accessEntry[0] 21",
        ),
        (
            "accessPolicies",
            "policies",
            "misspelled-key accessEntry[0] 22",
        ),
        ("policyARN", "policyArn", "misspelled-key accessEntry[0] 23"),
        ("accessScope", "scope", "misspelled-key accessEntry[0] 24"),
        (
            "namespaces",
            "namespace",
            "misspelled-key accessEntry[0] 24",
        ),
        (
            "principalARN: ",
            "type: ",
            "missing-principal accessEntry[0].principalARN 19",
        ),
    ] {
        let text = CLUSTER_CONFIG.replacen(key, written, 1);
        assert_ne!(text, CLUSTER_CONFIG);
        let (config, problems) = Reader::new().read_cluster_config(&text);
        let described = described(&problems);
        assert!(
            described.iter().any(|it| it == want),
            "{written}: {described:?}"
        );
        assert_eq!(config.access_entries().unreadable().count(), 1, "{written}");
    }
}

#[test]
fn two_cluster_configs_in_one_text_are_not_joined() {
    let text = format!("{CLUSTER_CONFIG}---\n{CLUSTER_CONFIG}");
    let (config, problems) = Reader::new().read_cluster_config(&text);
    let described = described(&problems);
    assert!(
        described.contains(&"more-cluster-configs the file 28".to_owned()),
        "{described:?}"
    );
    for rules in [config.access_entries(), config.identity_mappings()] {
        assert_eq!(rules.unreadable().count(), 1);
    }
}
