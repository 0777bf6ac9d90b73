//! The errors of the API server's storage, in which a write looks for roles. (A request is decided on
//! what its listers hold, whose errors are others.)
//!
//! As upstream: apiserver, pkg/registry/generic/registry/store.go.

use std::fmt::{self, Display, Formatter};

use crate::admission::names;
use crate::go_text::quote::Quoted;
use crate::objects::API_GROUP;
use crate::response::Missing;

/// What the storage says of a role that is missing, to a request for `resource`.
pub(crate) struct RoleLookupError<'a> {
    resource: &'static str,
    missing: Missing<'a>,
}

impl<'a> RoleLookupError<'a> {
    pub(crate) const fn new(resource: &'static str, missing: Missing<'a>) -> Self {
        Self { resource, missing }
    }

    pub(crate) fn status(&self) -> u16 {
        match self.fault() {
            Fault::Kind(_) => 500,
            Fault::Name(_) | Fault::NoName | Fault::NoNamespace => 400,
            Fault::NotFound(_) => 404,
        }
    }

    // As upstream: NamespaceKeyFunc, NoNamespaceKeyFunc.
    fn fault(&self) -> Fault<'a> {
        let name = match self.missing {
            Missing::UnsupportedKind { kind } => return Fault::Kind(kind),
            Missing::Role { namespace, .. } if namespace.unwrap_or_default().is_empty() => {
                return Fault::NoNamespace;
            }
            Missing::Role { name, .. } | Missing::ClusterRole { name } => name,
        };
        match name {
            "" => Fault::NoName,
            name if !names::path_segment(name).is_empty() => Fault::Name(name),
            name => Fault::NotFound(name),
        }
    }
}

/// What is wrong with the question for a role.
enum Fault<'a> {
    Kind(&'a str),
    Name(&'a str),
    NoName,
    NoNamespace,
    NotFound(&'a str),
}

impl Display for RoleLookupError<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.fault() {
            Fault::Kind(kind) => {
                write!(f, "unsupported role reference kind: {}", Quoted(kind))
            }
            Fault::Name(name) => {
                let why = names::path_segment(name).join(";");
                write!(f, "Name parameter invalid: {}: {why}", Quoted(name))
            }
            Fault::NoName => f.write_str("Name parameter required."),
            Fault::NoNamespace => f.write_str("Namespace parameter required."),
            // As upstream: named after what the request is for, not after what was looked for
            // (qualifiedResourceFromContext).
            Fault::NotFound(name) => {
                write!(
                    f,
                    "{}.{API_GROUP} {} not found",
                    self.resource,
                    Quoted(name)
                )
            }
        }
    }
}
