//! The errors of the API server's storage, where a write looks up roles. (The authorizer uses its
//! listers, which have other errors.)
//!
//! As upstream: apiserver, pkg/registry/generic/registry/store.go.

use std::fmt::{self, Display, Formatter};

use crate::admission::names;
use crate::go_text::quote::Quoted;
use crate::objects::API_GROUP;
use crate::response::Missing;

/// The storage's error for a missing role, in a request for `resource`.
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

/// Why a role could not be looked up.
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
            // As upstream: named after the resource of the request, not of the role that was looked
            // up (qualifiedResourceFromContext).
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
