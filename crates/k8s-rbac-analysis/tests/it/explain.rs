//! Explanations: the cases of `testdata/explain.toml`, and that they agree with decisions.

use k8s_rbac::reference;
use k8s_rbac::{
    Decision, Grant, Objects, Policy, PolicyRule, ResourceRequest, RoleRef, Subject, User,
};
use k8s_rbac_analysis::Explainer;
use k8s_rbac_analysis::can_i::Question;
use k8s_rbac_analysis::explain;
use k8s_rbac_analysis::explain::{MAX_LISTED, NearMiss, Part};
use proptest::collection::vec;
use proptest::prelude::*;
use serde::Deserialize;
use testkit::Report;

use k8s_rbac_oracle::strategies::{question, world};

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
    user: String,
    #[serde(default)]
    groups: Vec<String>,
    subject: Option<Subject>,
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    role: Option<RoleRef>,
    rule: PolicyRule,
    ask: String,
    #[serde(default)]
    is_granted: bool,
    #[serde(default)]
    miss: String,
    #[serde(default)]
    trap: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    lines: Option<String>,
    #[serde(default)]
    notes: Vec<String>,
}

#[test]
fn explanations_say_what_the_cases_say() {
    let mut report = Report::new();
    for case in testkit::toml::<File>("testdata/explain.toml").case {
        let subject = case.subject.unwrap_or_else(|| Subject {
            kind: "User".to_owned(),
            name: "u".to_owned(),
            ..Subject::default()
        });
        let role = case.role.unwrap_or_else(|| RoleRef {
            kind: "ClusterRole".to_owned(),
            name: "r".to_owned(),
            ..RoleRef::default()
        });
        let binding = serde_json::json!([{
            "metadata": {"name": "b", "namespace": case.namespace},
            "subjects": [subject],
            "roleRef": role,
        }]);
        let role = serde_json::json!([{"metadata": {"name": "r"}, "rules": [case.rule]}]);
        let key = if case.namespace.is_empty() {
            "clusterRoleBindings"
        } else {
            "roleBindings"
        };
        let mut world = serde_json::json!({ "clusterRoles": role });
        world[key] = binding;
        let objects: Objects = serde_json::from_value(world).unwrap();
        let policy = Policy::new(objects);
        let name = if case.user.is_empty() {
            "u"
        } else {
            &case.user
        };
        let user = User::new(name, case.groups);
        let asked = Question::parse(&case.ask, "").unwrap();
        let explanation = explain(&policy, &user, &asked.request());
        let by_index = Explainer::new(&policy).explain(&user, &asked.request());
        assert_eq!(by_index, explanation, "{}", case.name);
        report.check(
            &case.name,
            &!explanation.grants().is_empty(),
            &case.is_granted,
        );
        let misses = explanation.near_misses();
        let parts: String = misses
            .iter()
            .map(|miss| format!("{:?}", miss.part()))
            .collect();
        report.check(&case.name, &parts, &case.miss);
        let traps = misses.iter().filter_map(NearMiss::trap);
        let traps: String = traps.map(|trap| format!("{trap:?}")).collect();
        report.check(&case.name, &traps, &case.trap);
        if let Some(lines) = case.lines {
            report.check(&case.name, &explanation.to_string(), &lines);
        }
        if !case.text.is_empty() {
            let text = misses.first().map(ToString::to_string).unwrap_or_default();
            report.check(&case.name, &text, &case.text);
        }
        let notes = explanation.notes().iter();
        let notes: Vec<String> = notes.map(|note| format!("{note:?}")).collect();
        report.check(&case.name, &notes, &case.notes);
    }
    report.finish();
}

#[test]
fn a_binding_beside_its_role_and_one_to_the_default_policy_are_told_apart_from_dangling_ones() {
    let objects: Objects = serde_json::from_value(serde_json::json!({
        "roles": [{"metadata": {"name": "reader", "namespace": "example"},
            "rules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"]}]}],
        "clusterRoles": [{"metadata": {"name": "nodes"},
            "rules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["nodes"]}]}],
        "roleBindings": [
            {"metadata": {"name": "reader", "namespace": "default"},
             "subjects": [{"kind": "User", "name": "u"}],
             "roleRef": {"kind": "Role", "name": "reader"}},
            {"metadata": {"name": "view", "namespace": "example"},
             "subjects": [{"kind": "User", "name": "u"}],
             "roleRef": {"kind": "ClusterRole", "name": "view"}},
            {"metadata": {"name": "lost", "namespace": "example"},
             "subjects": [{"kind": "User", "name": "u"}],
             "roleRef": {"kind": "ClusterRole", "name": "lost"}},
            {"metadata": {"name": "nodes", "namespace": "example"},
             "subjects": [{"kind": "User", "name": "u"}],
             "roleRef": {"kind": "ClusterRole", "name": "nodes"}},
        ],
    }))
    .unwrap();
    let policy = Policy::new(objects);
    let user = User::new("u", [""; 0]);
    let secrets = ResourceRequest::new("get", "", "secrets").in_namespace("example");
    assert_eq!(
        explain(&policy, &user, &secrets.into()).to_string(),
        concat!(
            r#"not loaded: RoleBinding "view/example": clusterrole.rbac.authorization.k8s.io "view" not found, a role of the default policy"#,
            "\n",
            r#"dangling: RoleBinding "lost/example": clusterrole.rbac.authorization.k8s.io "lost" not found"#,
            "\n",
            r#"nearly by RoleBinding "nodes/example" of ClusterRole "nodes" to User "u": its resources are ["nodes"]"#,
            "\n",
            r#"nearly by RoleBinding "reader/default": it names the user, but namespace "default" has no Role "reader"; there is one in "example""#,
            "\n",
        )
    );
    let nodes = explain(
        &policy,
        &user,
        &ResourceRequest::new("get", "", "nodes").into(),
    );
    let misses: Vec<String> = nodes
        .near_misses()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        misses,
        [concat!(
            r#"RoleBinding "nodes/example" of ClusterRole "nodes" to User "u": "#,
            "a RoleBinding holds in its own namespace only; no RoleBinding grants a cluster-scoped resource"
        )]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_is_explained_is_what_is_decided(world in world(), questions in vec(question(), 8)) {
        let policy = Policy::new(world.clone());
        for question in &questions {
            let request = question.request();
            let response = policy.rbac(&question.user, &request);
            let explanation = explain(&policy, &question.user, &request);
            let by_index = Explainer::new(&policy).explain(&question.user, &request);
            prop_assert_eq!(&by_index, &explanation);
            let granted = match response.decision() {
                Decision::Allow(Grant::Binding(grant)) => Some(grant),
                _ => None,
            };
            prop_assert_eq!(explanation.grants().first().copied(), granted);
            prop_assert!(explanation.unresolved().starts_with(response.unresolved()));
            if granted.is_none() {
                prop_assert_eq!(explanation.unresolved(), response.unresolved());
            }
            // The list has all grants of all bindings, and no others.
            let grants = explanation.grants().iter().map(ToString::to_string);
            let mut grants: Vec<String> = grants.collect();
            grants.dedup();
            prop_assert_eq!(grants, reference::decide(&world, &question.user, &request).grants);
            for miss in explanation.near_misses() {
                let mut rule = miss.grant().rule().clone();
                let is_of_binding = matches!(miss.part(), Part::Namespace | Part::Subject);
                prop_assert!(reference::rule_allows(&rule, &request) == is_of_binding);
                // The rule would allow the request if the failing part were different.
                let star = || vec!["*".to_owned()];
                match miss.part() {
                    Part::Group => rule.api_groups = star(),
                    Part::MissingName | Part::Name => rule.resource_names.clear(),
                    Part::Path => rule.non_resource_urls = star(),
                    Part::Resource | Part::Subresource => rule.resources = star(),
                    Part::Verb => rule.verbs = star(),
                    _ => {}
                }
                prop_assert!(reference::rule_allows(&rule, &request));
            }
        }
    }
}

#[test]
fn an_explanation_is_cut_where_nobody_reads_on() {
    let rules =
        vec![serde_json::json!({"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}); 500];
    let bindings = (0..50).map(|number| {
        serde_json::json!({
            "metadata": {"name": format!("b{number}")},
            "subjects": [{"kind": "User", "name": "u"}],
            "roleRef": {"kind": "ClusterRole", "name": "r"},
        })
    });
    let world = serde_json::json!({
        "clusterRoles": [{"metadata": {"name": "r"}, "rules": rules}],
        "clusterRoleBindings": bindings.collect::<Vec<_>>(),
    });
    let policy = Policy::new(serde_json::from_value(world).unwrap());
    let user = User::new("u", [""; 0]);
    let allowed = explain(
        &policy,
        &user,
        &ResourceRequest::new("get", "", "pods").into(),
    );
    assert_eq!(
        (allowed.grants().len(), allowed.is_cut()),
        (MAX_LISTED, true)
    );
    let denied = explain(
        &policy,
        &user,
        &ResourceRequest::new("list", "", "pods").into(),
    );
    assert_eq!(
        (denied.near_misses().len(), denied.is_cut()),
        (MAX_LISTED, true)
    );
}
