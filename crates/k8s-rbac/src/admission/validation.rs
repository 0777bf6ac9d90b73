//! Validation: the objects that the API server refuses to store.
//!
//! As upstream: pkg/apis/rbac/validation/validation.go, and `ValidateObjectMeta` and
//! `ValidateLabelSelector` of apimachinery. [`Release`] has the differences between releases.
//! Objects are validated as given, so apply the defaults first.

mod parts;

pub(crate) use self::parts::{
    Operators, check_label_requirement, check_label_values, check_number_of_values,
};
use self::parts::{
    Scope, Values, check_metadata, check_metadata_change, check_role_ref, check_rules,
    check_same_role, check_selector, check_subjects,
};
use crate::admission::field_error::FieldErrors;
use crate::admission::release::{Release, Update};
use crate::objects::{
    API_GROUP, ClusterRole, ClusterRoleBinding, Metadata, PolicyRule, Role, RoleBinding, RoleRef,
    Subject,
};
use crate::version::KubernetesVersion;

impl Role {
    /// Returns the errors with which a kube-apiserver of this version refuses to create the object:
    /// metadata, then each rule.
    #[must_use]
    pub fn field_errors(&self, version: KubernetesVersion) -> FieldErrors {
        let mut errors = FieldErrors::new("Role", API_GROUP);
        let release = Release::of(version);
        self.check(release, &mut errors);
        errors.generate_required(release, fields_without_verbs(&self.rules));
        errors
    }

    /// Returns the errors with which a kube-apiserver of this version refuses to replace `before`
    /// by this object: the errors of a create, and changes of name or namespace. Up to 1.36 its
    /// response repeats some errors, and so does this list; [`FieldErrors::message`] has each error
    /// once.
    #[must_use]
    pub fn field_errors_after(&self, version: KubernetesVersion, before: &Self) -> FieldErrors {
        let mut errors = FieldErrors::new("Role", API_GROUP);
        let release = Release::of(version);
        let metadata = Change::new(&before.metadata, &self.metadata);
        check_update(metadata, Scope::Namespace, release, &mut errors, |errors| {
            self.check(release, errors);
        });
        let changed = if self.rules == before.rules {
            &[][..]
        } else {
            &self.rules
        };
        errors.generate_required(release, fields_without_verbs(changed));
        errors
    }

    fn check(&self, release: &Release, errors: &mut FieldErrors) {
        check_metadata(&self.metadata, Scope::Namespace, release, errors);
        check_rules(&self.rules, Scope::Namespace, release.values, errors);
    }
}

impl ClusterRole {
    /// Returns the errors with which a kube-apiserver of this version refuses to create the object:
    /// metadata, each rule, then the selectors of the `aggregationRule`.
    #[must_use]
    pub fn field_errors(&self, version: KubernetesVersion) -> FieldErrors {
        let mut errors = FieldErrors::new("ClusterRole", API_GROUP);
        let release = Release::of(version);
        self.check(release, Values::Known, &mut errors);
        errors.generate_required(release, fields_without_verbs(&self.rules));
        errors
    }

    /// Returns the errors with which a kube-apiserver of this version refuses to replace `before`
    /// by this object: the errors of a create, and a change of name. Up to 1.36 its response
    /// repeats some errors, and so does this list; [`FieldErrors::message`] has each error once.
    ///
    /// If the selectors of the replaced object already have errors, values in `matchExpressions` are
    /// not checked against the syntax of labels. Such a selector is refused all the same, because it
    /// cannot be evaluated.
    ///
    /// As upstream: pkg/registry/rbac/clusterrole/strategy.go, `ValidateUpdate`.
    #[must_use]
    pub fn field_errors_after(&self, version: KubernetesVersion, before: &Self) -> FieldErrors {
        let release = Release::of(version);
        let values = if before.has_wrong_selector(release) {
            Values::Any
        } else {
            Values::Known
        };
        let mut errors = FieldErrors::new("ClusterRole", API_GROUP);
        let metadata = Change::new(&before.metadata, &self.metadata);
        check_update(metadata, Scope::Cluster, release, &mut errors, |errors| {
            self.check(release, values, errors);
        });
        let changed = if self.rules == before.rules {
            &[][..]
        } else {
            &self.rules
        };
        errors.generate_required(release, fields_without_verbs(changed));
        errors
    }

    // As upstream: hasInvalidLabelValueInLabelSelector, which checks more than its name says.
    fn has_wrong_selector(&self, release: &Release) -> bool {
        let mut errors = FieldErrors::new("ClusterRole", API_GROUP);
        let rule = self.aggregation_rule.iter();
        for selector in rule.flat_map(|rule| &rule.cluster_role_selectors) {
            check_selector(selector, "", Values::Known, &release.labels, &mut errors);
        }
        !errors.is_empty()
    }

    fn check(&self, release: &Release, values: Values, errors: &mut FieldErrors) {
        check_metadata(&self.metadata, Scope::Cluster, release, errors);
        check_rules(&self.rules, Scope::Cluster, release.values, errors);
        let Some(rule) = &self.aggregation_rule else {
            return;
        };
        let field = "aggregationRule.clusterRoleSelectors";
        if rule.cluster_role_selectors.is_empty() {
            let why = "at least one clusterRoleSelector required if aggregationRule is non-nil";
            errors.required(field, why);
        }
        for (number, selector) in rule.cluster_role_selectors.iter().enumerate() {
            let field = format!("{field}[{number}]");
            check_selector(selector, &field, values, &release.labels, errors);
            if selector.compile().is_err() {
                errors.invalid(&field, &release.values.null(), "invalid label selector.");
            }
        }
    }
}

impl RoleBinding {
    /// Returns the errors with which a kube-apiserver of this version refuses to create the object:
    /// metadata, the `roleRef`, then each subject. An empty `apiGroup` is an error where a default
    /// would have filled it in.
    #[must_use]
    pub fn field_errors(&self, version: KubernetesVersion) -> FieldErrors {
        self.checked().errors(version)
    }

    /// Returns the errors with which a kube-apiserver of this version refuses to replace `before` by
    /// this object: the errors of a create, and changes of name, namespace or `roleRef`. Up to 1.36
    /// its response repeats some errors, and so does this list; [`FieldErrors::message`] has each
    /// error once.
    #[must_use]
    pub fn field_errors_after(&self, version: KubernetesVersion, before: &Self) -> FieldErrors {
        self.checked().errors_after(version, &before.checked())
    }

    const fn checked(&self) -> CheckedBinding<'_> {
        CheckedBinding {
            kind: "RoleBinding",
            scope: Scope::Namespace,
            role_kinds: &["Role", "ClusterRole"],
            metadata: &self.metadata,
            subjects: self.subjects.as_slice(),
            role_ref: &self.role_ref,
        }
    }
}

impl ClusterRoleBinding {
    /// Returns the errors with which a kube-apiserver of this version refuses to create the object:
    /// metadata, the `roleRef`, then each subject. An empty `apiGroup` is an error where a default
    /// would have filled it in.
    #[must_use]
    pub fn field_errors(&self, version: KubernetesVersion) -> FieldErrors {
        self.checked().errors(version)
    }

    /// Returns the errors with which a kube-apiserver of this version refuses to replace `before`
    /// by this object: the errors of a create, and changes of name or `roleRef`. Up to 1.36 its
    /// response repeats some errors, and so does this list; [`FieldErrors::message`] has each error
    /// once.
    #[must_use]
    pub fn field_errors_after(&self, version: KubernetesVersion, before: &Self) -> FieldErrors {
        self.checked().errors_after(version, &before.checked())
    }

    const fn checked(&self) -> CheckedBinding<'_> {
        CheckedBinding {
            kind: "ClusterRoleBinding",
            scope: Scope::Cluster,
            role_kinds: &["ClusterRole"],
            metadata: &self.metadata,
            subjects: self.subjects.as_slice(),
            role_ref: &self.role_ref,
        }
    }
}

/// The parts of a binding of either kind that are validated.
struct CheckedBinding<'o> {
    kind: &'static str,
    scope: Scope,
    /// The kinds of role that the binding may refer to.
    role_kinds: &'static [&'static str],
    metadata: &'o Metadata,
    subjects: &'o [Subject],
    role_ref: &'o RoleRef,
}

impl CheckedBinding<'_> {
    fn errors(&self, version: KubernetesVersion) -> FieldErrors {
        let mut errors = FieldErrors::new(self.kind, API_GROUP);
        let release = Release::of(version);
        self.check(release, &mut errors);
        let unnamed = fields_without_name(self.subjects, Some(self.role_ref));
        errors.generate_required(release, unnamed);
        errors
    }

    fn errors_after(&self, version: KubernetesVersion, before: &Self) -> FieldErrors {
        let mut errors = FieldErrors::new(self.kind, API_GROUP);
        let release = Release::of(version);
        let metadata = Change::new(before.metadata, self.metadata);
        check_update(metadata, self.scope, release, &mut errors, |errors| {
            self.check(release, errors);
        });
        let role_ref = Change::new(before.role_ref, self.role_ref);
        check_same_role(role_ref, release, &mut errors);
        let changed = if self.subjects == before.subjects {
            &[][..]
        } else {
            self.subjects
        };
        errors.generate_required(release, fields_without_name(changed, None));
        errors
    }

    fn check(&self, release: &Release, errors: &mut FieldErrors) {
        check_metadata(self.metadata, self.scope, release, errors);
        check_role_ref(self.role_ref, self.role_kinds, errors);
        check_subjects(self.subjects, self.scope, errors);
    }
}

/// A part of an object before and after an update.
#[derive(Debug)]
struct Change<'o, T> {
    before: &'o T,
    after: &'o T,
}

impl<'o, T> Change<'o, T> {
    const fn new(before: &'o T, after: &'o T) -> Self {
        Self { before, after }
    }
}

/// Checks an update; `check` does what a create does.
///
/// As upstream: apiserver, pkg/registry/rest/update.go, `ValidateUpdate`: the metadata are checked
/// first, and then again with the object.
fn check_update(
    metadata: Change<'_, Metadata>,
    scope: Scope,
    release: &Release,
    errors: &mut FieldErrors,
    check: impl Fn(&mut FieldErrors),
) {
    check_metadata(metadata.after, scope, release, errors);
    check_metadata_change(&metadata, release, errors);
    if release.update == Update::Twice {
        check(errors);
    }
    check(errors);
    check_metadata_change(&metadata, release, errors);
}

/// Returns the fields that generated code requires of rules.
fn fields_without_verbs(rules: &[PolicyRule]) -> Vec<String> {
    rules
        .iter()
        .enumerate()
        .filter(|(_, rule)| rule.verbs.is_empty())
        .map(|(number, _)| format!("rules[{number}].verbs"))
        .collect()
}

/// Returns the fields that generated code requires of a binding. An update never gets as far as the
/// `roleRef`, which is either unchanged or already an error.
fn fields_without_name(subjects: &[Subject], role_ref: Option<&RoleRef>) -> Vec<String> {
    let of_role = role_ref
        .filter(|role_ref| role_ref.name.is_empty())
        .map(|_| "roleRef.name".to_owned());
    subjects
        .iter()
        .enumerate()
        .filter(|(_, subject)| subject.name.is_empty())
        .map(|(number, _)| format!("subjects[{number}].name"))
        .chain(of_role)
        .collect()
}
