//! Bindings, as a policy stores them and as its readers see them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::engine::position::RoleSlot;
use crate::engine::role::RoleName;
use crate::engine::role_table::RoleTable;
use crate::engine::subject::{StoredSubject, StoredSubjects};
use crate::engine::text::Text;
use crate::objects::{ClusterRoleBinding, Metadata, PolicyRule, RoleBinding, RoleRef, Subject};
use crate::request::User;
use crate::response::{BindingGrant, BindingName, Unresolved};
use crate::subject_name::{SERVICE_ACCOUNT_PREFIX, SubjectName};

/// A binding of either kind.
#[derive(Debug)]
pub(crate) struct Binding {
    /// The slot of its role, whether the role exists or not.
    pub(crate) slot: RoleSlot,
    name: Box<str>,
    /// `None` for a `ClusterRoleBinding`. All bindings of a namespace share it.
    namespace: Option<Arc<str>>,
    subjects: StoredSubjects,
    role_ref: RoleRef<Text>,
    /// `None` if all of it is empty, as in most bindings.
    rest: Option<Box<Rest>>,
}

/// The parts of a binding that decisions ignore.
#[derive(Debug)]
struct Rest {
    labels: BTreeMap<String, String>,
    /// The namespace in the metadata of a `ClusterRoleBinding`, which the API server never stores.
    stray_namespace: String,
}

impl Binding {
    /// Converts a `ClusterRoleBinding`. Its slot refers to no role yet.
    pub(crate) fn of_cluster(object: ClusterRoleBinding) -> Self {
        let ClusterRoleBinding {
            metadata,
            subjects,
            role_ref,
        } = object;
        Self::new(metadata, None, subjects, role_ref)
    }

    /// Converts a `RoleBinding`. `namespace` is the text of its namespace. Its slot refers to no role
    /// yet.
    pub(crate) fn of_namespace(object: RoleBinding, namespace: Arc<str>) -> Self {
        let RoleBinding {
            metadata,
            subjects,
            role_ref,
        } = object;
        let metadata = Metadata {
            namespace: String::new(),
            ..metadata
        };
        Self::new(metadata, Some(namespace), subjects, role_ref)
    }

    fn new(
        metadata: Metadata,
        namespace: Option<Arc<str>>,
        subjects: Vec<Subject>,
        role_ref: RoleRef,
    ) -> Self {
        let Metadata {
            name,
            namespace: stray_namespace,
            labels,
        } = metadata;
        let has_rest = !labels.is_empty() || !stray_namespace.is_empty();
        Self {
            slot: RoleTable::UNSATISFIABLE,
            name: name.into_boxed_str(),
            namespace,
            subjects: subjects.into_iter().map(StoredSubject::from).collect(),
            role_ref: role_ref.map(Text::from),
            rest: has_rest.then(|| {
                Box::new(Rest {
                    labels,
                    stray_namespace,
                })
            }),
        }
    }

    pub(crate) const fn name(&self) -> &str {
        &self.name
    }

    /// Returns the namespace of the binding. `None` for a `ClusterRoleBinding`, even if its metadata
    /// has one.
    pub(crate) fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// Returns the role that the binding refers to. `None` if no role can satisfy the reference.
    pub(crate) fn role(&self) -> Option<RoleName<'_>> {
        RoleName::resolve(self.role_ref(), self.namespace())
    }

    pub(crate) fn role_ref(&self) -> RoleRef<&str> {
        self.role_ref.as_deref()
    }

    pub(crate) fn subjects(&self) -> impl ExactSizeIterator<Item = Subject<&str>> {
        self.subjects.iter().map(StoredSubject::as_deref)
    }

    pub(crate) fn subject(&self, number: usize) -> Option<Subject<&str>> {
        self.subjects.get(number).map(StoredSubject::as_deref)
    }

    /// Returns the user or group that each subject names, in order.
    pub(crate) fn identities(&self) -> impl Iterator<Item = Option<SubjectName>> {
        let namespace = self.namespace();
        self.subjects()
            .map(move |subject| SubjectName::of(&subject, namespace))
    }

    /// Returns whether the subject with a number has a name. Equivalent to comparing
    /// [`SubjectName::of`], without allocating.
    pub(crate) fn has_subject(&self, number: u32, name: Name<'_>) -> bool {
        let number = usize::try_from(number).unwrap_or(usize::MAX);
        let Some(subject) = self.subject(number) else {
            return false;
        };
        match (subject.kind, name) {
            ("Group", Name::Group(name)) | ("User", Name::User(name)) => subject.name == name,
            ("ServiceAccount", Name::User(name)) => {
                let namespace = match subject.namespace {
                    "" => self.namespace().unwrap_or_default(),
                    own => own,
                };
                let account = name
                    .strip_prefix(SERVICE_ACCOUNT_PREFIX)
                    .and_then(|name| name.strip_prefix(namespace)?.strip_prefix(':'));
                !namespace.is_empty() && account == Some(subject.name)
            }
            _ => false,
        }
    }

    /// Copies the binding. `None` if it is a `RoleBinding`.
    pub(crate) fn to_cluster_role_binding(&self) -> Option<ClusterRoleBinding> {
        self.namespace.is_none().then(|| ClusterRoleBinding {
            metadata: self.metadata(),
            subjects: self.owned_subjects(),
            role_ref: self.role_ref().map(str::to_owned),
        })
    }

    /// Copies the binding. `None` if it is a `ClusterRoleBinding`.
    pub(crate) fn to_role_binding(&self) -> Option<RoleBinding> {
        let namespace = self.namespace()?.to_owned();
        Some(RoleBinding {
            metadata: Metadata {
                namespace,
                ..self.metadata()
            },
            subjects: self.owned_subjects(),
            role_ref: self.role_ref().map(str::to_owned),
        })
    }

    fn metadata(&self) -> Metadata {
        let rest = self.rest.as_deref();
        Metadata {
            name: self.name.to_string(),
            namespace: rest
                .map(|rest| rest.stray_namespace.clone())
                .unwrap_or_default(),
            labels: rest.map(|rest| rest.labels.clone()).unwrap_or_default(),
        }
    }

    fn owned_subjects(&self) -> Vec<Subject> {
        let subjects = self.subjects();
        subjects.map(|subject| subject.map(str::to_owned)).collect()
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

/// A binding of either kind, with the rules of its role.
#[derive(Clone, Copy, Debug)]
pub struct BindingView<'p> {
    binding: &'p Binding,
    pub(crate) rules: Option<&'p [PolicyRule]>,
}

impl<'p> BindingView<'p> {
    pub(crate) fn of(binding: &'p Binding, roles: &'p RoleTable) -> Self {
        Self {
            binding,
            rules: roles.rules(binding.slot),
        }
    }

    /// Returns the binding's kind, name and namespace.
    #[must_use]
    pub fn name(&self) -> BindingName<'p> {
        let name = self.binding.name();
        match self.namespace() {
            None => BindingName::ClusterRoleBinding { name },
            Some(namespace) => BindingName::RoleBinding { name, namespace },
        }
    }

    /// Returns the namespace in which the binding grants its role. `None` for a
    /// `ClusterRoleBinding`, even if its metadata has one.
    #[must_use]
    pub fn namespace(&self) -> Option<&'p str> {
        self.binding.namespace()
    }

    /// Returns the subjects, in order.
    pub fn subjects(&self) -> impl ExactSizeIterator<Item = Subject<&'p str>> + use<'p> {
        self.binding.subjects()
    }

    /// Returns the subject with this index. `None` if there are fewer subjects.
    #[must_use]
    pub fn subject(&self, index: usize) -> Option<Subject<&'p str>> {
        self.binding.subject(index)
    }

    /// Returns the `roleRef`.
    #[must_use]
    pub fn role_ref(&self) -> RoleRef<&'p str> {
        self.binding.role_ref()
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
        Unresolved::new(self.name(), self.role_ref())
    }

    /// Builds the grant of a rule of this binding's role to one of its subjects.
    #[must_use]
    pub fn grant(&self, subject: Subject<&'p str>, rule: &'p PolicyRule) -> BindingGrant<'p> {
        BindingGrant::new(self.name(), self.role_ref(), subject, rule)
    }

    /// Returns whether the binding applies to any request. A `RoleBinding` without a namespace, which
    /// the API server never stores, applies to no request.
    #[must_use]
    pub fn is_in_effect(&self) -> bool {
        self.namespace() != Some("")
    }

    /// Finds the first subject that is the user or one of the user's groups.
    #[must_use]
    pub fn subject_for(&self, user: &User) -> Option<Subject<&'p str>> {
        let namespace = self.namespace();
        self.subjects()
            .find(|subject| match SubjectName::of(subject, namespace) {
                Some(SubjectName::User(name)) => name == user.name,
                Some(SubjectName::Group(name)) => user.groups.contains(&name),
                None => false,
            })
    }
}
