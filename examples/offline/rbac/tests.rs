//! The command `lint` on input without objects, the advice to aggregate, and the command `write`.

use std::path::PathBuf;

use clap::Parser as _;
use k8s_rbac::ManifestReader;
use serde_json::Value;

use crate::answer::Answer;
use crate::args::Args;
use crate::world::{Reader, refuse_too_large, unaggregated};

/// A file in the directory for temporary files, removed in the end.
struct TempFile(PathBuf);

impl TempFile {
    fn new(name: &str, text: &str) -> Self {
        let name = format!("rbac-lint-{}-{name}.yaml", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).unwrap();
        Self(path)
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn lint(name: &str, text: &str) -> Result<Answer, String> {
    let file = TempFile::new(name, text);
    let path = file.0.display().to_string();
    let args = Args::try_parse_from(["rbac", "lint", &path]).unwrap();
    crate::answer(&args, &Reader::new(&args))
}

#[test]
fn input_without_objects_is_no_answer() {
    for (name, text) in [
        ("empty", ""),
        ("separator", "---\n"),
        ("comment", "# nothing\n"),
        ("list", "{apiVersion: v1, kind: List, items: []}"),
        (
            "other",
            "{apiVersion: v1, kind: Namespace, metadata: {name: a}}",
        ),
    ] {
        let why = lint(name, text).err();
        assert_eq!(
            why.as_deref(),
            Some("no roles or bindings in the files"),
            "{name}"
        );
    }
    let broken = "{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: [}";
    let why = lint("broken", broken).err().unwrap();
    assert!(
        why.starts_with("no roles or bindings could be read: "),
        "{why}"
    );
    let missing = Args::try_parse_from(["rbac", "lint", "does-not-exist.yaml"]).unwrap();
    assert!(crate::answer(&missing, &Reader::new(&missing)).is_err());
}

#[test]
fn objects_that_cannot_be_read_are_never_followed_by_nothing_found() {
    let text = "\
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: a, \
 labels: {rbac.authorization.k8s.io/aggregate-to-view: 'true'}}, \
 rules: [{verbs: [get], apiGroups: [example.com], resources: [widgets]}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: b}, rules: 1}
";
    let answer = lint("partly", text).ok().unwrap();
    assert_eq!(answer.text, "one object could not be read\n");
    let errors = answer.data.get("errors").and_then(Value::as_array);
    assert_eq!(errors.map(Vec::len), Some(1));
}

#[test]
fn aggregation_is_advised_only_where_it_adds_rules() {
    let text = "\
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: hollow}, rules: [], \
 aggregationRule: {clusterRoleSelectors: [{matchLabels: {to: hollow}}]}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: selects-none}, rules: [], \
 aggregationRule: {clusterRoleSelectors: [{matchLabels: {to: none}}]}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: a, labels: {to: hollow}}, \
 rules: [{verbs: [get], apiGroups: [''], resources: [pods]}]}
";
    let mut objects = ManifestReader::new().read([("f", text)]).into_objects();
    assert_eq!(unaggregated(&objects).hollow, ["hollow"]);
    objects.aggregate();
    assert!(unaggregated(&objects).hollow.is_empty());
}

#[test]
fn the_size_of_an_input_file_is_limited_by_a_flag() {
    let text = "\
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: a}, rules: [\
 {verbs: [get], apiGroups: [''], resources: [secrets]}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: a},\
 subjects: [{kind: User, name: u}], roleRef: {kind: ClusterRole, name: a}}
";
    let short = TempFile::new("short", text);
    let short = short.0.display().to_string();
    for command in [
        ["can", "get secrets", "--as", "u"].as_slice(),
        &["why", "get secrets", "--as", "u"],
        &["who", "get secrets"],
        &["where", "get secrets", "--as", "u"],
        &["list", "--as", "u"],
        &["escalate", "--as", "u"],
        &["lint"],
        &["write", &short, "--as", "u"],
        &["diff", &short],
    ] {
        let refused = sized("100", command, &short).err().unwrap();
        assert!(refused.contains("longer than 100 bytes"), "{refused}");
        assert!(refused.ends_with(": raise --max-input-size"), "{refused}");
        assert!(sized("1KiB", command, &short).is_ok(), "{command:?}");
    }
    // As long as a dump of a large cluster.
    let comment = "# 64 characters, one of many lines of one comment.............\n";
    let long = format!("{text}{}", comment.repeat(300_000));
    assert!(long.len() > 17 << 20);
    let long = TempFile::new("long", &long);
    let long = long.0.display().to_string();
    let can = ["can", "get secrets", "--as", "u"];
    assert!(sized("16MiB", &can, &long).is_err());
    assert!(sized("20MiB", &can, &long).is_ok());
    for size in ["1", "16MiB", "64M", "2Gi", "100KiB"] {
        assert!(
            Args::try_parse_from(["rbac", "--max-input-size", size, "lint", "f"]).is_ok(),
            "{size}"
        );
    }
    for size in [
        "",
        "0",
        "MiB",
        "1.5MiB",
        "16 MiB",
        "16MB",
        "-1",
        "99999999999999999999",
    ] {
        assert!(
            Args::try_parse_from(["rbac", "--max-input-size", size, "lint", "f"]).is_err(),
            "{size}"
        );
    }
}

fn sized(size: &str, command: &[&str], path: &str) -> Result<Answer, String> {
    let arguments = [&["rbac", "--max-input-size", size], command, &[path]].concat();
    let args = Args::try_parse_from(arguments).unwrap();
    crate::answer(&args, &Reader::new(&args))
}

#[test]
fn aggregated_roles_that_are_too_large_are_no_answer() {
    assert_eq!(refuse_too_large(&[]), Ok(()));
    let refused = refuse_too_large(&["a\u{1b}b".to_owned()]).unwrap_err();
    assert!(
        refused.starts_with("ClusterRole a\\u{1b}b aggregates too many rules"),
        "{refused}"
    );
}

#[test]
fn nothing_to_write_is_no_answer() {
    let objects = TempFile::new(
        "nothing",
        "{apiVersion: v1, kind: Namespace, metadata: {name: a}}",
    );
    let (objects, world) = (
        objects.0.display().to_string(),
        TempFile::new(
            "world",
            "\
{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: a, namespace: b}, rules: []}",
        ),
    );
    let world = world.0.display().to_string();
    let args = Args::try_parse_from(["rbac", "write", &objects, "--as", "u", &world]).unwrap();
    let refused = crate::answer(&args, &Reader::new(&args));
    assert!(
        refused
            .err()
            .unwrap()
            .starts_with("no role or binding to write")
    );
}

/// Each is a typing error, and an answer to it would be about that.
#[test]
fn typing_errors_are_no_answer() {
    let world = TempFile::new(
        "typing",
        "\
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: a}, rules: [\
 {verbs: [get, frob], apiGroups: [''], resources: [secrets, pods/logz]}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: a},\
 subjects: [{kind: User, name: u}, {kind: Group, name: 'system:mine'}],\
 roleRef: {kind: ClusterRole, name: a}}
",
    );
    let path = world.0.display().to_string();
    let run = |arguments: &[&str]| {
        let arguments = [&["rbac"], arguments, &[&path]].concat();
        let args = Args::try_parse_from(arguments).unwrap();
        crate::answer(&args, &Reader::new(&args))
    };
    for (arguments, words) in [
        (
            ["can", "delte secrets", "--as", "u"].as_slice(),
            "did you mean \"delete\"?",
        ),
        (
            &["can", "get secerts", "--as", "u"],
            "did you mean \"secrets\"?",
        ),
        (&["who", "udpate secrets"], "did you mean \"update\"?"),
        (
            &["where", "lst secrets", "--as", "u"],
            "did you mean \"list\"?",
        ),
        (
            &["why", "create pods --subresource=exce", "--as", "u"],
            "did you mean \"exec\"?",
        ),
        (
            &["who", "get pods --subresource=logs"],
            "did you mean \"log\"?",
        ),
        (
            &["can", "gte /healthz", "--as", "u"],
            "did you mean \"get\"?",
        ),
        (
            &[
                "can",
                "get secrets",
                "--as",
                "v",
                "--as-group",
                "system:master",
            ],
            "system:masters",
        ),
        (
            &["list", "--as", "v", "--as-group", "system:authentcated"],
            "system:authenticated",
        ),
        (
            &["list", "--as", "system:serviceaccount:dev"],
            "system:serviceaccount:NAMESPACE:NAME",
        ),
        (
            &["list", "--as", "system:serviceaccounts:dev:a"],
            "system:serviceaccount:NAMESPACE:NAME",
        ),
        (
            &["escalate", "--as", "u", "--to", "system:master"],
            "no binding names",
        ),
        (
            &["escalate", "--as", "u", "--to", "group:system:master"],
            "no binding names",
        ),
        (
            &["escalate", "--as", "u", "--to", "cluster-admin"],
            "no binding names",
        ),
        (
            &["escalate", "--as", "u", "--to", "gte secrets"],
            "did you mean \"get\"?",
        ),
    ] {
        let why = run(arguments).err();
        assert!(
            why.as_ref().is_some_and(|why| why.contains(words)),
            "{arguments:?}: {why:?}"
        );
    }
    // What a rule or a binding has is no typing error, nor is a word that is near to none.
    for arguments in [
        ["can", "frob secrets", "--as", "u"].as_slice(),
        &["can", "get pods --subresource=logz", "--as", "u"],
        &["can", "approve secrets", "--as", "u"],
        &["can", "transmogrify secrets", "--as", "u"],
        &["list", "--as", "v", "--as-group", "system:mine"],
        &[
            "list",
            "--as",
            "v",
            "--as-group",
            "system:serviceaccounts:dev",
        ],
        &["list", "--as", "system:serviceaccount:dev:a"],
        &["escalate", "--as", "u", "--to", "system:masters"],
        &["escalate", "--as", "v", "--to", "group:system:mine"],
    ] {
        let why = run(arguments).err();
        assert_eq!(why, None, "{arguments:?}");
    }
}

/// Asks whether a user who holds everything may write an object that is not there yet.
fn write(name: &str, text: &str, version: &str) -> Answer {
    let holds = "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: b}, \
                 subjects: [{kind: User, name: amy}], roleRef: {kind: ClusterRole, name: cluster-admin}}";
    let (objects, files) = (
        TempFile::new(name, text),
        TempFile::new(&format!("{name}-files"), holds),
    );
    let path = |file: &TempFile| file.0.display().to_string();
    let args = [
        "rbac",
        "--bootstrap",
        "--kubernetes-version",
        version,
        "write",
        &path(&objects),
        "--as",
        "amy",
        &path(&files),
    ];
    let args = Args::try_parse_from(args).unwrap();
    crate::answer(&args, &Reader::new(&args)).ok().unwrap()
}

#[test]
fn an_object_that_validation_refuses_is_not_written() {
    let role = |rules: &str| {
        format!(
            "{{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {{name: r, namespace: n}}, \
             rules: [{rules}]}}"
        )
    };
    let answer = write(
        "valid",
        &role("{verbs: [get], apiGroups: [''], resources: [pods]}"),
        "1.37",
    );
    assert_eq!(answer.text, "yes  create roles n/r\n");
    let without_verbs = role("{verbs: [], apiGroups: [''], resources: [pods]}");
    for (version, why) in [
        (
            "1.34",
            "Required value: verbs must contain at least one value",
        ),
        ("1.37", "Required value"),
    ] {
        let answer = write("invalid", &without_verbs, version);
        assert!(!answer.is_good);
        assert_eq!(
            answer.text,
            format!(
                "no  create roles n/r - Role.rbac.authorization.k8s.io \"r\" is invalid: rules[0].verbs: {why}\n"
            )
        );
    }
}
