//! Policies in which each rule is bound to one subject.

use k8s_rbac::{Objects, Policy, User};
use k8s_rbac_analysis::escalation_paths;
use serde_json::{Value, json};

pub(super) const RBAC: &str = "rbac.authorization.k8s.io";
pub(super) const AUTHENTICATION: &str = "authentication.k8s.io";
pub(super) const CERTIFICATES: &str = "certificates.k8s.io";
pub(super) const REQUESTS: &str = "certificatesigningrequests";
pub(super) const APPROVAL: &str = "certificatesigningrequests/approval";
pub(super) const CLIENT: &str = "kubernetes.io/kube-apiserver-client";

pub(super) fn rule(verbs: &str, group: &str, resources: &str, names: &str) -> Value {
    let list = |text: &str| text.split_whitespace().map(str::to_owned).collect();
    let [verbs, resources, names]: [Vec<String>; 3] = [verbs, resources, names].map(list);
    json!({"verbs": verbs, "apiGroups": [group], "resources": resources, "resourceNames": names})
}

/// Binds each rule to a user or, after `%`, to a group. The role is `r` and the number of the rule. The binding is
/// in the namespace after `@`, or in the whole cluster.
pub(super) fn policy(bound: &[(&str, Value)]) -> Policy {
    let mut world = json!({"clusterRoles": [], "clusterRoleBindings": [], "roleBindings": []});
    let mut add = |key: &str, object: Value| world[key].as_array_mut().unwrap().push(object);
    for (number, (subject, rule)) in bound.iter().enumerate() {
        let name = format!("r{number}");
        let (subject, namespace) = subject.split_once('@').unwrap_or((subject, ""));
        let key = match namespace {
            "" => "clusterRoleBindings",
            _ => "roleBindings",
        };
        let subject = match subject.strip_prefix('%') {
            Some(group) => json!({"kind": "Group", "name": group}),
            None => json!({"kind": "User", "name": subject}),
        };
        add(
            "clusterRoles",
            json!({"metadata": {"name": name}, "rules": [rule]}),
        );
        add(
            key,
            json!({
                "metadata": {"name": name, "namespace": namespace},
                "subjects": [subject],
                "roleRef": {"kind": "ClusterRole", "name": name},
            }),
        );
    }
    Policy::new(serde_json::from_value::<Objects>(world).unwrap())
}

/// Returns the targets of the steps of a user, in order.
pub(super) fn targets_of(user: &User, bound: &[(&str, Value)]) -> Vec<String> {
    let policy = policy(bound);
    let paths = escalation_paths(&policy, user).unwrap();
    let targets = paths.steps().iter().map(|step| step.target().to_string());
    targets.collect()
}

/// Returns the targets of the steps of the user `u`, in order.
pub(super) fn targets(bound: &[(&str, Value)]) -> Vec<String> {
    targets_of(&User::new("u", [""; 0]), bound)
}
