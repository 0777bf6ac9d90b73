//! Bindings, as a policy stores them and as its readers see them.

use std::sync::Arc;

use crate::engine::persistent::Ranked;
use crate::engine::position::RoleSlot;
use crate::engine::role_table::RoleTable;
use crate::objects::{ClusterRoleBinding, Metadata, PolicyRule, RoleBinding, RoleRef, Subject};
use crate::request::User;
use crate::response::{BindingGrant, BindingName, Unresolved};
use crate::subject_name::{SERVICE_ACCOUNT_PREFIX, SubjectName};

/// A binding at its position.
#[derive(Clone, Debug)]
pub(crate) struct Binding {
    /// The position in the walk of its scope.
    pub(crate) order: u64,
    /// The slot of its role, whether the role exists or not.
    pub(crate) slot: RoleSlot,
    pub(crate) object: BindingObject,
}

/// A binding of either kind.
#[derive(Clone, Debug)]
pub(crate) enum BindingObject {
    Cluster(ClusterRoleBinding),
    Namespaced(RoleBinding),
}

impl BindingObject {
    pub(crate) const fn metadata(&self) -> &Metadata {
        match self {
            Self::Cluster(binding) => &binding.metadata,
            Self::Namespaced(binding) => &binding.metadata,
        }
    }

    pub(crate) const fn role_ref(&self) -> &RoleRef {
        match self {
            Self::Cluster(binding) => &binding.role_ref,
            Self::Namespaced(binding) => &binding.role_ref,
        }
    }

    pub(crate) fn subjects(&self) -> &[Subject] {
        match self {
            Self::Cluster(binding) => &binding.subjects,
            Self::Namespaced(binding) => &binding.subjects,
        }
    }

    /// Returns the namespace of the binding. `None` for a ClusterRoleBinding, even if its metadata
    /// has one.
    pub(crate) fn namespace(&self) -> Option<&str> {
        match self {
            Self::Cluster(_) => None,
            Self::Namespaced(binding) => Some(&binding.metadata.namespace),
        }
    }

    /// Returns the user or group that each subject names, in order.
    pub(crate) fn identities(&self) -> impl Iterator<Item = Option<SubjectName>> {
        let namespace = self.namespace();
        let subjects = self.subjects().iter();
        subjects.map(move |subject| SubjectName::of(subject, namespace))
    }

    /// Returns whether the subject with a number has a name. Equivalent to comparing
    /// [`SubjectName::of`], without allocating.
    pub(crate) fn has_subject(&self, number: u32, name: Name<'_>) -> bool {
        let number = usize::try_from(number).unwrap_or(usize::MAX);
        let Some(subject) = self.subjects().get(number) else {
            return false;
        };
        match (subject.kind.as_str(), name) {
            ("Group", Name::Group(name)) | ("User", Name::User(name)) => subject.name == name,
            ("ServiceAccount", Name::User(name)) => {
                let namespace = match subject.namespace.as_str() {
                    "" => self.namespace().unwrap_or_default(),
                    own => own,
                };
                let account = name
                    .strip_prefix(SERVICE_ACCOUNT_PREFIX)
                    .and_then(|name| name.strip_prefix(namespace)?.strip_prefix(':'));
                !namespace.is_empty() && account == Some(&*subject.name)
            }
            _ => false,
        }
    }
}

/// The name of a user or a group.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Name<'n> {
    Group(&'n str),
    User(&'n str),
}

impl<'n> From<&'n SubjectName> for Name<'n> {
    fn from(identity: &'n SubjectName) -> Self {
        match identity {
            SubjectName::Group(name) => Self::Group(name),
            SubjectName::User(name) => Self::User(name),
        }
    }
}

impl Ranked for Arc<Binding> {
    type Rank = u64;

    fn rank(&self) -> u64 {
        self.order
    }
}

/// A binding of either kind, with the rules of its role.
#[derive(Clone, Copy, Debug)]
pub struct BindingView<'p> {
    pub(crate) name: &'p str,
    pub(crate) namespace: Option<&'p str>,
    pub(crate) subjects: &'p [Subject],
    pub(crate) role_ref: &'p RoleRef,
    pub(crate) rules: Option<&'p [PolicyRule]>,
}

impl<'p> BindingView<'p> {
    pub(crate) fn of(binding: &'p Binding, roles: &'p RoleTable) -> Self {
        Self {
            name: &binding.object.metadata().name,
            namespace: binding.object.namespace(),
            subjects: binding.object.subjects(),
            role_ref: binding.object.role_ref(),
            rules: roles.rules(binding.slot),
        }
    }

    /// Returns the binding's kind, name and namespace.
    #[must_use]
    pub const fn name(&self) -> BindingName<'p> {
        let name = self.name;
        match self.namespace {
            None => BindingName::ClusterRoleBinding { name },
            Some(namespace) => BindingName::RoleBinding { name, namespace },
        }
    }

    /// Returns the namespace in which the binding grants its role. `None` for a
    /// `ClusterRoleBinding`, even if its metadata has one.
    #[must_use]
    pub const fn namespace(&self) -> Option<&'p str> {
        self.namespace
    }

    /// Returns the subjects, in order.
    #[must_use]
    pub const fn subjects(&self) -> &'p [Subject] {
        self.subjects
    }

    /// Returns the `roleRef`.
    #[must_use]
    pub const fn role_ref(&self) -> &'p RoleRef {
        self.role_ref
    }

    /// Returns the rules of the role. `None` if the policy has no such role.
    #[must_use]
    pub const fn rules(&self) -> Option<&'p [PolicyRule]> {
        self.rules
    }

    /// Returns the `roleRef` that does not resolve. `None` if the policy has the role.
    #[must_use]
    pub fn unresolved(&self) -> Option<Unresolved<'p>> {
        match self.rules {
            Some(_) => None,
            None => Some(self.missing()),
        }
    }

    /// Builds the error for a role that the policy does not have.
    pub(crate) fn missing(&self) -> Unresolved<'p> {
        Unresolved::new(self.name(), self.role_ref)
    }

    /// Builds the grant of a rule of this binding's role to one of its subjects.
    #[must_use]
    pub const fn grant(&self, subject: &'p Subject, rule: &'p PolicyRule) -> BindingGrant<'p> {
        BindingGrant::new(self.name(), self.role_ref, subject, rule)
    }

    /// Returns whether the binding applies to any request. A `RoleBinding` without a namespace, which
    /// the API server never stores, applies to none.
    #[must_use]
    pub fn is_in_effect(&self) -> bool {
        self.namespace != Some("")
    }

    /// Finds the first subject that is the user or one of the user's groups.
    #[must_use]
    pub fn subject_for(&self, user: &User) -> Option<&'p Subject> {
        self.subjects
            .iter()
            .find(|subject| match SubjectName::of(subject, self.namespace) {
                Some(SubjectName::User(name)) => name == user.name,
                Some(SubjectName::Group(name)) => user.groups.contains(&name),
                None => false,
            })
    }
}
