//! Files that people really have (`testdata/`), through the commands that check, compare, convert and edit:
//! the status, and the words that name the problem.

use std::fs;
use std::path::PathBuf;

use clap::Parser as _;
use program::output::FAILED;

use crate::LOCKOUT;
use crate::args::Args;
use crate::print::{self, Answer};

const FOUND: u8 = 1;

/// Runs a command line in which each word that names a file of `testdata` stands for its path.
fn answer(line: &str) -> Answer {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/eks-access/testdata/");
    let words = line.split_whitespace().map(|word| {
        let is_file = !word.starts_with('/')
            && word.contains(|c: char| c.is_ascii_digit() || c == '.')
            && std::path::Path::new(directory).join(word).exists();
        match is_file {
            true => format!("{directory}{word}"),
            false => word.to_owned(),
        }
    });
    let words = std::iter::once("eks-access".to_owned()).chain(words);
    let args = Args::try_parse_from(words).unwrap();
    let mut answer = crate::run(&args);
    answer.text = print::text(&answer, args.common.output);
    answer
}

/// Returns the status, standard output, and both outputs together.
fn run(line: &str) -> (u8, String, String) {
    let answer = answer(line);
    let all = format!("{}{}\n", answer.text, answer.aside.join("\n"));
    (answer.status, answer.text, all)
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

/// Asserts that `check` finds exactly these: line, severity and code, by line.
#[track_caller]
fn findings(line: &str, status: u8, expected: &[&str]) {
    let answer = answer(&format!("check -o json -f {line}"));
    let list = answer.data["findings"].as_array().unwrap();
    let mut found: Vec<(u64, String)> = list
        .iter()
        .map(|one| {
            let line = one["place"]["line"].as_u64().unwrap_or(0);
            let text = |key: &str| one[key].as_str().unwrap().to_owned();
            (line, format!("{} {}", text("severity"), text("code")))
        })
        .collect();
    found.sort();
    let found: Vec<String> = found
        .into_iter()
        .map(|(line, text)| format!("{line} {text}"))
        .collect();
    assert_eq!((answer.status, found), (status, owned(expected)), "{line}");
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn case_01_a_changed_node_name_is_a_lockout_of_nodes() {
    for new in ["sessionname", "spaces"] {
        check(
            &format!("diff 01-node-name-old.yaml 01-node-name-{new}-new.yaml"),
            LOCKOUT,
            &[
                "lockout: nodes lose access: arn:aws:iam::111122223333:role/blue-node-group-2025\n",
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
    // From the ConfigMap alone to the entries alone, the administrator may do the same by another door.
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

/// A directory that is removed at the end of a test.
struct Directory(PathBuf);

impl Directory {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("eks-access-{test}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const NODES: &str = "  - rolearn: arn:aws:iam::111122223333:role/nodes\n    username: system:node:{{EC2PrivateDNSName}}\n    groups: [system:bootstrappers, system:nodes]\n";
const OPS: &str = "  - rolearn: arn:aws:iam::111122223333:role/ops\n    username: ops\n    groups: [system:masters]\n";
const DEV: &str =
    "  - rolearn: arn:aws:iam::111122223333:role/dev\n    username: dev\n    groups: [dev]\n";
const VIEW: &str = "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: dev}, subjects: [{kind: Group, name: dev}], roleRef: {kind: ClusterRole, name: view}}\n";

fn config_map(entries: &[&str]) -> String {
    format!("mapRoles: |\n{}", entries.concat())
}

#[test]
fn diff_has_a_status_for_each_kind_of_answer() {
    let dir = Directory::new("diff");
    let all = dir.file("all.yaml", &config_map(&[NODES, OPS]));
    let more = dir.file("more.yaml", &config_map(&[NODES, OPS, DEV]));
    let no_ops = dir.file("no-ops.yaml", &config_map(&[NODES, DEV]));
    let empty = dir.file("empty.yaml", "\n");
    let not_found = dir.file(
        "not-found",
        "Error from server (NotFound): configmaps \"aws-auth\" not found\n",
    );
    let status = |old: &str, new: &str| run(&format!("diff {old} {new}")).0;
    assert_eq!(status(&all, &all), 0);
    assert_eq!(status(&all, &more), FOUND);
    assert_eq!(status(&all, &no_ops), LOCKOUT);
    for none in [&empty, &not_found, "/no/such/file"] {
        assert_eq!(status(none, &all), FAILED, "{none}");
        assert_eq!(status(&all, none), FAILED, "{none}");
    }
    // Only one side has roles and bindings: a part of a cluster is not compared with a whole.
    let rbac = dir.file("rbac.yaml", VIEW);
    assert_eq!(status(&all, &rbac), FAILED);
    assert_eq!(run(&format!("diff {all} {more} -f {rbac}")).0, FOUND);
}

#[test]
fn diff_follows_what_a_caller_may_do_to_its_identity() {
    let dir = Directory::new("powers");
    let map = dir.file("aws-auth.yaml", &config_map(&[NODES, OPS, DEV]));
    let view = dir.file("view.yaml", VIEW);
    let edit = dir.file("edit.yaml", &VIEW.replace("name: view", "name: edit"));
    check(
        &format!("diff {view} {edit} -f {map}"),
        FOUND,
        &[
            "gains-permissions: arn:aws:iam::111122223333:role/dev: ",
            "newly-allowed: Group \"dev\": ",
        ],
    );
    check(
        &format!(
            "diff {edit} {view} -f {map} --caller arn:aws:sts::111122223333:assumed-role/dev/s"
        ),
        LOCKOUT,
        &["lockout: you will no longer be allowed to "],
    );
    // Another group with the same role.
    let team = DEV.replace("[dev]", "[team]");
    let renamed = dir.file("renamed.yaml", &config_map(&[NODES, OPS, &team]));
    let both = VIEW.replace(
        "[{kind: Group, name: dev}]",
        "[{kind: Group, name: dev}, {kind: Group, name: team}]",
    );
    let both = dir.file("both.yaml", &both);
    check(
        &format!("diff {map} {renamed} -f {both}"),
        0,
        &["who may do the same"],
    );
    check(
        &format!("diff {map} {renamed} -f {view}"),
        FOUND,
        &["changes: "],
    );
}

#[test]
fn what_is_meant_is_accepted_with_its_reason() {
    let dir = Directory::new("accept");
    let old = dir.file("old.yaml", &config_map(&[NODES, OPS]));
    let new = dir.file("new.yaml", &config_map(&[OPS]));
    let accept = dir.file(
        "accepted",
        "lockout-nodes arn:aws:iam::111122223333:role/nodes # retired\n\
         loses arn:aws:iam::111122223333:role/nodes # retired\n\
         gains arn:aws:iam::111122223333:role/other\n",
    );
    check(&format!("diff {old} {new}"), LOCKOUT, &[]);
    check(
        &format!("diff {old} {new} --accept {accept}"),
        0,
        &[
            "accepted: lockout-nodes: ",
            "(retired)",
            "not needed: gains ",
        ],
    );
}

#[test]
fn diff_of_patterns_that_cannot_be_searched_is_a_lockout_or_no_answer() {
    let dir = Directory::new("exhausted");
    let patterns = |groups: [&str; 2]| {
        let entry = |letter: &str, group: &str| {
            format!(
                "  - {{rolearnLike: 'arn:aws:iam::111122223333:role/*{letter}????????????????', username: {letter}, groups: ['{group}']}}\n"
            )
        };
        config_map(&[&entry("a", groups[0]), &entry("b", groups[1])])
    };
    let old = dir.file("old.yaml", &patterns(["system:masters", "view"]));
    let lost = dir.file("lost.yaml", &patterns(["view", "view"]));
    let unknown = dir.file("unknown.yaml", &patterns(["view", "system:masters"]));
    // EKS does not read the patterns, but that nothing changes must not be all that is said.
    assert_eq!(run(&format!("diff {old} {lost}")).0, LOCKOUT);
    assert_eq!(run(&format!("--dialect eks diff {old} {lost}")).0, 0);
    assert_eq!(
        run(&format!("--dialect ours diff {old} {unknown}")).0,
        FAILED
    );
}

#[test]
fn a_pattern_does_not_replace_an_administrator_on_eks() {
    let dir = Directory::new("dialect");
    let old = dir.file("old.yaml", &config_map(&[NODES, OPS]));
    let like = OPS
        .replace("rolearn:", "rolearnLike:")
        .replace("role/ops", "role/ops*");
    let new = dir.file("new.yaml", &config_map(&[NODES, &like]));
    assert_eq!(run(&format!("diff {old} {new}")).0, LOCKOUT);
    assert_eq!(run(&format!("diff --dialect ours {old} {new}")).0, FOUND);
    assert_eq!(run(&format!("check {new}")).0, FOUND);
    assert_eq!(run(&format!("check --dialect ours {new}")).0, 0);
}

#[test]
fn an_edit_that_locks_out_is_refused_unless_forced() {
    let dir = Directory::new("edit");
    let all = dir.file("all.yaml", &config_map(&[NODES, OPS, DEV]));
    let arn = |role: &str| format!("arn:aws:iam::111122223333:role/{role}");
    let add = |role: &str| {
        let found = answer(&format!("edit add {} --username x -f {all}", arn(role)));
        (found.status, found.text.is_empty())
    };
    assert_eq!(add("new"), (0, false));
    // A demoting duplicate, a role with its path, a role of a permission set without its suffix.
    assert_eq!(add("ops"), (LOCKOUT, true));
    assert_eq!(add("team/new"), (LOCKOUT, true));
    assert_eq!(add("AWSReservedSSO_Dev"), (LOCKOUT, true));
    for (role, want) in [("dev", 0), ("ops", LOCKOUT), ("nodes", LOCKOUT)] {
        let arn = arn(role);
        let found = answer(&format!("edit remove {arn} -f {all}"));
        assert_eq!(
            (found.status, found.text.is_empty()),
            (want, want != 0),
            "{role}"
        );
        let forced = answer(&format!("edit remove --force {arn} -f {all}"));
        assert_eq!(
            (forced.status, forced.text.contains(&arn)),
            (0, false),
            "{role}"
        );
    }
}

#[test]
fn an_edit_in_place_replaces_the_file_and_nothing_else() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let dir = Directory::new("in-place");
    let file = dir.file("aws-auth.yaml", &config_map(&[NODES, OPS, DEV]));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    let link = dir.0.join("link.yaml");
    symlink(&file, &link).unwrap();
    let arn = "arn:aws:iam::111122223333:role";
    let done = answer(&format!("edit -i remove {arn}/dev -f {}", link.display()));
    assert_eq!((done.status, done.text.as_str()), (0, ""));
    assert_eq!(
        fs::read_to_string(&file).unwrap(),
        config_map(&[NODES, OPS])
    );
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    // Refused, and so left alone.
    assert_eq!(
        answer(&format!("edit -i remove {arn}/ops -f {file}")).status,
        LOCKOUT
    );
    assert_eq!(
        fs::read_to_string(&file).unwrap(),
        config_map(&[NODES, OPS])
    );
    assert_eq!(
        fs::read_dir(&dir.0).unwrap().count(),
        2,
        "no temporary file is left"
    );
}

#[test]
fn dedupe_keeps_the_entries_that_take_effect() {
    let dir = Directory::new("dedupe");
    let lowered = OPS.replace("system:masters", "view");
    let text = config_map(&[NODES, &lowered, "  # kept\n", NODES, OPS, DEV]);
    let file = dir.file("twice.yaml", &text);
    let (status, deduped, all) = run(&format!("edit dedupe -f {file}"));
    assert_eq!(status, 0, "{all}");
    assert_eq!(deduped, config_map(&["  # kept\n", NODES, OPS, DEV]));
    let once = dir.file("once.yaml", &deduped);
    assert_eq!(run(&format!("edit dedupe -f {once}")).1, deduped);
}

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
            "medium[unmapped-subject]: ClusterRoleBinding/dev group devs: no caller becomes group `devs`; `dev` is mapped\n",
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
    // A session name that chooses a group with every permission.
    let session = DEV.replace("[dev]", "[\"team-{{SessionName}}\"]");
    let map = dir.file("session.yaml", &config_map(&[NODES, OPS, &session]));
    let admin = VIEW
        .replace("name: dev}]", "name: team-admins}]")
        .replace("name: view", "name: cluster-admin");
    let admin = dir.file("admin.yaml", &admin);
    check(
        &format!("check {map} {admin}"),
        FOUND,
        &["critical[bound-by-session-name]: mapRoles arn:aws:iam::111122223333:role/dev: "],
    );
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
    let file = dir.file("entry.json", entry);
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

#[test]
fn a_revision_of_git_is_compared_with_the_files() {
    let dir = Directory::new("git");
    let git = |arguments: &[&str]| {
        let done = std::process::Command::new("git")
            .args([
                "-c",
                "user.name=a",
                "-c",
                "user.email=a@example.com",
                "-c",
                "init.defaultBranch=main",
            ])
            .args(arguments)
            .current_dir(&dir.0)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .unwrap();
        assert!(done.status.success(), "{done:?}");
    };
    git(&["init", "-q"]);
    fs::create_dir(dir.0.join("cluster")).unwrap();
    dir.file("cluster/aws-auth.yaml", &config_map(&[NODES, OPS]));
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "first"]);
    dir.file("cluster/aws-auth.yaml", &config_map(&[NODES]));
    // The program runs in the directory of the repository.
    let common = Args::try_parse_from(["eks-access", "callers"])
        .unwrap()
        .common;
    let read = |object: &str| crate::git::documents_in(&dir.0, object, &common);
    for object in ["HEAD:cluster/aws-auth.yaml", "HEAD:cluster", "main:"] {
        let documents = read(object).unwrap();
        assert_eq!(documents.len(), 1, "{object}");
        assert_eq!(documents[0].text(), config_map(&[NODES, OPS]), "{object}");
    }
    for object in ["HEAD:nothing", "no-such:cluster", "--help:x"] {
        let why = read(object).unwrap_err();
        assert!(why.starts_with(object), "{why}");
    }
}

#[test]
fn completions_and_manual_pages_are_printed() {
    check("completions bash", 0, &["complete -F "]);
    check("man", 0, &[".TH eks-access 1"]);
    check("man check", 0, &["fail\\-on"]);
    check("man nothing", FAILED, &["no such command"]);
}
