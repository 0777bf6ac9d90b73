//! The cases of `testdata/lint.toml`, the order of findings, baselines, and the cost of hostile input.

use std::collections::BTreeSet;

use k8s_rbac::{
    ClusterRole, ClusterRoleBinding, KubernetesVersion, Manifests, Objects, Policy, PolicyRule,
    Role, RoleBinding, Subject,
};
use k8s_rbac_lint::{Baseline, BaselineError, Finding, FindingCode, Lint, Severity};
use k8s_rbac_oracle::strategies::{question, world};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::json;
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

fn place(finding: &Finding) -> String {
    let place = format!("{} {} {}", finding.severity, finding.object, finding.path);
    place.trim_end().to_owned()
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

/// Objects with one rule in a `ClusterRole` that is bound in the whole cluster.
fn with_rule(verbs: &[&str], api_group: &str, resource: &str) -> Objects {
    let mut objects = sample();
    for role in &mut objects.cluster_roles {
        role.rules = vec![PolicyRule {
            verbs: verbs.iter().map(|&verb| verb.to_owned()).collect(),
            api_groups: vec![api_group.to_owned()],
            resources: vec![resource.to_owned()],
            ..PolicyRule::default()
        }];
    }
    objects
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
    for version in KubernetesVersion::ALL {
        let lint = Lint::for_version(version);
        let is_before_1_35 = version < KubernetesVersion::V1_35;
        let is_since_1_36 = version >= KubernetesVersion::V1_36;
        assert_eq!(has(&lint, &exec, FindingCode::PodExec), is_before_1_35);
        let code = FindingCode::ResourceClaimWrite;
        assert_eq!(has(&lint, &claim, code), is_since_1_36);
        assert_eq!(has(&lint, &node, FindingCode::Impersonate), is_since_1_36);
    }
    let all = Lint::new();
    assert!(has(&all, &exec, FindingCode::PodExec));
    assert!(has(&all, &claim, FindingCode::ResourceClaimWrite));
    assert!(has(&all, &node, FindingCode::Impersonate));

    let newest = Objects::bootstrap(KubernetesVersion::V1_37);
    let oldest = Lint::for_version(KubernetesVersion::V1_31);
    assert!(has(&oldest, &newest, FindingCode::DefaultChanged));
}

fn sample() -> Objects {
    let secrets = PolicyRule {
        verbs: vec!["get".to_owned()],
        api_groups: vec![String::new()],
        resources: vec!["secrets".to_owned()],
        ..PolicyRule::default()
    };
    let mut role = ClusterRole::default();
    role.metadata.name = "r".to_owned();
    role.rules = vec![secrets.clone(), secrets];
    let mut binding = ClusterRoleBinding::default();
    binding.metadata.name = "b".to_owned();
    "ClusterRole".clone_into(&mut binding.role_ref.kind);
    "r".clone_into(&mut binding.role_ref.name);
    binding.set_defaults();
    Objects {
        cluster_roles: vec![role],
        cluster_role_bindings: vec![binding],
        ..Objects::default()
    }
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

/// A known binding is one of this name that grants the same role.
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

#[test]
fn paths_are_compared_up_to_their_limit() {
    for (count, codes) in [
        (128, [FindingCode::UrlWithoutParent]),
        (129, [FindingCode::NotChecked]),
    ] {
        let mut objects = with_rule(&[], "", "");
        for role in &mut objects.cluster_roles {
            role.rules = vec![PolicyRule {
                verbs: vec!["get".to_owned()],
                non_resource_urls: (0..count).map(|number| format!("/{number}/*")).collect(),
                ..PolicyRule::default()
            }];
        }
        let found: Vec<FindingCode> = (Lint::new().run(&objects).iter())
            .filter(|finding| finding.object.kind == "ClusterRole")
            .map(|finding| finding.code)
            .collect();
        assert_eq!(found, codes, "{count} paths");
    }
}

#[test]
fn a_baseline_round_trips_for_any_object_name() {
    for name in [
        "a", "a/b", "/", "", " a", "a b", "a\nb", "\"a\"", "a\\", "é", "a%b",
    ] {
        let mut objects = Objects::default();
        let mut role = ClusterRole::default();
        role.metadata.name = name.to_owned();
        objects.cluster_roles.push(role);
        let mut binding = RoleBinding::default();
        binding.metadata.name = name.to_owned();
        binding.metadata.namespace = name.to_owned();
        objects.role_bindings.push(binding);
        let findings = Lint::new().run(&objects);
        assert!(findings.len() > 1, "{name:?}");
        let all = Baseline::of(&findings);
        assert_eq!(Baseline::parse(&all.to_string()), Ok(all), "{name:?}");
    }
}

#[test]
fn a_baseline_removes_accepted_findings_and_reports_stale_entries() {
    let findings = Lint::new().run(&sample());
    let text = "\
# accepted by the platform team
secrets-read ClusterRole/r

full-access Role/ns/gone
";
    let baseline = Baseline::parse(text).unwrap();
    assert_eq!(text.parse(), Ok(baseline.clone()));
    assert!(!baseline.is_empty());
    assert_eq!(
        "# nothing\n"
            .parse::<Baseline>()
            .map(|none| none.is_empty()),
        Ok(true)
    );
    let reviewed = baseline.apply(findings.clone());
    let codes: Vec<FindingCode> = reviewed.findings.iter().map(|one| one.code).collect();
    assert_eq!(codes, [FindingCode::ShadowedRule, FindingCode::NoSubjects]);
    assert_eq!(reviewed.accepted, 2);
    assert_eq!(reviewed.stale.to_string(), "full-access Role/ns/gone\n");

    let all = Baseline::of(&findings);
    assert_eq!(Baseline::parse(&all.to_string()), Ok(all.clone()));
    let reviewed = all.apply(findings);
    assert!(reviewed.findings.is_empty() && reviewed.stale.is_empty());

    for (text, error) in [
        (
            "\nsecret-read ClusterRole/r",
            BaselineError::Code { line: 2 },
        ),
        ("secrets-read", BaselineError::Object { line: 1 }),
        ("secrets-read Role/r", BaselineError::Object { line: 1 }),
        (
            "secrets-read ClusterRole/",
            BaselineError::Object { line: 1 },
        ),
        ("secrets-read Secret/r", BaselineError::Object { line: 1 }),
    ] {
        assert_eq!(Baseline::parse(text), Err(error), "{text}");
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

/// Comparing all of these rules and bindings with each other would be quadratic.
#[test]
fn many_rules_and_bindings_are_linted() {
    let rule = |n: usize| PolicyRule {
        verbs: vec!["get".to_owned()],
        api_groups: vec!["example.com".to_owned()],
        resources: vec![format!("r{n}")],
        ..PolicyRule::default()
    };
    let many = 20_000;
    let mut objects = sample();
    for role in &mut objects.cluster_roles {
        role.rules = (0..many).map(|n| rule(n / 2)).collect();
    }
    objects.cluster_role_bindings = (0..many)
        .map(|n| {
            let mut binding = ClusterRoleBinding::default();
            binding.metadata.name = format!("b{n}");
            binding.subjects = vec![Subject {
                kind: "Group".to_owned(),
                name: "devs".to_owned(),
                ..Subject::default()
            }];
            "ClusterRole".clone_into(&mut binding.role_ref.kind);
            "r".clone_into(&mut binding.role_ref.name);
            binding.set_defaults();
            binding
        })
        .collect();
    let findings = Lint::new().run(&objects);
    let count = |code| findings.iter().filter(|one| one.code == code).count();
    assert_eq!(count(FindingCode::ShadowedRule), many / 2);
    assert!(count(FindingCode::DuplicateBinding) > 0);
    // The role, and the first of the bindings.
    assert_eq!(count(FindingCode::NotChecked), 2);
}

/// A binding is compared with 16 others of its subject. The pairs of roles stay below their limit.
#[test]
fn bindings_of_a_subject_are_compared_up_to_their_limit() {
    for (count, not_checked) in [(17, 0), (18, 1)] {
        let mut objects = sample();
        objects.cluster_role_bindings = (0..count)
            .map(|n| {
                let mut binding = ClusterRoleBinding::default();
                binding.metadata.name = format!("b{n}");
                binding.subjects = sample_subjects();
                "ClusterRole".clone_into(&mut binding.role_ref.kind);
                binding.role_ref.name = format!("r{n}");
                binding.set_defaults();
                binding
            })
            .collect();
        let findings = Lint::new().run(&objects);
        let told = findings
            .iter()
            .filter(|one| one.code == FindingCode::NotChecked);
        assert_eq!(told.count(), not_checked, "{count}");
    }
}

/// The known role has the rule by aggregation, so a judged role that has it by itself grants nothing new.
#[test]
fn a_known_aggregated_role_is_known_with_the_rules_that_it_collects() {
    let secrets = json!([{"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"]}]);
    let known: Objects = serde_json::from_value(json!({"clusterRoles": [
        {"metadata": {"name": "a"},
         "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"x": "1"}}]}},
        {"metadata": {"name": "b", "labels": {"x": "1"}}, "rules": secrets},
    ]}))
    .unwrap();
    let mut judged: Objects = serde_json::from_value(json!({
        "clusterRoles": [{"metadata": {"name": "a"}, "rules": secrets}],
        "clusterRoleBindings": [{
            "metadata": {"name": "b"}, "subjects": [{"kind": "Group", "name": "devs"}],
            "roleRef": {"kind": "ClusterRole", "name": "a"},
        }],
    }))
    .unwrap();
    judged.cluster_role_bindings[0].set_defaults();
    let risks =
        |lint: Lint| -> Vec<String> { lint.run(&judged).iter().map(ToString::to_string).collect() };
    assert_eq!(risks(Lint::new()).len(), 1);
    assert_eq!(risks(Lint::new().with_known(known)), [""; 0]);
}

/// Roles that each aggregate the next, and more of them than were once compared.
#[test]
fn many_aggregated_roles_are_linted() {
    let role = |n: usize| {
        let mut role = ClusterRole::default();
        role.metadata.name = format!("r{n}");
        role.metadata
            .labels
            .insert("chain".to_owned(), n.to_string());
        role
    };
    let mut objects = Objects::default();
    for n in 0..100 {
        let mut aggregated = role(n);
        let next: ClusterRole = serde_json::from_value(json!({"metadata": {"name": "next"},
            "aggregationRule": {"clusterRoleSelectors": [
                {"matchLabels": {"chain": (n + 1).to_string()}}]}}))
        .unwrap();
        aggregated.aggregation_rule = next.aggregation_rule;
        objects.cluster_roles.push(aggregated);
    }
    let mut last = role(100);
    last.rules.push(PolicyRule {
        verbs: vec!["get".to_owned()],
        api_groups: vec![String::new()],
        resources: vec!["secrets".to_owned()],
        ..PolicyRule::default()
    });
    objects.cluster_roles.push(last);
    let mut binding = ClusterRoleBinding::default();
    binding.metadata.name = "b".to_owned();
    binding.subjects = sample_subjects();
    "ClusterRole".clone_into(&mut binding.role_ref.kind);
    "r0".clone_into(&mut binding.role_ref.name);
    binding.set_defaults();
    objects.cluster_role_bindings.push(binding);
    let findings = Lint::new().run(&objects);
    let codes: Vec<String> = findings
        .iter()
        .map(|one| format!("{} {}", one.severity, one.code))
        .collect();
    // As severe as where the last role is bound itself, and no role is unused.
    assert_eq!(codes, ["high secrets-read"], "{findings:?}");
}

/// Aggregated roles that select each other, and one of which is bound.
#[test]
fn a_circle_of_aggregated_roles_is_bound_where_one_is() {
    let mut objects: Objects = serde_json::from_value(json!({
        "clusterRoles": [
            {"metadata": {"name": "a", "labels": {"x": "1"}},
             "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"x": "1"}}]}},
            {"metadata": {"name": "b", "labels": {"x": "1"}},
             "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"x": "1"}}]}},
            {"metadata": {"name": "c", "labels": {"x": "1"}}, "rules": [
                {"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"]}]},
        ],
        "clusterRoleBindings": [{
            "metadata": {"name": "b"}, "subjects": [{"kind": "Group", "name": "devs"}],
            "roleRef": {"kind": "ClusterRole", "name": "a"},
        }],
    }))
    .unwrap();
    objects.cluster_role_bindings[0].set_defaults();
    let findings = Lint::new().run(&objects);
    let risks: Vec<String> = findings
        .iter()
        .filter(|finding| finding.code == FindingCode::SecretsRead)
        .map(place)
        .collect();
    assert_eq!(risks, ["high ClusterRole/c rules[0]"]);
}

fn sample_subjects() -> Vec<Subject> {
    vec![Subject {
        kind: "Group".to_owned(),
        name: "devs".to_owned(),
        ..Subject::default()
    }]
}

/// Removes the binding or rule that a finding calls redundant.
fn without(objects: &Objects, finding: &Finding) -> Objects {
    let mut left = objects.clone();
    let rule: Option<usize> = finding
        .path
        .strip_prefix("rules[")
        .and_then(|rest| rest.strip_suffix(']')?.parse().ok());
    let is_it = |kind: &str, namespace: &str, name: &str| {
        let object = &finding.object;
        object.kind == kind && object.namespace == namespace && object.name == name
    };
    let at_role = |role: &Role| is_it("Role", &role.metadata.namespace, &role.metadata.name);
    match rule {
        Some(at) => {
            for role in left.roles.iter_mut().filter(|role| at_role(role)) {
                role.rules.remove(at);
            }
            for role in &mut left.cluster_roles {
                if is_it("ClusterRole", "", &role.metadata.name) {
                    role.rules.remove(at);
                }
            }
        }
        None => {
            left.cluster_role_bindings
                .retain(|b| !is_it("ClusterRoleBinding", "", &b.metadata.name));
            left.role_bindings.retain(|b: &RoleBinding| {
                !is_it("RoleBinding", &b.metadata.namespace, &b.metadata.name)
            });
        }
    }
    left
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn removing_redundant_objects_changes_no_decision(
        world in world(),
        questions in proptest::collection::vec(question(), 16),
    ) {
        let policy = Policy::new(world.clone());
        for finding in Lint::new().run(&world) {
            let is_redundant = matches!(
                finding.code,
                FindingCode::DuplicateBinding | FindingCode::ShadowedBinding | FindingCode::ShadowedRule
            );
            if is_redundant {
                let left = Policy::new(without(&world, &finding));
                for question in &questions {
                    let request = question.request();
                    prop_assert_eq!(
                        policy.rbac(&question.user, &request).decision().is_allow(),
                        left.rbac(&question.user, &request).decision().is_allow(),
                        "{} {:?}", finding, question
                    );
                }
            }
        }
    }
}
