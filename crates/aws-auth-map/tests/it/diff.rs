//! Callers who become another user by a change.

mod alike;
mod maps;

use aws_auth_map::{
    Affected, Backend, BackendKind, ChangeKind, IdentityMap, Lockout, Rule, Rules, Template,
    read_config_map,
};
use iam_principal::ArnPattern;
use serde::Deserialize;
use testkit::Report;

use crate::{map, session};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    case: Vec<Case>,
}

/// Two texts of the ConfigMap, and the output of the diff.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    old: String,
    new: String,
    #[serde(default)]
    lines: Vec<String>,
    /// The role of the caller who makes the change.
    #[serde(default)]
    caller: Option<String>,
}

fn read(text: &str) -> IdentityMap {
    map(read_config_map(text).0)
}

#[test]
fn each_case_has_its_changes_and_lockouts() {
    let file: File = testkit::toml(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/diff.toml"));
    let mut report = Report::new();
    for case in &file.case {
        let (old, new) = (read(&case.old), read(&case.new));
        let diff = match &case.caller {
            Some(role) => old.diff_for(&new, &session(role, "me")),
            None => old.diff(&new),
        };
        let printed = diff.to_string();
        let lines: Vec<&str> = printed.lines().collect();
        let want: Vec<&str> = case.lines.iter().map(String::as_str).collect();
        report.check(&case.name, &lines, &want);
        report.check(&case.name, &diff.is_empty(), &diff.changes().is_empty());
    }
    report.finish();
}

#[test]
fn a_change_has_the_names_of_both_sides_and_a_caller_that_shows_it() {
    let one = |old: &str, new: &str| {
        let diff = read(old).diff(&read(new));
        let [change] = diff.changes() else {
            panic!("{diff}")
        };
        change.clone()
    };
    let role = |path: &str, rest: &str| {
        format!("mapRoles: [{{rolearn: 'arn:aws:iam::111122223333:role/{path}', {rest}}}]")
    };
    let change = one(
        &role("a", "username: old, groups: [g]"),
        &role("a", "username: new, groups: [h, i]"),
    );
    let sides = [change.before(), change.after()];
    let sides = sides.map(|side| (side.username(), side.groups().join(" ")));
    assert_eq!(sides, [("old", "g".to_owned()), ("new", "h i".to_owned())]);
    assert!(change.is_possible());

    // STS reports a role without its path.
    let change = one("mapRoles: []", &role("team/a", "username: a"));
    assert!(!change.is_possible());

    let node = "username: 'system:node:{{EC2PrivateDNSName}}'";
    let change = one("mapRoles: []", &role("a", node));
    let name = format!("system:node:{}", change.private_dns_name());
    let user = change.after().resolution().user().expect("a user");
    assert_eq!(user.username(), name);
    assert_ne!(change.private_dns_name(), "");
}

#[test]
fn patterns_that_never_overlap_can_swap_places() {
    let rules = |order: [&str; 2]| {
        let mut rules = Rules::new();
        for name in order {
            let pattern = format!("arn:aws:iam::111122223333:role/{name}");
            let pattern = ArnPattern::parse(&pattern).expect("a pattern");
            rules.push_role(Rule::pattern(pattern, Template::parse(name), Vec::new()));
        }
        map(rules)
    };
    let diff = |one: &str, other: &str| rules([one, other]).diff(&rules([other, one]));
    assert!(diff("dev-*", "ops-*").is_empty());
    assert!(diff("*-dev", "*-ops").is_empty());
    assert!(diff("dev-?", "dev-??*").is_empty());
    // At least `dev-ops` changes.
    let meeting = diff("dev-*", "*-ops");
    let [change] = meeting.changes() else {
        panic!("{meeting}")
    };
    assert_eq!(change.kind(), ChangeKind::Changes);
    assert_eq!(
        change.affected(),
        &Affected::Pattern("arn:aws:iam::111122223333:role/*-ops".to_owned())
    );
    assert!(change.identity().canonical_arn().ends_with("role/dev-ops"));
}

#[test]
fn an_arn_that_a_rule_names_hides_a_pattern_in_its_own_account_and_partition_only() {
    let pattern = |text: &str| {
        let pattern = ArnPattern::parse(text).expect("a pattern");
        Rule::pattern(pattern, Template::parse("x"), Vec::new())
    };
    let exact = |arn: &str| Rule::exact(arn, Template::parse("x"), Vec::new());
    for (arn, covered) in [
        (
            "arn:aws:iam::111122223333:role/a",
            "arn:*:iam::111122223333:role/a",
        ),
        (
            "arn:aws:iam::111122223330:role/a",
            "arn:aws:iam::11112222333?:role/a",
        ),
    ] {
        let mut old = Rules::new();
        old.push_role(exact(arn));
        let mut new = old.clone();
        new.push_role(pattern(covered));
        assert_eq!(map(old).diff(&map(new)).changes().len(), 1, "{covered}");
    }
}

/// Rules whose patterns combine in more ways than a diff searches. Two of the rules have these
/// groups.
fn exhausting(groups: [&str; 2]) -> Rules {
    let mut rules = Rules::new();
    for (letter, group) in ["a", "b"].into_iter().zip(groups) {
        let pattern = format!("arn:aws:iam::111122223333:role/*{letter}????????????????");
        let pattern = ArnPattern::parse(&pattern).expect("a pattern");
        let groups = vec![Template::parse(group)];
        rules.push_role(Rule::pattern(pattern, Template::parse(letter), groups));
    }
    rules
}

#[test]
fn a_diff_that_stopped_early_is_not_empty() {
    let old = map(exhausting(["view", "view"]));
    let diff = old.diff(&map(exhausting(["view", "edit"])));
    assert!(!diff.is_exhaustive() && !diff.is_empty());
    assert_eq!(diff.changes().len(), 1, "{diff}");
    assert_eq!(diff.lockouts(), []);
}

#[test]
fn patterns_that_are_the_same_on_both_sides_need_no_search() {
    let arn = "arn:aws:iam::111122223333:role/dev";
    let with = |groups: &[Template]| {
        let mut rules = exhausting(["view", "edit"]);
        rules.push_role(Rule::exact(arn, Template::parse("dev"), groups.to_vec()));
        map(rules)
    };
    let (one, other) = (with(&[]), with(&[Template::parse("ops")]));
    assert!(one.diff(&one).is_empty());
    let diff = one.diff(&other);
    assert!(diff.is_exhaustive());
    assert_eq!(diff.changes().len(), 1, "{diff}");
}

#[test]
fn a_lockout_is_found_where_the_search_stopped() {
    let old = map(exhausting(["system:masters", "view"]));
    let diff = old.diff(&map(exhausting(["view", "view"])));
    assert!(!diff.is_exhaustive());
    assert_eq!(diff.lockouts(), [Lockout::NoAdministrator]);
    // If a pattern of the new side may still give an administrator, the diff does not know.
    let diff = old.diff(&map(exhausting(["view", "system:masters"])));
    assert!(!diff.is_exhaustive() && !diff.is_empty());
    assert_eq!(diff.lockouts(), []);
}

#[test]
fn the_cost_of_a_diff_is_proportional_to_the_rules() {
    let rules = |name: &str| {
        let mut rules = Rules::new();
        for number in 0..5_000 {
            let arn = format!("arn:aws:iam::111122223333:role/{number}");
            let name = if number == 4_321 { name } else { "same" };
            rules.push_role(Rule::exact(&arn, Template::parse(name), Vec::new()));
        }
        map(rules)
    };
    let diff = rules("a").diff(&rules("b"));
    assert_eq!(
        diff.to_string(),
        "changes arn:aws:iam::111122223333:role/4321: a -> b\n"
    );
}

#[test]
fn an_access_policy_makes_an_administrator() {
    let policy = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy";
    let entries = |scope: aws_auth_map::AccessScope| {
        let name = Template::parse("admin");
        let rule = Rule::exact("arn:aws:iam::111122223333:role/admin", name, Vec::new());
        let mut rules = Rules::new();
        rules.push_entry(
            rule.with_access_policies(vec![aws_auth_map::AccessPolicy::new(policy, scope)]),
        );
        IdentityMap::new().with_backend(Backend::new(BackendKind::AccessEntries, rules))
    };
    let old = read(
        "mapRoles: [{rolearn: 'arn:aws:iam::111122223333:role/admin', username: admin, groups: ['system:masters']}]",
    );
    let cluster = entries(aws_auth_map::AccessScope::Cluster);
    assert_eq!(old.diff(&cluster).lockouts(), []);
    let namespace = entries(aws_auth_map::AccessScope::Namespaces(vec![
        "dev".to_owned(),
    ]));
    assert_eq!(old.diff(&namespace).lockouts(), [Lockout::NoAdministrator]);
}
