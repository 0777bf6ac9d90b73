//! Validation: the objects that the API server refuses to store.
//!
//! As upstream: pkg/apis/rbac/validation/validation.go, and `ValidateObjectMeta` and
//! `ValidateLabelSelector` of apimachinery. Objects are validated as given, so apply the defaults first.

use crate::admission::field_error::FieldErrors;
use crate::admission::names;
use crate::go_text::quote::{JsonText, JsonTexts, Quoted};
use crate::objects::{
    API_GROUP, ClusterRole, ClusterRoleBinding, LabelSelector, LabelSelectorRequirement, Metadata,
    PolicyRule, Role, RoleBinding, RoleRef, Subject,
};

impl Role {
    /// Returns the errors in the fields: metadata, then each rule.
    #[must_use]
    pub fn field_errors(&self) -> FieldErrors {
        self.errors_of_fields(None)
    }

    /// Returns the errors in an object that replaces another: the same, and changes of name or
    /// namespace.
    #[must_use]
    pub fn field_errors_after(&self, before: &Self) -> FieldErrors {
        self.errors_of_fields(Some(&before.metadata))
    }

    fn errors_of_fields(&self, before: Option<&Metadata>) -> FieldErrors {
        let mut errors = FieldErrors::new("Role", API_GROUP);
        check_metadata(&self.metadata, before, Scope::Namespace, &mut errors);
        check_rules(&self.rules, Scope::Namespace, &mut errors);
        errors
    }
}

impl ClusterRole {
    /// Returns the errors in the fields: metadata, each rule, then the selectors of the
    /// `aggregationRule`.
    #[must_use]
    pub fn field_errors(&self) -> FieldErrors {
        self.errors_of_fields(None, Values::Known)
    }

    /// Returns the errors in an object that replaces another: the same, and a change of name. If the
    /// selectors of the replaced object already have errors, values in `matchExpressions` are not
    /// checked against the syntax of labels. Such a selector is refused all the same, because it
    /// cannot be evaluated.
    ///
    /// As upstream: pkg/registry/rbac/clusterrole/strategy.go, `ValidateUpdate`.
    #[must_use]
    pub fn field_errors_after(&self, before: &Self) -> FieldErrors {
        let values = if before.has_wrong_selector() {
            Values::Any
        } else {
            Values::Known
        };
        self.errors_of_fields(Some(&before.metadata), values)
    }

    // As upstream: hasInvalidLabelValueInLabelSelector, which looks for more than its name says.
    fn has_wrong_selector(&self) -> bool {
        let mut errors = FieldErrors::new("ClusterRole", API_GROUP);
        let rule = self.aggregation_rule.iter();
        for selector in rule.flat_map(|rule| &rule.cluster_role_selectors) {
            check_selector(selector, "", Values::Known, &mut errors);
        }
        !errors.is_empty()
    }

    fn errors_of_fields(&self, before: Option<&Metadata>, values: Values) -> FieldErrors {
        let mut errors = FieldErrors::new("ClusterRole", API_GROUP);
        check_metadata(&self.metadata, before, Scope::Cluster, &mut errors);
        check_rules(&self.rules, Scope::Cluster, &mut errors);
        let Some(rule) = &self.aggregation_rule else {
            return errors;
        };
        let field = "aggregationRule.clusterRoleSelectors";
        if rule.cluster_role_selectors.is_empty() {
            let why = "at least one clusterRoleSelector required if aggregationRule is non-nil";
            errors.required(field, why);
        }
        for (number, selector) in rule.cluster_role_selectors.iter().enumerate() {
            let field = format!("{field}[{number}]");
            check_selector(selector, &field, values, &mut errors);
            if selector.compile().is_err() {
                errors.invalid(&field, &"null", "invalid label selector.");
            }
        }
        errors
    }
}

impl RoleBinding {
    /// Returns the errors in the fields: metadata, the `roleRef`, then each subject. An empty
    /// `apiGroup` is an error where a default would have filled it in.
    #[must_use]
    pub fn field_errors(&self) -> FieldErrors {
        self.errors_of_fields(None)
    }

    /// Returns the errors in an object that replaces another: the same, and changes of name,
    /// namespace or `roleRef`.
    #[must_use]
    pub fn field_errors_after(&self, before: &Self) -> FieldErrors {
        let mut errors = self.errors_of_fields(Some(&before.metadata));
        check_same_role(&self.role_ref, &before.role_ref, &mut errors);
        errors
    }

    fn errors_of_fields(&self, before: Option<&Metadata>) -> FieldErrors {
        let mut errors = FieldErrors::new("RoleBinding", API_GROUP);
        check_metadata(&self.metadata, before, Scope::Namespace, &mut errors);
        check_role_ref(&self.role_ref, &["Role", "ClusterRole"], &mut errors);
        check_subjects(&self.subjects, Scope::Namespace, &mut errors);
        errors
    }
}

impl ClusterRoleBinding {
    /// Returns the errors in the fields: metadata, the `roleRef`, then each subject. An empty
    /// `apiGroup` is an error where a default would have filled it in.
    #[must_use]
    pub fn field_errors(&self) -> FieldErrors {
        self.errors_of_fields(None)
    }

    /// Returns the errors in an object that replaces another: the same, and changes of name or
    /// `roleRef`.
    #[must_use]
    pub fn field_errors_after(&self, before: &Self) -> FieldErrors {
        let mut errors = self.errors_of_fields(Some(&before.metadata));
        check_same_role(&self.role_ref, &before.role_ref, &mut errors);
        errors
    }

    fn errors_of_fields(&self, before: Option<&Metadata>) -> FieldErrors {
        let mut errors = FieldErrors::new("ClusterRoleBinding", API_GROUP);
        check_metadata(&self.metadata, before, Scope::Cluster, &mut errors);
        check_role_ref(&self.role_ref, &["ClusterRole"], &mut errors);
        check_subjects(&self.subjects, Scope::Cluster, &mut errors);
        errors
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Scope {
    Cluster,
    Namespace,
}

// Labels come in the order of their keys; upstream walks a map. Upstream validates an update twice,
// which shows only in the causes of its response.
fn check_metadata(
    metadata: &Metadata,
    before: Option<&Metadata>,
    scope: Scope,
    errors: &mut FieldErrors,
) {
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
    for (key, value) in labels {
        errors.invalid_text("metadata.labels", key, &names::label_key(key));
        errors.invalid_text("metadata.labels", value, &names::label_value(value));
    }
    let Some(before) = before else { return };
    for (field, now, then) in [
        ("metadata.name", name, &before.name),
        ("metadata.namespace", namespace, &before.namespace),
    ] {
        if now != then {
            errors.invalid_text(field, now, &["field is immutable"]);
        }
    }
}

fn check_rules(rules: &[PolicyRule], scope: Scope, errors: &mut FieldErrors) {
    for (number, rule) in rules.iter().enumerate() {
        let field = |name: &str| format!("rules[{number}].{name}");
        if rule.verbs.is_empty() {
            errors.required(&field("verbs"), "verbs must contain at least one value");
        }
        if !rule.non_resource_urls.is_empty() {
            let (field, urls) = (field("nonResourceURLs"), JsonTexts(&rule.non_resource_urls));
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

fn check_selector(selector: &LabelSelector, field: &str, values: Values, errors: &mut FieldErrors) {
    for (key, value) in &selector.match_labels {
        let field = format!("{field}.matchLabels");
        errors.invalid_text(&field, key, &names::label_key(key));
        errors.invalid_text(&field, value, &names::label_value(value));
    }
    for (number, requirement) in selector.match_expressions.iter().enumerate() {
        let field = format!("{field}.matchExpressions[{number}]");
        check_label_requirement(requirement, &field, Operators::Known, errors);
        if values == Values::Known {
            check_label_values(requirement, &field, errors);
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
    errors: &mut FieldErrors,
) {
    check_number_of_values(requirement, field, operators, errors);
    let key = &requirement.key;
    errors.invalid_text(&format!("{field}.key"), key, &names::label_key(key));
}

pub(crate) fn check_label_values(
    requirement: &LabelSelectorRequirement,
    field: &str,
    errors: &mut FieldErrors,
) {
    for (number, value) in requirement.values.iter().enumerate() {
        let field = format!("{field}.values[{number}]");
        errors.invalid_text(&field, value, &names::label_value(value));
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
fn check_same_role(role: &RoleRef, before: &RoleRef, errors: &mut FieldErrors) {
    if role != before {
        let value = format!(
            "{{\"APIGroup\":{},\"Kind\":{},\"Name\":{}}}",
            JsonText(&role.api_group),
            JsonText(&role.kind),
            JsonText(&role.name),
        );
        errors.invalid("roleRef", &value, "cannot change roleRef");
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
