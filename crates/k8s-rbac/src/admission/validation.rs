//! Validation: the objects that the API server refuses to store.
//!
//! As upstream: pkg/apis/rbac/validation/validation.go, and `ValidateObjectMeta` and
//! `ValidateLabelSelector` of apimachinery. Releases differ by what [`Release`] says. Objects are
//! validated as given, so apply the defaults first.

use std::collections::BTreeMap;

use crate::admission::field_error::FieldErrors;
use crate::admission::names::{self, LabelTexts};
use crate::admission::release::{Release, Update, ValueSyntax};
use crate::go_text::quote::Quoted;
use crate::objects::{
    API_GROUP, ClusterRole, ClusterRoleBinding, LabelSelector, LabelSelectorRequirement, Metadata,
    PolicyRule, Role, RoleBinding, RoleRef, Subject,
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

    /// Returns the errors with which it refuses to replace `before` by this object: the same, and
    /// changes of name or namespace. Up to 1.36 its response repeats some, and so does this list;
    /// [`FieldErrors::message`] has each once.
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

    /// Returns the errors with which it refuses to replace `before` by this object: the same, and a
    /// change of name. Up to 1.36 its response repeats some, and so does this list;
    /// [`FieldErrors::message`] has each once.
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

    // As upstream: hasInvalidLabelValueInLabelSelector, which looks for more than its name says.
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

    /// Returns the errors with which it refuses to replace `before` by this object: the same, and
    /// changes of name, namespace or `roleRef`. Up to 1.36 its response repeats some, and so does this
    /// list; [`FieldErrors::message`] has each once.
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

    /// Returns the errors with which it refuses to replace `before` by this object: the same, and
    /// changes of name or `roleRef`. Up to 1.36 its response repeats some, and so does this
    /// list; [`FieldErrors::message`] has each once.
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
    /// The kinds of role that it may refer to.
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
/// As upstream: apiserver, pkg/registry/rest/update.go, `ValidateUpdate`: the metadata come first,
/// and then again with the object.
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

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Scope {
    Cluster,
    Namespace,
}

// Labels come in the order of their keys; upstream walks a map.
fn check_metadata(metadata: &Metadata, scope: Scope, release: &Release, errors: &mut FieldErrors) {
    let Metadata {
        name,
        namespace,
        labels,
    } = metadata;
    match name.as_str() {
        "" => errors.required("metadata.name", "name or generateName is required"),
        name => errors.invalid_text("metadata.name", name, &names::path_segment(name)),
    }
    let field = "metadata.namespace";
    match (scope, namespace.as_str()) {
        (Scope::Cluster, "") => {}
        (Scope::Cluster, _) => errors.forbidden(field, "not allowed on this type"),
        (Scope::Namespace, "") => errors.required(field, ""),
        (Scope::Namespace, name) => errors.invalid_text(field, name, &names::dns_label(name)),
    }
    check_labels(labels, release, errors);
}

fn check_labels(labels: &BTreeMap<String, String>, release: &Release, errors: &mut FieldErrors) {
    for (key, value) in labels {
        let texts = &release.labels;
        errors.invalid_text("metadata.labels", key, &names::label_key(key, texts));
        errors.invalid_text("metadata.labels", value, &names::label_value(value, texts));
    }
}

/// As upstream: apimachinery, pkg/api/validation/objectmeta.go, `ValidateObjectMetaAccessorUpdate`, which
/// validates the labels once more.
fn check_metadata_change(
    change: &Change<'_, Metadata>,
    release: &Release,
    errors: &mut FieldErrors,
) {
    let Change { before, after } = change;
    for (field, then, now) in [
        ("metadata.name", &before.name, &after.name),
        ("metadata.namespace", &before.namespace, &after.namespace),
    ] {
        if now != then {
            errors.invalid_text(field, now, &["field is immutable"]);
        }
    }
    check_labels(&after.labels, release, errors);
}

fn check_rules(rules: &[PolicyRule], scope: Scope, values: ValueSyntax, errors: &mut FieldErrors) {
    for (number, rule) in rules.iter().enumerate() {
        let field = |name: &str| format!("rules[{number}].{name}");
        if rule.verbs.is_empty() {
            errors.required(&field("verbs"), "verbs must contain at least one value");
        }
        if !rule.non_resource_urls.is_empty() {
            let (field, urls) = (
                field("nonResourceURLs"),
                values.texts(&rule.non_resource_urls),
            );
            if scope == Scope::Namespace {
                let why = "namespaced rules cannot apply to non-resource URLs";
                errors.invalid(&field, &urls, why);
            }
            let others = [&rule.api_groups, &rule.resources, &rule.resource_names];
            if others.iter().any(|list| !list.is_empty()) {
                let why = "rules cannot apply to both regular resources and non-resource URLs";
                errors.invalid(&field, &urls, why);
            }
            continue;
        }
        if rule.api_groups.is_empty() {
            let why = "resource rules must supply at least one api group";
            errors.required(&field("apiGroups"), why);
        }
        if rule.resources.is_empty() {
            let why = "resource rules must supply at least one resource";
            errors.required(&field("resources"), why);
        }
    }
}

fn check_selector(
    selector: &LabelSelector,
    field: &str,
    values: Values,
    labels: &LabelTexts,
    errors: &mut FieldErrors,
) {
    for (key, value) in &selector.match_labels {
        let field = format!("{field}.matchLabels");
        errors.invalid_text(&field, key, &names::label_key(key, labels));
        errors.invalid_text(&field, value, &names::label_value(value, labels));
    }
    for (number, requirement) in selector.match_expressions.iter().enumerate() {
        let field = format!("{field}.matchExpressions[{number}]");
        check_label_requirement(requirement, &field, Operators::Known, labels, errors);
        if values == Values::Known {
            check_label_values(requirement, &field, labels, errors);
        }
    }
}

/// The values that a requirement may have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Values {
    Any,
    /// Valid values of a label.
    Known,
}

/// The operators that a requirement may have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Operators {
    Any,
    Known,
}

// As upstream: apimachinery, ValidateLabelSelectorRequirement, whose end is `check_label_values`.
pub(crate) fn check_label_requirement(
    requirement: &LabelSelectorRequirement,
    field: &str,
    operators: Operators,
    labels: &LabelTexts,
    errors: &mut FieldErrors,
) {
    check_number_of_values(requirement, field, operators, errors);
    let key = &requirement.key;
    let why = names::label_key(key, labels);
    errors.invalid_text(&format!("{field}.key"), key, &why);
}

pub(crate) fn check_label_values(
    requirement: &LabelSelectorRequirement,
    field: &str,
    labels: &LabelTexts,
    errors: &mut FieldErrors,
) {
    for (number, value) in requirement.values.iter().enumerate() {
        let field = format!("{field}.values[{number}]");
        errors.invalid_text(&field, value, &names::label_value(value, labels));
    }
}

pub(crate) fn check_number_of_values(
    requirement: &LabelSelectorRequirement,
    field: &str,
    operators: Operators,
    errors: &mut FieldErrors,
) {
    let values = format!("{field}.values");
    match requirement.operator.as_str() {
        "In" | "NotIn" => {
            if requirement.values.is_empty() {
                let why = "must be specified when `operator` is 'In' or 'NotIn'";
                errors.required(&values, why);
            }
        }
        "Exists" | "DoesNotExist" => {
            if !requirement.values.is_empty() {
                let why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
                errors.forbidden(&values, why);
            }
        }
        operator => {
            if operators == Operators::Known {
                let (field, value) = (format!("{field}.operator"), Quoted(operator));
                errors.invalid(&field, &value, "not a valid selector operator");
            }
        }
    }
}

fn check_role_ref(role: &RoleRef, kinds: &[&str], errors: &mut FieldErrors) {
    if role.api_group != API_GROUP {
        errors.unsupported("roleRef.apiGroup", &role.api_group, &[API_GROUP]);
    }
    if !kinds.contains(&role.kind.as_str()) {
        errors.unsupported("roleRef.kind", &role.kind, kinds);
    }
    match role.name.as_str() {
        "" => errors.required("roleRef.name", ""),
        name => errors.invalid_text("roleRef.name", name, &names::path_segment(name)),
    }
}

// As upstream: the value is printed by the internal type, whose fields have no JSON names.
fn check_same_role(change: Change<'_, RoleRef>, release: &Release, errors: &mut FieldErrors) {
    let Change { before, after } = change;
    if before != after {
        let fields = [
            ("APIGroup", after.api_group.as_str()),
            ("Kind", after.kind.as_str()),
            ("Name", after.name.as_str()),
        ];
        let value = release.values.fields("rbac.RoleRef", &fields);
        errors.invalid("roleRef", &value, release.role_ref_changed);
    }
}

fn check_subjects(subjects: &[Subject], scope: Scope, errors: &mut FieldErrors) {
    for (number, subject) in subjects.iter().enumerate() {
        let field = |name: &str| format!("subjects[{number}].{name}");
        if subject.name.is_empty() {
            errors.required(&field("name"), "");
        }
        match subject.kind.as_str() {
            "ServiceAccount" => {
                if !subject.name.is_empty() {
                    let why = names::dns_subdomain(&subject.name);
                    errors.invalid_text(&field("name"), &subject.name, &why);
                }
                if !subject.api_group.is_empty() {
                    errors.unsupported(&field("apiGroup"), &subject.api_group, &[""]);
                }
                if scope == Scope::Cluster && subject.namespace.is_empty() {
                    errors.required(&field("namespace"), "");
                }
            }
            "Group" | "User" => {
                if subject.api_group != API_GROUP {
                    errors.unsupported(&field("apiGroup"), &subject.api_group, &[API_GROUP]);
                }
            }
            kind => {
                let kinds = ["ServiceAccount", "User", "Group"];
                errors.unsupported(&field("kind"), kind, &kinds);
            }
        }
    }
}
