//! Problems in manifests, with their places.

use std::fmt::{self, Display, Formatter};

use bounded_yaml::{Mismatch, Position, TextError};
use printable_text::Printable;
use thiserror::Error;

use crate::manifests::template::Placeholder;

/// A problem in a manifest. Prints with its place.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ManifestProblem {
    /// The place.
    pub place: Place,
    /// The kind of problem.
    pub fault: Fault,
}

impl std::error::Error for ManifestProblem {}

impl Display for ManifestProblem {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.fault)
    }
}

/// A place in a file. Prints as `rbac.yaml:7:3: document 2, items[3].rules[0].verbs`, in one line and
/// without control characters, for any names.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct Place {
    /// The name of the file, given by the caller.
    pub file: String,
    /// The number of the document among the file's non-empty ones, counted from one.
    pub document: usize,
    /// The path to the field. Empty for the document.
    pub path: String,
    /// The line and column of the start of the object or of the syntax error, if known.
    pub position: Option<Position>,
}

impl Display for Place {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Printable::new(&self.file).fmt(f)?;
        if let Some(position) = self.position {
            write!(f, ":{}:{}", position.line(), position.column())?;
        }
        write!(f, ": document {}", self.document)?;
        if !self.path.is_empty() {
            write!(f, ", {}", Printable::new(&self.path))?;
        }
        Ok(())
    }
}

/// The kinds of problems.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// Output of a command that is not a manifest. It is left out.
    #[error("{0}; write the objects with `kubectl get --output=yaml`")]
    CommandOutput(CommandOutput),
    /// `apiVersion` and `kind` nearly match an RBAC object. It is left out; the API has no such kind.
    #[error("the API has no such kind; `{0}` of `rbac.authorization.k8s.io/v1` may be meant")]
    MisspelledKind(&'static str),
    /// A required field is missing. The object is left out.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A namespaced object has no namespace. It is placed in `default`.
    #[error("no namespace is given; taken for `default`, as kubectl does by default")]
    NamespaceDefaulted,
    /// The `items` of a list are not a list. They are left out.
    #[error("`{0}` is not a list")]
    NotAList(&'static str),
    /// The annotations are not a mapping. The object is left out; the API refuses it.
    #[error("expected a mapping of texts")]
    NotAMapping,
    /// A document or an item is not an object. It is left out.
    #[error("not an object: a mapping with `apiVersion` and `kind` is expected")]
    NotAnObject,
    /// A number or a boolean in the place of text. The object is left out; the API refuses it.
    #[error("expected text, found {0}; put it in quotes")]
    NotText(&'static str),
    /// The bytes of the file are not text. The file is left out.
    #[error("{0}")]
    NotUnicode(TextError),
    /// A name or another text of the object has a placeholder of a template. The object is kept
    /// unchanged; place and path point to the first placeholder.
    #[error("{0}")]
    Placeholder(Placeholder),
    /// An object of this kind, namespace and name came before. The later object is used.
    #[error("an object of this kind and name was there before; this one takes its place")]
    Replaces,
    /// The object does not have the shape of its kind. It is left out.
    #[error("{0}")]
    Shape(Mismatch),
    /// The text is not YAML or JSON, or it exceeds a limit. The rest of the file is left out.
    #[error("{0}")]
    Syntax(bounded_yaml::Error),
    /// A field that the API does not have, and the one that it probably means. The object is kept without it.
    #[error("the API has no such field{}", unknown_field(*.0))]
    UnknownField(Option<&'static str>),
    /// The text is a template that is not YAML until it is rendered. The rest of the file is left out.
    #[error(
        "a template with `{{{{ … }}}}` at line {line}; render it first, for example with `helm template` \
         ({error})"
    )]
    Unrendered {
        /// The line of the first action of the template, counted from one.
        line: usize,
        /// Why the text is not YAML.
        error: bounded_yaml::Error,
    },
    /// An RBAC object of another version than `v1`, which clusters no longer serve. It is left out.
    #[error("clusters serve `rbac.authorization.k8s.io/v1` only")]
    UnsupportedVersion,
}

/// Output of a command that was taken for a manifest.
#[derive(Clone, Copy, Debug, Eq, Error, Hash, PartialEq)]
#[non_exhaustive]
pub enum CommandOutput {
    /// The output of `kubectl describe`.
    #[error("the output of `kubectl describe`")]
    Description,
    /// An error, of kubectl or as a `Status` of the API server.
    #[error("an error message instead of objects")]
    ErrorMessage,
    /// Objects with only some of their fields: a `Table`, or a `PartialObjectMetadataList`.
    #[error("objects without their rules and subjects")]
    Summary,
}

impl Fault {
    /// Returns a short, stable name of the kind of problem.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::CommandOutput(_) => "command-output",
            Self::MisspelledKind(_) => "misspelled-kind",
            Self::Missing(_) => "missing-field",
            Self::NamespaceDefaulted => "namespace-defaulted",
            Self::NotAList(_) => "not-a-list",
            Self::NotAMapping => "not-a-mapping",
            Self::NotAnObject => "not-an-object",
            Self::NotText(_) => "not-text",
            Self::NotUnicode(_) => "not-unicode",
            Self::Placeholder(_) => "placeholder",
            Self::Replaces => "replaces",
            Self::Shape(_) => "shape",
            Self::Syntax(_) => "syntax",
            Self::UnknownField(_) => "unknown-field",
            Self::Unrendered { .. } => "unrendered-template",
            Self::UnsupportedVersion => "unsupported-version",
        }
    }

    /// Returns whether something was left out. If not, the object was kept.
    #[must_use]
    pub const fn loses_an_object(&self) -> bool {
        !matches!(
            self,
            Self::NamespaceDefaulted
                | Self::Placeholder(_)
                | Self::Replaces
                | Self::UnknownField(_)
        )
    }
}

/// Says what becomes of a field that the API does not have.
fn unknown_field(meant: Option<&str>) -> String {
    match meant {
        Some(meant) => format!("; write `{meant}` if that is meant"),
        None => "; remove it, since `kubectl apply` refuses the object for it".to_owned(),
    }
}
