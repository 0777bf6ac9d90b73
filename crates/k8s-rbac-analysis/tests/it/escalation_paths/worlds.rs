//! Generated clusters in which users may gain permissions.

use k8s_rbac::{
    API_GROUP, ClusterRole, ClusterRoleBinding, Metadata, Objects, PolicyRule, Role, RoleBinding,
    RoleRef, Subject,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

pub(super) const NAMESPACES: [&str; 3] = ["kube-system", "ns1", "ns2"];
pub(super) const NAMES: [&str; 10] = [
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

/// The permissions in the worlds: verb, group, resource.
pub(super) const PARTS: [(&str, &str, &str); 31] = [
    ("impersonate", "", "users"),
    ("impersonate", "", "users"),
    ("impersonate", "", "groups"),
    ("impersonate", "", "serviceaccounts"),
    ("create", "", "serviceaccounts/token"),
    ("create", "", "pods"),
    ("patch", "apps", "deployments"),
    ("list", "", "secrets"),
    ("get", "", "secrets"),
    ("patch", "", "secrets"),
    ("create", "", "secrets"),
    ("update", "", "configmaps"),
    ("create", "", "configmaps"),
    ("delete", "", "configmaps"),
    ("deletecollection", "", "configmaps"),
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

/// The permissions of worlds with constrained impersonation.
const CONSTRAINED_PARTS: [(&str, &str, &str); 14] = [
    ("impersonate:user-info", AUTHENTICATION, "users"),
    ("impersonate:user-info", AUTHENTICATION, "groups"),
    (
        "impersonate:serviceaccount",
        AUTHENTICATION,
        "serviceaccounts",
    ),
    ("create", "", "serviceaccounts/token"),
    ("create", "", "serviceaccounts/token"),
    ("create", "", "pods"),
    ("create", API_GROUP, "clusterrolebindings"),
    ("create", API_GROUP, "rolebindings"),
    ("bind", API_GROUP, "clusterroles"),
    ("bind", API_GROUP, "clusterroles"),
    ("update", API_GROUP, "roles"),
    ("escalate", API_GROUP, "roles"),
    ("list", "", "secrets"),
    ("get", "", "secrets"),
];

/// The identities that a user of these worlds may impersonate, by mode and resource.
const IMPERSONATED: [(&str, &str); 4] = [
    ("user-info", "users"),
    ("user-info", "groups"),
    ("serviceaccount", "serviceaccounts"),
    ("arbitrary-node", "nodes"),
];

/// The requests that the impersonations may cover.
const REQUESTS: [(&str, &str, &str); 8] = [
    ("create", "", "serviceaccounts/token"),
    ("create", "", "pods"),
    ("create", API_GROUP, "rolebindings"),
    ("create", API_GROUP, "clusterrolebindings"),
    ("update", API_GROUP, "roles"),
    ("list", "", "secrets"),
    ("get", "", "secrets"),
    ("*", "", "secrets"),
];

const AUTHENTICATION: &str = "authentication.k8s.io";

pub(super) fn own(text: &str) -> Vec<String> {
    vec![text.to_owned()]
}

pub(super) fn everything() -> PolicyRule {
    PolicyRule {
        verbs: own("*"),
        api_groups: own("*"),
        resources: own("*"),
        ..PolicyRule::default()
    }
}

fn rule(parts: &'static [(&str, &str, &str)]) -> impl Strategy<Value = PolicyRule> {
    let names = prop_oneof![3 => Just(Vec::new()), 1 => vec(select(&NAMES[..]), 1..3)];
    let part = (vec(select(parts), 1..3), names).prop_map(|(parts, names)| PolicyRule {
        verbs: parts.iter().map(|part| part.0.to_owned()).collect(),
        api_groups: parts.iter().map(|part| part.1.to_owned()).collect(),
        resources: parts.iter().map(|part| part.2.to_owned()).collect(),
        resource_names: names.into_iter().map(str::to_owned).collect(),
        non_resource_urls: Vec::new(),
    });
    prop_oneof![40 => part, 1 => Just(everything())]
}

pub(super) fn named(name: &str, namespace: &str) -> Metadata {
    Metadata {
        name: name.to_owned(),
        namespace: namespace.to_owned(),
        ..Metadata::default()
    }
}

pub(super) fn role_ref(kind: &str, name: &str) -> RoleRef {
    RoleRef {
        kind: kind.to_owned(),
        name: name.to_owned(),
        ..RoleRef::default()
    }
}

fn subject(has_nodes: bool) -> impl Strategy<Value = Subject> {
    let mut subjects = vec![
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
    if has_nodes {
        subjects.extend([("User", "system:node:v", ""), ("Group", "system:nodes", "")]);
    }
    select(subjects).prop_map(|(kind, name, namespace)| Subject {
        kind: kind.to_owned(),
        name: name.to_owned(),
        namespace: namespace.to_owned(),
        ..Subject::default()
    })
}

pub(super) fn world(parts: &'static [(&str, &str, &str)]) -> impl Strategy<Value = Objects> {
    let rules = move || vec(rule(parts), 1..3);
    let subject = move || {
        let has_nodes = parts.iter().any(|(_, group, _)| *group == AUTHENTICATION);
        subject(has_nodes)
    };
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

/// A world in which `u` may impersonate in some modes, for some requests.
pub(super) fn constrained_world() -> impl Strategy<Value = Objects> {
    let names = || prop_oneof![3 => Just(Vec::new()), 1 => vec(select(&NAMES[..]), 1..4)];
    let texts = |texts: Vec<&str>| texts.into_iter().map(str::to_owned).collect();
    let impersonated =
        (subsequence(&IMPERSONATED[..], 1..=3), names()).prop_map(move |(impersonated, names)| {
            PolicyRule {
                verbs: impersonated
                    .iter()
                    .map(|(mode, _)| format!("impersonate:{mode}"))
                    .collect(),
                api_groups: own(AUTHENTICATION),
                resources: impersonated
                    .iter()
                    .map(|(_, resource)| (*resource).to_owned())
                    .collect(),
                resource_names: texts(names),
                non_resource_urls: Vec::new(),
            }
        });
    let request =
        (select(&REQUESTS[..]), names()).prop_map(move |((verb, group, resource), names)| {
            PolicyRule {
                verbs: match verb {
                    "*" => own("*"),
                    verb => ["user-info", "serviceaccount", "arbitrary-node"]
                        .map(|mode| format!("impersonate-on:{mode}:{verb}"))
                        .to_vec(),
                },
                api_groups: own(group),
                resources: own(resource),
                resource_names: texts(names),
                non_resource_urls: Vec::new(),
            }
        });
    let rules = (impersonated, vec(request, 1..4));
    (world(&CONSTRAINED_PARTS), rules).prop_map(|(mut world, (impersonated, requests))| {
        world.cluster_roles.push(ClusterRole {
            metadata: named("deputy", ""),
            rules: std::iter::once(impersonated).chain(requests).collect(),
            aggregation_rule: None,
        });
        world.cluster_role_bindings.push(ClusterRoleBinding {
            metadata: named("deputy", ""),
            subjects: vec![Subject {
                kind: "User".to_owned(),
                name: "u".to_owned(),
                ..Subject::default()
            }],
            role_ref: role_ref("ClusterRole", "deputy"),
        });
        world
    })
}
