//! Attacks on rules that cannot be read: no wider rule decides in their place.

use aws_auth_map::{
    Backend, BackendKind, Dialect, IdentityMap, PolicyTable, Problem, ProblemKind, Reader, Refusal,
    Resolution, RulePrincipal, Rules, Severity, Template,
};
use serde::Deserialize;
use testkit::Report;

use crate::{map, outcome, session};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// The format and the text of each backend, in order.
    sources: Vec<(String, String)>,
    want: String,
}

/// Reads a source. A `ClusterConfig` gives more than one backend.
fn backends(format: &str, text: &str) -> (Vec<Backend>, Vec<Problem>) {
    if format == "ClusterConfig" {
        let (config, problems) = Reader::new().read_cluster_config(text);
        return (config.into_map().backends().to_vec(), problems);
    }
    let (kind, rules, problems) = read(format, text);
    (vec![Backend::new(kind, rules)], problems)
}

fn read(format: &str, text: &str) -> (BackendKind, Rules, Vec<Problem>) {
    let reader = Reader::new();
    let whole = |read: Result<(Rules, Vec<Problem>), Vec<Problem>>| {
        read.unwrap_or_else(|problems| (Rules::unreadable_source(), problems))
    };
    let (kind, (rules, problems)) = match format {
        "AccessEntries" => (BackendKind::AccessEntries, reader.read_access_entries(text)),
        "ConfigMap" => (BackendKind::EksConfigMap, reader.read_config_map(text)),
        "DynamicFile" => (
            BackendKind::DynamicFile,
            whole(reader.read_dynamic_file(text)),
        ),
        "DynamicFileByUserId" => (
            BackendKind::DynamicFile,
            whole(reader.read_dynamic_file_by_user_id(text)),
        ),
        "IdentityMappingList" => (
            BackendKind::EksConfigMap,
            reader.read_identity_mapping_list(text),
        ),
        "IdentityMappings" => (BackendKind::Crd, reader.read_identity_mappings(text)),
        "MountedFile" => (BackendKind::MountedFile, reader.read_mounted_file(text)),
        other => panic!("a source of format {other}"),
    };
    (kind, rules, problems)
}

fn describe(refusal: &Refusal) -> String {
    let mut text = refusal.reason().code().to_owned();
    if let Some(rule) = refusal.rule() {
        text += &format!(" {rule}");
    } else if let Some(section) = refusal.section() {
        text += &format!(" {section}");
    }
    if let Some(line) = refusal
        .place()
        .line()
        .filter(|_| refusal.section().is_some())
    {
        text += &format!(" line {line}");
    }
    text
}

#[test]
fn no_wider_rule_decides_in_place_of_an_unreadable_one() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/unreadable.toml");
    let mut report = Report::new();
    for case in testkit::toml::<Cases>(path).case {
        let mut map = IdentityMap::new();
        let mut has_error = false;
        for (format, text) in &case.sources {
            let (backends, problems) = backends(format, text.trim_start());
            has_error |= problems.iter().any(|p| p.severity() == Severity::Error);
            map = backends.into_iter().fold(map, IdentityMap::with_backend);
        }
        let got = match map.resolve(&session("ops", "s")) {
            Resolution::Refused(refusal) => {
                assert!(has_error, "{}: a refusal without an error", case.name);
                describe(&refusal)
            }
            other => outcome(&other),
        };
        report.check(&case.name, &got, &case.want);
    }
    report.finish();
}

/// The reader cannot know which of two equal keys was meant. Both permission sets are refused before the
/// account is tried.
#[test]
fn a_permission_set_with_a_repeated_key_is_refused() {
    let suffix = "0123456789abcdef";
    let role = |set: &str| session(&format!("AWSReservedSSO_{set}_{suffix}"), "s");
    for keys in [
        "permissionSetName: A, permissionSetName: B, accountID: '111122223333'",
        "PermissionSetName: A, permissionSetName: B, accountID: '111122223333'",
        "permissionSetName: A, accountID: '111122223333', permissionSetName: B",
    ] {
        let section = format!("mapRoles: [{{sso: {{{keys}}}, username: in}}]");
        let accounts = "mapAccounts: ['111122223333']";
        let config_map = format!("{section}\n{accounts}\n");
        let mounted = format!("server:\n  {section}\n  {accounts}\n");
        for (format, text) in [("ConfigMap", config_map), ("MountedFile", mounted)] {
            let (kind, rules, problems) = read(format, &text);
            let repeated: Vec<_> = problems
                .iter()
                .filter(|problem| problem.kind() == ProblemKind::DuplicateKey)
                .collect();
            assert_eq!(repeated.len(), 1, "{problems:?}");
            let map = IdentityMap::new().with_backend(Backend::new(kind, rules));
            for set in ["A", "B"] {
                let Resolution::Refused(refusal) = map.resolve(&role(set)) else {
                    panic!("{text}: {set} is let in");
                };
                assert_eq!(refusal.reason().code(), "unreadable-rule", "{text}: {set}");
            }
            assert!(map.resolve(&role("C")).user().is_some());
        }
    }
    // The entry in the middle is refused as well.
    let section = "mapRoles: [{sso: {permissionSetName: A, permissionSetName: B, PermissionSetName: C, \
                   accountID: '111122223333', accountid: '444455556666'}, username: in}]\n";
    let (rules, _) = Reader::new().read_config_map(&format!(
        "{section}mapAccounts: ['111122223333', '444455556666']\n"
    ));
    let refused: Vec<String> = rules
        .iter()
        .filter(|(_, rule)| rule.is_refusing())
        .map(|(_, rule)| match rule.principal() {
            RulePrincipal::Sso(role) => format!("{} {}", role.permission_set(), role.account()),
            _ => String::new(),
        })
        .collect();
    assert_eq!(
        refused,
        ["C 444455556666", "A 111122223333", "B 444455556666",]
    );
    let same = "permissionSetName: A, accountID: '111122223333', accountid: '111122223333'";
    let text = format!("mapRoles: [{{sso: {{{same}}}, username: in}}]");
    let (rules, _) = Reader::new().read_config_map(&text);
    assert_eq!(rules.iter().count(), 1);
    assert!(rules.iter().all(|(_, rule)| rule.is_refusing()));
}

#[test]
fn a_refusing_rule_says_what_upstream_would_do() {
    let entry = "rolearn: 'arn:aws:iam::111122223333:role/ops'";
    for (rest, username, groups) in [
        ("groups: [system:masters]", "", vec!["system:masters"]),
        ("username: ops, groups: view", "ops", vec![]),
        ("username: ops, groups: [a, ~]", "ops", vec!["a", ""]),
        ("username: a, username: b", "b", vec![]),
    ] {
        let text = format!("mapRoles: [{{{entry}, {rest}}}]");
        let (rules, _) = Reader::new().read_config_map(&text);
        let (_, rule) = rules.iter().next().expect("a rule");
        assert!(rule.is_refusing() && rule.groups().is_empty(), "{rest}");
        assert_eq!(rule.username(), &Template::default());
        let (name, upstream) = rule.upstream_user().expect("known");
        let upstream: Vec<String> = upstream.iter().map(ToString::to_string).collect();
        assert_eq!(
            (name.to_string(), upstream),
            (
                username.to_owned(),
                groups.into_iter().map(str::to_owned).collect()
            )
        );
    }
}

#[test]
fn an_entry_whose_principal_cannot_be_read_is_left_out() {
    for entry in [
        "{rolearn: x, username: a}",
        "{rolearn: [x], username: a}",
        "{username: a}",
        "{sso: x, username: a}",
        "{rolearnLike: x, username: a}",
        "x",
        "{}",
        "~",
    ] {
        let text = format!("mapRoles: [{entry}]\nmapAccounts: ['111122223333']");
        let (rules, problems) = Reader::new().read_config_map(&text);
        assert_eq!(rules.iter().count(), 0, "{entry}");
        assert!(problems.iter().any(|p| p.severity() == Severity::Error));
        let arn = "arn:aws:iam::111122223333:role/ops";
        assert_eq!(outcome(&map(rules).resolve(&session("ops", "s"))), arn);
    }
}

#[test]
fn an_access_policy_that_cannot_be_read_grants_nothing() {
    let policy = |rest: &str| {
        format!(
            "{{\"principalArn\": \"arn:aws:iam::111122223333:role/ops\", \"username\": \"ops\", \
             \"associatedAccessPolicies\": [{{\"policyArn\": \"arn:aws:eks::aws:cluster-access-policy/Admin\", {rest}}}]}}"
        )
    };
    let granted = |text: &str| {
        let (rules, problems) = Reader::new().read_access_entries(text);
        let count = rules
            .iter()
            .map(|(_, rule)| rule.access_policies().len())
            .sum::<usize>();
        (count, problems.len())
    };
    let cluster = "\"accessScope\": {\"type\": \"cluster\"}";
    assert_eq!(granted(&policy(cluster)), (1, 0));
    let scope = "\"accessScope\": {\"type\": \"namespace\", \"type\": \"cluster\"}";
    assert_eq!(granted(&policy(scope)), (0, 1));
    for (scope, count) in [
        (r#"{"type": "all"}"#, (0, 1)),
        (r#"{"type": "namespace"}"#, (0, 1)),
        (r#"{"type": "namespace", "namespaces": []}"#, (0, 1)),
        (r#"{"type": "namespace", "namespaces": ["dev"]}"#, (1, 0)),
    ] {
        assert_eq!(
            granted(&policy(&format!("\"accessScope\": {scope}"))),
            count
        );
    }
    let of_iam = policy(cluster).replace(":eks::aws:cluster-access-policy/", ":iam::aws:policy/");
    assert_eq!(granted(&of_iam), (0, 1));
    for (kind, count) in [
        ("STANDARD", (1, 0)),
        ("EC2", (1, 0)),
        ("EC2_LINUX", (0, 1)),
        ("FARGATE_LINUX", (0, 1)),
    ] {
        let of_type =
            policy(cluster).replace("\"username\": \"ops\"", &format!("\"type\": \"{kind}\""));
        assert_eq!(granted(&of_type), count, "{kind}");
    }
    // One policy has two scopes, and the reader cannot know which is meant.
    let other = "\"accessScope\": {\"type\": \"namespace\", \"namespaces\": [\"dev\"]}}, \
                 {\"policyArn\": \"arn:aws:eks::aws:cluster-access-policy/Admin\", \"accessScope\": {\"type\": \"cluster\"}";
    assert_eq!(granted(&policy(other)), (0, 1));
    let same = format!(
        "{cluster}}}, {{\"policyArn\": \"arn:aws:eks::aws:cluster-access-policy/Admin\", {cluster}"
    );
    assert_eq!(granted(&policy(&same)), (1, 1));
    // If a rule of a table cannot be understood, the whole table is refused.
    assert!(PolicyTable::read("{\"Admin\": [{\"verbs\": [\"get\"], \"deny\": []}]}").is_err());
    assert!(
        PolicyTable::read("{\"Admin\": [{\"verbs\": [\"get\"], \"verbs\": [\"*\"]}]}").is_err()
    );
}

#[test]
fn upstreams_keys_are_all_that_other_dialects_read() {
    let text = "mapRoles:
- {rolearnLike: 'arn:aws:iam::111122223333:role/*', username: like}
- {sso: {permissionSetName: A, accountID: '111122223333'}, username: set}
- {rolearn: 'arn:aws:iam::111122223333:role/dev', username: 'dev:<<SessionName>>'}
";
    let answers = |dialect: Dialect| {
        let (rules, problems) = Reader::new().with_dialect(dialect).read_config_map(text);
        let map = map(rules);
        let errors: Vec<&str> = problems.iter().map(Problem::code).collect();
        let callers = ["other", "AWSReservedSSO_A_0123456789abcdef", "dev"];
        let users = callers.map(|role| outcome(&map.resolve(&session(role, "s"))));
        (users.join(" "), errors.join(" "))
    };
    let gate = |sso_role_match| Dialect::Authenticator { sso_role_match };
    for (dialect, users, errors) in [
        (Dialect::Ours, "like like dev:s", ""),
        (
            Dialect::Eks,
            "not-mapped not-mapped dev:<<SessionName>>",
            "pattern-not-read sso-not-read angle-placeholder",
        ),
        (
            gate(false),
            "not-mapped not-mapped dev:<<SessionName>>",
            "pattern-not-read sso-not-read angle-placeholder",
        ),
        (
            gate(true),
            "not-mapped set dev:<<SessionName>>",
            "pattern-not-read angle-placeholder",
        ),
    ] {
        assert_eq!(
            answers(dialect),
            (users.to_owned(), errors.to_owned()),
            "{dialect}"
        );
    }
}

/// Upstream's reader of the ConfigMap skips a name that YAML reads as a number. Upstream's reader of the
/// configuration file does not.
#[test]
fn a_name_that_is_no_text_refuses_in_a_config_map_of_eks() {
    let rules = "mapRoles: [{rolearn: 'arn:aws:iam::111122223333:role/dev', username: 12}]";
    let reader = Reader::new().with_dialect(Dialect::Eks);
    let (of_config_map, problems) = reader.read_config_map(rules);
    assert_eq!(
        problems.iter().map(Problem::code).collect::<Vec<_>>(),
        ["unquoted-text"]
    );
    let (config, problems) = reader.read_server_config(&format!("server: {{{rules}}}"));
    assert_eq!(
        problems.iter().map(Problem::code).collect::<Vec<_>>(),
        ["unquoted-text"]
    );
    let users = [of_config_map, config.into_rules()]
        .map(|rules| outcome(&map(rules).resolve(&session("dev", "s"))));
    assert_eq!(users, ["unreadable-rule", "12"]);
}

#[test]
fn no_advice_for_eks_recommends_a_key_of_ours() {
    let text = "mapRoles:
- {rolearnlike: 'arn:aws:iam::111122223333:role/*', username: a}
- {rolearn: 'arn:aws:iam::111122223333:role/*', username: a}
- {rolearn: 'arn:aws:iam::*:role/a', username: a}
- {rolearn: 'arn:aws:sso:::permissionSet/ssoins-1/ps-1', username: a}
- {role_arn_like: 'arn:aws:iam::111122223333:role/*', username: '<<SessionNam>>'}
- {ssso: {permissionSetName: A}, username: '<<Nope>>'}
- {rolearnLik: 'arn:aws:iam::111122223333:role/*', username: a}
";
    let reader = Reader::new().with_dialect(Dialect::Eks);
    let (_, problems) = reader.read_config_map(text);
    assert!(problems.len() >= 6);
    for problem in problems {
        let text = problem.to_string();
        for ours in ["Like", "write `sso`", "mean `sso`", "<<"] {
            assert!(!text.contains(ours) || text.contains("not read"), "{text}");
        }
    }
}
