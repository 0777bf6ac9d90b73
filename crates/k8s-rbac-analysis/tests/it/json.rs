//! The answers as JSON, with the field names of the Kubernetes API.

use k8s_rbac::{Objects, Policy, ResourceRequest, User};
use k8s_rbac_analysis::{escalation_paths, explain, who_can};
use serde_json::{Value, json};

fn policy() -> Policy {
    let objects: Objects = serde_json::from_value(json!({
        "clusterRoles": [
            {"metadata": {"name": "reader"}, "rules": [
                {"verbs": ["get*"], "apiGroups": [""], "resources": ["pods"]},
                {"verbs": ["list"], "apiGroups": [""], "resources": ["pods"]}]},
            {"metadata": {"name": "runner"}, "rules": [
                {"verbs": ["create"], "apiGroups": ["apps"], "resources": ["deployments"]}]},
            {"metadata": {"name": "admin"}, "rules": [
                {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]},
        ],
        "clusterRoleBindings": [
            {"metadata": {"name": "admins"}, "roleRef": {"kind": "ClusterRole", "name": "admin"},
             "subjects": [{"kind": "ServiceAccount", "name": "deployer", "namespace": "dev"}]},
        ],
        "roleBindings": [
            {"metadata": {"name": "missing", "namespace": "dev"},
             "roleRef": {"kind": "Role", "name": "none"}, "subjects": [{"kind": "User", "name": "ann"}]},
            {"metadata": {"name": "readers", "namespace": "dev"},
             "roleRef": {"kind": "ClusterRole", "name": "reader"},
             "subjects": [{"kind": "User", "name": "ann"}]},
            {"metadata": {"name": "runners", "namespace": "dev"},
             "roleRef": {"kind": "ClusterRole", "name": "runner"},
             "subjects": [{"kind": "User", "name": "ann"}]},
        ],
        "roles": [{"metadata": {"name": "none", "namespace": "prod"}, "rules": []}],
    }))
    .unwrap();
    Policy::new(objects)
}

fn grant(verb: &str) -> Value {
    json!({
        "binding": {"kind": "RoleBinding", "name": "readers", "namespace": "dev"},
        "roleRef": {"kind": "ClusterRole", "name": "reader"},
        "subject": {"kind": "User", "name": "ann"},
        "rule": {"verbs": [verb], "apiGroups": [""], "resources": ["pods"]},
    })
}

fn missing() -> Value {
    json!({
        "binding": {"kind": "RoleBinding", "name": "missing", "namespace": "dev"},
        "missing": {"kind": "Role", "name": "none", "namespace": "dev"},
        "message": r#"role.rbac.authorization.k8s.io "none" not found"#,
    })
}

#[test]
fn an_explanation_has_grants_near_misses_and_messages() {
    let (policy, ann) = (policy(), User::new("ann", [""; 0]));
    let get = ResourceRequest::new("get", "", "pods").in_namespace("dev");
    let answer = serde_json::to_value(explain(&policy, &ann, &get.into())).unwrap();
    let miss = |verb: &str, trap: Option<&str>, message: &str| {
        let mut miss = json!({"grant": grant(verb), "part": "verb", "message": message});
        if let (Some(trap), Some(miss)) = (trap, miss.as_object_mut()) {
            miss.insert("trap".to_owned(), json!(trap));
        }
        miss
    };
    let by = r#"RoleBinding "readers/dev" of ClusterRole "reader" to User "ann""#;
    let stars = "a star beside or instead of a part of a word is no wildcard";
    assert_eq!(
        answer,
        json!({
            "notes": [],
            "grants": [],
            "nearMisses": [
                miss("get*", Some("star-in-word"), &format!(r#"{by}: its verbs are ["get*"]; {stars}"#)),
                miss("list", None, &format!(r#"{by}: its verbs are ["list"]"#)),
            ],
            "unresolved": [missing()],
            "misplaced": [{
                "binding": {"kind": "RoleBinding", "name": "missing", "namespace": "dev"},
                "namespacesWithRole": ["prod"],
                "message": r#"RoleBinding "missing/dev": it names the user, but namespace "dev" has no Role "none"; there is one in "prod""#,
            }],
            "isCut": false,
        })
    );
    let nodes = User::new("ann", ["system:nodes"]);
    let answer = serde_json::to_value(explain(&policy, &nodes, &get.into())).unwrap();
    assert_eq!(
        answer.pointer("/notes/0"),
        Some(&json!({
            "code": "node",
            "message": "the user is a node: the Node authorizer is asked before RBAC",
        }))
    );
}

#[test]
fn allowed_subjects_have_their_grants() {
    let policy = policy();
    let list = ResourceRequest::new("list", "", "pods").in_namespace("dev");
    assert_eq!(
        serde_json::to_value(who_can(&policy, &list.into())).unwrap(),
        json!({
            "subjects": [
                {"subject": {
                    "kind": "Group", "name": "system:masters",
                    "apiGroup": "rbac.authorization.k8s.io",
                }},
                {
                    "subject": {"kind": "ServiceAccount", "name": "deployer", "namespace": "dev"},
                    "grant": {
                        "binding": {"kind": "ClusterRoleBinding", "name": "admins"},
                        "roleRef": {"kind": "ClusterRole", "name": "admin"},
                        "subject": {
                            "kind": "ServiceAccount", "name": "deployer", "namespace": "dev",
                        },
                        "rule": {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]},
                    },
                },
                {"subject": {"kind": "User", "name": "ann"}, "grant": grant("list")},
            ],
            "unresolved": [missing()],
            "evaluationError": r#"role.rbac.authorization.k8s.io "none" not found"#,
        })
    );
}

#[test]
fn escalation_paths_have_steps_that_refer_to_earlier_ones() {
    let policy = policy();
    let paths = escalation_paths(&policy, &User::new("ann", [""; 0])).unwrap();
    let answer = serde_json::to_value(&paths).unwrap();
    let step = |number: usize, field: &str| answer.pointer(&format!("/steps/{number}/{field}"));
    let deployer = json!({"kind": "User", "name": "system:serviceaccount:dev:deployer"});
    let find = |wanted: &Value| {
        (0..paths.steps().len()).find(|number| step(*number, "target") == Some(wanted))
    };
    let at = find(&json!({"kind": "subject", "subject": deployer})).unwrap();
    assert_eq!(
        step(at, "actor"),
        Some(&json!({"kind": "User", "name": "ann"}))
    );
    assert_eq!(step(at, "after"), Some(&json!([])));
    assert_eq!(step(at, "technique"), Some(&json!("run-pods")));
    assert_eq!(step(at, "through"), Some(&json!("deployments")));
    assert_eq!(
        step(at, "grantedBy/0/grant/binding/name"),
        Some(&json!("runners"))
    );
    let everything = find(&json!({"kind": "everything", "scope": {"kind": "cluster"}})).unwrap();
    assert_eq!(step(everything, "actor"), Some(&deployer));
    assert_eq!(step(everything, "after"), Some(&json!([at])));
    assert_eq!(answer.get("fullAccess"), Some(&json!(everything)));
    assert_eq!(answer.get("unsearched"), Some(&json!([])));
    assert_eq!(
        answer.get("user"),
        Some(&json!({"kind": "User", "name": "ann"}))
    );
}
