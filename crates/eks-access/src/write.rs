//! Whether a caller or a user may store roles and bindings.

use std::fmt::{self, Display, Formatter};

use eks_auth::AccessPolicyRules;
use k8s_rbac::{
    API_GROUP, Forbidden, Metadata, Objects, Policy, Request, ResourceRequest, RoleRef, User,
    Write, WriteRefusal,
};
use printable_text::Printable;
use serde::Serialize;

use crate::can::{write_notes, write_unknown};
use crate::cluster::Cluster;
use crate::finding::one_line;
use crate::no_answer::NoAnswer;
use crate::unknown_policy::UnknownPolicy;
use crate::verdict::{Step, Verdict, write_steps};
use crate::who::Who;

/// Whether a caller or a user may store each of some objects. Prints as terminated lines, one each.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Writes {
    way: Vec<Step>,
    writes: Vec<ObjectWrite>,
    notes: Vec<String>,
}

/// Whether one object may be stored.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectWrite {
    object: String,
    is_allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<String>,
    /// The access policies that may allow it, and are not known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unknown_policies: Vec<UnknownPolicy>,
}

impl ObjectWrite {
    /// Returns the verb and the object: `create roles dev/reader`.
    #[must_use]
    pub fn object(&self) -> &str {
        &self.object
    }

    /// Returns the API server's message, if no other access policy allows it. `None` if the object is stored.
    #[must_use]
    pub fn refusal(&self) -> Option<&str> {
        self.refusal.as_deref()
    }

    /// Returns the access policies that may allow it, and are not known.
    #[must_use]
    pub fn unknown_policies(&self) -> &[UnknownPolicy] {
        &self.unknown_policies
    }

    fn verdict(&self) -> Verdict {
        Verdict::of(self.is_allowed, !self.unknown_policies.is_empty())
    }
}

impl Writes {
    /// Returns the answer for each object, in the order of kinds and of the input.
    #[must_use]
    pub fn writes(&self) -> &[ObjectWrite] {
        &self.writes
    }

    /// Returns whether every object may be stored.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        !self.writes.is_empty() && self.writes.iter().all(|one| one.is_allowed)
    }

    /// Returns whether every object may be stored. Unknown if some object may be stored only by an access policy that is
    /// not known, and no object is refused in any case.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let mut verdicts = self.writes.iter().map(ObjectWrite::verdict);
        match verdicts.clone().any(|one| one == Verdict::No) {
            true => Verdict::No,
            false => Verdict::of(
                self.is_allowed(),
                verdicts.any(|one| one == Verdict::Unknown),
            ),
        }
    }

    /// Returns the exit status of a program with this answer: 0 if every object may be stored, 1 if an object may not, 2 if
    /// that is not known.
    #[must_use]
    pub fn exit_status(&self) -> u8 {
        self.verdict().exit_status()
    }
}

impl Display for Writes {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write_steps(f, "", &self.way)?;
        for write in &self.writes {
            let object = Printable::new(&write.object);
            match &write.refusal {
                None => writeln!(f, "yes: {object}")?,
                // The API server escapes names itself.
                Some(refusal) => {
                    writeln!(f, "{}: {object}: {}", write.verdict(), one_line(refusal))?;
                }
            }
            write_unknown(f, &write.unknown_policies)?;
        }
        write_notes(f, &self.notes)
    }
}

impl Cluster {
    /// Decides for each object whether the API server stores it: the caller or user may create or update it,
    /// and may grant its permissions, and it is valid. Roles are written before bindings, and an object that is stored is
    /// there for the next ones.
    ///
    /// # Errors
    ///
    /// In this order: [`NoAnswer::Unreadable`], [`NoAnswer::NothingToWrite`], the errors of the caller or user.
    pub fn writes(&self, who: &Who, objects: &Objects) -> Result<Writes, NoAnswer> {
        self.check_readable()?;
        if *objects == Objects::default() {
            return Err(NoAnswer::NothingToWrite);
        }
        let resolved = match self.find(who)? {
            Ok(resolved) => resolved,
            Err(way) => {
                return Ok(Writes {
                    way,
                    writes: Vec::new(),
                    notes: self.notes_on_mode().into_iter().collect(),
                });
            }
        };
        let united = self.united_policy(&resolved);
        let (version, user) = (self.kubernetes_version().value(), &resolved.user);
        let mut writer = Writer {
            user,
            own: self.policy().clone(),
            united: united.into_owned(),
            unknown: self.unknown_policies(&resolved),
            published: &self.access_policies,
        };
        let mut writes = Vec::new();
        for role in &objects.cluster_roles {
            let find = |policy: &Policy| {
                let own = policy.cluster_role(&role.metadata.name);
                own.filter(|own| own.metadata.namespace == role.metadata.namespace)
            };
            let write = writer.ask("clusterroles", &role.metadata, None, find, |policy, how| {
                policy
                    .write_cluster_role(version, user, role, how)
                    .err()
                    .map(Refusal::of)
            });
            writer.store(&write, |policy| policy.put_cluster_role(role.clone()));
            writes.push(write);
        }
        for role in &objects.roles {
            let find = |policy: &Policy| policy.role(&role.metadata.namespace, &role.metadata.name);
            let write = writer.ask("roles", &role.metadata, None, find, |policy, how| {
                policy
                    .write_role(version, user, role, how)
                    .err()
                    .map(Refusal::of)
            });
            writer.store(&write, |policy| policy.put_role(role.clone()));
            writes.push(write);
        }
        for binding in &objects.cluster_role_bindings {
            let find = |policy: &Policy| {
                let own = policy.cluster_role_binding(&binding.metadata.name);
                own.filter(|own| own.metadata.namespace == binding.metadata.namespace)
            };
            let write = writer.ask(
                "clusterrolebindings",
                &binding.metadata,
                Some(&binding.role_ref),
                find,
                |policy, how| {
                    policy
                        .write_cluster_role_binding(version, user, binding, how)
                        .err()
                        .map(Refusal::of)
                },
            );
            writer.store(&write, |policy| {
                policy.put_cluster_role_binding(binding.clone())
            });
            writes.push(write);
        }
        for binding in &objects.role_bindings {
            let find = |policy: &Policy| {
                policy.role_binding(&binding.metadata.namespace, &binding.metadata.name)
            };
            let write = writer.ask(
                "rolebindings",
                &binding.metadata,
                Some(&binding.role_ref),
                find,
                |policy, how| {
                    policy
                        .write_role_binding(version, user, binding, how)
                        .err()
                        .map(Refusal::of)
                },
            );
            writer.store(&write, |policy| policy.put_role_binding(binding.clone()));
            writes.push(write);
        }
        Ok(Writes {
            way: resolved.steps.clone(),
            writes,
            notes: self.notes_on_policy(),
        })
    }
}

/// The text of a refusal, and whether the user may store the object with `escalate` or `bind`.
struct Refusal {
    message: String,
    is_for_permission: bool,
}

impl Refusal {
    fn of(refusal: WriteRefusal<'_>) -> Self {
        let is_for_permission = matches!(
            refusal,
            WriteRefusal::Aggregation { .. }
                | WriteRefusal::Escalation { .. }
                | WriteRefusal::RoleNotFound { .. }
        );
        Self {
            message: refusal.to_string(),
            is_for_permission,
        }
    }
}

struct Writer<'w> {
    user: &'w User,
    /// RBAC alone, whose rules decide what the user holds.
    own: Policy,
    /// RBAC with the access policies of the caller, which authorize in addition to RBAC.
    united: Policy,
    /// The access policies that are not known.
    unknown: Vec<UnknownPolicy>,
    /// The rules of access policies that AWS publishes.
    published: &'w AccessPolicyRules,
}

impl Writer<'_> {
    /// Stores an object if the API server does: the objects after it may refer to it.
    fn store(&mut self, write: &ObjectWrite, put: impl Fn(&mut Policy)) {
        if write.is_allowed {
            put(&mut self.own);
            put(&mut self.united);
        }
    }

    fn ask<T>(
        &self,
        resource: &str,
        metadata: &Metadata,
        bound: Option<&RoleRef>,
        find: impl Fn(&Policy) -> Option<T>,
        store: impl Fn(&Policy, Write<'_, T>) -> Option<Refusal>,
    ) -> ObjectWrite {
        let before = find(&self.own);
        let (verb, name) = match &before {
            Some(_) => ("update", metadata.name.as_str()),
            None => ("create", ""),
        };
        let how = || before.as_ref().map_or(Write::Create, Write::Replace);
        let asked = ResourceRequest::new(verb, API_GROUP, resource)
            .in_namespace(&metadata.namespace)
            .with_name(name)
            .into();
        let response = self.united.authorize(self.user, &asked);
        let (refusal, lacked) = if response.decision().is_allow() {
            // The API server compares with the rules of RBAC; only the verbs that skip the comparison are
            // authorized by access policies, too.
            match store(&self.own, how()) {
                Some(refusal) if refusal.is_for_permission => {
                    let skip = skip_comparison((resource, name), &metadata.namespace, bound);
                    match skip {
                        Some(skip) if self.is_allowed(&skip) => {
                            let refusal = store(&self.united, how());
                            (refusal.map(|refusal| refusal.message), None)
                        }
                        skip => (Some(refusal.message), skip),
                    }
                }
                refusal => (refusal.map(|refusal| refusal.message), None),
            }
        } else {
            let reason = response.reason();
            let refusal = Forbidden::new(&self.user.name, asked, &reason);
            // An access policy cannot make an invalid object valid.
            let is_valid =
                store(&self.united, how()).is_none_or(|refusal| refusal.is_for_permission);
            (Some(refusal.to_string()), is_valid.then_some(asked))
        };
        let slash = match metadata.namespace.as_str() {
            "" => "",
            _ => "/",
        };
        let may_allow = |policy: &&UnknownPolicy| {
            let lacked = lacked.as_ref();
            lacked.is_some_and(|request| policy.may_allow(request, self.published))
        };
        let unknown = self.unknown.iter().filter(may_allow);
        ObjectWrite {
            unknown_policies: unknown.cloned().collect(),
            object: format!(
                "{verb} {resource} {}{slash}{}",
                metadata.namespace, metadata.name
            ),
            is_allowed: refusal.is_none(),
            refusal,
        }
    }

    fn is_allowed(&self, request: &Request<'_>) -> bool {
        let response = self.united.authorize(self.user, request);
        response.decision().is_allow()
    }
}

/// Returns the request that a user must be allowed to write the object with any permissions: `escalate` on a role, and
/// `bind` on the role of a binding (`BindingAuthorized` of upstream). `None` if the role is of an unknown kind.
fn skip_comparison<'r>(
    (resource, name): (&'r str, &'r str),
    namespace: &'r str,
    bound: Option<&'r RoleRef>,
) -> Option<Request<'r>> {
    let (verb, group, resource, name) = match bound {
        None => ("escalate", API_GROUP, resource, name),
        Some(role) => {
            let resource = match role.kind.as_str() {
                "ClusterRole" => "clusterroles",
                "Role" => "roles",
                _ => return None,
            };
            (
                "bind",
                role.api_group.as_str(),
                resource,
                role.name.as_str(),
            )
        }
    };
    let request = ResourceRequest::new(verb, group, resource);
    Some(request.in_namespace(namespace).with_name(name).into())
}
