//! Who may write what: the cases of `testdata/writes.toml`.

use k8s_rbac::{Objects, Policy, PolicyRule, User, Write, WriteVerdict};
use serde::Deserialize;
use serde_json::{Value, json};
use testkit::Report;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default)]
    groups: Vec<String>,
    #[serde(default)]
    holds: Vec<Held>,
    replaces: Option<Value>,
    write: Value,
    want: String,
}

#[derive(Deserialize)]
struct Held {
    #[serde(default)]
    namespace: String,
    #[serde(flatten)]
    rule: PolicyRule,
}

fn world(holds: &[Held]) -> Value {
    let read = json!([{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}]);
    let mut cluster_roles = vec![json!({"metadata": {"name": "view"}, "rules": read})];
    let (mut role_bindings, mut cluster_role_bindings) = (Vec::new(), Vec::new());
    for (number, held) in holds.iter().enumerate() {
        let name = format!("held{number}");
        cluster_roles.push(json!({"metadata": {"name": name}, "rules": [held.rule]}));
        let binding = json!({
            "metadata": {"name": name, "namespace": held.namespace},
            "subjects": [{"kind": "User", "name": "u"}],
            "roleRef": {"kind": "ClusterRole", "name": name},
        });
        if held.namespace.is_empty() {
            cluster_role_bindings.push(binding);
        } else {
            role_bindings.push(binding);
        }
    }
    json!({
        "roles": [{"metadata": {"name": "reader", "namespace": "ns"}, "rules": read}],
        "clusterRoles": cluster_roles,
        "roleBindings": role_bindings,
        "clusterRoleBindings": cluster_role_bindings,
    })
}

fn word(verdict: &WriteVerdict<'_>) -> String {
    match verdict {
        WriteVerdict::Allowed(permit) => format!("{permit:?}"),
        WriteVerdict::Refused(refusal) => refusal.to_string(),
    }
}

#[test]
fn roles_and_bindings_are_written_by_those_who_hold_them() {
    let mut report = Report::new();
    for case in testkit::toml::<File>("testdata/writes.toml").case {
        let objects: Objects = serde_json::from_value(world(&case.holds)).unwrap();
        let policy = Policy::new(objects);
        let user = User::new("u", case.groups);
        let object = case.write;
        let got = match object["kind"].as_str().unwrap() {
            "Role" => {
                let role = serde_json::from_value(object).unwrap();
                word(&policy.write_role(&user, &role, Write::Create))
            }
            "ClusterRole" => {
                let role = serde_json::from_value(object).unwrap();
                let before = case
                    .replaces
                    .map(|role| serde_json::from_value(role).unwrap());
                let how = before.as_ref().map_or(Write::Create, Write::Replace);
                word(&policy.write_cluster_role(&user, &role, how))
            }
            "RoleBinding" => {
                let binding = serde_json::from_value(object).unwrap();
                word(&policy.write_role_binding(&user, &binding))
            }
            _ => {
                let binding = serde_json::from_value(object).unwrap();
                word(&policy.write_cluster_role_binding(&user, &binding))
            }
        };
        let got: String = got.chars().take(case.want.chars().count()).collect();
        report.check(&case.name, &got, &case.want);
    }
    report.finish();
}
