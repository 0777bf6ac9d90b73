//! What a decision costs, and how little that depends on the bindings of others.
//!
//! The policies have so many `ClusterRoleBinding`s, each to a role of its own for a user of its own,
//! between two bindings of the user who asks. The last case was the worst until decisions looked up what
//! is asked: a group that all bindings name.

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use k8s_rbac::{
    ClusterRole, ClusterRoleBinding, Forbidden, Manifests, Metadata, Objects, Policy, PolicyRule,
    Request, ResourceRequest, RoleRef, Subject, User,
};

const SIZES: [usize; 3] = [10, 1_000, 100_000];

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

fn metadata(name: String) -> Metadata {
    Metadata {
        name,
        ..Metadata::default()
    }
}

fn grant(objects: &mut Objects, name: &str, verb: &str, subjects: &[(&str, &str)]) {
    let rule = PolicyRule {
        verbs: texts(&[verb]),
        api_groups: texts(&["apps"]),
        resources: texts(&["deployments"]),
        ..PolicyRule::default()
    };
    objects.cluster_roles.push(ClusterRole {
        metadata: metadata(name.to_owned()),
        rules: vec![rule],
        aggregation_rule: None,
    });
    let subjects = subjects.iter().map(|(kind, name)| Subject {
        kind: (*kind).to_owned(),
        name: (*name).to_owned(),
        ..Subject::default()
    });
    objects.cluster_role_bindings.push(ClusterRoleBinding {
        metadata: metadata(name.to_owned()),
        subjects: subjects.collect(),
        role_ref: RoleRef {
            kind: "ClusterRole".to_owned(),
            name: name.to_owned(),
            ..RoleRef::default()
        },
    });
}

fn objects(bindings: usize) -> Objects {
    let mut objects = Objects::default();
    grant(&mut objects, "first", "get", &[("User", "alice")]);
    for number in 0..bindings {
        let user = format!("user-{number}");
        let subjects = [("User", user.as_str()), ("Group", "everybody")];
        grant(&mut objects, &format!("role-{number}"), "list", &subjects);
    }
    grant(&mut objects, "last", "delete", &[("Group", "devs")]);
    objects
}

fn request(verb: &str) -> Request<'_> {
    ResourceRequest::new(verb, "apps", "deployments")
        .in_namespace("dev")
        .into()
}

fn decide(c: &mut Criterion) {
    let alice = User::new("alice", ["ops", "devs", "system:authenticated"]);
    let everybody = User::new("bob", ["everybody"]);
    let mut group = c.benchmark_group("rbac/decide");
    for size in SIZES {
        let policy = Policy::new(objects(size));
        let mut case = |class: &str, user: &User, verb: &str, want: &str| {
            let id = BenchmarkId::from_parameter(format!("{size}-bindings-{class}"));
            group.bench_function(id, |b| {
                b.iter(|| {
                    let response = policy.authorize(black_box(user), &request(black_box(verb)));
                    assert_eq!(response.decision().is_allow(), !want.is_empty());
                    response
                });
            });
            assert_eq!(policy.authorize(user, &request(verb)).reason(), want);
        };
        case(
            "allow-first",
            &alice,
            "get",
            r#"RBAC: allowed by ClusterRoleBinding "first" of ClusterRole "first" to User "alice""#,
        );
        case(
            "allow-last",
            &alice,
            "delete",
            r#"RBAC: allowed by ClusterRoleBinding "last" of ClusterRole "last" to Group "devs""#,
        );
        case("miss", &alice, "create", "");
        case("miss-hot-group", &everybody, "create", "");
    }
    group.finish();
}

fn forbidden(c: &mut Criterion) {
    let request = ResourceRequest::new("list", "", "nodes").into();
    c.bench_function("rbac/forbidden/cluster-scope", |b| {
        b.iter(|| {
            let message = Forbidden::new(black_box("k8s-developer"), request, "").to_string();
            assert_eq!(
                message,
                "nodes is forbidden: User \"k8s-developer\" cannot list resource \"nodes\" in API \
                 group \"\" at the cluster scope"
            );
            message
        });
    });
}

fn build(c: &mut Criterion) {
    let mut group = c.benchmark_group("rbac/build");
    group.sample_size(10);
    for size in SIZES {
        let objects = objects(size);
        group.bench_function(
            BenchmarkId::from_parameter(format!("{size}-bindings")),
            |b| {
                b.iter_batched(
                    || objects.clone(),
                    |objects| {
                        let policy = Policy::new(objects);
                        let user = User::new("alice", ["devs"]);
                        assert!(policy.rbac(&user, &request("delete")).decision().is_allow());
                        policy
                    },
                    criterion::BatchSize::LargeInput,
                );
            },
        );
    }
    group.finish();
}

fn read(c: &mut Criterion) {
    let mut text = String::new();
    for number in 0..1_000 {
        let _ = write!(
            text,
            "---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: binding-{number}
  namespace: dev
subjects:
- kind: User
  name: user-{number}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: role
"
        );
    }
    let mut group = c.benchmark_group("rbac/read");
    group.sample_size(10);
    group.bench_function("1000-documents", |b| {
        b.iter(|| {
            let manifests = Manifests::read([("f", black_box(text.as_str()))]);
            assert_eq!(manifests.objects().role_bindings.len(), 1_000);
            assert_eq!(manifests.problems(), []);
            manifests
        });
    });
    // Refused by its nesting, before it is parsed.
    let hostile = "[".repeat(text.len());
    group.bench_function("hostile-brackets", |b| {
        b.iter(|| {
            let manifests = Manifests::read([("f", black_box(hostile.as_str()))]);
            assert_eq!(manifests.problems().len(), 1);
            manifests
        });
    });
    group.finish();
}

criterion_group!(benches, decide, forbidden, build, read);
criterion_main!(benches);
