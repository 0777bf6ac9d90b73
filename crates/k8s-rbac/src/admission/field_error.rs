//! Errors in the fields of an object, in the API server's wording.
//!
//! As upstream: apimachinery, `pkg/util/validation/field/errors.go`, and `NewInvalid` in
//! `pkg/api/errors/errors.go`.

use std::collections::HashSet;
use std::fmt::{self, Display, Formatter};

use crate::admission::release::{Release, Required};
use crate::go_text::quote::{JsonText, Quoted, aggregate};

/// An error in one field. Prints as the API server's text: path and message.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct FieldError {
    /// The path of the field, such as `rules[0].verbs`.
    pub field: String,
    /// The kind of error.
    pub reason: FieldErrorReason,
    /// The message, which begins with the kind in words.
    pub message: String,
}

impl Display for FieldError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

/// The kinds of errors that a field can have.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum FieldErrorReason {
    /// The field must be absent.
    Forbidden,
    /// The value is invalid.
    Invalid,
    /// The value is not among the supported values.
    NotSupported,
    /// The field is required.
    Required,
}

impl FieldErrorReason {
    /// Returns the name of this kind in a `Status`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Forbidden => "FieldValueForbidden",
            Self::Invalid => "FieldValueInvalid",
            Self::NotSupported => "FieldValueNotSupported",
            Self::Required => "FieldValueRequired",
        }
    }
}

/// All errors in an object, in the order in which the API server lists them.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct FieldErrors {
    kind: &'static str,
    group: &'static str,
    errors: Vec<FieldError>,
}

impl FieldErrors {
    pub(crate) const fn new(kind: &'static str, group: &'static str) -> Self {
        Self {
            kind,
            group,
            errors: Vec::new(),
        }
    }

    /// Returns whether there are no errors.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    /// Returns the errors as the `Status` lists them. Up to 1.36, it repeats some errors.
    #[must_use]
    pub fn errors(&self) -> &[FieldError] {
        &self.errors
    }

    /// Returns the message with which the API server refuses an object of this name: each error once.
    /// Empty without errors.
    #[must_use]
    pub fn message(&self, name: &str) -> String {
        if self.errors.is_empty() {
            return String::new();
        }
        let errors = aggregate(self.errors.iter().map(ToString::to_string));
        let (kind, group) = (self.kind, self.group);
        format!("{kind}.{group} {} is invalid: {errors}", Quoted(name))
    }

    /// Returns the body of that refusal, whose status is 422: a `Status` in JSON, byte for byte as
    /// the API server writes it.
    #[must_use]
    pub fn body(&self, name: &str) -> String {
        let causes: Vec<String> = self
            .errors
            .iter()
            .map(|error| {
                format!(
                    "{{\"reason\":\"{}\",\"message\":{},\"field\":{}}}",
                    error.reason.as_str(),
                    JsonText(&error.message),
                    JsonText(&error.field),
                )
            })
            .collect();
        let details: String = [("name", name), ("group", self.group), ("kind", self.kind)]
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(field, value)| format!("\"{field}\":{},", JsonText(value)))
            .collect();
        format!(
            "{{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{{}},\"status\":\"Failure\",\
             \"message\":{},\"reason\":\"Invalid\",\"details\":{{{details}\"causes\":[{}]}},\
             \"code\":422}}\n",
            JsonText(&self.message(name)),
            causes.join(","),
        )
    }

    pub(crate) fn required(&mut self, field: &str, why: &str) {
        let message = match why {
            "" => "Required value".to_owned(),
            why => format!("Required value: {why}"),
        };
        self.add(field, FieldErrorReason::Required, message);
    }

    pub(crate) fn forbidden(&mut self, field: &str, why: &str) {
        self.add(
            field,
            FieldErrorReason::Forbidden,
            format!("Forbidden: {why}"),
        );
    }

    /// Adds an invalid value, given as it is printed.
    pub(crate) fn invalid(&mut self, field: &str, value: &dyn Display, why: &str) {
        let message = format!("Invalid value: {value}: {why}");
        self.add(field, FieldErrorReason::Invalid, message);
    }

    /// Adds an invalid text, once for each reason.
    pub(crate) fn invalid_text(&mut self, field: &str, value: &str, why: &[&str]) {
        for why in why {
            self.invalid(field, &Quoted(value), why);
        }
    }

    pub(crate) fn unsupported(&mut self, field: &str, value: &str, supported: &[&str]) {
        let supported: Vec<String> = supported.iter().map(|s| Quoted(s).to_string()).collect();
        let (value, supported) = (Quoted(value), supported.join(", "));
        let message = format!("Unsupported value: {value}: supported values: {supported}");
        self.add(field, FieldErrorReason::NotSupported, message);
    }

    /// If the release generates the checks of required fields, lists each error once and moves the
    /// errors of required fields to the end, without their messages. `fields` are the missing fields,
    /// in order.
    ///
    /// As upstream: apiserver, pkg/registry/rest/validate.go,
    /// `ValidateDeclarativelyWithMigrationChecks`, which filters the other errors through an aggregate
    /// (`ErrorList.Filter` of apimachinery), and that drops repeats.
    pub(crate) fn generate_required(&mut self, release: &Release, fields: Vec<String>) {
        if release.required == Required::InPlace {
            return;
        }
        let generated: HashSet<&str> = fields.iter().map(String::as_str).collect();
        let mut seen = HashSet::new();
        self.errors.retain(|error| {
            let is_generated = error.reason == FieldErrorReason::Required
                && generated.contains(error.field.as_str());
            !is_generated && seen.insert((error.field.clone(), error.message.clone()))
        });
        for field in &fields {
            self.required(field, "");
        }
    }

    fn add(&mut self, field: &str, reason: FieldErrorReason, message: String) {
        let field = field.to_owned();
        self.errors.push(FieldError {
            field,
            reason,
            message,
        });
    }
}
