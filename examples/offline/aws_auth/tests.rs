//! Whole commands: their status and their output.

use std::fs;
use std::path::PathBuf;

use clap::Parser as _;

use crate::args::Args;
use crate::{Answer, FOUND, LOCKOUT};
use program::output::FAILED;

/// A directory that is removed at the end of a test.
struct Directory(PathBuf);

impl Directory {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("aws-auth-{test}-{}", std::process::id()));
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

fn run(arguments: &[&str]) -> Result<Answer, String> {
    let arguments = std::iter::once(&"aws_auth").chain(arguments);
    crate::run(&Args::try_parse_from(arguments).unwrap())
}

#[track_caller]
fn status(arguments: &[&str]) -> u8 {
    run(arguments).map_or(FAILED, |answer| answer.status)
}

const NODES: &str = "  - rolearn: arn:aws:iam::111122223333:role/nodes\n    username: system:node:{{EC2PrivateDNSName}}\n    groups: [system:bootstrappers, system:nodes]\n";
const OPS: &str = "  - rolearn: arn:aws:iam::111122223333:role/ops\n    username: ops\n    groups: [system:masters]\n";
const DEV: &str =
    "  - rolearn: arn:aws:iam::111122223333:role/dev\n    username: dev\n    groups: [dev]\n";

fn config_map(entries: &[&str]) -> String {
    format!("mapRoles: |\n{}", entries.concat())
}

#[test]
fn diff_has_a_status_for_each_kind_of_answer() {
    let dir = Directory::new("diff");
    let all = dir.file("all", &config_map(&[NODES, OPS]));
    let more = dir.file("more", &config_map(&[NODES, OPS, DEV]));
    let no_ops = dir.file("no-ops", &config_map(&[NODES, DEV]));
    let empty = dir.file("empty", "\n");
    let not_found = dir.file(
        "not-found",
        "Error from server (NotFound): configmaps \"aws-auth\" not found\n",
    );
    let missing = dir.0.join("missing");
    assert_eq!(status(&["diff", &all, &all]), 0);
    assert_eq!(status(&["diff", &all, &more]), FOUND);
    assert_eq!(status(&["diff", &all, &no_ops]), LOCKOUT);
    for old in [&empty, &not_found, missing.to_str().unwrap()] {
        assert_eq!(status(&["diff", old, &all]), FAILED, "{old}");
    }
    assert_eq!(status(&["diff", &all, &empty]), FAILED);
    assert_eq!(status(&["diff", &all, &not_found]), LOCKOUT);
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
    let old = dir.file("old", &patterns(["system:masters", "view"]));
    let lost = dir.file("lost", &patterns(["view", "view"]));
    let unknown = dir.file("unknown", &patterns(["view", "system:masters"]));
    let ours = ["--dialect", "ours", "diff", &old];
    // EKS does not read the patterns, but that nothing changes must not be all that is said.
    assert_eq!(status(&["diff", &old, &lost]), LOCKOUT);
    assert_eq!(status(&["--dialect", "eks", "diff", &old, &lost]), 0);
    assert_eq!(status(&[&ours[..], &[&unknown]].concat()), FAILED);
}

#[test]
fn a_pattern_does_not_replace_an_administrator_on_eks() {
    let dir = Directory::new("dialect");
    let old = dir.file("old", &config_map(&[NODES, OPS]));
    let like = OPS
        .replace("rolearn:", "rolearnLike:")
        .replace("role/ops", "role/ops*");
    let new = dir.file("new", &config_map(&[NODES, &like]));
    assert_eq!(status(&["diff", &old, &new]), LOCKOUT);
    assert_eq!(status(&["diff", "--dialect", "ours", &old, &new]), FOUND);
    assert_eq!(status(&["check", &new]), FOUND);
    assert_eq!(status(&["check", "--dialect", "ours", &new]), 0);
}

#[test]
fn an_edit_that_locks_out_is_refused_unless_forced() {
    let dir = Directory::new("edit");
    let all = dir.file("all", &config_map(&[NODES, OPS, DEV]));
    let arn = |role: &str| format!("arn:aws:iam::111122223333:role/{role}");
    let add = |role: &str| {
        let arn = arn(role);
        let found = run(&["edit", "add", &all, &arn, "--username", "x"]).unwrap();
        (found.status, found.text.is_empty())
    };
    assert_eq!(add("new"), (0, false));
    // A demoting duplicate, a role with its path, a role of a permission set without its suffix.
    assert_eq!(add("ops"), (LOCKOUT, true));
    assert_eq!(add("team/new"), (LOCKOUT, true));
    assert_eq!(add("AWSReservedSSO_Dev"), (LOCKOUT, true));
    for (role, want) in [("dev", 0), ("ops", LOCKOUT), ("nodes", LOCKOUT)] {
        let arn = arn(role);
        let found = run(&["edit", "remove", &all, &arn]).unwrap();
        assert_eq!(
            (found.status, found.text.is_empty()),
            (want, want != 0),
            "{role}"
        );
        let forced = run(&["edit", "remove", "--force", &all, &arn]).unwrap();
        assert_eq!(
            (forced.status, forced.text.contains(&arn)),
            (0, false),
            "{role}"
        );
    }
}

#[test]
fn dedupe_keeps_the_entries_that_take_effect() {
    let dir = Directory::new("dedupe");
    let lowered = OPS.replace("system:masters", "view");
    let text = config_map(&[NODES, &lowered, "  # kept\n", NODES, OPS, DEV]);
    let file = dir.file("twice", &text);
    let found = run(&["edit", "dedupe", &file]).unwrap();
    assert_eq!(found.status, 0, "{}", found.aside);
    assert_eq!(found.text, config_map(&["  # kept\n", NODES, OPS, DEV]));
    let once = dir.file("once", &found.text);
    assert_eq!(run(&["edit", "dedupe", &once]).unwrap().text, found.text);
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
        (
            "names",
            "{\"accessEntries\": [\"arn:aws:iam::111122223333:role/a\"]}",
        ),
    ] {
        let file = dir.file(name, text);
        let found = run(&["convert", "to-config-map", &file]).unwrap();
        assert_eq!((found.status, found.text.as_str()), (FAILED, ""), "{name}");
    }
    let empty = dir.file("empty", "");
    assert_eq!(status(&["convert", "to-config-map", &empty]), FAILED);
    let broken = dir.file("broken", "mapRoles: [");
    let found = run(&["convert", "to-entries", "--cluster", "c", &broken]).unwrap();
    assert_eq!((found.status, found.text.as_str()), (FAILED, ""));
}

#[test]
fn entries_that_were_written_are_read_back_with_their_administrators() {
    let dir = Directory::new("back");
    let file = dir.file("old", &config_map(&[NODES, OPS, DEV]));
    let entries = run(&["convert", "to-entries", "--cluster", "c", &file]).unwrap();
    let entries = dir.file("entries", &entries.text);
    let back = run(&["convert", "to-config-map", &entries]).unwrap();
    let back = dir.file("back", &back.text);
    assert_eq!(run(&["diff", &file, &back]).unwrap().text, "");
}

#[test]
fn an_empty_file_is_no_answer_and_an_endless_one_ends() {
    let dir = Directory::new("bounds");
    let empty = dir.file("empty", "  \n");
    let caller = "arn:aws:iam::111122223333:user/a";
    for file in [empty.as_str(), "/dev/zero"] {
        assert_eq!(status(&["check", file]), FAILED);
        assert_eq!(status(&["explain", file, caller]), FAILED);
        assert_eq!(status(&["edit", "remove", file, caller]), FAILED);
        assert_eq!(status(&["convert", "to-config-map", file]), FAILED);
    }
}

#[test]
fn hostile_names_are_printed_on_one_line_without_control_characters() {
    let dir = Directory::new("hostile");
    for name in [
        "\\e[1A\\e[2K",
        "\\u202e",
        "a\\nb\\r",
        "::error::x",
        "\\u0085\\u2028",
        &"x".repeat(10_000),
    ] {
        let entry = format!(
            "- rolearn: \"arn:aws:iam::111122223333:role/{{}}\"\n  username: \"{name}\"\n  groups: [\"{name}\"]\n"
        );
        let entries = ["ops", "a b", name]
            .map(|role| entry.replace("{}", role))
            .concat();
        let indented: String = entries
            .lines()
            .map(|line| format!("    {line}\n"))
            .collect();
        let new = dir.file("new\u{1b}[2J", &format!("data:\n  mapRoles: |\n{indented}"));
        let old = dir.file("old", &config_map(&[NODES]));
        let session = "arn:aws:sts::111122223333:assumed-role/ops/s";
        let hostile = format!("arn:aws:iam::111122223333:user/\u{1b}[2J{}", '\u{202e}');
        for arguments in [
            vec!["check", &new],
            vec!["explain", &new, session],
            vec!["explain", &new, &hostile],
            vec!["diff", &old, &new],
            vec!["diff", &new, &old],
            vec!["diff", &new, &old, "--caller", session],
            vec!["edit", "remove", &new, &hostile],
            vec!["edit", "remove", &new, "arn:aws:iam::111122223333:role/ops"],
            vec!["convert", "to-config-map", &new],
        ] {
            let printed = match run(&arguments) {
                Ok(answer) if arguments[0] == "edit" && answer.status == 0 => answer.aside,
                Ok(answer) => answer.text + &answer.aside,
                Err(why) => why,
            };
            let is_bad = |c: char| {
                c != '\n' && (c.is_control() || matches!(c, '\u{202e}' | '\u{2028}' | '\u{85}'))
            };
            assert!(!printed.contains(is_bad), "{arguments:?}: {printed:?}");
            assert!(
                printed
                    .lines()
                    .all(|line| line.len() < 10_000 && !line.starts_with("::")),
                "{arguments:?}"
            );
        }
    }
}
