//! The answer of a policy: the decision, its grant, and the roles that do not exist.

use std::fmt::{self, Display, Formatter};

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::go_text::quote::{Quoted, aggregate};
use crate::objects::{API_GROUP, PolicyRule, RoleRef, Subject};
use crate::version::KubernetesVersion;

/// A decision, and the missing roles that were met on the way.
#[derive(Clone, Debug, PartialEq)]
pub struct Response<'p> {
    decision: Decision<'p>,
    unresolved: Vec<Unresolved<'p>>,
}

impl<'p> Response<'p> {
    pub(crate) const fn new(decision: Decision<'p>, unresolved: Vec<Unresolved<'p>>) -> Self {
        Self {
            decision,
            unresolved,
        }
    }

    /// Returns the decision.
    #[must_use]
    pub const fn decision(&self) -> Decision<'p> {
        self.decision
    }

    /// Returns whether the request is allowed.
    #[must_use]
    pub const fn is_allow(&self) -> bool {
        self.decision.is_allow()
    }

    /// Returns the roles that do not exist although bindings of this user refer to them, in walk
    /// order, up to the grant if there is one.
    #[must_use]
    pub fn unresolved(&self) -> &[Unresolved<'p>] {
        &self.unresolved
    }

    /// Returns the reason of kube-apiserver's RBAC authorizer, byte for byte. Empty if it gives no
    /// reason.
    ///
    /// As upstream: plugin/pkg/auth/authorizer/rbac/rbac.go, `Authorize`. With a grant, unresolved
    /// roles are not mentioned. [`Response::reason_in`] is the reason in a 403 or a review.
    #[must_use]
    pub fn reason(&self) -> String {
        match self.decision {
            Decision::Allow(Grant::PrivilegedGroup) => String::new(),
            Decision::Allow(Grant::Binding(grant)) => format!("RBAC: allowed by {grant}"),
            Decision::NoOpinion if self.unresolved.is_empty() => String::new(),
            Decision::NoOpinion => {
                format!("RBAC: {}", Unresolved::evaluation_error(&self.unresolved))
            }
        }
    }

    /// Returns the reason that clients of a kube-apiserver of this version see in a 403 or a review.
    ///
    /// From 1.37 the name of the authorizer stands before its reason, unless the request is allowed.
    ///
    /// As upstream: apiserver, pkg/authorization/union/union.go, `Authorize`.
    #[must_use]
    pub fn reason_in(&self, version: KubernetesVersion) -> String {
        let reason = self.reason();
        let is_named = version >= KubernetesVersion::V1_37;
        if is_named && !self.decision.is_allow() && !reason.is_empty() {
            return format!("rbac: {reason}");
        }
        reason
    }
}

/// Whether the request is allowed.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "RBAC only ever grants: there is no third answer"
)]
pub enum Decision<'p> {
    /// The request is allowed, by this grant.
    Allow(Grant<'p>),
    /// Nothing grants the request. It is refused unless another authorizer allows it.
    NoOpinion,
}

impl Decision<'_> {
    /// Returns whether the request is allowed.
    #[must_use]
    pub const fn is_allow(&self) -> bool {
        matches!(self, Self::Allow(_))
    }
}

/// The grant that allows a request.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Grant<'p> {
    /// A rule of a bound role.
    Binding(BindingGrant<'p>),
    /// Membership of [`PRIVILEGED_GROUP`](crate::PRIVILEGED_GROUP). RBAC was not asked.
    PrivilegedGroup,
}

/// The binding, the subject and the rule that allow a request.
///
/// Prints as in kube-apiserver's reason, from `ClusterRoleBinding "…"` on. Serializes as
/// `{"binding", "roleRef", "subject", "rule"}`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct BindingGrant<'p> {
    binding: BindingName<'p>,
    #[serde(rename = "roleRef")]
    role: RoleRef<&'p str>,
    subject: Subject<&'p str>,
    rule: &'p PolicyRule,
}

impl<'p> BindingGrant<'p> {
    pub(crate) const fn new(
        binding: BindingName<'p>,
        role: RoleRef<&'p str>,
        subject: Subject<&'p str>,
        rule: &'p PolicyRule,
    ) -> Self {
        Self {
            binding,
            role,
            subject,
            rule,
        }
    }

    /// Returns the binding.
    #[must_use]
    pub const fn binding(&self) -> BindingName<'p> {
        self.binding
    }

    /// Returns the role that the binding grants.
    #[must_use]
    pub const fn role(&self) -> RoleRef<&'p str> {
        self.role
    }

    /// Returns the first subject of the binding that is the user or one of the user's groups.
    #[must_use]
    pub const fn subject(&self) -> Subject<&'p str> {
        self.subject
    }

    /// Returns the first rule of the role that allows the request.
    #[must_use]
    pub const fn rule(&self) -> &'p PolicyRule {
        self.rule
    }
}

impl Display for BindingGrant<'_> {
    // As upstream: pkg/registry/rbac/validation/rule.go, clusterRoleBindingDescriber,
    // roleBindingDescriber and describeSubject. Names come before namespaces.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (role, subject) = (self.role, self.subject);
        write!(
            f,
            "{} of {} {} to {} ",
            self.binding,
            role.kind,
            Quoted(role.name),
            subject.kind
        )?;
        if subject.kind != "ServiceAccount" {
            return Quoted(subject.name).fmt(f);
        }
        let namespace = match (subject.namespace, self.binding) {
            ("", BindingName::RoleBinding { namespace, .. }) => namespace,
            (own, _) => own,
        };
        Quoted(&format!("{}/{namespace}", subject.name)).fmt(f)
    }
}

/// The name of a binding. Prints as in kube-apiserver's reason, the name before the namespace.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
#[serde(tag = "kind")]
#[expect(
    clippy::exhaustive_enums,
    reason = "the API has these two kinds of bindings"
)]
pub enum BindingName<'p> {
    /// A `ClusterRoleBinding`.
    ClusterRoleBinding {
        /// Its name.
        name: &'p str,
    },
    /// A `RoleBinding`.
    RoleBinding {
        /// Its name.
        name: &'p str,
        /// Its namespace.
        namespace: &'p str,
    },
}

impl Display for BindingName<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClusterRoleBinding { name } => write!(f, "ClusterRoleBinding {}", Quoted(name)),
            Self::RoleBinding { name, namespace } => {
                write!(f, "RoleBinding {}", Quoted(&format!("{name}/{namespace}")))
            }
        }
    }
}

/// A role that a binding refers to and that does not exist.
///
/// Prints as kube-apiserver's error.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Unresolved<'p> {
    binding: BindingName<'p>,
    missing: Missing<'p>,
}

impl<'p> Unresolved<'p> {
    pub(crate) fn new(binding: BindingName<'p>, role: RoleRef<&'p str>) -> Self {
        let namespace = match binding {
            BindingName::ClusterRoleBinding { .. } => None,
            BindingName::RoleBinding { namespace, .. } => Some(namespace),
        };
        Self {
            binding,
            missing: Missing::of(role, namespace),
        }
    }

    /// Joins these errors as kube-apiserver does: each text once, in the order of first occurrence,
    /// in brackets if there are several. Empty if all roles exist.
    #[must_use]
    pub fn evaluation_error(unresolved: &[Self]) -> String {
        aggregate(unresolved.iter().map(ToString::to_string))
    }

    /// Returns the binding whose role is missing.
    #[must_use]
    pub const fn binding(&self) -> BindingName<'p> {
        self.binding
    }

    /// Returns the missing role.
    #[must_use]
    pub const fn missing(&self) -> Missing<'p> {
        self.missing
    }
}

/// Serializes as `{"binding", "missing": {"kind", "name", "namespace"}, "message"}`, where a role of an
/// unsupported kind has the kind only.
impl Serialize for Unresolved<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("binding", &self.binding)?;
        map.serialize_entry("missing", &self.missing)?;
        map.serialize_entry("message", &self.to_string())?;
        map.end()
    }
}

impl Display for Unresolved<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        // The singular is upstream's: these errors come from the listers, not from the REST layer.
        match self.missing {
            Missing::ClusterRole { name } => {
                write!(f, "clusterrole.{API_GROUP} {} not found", Quoted(name))
            }
            Missing::Role { name, .. } => write!(f, "role.{API_GROUP} {} not found", Quoted(name)),
            Missing::UnsupportedKind { kind } => {
                write!(f, "unsupported role reference kind: {}", Quoted(kind))
            }
        }
    }
}

/// A role that a `roleRef` refers to but that does not exist.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a reference is to one of two kinds, or to neither"
)]
pub enum Missing<'p> {
    /// No such ClusterRole.
    ClusterRole {
        /// Its name.
        name: &'p str,
    },
    /// No such Role.
    Role {
        /// Its name.
        name: &'p str,
        /// The binding's namespace. `None` if a ClusterRoleBinding refers to a Role, which no
        /// namespace can contain.
        namespace: Option<&'p str>,
    },
    /// The kind of the reference is neither Role nor ClusterRole.
    UnsupportedKind {
        /// The kind.
        kind: &'p str,
    },
}

impl Serialize for Missing<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (kind, name, namespace) = match *self {
            Self::ClusterRole { name } => ("ClusterRole", Some(name), None),
            Self::Role { name, namespace } => ("Role", Some(name), namespace),
            Self::UnsupportedKind { kind } => (kind, None, None),
        };
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("kind", kind)?;
        for (key, value) in [("name", name), ("namespace", namespace)] {
            if let Some(value) = value {
                map.serialize_entry(key, value)?;
            }
        }
        map.end()
    }
}

impl<'p> Missing<'p> {
    pub(crate) fn of(role: RoleRef<&'p str>, namespace: Option<&'p str>) -> Self {
        let name = role.name;
        match role.kind {
            "ClusterRole" => Self::ClusterRole { name },
            "Role" => Self::Role { name, namespace },
            kind => Self::UnsupportedKind { kind },
        }
    }
}
