//! Objects that the API server would not store: recorded cases, and cases beyond the recording.

use std::collections::BTreeMap;

use k8s_rbac::{
    ClusterRole, ClusterRoleBinding, FieldErrors, KubernetesVersion, Role, RoleBinding,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use testkit::Report;

const V1_34: KubernetesVersion = KubernetesVersion::V1_34;
const V1_35: KubernetesVersion = KubernetesVersion::V1_35;

#[derive(Deserialize)]
struct Case {
    kind: String,
    object: Value,
    errors: Vec<Error>,
    #[serde(default)]
    message: String,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Error {
    field: String,
    #[serde(rename = "type")]
    reason: String,
    body: String,
}

fn read<T: DeserializeOwned>(object: &Value) -> Option<T> {
    serde_json::from_value(object.clone()).ok()
}

fn field_errors(kind: &str, object: &Value) -> Option<FieldErrors> {
    match kind {
        "ClusterRole" => Some(read::<ClusterRole>(object)?.field_errors(V1_34)),
        "ClusterRoleBinding" => Some(read::<ClusterRoleBinding>(object)?.field_errors(V1_34)),
        "Role" => Some(read::<Role>(object)?.field_errors(V1_34)),
        _ => Some(read::<RoleBinding>(object)?.field_errors(V1_34)),
    }
}

#[test]
fn the_errors_of_fields_are_those_of_upstream() {
    let mut report = Report::new();
    for case in testkit::json_lines::<Case>("testdata/validation.jsonl") {
        let errors = field_errors(&case.kind, &case.object).unwrap();
        let name = format!("{} {}", case.kind, case.object);
        let got: Vec<Error> = (errors.errors().iter())
            .map(|error| Error {
                field: error.field.clone(),
                reason: error.reason.as_str().to_owned(),
                body: error.message.clone(),
            })
            .collect();
        report.check(&name, &got, &case.errors);
        report.check(&name, &errors.message("NAME"), &case.message);
    }
    report.finish();
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    case: Vec<WrittenCase>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenCase {
    name: String,
    kind: String,
    object: Value,
    errors: Vec<String>,
}

#[test]
fn the_errors_of_fields_are_what_the_cases_say() {
    let mut report = Report::new();
    for case in testkit::toml::<Written>("testdata/validation.toml").case {
        let errors = field_errors(&case.kind, &case.object).unwrap();
        // The messages of upstream are long. Their beginnings differ.
        let got: Vec<String> = (errors.errors().iter().zip(&case.errors))
            .map(|(error, want)| {
                error
                    .to_string()
                    .chars()
                    .take(want.chars().count())
                    .collect()
            })
            .collect();
        report.check(&case.name, &got, &case.errors);
        let counts = (errors.errors().len(), case.errors.len());
        report.check(&case.name, &counts.0, &counts.1);
    }
    report.finish();
}

#[test]
fn a_value_that_no_label_has_may_stay_but_not_come() {
    let role = |value: &str, other: &str| -> ClusterRole {
        let selector = json!({
            "matchLabels": {"a": other},
            "matchExpressions": [{"key": "a", "operator": "In", "values": [value]}],
        });
        let rule = json!({"clusterRoleSelectors": [selector]});
        read(&json!({"metadata": {"name": "r"}, "aggregationRule": rule})).unwrap()
    };
    let fields = |errors: FieldErrors| -> Vec<String> {
        let errors = errors.errors().iter();
        let ends = errors.map(|error| error.to_string().split(": ").next().map(str::to_owned));
        ends.flatten().collect()
    };
    let selector = "aggregationRule.clusterRoleSelectors[0]";
    let values = format!("{selector}.matchExpressions[0].values[0]");
    let (good, bad) = (role("v", "v"), role("-", "v"));
    assert_eq!(fields(good.field_errors_after(V1_35, &bad)), [""; 0]);
    assert_eq!(
        fields(bad.field_errors_after(V1_35, &good)),
        [&*values, selector]
    );
    // The errors no longer name the value, but it does not become a selector either.
    assert_eq!(fields(bad.field_errors_after(V1_35, &bad)), [selector]);
    // As in upstream, any fault in the old selectors lets values in.
    assert_eq!(
        fields(bad.field_errors_after(V1_35, &role("v", "-"))),
        [selector]
    );
    let labels = format!("{selector}.matchLabels");
    assert_eq!(
        fields(role("-", "-").field_errors_after(V1_35, &bad)),
        [&*labels, selector]
    );
}

#[test]
fn a_binding_never_changes_its_role() {
    let binding = |role: &str| {
        let mut binding: RoleBinding = read(&json!({
            "metadata": {"name": "b", "namespace": "ns"},
            "roleRef": {"kind": "ClusterRole", "name": role},
        }))
        .unwrap();
        binding.set_defaults();
        binding
    };
    assert!(
        binding("r")
            .field_errors_after(V1_34, &binding("r"))
            .is_empty()
    );
    let errors = binding("r2").field_errors_after(V1_34, &binding("r1"));
    assert_eq!(
        errors.message("b"),
        concat!(
            r#"RoleBinding.rbac.authorization.k8s.io "b" is invalid: roleRef: Invalid value: "#,
            r#"{"APIGroup":"rbac.authorization.k8s.io","Kind":"ClusterRole","Name":"r2"}: "#,
            "cannot change roleRef",
        )
    );
    let before: ClusterRoleBinding = read(&json!({"roleRef": {"name": "r"}})).unwrap();
    let mut after = before.clone();
    after.set_defaults();
    // All three fields are compared.
    let errors = after.field_errors_after(V1_34, &before);
    assert_eq!(errors.errors().last().unwrap().field, "roleRef");
}

#[test]
fn defaults_are_for_what_has_one() {
    let mut binding: ClusterRoleBinding = read(&json!({
        "metadata": {"name": "b"},
        "roleRef": {"kind": "ClusterRole", "name": "r"},
        "subjects": [
            {"kind": "User", "name": "u"}, {"kind": "Group", "name": "g"},
            {"kind": "ServiceAccount", "name": "s", "namespace": "n"},
            {"kind": "user", "name": "u"}, {"kind": "User", "apiGroup": "x", "name": "u"},
        ],
    }))
    .unwrap();
    binding.set_defaults();
    let groups: Vec<&str> = (binding.subjects.iter())
        .map(|subject| subject.api_group.as_str())
        .collect();
    let own = k8s_rbac::API_GROUP;
    assert_eq!(groups, [own, own, "", "", "x"]);
    assert_eq!(binding.role_ref.api_group, own);
}

#[test]
fn the_body_of_a_refusal_lists_the_causes() {
    let role: Role = read(&json!({
        "metadata": {"name": "r", "namespace": "ns"},
        "rules": [{"apiGroups": [""], "resources": ["<>"]}],
    }))
    .unwrap();
    assert_eq!(
        role.field_errors(V1_34).body("r"),
        concat!(
            r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"#,
            r#""Role.rbac.authorization.k8s.io \"r\" is invalid: rules[0].verbs: Required value: "#,
            r#"verbs must contain at least one value","reason":"Invalid","details":{"name":"r","#,
            r#""group":"rbac.authorization.k8s.io","kind":"Role","causes":[{"reason":"#,
            r#""FieldValueRequired","message":"Required value: verbs must contain at least one "#,
            r#"value","field":"rules[0].verbs"}]},"code":422}"#,
            "\n",
        )
    );
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Releases {
    case: Vec<ReleaseCase>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReleaseCase {
    name: String,
    kind: String,
    before: Option<Value>,
    object: Value,
    errors: BTreeMap<KubernetesVersion, Vec<String>>,
}

#[test]
fn each_release_has_its_own_errors() {
    fn errors_of<T: DeserializeOwned>(
        case: &ReleaseCase,
        version: KubernetesVersion,
        create: fn(&T, KubernetesVersion) -> FieldErrors,
        replace: fn(&T, KubernetesVersion, &T) -> FieldErrors,
    ) -> FieldErrors {
        let object = read(&case.object).unwrap();
        match &case.before {
            Some(before) => replace(&object, version, &read(before).unwrap()),
            None => create(&object, version),
        }
    }
    let mut report = Report::new();
    for case in testkit::toml::<Releases>("testdata/releases.toml").case {
        for version in KubernetesVersion::ALL {
            let errors = match case.kind.as_str() {
                "ClusterRole" => errors_of(
                    &case,
                    version,
                    ClusterRole::field_errors,
                    ClusterRole::field_errors_after,
                ),
                "ClusterRoleBinding" => errors_of(
                    &case,
                    version,
                    ClusterRoleBinding::field_errors,
                    ClusterRoleBinding::field_errors_after,
                ),
                "Role" => errors_of(&case, version, Role::field_errors, Role::field_errors_after),
                _ => errors_of(
                    &case,
                    version,
                    RoleBinding::field_errors,
                    RoleBinding::field_errors_after,
                ),
            };
            let got: Vec<String> = errors.errors().iter().map(ToString::to_string).collect();
            let (_, want) = case.errors.range(..=version).next_back().unwrap();
            report.check(&format!("{} in {version}", case.name), &got, want);
        }
    }
    report.finish();
}

#[test]
fn each_release_has_its_own_words_for_labels() {
    let key = "k".repeat(64);
    let role: ClusterRole = read(&json!({"metadata": {
        "name": "r",
        "labels": {"a/b/c": "v", (key.clone()): "v".repeat(64), (format!("{}/k", "p".repeat(254))): "v"},
    }}))
    .unwrap();
    let selector = format!("app,{key}");
    for version in KubernetesVersion::ALL {
        let (unit, form) = match version < V1_35 {
            true => ("characters", "a qualified name must consist of"),
            false => ("bytes", "a valid label key must consist of"),
        };
        let message = role.field_errors(version).message("r");
        for text in [
            format!("name part must be no more than 63 {unit}"),
            format!("prefix part must be no more than 253 {unit}"),
            format!(": must be no more than 63 {unit}"),
            form.to_owned(),
        ] {
            assert!(message.contains(&text), "{version}: {text}: {message}");
        }
        let why = k8s_rbac::LabelRequirement::parse(&selector).unwrap_err();
        let text = format!("name part must be no more than 63 {unit}");
        assert!(why.message_in(version).ends_with(&text), "{version}");
        let why = k8s_rbac::SelectorError::Requirement {
            key: "a",
            operator: k8s_rbac::Operator::In,
            values: &[],
        };
        let nothing = match version < KubernetesVersion::V1_34 {
            true => "[]string(nil)",
            false => "null",
        };
        let text = format!("values: Invalid value: {nothing}: for 'in'");
        assert!(why.message_in(version).starts_with(&text), "{version}");
    }
}
