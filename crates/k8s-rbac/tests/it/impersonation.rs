//! Acting as another user: the necessary permissions, and the user for whom the request is decided.

use k8s_rbac::{Impersonation, KubernetesVersion, Objects, Policy, Request, ResourceRequest, User};
use serde_json::json;

const VERSION: KubernetesVersion = KubernetesVersion::V1_34;

/// With constrained impersonation.
const NEWEST: KubernetesVersion = KubernetesVersion::NEWEST;

/// A policy in which the user `caller` has these rules.
pub(crate) fn policy(rules: &serde_json::Value) -> Policy {
    policy_of("caller", rules)
}

fn policy_of(username: &str, rules: &serde_json::Value) -> Policy {
    let objects = json!({
        "clusterRoles": [{"metadata": {"name": "impersonates"}, "rules": rules}],
        "clusterRoleBindings": [{
            "metadata": {"name": "impersonates"},
            "subjects": [{"kind": "User", "name": username}],
            "roleRef": {"kind": "ClusterRole", "name": "impersonates"},
        }],
    });
    Policy::new(serde_json::from_value::<Objects>(objects).unwrap())
}

/// Since Kubernetes 1.36 the request matters.
pub(crate) fn pods() -> Request<'static> {
    ResourceRequest::new("list", "", "pods").into()
}

pub(crate) fn caller() -> User {
    User::new("caller", ["system:authenticated"])
}

#[test]
fn each_part_is_authorized_by_itself_in_the_order_of_the_api_server() {
    let target = Impersonation::new("bob")
        .with_group("devs")
        .with_extra("reason", "a ticket")
        .with_uid("7");
    let asked: Vec<String> = target
        .requests()
        .map(|request| {
            let subresource = request.subresource().unwrap_or("-");
            let name = request.name().unwrap_or_default();
            format!("{} {subresource} {name}", request.resource())
        })
        .collect();
    let wanted = [
        "users - bob",
        "groups - devs",
        "userextras reason a ticket",
        "uids - 7",
    ];
    assert_eq!(asked, wanted);
    let only_bob = json!([{"verbs": ["impersonate"], "apiGroups": [""], "resources": ["users"], "resourceNames": ["bob"]}]);
    let policy = policy(&only_bob);
    let caller = caller();
    let refusal = policy
        .impersonate(VERSION, &caller, pods(), &target)
        .unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "groups \"devs\" is forbidden: User \"caller\" cannot impersonate resource \"groups\" in API group \"\" at \
         the cluster scope"
    );
    let bob = Impersonation::new("bob");
    let user = policy.impersonate(VERSION, &caller, pods(), &bob).unwrap();
    assert_eq!(user, User::new("bob", ["system:authenticated"]));
    assert!(
        policy
            .impersonate(VERSION, &caller, pods(), &Impersonation::new("eve"))
            .is_err()
    );
}

#[test]
fn a_service_account_is_authorized_in_its_namespace_and_has_its_groups() {
    let rules = json!([{"verbs": ["impersonate"], "apiGroups": [""], "resources": ["serviceaccounts", "groups"]}]);
    let account = Impersonation::new("system:serviceaccount:dev:ci");
    let request: Request<'_> = account.requests().next().unwrap().into();
    assert!(matches!(request, Request::Resource(asked) if asked.namespace() == Some("dev")));
    let (policy, caller) = (policy(&rules), caller());
    let user = policy
        .impersonate(VERSION, &caller, pods(), &account)
        .unwrap();
    assert_eq!(user, User::service_account("dev", "ci"));
    let account = account.with_group("devs");
    let user = policy
        .impersonate(VERSION, &caller, pods(), &account)
        .unwrap();
    assert_eq!(user.groups, ["devs", "system:authenticated"]);
}

#[test]
fn a_service_account_whose_names_cannot_exist_is_an_ordinary_user() {
    for username in [
        "system:serviceaccount:Dev:ci",
        "system:serviceaccount:dev:c_i",
    ] {
        let target = Impersonation::new(username);
        let request = target.requests().next().unwrap();
        assert_eq!(
            (request.resource(), request.name()),
            ("users", Some(username))
        );
        assert_eq!(target.user().groups, ["system:authenticated"]);
    }
}

#[test]
fn the_groups_of_authentication_are_added_unless_they_are_named() {
    for (username, groups, wanted) in [
        ("bob", &[][..], &["system:authenticated"][..]),
        (
            "bob",
            &["system:unauthenticated"],
            &["system:unauthenticated"],
        ),
        ("system:anonymous", &[], &["system:unauthenticated"]),
        (
            "system:anonymous",
            &["system:authenticated"],
            &["system:authenticated", "system:unauthenticated"],
        ),
    ] {
        let target = groups
            .iter()
            .fold(Impersonation::new(username), |target, group| {
                target.with_group(*group)
            });
        assert_eq!(target.user().groups, wanted, "{username} {groups:?}");
    }
}

/// Rules that allow acting as `bob`, but only to list pods.
fn only_to_list_pods() -> serde_json::Value {
    json!([
        {"verbs": ["impersonate-on:user-info:list"], "apiGroups": [""], "resources": ["pods"]},
        {"verbs": ["impersonate:user-info"], "apiGroups": ["authentication.k8s.io"], "resources": ["users"],
         "resourceNames": ["bob"]},
    ])
}

#[test]
fn a_user_can_be_impersonated_in_some_requests_only() {
    let (policy, caller) = (policy(&only_to_list_pods()), caller());
    let bob = Impersonation::new("bob");
    let get = ResourceRequest::new("get", "", "pods").into();
    for version in [KubernetesVersion::V1_36, NEWEST] {
        let user = policy.impersonate(version, &caller, pods(), &bob);
        assert_eq!(user.unwrap(), User::new("bob", ["system:authenticated"]));
    }
    for (version, request, target, verb) in [
        (NEWEST, get, bob.clone(), "impersonate-on:user-info:get"),
        (
            NEWEST,
            pods(),
            Impersonation::new("eve"),
            "impersonate:user-info",
        ),
        (KubernetesVersion::V1_35, pods(), bob, "impersonate"),
    ] {
        let refusal = policy.impersonate(version, &caller, request, &target);
        let message = refusal.unwrap_err().to_string();
        assert!(message.contains(&format!("cannot {verb} ")), "{message}");
    }
}

#[test]
fn a_user_can_be_impersonated_on_some_paths_only() {
    let rules = json!([
        {"verbs": ["impersonate-on:user-info:get"], "nonResourceURLs": ["/metrics"]},
        {"verbs": ["impersonate:user-info"], "apiGroups": ["authentication.k8s.io"], "resources": ["users"]},
    ]);
    let (policy, caller, bob) = (policy(&rules), caller(), Impersonation::new("bob"));
    for (verb, path, is_allowed) in [
        ("get", "/metrics", true),
        ("post", "/metrics", false),
        ("get", "/healthz", false),
    ] {
        let user = policy.impersonate(NEWEST, &caller, Request::path(verb, path), &bob);
        assert_eq!(user.is_ok(), is_allowed, "{verb} {path}");
    }
}

#[test]
fn the_plain_verb_needs_no_permission_for_the_request() {
    let rules = json!([{"verbs": ["impersonate"], "apiGroups": [""], "resources": ["users"]}]);
    let (policy, caller) = (policy(&rules), caller());
    let bob = Impersonation::new("bob");
    let healthz = Request::path("get", "/healthz");
    for request in [pods(), healthz] {
        assert!(policy.impersonate(NEWEST, &caller, request, &bob).is_ok());
    }
}

#[test]
fn a_node_agent_can_act_as_the_node_of_its_token_only() {
    let rules = json!([
        {"verbs": ["impersonate-on:associated-node:list"], "apiGroups": [""], "resources": ["pods"]},
        {"verbs": ["impersonate:associated-node"], "apiGroups": ["authentication.k8s.io"], "resources": ["nodes"]},
    ]);
    let policy = policy_of("system:serviceaccount:dev:agent", &rules);
    let caller = User::service_account("dev", "agent");
    let node = Impersonation::new("system:node:a.example");
    let own = node.clone().with_node_of_caller("a.example");
    let user = policy.impersonate(NEWEST, &caller, pods(), &own).unwrap();
    assert_eq!(user.groups, ["system:nodes", "system:authenticated"]);
    let with_group = own.clone().with_group("devs");
    let other = node.clone().with_node_of_caller("b.example");
    for target in [node, other, with_group] {
        assert!(
            policy
                .impersonate(NEWEST, &caller, pods(), &target)
                .is_err(),
            "{target:?}"
        );
    }
}

/// One permission covers the node of each token. Its check has the name `*`.
#[test]
fn a_node_agent_needs_the_permission_for_every_node() {
    for (names, is_allowed) in [(&["*"][..], true), (&["a.example"], false), (&[], true)] {
        let rules = json!([
            {"verbs": ["impersonate-on:associated-node:list"], "apiGroups": [""], "resources": ["pods"]},
            {"verbs": ["impersonate:associated-node"], "apiGroups": ["authentication.k8s.io"],
             "resources": ["nodes"], "resourceNames": names},
        ]);
        let policy = policy_of("system:serviceaccount:dev:agent", &rules);
        let caller = User::service_account("dev", "agent");
        let own = Impersonation::new("system:node:a.example").with_node_of_caller("a.example");
        let user = policy.impersonate(NEWEST, &caller, pods(), &own);
        assert_eq!(user.is_ok(), is_allowed, "{names:?}");
    }
}

/// A user that is not a service account has no token that is bound to a node.
#[test]
fn only_a_service_account_is_the_agent_of_a_node() {
    let rules = json!([
        {"verbs": ["impersonate-on:associated-node:list"], "apiGroups": [""], "resources": ["pods"]},
        {"verbs": ["impersonate:associated-node"], "apiGroups": ["authentication.k8s.io"], "resources": ["nodes"]},
    ]);
    let own = Impersonation::new("system:node:a.example").with_node_of_caller("a.example");
    for (username, is_allowed) in [
        ("system:serviceaccount:dev:agent", true),
        ("system:serviceaccount:dev:an_agent", false),
        ("agent", false),
    ] {
        let policy = policy_of(username, &rules);
        let caller = User::new(username, ["system:authenticated"]);
        let user = policy.impersonate(NEWEST, &caller, pods(), &own);
        assert_eq!(user.is_ok(), is_allowed, "{username}");
    }
}

/// For a node or a service account, the mode allows only the name. If the request names more, the plain
/// verb is checked.
#[test]
fn a_node_and_a_service_account_have_modes_of_their_own() {
    for (mode, username, resource) in [
        ("arbitrary-node", "system:node:a.example", "nodes"),
        (
            "serviceaccount",
            "system:serviceaccount:dev:ci",
            "serviceaccounts",
        ),
    ] {
        let target = Impersonation::new(username);
        for (on, verb, is_allowed) in [
            ("list", mode, true),
            ("get", mode, false),
            ("list", "user-info", false),
        ] {
            let rules = json!([
                {"verbs": [format!("impersonate-on:{verb}:{on}")], "apiGroups": [""], "resources": ["pods"]},
                {"verbs": [format!("impersonate:{verb}")], "apiGroups": ["authentication.k8s.io"],
                 "resources": [resource, "groups", "uids", "userextras/acme.io/reason"]},
            ]);
            let (policy, caller) = (policy(&rules), caller());
            let user = policy.impersonate(NEWEST, &caller, pods(), &target);
            assert_eq!(user.is_ok(), is_allowed, "{username} by {verb} on {on}");
            for target in [
                target.clone().with_group("devs"),
                target.clone().with_uid("7"),
                target.clone().with_extra("acme.io/reason", "a"),
            ] {
                let user = policy.impersonate(NEWEST, &caller, pods(), &target);
                assert!(user.is_err(), "{target:?} by {verb}");
            }
        }
    }
}

#[test]
fn a_mode_refuses_what_no_permission_allows() {
    let everything = json!([
        {"verbs": ["impersonate-on:user-info:list"], "apiGroups": ["*"], "resources": ["*"]},
        {"verbs": ["impersonate:user-info"], "apiGroups": ["*"], "resources": ["*"]},
    ]);
    let (policy, caller) = (policy(&everything), caller());
    let bob = || Impersonation::new("bob");
    for (target, reason) in [
        (
            bob().with_group(""),
            "impersonating the empty string group is not allowed",
        ),
        (
            bob().with_group("system:masters"),
            "impersonating the system:masters group is not allowed",
        ),
        (
            bob().with_extra("", "a"),
            "impersonating the empty string key in extra is not allowed",
        ),
        (
            bob().with_extra("reason", "a"),
            "impersonating an invalid key in extra is not allowed: extra.key: Invalid value: \"reason\": must be a \
             domain-prefixed path (such as \"acme.io/foo\")",
        ),
        (
            bob().with_extra("/reason", "a"),
            "Invalid value: \"/reason\": must be a domain-prefixed path (such as \"acme.io/foo\")",
        ),
        (
            bob().with_extra("acme.io/", "a"),
            "Invalid value: \"acme.io/\": must be a domain-prefixed path (such as \"acme.io/foo\")",
        ),
        (
            bob().with_extra("acme.io/Reason", "a"),
            "impersonating a non-lowercase key in extra is not allowed: \"acme.io/Reason\"",
        ),
        (
            bob().with_extra("acme.io/reason", ""),
            "impersonating the empty string value in extra is not allowed",
        ),
    ] {
        let refusal = policy.impersonate(NEWEST, &caller, pods(), &target);
        let message = refusal.unwrap_err().to_string();
        assert!(message.ends_with(reason), "{message}");
    }
    let allowed = bob()
        .with_group("devs")
        .with_uid("7")
        .with_extra("acme.io/reason", "a");
    assert!(
        policy
            .impersonate(NEWEST, &caller, pods(), &allowed)
            .is_ok()
    );
}

#[test]
fn many_groups_need_one_permission_for_all() {
    let rules = json!([
        {"verbs": ["impersonate-on:user-info:list"], "apiGroups": [""], "resources": ["pods"]},
        {"verbs": ["impersonate:user-info"], "apiGroups": ["authentication.k8s.io"], "resources": ["users"]},
        {"verbs": ["impersonate:user-info"], "apiGroups": ["authentication.k8s.io"], "resources": ["groups"],
         "resourceNames": ["*"]},
    ]);
    let (policy, caller) = (policy(&rules), caller());
    let mut bob = Impersonation::new("bob");
    for (group, is_allowed) in [("a", false), ("b", false), ("c", false), ("d", true)] {
        bob = bob.with_group(group);
        let user = policy.impersonate(NEWEST, &caller, pods(), &bob);
        assert_eq!(user.is_ok(), is_allowed, "{bob:?}");
    }
}

#[test]
fn many_extra_fields_need_one_permission_for_all_or_one_for_each() {
    let base = json!([
        {"verbs": ["impersonate-on:user-info:list"], "apiGroups": [""], "resources": ["pods"]},
        {"verbs": ["impersonate:user-info"], "apiGroups": ["authentication.k8s.io"], "resources": ["users"]},
    ]);
    let with = |resource: &str, names: &[&str]| {
        let mut rules = base.clone();
        rules.as_array_mut().unwrap().push(json!({
            "verbs": ["impersonate:user-info"], "apiGroups": ["authentication.k8s.io"],
            "resources": [resource], "resourceNames": names,
        }));
        policy(&rules)
    };
    let all = with("userextras/*", &["*"]);
    let (none, caller) = (policy(&base), caller());
    let each = with("userextras/acme.io/reason", &["a", "b", "c", "d"]);
    let mut bob = Impersonation::new("bob");
    for (value, is_one_for_all) in [("a", false), ("b", false), ("c", false), ("d", true)] {
        bob = bob.with_extra("acme.io/reason", value);
        for (policy, is_allowed) in [(&all, is_one_for_all), (&each, true), (&none, false)] {
            let user = policy.impersonate(NEWEST, &caller, pods(), &bob);
            assert_eq!(user.is_ok(), is_allowed, "{value}");
        }
    }
}
