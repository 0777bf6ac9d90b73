//! The specification: an RBAC decision as one readable walk over every binding, without an index.
//!
//! [`Policy::rbac`](crate::Policy::rbac) is an optimization of [`decide`]: for every policy, user
//! and request, both return the same decision, reason and unresolved roles. The property tests and
//! the fuzz target `rbac_worlds` compare them. [`Policy::authorize`](crate::Policy::authorize) adds
//! one check in front: members of [`PRIVILEGED_GROUP`](crate::PRIVILEGED_GROUP) may do everything.
//!
//! This module shares no matching code with the rest of the crate. Only tests call it.

use crate::go_text::quote::{Quoted, aggregate};
use crate::objects::{Objects, PolicyRule, Role, RoleRef, Subject};
use crate::request::{Request, User};

/// The outcome of a walk over all bindings.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Verdict {
    /// Every binding that allows the request, in walk order, described as in kube-apiserver's
    /// reason. The request is allowed if there is such a binding.
    pub grants: Vec<String>,
    /// An error for each binding of the user whose role does not exist, up to the first grant.
    pub unresolved: Vec<String>,
}

impl Verdict {
    /// Returns kube-apiserver's reason: it names the first grant or, without one, the errors.
    #[must_use]
    pub fn reason(&self) -> String {
        match self.grants.first() {
            Some(grant) => format!("RBAC: allowed by {grant}"),
            None if self.unresolved.is_empty() => String::new(),
            None => format!("RBAC: {}", aggregate(self.unresolved.iter().cloned())),
        }
    }
}

/// A binding of either kind. A `ClusterRoleBinding` has the empty namespace.
struct Binding<'o> {
    name: &'o str,
    namespace: &'o str,
    subjects: &'o [Subject],
    role: &'o RoleRef,
}

/// Decides by roles and bindings alone.
///
/// No two objects of a kind may share namespace and name; [`Policy`](crate::Policy) would keep the
/// later object.
#[must_use]
pub fn decide(objects: &Objects, user: &User, request: &Request<'_>) -> Verdict {
    let cluster_wide = objects.cluster_role_bindings.iter().map(|binding| Binding {
        name: &binding.metadata.name,
        namespace: "",
        subjects: &binding.subjects,
        role: &binding.role_ref,
    });
    let namespaced = objects.role_bindings.iter().map(|binding| Binding {
        name: &binding.metadata.name,
        namespace: &binding.metadata.namespace,
        subjects: &binding.subjects,
        role: &binding.role_ref,
    });
    let of_the_request = namespaced.filter(|b| request.namespace() == Some(b.namespace));

    let mut verdict = Verdict::default();
    for binding in cluster_wide.chain(of_the_request) {
        let names_user = |subject: &&Subject| subject_is(subject, user, binding.namespace);
        let Some(subject) = binding.subjects.iter().find(names_user) else {
            continue;
        };
        match find_rules(objects, binding.role, binding.namespace) {
            Some(rules) if rules.iter().any(|rule| rule_allows(rule, request)) => {
                verdict.grants.push(describe_grant(&binding, subject));
            }
            None if verdict.grants.is_empty() => {
                verdict.unresolved.push(describe_missing(binding.role));
            }
            Some(_) | None => {}
        }
    }
    verdict
}

/// Returns whether any rule of any binding of the user allows the request.
#[must_use]
pub fn is_allowed(objects: &Objects, user: &User, request: &Request<'_>) -> bool {
    !decide(objects, user, request).grants.is_empty()
}

/// Returns whether one rule allows the request.
#[must_use]
pub fn rule_allows(rule: &PolicyRule, request: &Request<'_>) -> bool {
    let has =
        |list: &[String], value: &str| list.iter().any(|entry| entry == "*" || entry == value);
    match request {
        Request::Path(request) => {
            let matches = |url: &String| {
                let prefix = url.trim_end_matches('*');
                url == request.path() || url.ends_with('*') && request.path().starts_with(prefix)
            };
            has(&rule.verbs, request.verb()) && rule.non_resource_urls.iter().any(matches)
        }
        Request::Resource(request) => {
            let has_resource = match request.subresource() {
                None => has(&rule.resources, request.resource()),
                Some(subresource) => {
                    has(
                        &rule.resources,
                        &format!("{}/{subresource}", request.resource()),
                    ) || has(&rule.resources, &format!("*/{subresource}"))
                }
            };
            let is_named = |name: &String| name == request.name().unwrap_or_default();
            has(&rule.verbs, request.verb())
                && has(&rule.api_groups, request.group())
                && has_resource
                && (rule.resource_names.is_empty() || rule.resource_names.iter().any(is_named))
        }
    }
}

/// Returns whether a subject is the user or one of the user's groups.
fn subject_is(subject: &Subject, user: &User, binding_namespace: &str) -> bool {
    match subject.kind.as_str() {
        "User" => subject.name == user.name,
        "Group" => user.groups.contains(&subject.name),
        "ServiceAccount" => {
            let namespace = account_namespace(subject, binding_namespace);
            let username = format!("system:serviceaccount:{namespace}:{}", subject.name);
            !namespace.is_empty() && user.name == username
        }
        _ => false,
    }
}

/// A service account without a namespace is in the namespace of the binding.
fn account_namespace<'o>(subject: &'o Subject, binding_namespace: &'o str) -> &'o str {
    match subject.namespace.as_str() {
        "" => binding_namespace,
        own => own,
    }
}

/// Returns the rules of a role; `None` if it does not exist. A `ClusterRoleBinding` cannot refer to
/// a `Role`.
fn find_rules<'o>(
    objects: &'o Objects,
    role: &RoleRef,
    binding_namespace: &str,
) -> Option<&'o [PolicyRule]> {
    match role.kind.as_str() {
        "ClusterRole" => {
            let mut roles = objects.cluster_roles.iter();
            let found = roles.find(|found| found.metadata.name == role.name)?;
            Some(&found.rules)
        }
        "Role" if !binding_namespace.is_empty() => {
            let mut roles = objects.roles.iter();
            let found = roles.find(|Role { metadata, .. }| {
                metadata.name == role.name && metadata.namespace == binding_namespace
            })?;
            Some(&found.rules)
        }
        _ => None,
    }
}

fn describe_grant(binding: &Binding<'_>, subject: &Subject) -> String {
    let subject_name = match subject.kind.as_str() {
        "ServiceAccount" => {
            let namespace = account_namespace(subject, binding.namespace);
            format!("{}/{namespace}", subject.name)
        }
        _ => subject.name.clone(),
    };
    let binding_name = match binding.namespace {
        "" => format!("ClusterRoleBinding {}", Quoted(binding.name)),
        namespace => {
            let name = format!("{}/{namespace}", binding.name);
            format!("RoleBinding {}", Quoted(&name))
        }
    };
    format!(
        "{binding_name} of {} {} to {} {}",
        binding.role.kind,
        Quoted(&binding.role.name),
        subject.kind,
        Quoted(&subject_name),
    )
}

fn describe_missing(role: &RoleRef) -> String {
    match role.kind.as_str() {
        "Role" | "ClusterRole" => format!(
            "{}.rbac.authorization.k8s.io {} not found",
            role.kind.to_lowercase(),
            Quoted(&role.name)
        ),
        kind => format!("unsupported role reference kind: {}", Quoted(kind)),
    }
}
