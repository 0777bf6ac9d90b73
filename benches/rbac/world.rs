//! Policies and users to ask about: the default policy of Kubernetes, and so many bindings more, each
//! of a user and a group of its own to a role of its own; the last binding gives the group `last`
//! what nobody else has.

use k8s_rbac::{
    ClusterRole, ClusterRoleBinding, Metadata, Objects, PolicyRule, Request, ResourceRequest, Role,
    RoleBinding, RoleRef, Subject, User,
};

/// Where the bindings are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scope {
    Cluster,
    Namespace,
}

/// The namespace of `RoleBinding`s and requests.
const NAMESPACE: &str = "dev";

/// How many users a rotation has.
pub(crate) const USERS: usize = 16_384;

/// Who is a subject of every binding, beside a user and a group of its own.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Shared {
    Nobody,
    /// A group that everybody is in.
    Authenticated,
}

pub(crate) fn objects(scope: Scope, bindings: usize, shared: Shared) -> Objects {
    let mut objects = Objects::bootstrap();
    objects.aggregate();
    for number in 0..bindings {
        let (user, group) = (format!("user-{number}"), format!("group-{number}"));
        let mut subjects = vec![subject("User", &user), subject("Group", &group)];
        if shared == Shared::Authenticated {
            subjects.push(subject("Group", "system:authenticated"));
        }
        add(
            &mut objects,
            scope,
            &format!("role-{number}"),
            "list",
            subjects,
        );
    }
    add(
        &mut objects,
        scope,
        "last",
        "patch",
        vec![subject("Group", "last")],
    );
    objects
}

fn add(objects: &mut Objects, scope: Scope, name: &str, verb: &str, subjects: Vec<Subject>) {
    let metadata = |namespace: &str| Metadata {
        name: name.to_owned(),
        namespace: namespace.to_owned(),
        ..Metadata::default()
    };
    let rules = vec![rule(verb)];
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

pub(crate) fn rule(verb: &str) -> PolicyRule {
    PolicyRule {
        verbs: vec![verb.to_owned()],
        api_groups: vec!["apps".to_owned()],
        resources: vec!["deployments".to_owned()],
        ..PolicyRule::default()
    }
}

pub(crate) fn subject(kind: &str, name: &str) -> Subject {
    Subject {
        kind: kind.to_owned(),
        name: name.to_owned(),
        api_group: k8s_rbac::API_GROUP.to_owned(),
        ..Subject::default()
    }
}

/// A user of some binding, in so many groups, all but `system:authenticated` and `last` of some
/// binding, too.
pub(crate) fn user(number: usize, groups: usize, bindings: usize) -> User {
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

/// What `list` is to the user's own binding, `patch` to the last, and `create` to nobody.
pub(crate) fn request(verb: &str) -> Request<'_> {
    ResourceRequest::new(verb, "apps", "deployments")
        .in_namespace(NAMESPACE)
        .into()
}
