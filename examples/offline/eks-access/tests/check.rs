//! The command `check`.

use std::fs;

use program::output::FAILED;

use super::{DEV, Directory, FOUND, NODES, OPS, VIEW, check, config_map, run};

#[test]
fn check_mends_what_is_mechanical() {
    let dir = Directory::new("fix");
    let with_path = DEV.replace("role/dev", "role/team/dev");
    let file = dir.file(
        "aws-auth.yaml",
        &config_map(&[NODES, NODES, OPS, &with_path]),
    );
    check(
        &format!("check --fix {file}"),
        0,
        &["fixed: mapRoles[3]: role-path", "fixed: duplicate-rule"],
    );
    assert_eq!(
        fs::read_to_string(&file).unwrap(),
        config_map(&[NODES, OPS, &DEV.replace(" [dev]", "\n      - dev")])
    );
}

#[test]
fn check_finds_what_does_not_fit_between_the_mapping_and_rbac() {
    let dir = Directory::new("seam");
    let typo = DEV.replace("[dev]", "[devz]");
    let map = dir.file("aws-auth.yaml", &config_map(&[NODES, OPS, &typo]));
    let rbac = dir.file("rbac.yaml", &VIEW.replace("name: dev}]", "name: devs}]"));
    check(
        &format!("check {map} {rbac}"),
        FOUND,
        &[
            "high[unbound-group]: mapRoles arn:aws:iam::111122223333:role/dev group devz: no binding names group `devz`; `devs` is bound\n",
            "medium[unmapped-subject]: ClusterRoleBinding/dev group devs: no caller is in group `devs`; `dev` is mapped\n",
        ],
    );
    let roles = dir.file(
        "roles.json",
        "{\"Roles\": [{\"Arn\": \"arn:aws:iam::111122223333:role/ops\", \"RoleName\": \"ops\"}, {\"Arn\": \"arn:aws:iam::111122223333:role/nodes\", \"RoleName\": \"nodes\"}]}",
    );
    check(
        &format!("check {map} --principals {roles}"),
        FOUND,
        &["high[gone-principal]: mapRoles arn:aws:iam::111122223333:role/dev: "],
    );
    // A file of another kind does not prove that every principal is listed.
    check(
        &format!("check {map} --principals {map}"),
        FAILED,
        &["--principals: no role or user is there"],
    );
    // The session name chooses a group with every permission.
    let session = DEV.replace("[dev]", "[\"team-{{SessionName}}\"]");
    let map = dir.file("session.yaml", &config_map(&[NODES, OPS, &session]));
    let admin = VIEW
        .replace("name: dev}]", "name: team-admins}]")
        .replace("name: view", "name: cluster-admin");
    let admin = dir.file("admin.yaml", &admin);
    check(
        &format!("check {map} {admin}"),
        FOUND,
        &[
            "critical[bound-by-session-name]: mapRoles arn:aws:iam::111122223333:role/dev: a session named `admins` ",
        ],
    );
}

/// The default policy binds `system:kube-scheduler`, and STS allows no colon in the name of a session.
#[test]
fn a_session_has_no_name_that_sts_refuses() {
    let dir = Directory::new("session-name");
    let session = DEV.replace("username: dev", "username: \"{{SessionName}}\"");
    let map = dir.file("aws-auth.yaml", &config_map(&[NODES, OPS, &session]));
    let rbac = dir.file("rbac.yaml", VIEW);
    let (status, text, all) = run(&format!("check {map} {rbac} --dialect authenticator"));
    assert_eq!(status, 0, "{all}");
    assert!(!text.contains("bound-by-session-name"), "{text}");
    let user = VIEW.replace("kind: Group, name: dev}", "kind: User, name: alice}");
    let rbac = dir.file("user.yaml", &user);
    check(
        &format!("check {map} {rbac} --dialect authenticator"),
        FOUND,
        &[
            "high[bound-by-session-name]: mapRoles arn:aws:iam::111122223333:role/dev: a session named `alice` becomes user `alice`",
        ],
    );
}

#[test]
fn a_source_that_the_mode_leaves_out_is_named() {
    let dir = Directory::new("mode");
    let map = dir.file("aws-auth.yaml", &config_map(&[NODES, OPS]));
    let entry =
        "{\"principalArn\": \"arn:aws:iam::111122223333:role/dev\", \"type\": \"STANDARD\"}";
    let entries = dir.file("entries.json", entry);
    let (_, text, _) = run(&format!("check {map} {entries} --authentication-mode API"));
    let line = format!("{map}: medium[backend-not-asked]: ");
    assert!(text.contains(&line), "{text}");
    let (_, text, _) = run(&format!(
        "check {map} {entries} --authentication-mode CONFIG_MAP"
    ));
    let line = format!("{entries}: medium[backend-not-asked]: ");
    assert!(text.contains(&line), "{text}");
}

#[test]
fn files_of_a_directory_that_are_not_read_are_named() {
    let dir = Directory::new("unread");
    let name = dir.0.to_str().unwrap().to_owned();
    dir.file("main.tf", "resource \"aws_eks_access_entry\" \"dev\" {}");
    let (status, _, all) = run(&format!("check -f {name}"));
    let way = "1 .tf (give the plan that `terraform show -json` prints)";
    assert_eq!((status, all.contains(way)), (FAILED, true), "{all}");
    dir.file("aws-auth.yaml", &config_map(&[NODES, OPS]));
    dir.file("broken.yaml", "a: [");
    assert_eq!(run(&format!("check -f {name}")).0, FAILED);
    let (status, text, all) = run(&format!("check -f {name} --exclude broken.yaml -o json"));
    assert_eq!(status, 0, "{all}");
    assert!(
        text.contains("\"kind\": \".tf files (give the plan"),
        "{text}"
    );
    let (status, _, all) = run(&format!(
        "whoami arn:aws:iam::111122223333:role/ops -f {name} --exclude broken.yaml"
    ));
    let line =
        "not used: 1 .tf file (give the plan that `terraform show -json` prints), the first in ";
    assert_eq!((status, all.contains(line)), (0, true), "{all}");
}

#[test]
fn check_has_a_form_for_each_tool_and_a_baseline() {
    let dir = Directory::new("forms");
    let file = dir.file(
        "aws-auth.yaml",
        &config_map(&[NODES, &OPS.replace("role/ops", "role/x/ops")]),
    );
    for (form, begins) in [
        ("sarif", "{\n"),
        ("github", "::error file="),
        ("junit", "<?xml "),
        ("markdown", "### eks-access check: 1 high"),
        ("json", "{\n"),
        ("yaml", "accepted: []\n"),
    ] {
        let (status, text, _) = run(&format!("check {file} -o {form}"));
        assert_eq!(
            (status, text.starts_with(begins)),
            (FOUND, true),
            "{form}: {text}"
        );
    }
    assert_eq!(run(&format!("can a get pods -f {file} -o sarif")).0, FAILED);
    let (_, baseline, _) = run(&format!("check {file} --print-baseline"));
    assert_eq!(
        baseline,
        "role-path mapRoles arn:aws:iam::111122223333:role/x/ops\n"
    );
    let with_reason = format!("{} # it moves next week\n", baseline.trim_end());
    let baseline = dir.file("baseline", &with_reason);
    check(
        &format!("check {file} --baseline {baseline}"),
        0,
        &["1 accepted\n"],
    );
    assert_eq!(run(&format!("check {file} --fail-on critical")).0, 0);
}

/// EKS and eksctl map the node roles that they create themselves. No template lists these mappings.
#[test]
fn nodes_are_missed_only_where_each_role_would_be_listed() {
    let dir = Directory::new("no-nodes");
    let entry = "\
Resources:
  E: {Type: AWS::EKS::AccessEntry, Properties: {ClusterName: c, PrincipalArn: 'arn:aws:iam::111122223333:role/a'}}
";
    let eksctl = "\
{apiVersion: eksctl.io/v1alpha5, kind: ClusterConfig, metadata: {name: c, region: eu-west-1},
 iamIdentityMappings: [{arn: 'arn:aws:iam::111122223333:role/a', username: a}]}
";
    let listed = r#"{"accessEntry": {"principalArn": "arn:aws:iam::111122223333:role/a", "type": "STANDARD"}}"#;
    let people = config_map(&[OPS]);
    for (name, text, mode, is_missed) in [
        ("template.yaml", entry, "API", false),
        ("cluster.yaml", eksctl, "CONFIG_MAP", false),
        ("entries.json", listed, "API", true),
        ("entries.json", listed, "API_AND_CONFIG_MAP", false),
        ("aws-auth.yaml", people.as_str(), "CONFIG_MAP", true),
        (
            "aws-auth.yaml",
            people.as_str(),
            "API_AND_CONFIG_MAP",
            false,
        ),
    ] {
        let file = dir.file(name, text);
        let (_, found, all) = run(&format!("check -f {file} --authentication-mode {mode}"));
        assert_eq!(
            found.contains("[no-nodes]"),
            is_missed,
            "{name} {mode}\n{all}"
        );
    }
}

#[test]
fn an_access_policy_that_is_nearly_one_of_eks_is_found() {
    let dir = Directory::new("policies");
    let entry = |policy: &str| {
        format!(
            r#"{{"principalArn": "arn:aws:iam::111122223333:role/a", "type": "STANDARD", "associatedAccessPolicies": [{{"policyArn":
 "arn:aws:eks::aws:cluster-access-policy/{policy}", "accessScope": {{"type": "cluster"}}}}]}}"#
        )
    };
    for (policy, is_found) in [
        ("AmazonEKSViewPolicy", false),
        ("AmazonEKSViewPolcy", true),
        ("AmazonEKSviewPolicy", true),
        ("AmazonEKSNetworkingPolicy", false),
    ] {
        let file = dir.file("entries.json", &entry(policy));
        let (_, found, all) = run(&format!("check -f {file}"));
        let is_named =
            found.contains("[unknown-access-policy]") && found.contains("`AmazonEKSViewPolicy`");
        assert_eq!(is_named, is_found, "{policy}\n{all}");
    }
}
