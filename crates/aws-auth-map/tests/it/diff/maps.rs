//! Callers who become another user by a change of maps that no text of the ConfigMap can have: user ids, several
//! backends, reserved prefixes and settings.

use aws_auth_map::{Backend, BackendKind, IdentityMap, Rule, Rules, SsoRole, Template};
use iam_principal::{AccountId, ArnPattern, Partition};
use serde::Deserialize;
use testkit::Report;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    case: Vec<Case>,
}

/// Two maps, and the output of the diff.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default)]
    old: Vec<String>,
    #[serde(default)]
    new: Vec<String>,
    #[serde(default)]
    lines: Vec<String>,
}

fn arn(text: &str) -> String {
    if text.starts_with("arn:") {
        text.to_owned()
    } else {
        format!("arn:aws:iam::111122223333:{text}")
    }
}

fn account(id: &str) -> AccountId {
    AccountId::parse(id).expect("an account")
}

fn templates(texts: &str) -> Vec<Template> {
    let texts = texts.split(", ").filter(|text| !text.is_empty());
    texts.map(Template::parse).collect()
}

fn rule(principal: &str, user: &str) -> Rule {
    let (name, groups) = user.split_once(" in ").unwrap_or((user, ""));
    let (name, groups) = (Template::parse(name), templates(groups));
    match principal.split(' ').collect::<Vec<_>>()[..] {
        [named] => match named.split_once('#') {
            Some((named, id)) => Rule::exact_with_user_id(&arn(named), id, name, groups),
            None => Rule::exact(&arn(named), name, groups),
        },
        ["like", pattern] => {
            let pattern = ArnPattern::parse(&arn(pattern)).expect("a pattern");
            Rule::pattern(pattern, name, groups)
        }
        ["sso", set] => {
            let role = SsoRole::new(Partition::Aws, account("111122223333"), set);
            Rule::sso(&role.expect("a permission set"), name, groups)
        }
        ["id", id] => Rule::user_id(id, name, groups),
        ["id", id, named] => Rule::user_id_and_arn(id, &arn(named), name, groups),
        _ => panic!("{principal} is no principal"),
    }
}

/// One backend after the other, each with its rules.
fn map(lines: &[String]) -> IdentityMap {
    let mut map = IdentityMap::new();
    for lines in lines.split(|line| line == "then") {
        let mut rules = Rules::new();
        let (mut prefixes, mut group_prefixes) = (Vec::new(), Vec::new());
        for line in lines {
            match line.split_once(' ') {
                None if line == "unreadable" => rules = Rules::unreadable_source(),
                None if line == "strict" => map = map.with_strict_session_names(),
                Some(("account", id)) => drop(rules.push_account(account(id))),
                Some(("reserved", prefix)) => prefixes.push(prefix),
                Some(("reserved-group", prefix)) => group_prefixes.push(prefix),
                Some(("scrubbed", id)) => map = map.with_scrubbed_accounts([account(id)]),
                _ => {
                    let (principal, user) = line.split_once(" = ").expect("a rule");
                    match principal.strip_prefix("mapUsers ") {
                        Some(principal) => drop(rules.push_user(rule(principal, user))),
                        None => drop(rules.push_role(rule(principal, user))),
                    }
                }
            }
        }
        let backend = Backend::new(BackendKind::DynamicFile, rules)
            .with_reserved_prefixes(prefixes)
            .with_reserved_group_prefixes(group_prefixes);
        map = map.with_backend(backend);
    }
    map
}

#[test]
fn each_pair_of_maps_has_its_changes_and_lockouts() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/diff_maps.toml");
    let mut report = Report::new();
    for case in testkit::toml::<File>(path).case {
        let (old, new) = (map(&case.old), map(&case.new));
        let diff = old.diff(&new);
        let printed = diff.to_string();
        let lines: Vec<&str> = printed.lines().collect();
        let want: Vec<&str> = case.lines.iter().map(String::as_str).collect();
        report.check(&case.name, &lines, &want);
        report.check(&case.name, &diff.is_empty(), &case.lines.is_empty());
        report.check(&case.name, &new.diff(&old).is_empty(), &diff.is_empty());
        for change in diff.changes() {
            let printed = change.to_string();
            let kind = printed.split_once(' ').map(|(kind, _)| kind);
            report.check(&case.name, &Some(change.kind().as_str()), &kind);
        }
    }
    report.finish();
}
