//! Decides whether the API server stores a role or a binding that a user writes: first the checks
//! against escalation, then validation.
//!
//! As upstream: pkg/registry/rbac, the policy-based storage of each kind, and `escalation_check.go`.
//! That storage wraps the ordinary storage, which validates. So a write that escalates is refused
//! as an escalation, even if the object is also invalid. DIFFERENCE: upstream allows an update that
//! changes only finalizers, owners or managed fields without the escalation check. Those fields are
//! not kept here, so such an update is checked.

use std::fmt::{self, Display, Formatter};

use crate::admission::escalation::Escalation;
use crate::admission::field_error::FieldErrors;
use crate::admission::lookup_error::RoleLookupError;
use crate::engine::policy::Policy;
use crate::go_text::quote::Quoted;
use crate::http::forbidden::Forbidden;
use crate::objects::{
    API_GROUP, ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef,
};
use crate::request::{Request, ResourceRequest, User};
use crate::response::{Decision, Grant, Missing};
use crate::version::KubernetesVersion;

/// The kind of write.
#[derive(Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "the API server has no other")]
pub enum Write<'o, T> {
    /// A create by POST. Its URL carries no name, so rules limited by `resourceNames` do not apply.
    Create,
    /// A create by PUT, or by a server-side apply: no object of this name exists. Its URL carries the
    /// name, so rules limited by `resourceNames` apply. [`authorize`](Policy::authorize) was asked about
    /// an `update` or a `patch`, so the `create` is authorized here, after the object was validated.
    ///
    /// As upstream: apiserver, pkg/endpoints/handlers/update.go, `withAuthorization`.
    CreateByPut,
    /// A replacement of this object.
    Replace(&'o T),
}

// Not derived: that would require `T: Copy`.
impl<T> Clone for Write<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Write<'_, T> {}

impl Policy {
    /// Decides whether a kube-apiserver of this version stores a `Role` that a user sends. The user
    /// must hold its permissions in its namespace, or be allowed to `escalate`; then the role must be
    /// valid.
    ///
    /// This does not decide whether the user may `create` or `update` roles at all. The API server
    /// asks [`authorize`](Self::authorize) that first.
    ///
    /// # Errors
    ///
    /// [`WriteRefusal::Escalation`], [`WriteRefusal::Invalid`], [`WriteRefusal::CreateForbidden`].
    pub fn write_role<'p>(
        &'p self,
        version: KubernetesVersion,
        user: &'p User,
        role: &'p Role,
        how: Write<'_, Role>,
    ) -> Result<Permit, WriteRefusal<'p>> {
        let (name, namespace) = (&role.metadata.name, role.metadata.namespace.as_str());
        let request = ResourceRequest::new("escalate", API_GROUP, "roles")
            .in_namespace(namespace)
            .with_name(how.name_in_url(name));
        let errors = || match how {
            Write::Create | Write::CreateByPut => role.field_errors(version),
            Write::Replace(before) => role.field_errors_after(version, before),
        };
        self.permit(user, &request.into())
            .map_or_else(
                || self.hold("roles", name, user, namespace, &role.rules),
                Ok,
            )
            .and_then(|permit| permit.if_valid(name, errors()))
            .and_then(|permit| {
                self.if_created(permit, (version, how), user, "roles", (namespace, name))
            })
    }

    /// Decides whether a kube-apiserver of this version stores a `ClusterRole` that a user sends. The
    /// user must hold its permissions in the whole cluster, or be allowed to `escalate`; if the role
    /// aggregates, or did so before, the user must hold every permission. Then the role must be
    /// valid.
    ///
    /// As for [`write_role`](Self::write_role), [`authorize`](Self::authorize) comes first.
    ///
    /// # Errors
    ///
    /// [`WriteRefusal::Escalation`], [`WriteRefusal::Aggregation`], [`WriteRefusal::Invalid`],
    /// [`WriteRefusal::CreateForbidden`].
    pub fn write_cluster_role<'p>(
        &'p self,
        version: KubernetesVersion,
        user: &'p User,
        role: &'p ClusterRole,
        how: Write<'_, ClusterRole>,
    ) -> Result<Permit, WriteRefusal<'p>> {
        let name = &role.metadata.name;
        let request = ResourceRequest::new("escalate", API_GROUP, "clusterroles")
            .with_name(how.name_in_url(name));
        let errors = || match how {
            Write::Create | Write::CreateByPut => role.field_errors(version),
            Write::Replace(before) => role.field_errors_after(version, before),
        };
        self.permit(user, &request.into())
            .map_or_else(|| self.hold_cluster_role(user, role, how), Ok)
            .and_then(|permit| permit.if_valid(name, errors()))
            .and_then(|permit| {
                self.if_created(permit, (version, how), user, "clusterroles", ("", name))
            })
    }

    /// Decides whether a kube-apiserver of this version stores a `RoleBinding` that a user sends. The
    /// user must hold its role's permissions in its namespace, or be allowed to `bind` the role
    /// there; the subjects are irrelevant. Then the binding must be valid.
    ///
    /// As for [`write_role`](Self::write_role), [`authorize`](Self::authorize) comes first.
    ///
    /// # Errors
    ///
    /// [`WriteRefusal::RoleNotFound`], [`WriteRefusal::Escalation`], [`WriteRefusal::Invalid`],
    /// [`WriteRefusal::CreateForbidden`].
    pub fn write_role_binding<'p>(
        &'p self,
        version: KubernetesVersion,
        user: &'p User,
        binding: &'p RoleBinding,
        how: Write<'_, RoleBinding>,
    ) -> Result<Permit, WriteRefusal<'p>> {
        let metadata = &binding.metadata;
        let (name, namespace) = (&metadata.name, &metadata.namespace);
        let errors = || match how {
            Write::Create | Write::CreateByPut => binding.field_errors(version),
            Write::Replace(before) => binding.field_errors_after(version, before),
        };
        self.bind("rolebindings", name, namespace, user, &binding.role_ref)
            .and_then(|permit| permit.if_valid(name, errors()))
            .and_then(|permit| {
                self.if_created(
                    permit,
                    (version, how),
                    user,
                    "rolebindings",
                    (namespace, name),
                )
            })
    }

    /// Decides whether a kube-apiserver of this version stores a `ClusterRoleBinding` that a user
    /// sends. The user must hold its role's permissions in the whole cluster, or be allowed to `bind`
    /// the role there. Then the binding must be valid.
    ///
    /// As for [`write_role`](Self::write_role), [`authorize`](Self::authorize) comes first.
    ///
    /// # Errors
    ///
    /// [`WriteRefusal::RoleNotFound`], [`WriteRefusal::Escalation`], [`WriteRefusal::Invalid`],
    /// [`WriteRefusal::CreateForbidden`].
    pub fn write_cluster_role_binding<'p>(
        &'p self,
        version: KubernetesVersion,
        user: &'p User,
        binding: &'p ClusterRoleBinding,
        how: Write<'_, ClusterRoleBinding>,
    ) -> Result<Permit, WriteRefusal<'p>> {
        let name = &binding.metadata.name;
        let errors = || match how {
            Write::Create | Write::CreateByPut => binding.field_errors(version),
            Write::Replace(before) => binding.field_errors_after(version, before),
        };
        self.bind("clusterrolebindings", name, "", user, &binding.role_ref)
            .and_then(|permit| permit.if_valid(name, errors()))
            .and_then(|permit| {
                self.if_created(
                    permit,
                    (version, how),
                    user,
                    "clusterrolebindings",
                    ("", name),
                )
            })
    }

    fn hold_cluster_role<'p>(
        &'p self,
        user: &'p User,
        role: &'p ClusterRole,
        how: Write<'_, ClusterRole>,
    ) -> Result<Permit, WriteRefusal<'p>> {
        let name = &role.metadata.name;
        let permit = self.hold("clusterroles", name, user, "", &role.rules)?;
        let aggregates = match how {
            Write::Create | Write::CreateByPut => aggregates(role),
            Write::Replace(before) => aggregates(role) || aggregates(before),
        };
        // Upstream asks whether the user holds everything (fullAuthority). Such a user may `escalate`, and
        // was already allowed above.
        if aggregates {
            return Err(WriteRefusal::Aggregation { name });
        }
        Ok(permit)
    }

    fn bind<'p>(
        &'p self,
        resource: &'static str,
        name: &'p str,
        namespace: &'p str,
        user: &'p User,
        role: &'p RoleRef,
    ) -> Result<Permit, WriteRefusal<'p>> {
        let bound = match role.kind.as_str() {
            "ClusterRole" => Some("clusterroles"),
            "Role" => Some("roles"),
            _ => None,
        };
        // As upstream: a role of an unknown kind is an error, except for the privileged group.
        let request = ResourceRequest::new("bind", &role.api_group, bound.unwrap_or_default())
            .in_namespace(namespace)
            .with_name(&role.name);
        match self.permit(user, &request.into()) {
            Some(permit @ Permit::PrivilegedGroup) => return Ok(permit),
            Some(permit) if bound.is_some() => return Ok(permit),
            Some(_) | None => {}
        }
        let (Some(rules), Some(_)) = (self.rules(role, namespace), bound) else {
            let missing = Missing::of(role.as_deref(), Some(namespace));
            return Err(WriteRefusal::RoleNotFound { resource, missing });
        };
        self.hold(resource, name, user, namespace, rules)
    }

    /// Authorizes the `create` of a PUT.
    fn if_created<'p, T>(
        &self,
        permit: Permit,
        (version, how): (KubernetesVersion, Write<'_, T>),
        user: &'p User,
        resource: &'static str,
        (namespace, name): (&'p str, &'p str),
    ) -> Result<Permit, WriteRefusal<'p>> {
        if !matches!(how, Write::CreateByPut) {
            return Ok(permit);
        }
        let request = ResourceRequest::new("create", API_GROUP, resource)
            .in_namespace(namespace)
            .with_name(name);
        let response = self.authorize(user, &request.into());
        match response.decision() {
            Decision::Allow(_) => Ok(permit),
            Decision::NoOpinion => Err(WriteRefusal::CreateForbidden {
                user: &user.name,
                request: Box::new(request),
                reason: response.reason_in(version),
            }),
        }
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
    ) -> Result<Permit, WriteRefusal<'p>> {
        match self.escalation(user, namespace, rules) {
            None => Ok(Permit::Held),
            Some(escalation) => Err(WriteRefusal::Escalation {
                resource,
                name,
                escalation,
            }),
        }
    }
}

impl<T> Write<'_, T> {
    const fn name_in_url(self, name: &str) -> &str {
        match self {
            Self::Create => "",
            Self::CreateByPut | Self::Replace(_) => name,
        }
    }
}

impl Permit {
    fn if_valid(self, name: &str, errors: FieldErrors) -> Result<Self, WriteRefusal<'_>> {
        if errors.is_empty() {
            Ok(self)
        } else {
            Err(WriteRefusal::Invalid { name, errors })
        }
    }
}

fn aggregates(role: &ClusterRole) -> bool {
    let rule = role.aggregation_rule.as_ref();
    rule.is_some_and(|rule| !rule.cluster_role_selectors.is_empty())
}

/// The reason why an object may be written.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Permit {
    /// The user holds the permissions that the object grants.
    Held,
    /// The user is a member of [`PRIVILEGED_GROUP`](crate::PRIVILEGED_GROUP).
    PrivilegedGroup,
    /// The user may `escalate` the role, or `bind` it.
    Verb,
}

/// Why an object is not stored. Prints as kube-apiserver's message.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum WriteRefusal<'p> {
    /// The role aggregates, and the user does not hold everything: status 403.
    Aggregation {
        /// The role's name.
        name: &'p str,
    },
    /// The object does not exist, and the user who sends it by PUT may not `create` it: status 403.
    CreateForbidden {
        /// The username.
        user: &'p str,
        /// The `create` that is not allowed.
        request: Box<ResourceRequest<'p>>,
        /// The authorizer's reason; see [`Response::reason_in`](crate::Response::reason_in).
        reason: String,
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
    /// The object is invalid: status 422.
    Invalid {
        /// The object's name.
        name: &'p str,
        /// The errors in its fields.
        errors: FieldErrors,
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
    /// Returns a short, stable name of the refusal.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Aggregation { .. } => "aggregation",
            Self::CreateForbidden { .. } => "create-forbidden",
            Self::Escalation { .. } => "escalation",
            Self::Invalid { .. } => "invalid",
            Self::RoleNotFound { .. } => "role-not-found",
        }
    }

    /// Returns the HTTP status of the response.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Aggregation { .. } | Self::CreateForbidden { .. } | Self::Escalation { .. } => {
                403
            }
            Self::Invalid { .. } => 422,
            Self::RoleNotFound { resource, missing } => {
                RoleLookupError::new(resource, *missing).status()
            }
        }
    }
}

impl std::error::Error for WriteRefusal<'_> {}

impl Display for WriteRefusal<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aggregation { name } => write!(
                f,
                "clusterroles.{API_GROUP} {} is forbidden: must have cluster-admin privileges to \
                 use the aggregationRule",
                Quoted(name)
            ),
            Self::CreateForbidden {
                user,
                request,
                reason,
            } => Forbidden::new(user, (**request).into(), reason).fmt(f),
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
            Self::Invalid { name, errors } => f.write_str(&errors.message(name)),
            Self::RoleNotFound { resource, missing } => {
                RoleLookupError::new(resource, *missing).fmt(f)
            }
        }
    }
}
