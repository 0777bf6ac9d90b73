//! Files that people really had (`testdata/`): the status of each command, and the words that name the problem.

use program::output::FAILED;

use super::{FOUND, check, findings, run};
use crate::LOCKOUT;

#[test]
fn case_01_a_changed_node_name_is_a_lockout_of_nodes() {
    for new in ["sessionname", "spaces"] {
        check(
            &format!("diff 01-node-name-old.yaml 01-node-name-{new}-new.yaml"),
            LOCKOUT,
            &[
                "lockout: nodes lose access: arn:aws:iam::111122223333:role/blue-node-group-2025 (",
                &format!("01-node-name-{new}-new.yaml:10:7)\n"),
                "changes: arn:aws:iam::111122223333:role/blue-node-group-2025: ",
            ],
        );
    }
    findings(
        "01-node-name-spaces-new.yaml",
        FOUND,
        &["14 high unknown-placeholder"],
    );
}

#[test]
fn case_02_entries_of_our_own_keep_their_administrator() {
    check(
        "convert --to config-map -f 02-own-output-back.jsonl",
        FOUND,
        &[
            "role/eu-demo-admin\n      username: eu-demo-admin\n      groups:\n        - system:masters\n",
        ],
    );
}

#[test]
fn case_03_an_input_without_entries_is_no_answer() {
    for (file, named) in [
        ("03-aws-cli-error.txt", "[error-output]"),
        ("03-only-names.json", "[listed-entries]"),
    ] {
        let line = format!("convert --to config-map -f {file}");
        check(&line, FAILED, &[named]);
        assert_eq!(run(&line).1, "");
    }
}

#[test]
fn case_03_principals_with_an_entry_are_skipped() {
    let file = "03-eksctl-cluster-config.yaml";
    findings(file, 0, &["17 low whole-account"]);
    check(
        &format!("convert --to config-map -f {file}"),
        FOUND,
        &[
            "role/KarpenterNodeRole-demo\n",
            "role/PowerUserAccess\n",
            "role/ops\n",
            "role/nodes\n",
            "- \"444455556666\"\n",
        ],
    );
    let line = format!("convert --to entries --cluster demo -f {file}");
    check(
        &line,
        FOUND,
        &[
            "role/KarpenterNodeRole-demo\", \"type\": \"EC2_LINUX\"}\n",
            "skipped[existing-entry]: arn:aws:iam::111122223333:role/nodes: ",
            "skipped[existing-entry]: arn:aws:iam::111122223333:role/team/ops: ",
        ],
    );
    let (_, text, _) = run(&line);
    assert!(
        !text.contains("role/nodes") && !text.contains("role/team/ops"),
        "{text}"
    );
}

#[test]
fn case_04_an_error_message_in_place_of_a_file_is_no_answer() {
    check(
        "diff 04-kubectl-not-found.txt 04-new.yaml",
        FAILED,
        &["[error-output]"],
    );
    check(
        "check -f 04-kubectl-not-found.txt",
        FAILED,
        &["[error-output]"],
    );
}

#[test]
fn case_04_and_18_slips_of_indentation_are_named() {
    findings(
        "04-block-at-key-indent.yaml",
        FOUND,
        &["8 high block-not-indented"],
    );
    findings(
        "18-keys-inside-groups.yaml",
        FOUND,
        &["13 high key-inside-list", "18 high key-inside-list"],
    );
}

#[test]
fn case_05_keys_that_eks_does_not_read_are_found() {
    findings(
        "05-pattern-and-sso-on-eks.yaml",
        FOUND,
        &[
            "11 high pattern-not-read",
            "14 high sso-not-read",
            "18 high angle-placeholder",
        ],
    );
    check(
        "diff 05-diff-old.yaml 05-diff-new.yaml",
        LOCKOUT,
        &["lockout: no caller will be in `system:masters`"],
    );
}

#[test]
fn case_06_a_permission_sets_role_needs_its_path() {
    check(
        "convert --to entries --cluster demo -f 06-sso-role-to-entry.yaml",
        FOUND,
        &["not converted[permission-set-path]: mapRoles[0]"],
    );
}

#[test]
fn case_07_groups_that_no_user_has_lock_out() {
    findings(
        "07-angle-brackets.yaml",
        FOUND,
        &[
            "7 high angle-brackets",
            "9 high angle-brackets",
            "10 high angle-brackets",
            "14 high angle-brackets",
        ],
    );
    findings(
        "07-groups-nobody-has.yaml",
        FOUND,
        &[
            "8 high cluster-role-as-group",
            "11 high unknown-system-group",
            "14 high name-with-spaces",
            "14 high name-with-spaces",
            "14 high unknown-system-group",
            "14 high unknown-system-group",
            "16 medium user-named-as-group",
            "17 high cluster-role-as-group",
            "19 high service-account-name",
            "23 high several-groups-in-one",
        ],
    );
}

#[test]
fn case_08_roles_of_permission_sets_are_judged_by_path_and_suffix() {
    findings(
        "08-sso-suffix.yaml",
        FOUND,
        &[
            "2 high role-path",
            "5 high permission-set-suffix",
            "8 high literal-wildcard",
        ],
    );
}

#[test]
fn case_09_a_list_in_place_of_text_is_found() {
    findings("09-missing-bar.yaml", FOUND, &["8 high section-not-text"]);
}

#[test]
fn case_11_an_entry_without_a_username_had_its_administrator() {
    check(
        "diff 11-no-username-old.yaml 11-no-username-new.yaml",
        LOCKOUT,
        &["lockout: no caller will be in `system:masters`"],
    );
    check(
        "diff 11-no-username-old.yaml 11-no-username-new.yaml --caller arn:aws:iam::111122223333:user/admin",
        LOCKOUT,
        &["lockout: you are `` and will not be mapped to any user"],
    );
}

#[test]
fn case_13_exact_duplicates_are_removed_by_dedupe() {
    findings("13-exact-duplicates.yaml", 0, &["7 medium duplicate-rule"]);
    let (status, text, all) = run("edit dedupe -f 13-exact-duplicates.yaml");
    assert_eq!((status, text.matches("rolearn").count()), (0, 1), "{all}");
}

#[test]
fn case_15_the_files_of_other_tools_are_read() {
    findings("15-server-config.yaml", 0, &[]);
    findings("15-eksctl-get-output.yaml", 0, &["10 low whole-account"]);
    check(
        "check -f 15-iamidentitymapping.yaml",
        FOUND,
        &["an account id has twelve digits, and this one has 13\n"],
    );
}

#[test]
fn case_16_the_output_of_kubectl_describe_is_named() {
    check(
        "check -f 16-kubectl-describe.txt",
        FAILED,
        &["high[kubectl-describe]"],
    );
}

#[test]
fn case_17_templates_and_empty_entries_are_named() {
    findings(
        "17-indent-template.yaml",
        FOUND,
        &["8 high unfilled", "10 high unfilled", "12 high unfilled"],
    );
    findings(
        "17-empty-entry.yaml",
        FOUND,
        &[
            "6 low whole-account",
            "10 high role-path",
            "12 high empty-entry",
        ],
    );
}

#[test]
fn case_19_a_person_named_as_a_node_is_renamed() {
    check(
        "check -f 19-person-called-node.yaml",
        FOUND,
        &[
            "high[person-named-as-node]: mapRoles arn:aws:iam::111122223333:role/readonly username: the username is a node's, but the groups are not\n",
            "person-named-as-node: Rename the user.\n",
            "this one has 6\n",
        ],
    );
}

#[test]
fn case_20_a_migration_to_access_entries_changes_nothing() {
    check(
        "diff 20-migration-old.yaml 20-migration-new.yaml -f 02-own-output-back.jsonl",
        0,
        &[],
    );
    check(
        "diff 20-migration-old.yaml 20-migration-new.yaml",
        LOCKOUT,
        &["lockout: nodes lose access"],
    );
    // The mode changes from the ConfigMap alone to the access entries alone. The administrator may do
    // the same as before.
    check(
        "diff 20-migration-old.yaml 02-own-output-back.jsonl",
        0,
        &[
            "note: changes arn:aws:iam::111122223333:role/eu-demo-admin: ",
            "who may do the same",
        ],
    );
    findings("20-migration-new.yaml -f 02-own-output-back.jsonl", 0, &[]);
    check(
        "diff 20-migration-old.yaml 20-migration-new.yaml -f 03-aws-cli-error.txt",
        FAILED,
        &["[error-output]"],
    );
}

#[test]
fn attacks_are_refused_and_reported() {
    for kind in ["", "not-"] {
        check(
            &format!("diff security-{kind}exhausted-old.yaml security-{kind}exhausted-new.yaml"),
            LOCKOUT,
            &["lockout: no caller will be in `system:masters`"],
        );
    }
    check(
        "diff security-diff-old.yaml security-diff-new.yaml",
        FOUND,
        &["gains: arn:aws:iam::111122223333:role/zz: z\\u{1b}[1A"],
    );
}

/// Manifests of bug reports about RBAC tools.
#[test]
fn cases_of_rbac_are_judged() {
    for (file, status, prints) in [
        (
            "rbac-01-constrained-impersonation.yaml",
            FOUND,
            &[
                "high[impersonate]: ClusterRole/node-any rules[0]: impersonate:arbitrary-node on nodes",
                "only constrained impersonation excludes the group system:masters",
                "high[binds-risky-role]: ClusterRoleBinding/panda roleRef: ClusterRole edit allows",
                "2 high\n",
            ][..],
        ),
        (
            "rbac-08-template-envsubst.yaml",
            FOUND,
            &[
                "high[placeholder]",
                "subjects[0].namespace is \"${NAMESPACE}\"",
                "subjects[1].namespace is \"$(POD_NAMESPACE)\"",
                "subjects[2].namespace is REPLACE_ME",
            ],
        ),
        (
            "rbac-08-template-dash.yaml",
            FAILED,
            &["high[unrendered-template]"],
        ),
        (
            "rbac-09-pods-patch-runs-code-as-any-account.yaml",
            FOUND,
            &[
                "[pod-update]: ClusterRole/patcher rules[0]",
                "[node-write]: ClusterRole/patcher rules[1]",
            ],
        ),
        (
            "rbac-10-csr-approval-limited-to-a-signer.yaml",
            0,
            &["nothing found"],
        ),
        (
            "security-hostile-names.yaml",
            FAILED,
            &["high[not-text]", "Foo\\u{1b}]0;PWNED"],
        ),
    ] {
        check(&format!("check {file}"), status, prints);
    }
}
