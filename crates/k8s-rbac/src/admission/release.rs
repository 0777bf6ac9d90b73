//! The differences in validation between the releases of Kubernetes, as data.
//!
//! They were found in the sources of v1.31.14, v1.32.13, v1.33.13, v1.34.1, v1.35.4, v1.36.3 and
//! v1.37.2: pkg/apis/rbac, pkg/registry/rbac, pkg/apis/authorization, pkg/registry/authorization,
//! and apimachinery.

use crate::admission::names::LabelTexts;
use crate::go_text::quote::{JsonText, JsonTexts, Quoted};
use crate::version::KubernetesVersion;

/// How a release validates.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Release {
    /// How values other than texts are printed.
    pub(crate) values: ValueSyntax,
    /// The messages about the length and form of labels.
    pub(crate) labels: LabelTexts,
    /// The grammar of label selectors.
    pub(crate) commas: Commas,
    /// The checks of an update.
    pub(crate) update: Update,
    /// The message about a `roleRef` that an update changes.
    pub(crate) role_ref_changed: &'static str,
    /// The checks of required fields.
    pub(crate) required: Required,
    /// The errors of an access review that does not ask one question.
    pub(crate) question: QuestionErrors,
    /// Whether access reviews have selectors (feature gate `AuthorizeWithSelectors`). A release
    /// without them drops the selectors before it validates.
    pub(crate) has_selectors: bool,
}

/// How an error prints a value that is not a text.
///
/// As upstream: apimachinery, pkg/util/validation/field/errors.go, `ErrorBody`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum ValueSyntax {
    /// As `%#v` does: `rbac.RoleRef{Name:"r"}`.
    Go,
    /// In JSON, with the names that the fields have in Go.
    Json,
}

impl ValueSyntax {
    /// Prints an absent value.
    pub(crate) const fn null(self) -> &'static str {
        match self {
            Self::Go => "\"null\"",
            Self::Json => "null",
        }
    }

    /// Prints a list of texts.
    pub(crate) fn texts(self, texts: &[impl AsRef<str>]) -> String {
        match self {
            Self::Json => JsonTexts(texts).to_string(),
            Self::Go if texts.is_empty() => "[]string(nil)".to_owned(),
            Self::Go => {
                let texts: Vec<String> = texts
                    .iter()
                    .map(|text| Quoted(text.as_ref()).to_string())
                    .collect();
                format!("[]string{{{}}}", texts.join(", "))
            }
        }
    }

    /// Prints a struct whose fields are texts.
    pub(crate) fn fields(self, type_name: &str, fields: &[(&str, &str)]) -> String {
        let field = |&(name, text): &(&str, &str)| match self {
            Self::Go => format!("{name}:{}", Quoted(text)),
            Self::Json => format!("\"{name}\":{}", JsonText(text)),
        };
        let printed: Vec<String> = fields.iter().map(field).collect();
        match self {
            Self::Go => format!("{type_name}{{{}}}", printed.join(", ")),
            Self::Json => format!("{{{}}}", printed.join(",")),
        }
    }
}

/// How a label selector in a URL is read if two commas meet in a list of values.
///
/// As upstream: apimachinery, pkg/labels/selector.go, `parseIdentifiersList`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Commas {
    /// The second comma is consumed with the first, so it may not end the list.
    Paired,
    /// Each comma stands for itself.
    Single,
}

/// The checks of an update of a role or binding, after the checks of its metadata.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Update {
    /// The checks of a create, and then the checks of an update, which include them
    /// (`ValidateUpdate` in pkg/registry/rbac/*/strategy.go). The response lists each error twice.
    Twice,
    /// The checks of an update.
    Once,
}

/// The checks of required fields in roles and bindings.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Required {
    /// Each check comes in the order of the other checks, with its own message.
    InPlace,
    /// Fields that `zz_generated.validations.go` checks, too, come last and without a message. An
    /// update does not repeat generated checks for a field that it leaves unchanged.
    Generated,
}

/// The field and the message of an error.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FieldText {
    pub(crate) field: &'static str,
    pub(crate) why: &'static str,
}

/// The errors of an access review that does not ask one question.
#[derive(Clone, Copy, Debug)]
pub(crate) struct QuestionErrors {
    pub(crate) both: FieldText,
    pub(crate) none: FieldText,
}

const ONE_QUESTION: &str =
    "exactly one of nonResourceAttributes or resourceAttributes must be specified";

const V1_31: Release = Release {
    values: ValueSyntax::Go,
    labels: LabelTexts::OF_QUALIFIED_NAMES,
    commas: Commas::Paired,
    update: Update::Twice,
    role_ref_changed: "cannot change roleRef",
    required: Required::InPlace,
    question: QuestionErrors {
        both: FieldText {
            field: "spec.nonResourceAttributes",
            why: "cannot be specified in combination with resourceAttributes",
        },
        none: FieldText {
            field: "spec.resourceAttributes",
            why: ONE_QUESTION,
        },
    },
    has_selectors: false,
};

const V1_32: Release = Release {
    has_selectors: true,
    ..V1_31
};

const V1_34: Release = Release {
    values: ValueSyntax::Json,
    ..V1_32
};

const V1_35: Release = Release {
    labels: LabelTexts::OF_LABEL_KEYS,
    commas: Commas::Single,
    update: Update::Once,
    ..V1_34
};

const V1_37: Release = Release {
    role_ref_changed: "field is immutable",
    required: Required::Generated,
    question: QuestionErrors {
        both: FieldText {
            field: "spec",
            why: ONE_QUESTION,
        },
        none: FieldText {
            field: "spec",
            why: ONE_QUESTION,
        },
    },
    ..V1_35
};

impl Release {
    /// The newest release, for checks that differ only in their messages.
    pub(crate) const NEWEST: &'static Self = Self::of(KubernetesVersion::NEWEST);

    pub(crate) const fn of(version: KubernetesVersion) -> &'static Self {
        match version {
            KubernetesVersion::V1_31 => &V1_31,
            KubernetesVersion::V1_32 | KubernetesVersion::V1_33 => &V1_32,
            KubernetesVersion::V1_34 => &V1_34,
            KubernetesVersion::V1_35 | KubernetesVersion::V1_36 => &V1_35,
            KubernetesVersion::V1_37 => &V1_37,
        }
    }
}
