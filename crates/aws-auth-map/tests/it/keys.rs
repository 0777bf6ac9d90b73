//! The known key for which an unknown key may be a mistake.

use aws_auth_map::{Dialect, Problem, ProblemKind, Reader, Rules};

type Read = fn(&Reader, &str) -> (Rules, Vec<Problem>);

fn of_config_map(reader: &Reader, entry: &str) -> (Rules, Vec<Problem>) {
    reader.read_config_map(entry)
}

fn of_dynamic_file(reader: &Reader, entry: &str) -> (Rules, Vec<Problem>) {
    let (section, entries) = entry.split_once(": ").expect("a section");
    let text = format!("{{\"{section}\": {entries}}}");
    reader.read_dynamic_file(&text).expect("rules")
}

/// A key is suggested only if the authenticator reads it there. `sso` is suggested for roles in a dialect with
/// permission sets. Patterns are suggested in our dialect. Neither is suggested in a dynamic file.
#[test]
fn a_key_that_would_not_be_read_is_not_suggested() {
    let [eks, _, gate, ours] = Dialect::ALL;
    let (config_map, dynamic_file): (Read, Read) = (of_config_map, of_dynamic_file);
    for (read, dialect, section, key, want) in [
        (config_map, ours, "mapRoles", "so", Some("sso")),
        (config_map, gate, "mapRoles", "so", Some("sso")),
        (config_map, eks, "mapRoles", "so", None),
        (config_map, ours, "mapUsers", "so", None),
        (config_map, eks, "mapUsers", "so", None),
        (dynamic_file, ours, "mapRoles", "so", None),
        (dynamic_file, ours, "mapUsers", "so", None),
        (
            config_map,
            ours,
            "mapRoles",
            "rolearnLik",
            Some("rolearnLike"),
        ),
        (
            config_map,
            ours,
            "mapUsers",
            "userarnLik",
            Some("userarnLike"),
        ),
        (config_map, gate, "mapRoles", "rolearnLik", None),
        (config_map, eks, "mapUsers", "userarnLik", None),
        (dynamic_file, ours, "mapRoles", "rolearnLik", None),
        (dynamic_file, ours, "mapUsers", "userarnLik", None),
        // The keys that every source has, and a key that another tool writes.
        (config_map, eks, "mapRoles", "user_name", Some("username")),
        (dynamic_file, ours, "mapUsers", "group", Some("groups")),
        (
            dynamic_file,
            ours,
            "mapUsers",
            "principalArn",
            Some("userarn"),
        ),
        (config_map, eks, "mapRoles", "principalArn", Some("rolearn")),
        (config_map, eks, "mapRoles", "principalArnOf", None),
    ] {
        let (arn, kind) = match section {
            "mapUsers" => ("userarn", "user"),
            _ => ("rolearn", "role"),
        };
        let entry = format!(
            "{section}: [{{\"{arn}\": \"arn:aws:iam::111122223333:{kind}/a\", \"username\": \"a\", \"{key}\": \"x\"}}]"
        );
        let (_, problems) = read(&Reader::new().with_dialect(dialect), &entry);
        let kinds: Vec<ProblemKind> = problems.iter().map(Problem::kind).collect();
        let want = want.map_or(ProblemKind::UnknownKey, ProblemKind::MisspelledKey);
        assert!(kinds.contains(&want), "{dialect} {entry}: {kinds:?}");
    }
}
