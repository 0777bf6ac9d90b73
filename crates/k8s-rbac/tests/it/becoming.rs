//! What a user can become: the cases of `testdata/become.toml`, and the search against a closure that
//! tries everything until nothing is new.

use std::collections::BTreeSet;

use k8s_rbac::becoming::{Becoming, Target};
use k8s_rbac::{
    API_GROUP, ClusterRole, ClusterRoleBinding, Identity, Metadata, Objects, PRIVILEGED_GROUP,
    Policy, PolicyRule, ResourceRequest, Role, RoleBinding, RoleRef, Subject, User,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde::Deserialize;
use testkit::Report;

use crate::oracle;
use crate::permissions::read;

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
    for case in testkit::toml::<File>("testdata/become.toml").case {
        let policy = Policy::new(read(&case.manifests));
        let user = User::new(case.user, case.groups);
        let becoming = policy.can_become(&user).unwrap();
        report.check(&case.name, &becoming.to_string(), &case.lines);
        for step in becoming.steps() {
            let path = becoming.path(step);
            let is_from_start = path.first().is_some_and(|first| first.from().is_none());
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

/// Whom a world names, the default service accounts and the privileged group.
fn candidates(world: &Objects) -> BTreeSet<Identity> {
    let cluster = world.cluster_role_bindings.iter();
    let cluster = cluster.flat_map(|b| b.subjects.iter().map(|s| Identity::of(s, None)));
    let mut all: BTreeSet<Identity> = cluster.flatten().collect();
    for binding in &world.role_bindings {
        let namespace = binding.metadata.namespace.as_str();
        let subjects = binding.subjects.iter();
        all.extend(subjects.filter_map(|s| Identity::of(s, Some(namespace))));
        let default = User::service_account(namespace, "default");
        all.insert(Identity::User(default.name));
    }
    all.insert(Identity::Group(PRIVILEGED_GROUP.to_owned()));
    all
}

/// The truth, by trying: the world grows by what the user gives himself.
struct Naive {
    world: Objects,
    start: User,
    reached: BTreeSet<Identity>,
    candidates: BTreeSet<Identity>,
    /// The candidates at first, and who the user is.
    named: BTreeSet<Identity>,
    has_everything: bool,
}

impl Naive {
    fn run(world: &Objects, start: &User) -> Self {
        let own = start.groups.iter().cloned().map(Identity::Group);
        let own: BTreeSet<Identity> = own.chain([Identity::User(start.name.clone())]).collect();
        let candidates = candidates(world);
        let mut naive = Self {
            world: world.clone(),
            start: start.clone(),
            reached: BTreeSet::new(),
            candidates: candidates.difference(&own).cloned().collect(),
            named: candidates.union(&own).cloned().collect(),
            has_everything: false,
        };
        loop {
            let before = (naive.reached.len(), naive.world.clone());
            naive.round();
            if naive.has_everything || before == (naive.reached.len(), naive.world.clone()) {
                return naive;
            }
        }
    }

    fn round(&mut self) {
        let mut users = vec![self.start.clone()];
        users.extend(self.reached.iter().map(|identity| match identity {
            Identity::Group(name) => User::new("nobody", [name.clone()]).authenticated(),
            Identity::User(_) => match identity.as_service_account() {
                Some((namespace, name)) => User::service_account(namespace, name),
                None => match identity {
                    Identity::User(name) => User::new(name.clone(), [""; 0]).authenticated(),
                    Identity::Group(_) => User::default(),
                },
            },
        }));
        let mut seen = BTreeSet::new();
        while let Some(user) = users.pop() {
            if !seen.insert((user.name.clone(), user.groups.clone())) {
                continue;
            }
            users.extend(self.teams(&user));
            let star = ResourceRequest::new("*", "*", "*").with_name("fresh");
            self.has_everything |= self.may(&user, star);
            let candidates: Vec<Identity> = self.candidates.iter().cloned().collect();
            for identity in candidates {
                if self.may_become(&user, &identity) {
                    self.has_everything |= identity == Identity::Group(PRIVILEGED_GROUP.to_owned());
                    self.reached.insert(identity);
                }
            }
            self.bind_and_escalate(&user);
        }
    }

    /// Finds whom a request of a user can impersonate together with all the groups that it can.
    fn teams(&self, user: &User) -> Vec<User> {
        fn impersonate<'a>(resource: &'a str, name: &'a str) -> ResourceRequest<'a> {
            ResourceRequest::new("impersonate", "", resource).with_name(name)
        }
        let groups: Vec<String> = (self.named.iter())
            .filter_map(|identity| match identity {
                Identity::Group(name) if name != PRIVILEGED_GROUP => Some(name.clone()),
                _ => None,
            })
            .filter(|name| self.may(user, impersonate("groups", name)))
            .collect();
        if groups.is_empty() {
            return Vec::new();
        }
        let mut users: Vec<String> = (self.named.iter())
            .filter_map(|identity| match (identity, identity.as_service_account()) {
                (Identity::User(whole), Some((namespace, name))) => {
                    let request = impersonate("serviceaccounts", name).in_namespace(namespace);
                    self.may(user, request).then(|| whole.clone())
                }
                (Identity::User(name), None) => {
                    let request = impersonate("users", name);
                    self.may(user, request).then(|| name.clone())
                }
                _ => None,
            })
            .collect();
        if self.may_impersonate_anybody(user) {
            users.push("nobody".to_owned());
        }
        let with = |name| User::new(name, groups.clone()).authenticated();
        users.into_iter().map(with).collect()
    }

    fn may_impersonate_anybody(&self, user: &User) -> bool {
        let impersonate = |resource, namespace| {
            ResourceRequest::new("impersonate", "", resource).in_namespace(namespace)
        };
        let mut namespaces = NAMESPACES.iter().chain(&["fresh"]);
        self.may_any(user, &["impersonate"], impersonate("users", ""))
            || namespaces.any(|namespace| {
                let request = impersonate("serviceaccounts", namespace);
                self.may_any(user, &["impersonate"], request)
            })
    }

    fn may(&self, user: &User, request: ResourceRequest<'_>) -> bool {
        oracle::is_allowed(&self.world, user, &request.into())
    }

    fn may_any(&self, user: &User, verbs: &[&str], request: ResourceRequest<'_>) -> bool {
        let names = NAMES.iter().chain(&["fresh"]);
        names.into_iter().any(|name| {
            verbs.iter().any(|verb| {
                let asked = ResourceRequest::new(verb, request.group(), request.resource())
                    .with_subresource(request.subresource().unwrap_or_default())
                    .in_namespace(request.namespace().unwrap_or_default());
                self.may(user, asked.with_name(name))
            })
        })
    }

    fn may_become(&self, user: &User, identity: &Identity) -> bool {
        let certificates =
            |verb, resource| ResourceRequest::new(verb, "certificates.k8s.io", resource);
        let requests = "certificatesigningrequests";
        let has_certificate = self.may(user, certificates("create", requests))
            && self.may_any(
                user,
                &["update", "patch"],
                certificates("", requests).with_subresource("approval"),
            )
            && self.may(
                user,
                certificates("approve", "signers").with_name("kubernetes.io/kube-apiserver-client"),
            );
        let is_master = *identity == Identity::Group(PRIVILEGED_GROUP.to_owned());
        if has_certificate && !is_master {
            return true;
        }
        let impersonate = |resource, namespace, name| {
            ResourceRequest::new("impersonate", "", resource)
                .in_namespace(namespace)
                .with_name(name)
        };
        match (identity, identity.as_service_account()) {
            (_, Some((namespace, name))) => {
                let request = |verb, group, resource| {
                    ResourceRequest::new(verb, group, resource).in_namespace(namespace)
                };
                let secret = format!("{name}-token-x");
                self.may(user, impersonate("serviceaccounts", namespace, name))
                    || self.may(
                        user,
                        request("create", "", "serviceaccounts")
                            .with_subresource("token")
                            .with_name(name),
                    )
                    || self.may_run(user, namespace)
                    || ["get", "list", "watch"].iter().any(|verb| {
                        self.may(user, request(verb, "", "secrets").with_name("fresh"))
                            || self.may(user, request(verb, "", "secrets").with_name(&secret))
                    })
            }
            (Identity::User(name), None) => self.may(user, impersonate("users", "", name)),
            (Identity::Group(name), None) => {
                let is_mapped = is_master
                    && ["update", "patch"].iter().any(|verb| {
                        let request = ResourceRequest::new(verb, "", "configmaps");
                        self.may(
                            user,
                            request.in_namespace("kube-system").with_name("aws-auth"),
                        )
                    });
                let may_group = self.may(user, impersonate("groups", "", name));
                is_mapped || (may_group && self.may_impersonate_anybody(user))
            }
        }
    }

    /// Says whether a user may let pods of a namespace do his will.
    fn may_run(&self, user: &User, namespace: &str) -> bool {
        let request = |group, resource| {
            ResourceRequest::new("create", group, resource).in_namespace(namespace)
        };
        let kinds = [
            ("", "replicationcontrollers"),
            ("apps", "daemonsets"),
            ("apps", "deployments"),
            ("apps", "replicasets"),
            ("apps", "statefulsets"),
            ("batch", "cronjobs"),
        ];
        let once = [("", "pods"), ("batch", "jobs")];
        let mut all = kinds.iter().chain(&once);
        let pods = |subresource| request("", "pods").with_subresource(subresource);
        let change = ["patch", "update"];
        all.any(|(group, kind)| self.may(user, request(group, kind)))
            || kinds
                .iter()
                .any(|(group, kind)| self.may_any(user, &change, request(group, kind)))
            || self.may_any(user, &["create", "get"], pods("exec"))
            || self.may_any(user, &["create", "get"], pods("attach"))
            || self.may_any(user, &change, pods("ephemeralcontainers"))
            || self.may_any(
                user,
                &["create", "get"],
                ResourceRequest::new("get", "", "nodes").with_subresource("proxy"),
            )
    }

    fn bind_and_escalate(&mut self, user: &User) {
        let rbac = |verb, resource, namespace| {
            ResourceRequest::new(verb, API_GROUP, resource).in_namespace(namespace)
        };
        let roles: Vec<(&str, String, String)> = (self.world.cluster_roles.iter())
            .map(|role| ("ClusterRole", String::new(), role.metadata.name.clone()))
            .chain(self.world.roles.iter().map(|role| {
                let Metadata {
                    name, namespace, ..
                } = &role.metadata;
                ("Role", namespace.clone(), name.clone())
            }))
            .filter(|(.., name)| name != "gained")
            .collect();
        for namespace in ["", "kube-system", "ns1", "ns2"] {
            let bindings = if namespace.is_empty() {
                "clusterrolebindings"
            } else {
                "rolebindings"
            };
            let write = ["create", "update", "patch"];
            let may_write = self.may(user, rbac("create", bindings, namespace))
                || self.may_any(user, &write, rbac("", bindings, namespace));
            for (kind, own, name) in &roles {
                let resource = if *kind == "Role" {
                    "roles"
                } else {
                    "clusterroles"
                };
                let is_there = *kind == "ClusterRole" || own == namespace;
                let bind = rbac("bind", resource, namespace).with_name(name);
                if is_there && may_write && self.may(user, bind) {
                    self.give(kind, name, namespace);
                }
                let may = |verb| self.may(user, rbac(verb, resource, own).with_name(name));
                let may_rewrite = may("escalate") && (may("update") || may("patch"));
                if is_there && may_rewrite && self.is_held(kind, name, namespace) {
                    self.give_everything(namespace);
                }
            }
            for (resource, own) in [("clusterroles", ""), ("roles", namespace)] {
                let is_there = resource == "clusterroles" || !namespace.is_empty();
                let may_make = self.may(user, rbac("create", resource, own))
                    && self.may(user, rbac("escalate", resource, own));
                let may_bind = self.may_any(user, &["bind"], rbac("", resource, namespace));
                if is_there && may_make && may_bind && may_write {
                    self.give_everything(namespace);
                }
            }
        }
    }

    /// Says whether the user, or somebody reached, has a role in a namespace.
    fn is_held(&self, kind: &str, name: &str, namespace: &str) -> bool {
        let is_of = |subjects: &[Subject], namespace: Option<&str>| {
            subjects.iter().any(|subject| {
                let identity = Identity::of(subject, namespace);
                identity.is_some_and(|identity| {
                    let is_own = match &identity {
                        Identity::Group(name) => self.start.groups.contains(name),
                        Identity::User(name) => self.start.name == *name,
                    };
                    is_own || self.reached.contains(&identity)
                })
            })
        };
        let fits = |role: &RoleRef| role.kind == kind && role.name == name;
        if namespace.is_empty() {
            let mut bindings = self.world.cluster_role_bindings.iter();
            return bindings.any(|b| fits(&b.role_ref) && is_of(&b.subjects, None));
        }
        self.world.role_bindings.iter().any(|b| {
            let own = b.metadata.namespace.as_str();
            own == namespace && fits(&b.role_ref) && is_of(&b.subjects, Some(own))
        })
    }

    fn give(&mut self, kind: &str, name: &str, namespace: &str) {
        let metadata = named(&format!("{kind}-{name}"), namespace);
        let subjects = vec![Subject {
            kind: "User".to_owned(),
            name: self.start.name.clone(),
            ..Subject::default()
        }];
        let role_ref = role_ref(kind, name);
        if namespace.is_empty() {
            let all = &mut self.world.cluster_role_bindings;
            if all.iter().all(|binding| binding.metadata != metadata) {
                all.push(ClusterRoleBinding {
                    metadata,
                    subjects,
                    role_ref,
                });
            }
        } else {
            let all = &mut self.world.role_bindings;
            if all.iter().all(|binding| binding.metadata != metadata) {
                all.push(RoleBinding {
                    metadata,
                    subjects,
                    role_ref,
                });
            }
        }
    }

    fn give_everything(&mut self, namespace: &str) {
        let metadata = named("gained", "");
        let all = &mut self.world.cluster_roles;
        if all.iter().all(|role| role.metadata != metadata) {
            all.push(ClusterRole {
                metadata,
                rules: vec![everything()],
                aggregation_rule: None,
            });
        }
        self.give("ClusterRole", "gained", namespace);
    }
}

fn reached(becoming: &Becoming<'_>) -> BTreeSet<Identity> {
    let targets = becoming
        .steps()
        .iter()
        .filter_map(|step| match step.target() {
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
        let becoming = policy.can_become(&user).unwrap();
        prop_assert_eq!(becoming.to_everything().is_some(), naive.has_everything, "{}", becoming);
        if !naive.has_everything {
            let found = reached(&becoming);
            let found: BTreeSet<_> = found.intersection(&naive.candidates).cloned().collect();
            prop_assert_eq!(found, naive.reached, "{}", becoming);
        }
        // Each once, and each from what is before it.
        let targets: Vec<String> =
            becoming.steps().iter().map(|step| format!("{:?}", step.target())).collect();
        let once: BTreeSet<&String> = targets.iter().collect();
        prop_assert_eq!(once.len(), targets.len(), "{}", becoming);
        for (number, step) in becoming.steps().iter().enumerate() {
            prop_assert!(step.from().is_none_or(|from| from < number));
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
        let becoming = policy.can_become(&user).unwrap();
        let is_everything = becoming.to_everything().is_some();
        everything += usize::from(is_everything);
        others += usize::from(!is_everything && !reached(&becoming).is_empty());
        let steps = becoming.steps().iter();
        far += usize::from(steps.clone().any(|step| becoming.path(step).len() > 2));
    }
    assert!(
        everything >= 50 && others >= 100 && far >= 30,
        "{everything} {others} {far}"
    );
}
