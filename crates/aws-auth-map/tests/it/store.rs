//! The rules that a store keeps, and why.

use aws_auth_map::{
    Backend, BackendKind, IdentityMap, Lockout, Problem, Reader, Rules, Section, SourceFormat,
    Store, UpdateOutcome,
};

use crate::{outcome, session, user};

const GOOD: &str = "mapRoles: |
  - rolearn: arn:aws:iam::111122223333:role/a
    username: a
    groups: [system:masters]
mapUsers: |
  - userarn: arn:aws:iam::111122223333:user/u
    username: u
mapAccounts: |
  - '444455556666'
";

fn store(format: SourceFormat, kind: BackendKind) -> Store {
    let backend = Backend::new(kind, Rules::new());
    Store::new(Reader::new(), IdentityMap::new()).with_source("source", format, backend)
}

fn aws_auth() -> Store {
    let mut store = store(SourceFormat::ConfigMap, BackendKind::EksConfigMap);
    let outcome = store.update("source", GOOD).expect("a source");
    assert!(outcome.is_applied() && outcome.retained().is_empty());
    assert_eq!(outcome.problems(), []);
    store
}

fn described(outcome: &UpdateOutcome) -> Vec<String> {
    let kept = |kept: &aws_auth_map::RetainedSection| {
        let section = kept.section().map_or("all", Section::key);
        format!("{section} {} {}", kept.rules(), kept.why().code())
    };
    outcome.retained().iter().map(kept).collect()
}

#[test]
fn a_text_that_cannot_be_read_changes_nothing() {
    for (text, want) in [
        ("", "all 3 nothing-there"),
        ("# gone\n", "all 3 nothing-there"),
        ("kind: ConfigMap\ndata: {}\n", "all 3 no-sections"),
        ("kind: Secret\n", "all 3 not-a-config-map"),
        ("mapRoles: [\n", "all 3 syntax"),
        ("mapRoles: &a x\nother: *b\n", "all 3 alias"),
    ] {
        let mut store = aws_auth();
        let outcome = store.update("source", text).expect("a source");
        assert!(!outcome.is_applied(), "{text}");
        assert_eq!(described(&outcome), [want], "{text}");
        assert!(!outcome.problems().is_empty());
        assert_eq!(
            crate::outcome(&store.map().resolve(&session("a", "s"))),
            "a"
        );
        assert_eq!(store.rules("source").map(Rules::len), Some(3));
    }
}

/// If there are several problems, the store names the first problem of the whole file that is an error or says that the
/// file is empty. If there is no such problem, it names the first problem.
#[test]
fn a_text_that_is_not_applied_is_explained_by_the_problem_of_the_file() {
    use SourceFormat::{ConfigMap, DynamicFile};
    for (format, text, problems, want) in [
        (
            ConfigMap,
            "kind: ConfigMap\nmetadata: {name: aws-auth}\ndata: {}\n",
            &[
                "warning no-namespace the file",
                "warning no-sections the file",
            ][..],
            "no-sections",
        ),
        (
            ConfigMap,
            "kind: ConfigMap\ndata: {maproles: ''}\n",
            &[
                "warning no-sections the file",
                "error misspelled-section mapRoles",
            ],
            "no-sections",
        ),
        (
            DynamicFile,
            r#"{"mapRoles": {}, "Version": 7}"#,
            &[
                "error section-not-a-list mapRoles",
                "error not-text the file",
            ],
            "not-text",
        ),
        (
            DynamicFile,
            r#"{"mapRoles": {}, "mapAccounts": [7]}"#,
            &[
                "error section-not-a-list mapRoles",
                "error not-text mapAccounts[0]",
            ],
            "section-not-a-list",
        ),
    ] {
        let mut store = store(format, BackendKind::DynamicFile);
        let outcome = store.update("source", text).expect("a source");
        let shown = |problem: &Problem| {
            let (severity, code) = (problem.severity(), problem.code());
            format!("{severity} {code} {}", problem.at())
        };
        let found: Vec<String> = outcome.problems().iter().map(shown).collect();
        assert_eq!(found, problems, "{text}");
        assert!(!outcome.is_applied(), "{text}");
        assert_eq!(described(&outcome), [format!("all 0 {want}")], "{text}");
    }
}

#[test]
fn each_source_has_a_name_of_its_own() {
    let backend = |rules: &str| Backend::new(BackendKind::EksConfigMap, crate::rules(rules));
    let one = "mapRoles: [{rolearn: 'arn:aws:iam::111122223333:role/a', username: one}]";
    let two = one.replace("one", "two");
    let store = Store::new(Reader::new(), IdentityMap::new())
        .with_source("a", SourceFormat::ConfigMap, backend(GOOD))
        .with_source("b", SourceFormat::ConfigMap, backend(one))
        .with_source("b", SourceFormat::ConfigMap, backend(&two));
    let lengths = ["a", "b", "c"].map(|name| store.rules(name).map(Rules::len));
    assert_eq!(lengths, [Some(3), Some(1), None]);
    assert_eq!(store.map().backends().len(), 2);
    let user = |at: usize| {
        let map = IdentityMap::new().with_backend(store.map().backends()[at].clone());
        outcome(&map.resolve(&session("a", "s")))
    };
    assert_eq!([user(0), user(1)], ["a", "one"]);
}

#[test]
fn a_section_that_cannot_be_read_keeps_its_rules() {
    let mut store = aws_auth();
    let text = "mapRoles: |
  - rolearn: arn:aws:iam::111122223333:role/a
    username: {{SessionName}}
mapUsers: |
  - userarn: arn:aws:iam::111122223333:user/u
    username: other
mapAccounts: x
";
    let updated = store.update("source", text).expect("a source");
    assert!(updated.is_applied());
    assert_eq!(
        described(&updated),
        [
            "mapRoles 1 unquoted-template",
            "mapAccounts 1 section-not-a-list"
        ]
    );
    let map = store.map();
    assert_eq!(outcome(&map.resolve(&session("a", "s"))), "a");
    assert_eq!(outcome(&map.resolve(&user("u"))), "other");
    assert!(
        updated.retained()[0]
            .to_string()
            .starts_with("kept 1 rule of mapRoles: a value that starts")
    );
}

#[test]
fn a_section_by_a_wrong_name_is_kept_and_one_that_was_taken_away_is_not() {
    let mut store = aws_auth();
    let updated = store
        .update("source", &GOOD.replace("mapRoles", "maproles"))
        .expect("a source");
    assert_eq!(described(&updated), ["mapRoles 1 misspelled-section"]);
    assert_eq!(outcome(&store.map().resolve(&session("a", "s"))), "a");
    let updated = store
        .update("source", "mapRoles: []\nmapUsers: ''\n")
        .expect("a source");
    assert!(updated.is_applied() && updated.retained().is_empty());
    assert!(store.rules("source").is_some_and(Rules::is_empty));
}

#[test]
fn an_entry_that_cannot_be_read_refuses_its_principal() {
    let mut store = aws_auth();
    let text = GOOD.replace("    username: a\n", "");
    let updated = store.update("source", &text).expect("a source");
    assert!(updated.is_applied() && updated.retained().is_empty());
    assert_eq!(updated.problems()[0].code(), "missing-username");
    assert_eq!(
        outcome(&store.map().resolve(&session("a", "s"))),
        "unreadable-rule"
    );
}

#[test]
fn a_dynamic_file_is_taken_whole_or_not_at_all() {
    let mut store = store(SourceFormat::DynamicFile, BackendKind::DynamicFile);
    let good =
        r#"{"mapRoles": [{"rolearn": "arn:aws:iam::111122223333:role/a", "username": "a"}]}"#;
    assert!(
        store
            .update("source", good)
            .is_some_and(|outcome| outcome.is_applied())
    );
    for (bad, why) in [
        (r#"{"mapRoles": [{"username": "a"}]}"#, "missing-principal"),
        (
            r#"{"mapRoles": [{"rolearn": "arn:aws:iam::111122223333:role/b", "username": 7}]}"#,
            "not-text",
        ),
        ("{", "not-json"),
    ] {
        let updated = store.update("source", bad).expect("a source");
        assert!(!updated.is_applied());
        assert_eq!(described(&updated), [format!("all 1 {why}")]);
        assert_eq!(outcome(&store.map().resolve(&session("a", "s"))), "a");
    }
}

#[test]
fn a_source_without_a_text_refuses_unless_it_came_with_rules() {
    let ask = |rules: Rules| {
        let backend = |rules| Backend::new(BackendKind::EksConfigMap, rules);
        let store = Store::new(Reader::new(), IdentityMap::new())
            .with_source("source", SourceFormat::ConfigMap, backend(rules))
            // The name is taken.
            .with_source(
                "source",
                SourceFormat::ConfigMap,
                backend(crate::rules("mapAccounts: ['111122223333']")),
            );
        outcome(&store.map().resolve(&session("a", "s")))
    };
    assert_eq!(ask(Rules::new()), "unreadable-source");
    assert_eq!(ask(aws_auth_map::read_config_map(GOOD).0), "a");
}

#[test]
fn there_may_be_nothing_to_keep() {
    let mut store = store(SourceFormat::AccessEntries, BackendKind::AccessEntries);
    let updated = store.update("source", "{}").expect("a source");
    assert_eq!(store.rules("source").map(Rules::len), Some(0));
    assert!(
        updated.retained().iter().all(|kept| kept.rules() == 0),
        "{updated:?}"
    );
    assert_eq!(store.update("other", GOOD), None);
}

#[test]
fn a_preview_tells_of_a_lockout_and_changes_nothing() {
    let store = aws_auth();
    let text = GOOD.replace("role/a", "role/team/a");
    let (outcome, diff) = store.dry_run("source", &text).expect("a source");
    assert!(outcome.is_applied());
    assert_eq!(diff.lockouts(), [Lockout::NoAdministrator]);
    assert_eq!(store.rules("source").map(Rules::len), Some(3));
    let (_, diff) = store.dry_run("source", "").expect("a source");
    assert!(diff.is_empty());
}

#[test]
fn a_cleared_source_has_no_rules() {
    let mut store = aws_auth();
    assert_eq!(store.clear("source"), Some(3));
    assert_eq!(
        outcome(&store.map().resolve(&session("a", "s"))),
        "not-mapped"
    );
}
