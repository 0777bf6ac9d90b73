//! What a user can become: the cases of `testdata/escalation_paths.toml`, and the search against a closure that
//! tries everything until nothing is new.

mod naive;

use std::collections::BTreeSet;

use k8s_rbac::{
    API_GROUP, ClusterRole, ClusterRoleBinding, Identity, Metadata, Objects, Policy, PolicyRule,
    Role, RoleBinding, RoleRef, Subject, User,
};
use k8s_rbac_analysis::escalation_paths;
use k8s_rbac_analysis::escalation_paths::{EscalationPaths, Target};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde::Deserialize;
use testkit::Report;

use crate::permissions::read;

use naive::Naive;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    user: String,
    #[serde(default)]
    groups: Vec<String>,
    manifests: String,
    lines: String,
}

#[test]
fn users_become_what_the_cases_say() {
    let mut report = Report::new();
    for case in testkit::toml::<File>("testdata/escalation_paths.toml").case {
        let policy = Policy::new(read(&case.manifests));
        let user = User::new(case.user, case.groups);
        let paths = escalation_paths(&policy, &user).unwrap();
        report.check(&case.name, &paths.to_string(), &case.lines);
        for (number, step) in paths.steps().iter().enumerate() {
            let path = paths.path(number);
            let is_from_start = path.first().is_some_and(|first| first.after().is_empty());
            report.check(&case.name, &is_from_start, &true);
            report.check(&case.name, &path.last(), &Some(&step));
        }
    }
    report.finish();
}

const NAMESPACES: [&str; 3] = ["kube-system", "ns1", "ns2"];
const NAMES: [&str; 10] = [
    "v",
    "w",
    "g",
    "a",
    "b",
    "r0",
    "r1",
    "aws-auth",
    "a-token-x",
    "kubernetes.io/kube-apiserver-client",
];

/// The permissions that worlds are made of: verb, group, resource.
const PARTS: [(&str, &str, &str); 26] = [
    ("impersonate", "", "users"),
    ("impersonate", "", "users"),
    ("impersonate", "", "groups"),
    ("impersonate", "", "serviceaccounts"),
    ("create", "", "serviceaccounts/token"),
    ("create", "", "pods"),
    ("patch", "apps", "deployments"),
    ("list", "", "secrets"),
    ("get", "", "secrets"),
    ("update", "", "configmaps"),
    (
        "create",
        "certificates.k8s.io",
        "certificatesigningrequests",
    ),
    (
        "update",
        "certificates.k8s.io",
        "certificatesigningrequests/approval",
    ),
    ("approve", "certificates.k8s.io", "signers"),
    ("bind", API_GROUP, "clusterroles"),
    ("bind", API_GROUP, "clusterroles"),
    ("bind", API_GROUP, "roles"),
    ("create", API_GROUP, "clusterrolebindings"),
    ("create", API_GROUP, "rolebindings"),
    ("update", API_GROUP, "rolebindings"),
    ("escalate", API_GROUP, "clusterroles"),
    ("escalate", API_GROUP, "roles"),
    ("update", API_GROUP, "clusterroles"),
    ("update", API_GROUP, "roles"),
    ("create", API_GROUP, "clusterroles"),
    ("create", API_GROUP, "roles"),
    ("*", API_GROUP, "*"),
];

fn own(text: &str) -> Vec<String> {
    vec![text.to_owned()]
}

fn everything() -> PolicyRule {
    PolicyRule {
        verbs: own("*"),
        api_groups: own("*"),
        resources: own("*"),
        ..PolicyRule::default()
    }
}

fn rule() -> impl Strategy<Value = PolicyRule> {
    let names = prop_oneof![3 => Just(Vec::new()), 1 => vec(select(&NAMES[..]), 1..3)];
    let part = (vec(select(&PARTS[..]), 1..3), names).prop_map(|(parts, names)| PolicyRule {
        verbs: parts.iter().map(|part| part.0.to_owned()).collect(),
        api_groups: parts.iter().map(|part| part.1.to_owned()).collect(),
        resources: parts.iter().map(|part| part.2.to_owned()).collect(),
        resource_names: names.into_iter().map(str::to_owned).collect(),
        non_resource_urls: Vec::new(),
    });
    prop_oneof![40 => part, 1 => Just(everything())]
}

fn named(name: &str, namespace: &str) -> Metadata {
    Metadata {
        name: name.to_owned(),
        namespace: namespace.to_owned(),
        ..Metadata::default()
    }
}

fn role_ref(kind: &str, name: &str) -> RoleRef {
    RoleRef {
        kind: kind.to_owned(),
        name: name.to_owned(),
        ..RoleRef::default()
    }
}

fn subject() -> impl Strategy<Value = Subject> {
    let subjects = [
        ("User", "u", ""),
        ("User", "u", ""),
        ("User", "v", ""),
        ("User", "w", ""),
        ("Group", "g", ""),
        ("Group", "h", ""),
        ("ServiceAccount", "a", "ns1"),
        ("ServiceAccount", "a", "ns1"),
        ("ServiceAccount", "b", "ns2"),
    ];
    select(subjects.to_vec()).prop_map(|(kind, name, namespace)| Subject {
        kind: kind.to_owned(),
        name: name.to_owned(),
        namespace: namespace.to_owned(),
        ..Subject::default()
    })
}

fn world() -> impl Strategy<Value = Objects> {
    let rules = || vec(rule(), 1..3);
    let cluster_bindings = vec(
        (vec(subject(), 1..3), select(vec!["r0", "r1", "r2", "r3"])),
        2..6,
    );
    let roles = vec!["r0", "r1", "r2", "r3"];
    let kinds = vec!["Role", "ClusterRole"];
    let bindings = vec(
        (
            select(&NAMESPACES[..]),
            vec(subject(), 1..3),
            select(kinds),
            select(roles),
        ),
        2..6,
    );
    (vec(rules(), 4), vec(rules(), 6), cluster_bindings, bindings).prop_map(
        |(cluster_roles, roles, cluster_bindings, bindings)| {
            let mut world = Objects::default();
            for (number, rules) in cluster_roles.into_iter().enumerate() {
                world.cluster_roles.push(ClusterRole {
                    metadata: named(&format!("r{number}"), ""),
                    rules,
                    aggregation_rule: None,
                });
            }
            for (number, rules) in roles.into_iter().enumerate() {
                let namespace = NAMESPACES.get(number % 3).copied().unwrap_or_default();
                world.roles.push(Role {
                    metadata: named(&format!("r{}", number / 3), namespace),
                    rules,
                });
            }
            for (number, (subjects, role)) in cluster_bindings.into_iter().enumerate() {
                world.cluster_role_bindings.push(ClusterRoleBinding {
                    metadata: named(&format!("crb{number}"), ""),
                    subjects,
                    role_ref: role_ref("ClusterRole", role),
                });
            }
            for (number, (namespace, subjects, kind, role)) in bindings.into_iter().enumerate() {
                world.role_bindings.push(RoleBinding {
                    metadata: named(&format!("rb{number}"), namespace),
                    subjects,
                    role_ref: role_ref(kind, role),
                });
            }
            world
        },
    )
}

fn reached(paths: &EscalationPaths<'_>) -> BTreeSet<Identity> {
    let targets = paths.steps().iter().filter_map(|step| match step.target() {
        Target::Identity(identity) => Some(identity.clone()),
        _ => None,
    });
    targets.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_user_becomes_whom_trying_finds(world in world(), is_in_group in any::<bool>()) {
        let groups = if is_in_group { vec!["g"] } else { Vec::new() };
        let user = User::new("u", groups).authenticated();
        let naive = Naive::run(&world, &user);
        let policy = Policy::new(world);
        let paths = escalation_paths(&policy, &user).unwrap();
        prop_assert_eq!(paths.to_everything().is_some(), naive.has_everything, "{}", paths);
        if !naive.has_everything {
            let found = reached(&paths);
            let found: BTreeSet<_> = found.intersection(&naive.candidates).cloned().collect();
            prop_assert_eq!(found, naive.reached, "{}", paths);
        }
        // Each once, and each from what is before it.
        let targets: Vec<String> =
            paths.steps().iter().map(|step| format!("{:?}", step.target())).collect();
        let once: BTreeSet<&String> = targets.iter().collect();
        prop_assert_eq!(once.len(), targets.len(), "{}", paths);
        for (number, step) in paths.steps().iter().enumerate() {
            prop_assert!(step.after().iter().all(|before| *before < number));
        }
    }
}

#[test]
fn the_worlds_of_the_search_are_not_trivial() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let user = User::new("u", ["g"]).authenticated();
    let (mut everything, mut others, mut far) = (0, 0, 0);
    for _ in 0..500 {
        let policy = Policy::new(world().new_tree(&mut runner).unwrap().current());
        let paths = escalation_paths(&policy, &user).unwrap();
        let is_everything = paths.to_everything().is_some();
        everything += usize::from(is_everything);
        others += usize::from(!is_everything && !reached(&paths).is_empty());
        let steps = paths.steps().iter();
        far += usize::from(
            steps
                .enumerate()
                .any(|(number, _)| paths.path(number).len() > 2),
        );
    }
    assert!(
        everything >= 50 && others >= 100 && far >= 30,
        "{everything} {others} {far}"
    );
}
