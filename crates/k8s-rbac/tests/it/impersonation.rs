//! Acting as another user: the permissions that it needs, and the user that decides.

use k8s_rbac::{Impersonation, KubernetesVersion, Objects, Policy, Request, User};
use serde_json::json;

const VERSION: KubernetesVersion = KubernetesVersion::V1_34;

/// A policy in which the user `caller` has these rules.
fn policy(rules: &serde_json::Value) -> Policy {
    let objects = json!({
        "clusterRoles": [{"metadata": {"name": "impersonates"}, "rules": rules}],
        "clusterRoleBindings": [{
            "metadata": {"name": "impersonates"},
            "subjects": [{"kind": "User", "name": "caller"}],
            "roleRef": {"kind": "ClusterRole", "name": "impersonates"},
        }],
    });
    Policy::new(serde_json::from_value::<Objects>(objects).unwrap())
}

fn caller() -> User {
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
    let refusal = policy.impersonate(VERSION, &caller, &target).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "groups \"devs\" is forbidden: User \"caller\" cannot impersonate resource \"groups\" in API group \"\" at \
         the cluster scope"
    );
    let bob = Impersonation::new("bob");
    let user = policy.impersonate(VERSION, &caller, &bob).unwrap();
    assert_eq!(user, User::new("bob", ["system:authenticated"]));
    assert!(
        policy
            .impersonate(VERSION, &caller, &Impersonation::new("eve"))
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
    let user = policy.impersonate(VERSION, &caller, &account).unwrap();
    assert_eq!(user, User::service_account("dev", "ci"));
    let account = account.with_group("devs");
    let user = policy.impersonate(VERSION, &caller, &account).unwrap();
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
