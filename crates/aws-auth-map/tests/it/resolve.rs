//! The user that each identity becomes.

use aws_auth_map::{
    Backend, BackendKind, EKS_RESERVED_PREFIXES, IdentityMap, Problem, Reason, Resolution, Rule,
    Rules, SsoRole, Template, instance_id, read_config_map,
};
use iam_principal::{AccountId, Identity, Partition};

use crate::{map, outcome, rules, session, user};

fn rule(arn: &str, username: &str) -> Rule {
    Rule::exact(arn, Template::parse(username), Vec::new())
}

#[test]
fn the_user_is_what_upstream_answers_to_a_token_review() {
    let rules = rules(
        "mapRoles:\n- rolearn: arn:aws:iam::111122223333:role/dev\n  username: dev:{{SessionName}}\n  groups: ['team:<<AccountID>>', a, a]\n",
    );
    let resolution = map(rules).resolve(&session("dev", "alice@example.com"));
    let Resolution::Mapped(mapped) = &resolution else {
        panic!("{resolution:?}")
    };
    let user = mapped.user();
    assert_eq!(user.username(), "dev:alice-example.com");
    assert_eq!(user.groups(), ["team:111122223333", "a", "a"]);
    assert_eq!(user.uid(), "aws-iam-authenticator:111122223333:AROAEXAMPLE");
    let extra: Vec<(&str, &str)> = user.extra().iter().collect();
    assert_eq!(
        extra,
        [
            ("accessKeyId", "ASIAEXAMPLE"),
            (
                "arn",
                "arn:aws:sts::111122223333:assumed-role/dev/alice@example.com"
            ),
            ("canonicalArn", "arn:aws:iam::111122223333:role/dev"),
            ("principalId", "AROAEXAMPLE"),
            ("sessionName", "alice@example.com"),
            (
                "sigs.k8s.io/aws-iam-authenticator/principalId",
                "AROAEXAMPLE"
            ),
        ]
    );
    assert_eq!(mapped.rule().to_string(), "mapRoles[0]");
    assert_eq!(mapped.backend(), BackendKind::EksConfigMap);
}

#[test]
fn a_user_has_an_empty_session_name_and_a_federated_user_a_whole_user_id() {
    let map = map(rules("mapAccounts: ['111122223333']"));
    let arn = "arn:aws:sts::111122223333:federated-user/bob";
    let bob = Identity::new(arn, "111122223333", "111122223333:bob").expect("an identity");
    for (caller, uid) in [
        (
            user("alice"),
            "aws-iam-authenticator:111122223333:AIDAEXAMPLE",
        ),
        (bob, "aws-iam-authenticator:111122223333:111122223333:bob"),
    ] {
        let resolution = map.resolve(&caller);
        let user = resolution.user().expect("a user");
        assert_eq!(user.uid(), uid);
        assert_eq!(user.extra().get("sessionName"), Some(""));
        let printed = format!("{:?}", user.extra());
        assert!(printed.contains("\"sessionName\": \"\""), "{printed}");
    }
}

#[test]
fn a_scrubbed_account_has_only_the_username() {
    let account = AccountId::parse("111122223333").expect("an account");
    let map = map(rules("mapAccounts: ['111122223333']")).with_scrubbed_accounts([account]);
    assert!(map.scrubs(account));
    assert!(!map.scrubs(AccountId::parse("444455556666").expect("an account")));
    let resolution = map.resolve(&user("alice"));
    let user = resolution.user().expect("a user");
    let name = "arn:aws:iam::111122223333:user/alice";
    assert_eq!((user.username(), user.extra().is_empty()), (name, true));
    assert_eq!(
        user.uid(),
        format!("aws-iam-authenticator:administrative:{name}")
    );
}

#[test]
fn roles_come_before_users_before_accounts_and_backends_in_order() {
    let arn = "arn:aws:iam::111122223333:user/alice";
    let account = AccountId::parse("111122223333").expect("an account");
    let mut all = Rules::new();
    all.push_account(account);
    let mut users = all.clone();
    users.push_user(rule(arn, "from-users"));
    let mut roles = users.clone();
    roles.push_role(rule(arn, "from-roles"));
    let alice = user("alice");
    for (rules, want) in [(&all, arn), (&users, "from-users"), (&roles, "from-roles")] {
        assert_eq!(outcome(&map(rules.clone()).resolve(&alice)), want);
    }
    // As in upstream, an account in an earlier backend beats a rule in a later backend.
    let first = Backend::new(BackendKind::EksConfigMap, all);
    let second = Backend::new(BackendKind::MountedFile, roles);
    let both = IdentityMap::new()
        .with_backend(first)
        .with_backend(second.clone());
    assert_eq!(outcome(&both.resolve(&alice)), arn);
    let empty = Backend::new(BackendKind::EksConfigMap, Rules::new());
    let both = IdentityMap::new().with_backend(empty).with_backend(second);
    let resolution = both.resolve(&alice);
    assert_eq!(outcome(&resolution), "from-roles");
    assert!(
        matches!(&resolution, Resolution::Mapped(m) if m.backend() == BackendKind::MountedFile)
    );
}

#[test]
fn the_last_of_several_rules_wins_and_is_reported() {
    let text = "mapRoles:\n- {rolearn: 'arn:aws:iam::111122223333:role/dev', username: first}\n- {rolearn: 'ARN:aws:iam::111122223333:role/DEV', username: second}\n";
    let (rules, problems) = read_config_map(text);
    assert_eq!(
        problems.iter().map(Problem::code).collect::<Vec<_>>(),
        ["duplicate-in-case"]
    );
    let resolution = map(rules).resolve(&session("dev", "s"));
    assert!(matches!(&resolution, Resolution::Mapped(m) if m.rule().index() == 1));
    assert_eq!(outcome(&resolution), "second");
    let mut rules = Rules::new();
    let account = AccountId::parse("111122223333").expect("an account");
    let set = SsoRole::new(Partition::Aws, account, "A").expect("a permission set");
    let sso = |name: &str| Rule::sso(&set, Template::parse(name), Vec::new());
    assert_eq!(rules.push_role(sso("a")), None);
    assert_eq!(
        rules
            .push_role(sso("b"))
            .map(|overlap| overlap.earlier().to_string())
            .as_deref(),
        Some("mapRoles[0]")
    );
    let resolution = map(rules).resolve(&session("AWSReservedSSO_A_0123456789abcdef", "s"));
    assert_eq!(outcome(&resolution), "b");
}

#[test]
fn an_instances_name_comes_from_the_caller() {
    let text = "mapRoles: [{rolearn: 'arn:aws:iam::111122223333:role/nodes', username: 'system:node:{{EC2PrivateDNSName}}', groups: ['system:nodes']}]";
    let map = map(rules(text));
    let node = session("nodes", "i-0123456789abcdef0");
    assert_eq!(instance_id(&node), Some("i-0123456789abcdef0"));
    assert_eq!(outcome(&map.resolve(&node)), "private-dns-name-unknown");
    let name = "ip-10-0-0-7.ec2.internal";
    assert_eq!(
        outcome(&map.resolve_instance(&node, name)),
        format!("system:node:{name}")
    );
    let other = session("nodes", "alice");
    assert_eq!(instance_id(&other), None);
    assert_eq!(
        outcome(&map.resolve_instance(&other, name)),
        "not-an-instance"
    );
}

#[test]
fn a_rule_that_yields_no_user_refuses() {
    let nodes = rules(
        "mapRoles: [{rolearn: 'arn:aws:iam::111122223333:role/a', username: '{{EC2PrivateDNSName}}'}]\nmapAccounts: ['111122223333']",
    );
    let backend = Backend::new(BackendKind::EksConfigMap, nodes);
    let map = IdentityMap::new()
        .with_backend(backend.clone())
        .with_backend(backend);
    let resolution = map.resolve(&session("a", "s"));
    let Resolution::Refused(refusal) = &resolution else {
        panic!("{resolution:?}")
    };
    assert_eq!(refusal.reason(), Reason::NotAnInstance);
    assert!(
        refusal
            .to_string()
            .starts_with("mapRoles[0] of EKSConfigMap (line 1, column 13): ")
    );
}

#[test]
fn a_second_rule_for_a_principal_is_reported_in_every_section() {
    let arn = "arn:aws:iam::111122223333:role/a";
    for push in [Rules::push_role, Rules::push_entry, Rules::push_object] {
        let mut rules = Rules::new();
        assert_eq!(push(&mut rules, rule(arn, "a")), None);
        assert!(push(&mut rules, rule(arn, "b")).is_some());
    }
}

#[test]
fn an_empty_partition_is_an_absent_one() {
    let text = "mapRoles: [{sso: {permissionSetName: A, accountID: '111122223333', partition: ''}, username: a}]";
    let role = "AWSReservedSSO_A_0123456789abcdef";
    let (rules, _) = read_config_map(text);
    assert_eq!(outcome(&map(rules).resolve(&session(role, "s"))), "a");
}

#[test]
fn a_refusal_names_its_backend_and_says_whether_it_is_an_answer() {
    let arn = "arn:aws:iam::111122223333:role/a";
    for (text, code, is_no_answer) in [
        (
            format!("mapRoles: [{{rolearn: '{arn}'}}]"),
            "unreadable-rule",
            false,
        ),
        ("mapRoles: x".to_owned(), "unreadable-section", true),
        ("mapRoles: [".to_owned(), "unreadable-source", true),
    ] {
        let (rules, _) = read_config_map(&text);
        let map = IdentityMap::new()
            .with_backend(Backend::new(BackendKind::AccessEntries, Rules::new()))
            .with_backend(Backend::new(BackendKind::DynamicFile, Rules::new()))
            .with_backend(Backend::new(BackendKind::EksConfigMap, rules));
        let resolution = map.resolve(&session("a", "s"));
        let Resolution::Refused(refusal) = &resolution else {
            panic!("{resolution:?}")
        };
        let reason = refusal.reason();
        assert_eq!(refusal.backend_index(), 2);
        assert_eq!(refusal.place().line(), Some(1));
        assert_eq!((reason.code(), reason.is_no_answer()), (code, is_no_answer));
        assert_ne!(reason.to_string(), "", "{code}");
    }
}

#[test]
fn a_reserved_prefix_is_that_of_the_rendered_name() {
    let text = "mapRoles: [{rolearn: 'arn:aws:iam::111122223333:role/a', username: '{{SessionName}}:x', groups: ['system:masters']}]";
    let backend = Backend::new(BackendKind::EksConfigMap, rules(text));
    let map =
        IdentityMap::new().with_backend(backend.with_reserved_prefixes(EKS_RESERVED_PREFIXES));
    assert_eq!(
        outcome(&map.resolve(&session("a", "system"))),
        "reserved-username"
    );
    assert_eq!(outcome(&map.resolve(&session("a", "System"))), "System:x");
    assert_eq!(
        outcome(&map.resolve(&session("a", "my-system"))),
        "my-system:x"
    );
}

#[test]
fn merge_keys_and_aliases_are_read_as_upstream_reads_them() {
    let text = "mapRoles:\n- &base\n  rolearn: arn:aws:iam::111122223333:role/a\n  username: a\n  groups: &groups [g]\n- <<: *base\n  rolearn: arn:aws:iam::111122223333:role/b\n- {rolearn: 'arn:aws:iam::111122223333:role/c', username: c, groups: *groups}\n";
    let map = map(rules(text));
    for (role, want) in [("a", "a"), ("b", "a"), ("c", "c")] {
        let resolution = map.resolve(&session(role, "s"));
        assert_eq!(outcome(&resolution), want);
        assert_eq!(resolution.user().expect("a user").groups(), ["g"]);
    }
}

#[test]
fn a_reserved_group_is_refused_once_it_is_rendered() {
    let text = "mapRoles: [{rolearn: 'arn:aws:iam::111122223333:role/a', username: a, groups: [dev, '{{SessionName}}:x']}]";
    let backend = Backend::new(BackendKind::EksConfigMap, rules(text));
    let ask = |backend: Backend, name: &str| {
        outcome(
            &IdentityMap::new()
                .with_backend(backend)
                .resolve(&session("a", name)),
        )
    };
    assert_eq!(ask(backend.clone(), "system"), "a");
    // Usernames have a list of their own.
    let usernames = backend
        .clone()
        .with_reserved_prefixes(EKS_RESERVED_PREFIXES);
    assert_eq!(ask(usernames, "system"), "a");
    let groups = backend.with_reserved_group_prefixes(["system:", ""]);
    assert_eq!(ask(groups.clone(), "system"), "reserved-group");
    assert_eq!(ask(groups, "systems"), "a");
}

#[test]
fn a_strict_map_puts_no_odd_character_of_a_session_name_into_a_name() {
    let text = "mapRoles: [{rolearn: 'arn:aws:iam::111122223333:role/a', username: 'dev:{{SessionName}}'}, {rolearn: 'arn:aws:iam::111122223333:role/b', username: b}]";
    let map = map(rules(text));
    let strict = map.clone().with_strict_session_names();
    for name in ["alice", "alice@example.com", "a_+=,.@-Z9"] {
        let identity = session("a", name);
        assert_eq!(strict.resolve(&identity), map.resolve(&identity), "{name}");
    }
    for name in ["a:b", "a{{b", "<<b>>"] {
        let (a, b) = (session("a", name), session("b", name));
        assert_eq!(outcome(&map.resolve(&a)), format!("dev:{name}"));
        assert_eq!(outcome(&strict.resolve(&a)), "session-name-character");
        assert_eq!(
            outcome(&strict.resolve(&b)),
            "b",
            "an unused entry has no effect"
        );
    }
}

#[cfg(feature = "serde")]
#[test]
fn a_user_serializes_as_the_user_of_a_token_review() {
    let text = "mapRoles: [{rolearn: 'arn:aws:iam::111122223333:role/dev', username: dev}]";
    let (map, _) = IdentityMap::from_config_map(text);
    let resolution = map.resolve(&session("dev", "alice"));
    let user = serde_json::to_value(resolution.user().expect("a user")).expect("JSON");
    assert_eq!(user["username"], "dev");
    assert_eq!(user["groups"], serde_json::json!([]));
    assert_eq!(user["extra"]["sessionName"], serde_json::json!(["alice"]));
    assert!(user["uid"].is_string());
}

#[test]
fn what_is_added_to_rules_that_were_read_in_part_has_an_index_of_its_own() {
    let text = "mapRoles:\n- {rolearn: 'arn:aws:iam::111122223333:role/a', username: a}\n- {}\n\
        - {rolearn: 'arn:aws:iam::111122223333:role/c', username: c}\n\
        mapAccounts: ['111122223333', none, '444455556666']\n";
    let (mut rules, _) = read_config_map(text);
    rules.push_role(rule("arn:aws:iam::111122223333:role/d", "d"));
    let all: Vec<_> = rules.iter().map(|(at, _)| at).collect();
    let printed: Vec<String> = all.iter().map(ToString::to_string).collect();
    assert_eq!(printed, ["mapRoles[0]", "mapRoles[2]", "mapRoles[3]"]);
    for (at, want) in all.into_iter().zip(["a", "c", "d"]) {
        let found = rules.rule(at).expect("a rule").username().to_string();
        assert_eq!(found, want);
    }
    rules.push_account(AccountId::parse("777788889999").expect("an account"));
    let accounts: Vec<String> = rules.accounts().map(|(at, _)| at.to_string()).collect();
    assert_eq!(
        accounts,
        ["mapAccounts[0]", "mapAccounts[2]", "mapAccounts[3]"]
    );
}
