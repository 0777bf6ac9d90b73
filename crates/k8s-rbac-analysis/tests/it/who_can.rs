//! Who may make a request, and where: the cases of `testdata/who_can.toml`, and theorems that
//! compare with the oracle.

use k8s_rbac::reference;
use k8s_rbac::{
    ClusterRole, Grant, MAX_AGGREGATION_STEPS, Metadata, Objects, PRIVILEGED_GROUP, Policy,
    PolicyRule, Request, ResourceRequest, SubjectName, User,
};
use k8s_rbac_analysis::can_i::Question;
use k8s_rbac_analysis::{
    AllowedNamespaces, AllowedSubject, RuleSources, allowed_namespaces, who_can,
};
use proptest::collection::vec;
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};
use testkit::Report;

use crate::permissions::{only, read};
use k8s_rbac_oracle::strategies::{question, world};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    who: Vec<Who>,
    namespaces: Vec<Where>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Who {
    name: String,
    manifests: String,
    ask: String,
    subjects: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Where {
    name: String,
    manifests: String,
    user: String,
    #[serde(default)]
    groups: Vec<String>,
    ask: String,
    namespaces: Vec<String>,
}

#[test]
fn subjects_and_namespaces_are_as_the_cases_say() {
    let mut report = Report::new();
    let file = testkit::toml::<File>("testdata/who_can.toml");
    for case in file.who {
        let mut objects = read(&case.manifests);
        objects.aggregate();
        let sources = RuleSources::of(&objects);
        assert_eq!(sources.unknown(), [""; 0], "{}", case.name);
        let policy = Policy::new(objects.clone());
        let question = Question::parse(&case.ask, "").unwrap();
        let allowed = who_can(&policy, &question.request());
        let lines = allowed.subjects().iter().map(|allowed| {
            let identity = allowed.identity();
            let identity =
                identity.map_or_else(|| "nobody".to_owned(), |identity| identity.to_string());
            let grant = allowed.grant().map_or(String::new(), |grant| {
                let sources = sources.of_grant(&grant);
                let sources = sources.iter().map(|source| format!(", from {source}"));
                format!(" by {grant}{}", sources.collect::<String>())
            });
            format!("{identity}{grant}")
        });
        report.check(&case.name, &lines.collect::<Vec<_>>(), &case.subjects);
    }
    for case in file.namespaces {
        let policy = Policy::new(read(&case.manifests));
        let user = User::new(case.user, case.groups);
        let question = Question::parse(&case.ask, "").unwrap();
        let Request::Resource(request) = question.request() else {
            continue;
        };
        let lines = match allowed_namespaces(&policy, &user, &request) {
            AllowedNamespaces::Everywhere(Grant::Binding(grant)) => vec![format!("* by {grant}")],
            AllowedNamespaces::Everywhere(_) => vec!["* by privilege".to_owned()],
            AllowedNamespaces::Only(list) => {
                let list = list.iter();
                list.map(|(namespace, grant)| format!("{namespace} by {grant}"))
                    .collect()
            }
        };
        report.check(&case.name, &lines, &case.namespaces);
    }
    report.finish();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn who_may_is_whoever_is_allowed(world in world(), questions in vec(question(), 8)) {
        let policy = Policy::new(world.clone());
        for question in &questions {
            let request = question.request();
            let allowed = who_can(&policy, &request);
            let allowed: Vec<SubjectName> =
                allowed.subjects().iter().filter_map(AllowedSubject::identity).collect();
            let bindings = world.cluster_role_bindings.iter();
            let cluster = bindings.flat_map(|b| b.subjects.iter().map(|s| SubjectName::of(s, None)));
            let named = world.role_bindings.iter().flat_map(|binding| {
                let namespace = Some(binding.metadata.namespace.as_str());
                binding.subjects.iter().map(move |s| SubjectName::of(s, namespace))
            });
            for identity in cluster.chain(named).flatten() {
                let is_allowed = reference::is_allowed(&world, &only(&identity), &request);
                prop_assert_eq!(allowed.contains(&identity), is_allowed, "{}", identity);
            }
        }
    }

    #[test]
    fn the_namespaces_are_those_where_it_is_allowed(
        world in world(),
        questions in vec(question(), 8),
        is_master in any::<bool>(),
    ) {
        let policy = Policy::new(world.clone());
        for question in &questions {
            let Request::Resource(request) = question.request() else {
                continue;
            };
            let mut user = question.user.clone();
            user.groups.extend((is_master).then(|| PRIVILEGED_GROUP.to_owned()));
            let allowed = allowed_namespaces(&policy, &user, &request);
            for namespace in ["", "ns1", "ns2", "another"] {
                let request: ResourceRequest<'_> = request.in_namespace(namespace);
                let is_allowed = is_master || reference::is_allowed(&world, &user, &request.into());
                let is_listed = match &allowed {
                    AllowedNamespaces::Everywhere(_) => true,
                    AllowedNamespaces::Only(list) => list.iter().any(|&(n, _)| n == namespace),
                };
                prop_assert_eq!(is_listed, is_allowed, "{:?}", request);
            }
        }
    }
}

/// One role takes more comparisons than there may be. The role before it is not affected.
#[test]
fn sources_beyond_the_limit_are_unknown() {
    let selecting = |name: &str, count: usize| -> ClusterRole {
        let selectors = (0..count).map(|number| json!({"matchLabels": {"x": number.to_string()}}));
        let selectors: Vec<Value> = selectors.collect();
        let rule = json!({"clusterRoleSelectors": selectors});
        serde_json::from_value(json!({"metadata": {"name": name}, "aggregationRule": rule}))
            .unwrap()
    };
    let plain = (0..5_800).map(|number| ClusterRole {
        metadata: Metadata {
            name: format!("r{number}"),
            ..Metadata::default()
        },
        ..ClusterRole::default()
    });
    let mut objects = Objects::default();
    objects.cluster_roles.push(selecting("narrow", 1));
    objects.cluster_roles.extend(plain);
    let rule = json!({"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]});
    let rule: PolicyRule = serde_json::from_value(rule).unwrap();
    let member = &mut objects.cluster_roles[1];
    member
        .metadata
        .labels
        .insert("x".to_owned(), "0".to_owned());
    member.rules.push(rule.clone());
    let within = RuleSources::of(&objects);
    assert_eq!(within.unknown(), [""; 0]);
    assert_eq!(within.of_rule("narrow", &rule), ["r0"]);
    let mut beyond = objects.clone();
    beyond
        .cluster_roles
        .push(selecting("wide", MAX_AGGREGATION_STEPS / 5_800));
    let beyond = RuleSources::of(&beyond);
    assert_eq!(beyond.unknown(), ["wide"]);
    assert_eq!(beyond.of_rule("narrow", &rule), ["r0"]);
    assert_eq!(beyond.of_rule("wide", &rule), [""; 0]);
}
