//! The cases of `testdata/lint.toml`, the order of findings, and objects that are known.

use std::collections::BTreeSet;

use k8s_rbac::{KubernetesVersion, Manifests, Objects, PolicyRule};
use k8s_rbac_lint::{Finding, FindingCode, Lint, Severity};
use serde::Deserialize;
use serde_json::json;
use testkit::Report;

use crate::support::{place, sample, sample_subjects, with_rule};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    code: String,
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    rules: Vec<PolicyRule>,
    #[serde(default)]
    objects: String,
    finds: Vec<String>,
    message: Option<String>,
}

impl Case {
    fn objects(&self) -> Objects {
        if self.rules.is_empty() {
            let manifests = Manifests::read([(self.name.as_str(), self.objects.as_str())]);
            let lost = manifests.problems().iter();
            let lost: Vec<_> = lost.filter(|p| p.fault.loses_an_object()).collect();
            assert!(lost.is_empty(), "{lost:?}");
            return manifests.into_objects();
        }
        let role = json!([{
            "metadata": {"name": "r", "namespace": self.namespace},
            "rules": self.rules,
        }]);
        let is_namespaced = !self.namespace.is_empty();
        let binding = json!([{
            "metadata": {"name": "b", "namespace": self.namespace},
            "subjects": [{"kind": "Group", "name": "devs"}],
            "roleRef": {"kind": if is_namespaced {"Role"} else {"ClusterRole"}, "name": "r"},
        }]);
        let cluster = if is_namespaced {
            json!({"roles": role, "roleBindings": binding})
        } else {
            json!({"clusterRoles": role, "clusterRoleBindings": binding})
        };
        let mut objects: Objects = serde_json::from_value(cluster).unwrap();
        for binding in &mut objects.cluster_role_bindings {
            binding.set_defaults();
        }
        for binding in &mut objects.role_bindings {
            binding.set_defaults();
        }
        objects
    }
}

fn cases() -> Vec<Case> {
    testkit::toml::<File>("testdata/lint.toml").case
}

#[test]
fn findings_match_the_cases() {
    let (mut report, lint) = (Report::new(), Lint::new());
    for case in cases() {
        let code = case.code.parse::<FindingCode>().unwrap();
        let name = format!("{code}: {}", case.name);
        let findings = lint.run(&case.objects());
        let findings: Vec<&Finding> = findings.iter().filter(|one| one.code == code).collect();
        let places: Vec<String> = findings.iter().map(|finding| place(finding)).collect();
        report.check(&name, &places, &case.finds);
        if let Some(expected) = &case.message {
            let message = findings.first().map(|finding| &finding.message);
            report.check(&name, &message, &Some(expected));
        }
    }
    report.finish();
}

#[test]
fn each_code_has_a_positive_and_a_negative_case() {
    let cases = cases();
    for &code in FindingCode::ALL {
        let of_code = || cases.iter().filter(|case| case.code == code.as_str());
        assert!(of_code().any(|case| !case.finds.is_empty()), "{code}");
        assert!(of_code().any(|case| case.finds.is_empty()), "{code}");
        assert_eq!(code.as_str().parse(), Ok(code));
        for sentence in [code.why(), code.advice()] {
            assert!(sentence.ends_with('.'), "{code}: {sentence}");
        }
    }
    let names: BTreeSet<&str> = FindingCode::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(names.len(), FindingCode::ALL.len());
}

#[test]
fn the_default_policy_of_every_version_has_no_findings() {
    let lint = Lint::new();
    for version in KubernetesVersion::ALL {
        let own = Lint::for_version(version);
        let mut objects = Objects::bootstrap(version);
        for lint in [&lint, &own] {
            assert_eq!(lint.run(&objects), [], "{version}");
        }
        objects.aggregate();
        for lint in [&lint, &own] {
            assert_eq!(lint.run(&objects), [], "{version}");
        }
    }
}

#[test]
fn a_version_selects_the_risks_and_the_default_policy() {
    let has = |lint: &Lint, objects: &Objects, code| {
        let findings = lint.run(objects);
        findings.iter().any(|finding| finding.code == code)
    };
    let exec = with_rule(&["get"], "", "pods/exec");
    let claim = with_rule(&["update"], "resource.k8s.io", "resourceclaims/binding");
    let mode = "impersonate:arbitrary-node";
    let node = with_rule(&[mode], "authentication.k8s.io", "nodes");
    let mut scheduler = sample();
    for binding in &mut scheduler.cluster_role_bindings {
        "system:kube-scheduler".clone_into(&mut binding.role_ref.name);
        binding.subjects = sample_subjects();
    }
    for version in KubernetesVersion::ALL {
        let lint = Lint::for_version(version);
        let is_before_1_35 = version < KubernetesVersion::V1_35;
        let is_since_1_36 = version >= KubernetesVersion::V1_36;
        assert_eq!(has(&lint, &exec, FindingCode::PodExec), is_before_1_35);
        let code = FindingCode::ResourceClaimWrite;
        assert_eq!(has(&lint, &claim, code), is_since_1_36);
        assert_eq!(has(&lint, &node, FindingCode::Impersonate), is_since_1_36);
        // Its only risk is writing resource claims.
        let code = FindingCode::BindsRiskyRole;
        assert_eq!(has(&lint, &scheduler, code), is_since_1_36);
    }
    let all = Lint::new();
    assert!(has(&all, &exec, FindingCode::PodExec));
    assert!(has(&all, &claim, FindingCode::ResourceClaimWrite));
    assert!(has(&all, &node, FindingCode::Impersonate));
    assert!(has(&all, &scheduler, FindingCode::BindsRiskyRole));

    let newest = Objects::bootstrap(KubernetesVersion::V1_37);
    let oldest = Lint::for_version(KubernetesVersion::V1_31);
    assert!(has(&oldest, &newest, FindingCode::DefaultChanged));
}

#[test]
fn findings_are_ordered_by_object_and_path_and_filtered_by_severity() {
    let found = |least| -> Vec<String> {
        let findings = Lint::new().with_min_severity(least).run(&sample());
        findings.iter().map(ToString::to_string).collect()
    };
    assert_eq!(
        found(Severity::Info),
        [
            "high secrets-read: ClusterRole/r rules[0]: get on secrets",
            "high secrets-read: ClusterRole/r rules[1]: get on secrets",
            "info shadowed-rule: ClusterRole/r rules[1]: equal to rules[0]",
            "info no-subjects: ClusterRoleBinding/b: grants ClusterRole r to no subject",
        ]
    );
    assert_eq!(found(Severity::Low).len(), 2);
    assert_eq!(found(Severity::Critical).len(), 0);
    let findings = Lint::new().with_min_severity(Severity::High).run(&sample());
    assert_eq!(
        serde_json::to_value(findings.first()).unwrap(),
        json!({
            "code": "secrets-read",
            "severity": "high",
            "object": {"kind": "ClusterRole", "name": "r"},
            "path": "rules[0]",
            "message": "get on secrets",
        })
    );
}

/// Objects with a text in every field that takes one.
fn with_text_everywhere(text: &str) -> Objects {
    serde_json::from_value(json!({
        "clusterRoles": [
            {
                "metadata": {"name": text, "labels": {text: text, "a": text}},
                "rules": [
                    {"verbs": [text, "get"], "apiGroups": [text, ""], "resources": [text, "secrets"],
                     "resourceNames": [text]},
                    {"verbs": ["create", text], "apiGroups": [""], "resources": ["secrets", text]},
                    {"verbs": [text], "nonResourceURLs": [text]},
                    {"verbs": ["get"], "apiGroups": [text], "resources": ["*"]},
                ],
            },
            {
                "metadata": {"name": format!("a{text}")},
                "rules": [{"verbs": [text], "apiGroups": [text], "resources": [text]}],
                "aggregationRule": {"clusterRoleSelectors": [
                    {"matchLabels": {text: text}},
                    {"matchExpressions": [{"key": text, "operator": text, "values": [text]}]},
                ]},
            },
        ],
        "roles": [{
            "metadata": {"name": text, "namespace": text},
            "rules": [{"verbs": [text], "apiGroups": [text], "resources": [text], "resourceNames": [text]}],
        }],
        "clusterRoleBindings": [{
            "metadata": {"name": text},
            "subjects": [
                {"kind": text, "name": text, "namespace": text, "apiGroup": text},
                {"kind": "User", "name": format!("system:serviceaccount:{text}")},
                {"kind": "ServiceAccount", "name": "default", "namespace": text},
            ],
            "roleRef": {"kind": text, "name": text, "apiGroup": text},
        }],
        "roleBindings": [{
            "metadata": {"name": text, "namespace": "ns"},
            "subjects": [{"kind": "ServiceAccount", "name": text}],
            "roleRef": {"kind": "Role", "name": text},
        }],
    }))
    .unwrap()
}

#[test]
fn no_text_of_an_object_is_printed_raw() {
    for text in [
        "\u{1b}[2J",
        "a\u{202e}b",
        "a\nmedium secrets-read: ClusterRole/b: c",
        "\r",
        "\u{2028}",
        "${A}\u{7}",
    ] {
        for lint in [
            Lint::new(),
            Lint::new().with_known(with_text_everywhere(text)),
        ] {
            let findings = lint.run(&with_text_everywhere(text));
            assert!(!findings.is_empty());
            for finding in findings {
                let line = finding.to_string();
                let is_raw = |c: char| c.is_control() || "\u{202e}\u{2028}".contains(c);
                assert!(!line.chars().any(is_raw), "{line:?}");
            }
        }
    }
    let long = "x".repeat(10_000);
    for finding in Lint::new().run(&with_text_everywhere(&long)) {
        let message = &finding.message;
        assert!(message.len() < 12_000, "{} bytes", message.len());
    }
}

#[test]
fn known_objects_exist_and_are_not_judged() {
    let mut known = Objects::default();
    let mut objects = sample();
    known.cluster_roles.append(&mut objects.cluster_roles);
    let codes = |lint: &Lint, objects: &Objects| -> Vec<FindingCode> {
        lint.run(objects).iter().map(|one| one.code).collect()
    };
    let dangling = [FindingCode::NoSubjects, FindingCode::DanglingRoleRef];
    assert_eq!(codes(&Lint::new(), &objects), dangling);
    let lint = Lint::new().with_known(known);
    assert_eq!(codes(&lint, &objects), [FindingCode::NoSubjects]);
    assert_eq!(codes(&lint, &sample()), [FindingCode::NoSubjects]);
}

/// A binding is known if a known binding of the same name grants the same role.
#[test]
fn a_binding_is_known_by_its_name_and_its_role() {
    let with_role = |kind: &str, name: &str, namespace: &str| {
        let binding = json!([{
            "metadata": {"name": "b", "namespace": namespace},
            "subjects": [{"kind": "Group", "name": "system:authenticated"}],
            "roleRef": {"kind": kind, "name": name},
        }]);
        let list = match namespace {
            "" => "clusterRoleBindings",
            _ => "roleBindings",
        };
        let mut objects: Objects = serde_json::from_value(json!({list: binding})).unwrap();
        for binding in &mut objects.cluster_role_bindings {
            binding.set_defaults();
        }
        for binding in &mut objects.role_bindings {
            binding.set_defaults();
        }
        objects
    };
    let known = ["", "ns"].map(|namespace| with_role("ClusterRole", "view", namespace));
    for (kind, name, is_known) in [
        ("ClusterRole", "view", true),
        ("ClusterRole", "edit", false),
        ("Role", "view", false),
    ] {
        for (namespace, known) in ["", "ns"].into_iter().zip(&known) {
            let lint = Lint::new().with_known(known.clone());
            let findings = lint.run(&with_role(kind, name, namespace));
            let is_told = findings
                .iter()
                .any(|one| one.code == FindingCode::AuthenticatedSubject);
            assert_eq!(is_told, !is_known, "{kind} {name} in {namespace:?}");
        }
    }
}

/// A binding gives nothing new if known bindings of other names grant its role to its subjects, there or in the
/// whole cluster.
#[test]
fn a_known_role_is_granted_where_known_bindings_grant_it() {
    let edit = |namespace: &str, name: &str| {
        let manifest = match namespace {
            "" => format!("kind: ClusterRoleBinding, metadata: {{name: {name}}}"),
            _ => {
                format!("kind: RoleBinding, metadata: {{name: {name}, namespace: {namespace}}}")
            }
        };
        let manifest = format!(
            "{{apiVersion: rbac.authorization.k8s.io/v1, {manifest}, \
             roleRef: {{kind: ClusterRole, name: edit}}, subjects: [{{kind: Group, name: devs}}]}}"
        );
        Manifests::read([("m", manifest.as_str())]).into_objects()
    };
    for (known, judged, is_new) in [
        ("", "", false),
        ("", "kube-system", false),
        ("kube-system", "kube-system", false),
        ("kube-system", "", true),
        ("ns", "kube-system", true),
    ] {
        let lint = Lint::new().with_known(edit(known, "a"));
        let findings = lint.run(&edit(judged, "b"));
        let is_told = findings
            .iter()
            .any(|one| one.code == FindingCode::BindsRiskyRole);
        assert_eq!(is_told, is_new, "known in {known:?}, judged in {judged:?}");
    }
}

#[test]
fn a_severity_is_read_by_its_name() {
    for severity in [
        Severity::Info,
        Severity::Low,
        Severity::Medium,
        Severity::High,
        Severity::Critical,
    ] {
        assert_eq!(severity.as_str().parse(), Ok(severity));
    }
    for name in ["", "High", "highest"] {
        assert!(name.parse::<Severity>().is_err(), "{name}");
    }
}
