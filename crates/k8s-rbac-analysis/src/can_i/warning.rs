//! The warnings of `kubectl auth can-i`, and some that it lacks.

use std::fmt::{self, Display, Formatter};

use printable_text::Printable;

/// A warning about a fact that the answer does not show.
///
/// Prints as `kubectl` prints it after `Warning: `, if `kubectl` has this warning, but with unprintable
/// characters of the question escaped.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// The question is asked in a namespace, as `kubectl` asks it, but requests for this resource
    /// have another namespace or none. So a RoleBinding that allows the question does not allow
    /// such requests. `kubectl` does not warn about it.
    AskedInNamespace {
        /// The namespace that the question is asked in.
        asked: String,
        /// The namespace that the API server would see: a Namespace is in itself.
        real: Option<String>,
    },
    /// The verb is `create`, whose requests name no object: a rule that is limited to the name does not
    /// allow them. `kubectl` does not warn about it.
    NameInCreate {
        /// The resource.
        resource: String,
        /// The name.
        name: String,
    },
    /// The resource has no namespaces.
    NotNamespaced {
        /// The resource.
        resource: String,
        /// Its API group; empty for the core group.
        group: String,
    },
    /// `kubectl` reads the text after the slash as the name of an object, but it is the name of a
    /// subresource. `kubectl` does not warn about it (kubernetes#70920).
    SubresourceAsName {
        /// The resource.
        resource: String,
        /// The name.
        name: String,
    },
    /// The resource is not in [`RESOURCES`](k8s_rbac::api_resources::RESOURCES) and is taken as
    /// written.
    UnknownResource {
        /// The resource.
        resource: String,
        /// Its API group; empty if none was given.
        group: String,
    },
    /// Kubernetes does not use the verb.
    UnknownVerb {
        /// The verb.
        verb: String,
    },
}

impl Display for Warning {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::AskedInNamespace { asked, real: None } => write!(
                f,
                "asked in the namespace '{}', but the real request is at the cluster scope, \
                 where no RoleBinding counts",
                Printable::new(asked)
            ),
            Self::AskedInNamespace {
                asked,
                real: Some(real),
            } => write!(
                f,
                "asked in the namespace '{}', but the real request is in the namespace '{}'",
                Printable::new(asked),
                Printable::new(real)
            ),
            Self::NameInCreate { resource, name } => write!(
                f,
                "a create names no object: a real one asks about '{}' without '{}'",
                Printable::new(resource),
                Printable::new(name)
            ),
            Self::SubresourceAsName { resource, name } => write!(
                f,
                "asked about the object of '{}' named '{name}'; the subresource is asked for \
                 with --subresource={name}",
                Printable::new(resource),
                name = Printable::new(name)
            ),
            Self::NotNamespaced { resource, group } => write!(
                f,
                "resource '{}' is not namespace scoped{}",
                Printable::new(resource),
                InGroup(group)
            ),
            Self::UnknownResource { resource, group } => write!(
                f,
                "the server doesn't have a resource type '{}'{}",
                Printable::new(resource),
                InGroup(group)
            ),
            Self::UnknownVerb { verb } => {
                write!(f, "verb '{}' is not a known verb", Printable::new(verb))
            }
        }
    }
}

/// Prints the group of a resource. Prints nothing for the core group.
struct InGroup<'a>(&'a str);

impl Display for InGroup<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            "" => Ok(()),
            group => write!(f, " in group '{}'", Printable::new(group)),
        }
    }
}
