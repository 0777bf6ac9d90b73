//! The truth, written to be checked by eye: no index, no early end, every binding from the first to
//! the last.

use k8s_rbac::{Objects, PolicyRule, Request, RoleRef, Subject, User};

/// What a walk over all bindings finds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Verdict {
    /// What allows the request, in order, as the reason has it: `ClusterRoleBinding "…" of …`.
    pub(crate) grants: Vec<String>,
    /// The errors about roles that are not there, before the first grant.
    pub(crate) unresolved: Vec<String>,
}

impl Verdict {
    /// Returns kube-apiserver's reason.
    pub(crate) fn reason(&self) -> String {
        let mut errors: Vec<&str> = Vec::new();
        for error in &self.unresolved {
            if !errors.contains(&error.as_str()) {
                errors.push(error);
            }
        }
        match (self.grants.first(), errors.as_slice()) {
            (Some(grant), _) => format!("RBAC: allowed by {grant}"),
            (None, []) => String::new(),
            (None, [error]) => format!("RBAC: {error}"),
            (None, errors) => format!("RBAC: [{}]", errors.join(", ")),
        }
    }
}

/// Decides by roles and bindings alone.
pub(crate) fn decide(world: &Objects, user: &User, request: &Request<'_>) -> Verdict {
    let mut verdict = Verdict {
        grants: Vec::new(),
        unresolved: Vec::new(),
    };
    for binding in &world.cluster_role_bindings {
        let name = format!("ClusterRoleBinding {:?}", binding.metadata.name);
        let (subjects, role) = (&binding.subjects, &binding.role_ref);
        verdict.add(world, &name, "", subjects, role, user, request);
    }
    for binding in &world.role_bindings {
        let namespace = binding.metadata.namespace.as_str();
        if request.namespace() != Some(namespace) {
            continue;
        }
        let name = format!("{}/{namespace}", binding.metadata.name);
        let name = format!("RoleBinding {name:?}");
        let (subjects, role) = (&binding.subjects, &binding.role_ref);
        verdict.add(world, &name, namespace, subjects, role, user, request);
    }
    verdict
}

impl Verdict {
    #[expect(clippy::too_many_arguments, reason = "a binding, taken apart")]
    fn add(
        &mut self,
        world: &Objects,
        binding: &str,
        namespace: &str,
        subjects: &[Subject],
        role: &RoleRef,
        user: &User,
        request: &Request<'_>,
    ) {
        let mut subjects = subjects.iter();
        let Some(subject) = subjects.find(|subject| is_of(subject, user, namespace)) else {
            return;
        };
        match rules(world, role, namespace) {
            None if self.grants.is_empty() => self.unresolved.push(match role.kind.as_str() {
                "Role" | "ClusterRole" => format!(
                    "{}.rbac.authorization.k8s.io {:?} not found",
                    role.kind.to_lowercase(),
                    role.name
                ),
                kind => format!("unsupported role reference kind: {kind:?}"),
            }),
            None => {}
            Some(rules) if rules.iter().any(|rule| allows(rule, request)) => {
                let (kind, name) = (&role.kind, &role.name);
                let subject = described(subject, namespace);
                let grant = format!("{binding} of {kind} {name:?} to {subject}");
                self.grants.push(grant);
            }
            Some(_) => {}
        }
    }
}

fn described(subject: &Subject, binding_namespace: &str) -> String {
    let (kind, name) = (&subject.kind, &subject.name);
    let name = match (kind.as_str(), subject.namespace.as_str()) {
        ("ServiceAccount", "") => format!("{name}/{binding_namespace}"),
        ("ServiceAccount", namespace) => format!("{name}/{namespace}"),
        _ => name.clone(),
    };
    format!("{kind} {name:?}")
}

/// Says whether any rule of any binding allows the request.
pub(crate) fn is_allowed(world: &Objects, user: &User, request: &Request<'_>) -> bool {
    !decide(world, user, request).grants.is_empty()
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

/// Finds the rules of a role; none if it is not there. No name occurs twice in a world.
fn rules<'w>(world: &'w Objects, role: &RoleRef, namespace: &str) -> Option<&'w [PolicyRule]> {
    match role.kind.as_str() {
        "ClusterRole" => {
            let mut roles = world.cluster_roles.iter();
            let found = roles.find(|found| found.metadata.name == role.name)?;
            Some(&found.rules)
        }
        "Role" if !namespace.is_empty() => {
            let mut roles = world.roles.iter();
            let found = roles.find(|found| {
                found.metadata.name == role.name && found.metadata.namespace == namespace
            })?;
            Some(&found.rules)
        }
        _ => None,
    }
}
