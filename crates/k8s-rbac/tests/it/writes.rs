//! Writes that are stored or refused: the cases of `testdata/writes.toml`.

use k8s_rbac::{KubernetesVersion, Objects, Permit, Policy, PolicyRule, User, Write, WriteRefusal};
use serde::Deserialize;
use serde::de::DeserializeOwned;
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
    version: Option<KubernetesVersion>,
    replaces: Option<Value>,
    /// Whether the object is sent by PUT although it replaces no object.
    #[serde(default)]
    put: bool,
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

fn word(result: Result<Permit, WriteRefusal<'_>>) -> String {
    match result {
        Ok(permit) => format!("{permit:?}"),
        Err(refusal) => {
            let code = match &refusal {
                WriteRefusal::Aggregation { .. } => "aggregation",
                WriteRefusal::CreateForbidden { .. } => "create-forbidden",
                WriteRefusal::Escalation { .. } => "escalation",
                WriteRefusal::Invalid { .. } => "invalid",
                WriteRefusal::RoleNotFound { .. } => "role-not-found",
                _ => "",
            };
            assert_eq!(refusal.code(), code);
            format!("{} {refusal}", refusal.status())
        }
    }
}

/// Reads the object that is written and the object that it replaces.
fn read<T: DeserializeOwned>(case: &Case) -> (T, Option<T>) {
    let read = |object: &Value| serde_json::from_value(object.clone()).unwrap();
    (read(&case.write), case.replaces.as_ref().map(read))
}

fn how<'o, T>(case: &Case, before: &'o Option<T>) -> Write<'o, T> {
    match before {
        Some(before) => Write::Replace(before),
        None if case.put => Write::CreateByPut,
        None => Write::Create,
    }
}

#[test]
fn roles_and_bindings_are_stored_or_refused() {
    let mut report = Report::new();
    for case in testkit::toml::<File>("testdata/writes.toml").case {
        let objects: Objects = serde_json::from_value(world(&case.holds)).unwrap();
        let policy = Policy::new(objects);
        let user = User::new("u", &case.groups);
        let version = case.version.unwrap_or_default();
        let got = match case.write["kind"].as_str().unwrap() {
            "Role" => {
                let (role, before) = read(&case);
                word(policy.write_role(version, &user, &role, how(&case, &before)))
            }
            "ClusterRole" => {
                let (role, before) = read(&case);
                word(policy.write_cluster_role(version, &user, &role, how(&case, &before)))
            }
            "RoleBinding" => {
                let (binding, before) = read(&case);
                word(policy.write_role_binding(version, &user, &binding, how(&case, &before)))
            }
            _ => {
                let (binding, before) = read(&case);
                word(policy.write_cluster_role_binding(
                    version,
                    &user,
                    &binding,
                    how(&case, &before),
                ))
            }
        };
        let got: String = got.chars().take(case.want.chars().count()).collect();
        report.check(&case.name, &got, &case.want);
    }
    report.finish();
}
