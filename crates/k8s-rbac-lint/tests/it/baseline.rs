//! Baselines: findings that were accepted.

use k8s_rbac::{ClusterRole, Objects, RoleBinding};
use k8s_rbac_lint::{Baseline, BaselineError, FindingCode, Lint};

use crate::support::sample;

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
