//! The command `diff`.

use std::fs;

use clap::Parser as _;
use program::output::FAILED;

use super::{DEV, Directory, FOUND, NODES, OPS, VIEW, check, config_map, run};
use crate::LOCKOUT;
use crate::args::Args;

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
    // Only one side has roles and bindings: the program does not compare part of a cluster with a
    // whole one.
    let rbac = dir.file("rbac.yaml", VIEW);
    assert_eq!(status(&all, &rbac), FAILED);
    assert_eq!(run(&format!("diff {all} {more} -f {rbac}")).0, FOUND);
}

#[test]
fn diff_names_the_side_that_is_a_part_of_a_cluster() {
    let dir = Directory::new("parts");
    let map = dir.file("aws-auth.yaml", &config_map(&[NODES, OPS]));
    let rbac = dir.file("rbac.yaml", VIEW);
    let entry = r#"{"accessEntry": {"principalArn": "arn:aws:iam::111122223333:role/ops", "kubernetesGroups": [], "username": "ops", "type": "STANDARD"}}"#;
    let entry = dir.file("entry.json", entry);
    let both = dir.file("both.yaml", &format!("{VIEW}---\n{}", config_map(&[OPS])));
    let no_rbac =
        "neither side has roles or bindings, so what users and groups may do is not compared";
    for (line, status, prints) in [
        (
            format!("{map} {rbac}"),
            FAILED,
            "no answer: NEW: it maps no AWS identities, and the other side does",
        ),
        (
            format!("{rbac} {map}"),
            FAILED,
            "no answer: OLD: it maps no AWS identities, and the other side does",
        ),
        (
            format!("{both} {map}"),
            FAILED,
            "no answer: NEW: it has no roles or bindings, and the other side has some",
        ),
        (
            format!("{map} {both}"),
            FAILED,
            "no answer: OLD: it has no roles or bindings, and the other side has some",
        ),
        (format!("{map} {map}"), 0, no_rbac),
        (
            format!("{rbac} {rbac}"),
            0,
            "neither side maps AWS identities, so callers are not compared",
        ),
        // The mode uses access entries, but the files have none, so "no change" would be no answer.
        (
            format!("{map} {map} --authentication-mode API"),
            FAILED,
            "no answer: OLD: the authentication mode API that was given uses access entries only",
        ),
        (
            format!("{map} {entry} --authentication-mode API"),
            FAILED,
            "no answer: OLD: the authentication mode API",
        ),
        (
            format!("{entry} {map} --authentication-mode API"),
            FOUND,
            "note: NEW: the authentication mode API that was given uses access entries only",
        ),
    ] {
        check(&format!("diff {line}"), status, &[prints]);
    }
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
    // EKS does not read the patterns. The program must say more than that nothing changes.
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

/// The pipe of standard error holds less than this. If the reader first read standard output to its end, the program
/// would wait for ever.
#[cfg(unix)]
#[test]
fn a_program_that_says_much_before_it_answers_is_read() {
    let shell = |script: &str, max| {
        let mut command = std::process::Command::new("sh");
        crate::git::output(command.args(["-c", script]), max)
    };
    let much = "yes warning | head -c 1000000 >&2";
    let answered = shell(&format!("{much}; printf answer"), 6);
    assert_eq!(answered.as_deref(), Ok(&b"answer"[..]));
    let long = shell(&format!("{much}; printf answer"), 5);
    assert!(long.unwrap_err().starts_with("longer than 5 bytes"));
    let failed = shell(&format!("echo 'fatal: \u{1b}no'; {much}; exit 1"), 100);
    assert_eq!(failed, Err("warning".to_owned()));
    let endless = shell("yes answer", 5);
    assert!(endless.unwrap_err().starts_with("longer than 5 bytes"));
    assert_eq!(shell("exit 1", 5), Err("git failed".to_owned()));
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
    // Code scanners know a file by its path in the repository.
    for (side, document, path) in [
        (
            "HEAD:cluster",
            "HEAD:cluster/aws-auth.yaml",
            Some("cluster/aws-auth.yaml"),
        ),
        ("HEAD~1:", "HEAD~1:aws-auth.yaml", Some("aws-auth.yaml")),
        ("HEAD:cluster", "cluster/aws-auth.yaml", None),
        ("cluster", "cluster/aws-auth.yaml", None),
    ] {
        assert_eq!(crate::git::without_revision(side, document), path, "{side}");
    }
    for object in ["HEAD:nothing", "no-such:cluster", "--help:x"] {
        let why = read(object).unwrap_err();
        assert!(why.starts_with(object), "{why}");
    }
}

#[test]
fn a_cluster_that_is_compared_is_named_as_one_side() {
    for line in ["diff --live a b", "diff --live live live"] {
        let (status, text, all) = run(line);
        assert_eq!((status, text.as_str()), (FAILED, ""), "{line}");
        assert!(
            all.contains("name the cluster as one side, `live`"),
            "{all}"
        );
    }
    let (status, _, all) = run("edit dedupe --live");
    assert_eq!(
        (status, all.contains("kubectl get configmap aws-auth")),
        (FAILED, true),
        "{all}"
    );
}
