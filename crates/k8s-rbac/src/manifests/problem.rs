//! What is wrong with a manifest, and where.

use std::fmt::{self, Display, Formatter};

use bounded_yaml::{Mismatch, Position};
use thiserror::Error;

/// Something that is wrong with a manifest. Prints with its place.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What.
    pub fault: Fault,
}

impl Display for Problem {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.fault)
    }
}

/// A place in a file. Prints as `rbac.yaml:7:3: document 2, items[3].rules[0].verbs`.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Place {
    /// The file, as the caller calls it.
    pub file: String,
    /// Which of the file's documents that hold anything, counted from one.
    pub document: usize,
    /// The way to the field; empty for the document.
    pub path: String,
    /// The line and column at which the object begins or the syntax breaks, if they are known.
    pub position: Option<Position>,
}

impl Display for Place {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(position) = self.position {
            write!(f, ":{}:{}", position.line(), position.column())?;
        }
        write!(f, ": document {}", self.document)?;
        if !self.path.is_empty() {
            write!(f, ", {}", self.path)?;
        }
        Ok(())
    }
}

/// What is wrong.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// A field that must be there is not. The object is left out.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A namespaced object names no namespace. It is taken to be in `default`.
    #[error("no namespace is given; taken for `default`, as kubectl does by default")]
    NamespaceDefaulted,
    /// The `items` of a list are no list. They are left out.
    #[error("`items` is not a list")]
    NotAList,
    /// The annotations are no mapping. The object is left out, as by the API.
    #[error("expected a mapping of texts")]
    NotAMapping,
    /// A document or an item that is no object. It is left out.
    #[error("not an object: a mapping with `apiVersion` and `kind` is expected")]
    NotAnObject,
    /// A number or a boolean where text must stand. The object is left out, as by the API.
    #[error("expected text, found {0}; put it in quotes")]
    NotText(&'static str),
    /// An object of this kind, namespace and name was there before. The later one holds.
    #[error("an object of this kind and name was there before; this one takes its place")]
    Replaces,
    /// The object has not the shape of its kind. It is left out.
    #[error("{0}")]
    Shape(Mismatch),
    /// The text is no YAML or JSON, or over a limit. The rest of the file is left out.
    #[error("{0}")]
    Syntax(bounded_yaml::Error),
    /// An RBAC object of another version than `v1`, which clusters do not serve any more. It is
    /// left out.
    #[error("clusters serve `rbac.authorization.k8s.io/v1` only")]
    UnsupportedVersion,
}

impl Fault {
    /// Says whether something was left out for it; if not, the object was kept.
    #[must_use]
    pub const fn loses_an_object(&self) -> bool {
        !matches!(self, Self::NamespaceDefaulted | Self::Replaces)
    }
}
