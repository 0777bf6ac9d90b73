//! The checks of the parts of objects: metadata, rules, selectors, references and subjects.

use std::collections::BTreeMap;

use super::Change;
use crate::admission::field_error::FieldErrors;
use crate::admission::names::{self, LabelTexts};
use crate::admission::release::{Release, ValueSyntax};
use crate::go_text::quote::Quoted;
use crate::objects::{
    API_GROUP, LabelSelector, LabelSelectorRequirement, Metadata, PolicyRule, RoleRef, Subject,
};

/// Where objects of a kind are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Scope {
    Cluster,
    Namespace,
}

// Labels come in the order of their keys; upstream walks a map.
pub(super) fn check_metadata(
    metadata: &Metadata,
    scope: Scope,
    release: &Release,
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
pub(super) fn check_metadata_change(
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

pub(super) fn check_rules(
    rules: &[PolicyRule],
    scope: Scope,
    values: ValueSyntax,
    errors: &mut FieldErrors,
) {
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

pub(super) fn check_selector(
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
pub(super) enum Values {
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

pub(super) fn check_role_ref(role: &RoleRef, kinds: &[&str], errors: &mut FieldErrors) {
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
pub(super) fn check_same_role(
    change: Change<'_, RoleRef>,
    release: &Release,
    errors: &mut FieldErrors,
) {
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

pub(super) fn check_subjects(subjects: &[Subject], scope: Scope, errors: &mut FieldErrors) {
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
