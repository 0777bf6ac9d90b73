//! The default policy: the objects that upstream's own code makes, and their effect.

#![cfg(feature = "bootstrap")]

use k8s_rbac::bootstrap::{AUTOUPDATE, LABEL};
use k8s_rbac::{
    ClusterRole, Decision, KubernetesVersion, Objects, Policy, PolicyRule, Request,
    ResourceRequest, User,
};
use serde::Deserialize;
use serde_json::Value;

/// An object of the default policy, and the minor versions that have it.
#[derive(Deserialize)]
struct Recorded {
    since: u8,
    until: u8,
    object: Value,
}

/// The recorded objects of a minor version, in their order.
fn recorded(minor: u8) -> Objects {
    let mut objects = Objects::default();
    for line in testkit::json_lines::<Recorded>("testdata/bootstrap.jsonl") {
        if !(line.since..=line.until).contains(&minor) {
            continue;
        }
        let object = line.object;
        fn of<T: serde::de::DeserializeOwned>(object: &Value) -> T {
            serde_json::from_value(object.clone()).unwrap()
        }
        let (key, value) = LABEL;
        assert_eq!(object["metadata"]["labels"][key], value);
        let (key, value) = AUTOUPDATE;
        assert_eq!(object["metadata"]["annotations"][key], value);
        match object["kind"].as_str().unwrap() {
            "ClusterRole" => objects.cluster_roles.push(of(&object)),
            "ClusterRoleBinding" => objects.cluster_role_bindings.push(of(&object)),
            "Role" => objects.roles.push(of(&object)),
            "RoleBinding" => objects.role_bindings.push(of(&object)),
            kind => panic!("{kind}"),
        }
    }
    objects
}

fn role<'o>(objects: &'o Objects, name: &str) -> &'o ClusterRole {
    let mut roles = objects.cluster_roles.iter();
    roles.find(|role| role.metadata.name == name).unwrap()
}

#[test]
fn the_default_policy_is_the_recorded_one_in_every_version() {
    let counts = [
        (31, 33),
        (31, 33),
        (31, 35),
        (31, 37),
        (31, 37),
        (31, 38),
        (32, 41),
    ];
    for (version, (roles, controllers)) in KubernetesVersion::ALL.into_iter().zip(counts) {
        let minor = version.minor();
        let (ours, recorded) = (Objects::bootstrap(version), recorded(minor));
        assert_eq!(ours.cluster_roles, recorded.cluster_roles, "1.{minor}");
        assert_eq!(
            ours.cluster_role_bindings, recorded.cluster_role_bindings,
            "1.{minor}"
        );
        assert_eq!(ours.roles, recorded.roles, "1.{minor}");
        assert_eq!(ours.role_bindings, recorded.role_bindings, "1.{minor}");
        assert_eq!(ours.cluster_roles.len(), roles + controllers, "1.{minor}");
    }
}

#[test]
fn the_api_server_would_store_the_default_policy() {
    let objects = Objects::bootstrap(KubernetesVersion::V1_34);
    let version = KubernetesVersion::V1_34;
    let all = objects
        .cluster_roles
        .iter()
        .map(|role| role.field_errors(version))
        .chain(
            objects
                .cluster_role_bindings
                .iter()
                .map(|b| b.field_errors(version)),
        )
        .chain(objects.roles.iter().map(|role| role.field_errors(version)))
        .chain(
            objects
                .role_bindings
                .iter()
                .map(|b| b.field_errors(version)),
        );
    for errors in all {
        assert!(errors.is_empty(), "{errors:?}");
    }
}

#[test]
fn aggregation_fills_the_three_roles_for_users() {
    let mut objects = Objects::bootstrap(KubernetesVersion::V1_34);
    for name in ["admin", "edit", "view"] {
        assert!(role(&objects, name).rules.is_empty());
    }
    let aggregation = objects.aggregate();
    assert_eq!(aggregation.changed, ["admin", "edit", "view"]);
    assert!(aggregation.refused.is_empty());
    // The members are sorted by name: `edit` before `system:…`, and `system:…` before `view`.
    let of = |names: [&str; 2]| -> Vec<PolicyRule> {
        names
            .map(|name| role(&objects, name).rules.clone())
            .concat()
    };
    let view = &role(&objects, "view").rules;
    assert_eq!(*view, role(&objects, "system:aggregate-to-view").rules);
    assert_eq!(
        role(&objects, "edit").rules,
        of(["system:aggregate-to-edit", "view"])
    );
    assert_eq!(
        role(&objects, "admin").rules,
        of(["edit", "system:aggregate-to-admin"])
    );
    let mut again = objects.clone();
    assert!(again.aggregate().changed.is_empty());
}

#[test]
fn the_default_policy_decides() {
    let mut objects = Objects::bootstrap(KubernetesVersion::V1_34);
    objects.aggregate();
    let policy = Policy::new(objects);
    let anybody = User::new("alice", ["devs"]).authenticated();
    let nobody = User::new("system:anonymous", ["system:unauthenticated"]);
    let jobs = User::new(
        "system:serviceaccount:kube-system:job-controller",
        ["system:serviceaccounts", "system:authenticated"],
    );
    let create_pod = ResourceRequest::new("create", "", "pods").in_namespace("dev");
    let review = ResourceRequest::new("create", "authorization.k8s.io", "selfsubjectaccessreviews");
    for (user, request, is_allowed) in [
        (&nobody, Request::path("get", "/version"), true),
        (&nobody, Request::path("get", "/api"), false),
        (&anybody, Request::path("get", "/api/v1"), true),
        (&anybody, review.into(), true),
        (&nobody, review.into(), false),
        (&anybody, create_pod.into(), false),
        (&jobs, create_pod.into(), true),
    ] {
        let response = policy.rbac(user, &request);
        let is_allow = matches!(response.decision(), Decision::Allow(_));
        assert_eq!(is_allow, is_allowed, "{user:?} {request:?}");
    }
}
