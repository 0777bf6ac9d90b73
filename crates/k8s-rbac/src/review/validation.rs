//! Validation of access reviews.
//!
//! As upstream: pkg/apis/authorization/validation/validation.go. [`Release`] has the differences
//! between releases. Up to 1.37 the generated checks of reviews are not enforced.

use std::collections::BTreeMap;

use crate::admission::field_error::FieldErrors;
use crate::admission::names::LabelTexts;
use crate::admission::release::{Release, ValueSyntax};
use crate::admission::validation::{
    Operators, check_label_requirement, check_label_values, check_number_of_values,
};
use crate::go_text::quote::{JsonText, Quoted};
use crate::objects::LabelSelectorRequirement;
use crate::review::REVIEW_GROUP;
use crate::review::access::AccessReview;
use crate::review::types::{
    FieldSelectorAttributes, LabelSelectorAttributes, NonResourceAttributes, ReviewKind,
    ReviewMetadata,
};
use crate::version::KubernetesVersion;

impl AccessReview {
    /// Returns the errors with which a kube-apiserver of this version refuses the review: in the
    /// spec, then in the metadata, then the errors that only a local review can have.
    #[must_use]
    pub fn field_errors(&self, version: KubernetesVersion) -> FieldErrors {
        let release = Release::of(version);
        // As upstream: the kind is empty, because the API server takes it from the converted
        // object, which has no kind.
        let mut errors = FieldErrors::new("", REVIEW_GROUP);
        self.check_spec(release, &mut errors);
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
            errors.invalid(
                "metadata",
                &metadata_text(&self.metadata, release.values),
                why,
            );
        }
        if is_local {
            self.check_locality(release.values, &mut errors);
        }
        errors
    }

    fn check_spec(&self, release: &Release, errors: &mut FieldErrors) {
        let spec = &self.spec;
        match (&spec.resource_attributes, &spec.non_resource_attributes) {
            (Some(_), Some(path)) => {
                let text = release.question.both;
                errors.invalid(text.field, &path_text(path, release.values), text.why);
            }
            (None, None) => {
                let text = release.question.none;
                errors.invalid(text.field, &release.values.null(), text.why);
            }
            _ => {}
        }
        let is_anonymous = spec.user.is_empty() && spec.groups.is_empty();
        if self.kind != ReviewKind::SelfSubjectAccessReview && is_anonymous {
            let why = "at least one of user or group must be specified";
            errors.invalid_text("spec.user", "", &[why]);
        }
        let asked = spec.resource_attributes.as_ref();
        let Some(asked) = asked.filter(|_| release.has_selectors) else {
            return;
        };
        if let Some(selector) = &asked.field_selector {
            check_field_selector(selector, errors);
        }
        if let Some(selector) = &asked.label_selector {
            check_label_selector(selector, &release.labels, errors);
        }
    }

    fn check_locality(&self, values: ValueSyntax, errors: &mut FieldErrors) {
        if let Some(asked) = &self.spec.resource_attributes
            && asked.namespace != self.metadata.namespace
        {
            let field = "spec.resourceAttributes.namespace";
            errors.invalid_text(field, &asked.namespace, &["must match metadata.namespace"]);
        }
        if let Some(path) = &self.spec.non_resource_attributes {
            let why = "disallowed on this kind of request";
            errors.invalid("spec.nonResourceAttributes", &path_text(path, values), why);
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

fn check_label_selector(
    selector: &LabelSelectorAttributes,
    labels: &LabelTexts,
    errors: &mut FieldErrors,
) {
    let path = "spec.resourceAttributes.labelSelector";
    let requirements = &selector.requirements;
    check_form(path, &selector.raw_selector, requirements, errors);
    for (number, requirement) in requirements.iter().enumerate() {
        let field = format!("{path}.requirements[{number}]");
        check_label_requirement(requirement, &field, Operators::Any, labels, errors);
        check_label_values(requirement, &field, labels, errors);
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
fn path_text(path: &NonResourceAttributes, values: ValueSyntax) -> String {
    let fields = [("Path", path.path.as_str()), ("Verb", path.verb.as_str())];
    values.fields("authorization.NonResourceAttributes", &fields)
}

fn metadata_text(metadata: &ReviewMetadata, values: ValueSyntax) -> String {
    match values {
        ValueSyntax::Go => metadata_in_go(metadata),
        ValueSyntax::Json => metadata_in_json(metadata),
    }
}

fn metadata_in_go(metadata: &ReviewMetadata) -> String {
    format!(
        "v1.ObjectMeta{{Name:{}, GenerateName:{}, Namespace:{}, SelfLink:\"\", UID:\"\", \
         ResourceVersion:\"\", Generation:0, CreationTimestamp:time.Date(1, time.January, 1, 0, 0, \
         0, 0, time.UTC), DeletionTimestamp:<nil>, DeletionGracePeriodSeconds:(*int64)(nil), \
         Labels:{}, Annotations:{}, OwnerReferences:[]v1.OwnerReference(nil), \
         Finalizers:[]string(nil), ManagedFields:[]v1.ManagedFieldsEntry(nil)}}",
        Quoted(&metadata.name),
        Quoted(&metadata.generate_name),
        Quoted(&metadata.namespace),
        map_in_go(&metadata.labels),
        map_in_go(&metadata.annotations),
    )
}

fn map_in_go(map: &BTreeMap<String, String>) -> String {
    if map.is_empty() {
        return "map[string]string(nil)".to_owned();
    }
    let entries: Vec<String> = map
        .iter()
        .map(|(key, value)| format!("{}:{}", Quoted(key), Quoted(value)))
        .collect();
    format!("map[string]string{{{}}}", entries.join(", "))
}

fn metadata_in_json(metadata: &ReviewMetadata) -> String {
    let texts = [
        ("name", &metadata.name),
        ("generateName", &metadata.generate_name),
        ("namespace", &metadata.namespace),
    ]
    .into_iter()
    .filter(|(_, text)| !text.is_empty())
    .map(|(field, text)| format!("\"{field}\":{}", JsonText(text)));
    let maps = [
        ("labels", &metadata.labels),
        ("annotations", &metadata.annotations),
    ]
    .into_iter()
    .filter(|(_, map)| !map.is_empty())
    .map(|(field, map)| format!("\"{field}\":{}", map_in_json(map)));
    let fields: Vec<String> = texts.chain(maps).collect();
    format!("{{{}}}", fields.join(","))
}

fn map_in_json(map: &BTreeMap<String, String>) -> String {
    let entries: Vec<String> = map
        .iter()
        .map(|(key, value)| format!("{}:{}", JsonText(key), JsonText(value)))
        .collect();
    format!("{{{}}}", entries.join(","))
}
