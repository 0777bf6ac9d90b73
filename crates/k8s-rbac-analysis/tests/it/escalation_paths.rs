//! The identities and permissions that a user can obtain: the cases of `testdata/escalation_paths.toml`, and a
//! comparison of the search with a closure that tries everything until it finds no new permission.

mod bound;
mod combined;
mod constrained;
mod goals;
mod groups;
mod growth;
mod naive;
mod worlds;

use std::collections::BTreeSet;

use k8s_rbac::{
    ClusterRole, ClusterRoleBinding, KubernetesVersion, Objects, Policy, PolicyRule,
    ResourceRequest, Subject, SubjectName, User,
};
use k8s_rbac_analysis::escalation_paths;
use k8s_rbac_analysis::escalation_paths::{EscalationPaths, EscalationSearch, Goal, Step, Target};
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, contextualize_config};
use serde::Deserialize;
use testkit::Report;

use crate::permissions::read;

use naive::Naive;
use worlds::{PARTS, constrained_world, named, own, role_ref, world};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    user: String,
    #[serde(default)]
    groups: Vec<String>,
    manifests: String,
    lines: String,
}

#[test]
fn users_become_what_the_cases_say() {
    let mut report = Report::new();
    for case in testkit::toml::<File>("testdata/escalation_paths.toml").case {
        let policy = Policy::new(read(&case.manifests));
        let user = User::new(case.user, case.groups);
        let paths = escalation_paths(&policy, &user).unwrap();
        report.check(&case.name, &paths.to_string(), &case.lines);
        for (number, step) in paths.steps().iter().enumerate() {
            let path = paths.path(number);
            let is_from_start = path.first().is_some_and(|first| first.after().is_empty());
            report.check(&case.name, &is_from_start, &true);
            report.check(&case.name, &path.last(), &Some(&step));
        }
    }
    report.finish();
}

fn reached(paths: &EscalationPaths<'_>) -> BTreeSet<SubjectName> {
    let targets = paths.steps().iter().filter_map(|step| match step.target() {
        Target::Subject(identity) => Some(identity.clone()),
        _ => None,
    });
    targets.collect()
}

/// Compares the search with trying everything.
fn check_search(world: Objects, groups: &[&str]) {
    let user = User::new("u", groups.iter().copied()).authenticated();
    let naive = Naive::run(&world, &user);
    let policy = Policy::new(world);
    let paths = escalation_paths(&policy, &user).unwrap();
    assert_eq!(
        paths.to_everything().is_some(),
        naive.has_everything,
        "{paths}"
    );
    if !naive.has_everything {
        let found = reached(&paths);
        let found: BTreeSet<_> = found.intersection(&naive.candidates).cloned().collect();
        assert_eq!(found, naive.reached, "{paths}");
    }
    // Each target occurs once, and each step follows earlier ones.
    let targets = paths.steps().iter();
    let targets: Vec<String> = targets.map(|step| format!("{:?}", step.target())).collect();
    let once: BTreeSet<&String> = targets.iter().collect();
    assert_eq!(once.len(), targets.len(), "{paths}");
    for (number, step) in paths.steps().iter().enumerate() {
        assert!(step.after().iter().all(|before| *before < number));
        if let Target::UserWithGroups { identity, groups } = step.target() {
            let before = paths.steps().iter().take(number).map(Step::target);
            check_known(before, &user, identity, groups);
        }
    }
}

/// A user with groups is reached after the user and each of the groups. A group is reached by a step, or the user of
/// the search has it.
fn check_known<'p>(
    before: impl Iterator<Item = &'p Target<'p>>,
    start: &User,
    identity: &SubjectName,
    groups: &[String],
) {
    let mut known: BTreeSet<SubjectName> = start
        .groups
        .iter()
        .cloned()
        .map(SubjectName::Group)
        .collect();
    known.insert(SubjectName::User(start.name.clone()));
    for target in before {
        if let Target::Subject(identity) = target {
            known.insert(identity.clone());
            if let Some(account) = identity.as_service_account() {
                let user = User::service_account(account.namespace(), account.name());
                known.extend(user.groups.into_iter().map(SubjectName::Group));
            }
        }
    }
    assert!(known.contains(identity), "{identity}");
    for group in groups {
        assert!(
            known.contains(&SubjectName::Group(group.clone())),
            "{group}"
        );
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct World {
    groups: Vec<String>,
    objects: Objects,
}

#[test]
fn worlds_that_once_failed_are_searched() {
    let worlds = testkit::json_lines::<World>("testdata/escalation_worlds.jsonl");
    assert!(!worlds.is_empty());
    for World { groups, objects } in worlds {
        let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
        check_search(objects, &groups);
    }
}

/// Each run has the same worlds, so that it takes the same time, and a failure comes from the current
/// change. `PROPTEST_CASES` and `PROPTEST_RNG_SEED` try others.
fn searches() -> ProptestConfig {
    contextualize_config(ProptestConfig {
        cases: 64,
        rng_seed: RngSeed::Fixed(0),
        // Each try of a smaller world is a search.
        max_shrink_iters: 1_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })
}

proptest! {
    #![proptest_config(searches())]

    #[test]
    fn the_search_finds_what_trying_everything_finds(
        world in world(&PARTS),
        is_in_group in any::<bool>(),
    ) {
        check_search(world, if is_in_group { &["g"] } else { &[] });
    }

    #[test]
    fn the_search_follows_constrained_impersonation_as_trying_everything_does(
        world in constrained_world(),
        is_in_group in any::<bool>(),
    ) {
        check_search(world, if is_in_group { &["g"] } else { &[] });
    }
}

#[test]
fn the_worlds_of_the_search_are_not_trivial() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let user = User::new("u", ["g"]).authenticated();
    let (mut everything, mut others, mut far) = (0, 0, 0);
    for _ in 0..600 {
        let policy = Policy::new(world(&PARTS).new_tree(&mut runner).unwrap().current());
        let paths = escalation_paths(&policy, &user).unwrap();
        let is_everything = paths.to_everything().is_some();
        everything += usize::from(is_everything);
        others += usize::from(!is_everything && !reached(&paths).is_empty());
        let steps = paths.steps().iter();
        far += usize::from(
            steps
                .enumerate()
                .any(|(number, _)| paths.path(number).len() > 2),
        );
    }
    assert!(
        everything >= 50 && others >= 100 && far >= 30,
        "{everything} {others} {far}"
    );
}

#[test]
fn constrained_impersonations_lead_further_in_many_worlds() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let user = User::new("u", ["g"]).authenticated();
    let mut modes = [0; 3];
    for _ in 0..300 {
        let policy = Policy::new(constrained_world().new_tree(&mut runner).unwrap().current());
        let paths = escalation_paths(&policy, &user).unwrap();
        for step in paths.steps() {
            let by = step.actor().and_then(|actor| paths.steps().get(actor));
            if let Some(Target::ConstrainedIdentity { identity, .. }) = by.map(Step::target) {
                let mode = match (identity, identity.as_service_account()) {
                    (_, Some(_)) => 0,
                    (SubjectName::User(name), _) if name.starts_with("system:node:") => 1,
                    _ => 2,
                };
                modes[mode] += 1;
            }
        }
    }
    assert!(modes.iter().all(|count| *count >= 20), "{modes:?}");
}

/// The number of steps of a user with one rule, on a version.
fn steps_with(rule: serde_json::Value, version: KubernetesVersion) -> usize {
    let objects: Objects = serde_json::from_value(serde_json::json!({
        "clusterRoles": [{"metadata": {"name": "r"}, "rules": [rule]}],
        "clusterRoleBindings": [
            {"metadata": {"name": "b"}, "subjects": [
                {"kind": "User", "name": "u"},
                {"kind": "ServiceAccount", "name": "a", "namespace": "ns1"},
            ], "roleRef": {"kind": "ClusterRole", "name": "r"}},
        ],
    }))
    .unwrap();
    let policy = Policy::new(objects);
    let search = EscalationSearch::new(&policy, &User::new("u", [""; 0])).on_version(version);
    search.paths().unwrap().steps().len()
}

#[test]
fn the_version_decides_about_exec_admission_policies_and_constrained_impersonation() {
    use KubernetesVersion::{V1_34, V1_35, V1_36};
    let exec = serde_json::json!({"verbs": ["get"], "apiGroups": [""], "resources": ["pods/exec"]});
    assert_eq!(steps_with(exec.clone(), V1_34), 1);
    assert_eq!(steps_with(exec, V1_35), 0);
    let policies = serde_json::json!({"verbs": ["update"],
        "apiGroups": ["admissionregistration.k8s.io"], "resources": ["mutatingadmissionpolicies"]});
    assert_eq!(steps_with(policies.clone(), V1_35), 0);
    assert_eq!(steps_with(policies, V1_36), 1);
    let constrained = serde_json::json!({
        "verbs": ["impersonate:user-info", "impersonate-on:user-info:get"],
        "apiGroups": ["authentication.k8s.io"], "resources": ["users"], "resourceNames": ["v"]});
    assert_eq!(steps_with(constrained.clone(), V1_35), 0);
    assert_eq!(steps_with(constrained, V1_36), 1);
}

/// Steps are printed together only if they differ just in the identity.
#[test]
fn steps_by_other_grants_are_printed_one_by_one() {
    let names = ["v0", "v1", "v2", "v3", "v4", "v5"];
    let rule = |name| bound::rule("impersonate", "", "users", name);
    let policy = bound::policy(&names.map(|name| ("u", rule(name))));
    let paths = escalation_paths(&policy, &User::new("u", [""; 0])).unwrap();
    let printed = paths.to_string();
    assert_eq!(printed.lines().count(), names.len(), "{printed}");
}

/// Subjects that may each impersonate many others. This once exceeded the limit.
#[test]
fn many_subjects_that_impersonate_many_are_searched() {
    let subjects: Vec<Subject> = (0..1_000)
        .map(|number| Subject {
            kind: "User".to_owned(),
            name: format!("u{number}"),
            ..Subject::default()
        })
        .collect();
    let mut world = Objects::default();
    for number in 0..20 {
        let rule = |resource: &str| PolicyRule {
            verbs: own("impersonate"),
            api_groups: own(""),
            resources: own(resource),
            ..PolicyRule::default()
        };
        let mut users = rule("users");
        users.resource_names = (0..1_000)
            .map(|at| format!("u{}", (at + number) % 1_000))
            .collect();
        let mut groups = rule("groups");
        groups.resource_names = vec![format!("g{number}")];
        world.cluster_roles.push(ClusterRole {
            metadata: named(&format!("r{number}"), ""),
            rules: vec![users, groups],
            aggregation_rule: None,
        });
        world.cluster_role_bindings.push(ClusterRoleBinding {
            metadata: named(&format!("b{number}"), ""),
            subjects: subjects.clone(),
            role_ref: role_ref("ClusterRole", &format!("r{number}")),
        });
    }
    let policy = Policy::new(world);
    let paths = escalation_paths(&policy, &User::new("u0", [""; 0])).unwrap();
    let reached = reached(&paths);
    assert_eq!(reached.len(), 999 + 20);
}

/// A constrained impersonation meets the goal only with a request that it covers and that the other
/// identity may make.
#[test]
fn a_constrained_impersonation_leads_to_the_requests_that_it_is_for() {
    let objects: Objects = serde_json::from_value(serde_json::json!({
        "clusterRoles": [
            {"metadata": {"name": "deputy"}, "rules": [
                {"verbs": ["impersonate:user-info"], "apiGroups": ["authentication.k8s.io"],
                 "resources": ["users"], "resourceNames": ["panda"]},
                {"verbs": ["impersonate-on:user-info:get"], "apiGroups": [""],
                 "resources": ["pods", "secrets"]}]},
            {"metadata": {"name": "panda"}, "rules": [
                {"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods", "configmaps"]}]},
        ],
        "clusterRoleBindings": [
            {"metadata": {"name": "deputy"}, "subjects": [{"kind": "User", "name": "u"}],
             "roleRef": {"kind": "ClusterRole", "name": "deputy"}},
            {"metadata": {"name": "panda"}, "subjects": [{"kind": "User", "name": "panda"}],
             "roleRef": {"kind": "ClusterRole", "name": "panda"}},
        ],
    }))
    .unwrap();
    let policy = Policy::new(objects);
    let search = EscalationSearch::new(&policy, &User::new("u", [""; 0]));
    for (verb, resource, is_reached) in [
        ("get", "pods", true),
        // The identity may make the request, but the impersonation does not cover it, or the other
        // way round.
        ("list", "pods", false),
        ("get", "configmaps", false),
        ("get", "secrets", false),
    ] {
        let request = ResourceRequest::new(verb, "", resource);
        let path = search.path_to(&Goal::Request(request.into())).unwrap();
        assert_eq!(path.is_some(), is_reached, "{verb} {resource}");
    }
    assert_eq!(search.paths().unwrap().unsearched().count(), 0);
}
