//! Questions: the cases of `testdata/can_i.toml`.

use k8s_rbac::api_resources::{RESOURCES, find};
use k8s_rbac::{
    NonResourceRule, Objects, Policy, PolicyRule, Request, ResourceRequest, ResourceRule,
    SubjectRulesReviewStatus,
};
use k8s_rbac_analysis::can_i::{Question, RuleTable};
use proptest::prelude::*;
use serde::Deserialize;
use testkit::Report;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    case: Vec<Case>,
}

/// The namespace of the context is `here`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    line: String,
    /// `VERB /PATH`, or `VERB GROUP RESOURCE[/SUBRESOURCE] NAMESPACE NAME` with `-` for nothing.
    request: Option<String>,
    #[serde(default)]
    warnings: Vec<String>,
    error: Option<String>,
}

fn show(request: &Request<'_>) -> String {
    let request = match request {
        Request::Path(request) => return format!("{} {}", request.verb(), request.path()),
        Request::Resource(request) => request,
    };
    let or_dash = |text: Option<&str>| text.unwrap_or("-").to_owned();
    let group = or_dash(Some(request.group()).filter(|group| !group.is_empty()));
    let subresource = request
        .subresource()
        .map(|sub| format!("/{sub}"))
        .unwrap_or_default();
    let (namespace, name) = (or_dash(request.namespace()), or_dash(request.name()));
    format!(
        "{} {group} {}{subresource} {namespace} {name}",
        request.verb(),
        request.resource()
    )
}

#[test]
fn without_a_context_the_namespace_follows_the_scope_of_the_resource() {
    for (line, asked, warnings) in [
        ("list nodes", "list - nodes - -", 0),
        ("list pods", "list - pods default -", 0),
        ("list pods -A", "list - pods - -", 0),
        ("list nodes -n dev", "list - nodes dev -", 2),
        (
            "get widgets.example.com",
            "get example.com widgets default -",
            1,
        ),
        ("get /healthz", "get /healthz", 0),
        ("get namespaces/team", "get - namespaces team team", 0),
        ("delete ns/team", "delete - namespaces team team", 0),
        ("list namespaces", "list - namespaces - -", 0),
        // A list of one object has its name in a field selector.
        ("list namespaces/team", "list - namespaces - team", 0),
        ("watch namespaces/team", "watch - namespaces - team", 0),
        (
            "deletecollection namespaces/team",
            "deletecollection - namespaces - team",
            0,
        ),
        ("create namespaces/team", "create - namespaces - team", 1),
        (
            "list namespaces/team -n team",
            "list - namespaces team team",
            2,
        ),
        (
            "get namespaces/team -n other",
            "get - namespaces other team",
            2,
        ),
        ("create pods/exec", "create - pods default exec", 1),
        ("impersonate users", "impersonate - users - -", 0),
        (
            "impersonate uids.authentication.k8s.io/u",
            "impersonate authentication.k8s.io uids - u",
            1,
        ),
        // The key of an extra is its subresource.
        (
            "impersonate userextras.authentication.k8s.io/scopes",
            "impersonate authentication.k8s.io userextras - scopes",
            2,
        ),
        // A word that is not a version is a part of the group.
        (
            "get widgets.v2beta1.example.com",
            "get example.com widgets default -",
            1,
        ),
        (
            "get widgets.v.example.com",
            "get v.example.com widgets default -",
            1,
        ),
        (
            "get widgets.vx.example.com",
            "get vx.example.com widgets default -",
            1,
        ),
        (
            "get widgets.v1beta.example.com",
            "get v1beta.example.com widgets default -",
            1,
        ),
        (
            "get widgets.vxbeta1.example.com",
            "get vxbeta1.example.com widgets default -",
            1,
        ),
        (
            "impersonate serviceaccounts",
            "impersonate - serviceaccounts default -",
            0,
        ),
        ("create secrets/mine", "create - secrets default mine", 1),
        ("get pods/exec", "get - pods default exec", 1),
        (
            "get serviceaccounts/token",
            "get - serviceaccounts default token",
            1,
        ),
        ("get secrets/exec", "get - secrets default exec", 0),
        ("get services/proxy", "get - services default proxy", 1),
        ("get nodes/proxy", "get - nodes - proxy", 1),
        (
            "update namespaces/finalize",
            "update - namespaces finalize finalize",
            1,
        ),
        (
            "update certificatesigningrequests/approval",
            "update certificates.k8s.io certificatesigningrequests - approval",
            1,
        ),
        (
            "update deployments/scale",
            "update apps deployments default scale",
            1,
        ),
        (
            "update statefulsets/status",
            "update apps statefulsets default status",
            1,
        ),
        (
            "update daemonsets/scale",
            "update apps daemonsets default scale",
            0,
        ),
        (
            "create pods/web --subresource=exec",
            "create - pods/exec default web",
            0,
        ),
    ] {
        let question = Question::parse_without_context(line).unwrap();
        assert_eq!(show(&question.request()), asked);
        assert_eq!(question.warnings().len(), warnings, "{line}");
    }
}

#[test]
fn questions_are_read_as_the_cases_say() {
    let mut report = Report::new();
    for case in testkit::toml::<File>("testdata/can_i.toml").case {
        let question = Question::parse(&case.line, "here");
        let warnings: Vec<String> = (question.iter().flat_map(Question::warnings))
            .map(ToString::to_string)
            .collect();
        let request = question
            .as_ref()
            .ok()
            .map(|question| show(&question.request()));
        report.check(&format!("{}: request", case.line), &request, &case.request);
        report.check(
            &format!("{}: warnings", case.line),
            &warnings,
            &case.warnings,
        );
        let error = question.err().map(|error| format!("{error:?}"));
        report.check(&format!("{}: error", case.line), &error, &case.error);
    }
    report.finish();
}

#[test]
fn every_name_of_every_resource_finds_it_with_its_group() {
    for resource in RESOURCES {
        let singular = resource.singular();
        let names = resource
            .short_names
            .iter()
            .copied()
            .chain([resource.name, singular.as_str()]);
        for name in names {
            assert_eq!(
                find(name, resource.group).map(|found| found.kind),
                Some(resource.kind)
            );
            if name != "ev" && !name.starts_with("event") {
                assert_eq!(find(name, ""), Some(resource), "{name}");
            }
        }
    }
    assert_eq!(find("events", "").map(|found| found.group), Some(""));
}

#[test]
fn a_mistyped_resource_is_unknown_and_the_nearest_is_named() {
    let objects: Objects = serde_json::from_value(serde_json::json!({"clusterRoles": [{
        "metadata": {"name": "r"},
        "rules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["widgets/status"]}],
    }]}))
    .unwrap();
    let policy = Policy::new(objects);
    let unknown = |line: &str| {
        let question = Question::parse_without_context(line).unwrap();
        let unknown = question.unknown_resource(&policy, ["Gadget", "Policy"]);
        unknown.map(|unknown| unknown.nearest().unwrap_or("-").to_owned())
    };
    for (resource, nearest) in [
        ("secerts", Some("secrets")),
        ("pod", None),
        ("widgets", None),
        ("widgts", Some("widgets")),
        ("gadgets", None),
        ("policies", None),
        ("gizmies", Some("-")),
        ("deploymnets", Some("deployments")),
        ("scrts", Some("secrets")),
        // Two pairs of letters are swapped.
        ("escerts", Some("secrets")),
        ("things", Some("-")),
        ("things.example.com", None),
        ("users", None),
        ("uids", Some("uids.authentication.k8s.io")),
        ("userextras", Some("userextras.authentication.k8s.io")),
        ("uids.authentication.k8s.io", None),
        ("*", None),
    ] {
        let got = unknown(&format!("get {resource}"));
        assert_eq!(got.as_deref(), nearest, "{resource}");
    }
}

#[test]
fn an_unknown_resource_prints_what_to_write() {
    for (resource, text) in [
        (
            "secerts",
            r#"neither Kubernetes nor a rule has a resource "secerts"; did you mean "secrets"?"#,
        ),
        (
            "pods,services",
            r#"neither Kubernetes nor a rule has a resource "pods,services"; write each of several resources as a word of its own"#,
        ),
        (
            "things",
            r#"neither Kubernetes nor a rule has a resource "things"; write a custom resource as RESOURCE.GROUP, and one object as RESOURCE/NAME"#,
        ),
    ] {
        let question = Question::parse_without_context(&format!("get {resource}")).unwrap();
        let unknown = question.unknown_resource(&Policy::default(), []).unwrap();
        assert_eq!(
            (unknown.resource(), unknown.to_string().as_str()),
            (resource, text)
        );
    }
}

#[test]
fn a_verb_or_subresource_is_mistyped_if_it_is_nearly_a_known_one_and_in_no_rule() {
    let objects: Objects = serde_json::from_value(serde_json::json!({
        "clusterRoles": [{"metadata": {"name": "r"},
            "rules": [{"verbs": ["lst"], "apiGroups": [""], "resources": ["pods/logs"]}]}],
        "roles": [{"metadata": {"name": "r", "namespace": "dev"},
            "rules": [{"verbs": ["gett"], "apiGroups": [""], "resources": ["pods/exce"]}]}],
    }))
    .unwrap();
    let policy = Policy::new(objects);
    for (line, mistyped) in [
        ("get pods", None),
        ("gte pods", Some(("verb", "gte", "get"))),
        ("GTE pods", Some(("verb", "GTE", "get"))),
        ("gte /healthz", Some(("verb", "gte", "get"))),
        // Two errors, in a word of five letters and in a word of six.
        ("wtcha pods", None),
        ("updtae pods", Some(("verb", "updtae", "update"))),
        ("pudtae pods", Some(("verb", "pudtae", "update"))),
        ("frobnicate pods", None),
        ("lst pods", None),
        ("gett pods", None),
        ("get pods --subresource=log", None),
        ("get pods --subresource=logs", None),
        ("get pods --subresource=exce", None),
        (
            "get pods --subresource=lgo",
            Some(("subresource", "lgo", "log")),
        ),
        (
            "get pods --subresource=evictoin",
            Some(("subresource", "evictoin", "eviction")),
        ),
        ("get pods --subresource=frobnicate", None),
    ] {
        let got = Question::parse_without_context(line)
            .unwrap()
            .mistyped(&policy);
        let want = mistyped.map(|(what, word, nearest)| {
            let text = format!(
                "neither Kubernetes nor a rule has a {what} {word:?}; did you mean {nearest:?}?"
            );
            (word, nearest, text)
        });
        let got = got
            .as_ref()
            .map(|one| (one.word(), one.nearest(), one.to_string()));
        assert_eq!(got, want, "{line}");
    }
}

#[test]
fn an_empty_word_is_no_resource() {
    let error = Question::from_words(["get", ""], "here");
    assert_eq!(error, Err(k8s_rbac_analysis::can_i::Error::EmptyResource));
}

proptest! {
    #[test]
    fn any_line_is_a_question_or_an_error(line in r#"[-a-z/.*= nA'"]{0,40}"#) {
        let _ = Question::parse(&line, "here");
    }

    #[test]
    fn flags_may_stand_anywhere(at in 0_usize..3, flag in 0_usize..4) {
        let flags: &[&str] = [
            &["-n", "dev"][..],
            &["-n=dev"],
            &["--namespace", "dev"],
            &["--namespace=dev"],
        ][flag];
        let mut words = vec!["get", "pods/web"];
        words.splice(at..at, flags.iter().copied());
        let question = Question::from_words(words, "here").unwrap();
        let request = ResourceRequest::new("get", "", "pods").with_name("web").in_namespace("dev");
        prop_assert_eq!(question.request(), request.into());
    }
}

#[test]
fn after_a_flag_of_one_letter_an_equals_sign_without_a_value_is_the_value() {
    let question = Question::from_words(["get", "pods", "-n="], "here").unwrap();
    let request = ResourceRequest::new("get", "", "pods").in_namespace("=");
    assert_eq!(question.request(), request.into());
}

/// As in upstream, pflag takes the text behind the letter of the flag as its value, including an
/// equals sign.
#[test]
fn what_follows_the_flag_of_one_letter_is_its_value() {
    for (flag, namespace) in [
        ("-ndev", "dev"),
        ("-n=dev", "dev"),
        ("-na=b", "a=b"),
        ("-n=a=b", "a=b"),
    ] {
        let question = Question::from_words(["get", "pods", flag], "here").unwrap();
        let request = ResourceRequest::new("get", "", "pods").in_namespace(namespace);
        assert_eq!(question.request(), request.into(), "{flag}");
    }
}

#[derive(Deserialize)]
struct Listed {
    rules: Option<Vec<PolicyRule>>,
    output: String,
}

#[test]
fn a_list_of_rules_is_the_table_that_kubectl_prints() {
    let mut report = Report::new();
    for case in testkit::json_lines::<Listed>("testdata/cani_list.jsonl") {
        let table = RuleTable::new(case.rules.iter().flatten());
        report.check(
            &format!("{:?}", case.rules),
            &table.to_string(),
            &case.output,
        );
        // Each row is a line, and all facts that are read from it.
        let cells = |line: &str| line.split_whitespace().collect::<String>();
        let rows: Vec<String> = (table.rows().iter())
            .map(|row| cells(&row.concat()))
            .collect();
        let printed: Vec<String> = case.output.lines().skip(1).map(cells).collect();
        report.check("the rows", &rows, &printed);
        let bare = table.clone().without_header().to_string();
        let lines = case.output.lines().count();
        report.check("without the header", &(bare.lines().count() + 1), &lines);
    }
    report.finish();
}

#[test]
fn the_table_of_a_review_is_sorted_and_its_columns_are_six_wide_at_least() {
    let status = SubjectRulesReviewStatus {
        non_resource_rules: vec![NonResourceRule {
            verbs: vec!["get".to_owned()],
            non_resource_urls: vec!["/x".to_owned()],
        }],
        resource_rules: vec![ResourceRule {
            verbs: vec!["get".to_owned()],
            api_groups: vec![String::new()],
            resources: vec!["pods/log".to_owned()],
            resource_names: vec!["a".to_owned()],
        }],
        ..SubjectRulesReviewStatus::default()
    };
    assert_eq!(
        RuleTable::from(&status).without_header().to_string(),
        "           [/x]   []    [get]\npods/log   []     [a]   [get]\n"
    );
}

#[test]
fn warnings_print_no_control_character_of_the_question() {
    let hostile = "a\u{1b}[2J\u{202e}b\nc";
    let asked = format!("{hostile}/{hostile}");
    let question = Question::from_words([hostile, &asked, "--subresource", hostile], hostile);
    let question = question.unwrap();
    let warnings = question.warnings().iter().map(ToString::to_string);
    let warnings: Vec<String> = warnings.collect();
    assert_eq!(
        warnings,
        [
            r"the server doesn't have a resource type 'a\u{1b}[2j\u{202e}b\nc'",
            r"verb 'a\u{1b}[2J\u{202e}b\nc' is not a known verb",
        ]
    );
}
