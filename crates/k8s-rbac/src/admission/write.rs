//! Whether a user may write a role or a binding: the API server's checks before it stores one.
//!
//! As upstream: pkg/registry/rbac, the policy-based storage of each kind, and `escalation_check.go`.
//! DIFFERENCE: upstream allows an update that changes only finalizers, owners or managed fields
//! without the escalation check. Those fields are not kept here, so such an update is checked.

use std::fmt::{self, Display, Formatter};

use crate::admission::escalation::Escalation;
use crate::admission::lookup_error::RoleLookupError;
use crate::engine::policy::Policy;
use crate::go_text::quote::Quoted;
use crate::objects::{
    API_GROUP, ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef,
};
use crate::request::{Request, ResourceRequest, User};
use crate::response::{Decision, Grant, Missing};

/// The kind of write.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "an object is there before, or not")]
pub enum Write<'o, T> {
    /// A create. The URL of a POST carries no name, so rules limited by `resourceNames` do not
    /// apply.
    Create,
    /// A replacement of this object.
    Replace(&'o T),
}

impl Policy {
    /// Decides whether a user may write a `Role`: they must hold its permissions in its namespace,
    /// or be allowed to `escalate`.
    #[must_use]
    pub fn write_role<'p>(
        &'p self,
        user: &'p User,
        role: &'p Role,
        how: Write<'_, Role>,
    ) -> WriteVerdict<'p> {
        let (name, namespace) = (&role.metadata.name, role.metadata.namespace.as_str());
        let written = match how {
            Write::Create => "",
            Write::Replace(_) => name,
        };
        let request = ResourceRequest::new("escalate", API_GROUP, "roles")
            .in_namespace(namespace)
            .with_name(written);
        if let Some(permit) = self.permit(user, &request.into()) {
            return WriteVerdict::Allowed(permit);
        }
        self.hold("roles", name, user, namespace, &role.rules)
    }

    /// Decides whether a user may write a `ClusterRole`: they must hold its permissions in the whole
    /// cluster, or be allowed to `escalate`. If the role aggregates, or did before, they must hold
    /// every permission.
    #[must_use]
    pub fn write_cluster_role<'p>(
        &'p self,
        user: &'p User,
        role: &'p ClusterRole,
        how: Write<'_, ClusterRole>,
    ) -> WriteVerdict<'p> {
        let name = &role.metadata.name;
        let (written, before) = match how {
            Write::Create => ("", None),
            Write::Replace(before) => (name.as_str(), Some(before)),
        };
        let request = ResourceRequest::new("escalate", API_GROUP, "clusterroles");
        if let Some(permit) = self.permit(user, &request.with_name(written).into()) {
            return WriteVerdict::Allowed(permit);
        }
        let verdict = self.hold("clusterroles", name, user, "", &role.rules);
        let aggregates = aggregates(role) || before.is_some_and(aggregates);
        if matches!(verdict, WriteVerdict::Allowed(_)) && aggregates {
            let everything = everything();
            if self.escalation(user, "", &everything).is_some() {
                return WriteVerdict::Refused(WriteRefusal::Aggregation { name });
            }
        }
        verdict
    }

    /// Decides whether a user may write a `RoleBinding`: they must hold its role's permissions in
    /// its namespace, or be allowed to `bind` the role there. The subjects are irrelevant.
    #[must_use]
    pub fn write_role_binding<'p>(
        &'p self,
        user: &'p User,
        binding: &'p RoleBinding,
    ) -> WriteVerdict<'p> {
        let metadata = &binding.metadata;
        let (name, namespace) = (&metadata.name, &metadata.namespace);
        self.write_binding("rolebindings", name, namespace, user, &binding.role_ref)
    }

    /// Decides whether a user may write a `ClusterRoleBinding`: they must hold its role's
    /// permissions in the whole cluster, or be allowed to `bind` the role there.
    #[must_use]
    pub fn write_cluster_role_binding<'p>(
        &'p self,
        user: &'p User,
        binding: &'p ClusterRoleBinding,
    ) -> WriteVerdict<'p> {
        let name = &binding.metadata.name;
        self.write_binding("clusterrolebindings", name, "", user, &binding.role_ref)
    }

    fn write_binding<'p>(
        &'p self,
        resource: &'static str,
        name: &'p str,
        namespace: &'p str,
        user: &'p User,
        role: &'p RoleRef,
    ) -> WriteVerdict<'p> {
        let bound = match role.kind.as_str() {
            "ClusterRole" => Some("clusterroles"),
            "Role" => Some("roles"),
            _ => None,
        };
        // As upstream: a role of an unknown kind is an error, except for the privileged group.
        let request = ResourceRequest::new("bind", &role.api_group, bound.unwrap_or_default())
            .in_namespace(namespace)
            .with_name(&role.name);
        let permit = self.permit(user, &request.into());
        if let Some(permit @ Permit::PrivilegedGroup) = permit {
            return WriteVerdict::Allowed(permit);
        }
        if let (Some(permit), Some(_)) = (permit, bound) {
            return WriteVerdict::Allowed(permit);
        }
        let (Some(rules), Some(_)) = (self.rules(role, namespace), bound) else {
            let missing = Missing::of(role, Some(namespace));
            return WriteVerdict::Refused(WriteRefusal::RoleNotFound { resource, missing });
        };
        self.hold(resource, name, user, namespace, rules)
    }

    fn permit(&self, user: &User, request: &Request<'_>) -> Option<Permit> {
        match self.authorize(user, request).decision() {
            Decision::Allow(Grant::PrivilegedGroup) => Some(Permit::PrivilegedGroup),
            Decision::Allow(_) => Some(Permit::Verb),
            Decision::NoOpinion => None,
        }
    }

    fn hold<'p>(
        &'p self,
        resource: &'static str,
        name: &'p str,
        user: &'p User,
        namespace: &str,
        rules: &'p [PolicyRule],
    ) -> WriteVerdict<'p> {
        match self.escalation(user, namespace, rules) {
            None => WriteVerdict::Allowed(Permit::Held),
            Some(escalation) => WriteVerdict::Refused(WriteRefusal::Escalation {
                resource,
                name,
                escalation,
            }),
        }
    }
}

fn aggregates(role: &ClusterRole) -> bool {
    let rule = role.aggregation_rule.as_ref();
    rule.is_some_and(|rule| !rule.cluster_role_selectors.is_empty())
}

// As upstream: fullAuthority.
fn everything() -> [PolicyRule; 2] {
    let star = || vec!["*".to_owned()];
    let resources = PolicyRule {
        verbs: star(),
        api_groups: star(),
        resources: star(),
        ..PolicyRule::default()
    };
    let paths = PolicyRule {
        verbs: star(),
        non_resource_urls: star(),
        ..PolicyRule::default()
    };
    [resources, paths]
}

/// Whether a user may write an object.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "it is stored, or it is not")]
pub enum WriteVerdict<'p> {
    /// The user may write it, for this reason.
    Allowed(Permit),
    /// The user may not write it.
    Refused(WriteRefusal<'p>),
}

/// Why an object may be written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Permit {
    /// The user holds the permissions that the object grants.
    Held,
    /// The user is a member of [`PRIVILEGED_GROUP`](crate::PRIVILEGED_GROUP).
    PrivilegedGroup,
    /// The user may `escalate` the role, or `bind` it.
    Verb,
}

/// Why an object may not be written. Prints as kube-apiserver's message.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum WriteRefusal<'p> {
    /// The role aggregates, and the user does not hold everything: status 403.
    Aggregation {
        /// The role's name.
        name: &'p str,
    },
    /// The object grants permissions that the user does not hold: status 403.
    Escalation {
        /// The resource of the object.
        resource: &'static str,
        /// The object's name.
        name: &'p str,
        /// The missing permissions.
        escalation: Escalation<'p>,
    },
    /// The role that the binding refers to cannot be found: status 404 if it does not exist, 400 if
    /// the storage cannot look it up, 500 if its kind is unknown.
    RoleNotFound {
        /// The resource of the binding.
        resource: &'static str,
        /// The role.
        missing: Missing<'p>,
    },
}

impl WriteRefusal<'_> {
    /// Returns the HTTP status of the response.
    #[must_use]
    pub fn status(&self) -> u16 {
        match *self {
            Self::Aggregation { .. } | Self::Escalation { .. } => 403,
            Self::RoleNotFound { resource, missing } => {
                RoleLookupError::new(resource, missing).status()
            }
        }
    }
}

impl Display for WriteRefusal<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aggregation { name } => write!(
                f,
                "clusterroles.{API_GROUP} {} is forbidden: must have cluster-admin privileges to \
                 use the aggregationRule",
                Quoted(name)
            ),
            Self::Escalation {
                resource,
                name,
                escalation,
            } => {
                let name = Quoted(name);
                write!(f, "{resource}.{API_GROUP} {name} is forbidden: ")?;
                escalation.fmt_with(f, |unresolved| {
                    RoleLookupError::new(resource, unresolved.missing()).to_string()
                })
            }
            Self::RoleNotFound { resource, missing } => {
                RoleLookupError::new(resource, *missing).fmt(f)
            }
        }
    }
}
