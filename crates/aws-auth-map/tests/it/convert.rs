//! From `aws-auth` to access entries and back.

use aws_auth_map::{
    AccessEntry, AccessPolicy, Affected, Backend, BackendKind, ConversionLoss, IdentityMap, Reader,
    Rule, RulePrincipal, Rules, Template, read_config_map,
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
    #[serde(default)]
    principals: Vec<String>,
    inputs: Vec<String>,
    #[serde(default)]
    losses: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Back {
    name: String,
    text: String,
    rules: Vec<String>,
    #[serde(default)]
    losses: Vec<String>,
}

fn cases() -> File {
    testkit::toml(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/testdata/convert.toml"
    ))
}

fn printed(losses: &[ConversionLoss]) -> Vec<String> {
    let printed = |loss: &ConversionLoss| {
        let text = loss.to_string();
        let (rule, why) = text.split_once(": ").expect("a rule");
        assert_eq!(rule, loss.rule().to_string());
        assert!(!why.is_empty(), "{text}");
        format!("{} {}", loss.code(), loss.rule())
    };
    losses.iter().map(printed).collect()
}

/// Writes the entries as `aws eks describe-access-entry` prints them, and reads them again.
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
fn rules_become_entries_with_their_losses() {
    let mut report = Report::new();
    for case in cases().to {
        let (rules, _) = read_config_map(&case.text);
        let (entries, losses) = rules.to_access_entries_of(&case.principals);
        let inputs: Vec<String> = entries
            .iter()
            .flat_map(|entry| {
                let created = entry.to_create_input("c");
                std::iter::once(created).chain(entry.to_associate_inputs("c"))
            })
            .collect();
        report.check(&case.name, &inputs, &case.inputs);
        report.check(&case.name, &printed(&losses), &case.losses);
        let entries = map_of(BackendKind::AccessEntries, read(&entries));
        every_difference_has_a_loss(
            &map_of(BackendKind::EksConfigMap, rules.clone()),
            &entries,
            &rules,
            &losses,
        );
    }
    report.finish();
}

#[test]
fn entries_become_rules_with_their_losses() {
    let mut report = Report::new();
    for case in cases().back {
        let (entries, problems) = Reader::new().read_access_entries(&case.text);
        assert_eq!(problems, [], "{}", case.name);
        let (rules, losses) = entries.to_config_map();
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
        let written: Vec<String> = rules.iter().map(print).collect();
        report.check(&case.name, &written, &case.rules);
        report.check(&case.name, &printed(&losses), &case.losses);
        let config_map = map_of(BackendKind::EksConfigMap, rules);
        every_difference_has_a_loss(
            &map_of(BackendKind::AccessEntries, entries.clone()),
            &config_map,
            &entries,
            &losses,
        );
    }
    report.finish();
}

#[test]
fn an_entry_has_the_groups_and_policies_of_its_rule() {
    let text = "mapRoles:
- {rolearn: 'arn:aws:iam::111122223333:role/a', username: a, groups: [dev, 'system:masters']}
- {rolearn: 'arn:aws:iam::111122223333:role/b', username: b, groups: [ops]}
mapAccounts: ['111122223333']
";
    let (entries, losses) = read_config_map(text).0.to_access_entries();
    let with_list: Vec<bool> = entries
        .iter()
        .map(|entry| entry.to_json().contains("associatedAccessPolicies"))
        .collect();
    assert_eq!(with_list, [true, false]);
    let entries: Vec<_> = entries
        .iter()
        .map(|entry| {
            let policies = entry.access_policies().iter().map(AccessPolicy::arn);
            (entry.groups().join(" "), policies.collect::<Vec<_>>())
        })
        .collect();
    let admin = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy";
    assert_eq!(
        entries,
        [("dev".to_owned(), vec![admin]), ("ops".to_owned(), vec![])]
    );
    let losses = losses.iter().map(|loss| (loss.code(), loss.is_carried()));
    assert_eq!(
        losses.collect::<Vec<_>>(),
        [("masters", true), ("account", false)]
    );
}

/// Checks that a loss names every principal that becomes another user by a conversion.
#[track_caller]
fn every_difference_has_a_loss(
    old: &IdentityMap,
    new: &IdentityMap,
    rules: &Rules,
    losses: &[ConversionLoss],
) {
    let diff = old.diff(new);
    for change in diff.changes() {
        let is_named = losses.iter().any(|loss| {
            let Some(rule) = rules.rule(loss.rule()) else {
                // Accounts do not count as rules.
                return matches!(change.affected(), Affected::Account(_));
            };
            match (rule.principal(), change.affected()) {
                (RulePrincipal::Arn(arn), Affected::Arn(affected)) => {
                    arn.eq_ignore_ascii_case(affected)
                }
                (
                    RulePrincipal::ArnAndUserId(arn, _),
                    Affected::Arn(affected) | Affected::ArnAndUserId(affected, _),
                ) => arn.eq_ignore_ascii_case(affected),
                (RulePrincipal::Pattern(pattern), Affected::Pattern(affected)) => {
                    pattern.as_str() == affected
                }
                (RulePrincipal::Pattern(pattern), Affected::Arn(affected)) => {
                    pattern.matches(affected)
                }
                (RulePrincipal::Sso(role), Affected::PermissionSet(affected)) => role == affected,
                _ => false,
            }
        });
        assert!(is_named, "{change}\n{losses:?}");
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
    fn a_principal_without_a_loss_is_the_same_user_by_an_access_entry(roles in prop::collection::vec(rule(), 0..4), users in prop::collection::vec(rule(), 0..3)) {
        let mut rules = Rules::new();
        for rule in roles { rules.push_role(rule); }
        for rule in users { rules.push_user(rule); }
        let (entries, losses) = rules.to_access_entries();
        let by_rules = map_of(BackendKind::EksConfigMap, rules.clone());
        let entries = read(&entries);
        let by_entries = map_of(BackendKind::AccessEntries, entries.clone());
        every_difference_has_a_loss(&by_rules, &by_entries, &rules, &losses);
        // Convert back.
        let (back, losses) = entries.to_config_map();
        let by_back = map_of(BackendKind::EksConfigMap, back);
        every_difference_has_a_loss(&by_entries, &by_back, &entries, &losses);
    }
}

#[test]
fn access_entries_keep_the_path_and_the_type_that_they_were_read_with() {
    let text = r#"
        {"principalArn": "arn:aws:iam::111122223333:role/team/dev", "kubernetesGroups": ["dev"]}
        {"principalArn": "arn:aws:iam::111122223333:role/auto", "type": "EC2"}
        {"principalArn": "arn:aws:iam::111122223333:role/nodes", "type": "EC2_Windows"}
        {"principalArn": "arn:aws:iam::111122223333:role/bad", "kubernetesGroups": ["system:masters"]}
    "#;
    let (rules, _) = Reader::new().read_access_entries(text);
    let (entries, losses) = rules.access_entries();
    let read: Vec<(&str, &str)> = entries
        .iter()
        .map(|(_, entry)| (entry.principal_arn(), entry.entry_type().as_str()))
        .collect();
    assert_eq!(
        read,
        [
            ("arn:aws:iam::111122223333:role/team/dev", "STANDARD"),
            ("arn:aws:iam::111122223333:role/auto", "EC2"),
            ("arn:aws:iam::111122223333:role/nodes", "EC2_WINDOWS"),
        ]
    );
    let losses: Vec<&str> = losses.iter().map(ConversionLoss::code).collect();
    assert_eq!(losses, ["unreadable-rule"]);
    for (_, entry) in &entries {
        let input = entry.to_create_input("c");
        let (again, _) = Reader::new().read_access_entries(&input);
        assert_eq!(
            again.access_entries().0.first().map(|(_, entry)| entry),
            Some(entry)
        );
    }
}
