//! Generates clusters.

use std::collections::BTreeSet;

use aws_auth_map::AuthenticationMode;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

use super::{Format, Mapped, ROLES, USERS, World};

const USERNAMES: [&str; 4] = ["alice", "bob", "{{SessionName}}", "u:{{SessionName}}"];
const GROUPS: [&str; 4] = ["g1", "g2", "t:{{SessionName}}", "system:masters"];
const POLICIES: [&str; 2] = ["AmazonEKSViewPolicy", "AmazonEKSClusterAdminPolicy"];
const FORMATS: [Format; 6] = [
    Format::ConfigMap,
    Format::List,
    Format::Eksctl,
    Format::Objects,
    Format::Mounted,
    Format::Dynamic,
];

fn mapped(usernames: &'static [&'static str]) -> impl Strategy<Value = Mapped> {
    let policy = (
        select(&POLICIES[..]),
        option::of(select(&["dev", "prod"][..])),
    );
    (
        prop_oneof![
            4 => select(&ROLES[..]).prop_map(|name| (false, name)),
            1 => select(&USERS[..]).prop_map(|name| (true, name)),
        ],
        select(usernames),
        subsequence(GROUPS.to_vec(), 0..=2),
        option::of(policy),
    )
        .prop_map(|((is_user, name), username, groups, policy)| Mapped {
            is_user,
            name,
            // A user of IAM has no session.
            username: if is_user { "alice" } else { username },
            groups: match is_user {
                true => groups
                    .into_iter()
                    .filter(|one| !one.contains('{'))
                    .collect(),
                false => groups,
            },
            policy,
        })
}

fn role() -> impl Strategy<Value = (bool, Value)> {
    let rule = prop_oneof![
        5 => (
            subsequence(vec!["get", "list", "delete", "*"], 1..=2),
            subsequence(vec!["pods", "secrets", "*"], 1..=2),
        )
            .prop_map(|(verbs, resources)| json!({"apiGroups": [""], "verbs": verbs, "resources": resources})),
        1 => Just(json!({"verbs": ["get"], "nonResourceURLs": ["/metrics"]})),
    ];
    (any::<bool>(), vec(rule, 1..3)).prop_map(|(is_namespaced, rules)| {
        let of_paths = |rule: &Value| rule.get("nonResourceURLs").is_some();
        let is_namespaced = is_namespaced && !rules.iter().any(of_paths);
        (is_namespaced, json!(rules))
    })
}

fn binding() -> impl Strategy<Value = (Option<&'static str>, usize, &'static str, &'static str)> {
    let subject = select(
        &[
            ("Group", "g1"),
            ("Group", "g2"),
            ("Group", "t:alice"),
            ("Group", "t:a-b"),
            ("Group", "system:authenticated"),
            ("User", "alice"),
            ("User", "bob"),
            ("User", "u:bob"),
            ("User", "a-b"),
            ("User", "arn:aws:iam::111122223333:user/dev"),
            ("User", "unmapped"),
        ][..],
    );
    (
        option::of(select(&["dev", "prod"][..])),
        0..3_usize,
        subject,
    )
        .prop_map(|(namespace, role, (kind, name))| (namespace, role, kind, name))
}

const API: &str = "rbac.authorization.k8s.io";

fn object(kind: &str, namespace: Option<&str>, name: &str) -> Value {
    let metadata = match namespace {
        Some(namespace) => json!({"name": name, "namespace": namespace}),
        None => json!({ "name": name }),
    };
    json!({"apiVersion": format!("{API}/v1"), "kind": kind, "metadata": metadata})
}

pub(crate) fn world() -> impl Strategy<Value = World> {
    (
        select(&FORMATS[..]),
        vec(mapped(&USERNAMES), 0..6),
        any::<bool>(),
        // EKS wants a colon before the session name.
        vec(mapped(&["alice", "bob", "u:{{SessionName}}"]), 0..4),
        vec(role(), 3),
        vec(binding(), 0..7),
        select(&AuthenticationMode::ALL[..]),
    )
        .prop_map(
            |(format, mut rules, has_account, mut entries, roles, bindings, mode)| {
                // A principal has one entry, and no group `system:` or placeholder in a group.
                let mut seen = BTreeSet::new();
                entries.retain(|one| seen.insert((one.is_user, one.name)));
                for entry in &mut entries {
                    entry
                        .groups
                        .retain(|group| !group.starts_with("system:") && !group.contains('{'));
                }
                let mut seen = BTreeSet::new();
                if matches!(format, Format::Objects) {
                    // If there are several objects for one principal, upstream takes any of them.
                    rules.retain(|one| seen.insert((one.is_user, one.name)));
                }
                let is_eks = matches!(format, Format::ConfigMap | Format::List | Format::Eksctl);
                let mut world = World {
                    format,
                    rules,
                    has_account: has_account && !matches!(format, Format::Objects),
                    entries: if is_eks { entries } else { Vec::new() },
                    mode: if is_eks {
                        mode
                    } else {
                        AuthenticationMode::ApiAndConfigMap
                    },
                    roles: Vec::new(),
                    bindings: Vec::new(),
                };
                for (at, (is_namespaced, rules)) in roles.iter().enumerate() {
                    let name = format!("role{at}");
                    let namespaces: &[Option<&str>] = match is_namespaced {
                        true => &[Some("dev"), Some("prod")],
                        false => &[None],
                    };
                    for namespace in namespaces {
                        let kind = if *is_namespaced {
                            "Role"
                        } else {
                            "ClusterRole"
                        };
                        let mut role = object(kind, *namespace, &name);
                        role["rules"] = rules.clone();
                        world.roles.push(role);
                    }
                }
                for (at, (namespace, role, subject, name)) in bindings.into_iter().enumerate() {
                    let is_namespaced = roles[role].0;
                    // A cluster-wide binding cannot refer to a Role.
                    let namespace = namespace.or_else(|| is_namespaced.then_some("dev"));
                    let kind = if namespace.is_some() {
                        "RoleBinding"
                    } else {
                        "ClusterRoleBinding"
                    };
                    let of = if is_namespaced { "Role" } else { "ClusterRole" };
                    let mut binding = object(kind, namespace, &format!("b{at}"));
                    binding["roleRef"] =
                        json!({"apiGroup": API, "kind": of, "name": format!("role{role}")});
                    binding["subjects"] = json!([{"apiGroup": API, "kind": subject, "name": name}]);
                    world.bindings.push(binding);
                }
                world
            },
        )
}
