//! The accessors of rules, changes, conversions and users.

use aws_auth_map::{
    Affected, Backend, BackendKind, ChangeKind, EntryType, IdentityMap, Lockout, Reader,
    Resolution, Rule, RulePrincipal, Rules, Section, Template,
};
use bounded_yaml::{Limits, Node, documents};
use iam_principal::Identity;

use crate::{map, rules, session};

const ARN: &str = "arn:aws:iam::111122223333:role/a";

fn named(name: &str, groups: &str) -> Rules {
    rules(&format!(
        "mapRoles:\n- {{rolearn: '{ARN}', username: {name}, groups: [{groups}]}}\n"
    ))
}

fn exact(name: &str) -> Rule {
    Rule::exact(ARN, Template::parse(name), Vec::new())
}

#[test]
fn a_change_names_its_kind_and_the_rules_of_both_sides() {
    let (none, old, new) = (Rules::new(), named("old", ""), named("new", ""));
    let first = (BackendKind::EksConfigMap, "mapRoles[0]".to_owned());
    for (before, after, kind) in [
        (&old, &new, ChangeKind::Changes),
        (&none, &new, ChangeKind::Gains),
        (&old, &none, ChangeKind::Loses),
    ] {
        let diff = map(before.clone()).diff(&map(after.clone()));
        let change = &diff.changes()[0];
        assert_eq!(change.kind(), kind);
        assert!(diff.to_string().starts_with(kind.as_str()), "{diff}");
        for (rules, side) in [(before, change.before()), (after, change.after())] {
            let rule = side.rule().map(|(backend, at)| (backend, at.to_string()));
            assert_eq!(rule, (!rules.is_empty()).then(|| first.clone()), "{diff}");
        }
    }
}

#[test]
fn every_lockout_has_a_code() {
    let (before, after) = (String::new(), String::new());
    let nodes = Affected::Arn(ARN.to_owned());
    for (lockout, code) in [
        (
            Lockout::CallerChanges {
                before: before.clone(),
                after,
            },
            "caller-changes",
        ),
        (Lockout::CallerLoses { before }, "caller-loses"),
        (Lockout::NoAdministrator, "no-administrator"),
        (Lockout::Nodes(nodes), "nodes"),
    ] {
        assert_eq!(lockout.code(), code);
    }
}

/// A kubelet that asks for its certificate may have any name.
#[test]
fn nodes_are_lost_with_their_group_or_name() {
    let (boot, nodes) = ("system:bootstrappers", "system:nodes");
    let both = "system:bootstrappers, system:nodes";
    for (old, new, is_lost) in [
        (("boot", boot), ("other", boot), false),
        (("boot", boot), ("boot", "x"), true),
        (("boot", boot), ("'system:node:a'", nodes), false),
        (("'system:node:a'", both), ("'system:node:a'", nodes), false),
        (("'system:node:a'", both), ("'system:node:b'", both), true),
        (("'system:node:a'", both), ("'system:node:a'", boot), true),
        (("x", "x"), ("y", "y"), false),
    ] {
        // Some of these rules have problems.
        let read = |(name, groups): (&str, &str)| {
            let text = format!(
                "mapRoles:\n- {{rolearn: '{ARN}', username: {name}, groups: [{groups}]}}\n"
            );
            map(aws_auth_map::read_config_map(&text).0)
        };
        let diff = read(old).diff(&read(new));
        let is_found = diff
            .lockouts()
            .iter()
            .any(|lockout| lockout.code() == "nodes");
        assert_eq!(is_found, is_lost, "{old:?} {new:?}\n{diff}");
    }
}

/// An access entry with the id of a principal matches only that principal.
#[test]
fn a_change_names_the_user_id_that_it_is_about() {
    let entries = |name: &str| {
        let text = format!(
            r#"[{{"principalArn": "{ARN}", "principalId": "AROAEXAMPLE", "type": "STANDARD", "username": "{name}"}}]"#
        );
        let (rules, problems) = Reader::new().read_access_entries(&text);
        assert_eq!(problems, []);
        IdentityMap::new().with_backend(Backend::new(BackendKind::AccessEntries, rules))
    };
    let diff = entries("a").diff(&entries("b"));
    let affected: Vec<String> = diff
        .changes()
        .iter()
        .map(|one| one.affected().to_string())
        .collect();
    assert_eq!(affected, [format!("{ARN} with user id AROAEXAMPLE")]);
}

#[test]
fn a_user_names_its_backend_and_its_extra_fields() {
    let other = "mapRoles: [{rolearn: 'arn:aws:iam::111122223333:role/b', username: b}]";
    let map = IdentityMap::new()
        .with_backend(Backend::new(BackendKind::MountedFile, rules(other)))
        .with_backend(Backend::new(BackendKind::EksConfigMap, named("a", "")));
    for (role, index) in [("b", 0), ("a", 1)] {
        let Resolution::Mapped(mapped) = map.resolve(&session(role, "s")) else {
            panic!("{role}")
        };
        assert_eq!(mapped.backend_index(), index);
        assert_eq!(mapped.backend(), map.backends()[index].kind());
        let extra = mapped.user().extra();
        assert_eq!(extra.get("sessionName"), Some("s"));
        assert_eq!(extra.get("unknown"), None);
    }
}

#[test]
fn a_conversion_names_its_rules() {
    let text = "mapRoles:\n- {rolearn: 'arn:aws:iam::111122223333:role/a', username: 'a:{{SessionName}}'}\n\
        - {rolearn: 'arn:aws:iam::111122223333:role/b', username: b, groups: ['system:x']}\n";
    // EKS knows no such group.
    let (rules, _) = aws_auth_map::read_config_map(text);
    let (entries, losses) = rules.to_access_entries();
    assert_eq!(entries[0].username(), "a:{{SessionName}}");
    let places: Vec<_> = losses
        .iter()
        .map(|loss| loss.place(&rules).line())
        .collect();
    assert_eq!(places, [Some(3)], "{losses:?}");
}

#[test]
fn adding_a_second_rule_for_a_principal_returns_the_overlap() {
    let mut rules = Rules::new();
    assert!(rules.push_object(exact("a")).is_none());
    assert!(rules.push_object(exact("b")).is_some());
    let names: Vec<String> = rules.iter().map(|(at, _)| at.to_string()).collect();
    assert_eq!(names, ["IAMIdentityMapping[0]", "IAMIdentityMapping[1]"]);
    assert!(rules.iter().all(|(at, _)| at.section() == Section::Objects));
}

#[test]
fn a_rule_that_refuses_keeps_its_principal_and_entry() {
    let rule = exact("a")
        .with_entry_attributes(ARN, EntryType::Standard)
        .refusing();
    assert!(rule.is_refusing());
    assert_eq!(rule.entry_type(), Some(EntryType::Standard));
    assert_eq!(rule.entry_principal_arn(), Some(ARN));
    assert!(matches!(rule.principal(), RulePrincipal::Arn(arn) if arn == ARN));
    assert_eq!(rule.username().source(), "");
}

#[test]
fn a_text_beyond_the_limit_is_not_read() {
    let text = format!("mapRoles: [{{rolearn: '{ARN}', username: a}}]");
    for (limit, length) in [(text.len(), 1), (text.len() - 1, 0)] {
        let (rules, problems) = Reader::new().with_max_bytes(limit).read_config_map(&text);
        assert_eq!(rules.len(), length);
        assert_eq!(problems.is_empty(), length == 1, "{problems:?}");
    }
}

/// An entry in one text may have its policies in another.
#[test]
fn access_entries_are_read_from_several_texts() {
    let entry = format!(
        r#"{{"accessEntry": {{"principalArn": "{ARN}", "type": "STANDARD", "username": "a", "kubernetesGroups": 1}}}}"#
    );
    let policies = format!(
        r#"{{"principalArn": "{ARN}", "associatedAccessPolicies": [{{
            "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy", "accessScope": {{"type": "cluster"}}}}]}}"#
    );
    let other = entry
        .replace("role/a", "role/b")
        .replace(r#", "kubernetesGroups": 1"#, "");
    let texts = [policies, other, entry];
    let nodes: Vec<Vec<Node>> = texts
        .iter()
        .map(|text| documents(text, &Limits::new()).flatten().collect())
        .collect();
    let parsed: Vec<(&str, &[Node])> = texts
        .iter()
        .zip(&nodes)
        .map(|(text, nodes)| (text.as_str(), nodes.as_slice()))
        .collect();
    let read = Reader::new().read_access_entry_nodes(&parsed);
    assert_eq!(read.text_of_entry, [1, 2]);
    let refuses: Vec<bool> = read
        .rules
        .iter()
        .map(|(_, rule)| rule.is_refusing())
        .collect();
    assert_eq!(refuses, [false, true]);
    let at: Vec<usize> = read.problems.iter().map(|(text, _)| *text).collect();
    assert_eq!(at, [2], "{:?}", read.problems);
    let listed = format!(r#"{{"accessEntries": ["{ARN}"]}}"#);
    let node: Vec<Node> = documents(&listed, &Limits::new()).flatten().collect();
    let with_list = [parsed[2], (listed.as_str(), &node)];
    let described = Reader::new().read_access_entry_nodes(&with_list);
    let at: Vec<usize> = described.problems.iter().map(|(text, _)| *text).collect();
    assert_eq!(at, [0], "a listed principal has its entry in another text");
    let alone = Reader::new().read_access_entry_nodes(&parsed[..1]);
    assert!(!alone.problems.is_empty());
    let identity: Identity = session("b", "s");
    let map = IdentityMap::new().with_backend(Backend::new(BackendKind::AccessEntries, read.rules));
    assert_eq!(crate::outcome(&map.resolve(&identity)), "a");
}
