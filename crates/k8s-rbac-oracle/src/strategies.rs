//! Proptest strategies for worlds and questions.
//!
//! Names, verbs and resources are drawn from a few words, so that bindings often concern the user
//! who asks and rules often match the request.

use k8s_rbac::{
    ClusterRole, ClusterRoleBinding, Metadata, Objects, PolicyRule, Request, ResourceRequest, Role,
    RoleBinding, RoleRef, Subject, User,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// A user and a request, with owned strings.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Question {
    /// The user who asks.
    pub user: User,
    verb: String,
    group: String,
    resource: String,
    subresource: String,
    name: String,
    namespace: String,
    path: Option<String>,
}

impl Question {
    /// Returns the request.
    #[must_use]
    pub fn request(&self) -> Request<'_> {
        match &self.path {
            Some(path) => Request::path(&self.verb, path),
            None => ResourceRequest::new(&self.verb, &self.group, &self.resource)
                .in_namespace(&self.namespace)
                .with_name(&self.name)
                .with_subresource(&self.subresource)
                .into(),
        }
    }
}

fn word(words: &'static [&'static str]) -> impl Strategy<Value = String> {
    select(words).prop_map(str::to_owned)
}

const VERBS: &[&str] = &["get", "get", "get", "list", "list", "*", ""];
const GROUPS: &[&str] = &["", "", "apps", "*"];
const RESOURCES: &[&str] = &[
    "pods", "pods", "nodes", "*", "pods/log", "*/log", "pods/*", "*/*",
];
const NAMES: &[&str] = &["a", "b", "*", ""];
const NAMESPACES: &[&str] = &["ns1", "ns1", "ns2", ""];
const PATHS: &[&str] = &["/a", "/a/b", "/a/", "/a*", "/a/*", "*", "**", ""];
const USERS: &[&str] = &["u", "u", "u", "v", "system:serviceaccount:ns1:u", ""];

/// Generates rules, some of which match most questions.
pub fn rule() -> impl Strategy<Value = PolicyRule> {
    (
        vec(word(VERBS), 0..4),
        vec(word(GROUPS), 0..4),
        vec(word(RESOURCES), 0..5),
        prop_oneof![5 => Just(Vec::new()), 1 => vec(word(NAMES), 1..3)],
        vec(word(PATHS), 0..4),
    )
        .prop_map(
            |(verbs, api_groups, resources, resource_names, non_resource_urls)| PolicyRule {
                verbs,
                api_groups,
                resources,
                resource_names,
                non_resource_urls,
            },
        )
}

fn subject() -> impl Strategy<Value = Subject> {
    let kind = word(&["User", "User", "Group", "Group", "ServiceAccount", "user"]);
    (kind, word(&["u", "u", "g", "g", "v", ""]), word(NAMESPACES)).prop_map(
        |(kind, name, namespace)| Subject {
            kind,
            name,
            namespace,
            ..Subject::default()
        },
    )
}

fn role_ref() -> impl Strategy<Value = RoleRef> {
    let kind = word(&[
        "Role",
        "Role",
        "Role",
        "ClusterRole",
        "ClusterRole",
        "ClusterRole",
        "ClusterRole",
        "Bogus",
    ]);
    (kind, word(&["r0", "r0", "r1", "r1", "r2", "r2", "missing"])).prop_map(|(kind, name)| {
        RoleRef {
            kind,
            name,
            ..RoleRef::default()
        }
    })
}

/// Generates worlds in which no two objects of a kind share namespace and name.
pub fn world() -> impl Strategy<Value = Objects> {
    let rules = || vec(rule(), 1..5);
    let bindings = || vec((word(NAMESPACES), vec(subject(), 0..5), role_ref()), 4..14);
    (vec(rules(), 3), vec(rules(), 6), bindings(), bindings()).prop_map(
        |(cluster_roles, roles, cluster_role_bindings, role_bindings)| {
            let named = |prefix: &str, number: usize, namespace: &str| Metadata {
                name: format!("{prefix}{number}"),
                namespace: namespace.to_owned(),
                ..Metadata::default()
            };
            Objects {
                cluster_roles: (cluster_roles.into_iter().enumerate())
                    .map(|(n, rules)| ClusterRole {
                        metadata: named("r", n, ""),
                        rules,
                        aggregation_rule: None,
                    })
                    .collect(),
                roles: (roles.into_iter().enumerate())
                    .map(|(n, rules)| Role {
                        metadata: named("r", n % 3, if n < 3 { "ns1" } else { "ns2" }),
                        rules,
                    })
                    .collect(),
                cluster_role_bindings: (cluster_role_bindings.into_iter().enumerate())
                    .map(|(n, (_, subjects, role_ref))| ClusterRoleBinding {
                        metadata: named("crb", n, ""),
                        subjects,
                        role_ref,
                    })
                    .collect(),
                role_bindings: (role_bindings.into_iter().enumerate())
                    .map(|(n, (namespace, subjects, role_ref))| RoleBinding {
                        metadata: named("rb", n, &namespace),
                        subjects,
                        role_ref,
                    })
                    .collect(),
            }
        },
    )
}

/// Generates worlds in which `u` and `g` are subjects of nearly every binding, so that their binding
/// lists are long enough to be indexed.
pub fn crowded_world() -> impl Strategy<Value = Objects> {
    let bindings = vec((subject(), any::<bool>(), 0..24_usize), 70..130);
    let roles = vec(vec(rule(), 1..3), 20);
    (world(), roles, bindings, any::<bool>()).prop_map(
        |(mut world, roles, bindings, is_cluster)| {
            for (number, rules) in roles.into_iter().enumerate() {
                world.cluster_roles.push(ClusterRole {
                    metadata: Metadata {
                        name: format!("many{number}"),
                        ..Metadata::default()
                    },
                    rules,
                    aggregation_rule: None,
                });
            }
            for (number, (subject, is_group, role)) in bindings.into_iter().enumerate() {
                let crowd = Subject {
                    kind: if is_group { "Group" } else { "User" }.to_owned(),
                    name: if is_group { "g" } else { "u" }.to_owned(),
                    ..Subject::default()
                };
                let role_ref = RoleRef {
                    kind: "ClusterRole".to_owned(),
                    name: format!("many{role}"),
                    ..RoleRef::default()
                };
                let metadata = Metadata {
                    name: format!("crowd{number}"),
                    namespace: if is_cluster { "" } else { "ns1" }.to_owned(),
                    ..Metadata::default()
                };
                let subjects = vec![subject, crowd];
                if is_cluster {
                    world.cluster_role_bindings.push(ClusterRoleBinding {
                        metadata,
                        subjects,
                        role_ref,
                    });
                } else {
                    world.role_bindings.push(RoleBinding {
                        metadata,
                        subjects,
                        role_ref,
                    });
                }
            }
            world
        },
    )
}

/// Generates questions about names and resources that occur in worlds.
pub fn question() -> impl Strategy<Value = Question> {
    (
        (word(USERS), vec(word(&["g", "g", "u", ""]), 0..4)),
        word(VERBS),
        word(GROUPS),
        word(&["pods", "pods", "pods", "nodes", "nodes", "*", ""]),
        word(&["", "", "", "log", "*"]),
        word(NAMES),
        word(NAMESPACES),
        prop_oneof![4 => Just(None), 1 => word(PATHS).prop_map(Some)],
    )
        .prop_map(
            |((user, groups), verb, group, resource, subresource, name, namespace, path)| {
                let user = User::new(user, groups);
                Question {
                    user,
                    verb,
                    group,
                    resource,
                    subresource,
                    name,
                    namespace,
                    path,
                }
            },
        )
}
