//! The permissions that a request with impersonation needs in addition.
//!
//! As upstream: apiserver, `pkg/endpoints/filters/impersonation`. Each user, group, uid and extra is
//! authorized separately, but has no separate event.

use k8s_rbac::{RequestInfo, ServiceAccount};

use super::event::EventUser;

const AUTHENTICATION: &str = "authentication.k8s.io";

/// The verb of plain impersonation.
const IMPERSONATE: &str = "impersonate";

/// The prefix of the usernames of nodes.
const NODE: &str = "system:node:";

/// Lists the requests that allowed an impersonation. `constraint` is the verb of a constrained impersonation,
/// and empty for a plain impersonation.
///
/// The groups that the API server adds itself are left out: `system:authenticated`, the groups of a
/// service account, and `system:nodes` for a node in a constrained impersonation.
pub(super) fn requests(
    user: &EventUser<'_>,
    constraint: &str,
    request: &RequestInfo,
) -> Vec<RequestInfo> {
    let is_constrained = !constraint.is_empty();
    let verb = if is_constrained {
        constraint
    } else {
        IMPERSONATE
    };
    let core = if is_constrained { AUTHENTICATION } else { "" };
    let mut all = Vec::new();
    let mut add = |group: &str, resource: &str, namespace: &str, name: &str, subresource: &str| {
        let mut info = RequestInfo::default();
        info.is_resource_request = true;
        verb.clone_into(&mut info.verb);
        group.clone_into(&mut info.api_group);
        resource.clone_into(&mut info.resource);
        namespace.clone_into(&mut info.namespace);
        name.clone_into(&mut info.name);
        subresource.clone_into(&mut info.subresource);
        all.push(info);
    };
    let account = ServiceAccount::parse(&user.username).filter(ServiceAccount::has_valid_names);
    let node = user.username.strip_prefix(NODE);
    match (&account, node, constraint) {
        (Some(account), ..) => {
            add(
                core,
                "serviceaccounts",
                account.namespace(),
                account.name(),
                "",
            );
        }
        (None, Some(_), "impersonate:associated-node") => add(core, "nodes", "", "*", ""),
        (None, Some(node), "impersonate:arbitrary-node") => add(core, "nodes", "", node, ""),
        _ => add(core, "users", "", &user.username, ""),
    }
    let is_constrained_node = node.is_some() && constraint.ends_with("-node");
    for group in &user.groups {
        let group = group.0.as_ref();
        let is_added = match group.strip_prefix("system:") {
            Some("authenticated" | "unauthenticated") => true,
            Some("nodes") => is_constrained_node,
            Some(group) => account.as_ref().is_some_and(|own| is_group_of(own, group)),
            None => false,
        };
        if !is_added {
            add(core, "groups", "", group, "");
        }
    }
    if !user.uid.is_empty() {
        add(AUTHENTICATION, "uids", "", &user.uid, "");
    }
    for (key, values) in &user.extra {
        for value in values {
            add(AUTHENTICATION, "userextras", "", &value.0, &key.0);
        }
    }
    if let Some(mode) = constraint.strip_prefix("impersonate:") {
        let mut on = request.clone();
        on.verb = format!("impersonate-on:{mode}:{}", request.verb);
        all.push(on);
    }
    all
}

/// Returns whether every service account of this namespace is in a group, which is given without its prefix
/// `system:`.
fn is_group_of(account: &ServiceAccount<'_>, group: &str) -> bool {
    let namespace = group.strip_prefix("serviceaccounts");
    namespace
        .is_some_and(|rest| rest.is_empty() || rest.strip_prefix(':') == Some(account.namespace()))
}
