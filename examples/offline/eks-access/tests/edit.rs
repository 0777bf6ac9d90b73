//! The command `edit`.

use std::fs;

use super::{DEV, Directory, NODES, OPS, answer, check, config_map, run};
use crate::LOCKOUT;

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
    // The three edits add a demoting duplicate, a role with its path, and a role of a permission
    // set without its suffix.
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
fn an_entry_without_a_username_is_refused_with_the_flag_to_add() {
    let dir = Directory::new("edit-username");
    let all = dir.file("all.yaml", &config_map(&[NODES]));
    let line = format!("edit add arn:aws:iam::111122223333:role/new --group dev -f {all}");
    check(
        &line,
        2,
        &["an entry needs a username: add --username NAME"],
    );
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
    // The change is refused, so the file stays unchanged.
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
