//! Policies of a given size, and users and requests to measure them with.
//!
//! A policy consists of the default policy of Kubernetes and a number of bindings, each of its own user
//! and group to its own role. One more binding, the last, grants the group `last` the verb `patch`, which
//! no other binding grants.

use k8s_rbac::{
    ClusterRole, ClusterRoleBinding, KubernetesVersion, Metadata, Objects, PolicyRule, Request,
    ResourceRequest, Role, RoleBinding, RoleRef, Subject, User,
};

/// The kind of the bindings.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Scope {
    /// `ClusterRoleBinding`s.
    Cluster,
    /// `RoleBinding`s, all in one namespace.
    Namespace,
}

/// The namespace of `RoleBinding`s and requests.
const NAMESPACE: &str = "dev";

/// The number of users that a benchmark rotates through: too many for a cache.
pub const USERS: usize = 16_384;

/// The subject that all bindings share, beside their own user and group.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Shared {
    /// No shared subject.
    None,
    /// `system:authenticated`, the group of every authenticated user.
    Authenticated,
}

/// The rules of the roles.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Rules {
    /// The same rule for all roles, as if a chart were installed in each namespace.
    Equal,
    /// The role's own rule, which allows `get` on a Deployment, and after it the same rule as all
    /// roles.
    Own,
}

/// Returns the objects of a policy with this many bindings to roles of equal rules.
#[must_use]
pub fn objects(scope: Scope, bindings: usize, shared: Shared) -> Objects {
    objects_with(scope, bindings, shared, Rules::Equal)
}

/// Returns the objects of a policy with this many bindings.
#[must_use]
pub fn objects_with(scope: Scope, bindings: usize, shared: Shared, rules: Rules) -> Objects {
    let mut objects = Objects::bootstrap(KubernetesVersion::V1_34);
    objects.aggregate();
    for number in 0..bindings {
        let (user, group) = (format!("user-{number}"), format!("group-{number}"));
        let mut subjects = vec![subject("User", &user), subject("Group", &group)];
        if shared == Shared::Authenticated {
            subjects.push(subject("Group", "system:authenticated"));
        }
        let mut rules_of_role = vec![rule("list")];
        if rules == Rules::Own {
            let own = PolicyRule {
                resource_names: vec![format!("deployment-{number}")],
                ..rule("get")
            };
            rules_of_role.insert(0, own);
        }
        let name = format!("role-{number}");
        add(&mut objects, scope, &name, rules_of_role, subjects);
    }
    add(
        &mut objects,
        scope,
        "last",
        vec![rule("patch")],
        vec![subject("Group", "last")],
    );
    objects
}

fn add(
    objects: &mut Objects,
    scope: Scope,
    name: &str,
    rules: Vec<PolicyRule>,
    subjects: Vec<Subject>,
) {
    let metadata = |namespace: &str| Metadata {
        name: name.to_owned(),
        namespace: namespace.to_owned(),
        ..Metadata::default()
    };
    let role_ref = |kind: &str| RoleRef {
        kind: kind.to_owned(),
        name: name.to_owned(),
        api_group: k8s_rbac::API_GROUP.to_owned(),
    };
    match scope {
        Scope::Cluster => {
            objects.cluster_roles.push(ClusterRole {
                metadata: metadata(""),
                rules,
                aggregation_rule: None,
            });
            objects.cluster_role_bindings.push(ClusterRoleBinding {
                metadata: metadata(""),
                subjects,
                role_ref: role_ref("ClusterRole"),
            });
        }
        Scope::Namespace => {
            objects.roles.push(Role {
                metadata: metadata(NAMESPACE),
                rules,
            });
            objects.role_bindings.push(RoleBinding {
                metadata: metadata(NAMESPACE),
                subjects,
                role_ref: role_ref("Role"),
            });
        }
    }
}

/// Returns a rule for one verb on deployments.
#[must_use]
pub fn rule(verb: &str) -> PolicyRule {
    PolicyRule {
        verbs: vec![verb.to_owned()],
        api_groups: vec!["apps".to_owned()],
        resources: vec!["deployments".to_owned()],
        ..PolicyRule::default()
    }
}

/// Returns a subject of kind `User` or `Group`.
#[must_use]
pub fn subject(kind: &str, name: &str) -> Subject {
    Subject {
        kind: kind.to_owned(),
        name: name.to_owned(),
        api_group: k8s_rbac::API_GROUP.to_owned(),
        ..Subject::default()
    }
}

/// Returns a user of some binding, in this many groups: `system:authenticated`, `last`, and groups of
/// other bindings.
#[must_use]
pub fn user(number: usize, groups: usize, bindings: usize) -> User {
    let of_many = |number: usize| {
        let number = number.wrapping_mul(7_919);
        number.checked_rem(bindings).unwrap_or_default()
    };
    let others = (0..groups.saturating_sub(2)).map(|other| {
        format!(
            "group-{}",
            of_many(number.wrapping_mul(61).wrapping_add(other))
        )
    });
    let ends = ["system:authenticated", "last"].map(str::to_owned);
    User::new(format!("user-{}", of_many(number)), others.chain(ends))
}

/// Returns a request for the verb. The user's own binding grants `list`, the last binding `patch`, and no
/// binding `create`.
#[must_use]
pub fn request(verb: &str) -> Request<'_> {
    ResourceRequest::new(verb, "apps", "deployments")
        .in_namespace(NAMESPACE)
        .into()
}
