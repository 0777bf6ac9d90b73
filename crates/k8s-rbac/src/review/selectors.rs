//! The selectors of a review.
//!
//! As upstream: pkg/registry/authorization/util/helpers.go. No selector makes a review fail. An
//! unreadable requirement is left out, so the review asks about more objects, and is reported in
//! the status.

use crate::aggregation::selector::Operator;
use crate::http::field_selector::{FieldOperator, FieldRequirement};
use crate::http::label_selector::LabelRequirement;
use crate::objects::LabelSelector;
use crate::review::types::{
    AccessReviewSpec, FieldSelectorAttributes, LabelSelectorAttributes, ResourceAttributes,
};
use crate::version::KubernetesVersion;

impl ResourceAttributes {
    /// Parses the field selector: the usable requirements, and whether any were left out.
    #[must_use]
    pub fn field_requirements(&self) -> (Vec<FieldRequirement>, bool) {
        self.field_selector
            .as_ref()
            .map_or_else(Default::default, FieldSelectorAttributes::read)
    }

    /// Parses the label selector as a kube-apiserver of this version does: the usable requirements,
    /// and whether any were left out.
    #[must_use]
    pub fn label_requirements(&self, version: KubernetesVersion) -> (Vec<LabelRequirement>, bool) {
        self.label_selector
            .as_ref()
            .map_or_else(Default::default, |selector| selector.read(version))
    }
}

/// Builds the message about requirements that were left out.
pub(super) fn evaluation_error(version: KubernetesVersion, spec: &AccessReviewSpec) -> String {
    let Some(asked) = &spec.resource_attributes else {
        return String::new();
    };
    let word = |selector: &str, kept: usize, is_broken: bool| {
        let how = if kept > 0 {
            "partially ignored"
        } else {
            "ignored"
        };
        is_broken.then(|| format!("spec.resourceAttributes.{selector} {how} due to parse error"))
    };
    let (fields, are_fields_broken) = asked.field_requirements();
    let (labels, are_labels_broken) = asked.label_requirements(version);
    [
        word("fieldSelector", fields.len(), are_fields_broken),
        word("labelSelector", labels.len(), are_labels_broken),
    ]
    .into_iter()
    .flatten()
    .collect::<Vec<String>>()
    .join("; ")
}

impl FieldSelectorAttributes {
    fn read(&self) -> (Vec<FieldRequirement>, bool) {
        if self.requirements.is_empty() {
            return match FieldRequirement::parse(&self.raw_selector) {
                Ok(requirements) => (requirements, false),
                Err(_) => (Vec::new(), true),
            };
        }
        let read = self.requirements.iter().filter_map(|requirement| {
            let operator = match requirement.operator.as_str() {
                "In" => FieldOperator::Equals,
                "NotIn" => FieldOperator::NotEquals,
                _ => return None,
            };
            // As upstream: several values are not supported yet, and an empty list has no value.
            let [value] = requirement.values.as_slice() else {
                return None;
            };
            Some(FieldRequirement::new(
                &requirement.key,
                operator,
                value.clone(),
            ))
        });
        let read: Vec<FieldRequirement> = read.collect();
        let is_broken = read.len() < self.requirements.len();
        (read, is_broken)
    }
}

impl LabelSelectorAttributes {
    fn read(&self, version: KubernetesVersion) -> (Vec<LabelRequirement>, bool) {
        if self.requirements.is_empty() {
            return match LabelRequirement::parse_in(version, &self.raw_selector) {
                Ok(requirements) => (requirements, false),
                Err(_) => (Vec::new(), true),
            };
        }
        let read = self.requirements.iter().filter_map(|requirement| {
            let operator = match requirement.operator.as_str() {
                "In" => Operator::In,
                "NotIn" => Operator::NotIn,
                "Exists" => Operator::Exists,
                "DoesNotExist" => Operator::DoesNotExist,
                _ => return None,
            };
            let one = LabelSelector {
                match_expressions: vec![requirement.clone()],
                ..LabelSelector::default()
            };
            one.compile().ok()?;
            let mut values = requirement.values.clone();
            values.sort_unstable();
            values.dedup();
            Some(LabelRequirement {
                key: requirement.key.clone(),
                operator,
                values,
            })
        });
        let read: Vec<LabelRequirement> = read.collect();
        let is_broken = read.len() < self.requirements.len();
        (read, is_broken)
    }
}
