//! Names and rules whose hashes all collide: the decisions stay right, and their cost stays linear.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "the numbers of objects are small"
)]

use crate::engine::masks::TextHasher;
use crate::engine::policy::Policy;
use crate::engine::scope::comparisons;
use crate::objects::{
    ClusterRole, ClusterRoleBinding, Metadata, Objects, PolicyRule, Role, RoleBinding, RoleRef,
    Subject,
};
use crate::reference;
use crate::request::{Request, ResourceRequest, User};

/// The bits of a hash that are kept. Without any bit, all hashes collide. With one bit, half of them
/// do: the bit is in the part that selects a place in a table, or in the rest.
const KEPT_BITS: [u64; 4] = [0, 1, 1 << 40, 1 << 63];

const RESOURCES: [&str; 4] = ["pods", "pods/log", "*/log", "secrets"];
const NAMESPACES: [&str; 3] = ["a", "b", ""];

fn metadata(name: String, namespace: &str) -> Metadata {
    Metadata {
        name,
        namespace: namespace.to_owned(),
        ..Metadata::default()
    }
}

fn rules(number: usize) -> Vec<PolicyRule> {
    let texts = |text: &str| vec![text.to_owned()];
    let resource = RESOURCES[number % RESOURCES.len()];
    let of_resource = PolicyRule {
        verbs: texts(["get", "list", "*"][number % 3]),
        api_groups: texts(["", "apps"][number % 2]),
        resources: texts(resource),
        resource_names: if number.is_multiple_of(5) {
            texts("web")
        } else {
            Vec::new()
        },
        ..PolicyRule::default()
    };
    let of_path = PolicyRule {
        verbs: texts("get"),
        non_resource_urls: texts(&format!("/{}", number % 7)),
        ..PolicyRule::default()
    };
    vec![of_resource, of_path]
}

/// Each of `size` users and groups has its own binding, and two groups are subjects of every binding.
/// Every tenth role does not exist.
fn objects(size: usize) -> Objects {
    let mut objects = Objects::default();
    for number in 0..size {
        let subject = |kind: &str, name: String| Subject {
            kind: kind.to_owned(),
            name,
            namespace: if kind == "ServiceAccount" { "a" } else { "" }.to_owned(),
            ..Subject::default()
        };
        let subjects = vec![
            subject("User", format!("user-{number}")),
            subject("Group", format!("group-{number}")),
            subject("ServiceAccount", format!("account-{number}")),
            subject("Group", format!("all-{}", number % 2)),
        ];
        let namespace = NAMESPACES[number % NAMESPACES.len()];
        let role_ref = |kind: &str| RoleRef {
            kind: kind.to_owned(),
            name: format!("role-{}", number / 2),
            ..RoleRef::default()
        };
        if !number.is_multiple_of(10) {
            objects.cluster_roles.push(ClusterRole {
                metadata: metadata(format!("role-{number}"), ""),
                rules: rules(number),
                aggregation_rule: None,
            });
            objects.roles.push(Role {
                metadata: metadata(format!("role-{number}"), "a"),
                rules: rules(number + 1),
            });
        }
        if namespace.is_empty() {
            objects.cluster_role_bindings.push(ClusterRoleBinding {
                metadata: metadata(format!("binding-{number}"), ""),
                subjects,
                role_ref: role_ref("ClusterRole"),
            });
        } else {
            objects.role_bindings.push(RoleBinding {
                metadata: metadata(format!("binding-{number}"), namespace),
                subjects,
                role_ref: role_ref(["Role", "ClusterRole"][number % 2]),
            });
        }
    }
    objects
}

fn policy(objects: &Objects, kept_bits: u64) -> Policy {
    let mut policy = Policy {
        hasher: TextHasher::keeping(kept_bits),
        ..Policy::default()
    };
    for role in &objects.cluster_roles {
        policy.put_cluster_role(role.clone());
    }
    for role in &objects.roles {
        policy.put_role(role.clone());
    }
    for binding in &objects.cluster_role_bindings {
        policy.put_cluster_role_binding(binding.clone());
    }
    for binding in &objects.role_bindings {
        policy.put_role_binding(binding.clone());
    }
    policy
}

fn users(size: usize) -> Vec<User> {
    (0..size)
        .step_by(23)
        .flat_map(|number| {
            [
                User::new(format!("user-{number}"), [""; 0]),
                User::new("nobody", [format!("group-{number}"), "all-1".to_owned()]),
                User::service_account("a", &format!("account-{number}")),
                User::new(format!("absent-{number}"), ["absent"]),
            ]
        })
        .collect()
}

fn requests() -> Vec<Request<'static>> {
    let mut requests: Vec<Request<'static>> = Vec::new();
    for verb in ["get", "list"] {
        for namespace in NAMESPACES {
            for name in ["", "web"] {
                let request = ResourceRequest::new(verb, "", "pods")
                    .in_namespace(namespace)
                    .with_name(name);
                requests.push(request.with_subresource("log").into());
                requests.push(request.into());
            }
        }
    }
    requests.push(Request::path("get", "/3"));
    requests
}

fn check(policy: &Policy, objects: &Objects, size: usize) {
    for user in users(size) {
        for request in requests() {
            let response = policy.rbac(&user, &request);
            let want = reference::decide(objects, &user, &request);
            assert_eq!(
                response.decision().is_allow(),
                !want.grants.is_empty(),
                "{user:?} {request:?}"
            );
            assert_eq!(response.reason(), want.reason(), "{user:?} {request:?}");
            assert_eq!(policy.view(&user).rbac(&request), response);
        }
    }
}

#[test]
fn colliding_hashes_change_no_decision() {
    const SIZE: usize = 70;
    let objects = objects(SIZE);
    for kept_bits in KEPT_BITS {
        let mut policy = policy(&objects, kept_bits);
        check(&policy, &objects, SIZE);
        assert!(policy.objects() == Policy::new(objects.clone()).objects());

        let mut left = objects.clone();
        for number in (0..SIZE).step_by(4) {
            let name = format!("binding-{number}");
            policy.remove_cluster_role_binding(&name);
            policy.remove_role_binding("a", &name);
            policy.remove_role_binding("b", &name);
            left.cluster_role_bindings
                .retain(|binding| binding.metadata.name != name);
            left.role_bindings
                .retain(|binding| binding.metadata.name != name);
        }
        check(&policy, &left, SIZE);
        assert!(policy.objects() == Policy::new(left).objects());
    }
}

/// If an attacker makes all hashes collide, a decision compares every subject's name with the names
/// of the request, but at most twice each.
#[test]
fn colliding_hashes_cost_a_comparison_for_each_subject() {
    for size in [50, 200] {
        let objects = objects(size);
        let policy = policy(&objects, 0);
        let subjects = size * 4;
        for user in users(size) {
            for request in requests() {
                let names = 1 + user.groups.len();
                let before = comparisons();
                let _ = policy.rbac(&user, &request);
                let made = comparisons() - before;
                assert!(
                    made <= 2 * subjects * names,
                    "{made} of {subjects} and {names}"
                );
            }
        }
        // The actual number is near the bound, so the bound is not trivial.
        let user = User::new("user-0", [""; 0]);
        let before = comparisons();
        let _ = policy.rbac(&user, &Request::path("get", "/0"));
        assert!(comparisons() - before > size / 20);
    }
}
