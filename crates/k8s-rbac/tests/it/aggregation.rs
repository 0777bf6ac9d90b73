//! Aggregated roles and their selectors: recorded cases, and whole sets of roles.

use std::collections::BTreeMap;

use k8s_rbac::{
    AggregationRule, ClusterRole, KubernetesVersion, LabelSelector, LabelSelectorRequirement,
    Metadata, Objects, Policy, PolicyRule,
};
use serde::Deserialize;
use testkit::Report;

#[derive(Deserialize)]
struct Selected {
    selector: LabelSelector,
    labels: BTreeMap<String, String>,
    #[serde(default)]
    error: String,
    #[serde(rename = "match")]
    matches: Option<bool>,
}

#[test]
fn selectors_match_and_are_refused_as_upstream_does() {
    let mut report = Report::new();
    for case in testkit::json_lines::<Selected>("testdata/label_selectors.jsonl") {
        let name = format!("{:?} on {:?}", case.selector, case.labels);
        let got = case
            .selector
            .compile()
            .map(|selector| selector.matches(&case.labels))
            .map_err(|error| error.message_in(KubernetesVersion::V1_34));
        report.check(&name, &got, &case.matches.ok_or(case.error));
    }
    report.finish();
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Round {
    cluster_roles: Vec<ClusterRole>,
    target: String,
    rules: Vec<PolicyRule>,
    changed: bool,
}

#[test]
fn a_round_collects_the_rules_that_the_controller_collects() {
    let mut report = Report::new();
    for vector in testkit::vectors::<Round>("testdata/aggregation.jsonl") {
        let (name, case) = (vector.name(), vector.case);
        let target = (case.cluster_roles.iter())
            .find(|role| role.metadata.name == case.target)
            .unwrap();
        let rules = target.aggregated_rules(&case.cluster_roles).unwrap();
        report.check(&name, &rules, &case.rules);
        // There is one aggregated role and no cycle, so a single round reaches the fixed point.
        let mut objects = Objects {
            cluster_roles: case.cluster_roles.clone(),
            ..Objects::default()
        };
        let aggregation = objects.aggregate();
        let changed = case.changed.then(|| case.target.clone());
        let changed: Vec<String> = changed.into_iter().collect();
        report.check(
            &format!("{name}\n    changed"),
            &aggregation.changed,
            &changed,
        );
        let role = (objects.cluster_roles.iter()).find(|role| role.metadata.name == case.target);
        let rules = role.map(|role| &role.rules);
        report.check(
            &format!("{name}\n    as a whole"),
            &rules,
            &Some(&case.rules),
        );
    }
    report.finish();
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    roles: Vec<Written>,
    want: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    rules: Vec<String>,
    selects: Option<Vec<BTreeMap<String, String>>>,
}

impl From<Written> for ClusterRole {
    fn from(role: Written) -> Self {
        let selector = |match_labels| LabelSelector {
            match_labels,
            match_expressions: Vec::new(),
        };
        Self {
            metadata: Metadata {
                name: role.name,
                labels: role.labels,
                ..Metadata::default()
            },
            rules: (role.rules.into_iter())
                .map(|verb| PolicyRule {
                    verbs: vec![verb],
                    ..PolicyRule::default()
                })
                .collect(),
            aggregation_rule: role.selects.map(|selects| AggregationRule {
                cluster_role_selectors: selects.into_iter().map(selector).collect(),
            }),
        }
    }
}

#[test]
fn aggregation_ends_where_nothing_changes_any_more() {
    let mut report = Report::new();
    for case in testkit::toml::<Cases>("testdata/aggregation.toml").case {
        let mut objects = Objects {
            cluster_roles: case.roles.into_iter().map(ClusterRole::from).collect(),
            ..Objects::default()
        };
        let changed = objects.aggregate().changed;
        let rules = |name: &String| -> Vec<String> {
            let roles = objects.cluster_roles.iter();
            let roles = roles.filter(|role| role.metadata.name == *name);
            roles
                .flat_map(|role| role.rules.iter().flat_map(|rule| rule.verbs.clone()))
                .collect()
        };
        let got: BTreeMap<String, Vec<String>> = (changed.into_iter())
            .map(|name| (name.clone(), rules(&name)))
            .collect();
        report.check(&case.name, &got, &case.want);
        let mut again = objects.clone();
        report.check(&case.name, &again.aggregate().changed, &Vec::new());
    }
    report.finish();
}

#[test]
fn a_policy_is_aggregated_as_its_objects_are() {
    let mut report = Report::new();
    for case in testkit::toml::<Cases>("testdata/aggregation.toml").case {
        let mut objects = Objects {
            cluster_roles: case.roles.into_iter().map(ClusterRole::from).collect(),
            ..Objects::default()
        };
        let mut policy = Policy::new(objects.clone());
        // If several roles have one name, a policy has only the last.
        if policy.cluster_roles().count() != objects.cluster_roles.len() {
            continue;
        }
        let [of_policy, of_objects] =
            [policy.aggregate(), objects.aggregate()].map(|aggregation| {
                let mut changed = aggregation.changed;
                changed.sort_unstable();
                [changed, aggregation.refused, aggregation.too_large]
            });
        report.check(&case.name, &of_policy, &of_objects);
        report.check(
            &format!("{}\n    the roles", case.name),
            &policy.objects(),
            &Policy::new(objects).objects(),
        );
    }
    report.finish();
}

#[test]
fn aggregated_roles_are_listed_with_their_members() {
    let mut objects = circle(2);
    let list = |objects: &Objects| -> Vec<(String, Vec<String>)> {
        let name = |role: &ClusterRole| role.metadata.name.clone();
        let listed = objects.aggregated_roles();
        assert!(listed.refused.is_empty() && listed.too_large.is_empty());
        (listed.roles.iter())
            .map(|one| {
                let members = one.members.iter().map(|member| name(member));
                (name(one.role), members.collect())
            })
            .collect()
    };
    let own = |name: &str| name.to_owned();
    assert_eq!(
        list(&objects),
        [
            (own("a0"), vec![own("a1"), own("p0"), own("p1")]),
            (own("a1"), vec![own("a0"), own("p0"), own("p1")]),
        ]
    );
    objects.cluster_roles.truncate(1);
    assert_eq!(list(&objects), [(own("a0"), Vec::new())]);
}

#[test]
fn a_selector_that_cannot_be_asked_leaves_the_role_as_it_is_and_says_so() {
    let requirement = LabelSelectorRequirement {
        key: "x".to_owned(),
        operator: "Gt".to_owned(),
        values: vec!["1".to_owned()],
    };
    let selector = LabelSelector {
        match_expressions: vec![requirement],
        ..LabelSelector::default()
    };
    let mut role = ClusterRole::from(Written {
        name: "t".to_owned(),
        labels: BTreeMap::new(),
        rules: vec!["own".to_owned()],
        selects: Some(Vec::new()),
    });
    role.aggregation_rule = Some(AggregationRule {
        cluster_role_selectors: vec![LabelSelector::default(), selector],
    });
    let mut objects = Objects {
        cluster_roles: vec![role],
        ..Objects::default()
    };
    let before = objects.clone();
    let aggregation = objects.aggregate();
    assert_eq!(aggregation.refused, ["t"]);
    assert_eq!(aggregation.changed, [""; 0]);
    assert_eq!(objects, before);
}

/// Roles that all carry the label that they aggregate, and as many ordinary roles with the label.
fn circle(size: usize) -> Objects {
    let label = || BTreeMap::from([("x".to_owned(), "1".to_owned())]);
    let aggregated = (0..size).map(|number| Written {
        name: format!("a{number}"),
        labels: label(),
        rules: Vec::new(),
        selects: Some(vec![label()]),
    });
    let plain = (0..size).map(|number| Written {
        name: format!("p{number}"),
        labels: label(),
        rules: vec![format!("verb{number}")],
        selects: None,
    });
    Objects {
        cluster_roles: aggregated.chain(plain).map(ClusterRole::from).collect(),
        ..Objects::default()
    }
}

#[test]
fn a_large_circle_ends_with_the_rules_of_all_its_members() {
    let mut objects = circle(300);
    let aggregation = objects.aggregate();
    assert_eq!(aggregation.changed.len(), 300);
    assert!(aggregation.too_large.is_empty());
    let (aggregated, _) = objects.cluster_roles.split_at(300);
    assert_eq!(aggregated[0].rules.len(), 300);
    assert!(
        aggregated
            .iter()
            .all(|role| role.rules == aggregated[0].rules)
    );
}

#[test]
fn roles_that_would_get_too_many_rules_keep_what_they_have_and_are_named() {
    // 2,100 roles with 2,100 rules each are more than four million.
    let mut objects = circle(2_100);
    objects.cluster_roles.extend([
        ClusterRole::from(Written {
            name: "small".to_owned(),
            labels: BTreeMap::new(),
            rules: Vec::new(),
            selects: Some(vec![BTreeMap::from([("y".to_owned(), "1".to_owned())])]),
        }),
        ClusterRole::from(Written {
            name: "member".to_owned(),
            labels: BTreeMap::from([("y".to_owned(), "1".to_owned())]),
            rules: vec!["get".to_owned()],
            selects: None,
        }),
    ]);
    let before = objects.clone();
    let aggregation = objects.aggregate();
    assert_eq!(aggregation.too_large.len(), 2_100);
    assert_eq!(aggregation.changed, ["small"]);
    assert_eq!(
        objects.cluster_roles[..4_200],
        before.cluster_roles[..4_200]
    );
}
