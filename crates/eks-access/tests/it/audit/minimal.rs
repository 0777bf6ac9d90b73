//! The minimal role of the sample, and of hostile logs.

use std::collections::BTreeMap;

use eks_access::audit::{Action, Authorizer, Generalization, MinimalRole, RoleRequest};
use k8s_rbac::{KubernetesVersion, Manifests, Objects, Policy, Request, ResourceRequest};
use serde_json::{Value, json};

use super::{SAMPLE, event, lines, log, with};

#[test]
fn the_role_of_the_sample_has_what_each_rule_was_for() {
    let log = log(&testkit::text(SAMPLE));
    let default = Policy::new(Objects::bootstrap(KubernetesVersion::V1_34));
    let request = RoleRequest::new("k8s-developer", "developer").with_baseline(&default);
    let role = MinimalRole::new(&log, &request);
    assert_eq!(role.of_baseline(), 3);
    assert_eq!(
        role.to_yaml(),
        r#"---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: "developer"
  namespace: "dev"
rules:
# 1 request by kubectl/v1.36.3
# from 2026-11-28T06:06:01.638045Z to 2026-11-28T06:06:01.638045Z
# first /apis/apps/v1/namespaces/dev/deployments?fieldManager=kubectl-create&fieldValidation=Strict
- apiGroups: ["apps"]
  resources: ["deployments"]
  verbs: ["create"]
# 2 requests by kubectl/v1.36.3
# from 2026-11-28T06:06:03.422189Z to 2026-11-28T06:06:03.428299Z
# first /apis/apps/v1/namespaces/dev/deployments/web
- apiGroups: ["apps"]
  resources: ["deployments"]
  resourceNames: ["web"]
  verbs: ["delete", "get"]
# 4 requests by kubectl/v1.36.3
# from 2026-11-28T06:05:58.965685Z to 2026-11-28T06:06:03.213752Z
# first /api/v1/namespaces/dev/pods/web-0
- apiGroups: [""]
  resources: ["pods"]
  resourceNames: ["web-0"]
  verbs: ["delete", "get", "patch"]
# 3 requests by kubectl/v1.36.3
# from 2026-11-28T06:05:58.861120Z to 2026-11-28T06:06:03.026883Z
# first /api/v1/namespaces/dev/pods?limit=500
- apiGroups: [""]
  resources: ["pods"]
  verbs: ["list", "watch"]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: "developer"
  namespace: "dev"
roleRef:
  apiGroup: "rbac.authorization.k8s.io"
  kind: "Role"
  name: "developer"
subjects:
- kind: "User"
  name: "k8s-developer"
  apiGroup: "rbac.authorization.k8s.io"
"#
    );
}

#[test]
fn hostile_texts_stay_texts() {
    let names = [
        "u\"\n- verbs: [\"*\"]",
        "u\u{1b}[2J",
        "u\u{202e}x",
        "#u: {{x}}",
        "u\u{2028}---\u{85}",
        "yes",
        "\u{feff}u",
    ];
    for name in names {
        let events = [
            event(name, "get", "/api/v1/namespaces/dev/pods/a%22%0A%23"),
            event(name, "get", "/x%0A---"),
            event(name, "list", "/apis/a%22b.io/v1/namespaces/dev%0A/%23x"),
        ];
        let log = log(&lines(&events));
        assert_eq!(log.counts().requests, 3, "{name:?}");
        let role = MinimalRole::new(&log, &RoleRequest::new(name, name));
        let yaml = role.to_yaml();
        assert!(yaml.chars().all(|c| c == '\n' || !c.is_control()), "{yaml}");
        let read = Manifests::read([("role.yaml", yaml.as_str())]);
        assert_eq!(read.objects(), role.objects(), "{yaml}");
        let policy = Policy::new(role.objects().clone());
        for record in log.records() {
            let user = record.user.to_user();
            let name = record.tally.names().named().first();
            let request = record.action.request(name.map_or("", AsRef::as_ref));
            assert!(policy.authorize(&user, &request).is_allow(), "{yaml}");
        }
    }
}

#[test]
fn a_wildcard_in_a_request_is_left_out() {
    let wild = [
        event("u", "get", "/apis/*/v1/pods"),
        event("u", "list", "/api/v1/*"),
        event("u", "get", "/api/v1/namespaces/dev/*/x/log"),
        event("u", "get", "/logs/*"),
    ];
    let log = log(&lines(&wild));
    let role = MinimalRole::new(&log, &RoleRequest::new("u", "r"));
    assert_eq!(role.left_out().len(), 4);
    assert_eq!(role.to_yaml(), "");
}

#[test]
fn what_goes_beyond_the_log_is_listed() {
    let mut events: Vec<Value> = (0..70)
        .map(|number| {
            event(
                "u",
                "delete",
                &format!("/api/v1/namespaces/dev/pods/p{number}"),
            )
        })
        .collect();
    events.push(event("u", "list", "/api/v1/secrets"));
    events.push(event("u", "get", "/api/v1/nodes/n"));
    events.push(event("u", "list", "/api/v1/namespaces/dev/secrets"));
    let log = log(&lines(&events));
    let role = MinimalRole::new(&log, &RoleRequest::new("u", "r"));
    let shown: Vec<String> = role
        .generalizations()
        .iter()
        .map(|one| match one {
            Generalization::EveryNamespace(action) => format!("namespaces: {action}"),
            Generalization::Nameless(action) => format!("nameless: {action}"),
            Generalization::TooManyNames(action) => format!("names: {action}"),
            _ => String::new(),
        })
        .collect();
    assert_eq!(
        shown,
        [
            "namespaces: get nodes",
            "nameless: list secrets",
            "namespaces: list secrets",
            "names: delete pods in namespace dev",
        ]
    );
    // The cluster-wide rule makes a rule in the namespace needless.
    let verbs = role.objects().roles.iter().flat_map(|role| &role.rules);
    assert_eq!(
        verbs.map(|rule| rule.verbs.join(",")).collect::<Vec<_>>(),
        ["delete"]
    );
}

/// Verb, group, resource, subresource and namespace of a request.
type Parts = [&'static str; 5];

#[test]
fn a_generalization_covers_what_is_alike() {
    let action = |[verb, group, resource, subresource, namespace]: Parts| Action::Resource {
        verb: verb.into(),
        api_group: group.into(),
        resource: resource.into(),
        subresource: subresource.into(),
        namespace: namespace.into(),
    };
    let own: Parts = ["get", "apps", "deployments", "scale", "dev"];
    let wide: Parts = ["get", "apps", "deployments", "scale", ""];
    let in_dev = Generalization::Nameless(action(own));
    let of_many = Generalization::TooManyNames(action(own));
    let everywhere = Generalization::EveryNamespace(action(wide));
    let rows: [(Parts, bool, bool); 8] = [
        (own, true, true),
        (["get", "apps", "deployments", "scale", "prod"], false, true),
        (wide, false, true),
        (
            ["patch", "apps", "deployments", "scale", "dev"],
            false,
            false,
        ),
        (["get", "", "deployments", "scale", "dev"], false, false),
        (["get", "apps", "replicasets", "scale", "dev"], false, false),
        (["get", "apps", "deployments", "", "dev"], false, false),
        (
            ["get", "apps", "deployments", "status", "dev"],
            false,
            false,
        ),
    ];
    for (parts, is_in_dev, is_anywhere) in rows {
        let [verb, group, resource, subresource, namespace] = parts;
        let request: Request<'_> = ResourceRequest::new(verb, group, resource)
            .with_subresource(subresource)
            .in_namespace(namespace)
            .with_name("web")
            .into();
        let covers = [&in_dev, &of_many, &everywhere].map(|one| one.covers(&request));
        assert_eq!(covers, [is_in_dev, is_in_dev, is_anywhere], "{parts:?}");
    }
    let path = Request::path("get", "/healthz");
    assert!(
        ![in_dev, of_many, everywhere]
            .iter()
            .any(|one| one.covers(&path))
    );
}

#[test]
fn the_uses_of_a_role_are_those_of_its_rules() {
    let list = |query: &str| event("u", "list", &format!("/api/v1/namespaces/dev/pods{query}"));
    let unnamed = with(
        event("u", "get", "/healthz"),
        "/annotations/authorization.k8s.io~1reason",
        json!(""),
    );
    let log = log(&lines(&[
        list("?fieldSelector=metadata.name%3Dweb"),
        // A request for all objects makes the rule a rule for all objects.
        list(""),
        event("u", "get", "/api/v1/namespaces/dev/secrets/é"),
        unnamed,
    ]));
    let role = MinimalRole::new(&log, &RoleRequest::new("u", "r"));
    let uses = role.uses().iter();
    let counts: Vec<Vec<u64>> = uses
        .map(|rules| rules.iter().map(|one| one.tally().count()).collect())
        .collect();
    assert_eq!(counts, [vec![1], vec![2, 1]]);
    let rules: Vec<_> = role
        .objects()
        .roles
        .iter()
        .flat_map(|role| &role.rules)
        .map(|rule| (rule.resources.join(","), rule.resource_names.join(",")))
        .collect();
    let want = [("pods", ""), ("secrets", "é")];
    assert_eq!(
        rules,
        want.map(|(resource, name)| (resource.to_owned(), name.to_owned()))
    );
    let by_authorizer = BTreeMap::from([(Authorizer::Rbac, 3), (Authorizer::Unnamed, 1)]);
    assert_eq!(role.by_authorizer(), &by_authorizer);
    // A letter of any script is written without an escape.
    assert!(role.to_yaml().contains("resourceNames: [\"é\"]"));
}
