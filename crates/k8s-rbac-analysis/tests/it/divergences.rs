//! Shows the difference in every row of `testdata/divergences.toml`.

use k8s_rbac::{Objects, Policy, Request};
use k8s_rbac_analysis::can_i::{Error, Question};
use k8s_rbac_analysis::who_can;
use testkit::Divergences;

#[test]
fn each_divergence_is_real() {
    let divergences = Divergences::read("testdata/divergences.toml");
    let asked = |line| Question::parse(line, "here").map(|question| group_resource(&question));
    let ours = asked("get widgets.example.com");
    divergences.compare(
        "can-i-unknown-with-group",
        &is(":widgets.example.com"),
        &ours,
    );
    divergences.compare("can-i-empty-resource", &is(":.apps"), &asked("get .apps"));
    divergences.compare("can-i-list-kind", &is(":podlists"), &asked("get podlist"));
    divergences.compare(
        "can-i-both-namespaces",
        &is(":pods"),
        &asked("get pods -n dev -A"),
    );
    divergences.compare(
        "can-i-flag-for-value",
        &is(":pods"),
        &asked("get pods -n -A"),
    );
    divergences.compare(
        "can-i-other-flags",
        &is(":pods"),
        &asked("get pods --as bob"),
    );
    divergences.compare(
        "can-i-other-flags",
        &is(":pods"),
        &asked("get pods -An dev"),
    );
    divergences.compare(
        "can-i-slash-in-name",
        &is(":pods"),
        &asked("get pods/web-1/log"),
    );
    let warnings = |line| Question::parse(line, "here").map(|question| question.warnings().len());
    divergences.compare("can-i-cluster-scoped", &Ok(1), &warnings("get nodes"));
    divergences.compare("can-i-unknown-with-group", &Ok(1), &warnings("get *.apps"));
    let offline = Question::parse_without_context("get nodes").unwrap();
    let namespace = match offline.request() {
        Request::Resource(request) => request.namespace().map(str::to_owned),
        Request::Path(_) => None,
    };
    divergences.compare(
        "can-i-without-context",
        &Some("default".to_owned()),
        &namespace,
    );
    let own = Question::parse_without_context("get namespaces/team").unwrap();
    let namespace = match own.request() {
        Request::Resource(request) => request.namespace().map(str::to_owned),
        Request::Path(_) => None,
    };
    let default = Some("default".to_owned());
    divergences.compare("can-i-namespace-by-name", &default, &namespace);
    divergences.compare(
        "can-i-subresource-as-name",
        &Ok(0),
        &warnings("create pods/exec"),
    );
    divergences.compare(
        "can-i-name-in-create",
        &Ok(0),
        &warnings("create secrets/mine"),
    );
    let twice: Objects = serde_json::from_value(serde_json::json!({
        "clusterRoles": [{
            "metadata": {"name": "r"},
            "rules": [{"verbs": ["get"], "nonResourceURLs": ["/x"]}],
        }],
        "clusterRoleBindings": [
            {"metadata": {"name": "a"}, "subjects": [{"kind": "Group", "name": "g"}],
             "roleRef": {"kind": "ClusterRole", "name": "r"}},
            {"metadata": {"name": "b"}, "subjects": [{"kind": "Group", "name": "g"}],
             "roleRef": {"kind": "ClusterRole", "name": "r"}},
        ],
    }))
    .unwrap();
    let policy = Policy::new(twice);
    let allowed = who_can(&policy, &Request::path("get", "/x"));
    let names: Vec<&str> = (allowed.subjects().iter())
        .map(|allowed| allowed.subject().name)
        .collect();
    divergences.compare("who-can-repeats", &vec!["system:masters", "g", "g"], &names);
    divergences.finish();
}

fn is(text: &str) -> Result<String, Error> {
    Ok(text.to_owned())
}

fn group_resource(question: &Question) -> String {
    match question.request() {
        Request::Path(request) => request.path().to_owned(),
        Request::Resource(request) => format!("{}:{}", request.group(), request.resource()),
    }
}
