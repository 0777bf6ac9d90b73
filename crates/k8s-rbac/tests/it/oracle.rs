//! The truth, written to be checked by eye: no index, no order of evaluation, no early end.

use k8s_rbac::{Objects, PolicyRule, Request, RoleRef, Subject, User};

/// Says whether any rule of any binding allows the request.
pub(crate) fn is_allowed(world: &Objects, user: &User, request: &Request<'_>) -> bool {
    grants(world, user, request).next().is_some()
}

/// Lists the names of all the bindings that allow the request.
pub(crate) fn grants<'w>(
    world: &'w Objects,
    user: &'w User,
    request: &'w Request<'_>,
) -> impl Iterator<Item = &'w str> {
    let cluster = world.cluster_role_bindings.iter().map(|binding| {
        (
            &binding.metadata.name,
            &binding.subjects,
            &binding.role_ref,
            "",
        )
    });
    let namespaced = world.role_bindings.iter().map(|binding| {
        let namespace = binding.metadata.namespace.as_str();
        (
            &binding.metadata.name,
            &binding.subjects,
            &binding.role_ref,
            namespace,
        )
    });
    let namespaced = namespaced.filter(|(.., namespace)| request.namespace() == Some(namespace));
    cluster
        .chain(namespaced)
        .filter_map(|(name, subjects, role, namespace)| {
            let applies = subjects
                .iter()
                .any(|subject| is_of(subject, user, namespace));
            let allows = rules(world, role, namespace).any(|rule| allows(rule, request));
            (applies && allows).then_some(name.as_str())
        })
}

/// Says whether one rule allows the request.
pub(crate) fn allows(rule: &PolicyRule, request: &Request<'_>) -> bool {
    let has = |list: &[String], entry: &str| list.iter().any(|e| e == "*" || e == entry);
    let resource = match request {
        Request::Path(request) => {
            return has(&rule.verbs, request.verb())
                && rule.non_resource_urls.iter().any(|url| {
                    url == request.path()
                        || url.ends_with('*')
                            && request.path().starts_with(url.trim_end_matches('*'))
                });
        }
        Request::Resource(resource) => resource,
    };
    let named = |name: &String| name == resource.name().unwrap_or_default();
    let in_list = match resource.subresource() {
        None => has(&rule.resources, resource.resource()),
        Some(sub) => {
            has(&rule.resources, &format!("{}/{sub}", resource.resource()))
                || has(&rule.resources, &format!("*/{sub}"))
        }
    };
    has(&rule.verbs, resource.verb())
        && has(&rule.api_groups, resource.group())
        && in_list
        && (rule.resource_names.is_empty() || rule.resource_names.iter().any(named))
}

fn is_of(subject: &Subject, user: &User, binding_namespace: &str) -> bool {
    let namespace = if subject.namespace.is_empty() {
        binding_namespace
    } else {
        &subject.namespace
    };
    match subject.kind.as_str() {
        "User" => subject.name == user.name,
        "Group" => user.groups.contains(&subject.name),
        "ServiceAccount" => {
            !namespace.is_empty()
                && user.name == format!("system:serviceaccount:{namespace}:{}", subject.name)
        }
        _ => false,
    }
}

fn rules<'w>(
    world: &'w Objects,
    role: &'w RoleRef,
    namespace: &'w str,
) -> Box<dyn Iterator<Item = &'w PolicyRule> + 'w> {
    match role.kind.as_str() {
        "ClusterRole" => Box::new(
            world
                .cluster_roles
                .iter()
                .filter(|r| r.metadata.name == role.name)
                .flat_map(|r| &r.rules),
        ),
        "Role" if !namespace.is_empty() => Box::new(
            world
                .roles
                .iter()
                .filter(move |r| r.metadata.name == role.name && r.metadata.namespace == namespace)
                .flat_map(|r| &r.rules),
        ),
        _ => Box::new(std::iter::empty()),
    }
}
