//! Files that people really have (`testdata/`), through the whole program: its status and the words that
//! name the problem.

use clap::Parser as _;
use program::output::FAILED;

use crate::args::Args;
use crate::{FOUND, LOCKOUT};

/// Runs a command line in which each word that names a file of `testdata` stands for its path. Returns the
/// status, standard output, and both outputs together.
fn run(line: &str) -> (u8, String, String) {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/aws_auth/testdata/");
    let words = line.split_whitespace().map(|word| {
        let is_file = word.contains(|c: char| c.is_ascii_digit() || c == '.')
            && std::path::Path::new(directory).join(word).exists();
        match is_file {
            true => format!("{directory}{word}"),
            false => word.to_owned(),
        }
    });
    let words = std::iter::once("aws_auth".to_owned()).chain(words);
    match crate::run(&Args::try_parse_from(words).unwrap()) {
        Ok(answer) => {
            let all = format!("{}{}", answer.text, answer.aside);
            (answer.status, answer.text, all)
        }
        Err(why) => (FAILED, String::new(), why),
    }
}

/// Asserts that a command line ends with a status and prints each of these texts.
#[track_caller]
fn check(line: &str, status: u8, prints: &[&str]) {
    let (got, _, all) = run(line);
    assert_eq!(got, status, "{line}\n{all}");
    for text in prints {
        assert!(all.contains(text), "{line}: {text}\n{all}");
    }
}

/// Asserts that `check` reports exactly these problems: line, severity and code.
#[track_caller]
fn problems(line: &str, status: u8, expected: &[&str]) {
    let (got, text, _) = run(&format!("check {line}"));
    let found: Vec<String> = text
        .lines()
        .map(|line| {
            let place = line.split(": ").next().unwrap_or_default();
            let number = place.rsplit(':').nth(1).unwrap_or_default();
            let number = match number.parse::<usize>() {
                Ok(number) => number.to_string(),
                Err(_) => place.rsplit(':').next().unwrap_or_default().to_owned(),
            };
            let code = line.split(": ").nth(1).unwrap_or_default();
            format!("{number} {code}")
        })
        .collect();
    assert_eq!((got, found), (status, owned(expected)), "{line}");
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

const SESSION: &str = "arn:aws:sts::111122223333:assumed-role";

#[test]
fn case_01_a_changed_node_name_is_a_lockout_of_nodes() {
    for new in ["sessionname", "spaces"] {
        check(
            &format!("diff 01-node-name-old.yaml 01-node-name-{new}-new.yaml"),
            LOCKOUT,
            &[
                "lockout: nodes lose access: arn:aws:iam::111122223333:role/blue-node-group-2025\n",
                "changes arn:aws:iam::111122223333:role/blue-node-group-2025: ",
            ],
        );
    }
    problems(
        "01-node-name-spaces-new.yaml",
        0,
        &["14 warning[unknown-placeholder]"],
    );
}

#[test]
fn case_02_entries_of_our_own_keep_their_administrator() {
    check(
        "convert to-config-map 02-own-output-back.jsonl",
        FOUND,
        &[
            "role/eu-demo-admin\n      username: eu-demo-admin\n      groups:\n        - system:masters\n",
        ],
    );
}

#[test]
fn case_03_an_input_without_entries_is_no_answer() {
    for (file, named) in [
        ("03-aws-cli-error.txt", "error[error-output]"),
        ("03-only-names.json", "error[listed-entries]"),
    ] {
        let line = format!("convert to-config-map {file}");
        check(&line, FAILED, &[named]);
        assert_eq!(run(&line).1, "");
    }
}

#[test]
fn case_03_the_cluster_config_of_eksctl_is_read() {
    let file = "03-eksctl-cluster-config.yaml";
    problems(file, 0, &["17 warning[whole-account]"]);
    for (role, user) in [
        (
            "PowerUserAccess",
            "user      admin\ngroups    system:masters\n",
        ),
        (
            "ops",
            "user      ops\ngroups    ops\nrule      accessEntry[0] of AccessEntries, line 21\n",
        ),
    ] {
        check(&format!("explain {file} {SESSION}/{role}/s"), 0, &[user]);
    }
    check(
        &format!("convert to-config-map {file}"),
        FOUND,
        &[
            "role/KarpenterNodeRole-demo\n",
            "role/PowerUserAccess\n",
            "role/ops\n",
            "role/nodes\n",
            "- \"444455556666\"\n",
        ],
    );
    check(
        &format!("convert to-entries --cluster demo {file}"),
        FOUND,
        &["role/KarpenterNodeRole-demo\", \"type\": \"EC2_LINUX\"}\n"],
    );
}

#[test]
fn case_04_an_error_message_in_place_of_a_file_is_no_answer() {
    check(
        "diff 04-kubectl-not-found.txt 04-new.yaml",
        FAILED,
        &["error[error-output]"],
    );
    check(
        "check 04-kubectl-not-found.txt",
        FAILED,
        &["error[error-output]"],
    );
}

#[test]
fn case_04_and_18_slips_of_indentation_are_named() {
    problems(
        "04-block-at-key-indent.yaml",
        FOUND,
        &["8 error[block-not-indented]"],
    );
    problems(
        "18-keys-inside-groups.yaml",
        FOUND,
        &["13 error[key-inside-list]", "18 error[key-inside-list]"],
    );
}

#[test]
fn case_05_keys_that_eks_does_not_read_are_errors() {
    problems(
        "05-pattern-and-sso-on-eks.yaml",
        FOUND,
        &[
            "11 error[pattern-not-read]",
            "14 error[sso-not-read]",
            "18 error[angle-placeholder]",
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
        "convert to-entries --cluster demo 06-sso-role-to-entry.yaml",
        FOUND,
        &["not converted[permission-set-path]: mapRoles[0]"],
    );
}

#[test]
fn case_07_groups_that_no_user_has_are_warnings() {
    problems(
        "07-angle-brackets.yaml",
        0,
        &[
            "7 warning[angle-brackets]",
            "9 warning[angle-brackets]",
            "14 warning[angle-brackets]",
        ],
    );
    problems(
        "07-groups-nobody-has.yaml",
        0,
        &[
            "8 warning[cluster-role-as-group]",
            "11 warning[unknown-system-group]",
            "14 warning[unknown-system-group]",
            "14 warning[name-with-spaces]",
            "16 warning[user-named-as-group]",
            "17 warning[cluster-role-as-group]",
            "19 warning[service-account-name]",
            "23 warning[several-groups-in-one]",
        ],
    );
}

#[test]
fn case_08_roles_of_permission_sets_are_judged_by_path_and_suffix() {
    problems(
        "08-sso-suffix.yaml",
        FOUND,
        &[
            "2 error[role-path]",
            "5 error[permission-set-suffix]",
            "8 error[literal-wildcard]",
        ],
    );
    check(
        &format!("explain 08-sso-suffix.yaml {SESSION}/AWSReservedSSO_Ops_bbbbbbbbbbbbbbbb/s"),
        FOUND,
        &["mapRoles[3] of EKSConfigMap: does not match, but would with the suffix"],
    );
}

#[test]
fn case_09_a_list_in_place_of_text_is_an_error() {
    problems("09-missing-bar.yaml", FOUND, &["8 error[section-not-text]"]);
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
    problems(
        "13-exact-duplicates.yaml",
        0,
        &["7 warning[duplicate-rule]"],
    );
    let (status, text, all) = run("edit dedupe 13-exact-duplicates.yaml");
    assert_eq!((status, text.matches("rolearn").count()), (0, 1), "{all}");
}

#[test]
fn case_15_the_files_of_other_tools_are_read() {
    problems("15-server-config.yaml", 0, &[]);
    problems(
        "15-eksctl-get-output.yaml",
        0,
        &["10 warning[whole-account]"],
    );
    check(
        "explain 15-eksctl-get-output.yaml arn:aws:iam::111122223333:user/bob",
        0,
        &["user      bob\ngroups    system:masters\n"],
    );
    check(
        &format!("explain 15-server-config.yaml {SESSION}/KubernetesAdmin/s"),
        0,
        &["user      kubernetes-admin\n"],
    );
    check(
        "check 15-iamidentitymapping.yaml",
        FOUND,
        &["IAMIdentityMapping[0].arn: an account id has twelve digits, and this one has 13\n"],
    );
}

#[test]
fn case_16_the_output_of_kubectl_describe_is_named() {
    check(
        "check 16-kubectl-describe.txt",
        FAILED,
        &["error[kubectl-describe]"],
    );
}

#[test]
fn case_17_templates_and_empty_entries_are_named() {
    problems(
        "17-indent-template.yaml",
        FOUND,
        &[
            "8 error[unfilled]",
            "10 error[unfilled]",
            "12 error[unfilled]",
        ],
    );
    problems(
        "17-empty-entry.yaml",
        FOUND,
        &[
            "6 warning[whole-account]",
            "10 error[role-path]",
            "12 error[empty-entry]",
        ],
    );
}

#[test]
fn case_19_a_person_named_as_a_node_is_renamed() {
    check(
        "check 19-person-called-node.yaml",
        FOUND,
        &[
            "warning[person-named-as-node]: mapRoles[1].username: the username is a node's, but the groups are not; rename the user\n",
            "this one has 6\n",
        ],
    );
}

#[test]
fn case_20_a_migration_to_access_entries_changes_nothing() {
    let entries = "--access-entries 02-own-output-back.jsonl";
    check(
        &format!("diff 20-migration-old.yaml 20-migration-new.yaml {entries}"),
        0,
        &[],
    );
    check(
        "diff 20-migration-old.yaml 20-migration-new.yaml",
        LOCKOUT,
        &["lockout: nodes lose access"],
    );
    // From the ConfigMap alone to the entries alone: other groups, but no lockout.
    check(
        "diff 20-migration-old.yaml 02-own-output-back.jsonl",
        FOUND,
        &["eu-demo-admin, with AmazonEKSClusterAdminPolicy on the cluster"],
    );
    check(
        &format!("explain 20-migration-new.yaml {SESSION}/eu-demo-admin/s {entries}"),
        0,
        &["rule      accessEntry[2] of AccessEntries, line 3\n"],
    );
    problems(&format!("20-migration-new.yaml {entries}"), 0, &[]);
    check(
        "diff 20-migration-old.yaml 20-migration-new.yaml --access-entries 03-aws-cli-error.txt",
        FAILED,
        &["error[error-output]"],
    );
}

#[test]
fn attacks_are_refused_and_reported() {
    check(
        &format!("explain security-two-config-maps.yaml {SESSION}/intern/s"),
        FOUND,
        &["not mapped"],
    );
    check(
        &format!("explain security-two-config-maps.yaml {SESSION}/ops/s"),
        0,
        &["user      ops\n"],
    );
    for (file, role) in [("later", "ops"), ("exact", "intern")] {
        check(
            &format!("explain security-malformed-{file}-entry.yaml {SESSION}/{role}/s"),
            FOUND,
            &["refused: mapRoles[", "the entry cannot be read"],
        );
    }
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
        &["gains arn:aws:iam::111122223333:role/zz: z\\u{1b}[1A"],
    );
}
