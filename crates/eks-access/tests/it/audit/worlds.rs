//! The minimal role of generated logs, with RBAC as the judge: it allows each request of the log, and beyond
//! them only the permissions that it lists.

use eks_access::audit::{AuditLog, MinimalRole, RoleRequest};
use k8s_rbac::{Manifests, Policy, Request, RequestInfo, ResourceRequest, User};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::{event, lines, log};

const VERBS: [&str; 5] = ["get", "list", "create", "patch", "deletecollection"];
const GROUPS: [&str; 2] = ["", "apps"];
const RESOURCES: [&str; 3] = ["pods", "deployments", "nodes"];
const SUBRESOURCES: [&str; 3] = ["", "log", "scale"];
const NAMESPACES: [&str; 3] = ["", "dev", "prod"];
const NAMES: [&str; 4] = ["", "a", "b", "dev"];
const PATHS: [&str; 3] = ["/healthz", "/healthz/etcd", "/logs/x"];

fn url() -> impl Strategy<Value = (&'static str, String)> {
    let parts = (
        select(&VERBS[..]),
        select(&GROUPS[..]),
        select(&RESOURCES[..]),
        select(&SUBRESOURCES[..]),
        select(&NAMESPACES[..]),
        select(&NAMES[..]),
    );
    let resource = parts.prop_map(|(verb, group, resource, subresource, namespace, name)| {
        let mut url = match group {
            "" => "/api/v1".to_owned(),
            group => format!("/apis/{group}/v1"),
        };
        if !namespace.is_empty() {
            url = format!("{url}/namespaces/{namespace}");
        }
        url = format!("{url}/{resource}");
        let takes_name = matches!(verb, "get" | "patch");
        if takes_name && !name.is_empty() || !subresource.is_empty() {
            url = format!("{url}/{}", if name.is_empty() { "c" } else { name });
        }
        if !subresource.is_empty() {
            url = format!("{url}/{subresource}");
        }
        (verb, url)
    });
    prop_oneof![9 => resource, 1 => select(&PATHS[..]).prop_map(|path| ("get", path.to_owned()))]
}

/// All requests that differ from the requests of the log in one part.
fn universe() -> Vec<Request<'static>> {
    let mut all: Vec<Request<'static>> = Vec::new();
    for verb in VERBS.into_iter().chain(["delete"]) {
        for group in GROUPS {
            for resource in RESOURCES {
                for subresource in SUBRESOURCES {
                    for namespace in NAMESPACES.into_iter().chain(["other"]) {
                        for name in NAMES.into_iter().chain(["c", "other"]) {
                            let request = ResourceRequest::new(verb, group, resource)
                                .with_subresource(subresource)
                                .in_namespace(namespace)
                                .with_name(name);
                            all.push(request.into());
                        }
                    }
                }
            }
        }
    }
    for path in PATHS.into_iter().chain(["/", "/logs"]) {
        all.extend(["get", "post"].map(|verb| Request::path(verb, path)));
    }
    all
}

fn method(verb: &str) -> &'static str {
    match verb {
        "create" => "POST",
        "patch" => "PATCH",
        "deletecollection" => "DELETE",
        _ => "GET",
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_role_allows_the_log_and_what_it_lists(requests in vec(url(), 0..25)) {
        let events: Vec<_> = requests.iter().map(|(verb, url)| event("u", verb, url)).collect();
        let log = log(&lines(&events));
        let role = MinimalRole::new(&log, &RoleRequest::new("u", "r"));
        prop_assert!(role.left_out().is_empty());
        let yaml = role.to_yaml();
        let read = Manifests::read([("role.yaml", yaml.as_str())]);
        prop_assert_eq!(read.objects(), role.objects());
        let policy = Policy::new(read.into_objects());
        let user = User::new("u", ["system:authenticated"]);
        // The requests by their URLs, not by the text of the log.
        let infos: Vec<RequestInfo> = requests
            .iter()
            .map(|(verb, url)| {
                let mut info = RequestInfo::parse(method(verb), url).unwrap();
                (*verb).clone_into(&mut info.verb);
                info
            })
            .collect();
        let asked: Vec<Request<'_>> = infos.iter().map(RequestInfo::request).collect();
        for info in &infos {
            prop_assert!(policy.authorize(&user, &info.request()).is_allow(), "{yaml}");
        }
        for request in universe() {
            if asked.contains(&request) || !policy.authorize(&user, &request).is_allow() {
                continue;
            }
            let is_listed = role.generalizations().iter().any(|one| one.covers(&request));
            prop_assert!(is_listed, "{request:?}\n{yaml}");
        }
        // Other users may do nothing.
        let other = User::new("v", ["system:authenticated"]);
        prop_assert!(asked.iter().all(|one| !policy.authorize(&other, one).is_allow()));
    }

    #[test]
    fn parts_in_any_order_are_the_whole(requests in vec(url(), 0..25), at in 0_usize..25) {
        let events: Vec<_> = requests.iter().map(|(verb, url)| event("u", verb, url)).collect();
        let (one, other) = events.split_at(at.min(events.len()));
        let whole = log(&lines(&events));
        let mut merged = AuditLog::new();
        for part in [other, one] {
            let saved = log(&lines(part)).save().unwrap();
            merged.merge(AuditLog::from_saved(&saved).unwrap()).unwrap();
        }
        prop_assert_eq!(merged.save(), whole.save());
    }
}
