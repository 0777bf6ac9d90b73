//! The subjects that may make a request.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use k8s_rbac::{
    API_GROUP, BindingGrant, BindingName, PRIVILEGED_GROUP, Policy, Request, Subject, SubjectName,
    Unresolved,
};

use crate::role_key::RoleKey;

/// Lists the subjects that may make a request, each with its first grant.
///
/// First comes the group [`PRIVILEGED_GROUP`], then the subjects of each binding whose role allows
/// the request, in walk order. A subject of an unknown kind is listed, although it matches no user.
///
/// This walks every binding of the cluster and of the request's namespace, and evaluates each role
/// once.
///
/// As upstream: `SubjectLocator`,
/// `plugin/pkg/auth/authorizer/rbac/subject_locator.go`. DIFFERENCE: each subject is listed once;
/// upstream removes repeats in one list and returns another.
#[must_use]
pub fn who_can<'p>(policy: &'p Policy, request: &Request<'_>) -> AllowedSubjects<'p> {
    let masters = AllowedSubject::without_binding("Group", Cow::Borrowed(PRIVILEGED_GROUP));
    let mut seen = HashSet::new();
    seen.insert((masters.subject.clone(), ""));
    let mut allowed = AllowedSubjects {
        subjects: vec![masters],
        unresolved: Vec::new(),
    };
    let mut asked: HashMap<RoleKey<'_>, Option<usize>> = HashMap::new();
    for binding in policy.bindings_in(request.namespace().unwrap_or_default()) {
        let Some(rules) = binding.rules() else {
            allowed.unresolved.extend(binding.unresolved());
            continue;
        };
        let number = *asked
            .entry(RoleKey::of(&binding))
            .or_insert_with(|| rules.iter().position(|rule| rule.allows(request)));
        let Some(rule) = number.and_then(|number| rules.get(number)) else {
            continue;
        };
        for subject in binding.subjects() {
            // A ServiceAccount without a namespace is in the binding's namespace, so equal
            // subjects in two scopes differ.
            let is_relative = subject.kind == "ServiceAccount" && subject.namespace.is_empty();
            let scope = binding.namespace().filter(|_| is_relative);
            let text = borrowed(subject);
            if seen.insert((text.clone(), scope.unwrap_or_default())) {
                allowed.subjects.push(AllowedSubject {
                    subject: text,
                    grant: Some(binding.grant(subject, rule)),
                });
            }
        }
    }
    allowed
}

const fn borrowed(subject: Subject<&str>) -> Subject<Cow<'_, str>> {
    Subject {
        kind: Cow::Borrowed(subject.kind),
        api_group: Cow::Borrowed(subject.api_group),
        name: Cow::Borrowed(subject.name),
        namespace: Cow::Borrowed(subject.namespace),
    }
}

/// The subjects that may make a request, and the roles that do not exist.
#[derive(Clone, Debug, PartialEq)]
pub struct AllowedSubjects<'p> {
    subjects: Vec<AllowedSubject<'p>>,
    unresolved: Vec<Unresolved<'p>>,
}

impl<'p> AllowedSubjects<'p> {
    /// Adds a cluster's super user, if it has one, right after the privileged group.
    #[must_use]
    pub fn with_super_user(mut self, name: &str) -> Self {
        let user = AllowedSubject::without_binding("User", Cow::Owned(name.to_owned()));
        self.subjects
            .retain(|allowed| allowed.subject != user.subject);
        self.subjects.insert(1, user);
        self
    }

    /// Returns the subjects, without repeats.
    #[must_use]
    pub fn subjects(&self) -> &[AllowedSubject<'p>] {
        &self.subjects
    }

    /// Returns the roles that do not exist although bindings refer to them, for any subject.
    #[must_use]
    pub fn unresolved(&self) -> &[Unresolved<'p>] {
        &self.unresolved
    }

    /// Returns kube-apiserver's error, byte for byte. Empty if all roles exist.
    #[must_use]
    pub fn evaluation_error(&self) -> String {
        Unresolved::evaluation_error(&self.unresolved)
    }
}

/// A subject that may make a request.
#[derive(Clone, Debug, PartialEq)]
pub struct AllowedSubject<'p> {
    subject: Subject<Cow<'p, str>>,
    grant: Option<BindingGrant<'p>>,
}

impl<'p> AllowedSubject<'p> {
    const fn without_binding(kind: &'p str, name: Cow<'p, str>) -> Self {
        Self {
            subject: Subject {
                kind: Cow::Borrowed(kind),
                api_group: Cow::Borrowed(API_GROUP),
                name,
                namespace: Cow::Borrowed(""),
            },
            grant: None,
        }
    }

    /// Returns the subject as written in the binding.
    #[must_use]
    pub fn subject(&self) -> Subject<&str> {
        self.subject.as_deref()
    }

    /// Returns the user or group that the subject names, a service account with its namespace.
    /// `None` if the subject matches no user.
    #[must_use]
    pub fn identity(&self) -> Option<SubjectName> {
        let namespace = match self.grant.map(|grant| grant.binding()) {
            Some(BindingName::RoleBinding { namespace, .. }) => Some(namespace),
            Some(BindingName::ClusterRoleBinding { .. }) | None => None,
        };
        SubjectName::of(&self.subject, namespace)
    }

    /// Returns the first grant. `None` for the privileged group and the super user, which need no
    /// grant.
    #[must_use]
    pub const fn grant(&self) -> Option<BindingGrant<'p>> {
        self.grant
    }
}
