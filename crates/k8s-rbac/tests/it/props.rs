//! The theorems of the README. Worlds are drawn from few words, so that they meet.

use k8s_rbac::reference;
use k8s_rbac::{
    ClusterRole, ClusterRoleBinding, Decision, Grant, Metadata, Objects, Policy, PolicyRule,
    Request, ResourceRequest, Role, RoleBinding, RoleRef, Subject, User,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::worlds::{Tally, bytes_of, changed_is_rebuilt_and_both_are_the_oracle};

/// What is asked, owned.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) user: User,
    verb: String,
    group: String,
    resource: String,
    subresource: String,
    name: String,
    namespace: String,
    path: Option<String>,
}

impl Question {
    pub(crate) fn request(&self) -> Request<'_> {
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

pub(crate) fn rule() -> impl Strategy<Value = PolicyRule> {
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

/// A world in which no name occurs twice.
pub(crate) fn world() -> impl Strategy<Value = Objects> {
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

/// A world in which `u` and `g` are subjects of nearly every binding.
fn crowded_world() -> impl Strategy<Value = Objects> {
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

pub(crate) fn question() -> impl Strategy<Value = Question> {
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

fn decides_allow(world: &Objects, question: &Question) -> bool {
    Policy::new(world.clone())
        .rbac(&question.user, &question.request())
        .decision()
        .is_allow()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn engine_is_oracle(world in world(), questions in vec(question(), 8)) {
        let policy = Policy::new(world.clone());
        for question in &questions {
            let request = question.request();
            let response = policy.rbac(&question.user, &request);
            if let Decision::Allow(Grant::Binding(grant)) = response.decision() {
                prop_assert!(reference::rule_allows(grant.rule(), &request));
            }
            let verdict = reference::decide(&world, &question.user, &request);
            prop_assert_eq!(response.reason(), verdict.reason());
            let unresolved = response.unresolved().iter().map(ToString::to_string);
            prop_assert_eq!(unresolved.collect::<Vec<_>>(), verdict.unresolved);
        }
    }

    // Where a subject has many bindings, decisions take another way.
    #[test]
    fn engine_is_oracle_where_a_subject_has_many_bindings(
        world in crowded_world(),
        questions in vec(question(), 8),
    ) {
        let policy = Policy::new(world.clone());
        for question in &questions {
            let request = question.request();
            let response = policy.rbac(&question.user, &request);
            if let Decision::Allow(Grant::Binding(grant)) = response.decision() {
                prop_assert!(reference::rule_allows(grant.rule(), &request));
            }
            let verdict = reference::decide(&world, &question.user, &request);
            prop_assert_eq!(response.reason(), verdict.reason());
            let unresolved = response.unresolved().iter().map(ToString::to_string);
            prop_assert_eq!(unresolved.collect::<Vec<_>>(), verdict.unresolved);
            let namespace = request.namespace().unwrap_or_default();
            let listing = policy.rules_for(&question.user, namespace);
            if response.decision().is_allow() {
                prop_assert!(listing.unresolved().starts_with(response.unresolved()));
                // The listing walks every binding, and so meets this grant first, too.
                let mut grants = listing.grants().iter();
                let first = grants.find(|grant| grant.rule().allows(&request));
                prop_assert_eq!(first.map(|&grant| Grant::Binding(grant)), match response.decision() {
                    Decision::Allow(grant) => Some(grant),
                    Decision::NoOpinion => None,
                });
            } else {
                prop_assert_eq!(listing.unresolved(), response.unresolved());
            }
        }
    }

    #[test]
    fn no_rule_no_allow(mut world in world(), question in question()) {
        world.cluster_roles.iter_mut().for_each(|role| role.rules.clear());
        world.roles.iter_mut().for_each(|role| role.rules.clear());
        prop_assert!(!decides_allow(&world, &question));
    }

    #[test]
    fn adding_a_rule_never_removes_an_allow(
        mut world in world(),
        question in question(),
        rule in rule(),
        at in any::<prop::sample::Index>(),
    ) {
        let before = decides_allow(&world, &question);
        let roles = world.cluster_roles.len().saturating_add(world.roles.len());
        let role = world.cluster_roles.iter_mut().map(|role| &mut role.rules);
        let mut role = role.chain(world.roles.iter_mut().map(|role| &mut role.rules));
        if let Some(rules) = role.nth(at.index(roles)) {
            rules.insert(0, rule);
        }
        prop_assert!(!before || decides_allow(&world, &question));
    }

    #[test]
    fn order_and_duplicates_do_not_change_the_decision(world in world(), question in question()) {
        let before = decides_allow(&world, &question);
        let mut other = world.clone();
        other.cluster_role_bindings.reverse();
        other.role_bindings.reverse();
        other.roles.reverse();
        other.cluster_roles.reverse();
        for role in &mut other.cluster_roles {
            role.rules.reverse();
            role.rules.extend(role.rules.clone());
        }
        for binding in &mut other.role_bindings {
            binding.subjects.reverse();
            binding.subjects.extend(binding.subjects.clone());
        }
        other.roles.extend(world.roles.clone());
        other.cluster_roles.extend(world.cluster_roles.clone());
        other.role_bindings.extend(world.role_bindings.clone());
        other.cluster_role_bindings.extend(world.cluster_role_bindings.clone());
        prop_assert_eq!(decides_allow(&other, &question), before);
    }

    #[test]
    fn a_view_of_a_user_answers_as_the_policy(
        world in world(),
        questions in vec(question(), 5),
        is_master in any::<bool>(),
    ) {
        let policy = Policy::new(world);
        for asker in &questions {
            let mut user = asker.user.clone();
            user.groups.extend(is_master.then(|| k8s_rbac::PRIVILEGED_GROUP.to_owned()));
            let view = policy.view(&user);
            for question in &questions {
                let request = question.request();
                prop_assert_eq!(view.rbac(&request), policy.rbac(&user, &request));
                prop_assert_eq!(view.authorize(&request), policy.authorize(&user, &request));
            }
        }
    }

    #[test]
    fn a_view_of_a_user_of_many_bindings_answers_as_the_policy(
        world in crowded_world(),
        questions in vec(question(), 8),
    ) {
        let policy = Policy::new(world);
        for question in &questions {
            let view = policy.view(&question.user);
            let request = question.request();
            prop_assert_eq!(view.rbac(&request), policy.rbac(&question.user, &request));
        }
    }

    #[test]
    fn authorize_is_rbac_or_the_privileged_group(world in world(), question in question()) {
        let policy = Policy::new(world);
        let request = question.request();
        let (rbac, authorize) =
            (policy.rbac(&question.user, &request), policy.authorize(&question.user, &request));
        prop_assert_eq!(rbac, authorize);
        let mut master = question.user.clone();
        master.groups.push(k8s_rbac::PRIVILEGED_GROUP.to_owned());
        let response = policy.authorize(&master, &request);
        prop_assert_eq!(response.decision(), Decision::Allow(Grant::PrivilegedGroup));
        prop_assert_eq!(response.reason(), "");
    }
}

#[test]
fn the_worlds_of_the_properties_are_not_trivial() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut allowed, mut unresolved) = (0, 0);
    for _ in 0..1000 {
        let world = world().new_tree(&mut runner).unwrap().current();
        let question = question().new_tree(&mut runner).unwrap().current();
        let request = question.request();
        allowed += usize::from(reference::is_allowed(&world, &question.user, &request));
        let policy = Policy::new(world);
        unresolved += usize::from(
            !policy
                .rbac(&question.user, &request)
                .unresolved()
                .is_empty(),
        );
    }
    assert!(allowed >= 250, "{allowed} of 1000 requests are allowed");
    assert!(
        unresolved >= 100,
        "{unresolved} of 1000 requests meet an unresolved role"
    );
}

#[test]
fn a_changed_policy_is_the_one_that_is_rebuilt_and_both_are_the_oracle() {
    let mut tally = Tally::default();
    for seed in 0..400 {
        changed_is_rebuilt_and_both_are_the_oracle(&bytes_of(seed), &mut tally);
    }
    assert!(tally.is_worth_something(), "{tally:?}");
}
