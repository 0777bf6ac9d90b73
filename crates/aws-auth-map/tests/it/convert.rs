//! From `aws-auth` to access entries and back.

use aws_auth_map::{
    AccessEntry, Backend, BackendKind, IdentityMap, Obstacle, Reader, Rule, RulePrincipal, Rules,
    Template, Whom, read_config_map,
};
use proptest::prelude::*;
use serde::Deserialize;
use testkit::Report;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    to: Vec<To>,
    back: Vec<Back>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct To {
    name: String,
    text: String,
    inputs: Vec<String>,
    #[serde(default)]
    obstacles: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Back {
    name: String,
    text: String,
    rules: Vec<String>,
    #[serde(default)]
    obstacles: Vec<String>,
}

fn cases() -> File {
    testkit::toml(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/testdata/convert.toml"
    ))
}

fn told(obstacles: &[Obstacle]) -> Vec<String> {
    let told = |obstacle: &Obstacle| format!("{} {}", obstacle.code(), obstacle.rule());
    obstacles.iter().map(told).collect()
}

/// The entries as they would be described, read again.
fn read(entries: &[AccessEntry]) -> Rules {
    if entries.is_empty() {
        return Rules::new();
    }
    let texts: Vec<String> = entries.iter().map(AccessEntry::to_json).collect();
    let (rules, problems) = Reader::new().read_access_entries(&format!("[{}]", texts.join(", ")));
    assert_eq!(problems, [], "{texts:?}");
    rules
}

fn map_of(kind: BackendKind, rules: Rules) -> IdentityMap {
    IdentityMap::new().with_backend(Backend::new(kind, rules))
}

#[test]
fn rules_become_entries_and_what_cannot_be_carried_is_told() {
    let mut report = Report::new();
    for case in cases().to {
        let (rules, _) = read_config_map(&case.text);
        let (entries, obstacles) = rules.to_access_entries();
        let inputs: Vec<String> = entries
            .iter()
            .flat_map(|entry| {
                let created = entry.to_create_input("c");
                std::iter::once(created).chain(entry.to_associate_inputs("c"))
            })
            .collect();
        report.check(&case.name, &inputs, &case.inputs);
        report.check(&case.name, &told(&obstacles), &case.obstacles);
        let entries = map_of(BackendKind::AccessEntries, read(&entries));
        every_difference_has_an_obstacle(
            &map_of(BackendKind::EksConfigMap, rules.clone()),
            &entries,
            &rules,
            &obstacles,
        );
    }
    report.finish();
}

#[test]
fn entries_become_rules_and_what_cannot_be_carried_is_told() {
    let mut report = Report::new();
    for case in cases().back {
        let (entries, problems) = Reader::new().read_access_entries(&case.text);
        assert_eq!(problems, [], "{}", case.name);
        let (rules, obstacles) = entries.to_config_map();
        let print = |(at, rule): (aws_auth_map::RuleRef, &Rule)| {
            let RulePrincipal::Arn(arn) = rule.principal() else {
                panic!("{rule:?}")
            };
            let groups = rule.groups().iter().map(|group| format!(" {group}"));
            format!(
                "{at} {arn} {}{}",
                rule.username(),
                groups.collect::<String>()
            )
        };
        let printed: Vec<String> = rules.iter().map(print).collect();
        report.check(&case.name, &printed, &case.rules);
        report.check(&case.name, &told(&obstacles), &case.obstacles);
        let config_map = map_of(BackendKind::EksConfigMap, rules);
        every_difference_has_an_obstacle(
            &map_of(BackendKind::AccessEntries, entries.clone()),
            &config_map,
            &entries,
            &obstacles,
        );
    }
    report.finish();
}

/// Whoever is another user after a conversion is named by an obstacle.
#[track_caller]
fn every_difference_has_an_obstacle(
    old: &IdentityMap,
    new: &IdentityMap,
    rules: &Rules,
    obstacles: &[Obstacle],
) {
    let diff = old.diff(new);
    for change in diff.changes() {
        let is_named = obstacles.iter().any(|obstacle| {
            let Some(rule) = rules.rule(obstacle.rule()) else {
                // Accounts are no rules.
                return matches!(change.whom(), Whom::Account(_));
            };
            match (rule.principal(), change.whom()) {
                (RulePrincipal::Arn(arn), Whom::Arn(whom)) => arn.eq_ignore_ascii_case(whom),
                (
                    RulePrincipal::ArnAndUserId(arn, _),
                    Whom::Arn(whom) | Whom::ArnAndUserId(whom, _),
                ) => arn.eq_ignore_ascii_case(whom),
                (RulePrincipal::Pattern(pattern), Whom::Pattern(whom)) => pattern.as_str() == whom,
                (RulePrincipal::Pattern(pattern), Whom::Arn(whom)) => pattern.matches(whom),
                (RulePrincipal::Sso(role), Whom::PermissionSet(whom)) => role == whom,
                _ => false,
            }
        });
        assert!(is_named, "{change}\n{obstacles:?}");
    }
}

const NAMES: [&str; 12] = [
    "u",
    "x:{{SessionName}}",
    "x{{SessionName}}",
    "x:<<SessionName>>",
    "x:{{AccountID}}",
    "{{SessionNameRaw}}",
    "system:node:{{EC2PrivateDNSName}}",
    "system:node:{{SessionName}}",
    "system:x",
    "x:{{AccessKeyID}}",
    "arn:aws:sts::111122223333:assumed-role/a/{{SessionName}}",
    "{{Session{{SessionName}}Name}}",
];
const GROUPS: [&str; 8] = [
    "g",
    "system:masters",
    "system:nodes",
    "system:bootstrappers",
    "system:node-proxier",
    "eks:kube-proxy-windows",
    "{{AccountID}}",
    "{{SessionName}}",
];

fn rule() -> impl Strategy<Value = Rule> {
    let resource = prop::sample::select(vec![
        "role/a", "role/b", "role/p/a", "user/a", "user/p/a", "root", "role/A",
    ]);
    let name = prop::sample::select(NAMES.to_vec());
    let groups = prop::collection::vec(prop::sample::select(GROUPS.to_vec()), 0..4);
    (resource, name, groups).prop_map(|(resource, name, groups)| {
        let arn = format!("arn:aws:iam::111122223333:{resource}");
        let groups = groups.into_iter().map(Template::parse).collect();
        Rule::exact(&arn, Template::parse(name), groups)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whoever_no_obstacle_names_is_the_same_user_by_an_access_entry(roles in prop::collection::vec(rule(), 0..4), users in prop::collection::vec(rule(), 0..3)) {
        let mut rules = Rules::new();
        for rule in roles { rules.push_role(rule); }
        for rule in users { rules.push_user(rule); }
        let (entries, obstacles) = rules.to_access_entries();
        let by_rules = map_of(BackendKind::EksConfigMap, rules.clone());
        let entries = read(&entries);
        let by_entries = map_of(BackendKind::AccessEntries, entries.clone());
        every_difference_has_an_obstacle(&by_rules, &by_entries, &rules, &obstacles);
        // And the way back.
        let (back, obstacles) = entries.to_config_map();
        let by_back = map_of(BackendKind::EksConfigMap, back);
        every_difference_has_an_obstacle(&by_entries, &by_back, &entries, &obstacles);
    }
}
