//! Upstream's own configuration file.

use aws_auth_map::{BackendKind, Problem, Reader};

/// Every key that upstream's server reads, and the keys that its README names.
const WHOLE: &str = r#"clusterID: my-dev-cluster.example.com
defaultRole: arn:aws:iam::000000000000:role/KubernetesAdmin
server:
  address: 127.0.0.1
  backendMode:
  - EKSConfigMap
  - MountedFile
  dynamicBackendModePath: /etc/modes.json
  dynamicfilepath: /etc/rules.json
  dynamicfileUserIDStrict: true
  ec2DescribeInstancesBurst: 5
  ec2DescribeInstancesQps: 15
  ec2DescribeInstancesRoleARN: arn:aws:iam::000000000000:role/DescribeInstancesRole
  generateKubeconfig: /etc/kubernetes/aws-iam-authenticator.kubeconfig
  hostname: localhost
  kubeconfig: /etc/kubeconfig
  kubeconfigPregenerated: false
  master: https://localhost:6443
  partition: aws
  port: 21362
  scrubbedAccounts:
  - "111122223333"
  - "222233334444"
  sourceARN: arn:aws:eks:eu-west-1:111122223333:cluster/prod
  stateDir: /var/aws-iam-authenticator
  reservedPrefixConfig:
  - backendMode: MountedFile
    usernamePrefixReserveList: ["system:"]
  mapRoles:
  - roleARN: arn:aws:sts::000000000000:assumed-role/KubernetesAdmin/session
    username: kubernetes-admin
    groups: [system:masters]
  mapUsers:
  - userARN: arn:aws:iam::000000000000:user/Alice
    username: alice
  mapAccounts:
  - "012345678901"
"#;

fn described(problems: &[Problem]) -> Vec<String> {
    let number = |n: Option<usize>| n.map_or_else(|| "-".to_owned(), |n| n.to_string());
    let line = |p: &Problem| {
        let (line, column) = (number(p.line()), number(p.column()));
        format!("{} {} {line}:{column}", p.code(), p.at())
    };
    problems.iter().map(line).collect()
}

#[test]
fn every_key_of_upstream_is_known_and_the_mapping_settings_are_read() {
    let (config, problems) = Reader::new().read_server_config(WHOLE);
    assert_eq!(problems, []);
    assert_eq!(config.rules().len(), 3);
    assert_eq!(
        config.backend_modes().kinds(),
        [BackendKind::EksConfigMap, BackendKind::MountedFile]
    );
    let scrubbed = config.scrubbed_accounts().iter();
    let scrubbed: Vec<String> = scrubbed.map(ToString::to_string).collect();
    assert_eq!(scrubbed, ["111122223333", "222233334444"]);
    assert!(config.is_user_id_strict());
    let prefixes = config.reserved_prefixes().of(BackendKind::MountedFile);
    assert_eq!(prefixes.collect::<Vec<_>>(), ["system:"]);
}

#[test]
fn the_file_is_found_in_the_config_map_that_deploys_it() {
    let indented: String = WHOLE.lines().map(|line| format!("    {line}\n")).collect();
    let text = format!(
        "kind: ConfigMap\nmetadata: {{name: aws-iam-authenticator}}\ndata:\n  config.yaml: \
         |\n{indented}    mapRoles: []\n"
    );
    let (config, problems) = Reader::new().read_server_config(&text);
    assert_eq!(config.rules().len(), 3);
    // The place is relative to the whole text.
    let line = 4 + WHOLE.lines().count() + 1;
    assert_eq!(
        described(&problems),
        [format!("unknown-key the file {line}:5")]
    );
}

#[test]
fn a_setting_that_cannot_be_read_is_reported_and_widens_nothing() {
    let text = "clusterId: c\nservr: {}\nserver:\n  scrubbedAccount: x\n  scrubbedAccounts: [12345678901, x]\n  backendMode: [MountedFile, File, crd, AccessEntries, [x]]\n  dynamicfileUserIDStrict: maybe\n  mapGroups: []\n";
    let (config, problems) = Reader::new().read_server_config(text);
    assert_eq!(
        described(&problems),
        [
            "misspelled-key the file 2:1",
            "misspelled-key the file 4:3",
            "unknown-key the file 8:3",
            "deprecated-mode server.backendMode 6:30",
            "duplicate-mode server.backendMode 6:30",
            "unknown-mode server.backendMode 6:36",
            "unknown-mode server.backendMode 6:41",
            "unknown-mode server.backendMode 6:57",
            "account-without-zeros server.scrubbedAccounts 5:22",
            "malformed-account server.scrubbedAccounts 5:35",
            "not-a-boolean server.dynamicfileUserIDStrict 7:28",
        ]
    );
    assert_eq!(config.backend_modes().kinds(), [BackendKind::MountedFile]);
    assert!(config.is_user_id_strict());
    assert_eq!(config.scrubbed_accounts(), []);
}

#[test]
fn a_file_that_cannot_be_read_refuses() {
    let inside = "kind: ConfigMap\ndata:\n  config.yaml: |\n    server: {\n";
    for text in ["server: {", inside] {
        let (config, problems) = Reader::new().read_server_config(text);
        assert_ne!(problems, [], "{text}");
        let map = crate::map(config.into_rules());
        let resolution = map.resolve(&crate::session("a", "s"));
        assert_eq!(crate::outcome(&resolution), "unreadable-source", "{text}");
    }
}

#[test]
fn a_key_that_appears_twice_is_named_with_both_places() {
    for (text, expected) in [
        (
            "clusterID: demo\nserver: {}\nclusterid: prod\n",
            "the file (line 3, column 1): `clusterID` appears twice, first in line 1; it is not known which one is \
             meant, so the file cannot be read; keep one",
        ),
        (
            "server:\n  mapUsers: []\n  port: 1\n  mapusers: []\n",
            "server.mapUsers (line 4, column 3): `mapUsers` appears twice, first in line 2; it is not known which one \
             is meant, so the file cannot be read; keep one",
        ),
        (
            "kind: ConfigMap\ndata:\n  config.yaml: |\n    server:\n      mapRoles: []\n    Server: {}\n",
            "the file (line 6, column 5): `server` appears twice, first in line 4; it is not known which one is meant, \
             so the file cannot be read; keep one",
        ),
        (
            "server: {}\n---\nclusterID: demo\n",
            "the file (line 3, column 1): a second document after `---`, which aws-iam-authenticator does not read, so \
             the file cannot be read; merge the two",
        ),
    ] {
        let (config, problems) = Reader::new().read_server_config(text);
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(problems, [expected]);
        let unreadable: Vec<_> = config.rules().unreadable().map(|(of, _)| of).collect();
        assert_eq!(unreadable, [None], "{text}");
    }
}

#[test]
fn what_is_no_second_key_or_document_is_read() {
    for text in [
        "---\nserver: {mapRoles: []}\n...\n",
        "server: {mapRoles: []}\n---\n",
        "server: {mapRoles: []}\n--- # nothing\n---\n",
        "x: &x {port: 1, mapRoles: [x]}\nserver: {<<: *x, mapRoles: []}\n",
        "mapRoles: []\nserver: {mapRoles: []}\n",
        "other: 1\nother: 2\nserver: {mapRoles: []}\n",
    ] {
        let (config, problems) = Reader::new().read_server_config(text);
        let codes = problems.iter().map(Problem::code);
        assert!(
            codes.clone().all(|code| code == "unknown-key"),
            "{text}: {problems:?}"
        );
        assert_eq!(config.rules().unreadable().count(), 0, "{text}");
    }
}

#[test]
fn without_a_word_of_it_everything_is_as_upstreams_flags_have_it() {
    for text in [
        "server: {}",
        "server: {backendMode: , scrubbedAccounts: }",
        "server: {dynamicfileUserIDStrict: false}",
    ] {
        let (config, problems) = Reader::new().read_server_config(text);
        assert_eq!(problems, []);
        assert_eq!(config.backend_modes().kinds(), [BackendKind::MountedFile]);
        assert!(!config.is_user_id_strict() && config.rules().is_empty());
    }
    let (config, _) = Reader::new().read_server_config("server: {backendMode: 'CRD  File'}");
    assert_eq!(
        config.backend_modes().kinds(),
        [BackendKind::Crd, BackendKind::MountedFile]
    );
}
