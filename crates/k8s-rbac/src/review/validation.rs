//! Validation of access reviews.
//!
//! As upstream: pkg/apis/authorization/validation/validation.go, up to 1.36.

use std::collections::BTreeMap;

use crate::admission::field_error::FieldErrors;
use crate::admission::validation::{
    Operators, check_label_requirement, check_label_values, check_number_of_values,
};
use crate::go_text::quote::JsonText;
use crate::objects::LabelSelectorRequirement;
use crate::review::REVIEW_GROUP;
use crate::review::access::AccessReview;
use crate::review::types::{
    FieldSelectorAttributes, LabelSelectorAttributes, NonResourceAttributes, ReviewKind,
    ReviewMetadata,
};

impl AccessReview {
    /// Returns the errors in the fields: in the spec, then in the metadata, then those that only a
    /// local review can have.
    #[must_use]
    pub fn field_errors(&self) -> FieldErrors {
        // As upstream: the kind is empty, because the API server takes it from the converted
        // object, which has none.
        let mut errors = FieldErrors::new("", REVIEW_GROUP);
        self.check_spec(&mut errors);
        let is_local = self.kind == ReviewKind::LocalSubjectAccessReview;
        let mut metadata = self.metadata.clone();
        if is_local {
            metadata.namespace.clear();
        }
        if metadata != ReviewMetadata::default() {
            let why = if is_local {
                "must be empty except for namespace"
            } else {
                "must be empty"
            };
            errors.invalid("metadata", &in_json(&self.metadata), why);
        }
        if is_local {
            self.check_locality(&mut errors);
        }
        errors
    }

    fn check_spec(&self, errors: &mut FieldErrors) {
        let spec = &self.spec;
        match (&spec.resource_attributes, &spec.non_resource_attributes) {
            (Some(_), Some(path)) => errors.invalid(
                "spec.nonResourceAttributes",
                &path_in_json(path),
                "cannot be specified in combination with resourceAttributes",
            ),
            (None, None) => errors.invalid(
                "spec.resourceAttributes",
                &"null",
                "exactly one of nonResourceAttributes or resourceAttributes must be specified",
            ),
            _ => {}
        }
        let names_nobody = spec.user.is_empty() && spec.groups.is_empty();
        if self.kind != ReviewKind::SelfSubjectAccessReview && names_nobody {
            let why = "at least one of user or group must be specified";
            errors.invalid_text("spec.user", "", &[why]);
        }
        let Some(asked) = &spec.resource_attributes else {
            return;
        };
        if let Some(selector) = &asked.field_selector {
            check_field_selector(selector, errors);
        }
        if let Some(selector) = &asked.label_selector {
            check_label_selector(selector, errors);
        }
    }

    fn check_locality(&self, errors: &mut FieldErrors) {
        if let Some(asked) = &self.spec.resource_attributes
            && asked.namespace != self.metadata.namespace
        {
            let field = "spec.resourceAttributes.namespace";
            errors.invalid_text(field, &asked.namespace, &["must match metadata.namespace"]);
        }
        if let Some(path) = &self.spec.non_resource_attributes {
            let why = "disallowed on this kind of request";
            errors.invalid("spec.nonResourceAttributes", &path_in_json(path), why);
        }
    }
}

fn check_field_selector(selector: &FieldSelectorAttributes, errors: &mut FieldErrors) {
    let path = "spec.resourceAttributes.fieldSelector";
    let requirements = &selector.requirements;
    check_form(path, &selector.raw_selector, requirements, errors);
    for (number, requirement) in requirements.iter().enumerate() {
        let field = format!("{path}.requirements[{number}]");
        if requirement.key.is_empty() {
            errors.required(&format!("{field}.key"), "must be specified");
        }
        check_number_of_values(requirement, &field, Operators::Any, errors);
    }
}

fn check_label_selector(selector: &LabelSelectorAttributes, errors: &mut FieldErrors) {
    let path = "spec.resourceAttributes.labelSelector";
    let requirements = &selector.requirements;
    check_form(path, &selector.raw_selector, requirements, errors);
    for (number, requirement) in requirements.iter().enumerate() {
        let field = format!("{path}.requirements[{number}]");
        check_label_requirement(requirement, &field, Operators::Any, errors);
        check_label_values(requirement, &field, errors);
    }
}

fn check_form(
    path: &str,
    raw: &str,
    requirements: &[LabelSelectorRequirement],
    errors: &mut FieldErrors,
) {
    match (raw.is_empty(), requirements.is_empty()) {
        (false, false) => {
            let why = "may not specified at the same time as requirements";
            errors.invalid_text(&format!("{path}.rawSelector"), raw, &[why]);
        }
        (true, true) => {
            let why = format!("when {path} is specified, requirements or rawSelector is required");
            errors.required(&format!("{path}.requirements"), &why);
        }
        _ => {}
    }
}

// As upstream: the internal type, whose fields have no JSON names.
fn path_in_json(path: &NonResourceAttributes) -> String {
    format!(
        "{{\"Path\":{},\"Verb\":{}}}",
        JsonText(&path.path),
        JsonText(&path.verb)
    )
}

fn in_json(metadata: &ReviewMetadata) -> String {
    let texts = [
        ("name", &metadata.name),
        ("generateName", &metadata.generate_name),
        ("namespace", &metadata.namespace),
    ];
    let texts = texts.into_iter().filter(|(_, text)| !text.is_empty());
    let texts = texts.map(|(field, text)| format!("\"{field}\":{}", JsonText(text)));
    let maps = [
        ("labels", &metadata.labels),
        ("annotations", &metadata.annotations),
    ];
    let maps = maps.into_iter().filter(|(_, map)| !map.is_empty());
    let maps = maps.map(|(field, map)| format!("\"{field}\":{}", map_in_json(map)));
    let fields: Vec<String> = texts.chain(maps).collect();
    format!("{{{}}}", fields.join(","))
}

fn map_in_json(map: &BTreeMap<String, String>) -> String {
    let entries = map.iter();
    let entries = entries.map(|(key, value)| format!("{}:{}", JsonText(key), JsonText(value)));
    let entries: Vec<String> = entries.collect();
    format!("{{{}}}", entries.join(","))
}
