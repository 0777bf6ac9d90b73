//! Shows the difference in every row of `testdata/divergences.toml`.

use k8s_rbac::review::AccessReview;
use k8s_rbac::{
    ClusterRole, Coverage, Forbidden, Impersonation, KubernetesVersion, LabelSelector, Manifests,
    Objects, Policy, PolicyRule, Request, RequestInfo, User, Write,
};
use testkit::Divergences;

use crate::impersonation;

#[test]
fn each_divergence_is_real() {
    let divergences = Divergences::read("testdata/divergences.toml");
    let version = KubernetesVersion::V1_34;
    let objects = serde_json::from_value(serde_json::json!({
        "clusterRoles": [{
            "metadata": {"name": "r"},
            "rules": [{"verbs": ["get"], "nonResourceURLs": ["/x"]}],
        }],
        "clusterRoleBindings": [
            {"metadata": {"name": "b"}, "subjects": [{"kind": "User", "name": "u"}],
             "roleRef": {"kind": "ClusterRole", "name": "r"}},
            {"metadata": {"name": "a"}, "subjects": [{"kind": "Group", "name": "g"}],
             "roleRef": {"kind": "ClusterRole", "name": "r"}},
        ],
    }))
    .unwrap();
    divergences.compare("order-of-bindings", &2, &reasons_over_many_calls(&objects));
    let list: Vec<String> = (0..40).map(|number| number.to_string()).collect();
    let wide = PolicyRule {
        verbs: list.clone(),
        api_groups: list.clone(),
        resources: list.clone(),
        resource_names: list,
        non_resource_urls: Vec::new(),
    };
    let coverage = Coverage::of([], [&wide]);
    assert!(coverage.is_cut() && !coverage.is_complete());
    let missing = coverage.missing().len();
    divergences.compare("coverage-cut", &wide.permissions().count(), &missing);
    let (kept, name) = read("{name: a, name: b}");
    divergences.compare("duplicate-key", &(1, "b".to_owned()), &(kept, name));
    let (kept, name) = read("{name: a, finalizers: 1}");
    divergences.compare("unread-field-types", &(0, String::new()), &(kept, name));
    let (kept, name) = read("{name: on}");
    divergences.compare("yaml-1-1-words", &(0, String::new()), &(kept, name));

    let mut circle: Objects = serde_json::from_value(serde_json::json!({"clusterRoles": [
        {"metadata": {"name": "a", "labels": {"x": "1"}}, "rules": [{"verbs": ["get"]}],
         "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"x": "1"}}]}},
        {"metadata": {"name": "b", "labels": {"x": "1"}}, "rules": [{"verbs": ["get"]}],
         "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"x": "1"}}]}},
    ]}))
    .unwrap();
    circle.aggregate();
    let rules = circle.cluster_roles.iter().map(|role| role.rules.len());
    divergences.compare("aggregation-circle", &2, &rules.sum());
    let selects = |label: &str| serde_json::json!({"matchLabels": {"to": label}});
    let mut circle: Objects = serde_json::from_value(serde_json::json!({"clusterRoles": [
        {"metadata": {"name": "a", "labels": {"to": "z"}}, "rules": [{"verbs": ["get"]}]},
        {"metadata": {"name": "c", "labels": {"to": "c"}}, "rules": [{"verbs": ["list"]}]},
        {"metadata": {"name": "m", "labels": {"to": "z"}},
         "aggregationRule": {"clusterRoleSelectors": [selects("c"), selects("m")]}},
        {"metadata": {"name": "z", "labels": {"to": "m"}},
         "aggregationRule": {"clusterRoleSelectors": [selects("z")]}},
    ]}))
    .unwrap();
    circle.aggregate();
    let z = circle.cluster_roles.last().unwrap();
    let theirs = z.aggregated_rules(&circle.cluster_roles).unwrap();
    assert_eq!(theirs.len(), 2);
    divergences.compare("aggregation-circle-order", &theirs, &z.rules);
    let wrong: LabelSelector = serde_json::from_value(serde_json::json!({
        "matchLabels": {"b": "!", "a": "!"},
    }))
    .unwrap();
    let errors: std::collections::BTreeSet<String> = (0..100)
        .filter_map(|_| Some(wrong.clone().compile().err()?.to_string()))
        .collect();
    assert!(errors.iter().all(|error| error.starts_with("values[0][a]")));
    divergences.compare("selector-first-error", &2, &errors.len());
    let path = RequestInfo::parse_like_apiserver(version, "GET", "/%ff").map(|info| info.verb);
    divergences.compare("path-not-utf8", &Ok("get".to_owned()), &path);
    let refused = RequestInfo::parse_like_apiserver(version, "GET", "/x?pretty=true").unwrap();
    let body = Forbidden::new("u", refused.request(), "").body();
    divergences.compare("pretty-body", &true, &body.contains("\n  "));
    let path = Request::path("get", "/x");
    let theirs = r#"forbidden: User "50%!d(MISSING)" cannot get path "/x""#.to_owned();
    let ours = Forbidden::new("50%d", path, "").to_string();
    divergences.compare("percent-in-refusal", &theirs, &ours);
    let ours = ours.replace("50%d", "50%!d(MISSING)");
    assert_eq!(ours, theirs, "nothing else differs");
    let path =
        RequestInfo::parse_like_apiserver(version, "GET", "http://host/x").map(|info| info.path);
    divergences.compare("absolute-url", &Ok("/x".to_owned()), &path);
    let url = "/api/v1/namespaces/dev%2Fpods%2Fweb";
    let object = |info: RequestInfo| (info.resource, info.name);
    let theirs = RequestInfo::parse_like_apiserver(version, "DELETE", url).map(object);
    assert_eq!(theirs, Ok(("pods".to_owned(), "web".to_owned())));
    let ours = RequestInfo::parse("DELETE", url).map(object);
    divergences.compare("strict-request-info", &theirs, &ours);
    let url = "/api/v1/pods?fieldSelector=metadata.name%3Dweb&labelSelector=a%20in%20(,,)";
    let name = |info: RequestInfo| info.name;
    let theirs = RequestInfo::parse_like_apiserver(KubernetesVersion::V1_35, "GET", url).map(name);
    assert_eq!(theirs, Ok("web".to_owned()));
    let ours = RequestInfo::parse("GET", url).map(name);
    divergences.compare("strict-selected-name", &theirs, &ours);
    let role: ClusterRole = serde_json::from_value(serde_json::json!({
        "metadata": {"name": "r", "labels": {"b": "-", "a": "+"}},
    }))
    .unwrap();
    let messages: std::collections::BTreeSet<String> = (0..100)
        .map(|_| role.clone().field_errors(version).message("r"))
        .collect();
    assert!(
        messages
            .iter()
            .all(|text| text.find("\"+\"") < text.find("\"-\""))
    );
    divergences.compare("field-error-order", &2, &messages.len());
    let review: AccessReview = serde_json::from_value(serde_json::json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "metadata": {"finalizers": ["f"]},
        "spec": {"nonResourceAttributes": {"path": "/x", "verb": "get"}},
    }))
    .unwrap();
    divergences.compare(
        "review-metadata",
        &1,
        &review.field_errors(version).errors().len(),
    );
    let role = ClusterRole {
        rules: vec![PolicyRule {
            verbs: vec!["get".to_owned()],
            non_resource_urls: vec!["/x".to_owned()],
            ..PolicyRule::default()
        }],
        ..role
    };
    let (user, nothing) = (User::default(), Policy::default());
    let result = nothing.write_cluster_role(version, &user, &role, Write::Replace(&role));
    divergences.compare("write-of-unread-fields", &true, &result.is_ok());
    let rules = serde_json::json!([
        {"verbs": ["impersonate"], "apiGroups": [""], "resources": ["users"], "resourceNames": ["bob"]},
    ]);
    let (policy, caller) = (impersonation::policy(&rules), impersonation::caller());
    let (version, request) = (KubernetesVersion::NEWEST, impersonation::pods());
    let [bob, eve] = ["bob", "eve"].map(Impersonation::new);
    policy.impersonate(version, &caller, request, &bob).unwrap();
    let refusal = policy
        .impersonate(version, &caller, request, &eve)
        .unwrap_err();
    let theirs = "users \"eve\" is forbidden: User \"caller\" cannot impersonate resource \"users\" in API group \"\" \
                  at the cluster scope";
    divergences.compare(
        "impersonation-memory",
        &theirs.to_owned(),
        &refusal.to_string(),
    );
    divergences.finish();
}

/// How many objects with this metadata are kept, and the name of the last.
fn read(metadata: &str) -> (usize, String) {
    let text = format!(
        "{{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {metadata}}}"
    );
    let roles = Manifests::read([("f", text.as_str())])
        .into_objects()
        .cluster_roles;
    (
        roles.len(),
        roles
            .last()
            .map(|role| role.metadata.name.clone())
            .unwrap_or_default(),
    )
}

/// How many different reasons a request gets if two bindings allow it.
fn reasons_over_many_calls(objects: &Objects) -> usize {
    let user = User::new("u", ["g"]);
    let reasons: std::collections::BTreeSet<String> = (0..100)
        .map(|_| {
            let policy = Policy::new(objects.clone());
            policy.rbac(&user, &Request::path("get", "/x")).reason()
        })
        .collect();
    assert!(
        reasons
            .first()
            .is_some_and(|reason| reason.contains("\"b\"")),
        "{reasons:?}"
    );
    reasons.len()
}
