//! `IAMIdentityMapping` objects and access entries.

use aws_auth_map::{
    AccessPolicy, AccessScope, Backend, BackendKind, IdentityMap, PolicyGap, PolicyTable,
    PolicyTableError, Problem, Reader, Resolution, Rules,
};
use serde::Deserialize;
use testkit::Report;

use crate::{outcome, session, user};

fn described(problems: &[Problem]) -> Vec<String> {
    let described = |p: &Problem| format!("{} {}", p.code(), p.at());
    problems.iter().map(described).collect()
}

fn with(kind: BackendKind, rules: Rules) -> IdentityMap {
    IdentityMap::new().with_backend(Backend::new(kind, rules))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    entry: String,
    caller: String,
    username: Option<String>,
    #[serde(default)]
    groups: Vec<String>,
    matched_on: Option<String>,
    /// The code of a refusal.
    refusal: Option<String>,
    /// What is not known of the access policies.
    #[serde(default)]
    gaps: Vec<String>,
    problem: Option<String>,
}

#[test]
fn each_access_entry_yields_its_user() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/access_entries.toml");
    let mut report = Report::new();
    for case in testkit::toml::<Cases>(path).case {
        let text = format!("{{\"accessEntry\": {}}}", case.entry);
        let (rules, problems) = Reader::new().read_access_entries(&text);
        let words: Vec<&str> = case.caller.split(' ').collect();
        let caller = match words[..] {
            ["role", role, name] => session(role, name),
            ["user", name] => user(name),
            _ => panic!("{}", case.caller),
        };
        let resolution = with(BackendKind::AccessEntries, rules)
            .resolve_instance(&caller, "ip-10-0-0-7.ec2.internal");
        let got = match &resolution {
            Resolution::Mapped(mapped) => (
                Some(mapped.user().username().to_owned()),
                mapped.user().groups().to_vec(),
                Some(mapped.matched_on().as_str().to_owned()),
            ),
            Resolution::NotMapped => (None, Vec::new(), None),
            Resolution::Refused(refusal) => {
                (None, Vec::new(), Some(refusal.reason().code().to_owned()))
            }
        };
        let gaps: Vec<String> = match &resolution {
            Resolution::Mapped(mapped) => mapped
                .policy_gaps()
                .iter()
                .map(ToString::to_string)
                .collect(),
            Resolution::NotMapped | Resolution::Refused(_) => Vec::new(),
        };
        let by_arn = case.username.is_some().then(|| "arn".to_owned());
        let matched_on = case.matched_on.or(case.refusal).or(by_arn);
        let want = (case.username, case.groups, matched_on);
        report.check(
            &case.name,
            &(got, gaps, described(&problems)),
            &(want, case.gaps, Vec::from_iter(case.problem)),
        );
    }
    report.finish();
}

const POLICIES: &str = r#"{"principalArn": "arn:aws:iam::111122223333:role/dev", "clusterName": "c",
  "associatedAccessPolicies": [
    {"policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy",
     "accessScope": {"type": "namespace", "namespaces": ["dev-*"]}, "associatedAt": "2024"},
    {"policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSNewPolicy",
     "accessScope": {"type": "cluster", "namespaces": []}},
    {"policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSNewPolicy",
     "accessScope": {"type": "cluster", "namespaces": []}}]}"#;

#[test]
fn policies_that_are_listed_apart_belong_to_their_principals_entry() {
    let entries = r#"{"accessEntries": [{"principalArn": "arn:aws:iam::111122223333:role/other", "type": "STANDARD"},
        {"principalArn": "arn:aws:iam::111122223333:role/dev", "type": "STANDARD"}]}"#;
    let text = format!("[{POLICIES}, {entries}]");
    let (rules, problems) = Reader::new().read_access_entries(&text);
    assert_eq!(
        described(&problems),
        ["duplicate-access-policy accessEntry[1].associatedAccessPolicies"]
    );
    let map = with(BackendKind::AccessEntries, rules);
    let policies = |role: &str| match map.resolve(&session(role, "s")) {
        Resolution::Mapped(mapped) => mapped.access_policies().to_vec(),
        other => panic!("{other:?}"),
    };
    assert_eq!(policies("other"), []);
    let dev = policies("dev");
    let printed: Vec<String> = dev.iter().map(ToString::to_string).collect();
    assert_eq!(
        printed,
        [
            "AmazonEKSEditPolicy in namespaces dev-*",
            "AmazonEKSNewPolicy on the cluster",
        ]
    );
    let table = PolicyTable::eks();
    assert_eq!(table.rules(&dev[0]).map(<[_]>::len), Some(20));
    assert_eq!(table.rules(&dev[1]), None, "unknown is not nothing");
}

#[test]
fn the_table_of_policies_is_data_that_can_be_replaced() {
    let eks = PolicyTable::eks();
    assert_eq!(eks.names().count(), 8);
    let policy = |name: &str| AccessPolicy::new(name, AccessScope::Cluster);
    let admin = eks
        .rules(&policy("AmazonEKSClusterAdminPolicy"))
        .expect("known");
    assert!(
        admin
            .iter()
            .any(|rule| rule.non_resource_urls() == ["*"] && rule.verbs() == ["*"])
    );
    let view = eks
        .rules(&policy("AmazonEKSAdminViewPolicy"))
        .expect("known");
    assert_eq!(
        (view[0].api_groups(), view[0].resources(), view[0].verbs()),
        (
            ["*".to_owned()].as_slice(),
            ["*".to_owned()].as_slice(),
            ["get", "list", "watch"].map(str::to_owned).as_slice()
        )
    );
    let own = "Own:\n- {apiGroups: [''], resources: [pods], resourceNames: [a], verbs: [get]}\n";
    let own = PolicyTable::read(own).expect("a table");
    assert_eq!(
        own.rules(&policy("Own")).expect("known")[0].resource_names(),
        ["a"]
    );
    assert_eq!(PolicyTable::read(""), Ok(PolicyTable::new()));
    for text in [
        "- a",
        "a: b",
        "a: [b]",
        "a: [{verbs: get}]",
        "a: [{verb: [get]}]",
        "a: []\na: []",
    ] {
        assert_eq!(
            PolicyTable::read(text),
            Err(PolicyTableError::Shape),
            "{text}"
        );
    }
    for text in ["{", "a: []\n---\n{"] {
        let error = PolicyTable::read(text);
        assert!(matches!(error, Err(PolicyTableError::Syntax(_))), "{text}");
    }
}

#[test]
fn the_authentication_mode_selects_the_backends() {
    let entries = r#"{"principalArn": "arn:aws:iam::111122223333:role/both", "username": "entry"}"#;
    let (entries, _) = Reader::new().read_access_entries(entries);
    let config = crate::rules(
        "mapRoles:\n- {rolearn: 'arn:aws:iam::111122223333:role/both', username: config}\n- {rolearn: 'arn:aws:iam::111122223333:role/old', username: config}\n",
    );
    let map = with(BackendKind::EksConfigMap, config)
        .with_backend(Backend::new(BackendKind::AccessEntries, entries));
    let ask =
        |map: &IdentityMap| ["both", "old"].map(|role| outcome(&map.resolve(&session(role, "s"))));
    assert_eq!(ask(&map), ["config", "config"]);
    for (mode, want) in [
        ("API", ["entry", "not-mapped"]),
        ("API_AND_CONFIG_MAP", ["entry", "config"]),
        ("CONFIG_MAP", ["config", "config"]),
    ] {
        let mode = mode.parse().expect("a mode");
        assert_eq!(
            ask(&map.clone().with_authentication_mode(mode)),
            want,
            "{mode:?}"
        );
    }
}

#[test]
fn a_text_without_access_entries_is_reported() {
    for (text, want) in [
        ("[]", "no-access-entries the file"),
        ("text", "no-access-entries the file"),
        (
            "ACCESSENTRY\tarn:aws:iam::111122223333:role/a\tSTANDARD",
            "no-access-entries the file",
        ),
        (
            "{\"associatedAccessPolicies\": []}",
            "orphan-policies accessEntry.associatedAccessPolicies",
        ),
        (
            "{\"accessEntries\": [\"arn:aws:iam::111122223333:role/a\"]}",
            "listed-entries accessEntry",
        ),
        ("{\"accessEntries\": [\"x\"]}", "listed-entries accessEntry"),
    ] {
        let (rules, problems) = Reader::new().read_access_entries(text);
        assert_eq!(described(&problems), vec![want.to_owned()]);
        assert!(rules.iter().all(|(_, rule)| rule.is_refusing()), "{text}");
    }
    let twice = r#"[{"principalArn": "arn:aws:iam::111122223333:role/a"}, {"principalArn": "arn:aws:iam::111122223333:role/A"}]"#;
    let (_, problems) = Reader::new().read_access_entries(twice);
    assert_eq!(described(&problems), ["duplicate-in-case accessEntry[1]"]);
}

#[test]
fn identity_mappings_are_read_from_a_list_and_among_documents() {
    let object = |arn: &str, rest: &str| {
        format!(
            "{{\"apiVersion\": \"iamauthenticator.k8s.aws/v1alpha1\", \"kind\": \
             \"IAMIdentityMapping\", \"metadata\": {{\"name\": \"x\"}}, \"spec\": {{\"arn\": \
             \"{arn}\", {rest}}}, \"status\": {{\"canonicalARN\": \"\", \"userID\": \"\"}}}}"
        )
    };
    let dev = object(
        "arn:aws:iam::111122223333:role/Dev",
        "\"username\": \"dev:{{SessionName}}\", \"groups\": [\"a\"]",
    );
    let alice = object(
        "arn:aws:iam::111122223333:user/alice",
        "\"username\": \"alice\"",
    );
    let by_session = object(
        "arn:aws:sts::111122223333:assumed-role/ops/s",
        "\"username\": \"ops\"",
    );
    let list = format!(
        "{{\"kind\": \"List\", \"items\": [{dev}, {{\"kind\": \"Pod\"}}, {alice}, {by_session}]}}"
    );
    let documents = format!("---\n{dev}\n---\nkind: Namespace\n---\n{alice}\n---\n{by_session}\n");
    for text in [list, documents] {
        let (rules, problems) = Reader::new().read_identity_mappings(&text);
        assert_eq!((rules.len(), described(&problems)), (3, vec![]), "{text}");
        let map = with(BackendKind::Crd, rules);
        assert_eq!(outcome(&map.resolve(&session("dev", "s"))), "dev:s");
        assert_eq!(outcome(&map.resolve(&session("ops", "other"))), "ops");
        let resolution = map.resolve(&user("alice"));
        let Resolution::Mapped(mapped) = resolution else {
            panic!("{resolution:?}")
        };
        assert_eq!(mapped.rule().to_string(), "IAMIdentityMapping[1]");
        assert_eq!(mapped.backend().as_str(), "CRD");
    }
    // An object that has items of its own does not count as a list.
    let odd = dev.replace("\"status\"", "\"items\": [], \"status\"");
    assert_eq!(Reader::new().read_identity_mappings(&odd).0.len(), 1);
    let bad = [
        object(
            "arn:aws:iam::111122223333:role/team/x",
            "\"username\": \"x\"",
        ),
        object("bad", "\"username\": \"x\""),
        object("arn:aws:iam::111122223333:role/y", "\"groups\": []"),
        "{\"kind\": \"IAMIdentityMapping\"}".to_owned(),
    ];
    let text = format!(
        "{{\"kind\": \"IAMIdentityMappingList\", \"items\": [{}]}}",
        bad.join(", ")
    );
    let (rules, problems) = Reader::new().read_identity_mappings(&text);
    // The third object refuses its role.
    assert_eq!(rules.len(), 2);
    assert_eq!(
        described(&problems),
        [
            "role-path IAMIdentityMapping[0].arn",
            "malformed-arn IAMIdentityMapping[1].arn",
            "missing-username IAMIdentityMapping[2].username",
            "entry-not-a-mapping IAMIdentityMapping[3]",
        ]
    );
}

#[test]
fn a_list_of_mappings_that_has_its_items_twice_is_unreadable() {
    let item = "{\"kind\": \"IAMIdentityMapping\", \"spec\": {\"arn\": \
                \"arn:aws:iam::111122223333:role/x\", \"username\": \"x\"}}";
    let text = format!(
        "{{\"kind\": \"IAMIdentityMappingList\", \"items\": [{item}], \"items\": [{item}]}}"
    );
    let (rules, problems) = Reader::new().read_identity_mappings(&text);
    assert_eq!(
        problems.first().map(Problem::code),
        Some("duplicate-setting")
    );
    assert!(rules.unreadable().any(|(section, _)| section.is_none()));
}

const ENTRY: &str = r#"{"principalArn": "arn:aws:iam::111122223333:role/dev", "type": "STANDARD"}"#;

fn list(policies: &[&str]) -> String {
    let policies = policies.join(", ");
    format!(
        r#"{{"principalArn": "arn:aws:iam::111122223333:role/dev", "associatedAccessPolicies": [{policies}]}}"#
    )
}

fn policy(name: &str, rest: &str) -> String {
    format!(r#"{{"policyArn": "arn:aws:eks::aws:cluster-access-policy/{name}", {rest}}}"#)
}

/// The policies of the only entry, the gaps in them and the codes of the problems.
fn held(texts: &[&str]) -> (Vec<String>, Vec<PolicyGap>, Vec<&'static str>) {
    let text = format!("[{ENTRY}, {}]", texts.join(", "));
    let (rules, problems) = Reader::new().read_access_entries(&text);
    let (_, rule) = rules.iter().next().unwrap();
    let policies = rule.access_policies().iter().map(ToString::to_string);
    let codes = problems.iter().map(Problem::code);
    (
        policies.collect(),
        rule.policy_gaps().to_vec(),
        codes.collect(),
    )
}

#[test]
fn lists_of_the_policies_of_one_principal_contradict_each_other() {
    let cluster = r#""accessScope": {"type": "cluster"}"#;
    let (view, edit) = (policy("View", cluster), policy("Edit", cluster));
    let (of_both, of_view) = (list(&[&view, &edit]), list(&[&view]));
    let (policies, gaps, codes) = held(&[&of_both, &of_view]);
    assert_eq!(policies, ["View on the cluster"]);
    let gap = PolicyGap::NotOnEveryList {
        arn: "arn:aws:eks::aws:cluster-access-policy/Edit".to_owned(),
        written: r#"{"type": "cluster"}"#.to_owned(),
    };
    assert_eq!(gaps, [gap]);
    assert!(
        codes.contains(&"access-policy-not-on-every-list"),
        "{codes:?}"
    );
    // The same list twice has nothing new.
    let (policies, gaps, _) = held(&[&of_both, &of_both]);
    assert_eq!(policies, ["View on the cluster", "Edit on the cluster"]);
    assert_eq!(gaps, []);
}

#[test]
fn the_scopes_of_one_policy_are_one_gap() {
    let in_namespace = |name: &str| {
        let scope = format!(r#""accessScope": {{"type": "namespace", "namespaces": ["{name}"]}}"#);
        policy("View", &scope)
    };
    let scopes = ["c", "a", "b", "a"].map(in_namespace);
    let (policies, gaps, codes) = held(&[&list(&scopes.each_ref().map(String::as_str))]);
    assert_eq!(policies, [""; 0]);
    let written =
        ["a", "b", "c"].map(|name| format!(r#"{{"namespaces": ["{name}"], "type": "namespace"}}"#));
    let gap = PolicyGap::Scope {
        arn: "arn:aws:eks::aws:cluster-access-policy/View".to_owned(),
        written: written.join(", "),
    };
    assert_eq!(gaps, [gap]);
    let twice = ["contradictory-access-policy"; 2];
    assert_eq!(codes, [&twice[..], &["duplicate-access-policy"]].concat());
}

#[test]
fn the_entries_of_a_principal_share_its_policies() {
    let view = policy("View", r#""accessScope": {"type": "cluster"}"#);
    let text = format!("[{ENTRY}, {ENTRY}, {}]", list(&[&view, &view]));
    let (rules, problems) = Reader::new().read_access_entries(&text);
    for (_, rule) in rules.iter() {
        let policies: Vec<_> = rule
            .access_policies()
            .iter()
            .map(AccessPolicy::name)
            .collect();
        assert_eq!(policies, ["View"]);
    }
    // The problems of the list are those of the first entry.
    let codes: Vec<&str> = problems.iter().map(Problem::code).collect();
    assert_eq!(codes, ["duplicate-access-policy", "duplicate-rule"]);
}

#[test]
fn the_policy_that_a_command_associated_is_one_of_the_principal() {
    let associated = format!(
        r#"{{"principalArn": "arn:aws:iam::111122223333:role/dev", "associatedAccessPolicy": {}}}"#,
        policy("View", r#""accessScope": {"type": "cluster"}"#)
    );
    assert_eq!(held(&[&associated]).0, ["View on the cluster"]);
    let empty =
        r#"{"principalArn": "arn:aws:iam::111122223333:role/dev", "associatedAccessPolicy": {}}"#;
    let (policies, gaps, _) = held(&[empty]);
    assert_eq!(policies, [""; 0]);
    assert_eq!(gaps, [PolicyGap::Unreadable("{}".to_owned())]);
    for value in ["null", "\"x\"", "[]"] {
        let other = empty.replace("{}", value);
        assert_eq!(held(&[&other]).1, [PolicyGap::Unreadable(value.to_owned())]);
    }
}

#[test]
fn gaps_are_alike_if_they_were_written_alike() {
    let gaps = |policy: &str| held(&[&list(&[policy])]).1;
    let misspelled =
        |when: &str, scope: &str| gaps(&policy("View", &format!("{when}\"accessScope\": {scope}")));
    let a = misspelled("", r#"{"type": "Namespace", "namespaces": ["a", null]}"#);
    assert_eq!(
        a,
        [PolicyGap::Scope {
            arn: "arn:aws:eks::aws:cluster-access-policy/View".to_owned(),
            written: r#"{"namespaces": ["a", null], "type": "Namespace"}"#.to_owned(),
        }]
    );
    let later = r#""associatedAt": "2026", "modifiedAt": "2026", "#;
    assert_eq!(
        a,
        misspelled(later, r#"{"namespaces": ["a", null], "type": "Namespace"}"#)
    );
    assert_ne!(
        a,
        misspelled("", r#"{"type": "Namespace", "namespaces": ["b", null]}"#)
    );
    // Facts of EKS are not a part of what was written.
    assert_eq!(
        gaps(r#"{"policyArn": "View", "associatedAt": "2026"}"#),
        [PolicyGap::Unreadable(r#"{"policyArn": "View"}"#.to_owned())]
    );
}
