//! The command `convert`.

use program::output::FAILED;

use super::{DEV, Directory, NODES, OPS, check, config_map, run};

#[test]
fn convert_prints_nothing_for_input_that_it_cannot_read() {
    let dir = Directory::new("convert");
    for (name, text) in [
        (
            "error",
            "An error occurred (ResourceNotFoundException): No cluster found\n",
        ),
        (
            "eksctl",
            "apiVersion: eksctl.io/v1alpha5\nkind: ClusterConfig\nmetadata: {name: c}\n",
        ),
        ("none", "{}"),
        ("empty", ""),
        ("broken", "mapRoles: ["),
        (
            "names",
            "{\"accessEntries\": [\"arn:aws:iam::111122223333:role/a\"]}",
        ),
    ] {
        let file = dir.file(name, text);
        for to in [
            "config-map",
            "entries",
            "eksctl",
            "cloudformation",
            "terraform",
        ] {
            let (status, text, _) = run(&format!("convert --to {to} -f {file}"));
            assert_eq!((status, text.as_str()), (FAILED, ""), "{name} {to}");
        }
    }
}

#[test]
fn entries_that_were_written_are_read_back_and_change_nothing() {
    let dir = Directory::new("back");
    let file = dir.file("old.yaml", &config_map(&[NODES, OPS, DEV]));
    for to in ["entries", "eksctl", "cloudformation"] {
        let (_, text, all) = run(&format!("convert --to {to} --cluster c -f {file}"));
        let there = dir.file("there.yaml", &text);
        let (status, diff, _) = run(&format!("diff {file} {there}"));
        assert_eq!(status, 0, "{to}\n{all}{diff}");
        let (_, text, _) = run(&format!("convert --to config-map -f {there}"));
        let back = dir.file("back.yaml", &text);
        assert_eq!(run(&format!("diff {file} {back}")).0, 0, "{to}");
    }
}

#[test]
fn terraform_imports_the_entries_that_exist() {
    let dir = Directory::new("terraform");
    let entry = "{\"accessEntry\": {\"clusterName\": \"demo\", \"principalArn\": \"arn:aws:iam::111122223333:role/team/ops\", \"kubernetesGroups\": [\"a${b}\"], \"accessEntryArn\": \"arn:aws:eks:eu-west-1:111122223333:access-entry/demo/role/111122223333/ops/x\", \"type\": \"STANDARD\"}}";
    let policies = "{\"principalArn\": \"arn:aws:iam::111122223333:role/team/ops\", \"associatedAccessPolicies\": []}";
    let file = dir.file("entry.json", entry);
    let (status, _, all) = run(&format!("convert --to terraform --cluster demo -f {file}"));
    assert_eq!(status, 1);
    assert!(all.contains("changed[unknown-access-policies]"), "{all}");
    let file = dir.file("entry.json", &format!("{entry}\n{policies}"));
    let (status, text, _) = run(&format!("convert --to terraform --cluster demo -f {file}"));
    assert_eq!(status, 0);
    assert_eq!(
        text,
        "resource \"aws_eks_access_entry\" \"ops\" {\n  \
         cluster_name      = \"demo\"\n  \
         principal_arn     = \"arn:aws:iam::111122223333:role/team/ops\"\n  \
         type              = \"STANDARD\"\n  \
         kubernetes_groups = [\"a$${b}\"]\n}\n\n\
         import {\n  to = aws_eks_access_entry.ops\n  \
         id = \"demo:arn:aws:iam::111122223333:role/team/ops\"\n}\n"
    );
}

/// An entry without a principal makes no rule, so the output would lack it without a warning.
#[test]
fn an_entry_that_is_left_out_is_lost() {
    let dir = Directory::new("left-out");
    let eksctl = "\
apiVersion: eksctl.io/v1alpha5
kind: ClusterConfig
metadata: {name: c, region: eu-west-1}
iamIdentityMappings:
- {arn: 'arn:aws:iam::111122223333:role/ops', username: ops, groups: [ops]}
";
    for (entry, code) in [
        ("- {arn: '${ROLE}', username: x}", "unfilled"),
        (
            "- {arn: 'arn:aws:iam::1111:role/x', username: x}",
            "malformed-account",
        ),
        (
            "- {serviceName: emr-containers, namespace: emr}",
            "service-mapping",
        ),
    ] {
        let file = dir.file("cluster.yaml", &format!("{eksctl}{entry}\n"));
        for to in ["config-map", "entries"] {
            let lost = format!("not converted[{code}]: mapRoles[1]");
            check(
                &format!("convert --to {to} -f {file}"),
                1,
                &[&lost, "role/ops"],
            );
        }
    }
    let unfilled = config_map(&[NODES, OPS, &DEV.replace("111122223333", "${ACCOUNT}")]);
    let file = dir.file("aws-auth.yaml", &unfilled);
    let lost = "not converted[unfilled]: mapRoles[2]";
    check(&format!("convert --to config-map -f {file}"), 1, &[lost]);
}
