//! The cost of the analyses: many questions about one user, all of a user's permissions, the difference
//! between two policies, and escalation paths, in a large cluster and with a role built to be slow.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use k8s_rbac::{
    ClusterRole, ClusterRoleBinding, Decision, Metadata, Objects, Policy, PolicyRule, Request,
    ResourceRequest, RoleBinding, RoleRef, Subject, User,
};
use k8s_rbac_analysis::escalation_paths::{EscalationSearch, Goal};
use k8s_rbac_analysis::{PolicyDiff, diff, escalation_paths, explain, permissions};

const BINDINGS: usize = 10_000;
/// Fewer bindings when benches are run as tests.
const RULES: usize = if cfg!(debug_assertions) {
    1_000
} else {
    100_000
};

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

fn named(name: &str, namespace: &str) -> Metadata {
    Metadata {
        name: name.to_owned(),
        namespace: namespace.to_owned(),
        ..Metadata::default()
    }
}

fn subject(kind: &str, name: &str) -> Vec<Subject> {
    vec![Subject {
        kind: kind.to_owned(),
        name: name.to_owned(),
        ..Subject::default()
    }]
}

fn cluster_role(name: &str, rules: Vec<PolicyRule>) -> ClusterRole {
    ClusterRole {
        metadata: named(name, ""),
        rules,
        aggregation_rule: None,
    }
}

fn role_ref(name: &str) -> RoleRef {
    RoleRef {
        kind: "ClusterRole".to_owned(),
        name: name.to_owned(),
        ..RoleRef::default()
    }
}

fn everywhere(objects: &mut Objects, name: &str, role: &str, subjects: Vec<Subject>) {
    objects.cluster_role_bindings.push(ClusterRoleBinding {
        metadata: named(name, ""),
        subjects,
        role_ref: role_ref(role),
    });
}

fn rule(verbs: &[&str], groups: &[&str], resources: &[&str]) -> PolicyRule {
    PolicyRule {
        verbs: texts(verbs),
        api_groups: texts(groups),
        resources: texts(resources),
        ..PolicyRule::default()
    }
}

/// This many bindings of other users in a hundred namespaces, and a user in 50 groups. Three of the
/// groups have bindings.
fn large() -> (Objects, User) {
    let mut objects = Objects::default();
    let resources = ["pods", "pods/log", "services", "configmaps"];
    objects.cluster_roles.push(cluster_role(
        "view",
        vec![
            rule(&["get", "list", "watch"], &[""], &resources),
            rule(
                &["get", "list", "watch"],
                &["apps"],
                &["deployments", "statefulsets"],
            ),
        ],
    ));
    for number in 0..BINDINGS {
        objects.role_bindings.push(RoleBinding {
            metadata: named(&format!("b{number}"), &format!("ns{}", number % 100)),
            subjects: subject("User", &format!("user-{number}")),
            role_ref: role_ref("view"),
        });
    }
    for group in ["g7", "g23", "g42"] {
        everywhere(&mut objects, group, "view", subject("Group", group));
    }
    let groups = (0..50).map(|number| format!("g{number}"));
    (objects, User::new("alice", groups))
}

fn view(c: &mut Criterion) {
    let (objects, user) = large();
    let policy = Policy::new(objects);
    let namespaces: Vec<String> = (0..100).map(|number| format!("ns{number}")).collect();
    let requests: Vec<Request<'_>> = namespaces
        .iter()
        .flat_map(|namespace| {
            ["get", "delete"].map(|verb| {
                let request = ResourceRequest::new(verb, "apps", "deployments");
                request.in_namespace(namespace).into()
            })
        })
        .collect();
    let count = |is_allowed: &dyn Fn(&Request<'_>) -> bool| {
        requests
            .iter()
            .filter(|request| is_allowed(request))
            .count()
    };
    let mut group = c.benchmark_group("rbac/200-questions-of-one-user");
    group.throughput(Throughput::Elements(200));
    group.bench_function("one-by-one", |b| {
        b.iter(|| {
            let user = black_box(&user);
            let is_allowed = |request: &Request<'_>| {
                matches!(
                    policy.authorize(user, request).decision(),
                    Decision::Allow(_)
                )
            };
            assert_eq!(count(&is_allowed), 100);
        });
    });
    let of_user = policy.view(&user);
    group.bench_function("by-a-view", |b| {
        b.iter(|| {
            let view = black_box(&of_user);
            let is_allowed = |request: &Request<'_>| {
                matches!(view.authorize(request).decision(), Decision::Allow(_))
            };
            assert_eq!(count(&is_allowed), 100);
        });
    });
    group.bench_function("making-the-view", |b| {
        b.iter(|| policy.view(black_box(&user)))
    });
    group.finish();
}

fn one_rule_more(c: &mut Criterion) {
    let (mut objects, user) = large();
    let before = Policy::new(objects.clone());
    let mut group = c.benchmark_group("rbac/10000-bindings");
    group.sample_size(10);
    group.bench_function("permissions", |b| {
        b.iter(|| {
            let permissions = permissions(&before, black_box(&user));
            assert_eq!(permissions.as_ref().map(|p| p.rules().len()), Ok(2));
        });
    });
    if let Some(role) = objects.cluster_roles.first_mut() {
        role.rules.push(rule(&["get"], &[""], &["secrets"]));
    }
    let after = Policy::new(objects);
    group.bench_function("diff-of-one-rule-for-all", |b| {
        b.iter(|| {
            let diff = diff(black_box(&before), &after);
            let subjects = BINDINGS.saturating_add(3);
            assert_eq!(diff.as_ref().map(|diff| diff.changes().len()), Ok(subjects));
        });
    });
    group.bench_function("diff-of-nothing", |b| {
        b.iter(|| {
            let diff = diff(black_box(&before), &before);
            assert_eq!(diff.as_ref().map(PolicyDiff::is_empty), Ok(true));
        });
    });
    group.bench_function("escalation_paths", |b| {
        b.iter(|| {
            let paths = escalation_paths(&before, black_box(&user));
            assert_eq!(paths.as_ref().map(|paths| paths.steps().len()), Ok(0));
        });
    });
    group.finish();
}

/// One role with this many rules, in a hundred bindings of one user.
fn hostile(prefix: &str) -> Policy {
    let mut objects = Objects::default();
    let rules = (0..RULES).map(|number| {
        let mut rule = rule(&["get", "impersonate"], &[""], &["pods", "serviceaccounts"]);
        rule.resource_names = vec![format!("{prefix}{number}")];
        rule
    });
    objects
        .cluster_roles
        .push(cluster_role("r", rules.collect()));
    for number in 0..100 {
        everywhere(
            &mut objects,
            &format!("b{number}"),
            "r",
            subject("User", "u"),
        );
    }
    Policy::new(objects)
}

fn a_role_of_many_rules(c: &mut Criterion) {
    let (policy, other) = (hostile("a"), hostile("b"));
    let user = User::new("u", [""; 0]);
    let mut group = c.benchmark_group("rbac/100000-rules-of-one-role");
    group.sample_size(10);
    group.bench_function("permissions", |b| {
        b.iter(|| {
            let permissions = permissions(&policy, black_box(&user));
            let four = RULES.saturating_mul(4);
            assert_eq!(permissions.as_ref().map(|p| p.atoms().len()), Ok(four));
            assert_eq!(permissions.as_ref().map(|p| p.rules().len()), Ok(1));
        });
    });
    group.bench_function("diff-of-all", |b| {
        b.iter(|| {
            let diff = diff(black_box(&policy), &other);
            assert_eq!(diff.as_ref().map(|diff| diff.changes().len()), Ok(1));
        });
    });
    group.bench_function("explain", |b| {
        let request = ResourceRequest::new("list", "", "pods")
            .with_name("a7")
            .into();
        b.iter(|| {
            let explanation = explain(&policy, black_box(&user), &request);
            assert_eq!(explanation.near_misses().len(), 100);
        });
    });
    group.bench_function("escalation_paths", |b| {
        b.iter(|| {
            let paths = escalation_paths(&policy, black_box(&user));
            assert_eq!(paths.as_ref().map(|paths| paths.steps().len()), Ok(0));
        });
    });
    group.finish();
}

/// A user who may bind every role in some namespaces. These roles allow the user to bind further
/// roles and to rewrite roles.
fn roles_in_namespaces(roles: usize, namespaces: usize) -> Objects {
    const RBAC: &[&str] = &["rbac.authorization.k8s.io"];
    let mut objects = Objects::default();
    let bind = || {
        vec![
            rule(&["bind"], RBAC, &["clusterroles"]),
            rule(&["create"], RBAC, &["rolebindings"]),
        ]
    };
    for number in 0..roles {
        let mut rules = bind();
        rules.push(rule(&["escalate"], RBAC, &["roles"]));
        let mut update = rule(&["update"], RBAC, &["roles"]);
        update.resource_names = texts(&["x"]);
        rules.push(update);
        let role = cluster_role(&format!("r{number}"), rules);
        objects.cluster_roles.push(role);
    }
    objects.cluster_roles.push(cluster_role("ops", bind()));
    for number in 0..namespaces {
        objects.role_bindings.push(RoleBinding {
            metadata: named("ops", &format!("ns{number}")),
            subjects: subject("User", "alice"),
            role_ref: role_ref("ops"),
        });
    }
    objects
}

/// Service accounts with this many bindings in a tenth as many namespaces, and a user who creates pods. The
/// accounts may read Secrets, bind roles or change pods.
fn accounts(bindings: usize) -> Objects {
    let mut objects = Objects::default();
    let rules = [
        rule(&["get", "list"], &[""], &["secrets"]),
        rule(&["bind"], &["rbac.authorization.k8s.io"], &["roles"]),
        rule(&["patch"], &[""], &["pods"]),
    ];
    for (number, rule) in rules.into_iter().enumerate() {
        let role = cluster_role(&format!("r{number}"), vec![rule]);
        objects.cluster_roles.push(role);
    }
    let run = rule(&["create"], &[""], &["pods"]);
    objects.cluster_roles.push(cluster_role("run", vec![run]));
    everywhere(&mut objects, "run", "run", subject("User", "alice"));
    let namespaces = bindings.div_euclid(10).max(1);
    for number in 0..bindings {
        let namespace = number.rem_euclid(namespaces);
        objects.role_bindings.push(RoleBinding {
            metadata: named(&format!("b{number}"), &format!("ns{namespace}")),
            subjects: subject("ServiceAccount", &format!("a{number}")),
            role_ref: role_ref(&format!("r{}", number.rem_euclid(3))),
        });
    }
    objects
}

/// Searches that reach everything, and searches that end at a goal.
fn closures(c: &mut Criterion) {
    let (roles, namespaces, bindings) = if cfg!(debug_assertions) {
        (12, 10, 500)
    } else {
        (120, 1_000, 20_000)
    };
    let worlds = [
        (
            "roles-in-120-namespaces",
            roles_in_namespaces(roles, namespaces.min(120)),
        ),
        (
            "roles-in-1000-namespaces",
            roles_in_namespaces(roles, namespaces),
        ),
        ("20000-accounts", accounts(bindings)),
    ];
    let user = User::new("alice", [""; 0]);
    let mut group = c.benchmark_group("rbac/escalation-closure");
    group.sample_size(10);
    for (name, objects) in worlds {
        let policy = Policy::new(objects);
        group.bench_function(name, |b| {
            b.iter(|| {
                let paths = escalation_paths(&policy, black_box(&user));
                assert!(paths.is_ok_and(|paths| paths.steps().len() >= roles));
            });
        });
        let read = ResourceRequest::new("get", "", "secrets").in_namespace("ns7");
        let goal = Goal::Request(read.into());
        group.bench_function(format!("{name}-to-a-request"), |b| {
            let search = EscalationSearch::new(&policy, &user);
            b.iter(|| assert!(search.path_to(black_box(&goal)).is_ok()));
        });
    }
    group.finish();
}

criterion_group!(benches, view, one_rule_more, a_role_of_many_rules, closures);
criterion_main!(benches);
