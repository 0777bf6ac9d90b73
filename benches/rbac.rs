//! The cost of a decision, how it depends on the bindings of other users, and the cost of changes.
//!
//! `hot` repeats the question for one user. `rotating` rotates through 16,384 users, so that neither their
//! names nor their bindings are in a cache. The policies are those of `k8s_rbac_oracle::sized_policy`.

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BatchSize, BenchmarkGroup, Criterion, criterion_group, criterion_main};
use k8s_rbac::{
    ClusterRole, ClusterRoleBinding, Forbidden, Manifests, Metadata, Policy, PolicyStore,
    ResourceRequest, RoleRef, User,
};

use k8s_rbac_oracle::sized_policy::{
    Rules, Scope, Shared, USERS, objects, objects_with, request, rule, subject, user,
};

const SIZES: [usize; 4] = [0, 1_000, 10_000, 100_000];

fn decide(c: &mut Criterion) {
    let mut group = c.benchmark_group("rbac/decide");
    group.warm_up_time(Duration::from_millis(300));
    group.measurement_time(Duration::from_secs(1));
    for (scope, scope_name) in [(Scope::Cluster, "cluster"), (Scope::Namespace, "namespace")] {
        for size in SIZES {
            let policy = Policy::new(objects(scope, size, Shared::None));
            let name = format!("{scope_name}/{size}-bindings");
            cases(&mut group, &policy, &name, size);
        }
    }
    group.finish();
}

fn cases(group: &mut BenchmarkGroup<'_, WallTime>, policy: &Policy, name: &str, size: usize) {
    for groups in [3, 50] {
        let users: Vec<User> = (0..USERS)
            .map(|number| user(number, groups, size))
            .collect();
        for (class, verb, is_allowed) in [
            ("allow", "list", size > 0),
            ("deny", "create", false),
            ("last", "patch", true),
        ] {
            let request = request(verb);
            for (way, users) in [("hot", users.get(..1)), ("rotating", Some(&*users))] {
                let mut users = users.unwrap_or_default().iter().cycle();
                group.bench_function(format!("{name}/{groups}-groups/{class}-{way}"), |b| {
                    b.iter(|| {
                        let user = users.next().map(black_box);
                        let response = user.map(|user| policy.authorize(user, &request));
                        let is_allow = response.is_some_and(|it| it.decision().is_allow());
                        assert_eq!(is_allow, is_allowed);
                    });
                });
            }
        }
    }
}

/// Every role has a rule of its own, so that no list of rules is shared.
fn own_rules(c: &mut Criterion) {
    let mut group = c.benchmark_group("rbac/own-rules");
    let size = 100_000;
    let objects = objects_with(Scope::Cluster, size, Shared::None, Rules::Own);
    let policy = Policy::new(objects);
    cases(
        &mut group,
        &policy,
        &format!("cluster/{size}-bindings"),
        size,
    );
    group.finish();
}

/// The group of all authenticated users is a subject of every binding.
fn shared(c: &mut Criterion) {
    let mut group = c.benchmark_group("rbac/shared-group");
    let size = 100_000;
    let policy = Policy::new(objects(Scope::Cluster, size, Shared::Authenticated));
    cases(
        &mut group,
        &policy,
        &format!("cluster/{size}-bindings"),
        size,
    );
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
    for (shared, name) in [
        (Shared::None, "own"),
        (Shared::Authenticated, "shared-group"),
    ] {
        for size in SIZES {
            let objects = objects(Scope::Cluster, size, shared);
            group.bench_function(format!("{size}-bindings-{name}"), |b| {
                b.iter_batched(|| objects.clone(), Policy::new, BatchSize::LargeInput);
            });
        }
    }
    group.finish();
}

/// One object is replaced while a reader holds the previous version, so that the policy cannot be
/// changed in place.
fn replace(c: &mut Criterion) {
    let mut group = c.benchmark_group("rbac/replace");
    let size = 100_000;
    for (shared, name) in [
        (Shared::None, "own"),
        (Shared::Authenticated, "shared-group"),
    ] {
        let store = PolicyStore::new(Policy::new(objects(Scope::Cluster, size, shared)));
        let mut number: usize = 0;
        group.bench_function(format!("binding-{name}"), |b| {
            b.iter(|| {
                number = number.wrapping_add(7_919) % size;
                let before = store.snapshot();
                let mut subjects = vec![subject("User", &format!("other-{number}"))];
                if shared == Shared::Authenticated {
                    subjects.push(subject("Group", "system:authenticated"));
                }
                // The role changes as well, so that no part of the binding can be reused.
                let role = (number.wrapping_add(1)) % size;
                let binding = binding(&format!("role-{number}"), &format!("role-{role}"), subjects);
                store.update(|policy| policy.put_cluster_role_binding(binding));
                before
            });
        });
        group.bench_function(format!("role-{name}"), |b| {
            b.iter(|| {
                number = number.wrapping_add(7_919) % size;
                let before = store.snapshot();
                let verb = if number.is_multiple_of(2) {
                    "list"
                } else {
                    "watch"
                };
                let role = role(&format!("role-{number}"), verb);
                store.update(|policy| policy.put_cluster_role(role));
                before
            });
        });
    }
    // All bindings refer to one role.
    let mut objects = objects(Scope::Cluster, size, Shared::Authenticated);
    for binding in &mut objects.cluster_role_bindings {
        binding.role_ref.name = "role-0".to_owned();
    }
    let store = PolicyStore::new(Policy::new(objects));
    let mut is_even = false;
    group.bench_function("role-of-all-bindings", |b| {
        b.iter(|| {
            is_even = !is_even;
            let before = store.snapshot();
            let role = role("role-0", if is_even { "list" } else { "watch" });
            store.update(|policy| policy.put_cluster_role(role));
            before
        });
    });
    group.finish();
}

fn binding(name: &str, role: &str, subjects: Vec<k8s_rbac::Subject>) -> ClusterRoleBinding {
    ClusterRoleBinding {
        metadata: metadata(name),
        subjects,
        role_ref: RoleRef {
            kind: "ClusterRole".to_owned(),
            name: role.to_owned(),
            api_group: k8s_rbac::API_GROUP.to_owned(),
        },
    }
}

fn role(name: &str, verb: &str) -> ClusterRole {
    ClusterRole {
        metadata: metadata(name),
        rules: vec![rule(verb)],
        aggregation_rule: None,
    }
}

fn metadata(name: &str) -> Metadata {
    Metadata {
        name: name.to_owned(),
        ..Metadata::default()
    }
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
    // The text is refused for its nesting before it is parsed.
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

criterion_group!(
    benches, decide, own_rules, shared, replace, forbidden, build, read
);
criterion_main!(benches);
