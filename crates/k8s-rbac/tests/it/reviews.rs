//! Reviews: the cases of `testdata/reviews.toml`, and the parts of an object that stay unchanged.

use k8s_rbac::review::{AccessReview, ResourceAttributes, ReviewError, RulesReview};
use k8s_rbac::{KubernetesVersion, Objects, Policy, User};
use serde::Deserialize;
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
    version: Option<KubernetesVersion>,
    #[serde(default)]
    namespace: String,
    review: Value,
    answer: Option<Value>,
    error: Option<String>,
}

fn world() -> Value {
    json!({
        "roles": [{
            "metadata": {"name": "pods", "namespace": "dev"},
            "rules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}],
        }],
        "clusterRoles": [{
            "metadata": {"name": "metrics"},
            "rules": [{"verbs": ["get"], "nonResourceURLs": ["/metrics"]}],
        }],
        "roleBindings": [{
            "metadata": {"name": "devs", "namespace": "dev"},
            "subjects": [{"kind": "Group", "name": "devs"}],
            "roleRef": {"kind": "Role", "name": "pods"},
        }],
        "clusterRoleBindings": [{
            "metadata": {"name": "metrics"},
            "subjects": [{"kind": "User", "name": "carol"}],
            "roleRef": {"kind": "ClusterRole", "name": "metrics"},
        }],
    })
}

#[test]
fn reviews_are_answered_as_the_cases_say() {
    let mut report = Report::new();
    let objects: Objects = serde_json::from_value(world()).unwrap();
    let policy = Policy::new(objects);
    let carol = User::new("carol", ["ops"]);
    for case in testkit::toml::<File>("testdata/reviews.toml").case {
        let mut written = case.review;
        if written.get("apiVersion").is_none() {
            written["apiVersion"] = json!("authorization.k8s.io/v1");
        }
        let review: AccessReview = serde_json::from_value(written.clone()).unwrap();
        let version = case.version.unwrap_or(KubernetesVersion::V1_34);
        let answer = policy.review(version, &carol, &case.namespace, review);
        let status = answer.map(|answer| serde_json::to_value(answer).unwrap()["status"].clone());
        let want = case.answer.ok_or_else(|| case.error.unwrap_or_default());
        report.check(
            &case.name,
            &status.map_err(|error| error.to_string()),
            &want,
        );
    }
    report.finish();
}

#[test]
fn the_question_comes_back_with_the_answer() {
    let objects: Objects = serde_json::from_value(world()).unwrap();
    let policy = Policy::new(objects);
    let mut written = json!({
        "apiVersion": "authorization.k8s.io/v1beta1",
        "kind": "SubjectAccessReview",
        "metadata": {},
        "spec": {
            "resourceAttributes": {
                "namespace": "dev", "verb": "get", "group": "", "resource": "pods",
                "labelSelector": {"requirements": [{"key": "a", "operator": "Exists"}]},
            },
            "user": "u", "group": ["devs"], "extra": {"k": ["v"]}, "uid": "1",
        },
    });
    let review: AccessReview = serde_json::from_value(written.clone()).unwrap();
    let answer = policy
        .review(KubernetesVersion::default(), &User::default(), "", review)
        .unwrap();
    written["spec"]["resourceAttributes"]
        .as_object_mut()
        .unwrap()
        .remove("group");
    written["status"] = json!({
        "allowed": true,
        "reason": r#"RBAC: allowed by RoleBinding "devs/dev" of Role "pods" to Group "devs""#,
    });
    assert_eq!(serde_json::to_value(answer).unwrap(), written);
}

#[test]
fn a_review_of_rules_comes_back_without_its_namespace() {
    let objects: Objects = serde_json::from_value(world()).unwrap();
    let policy = Policy::new(objects);
    let devs = User::new("u", ["devs"]);
    let mut written = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": "dev"},
    });
    let review: RulesReview = serde_json::from_value(written.clone()).unwrap();
    let answer = policy.review_rules(&devs, review).unwrap();
    written["metadata"] = json!({});
    written["spec"] = json!({});
    written["status"] = json!({
        "resourceRules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}],
        "nonResourceRules": [],
        "incomplete": false,
    });
    assert_eq!(serde_json::to_value(&answer).unwrap(), written);
    assert_eq!(
        policy.review_rules(&devs, answer),
        Err(ReviewError::RulesWithoutNamespace)
    );
}

#[test]
fn what_is_no_review_is_not_read() {
    let read = |kind: &str, version: &str| {
        let written = json!({"apiVersion": version, "kind": kind, "spec": {}});
        serde_json::from_value::<AccessReview>(written).is_ok()
    };
    assert!(read("SubjectAccessReview", "authorization.k8s.io/v1"));
    assert!(!read("SubjectAccessReview", "authorization.k8s.io/v2"));
    assert!(!read("SelfSubjectRulesReview", "authorization.k8s.io/v1"));
    assert!(!read("TokenReview", "authentication.k8s.io/v1"));
}

#[test]
fn requirements_of_labels_that_cannot_exist_are_left_out() {
    for (requirement, is_read) in [
        (
            json!({"key": "a", "operator": "NotIn", "values": ["c", "b", "c"]}),
            true,
        ),
        (json!({"key": "a", "operator": "DoesNotExist"}), true),
        (json!({"key": "a b", "operator": "Exists"}), false),
        (json!({"key": "a", "operator": "In"}), false),
        (
            json!({"key": "a", "operator": "Exists", "values": ["b"]}),
            false,
        ),
    ] {
        let attributes: ResourceAttributes = serde_json::from_value(json!({
            "labelSelector": {"requirements": [requirement]},
        }))
        .unwrap();
        let (read, is_broken) = attributes.label_requirements(KubernetesVersion::V1_34);
        assert_eq!(
            (read.len(), is_broken),
            (usize::from(is_read), !is_read),
            "{requirement}"
        );
    }
}

#[test]
fn from_1_37_a_refusal_names_its_authorizer() {
    let objects: Objects = serde_json::from_value(json!({
        "roleBindings": [{
            "metadata": {"name": "dangling", "namespace": "dev"},
            "subjects": [{"kind": "User", "name": "carol"}],
            "roleRef": {"kind": "Role", "name": "gone"},
        }],
        "clusterRoleBindings": [{
            "metadata": {"name": "metrics"},
            "subjects": [{"kind": "User", "name": "carol"}],
            "roleRef": {"kind": "ClusterRole", "name": "metrics"},
        }],
        "clusterRoles": [{
            "metadata": {"name": "metrics"},
            "rules": [{"verbs": ["get"], "nonResourceURLs": ["/metrics"]}],
        }],
    }))
    .unwrap();
    let policy = Policy::new(objects);
    let carol = User::new("carol", [""; 0]);
    let reason = |version| {
        let review = serde_json::from_value(json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {"namespace": "dev", "verb": "get", "resource": "pods"}},
        }))
        .unwrap();
        let review = policy.review(version, &carol, "", review).unwrap();
        review.status.reason
    };
    let missing = r#"RBAC: role.rbac.authorization.k8s.io "gone" not found"#;
    assert_eq!(reason(KubernetesVersion::V1_36), missing);
    assert_eq!(reason(KubernetesVersion::V1_37), format!("rbac: {missing}"));
    let request = k8s_rbac::Request::path("get", "/metrics");
    let allowed = policy.authorize(&carol, &request);
    assert_eq!(
        allowed.reason_in(KubernetesVersion::V1_37),
        allowed.reason()
    );
    let nothing = policy.authorize(&User::new("dave", [""; 0]), &request);
    assert_eq!(nothing.reason_in(KubernetesVersion::V1_37), "");
}

#[test]
fn a_review_is_a_json_object_and_no_list_of_its_fields() {
    let spec = json!([{ "verb": "get", "resource": "pods" }, null, "jane", [], [], {}, ""]);
    let status = json!([true, false, "", ""]);
    for list in [
        json!([
            "authorization.k8s.io/v1",
            "SubjectAccessReview",
            {},
            spec,
            status
        ]),
        json!(["authorization.k8s.io/v1", "SubjectAccessReview", {}, {}, {}]),
        json!([]),
    ] {
        let error = serde_json::from_value::<AccessReview>(list.clone()).unwrap_err();
        assert!(error.to_string().contains("a mapping"), "{list}: {error}");
    }
    let list = json!([
        "authorization.k8s.io/v1",
        "SelfSubjectRulesReview",
        {},
        {},
        {}
    ]);
    let error = serde_json::from_value::<RulesReview>(list).unwrap_err();
    assert!(error.to_string().contains("a mapping"), "{error}");
}
