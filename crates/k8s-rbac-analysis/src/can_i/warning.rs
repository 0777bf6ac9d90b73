//! The warnings of `kubectl auth can-i`, and some that it lacks.

use std::fmt::{self, Display, Formatter};

/// A warning about a question that its answer does not show.
///
/// Prints as `kubectl` prints it after `Warning: `, if `kubectl` has this warning.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// The question is asked in a namespace, as `kubectl` asks it, but requests for this resource
    /// have another one or none, so that a RoleBinding that allows the question does not allow
    /// them. `kubectl` does not say so.
    AskedInNamespace {
        /// The namespace that the question is asked in.
        asked: String,
        /// The namespace that the API server would see: that of a Namespace is its own.
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
    /// The text after the slash is taken as the name of an object, but it is the name of a
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
    /// The verb is not one that Kubernetes uses.
    UnknownVerb {
        /// The verb.
        verb: String,
    },
}

impl Display for Warning {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let in_group = |group: &str| match group {
            "" => String::new(),
            group => format!(" in group '{group}'"),
        };
        match self {
            Self::AskedInNamespace { asked, real: None } => write!(
                f,
                "asked in the namespace '{asked}', but the real request is at the cluster scope, \
                 where no RoleBinding counts"
            ),
            Self::AskedInNamespace {
                asked,
                real: Some(real),
            } => write!(
                f,
                "asked in the namespace '{asked}', but the real request is in the namespace \
                 '{real}'"
            ),
            Self::NameInCreate { resource, name } => write!(
                f,
                "a create names no object: a real one asks about '{resource}' without '{name}'"
            ),
            Self::SubresourceAsName { resource, name } => write!(
                f,
                "asked about the object of '{resource}' named '{name}'; the subresource is asked for \
                 with --subresource={name}"
            ),
            Self::NotNamespaced { resource, group } => {
                write!(
                    f,
                    "resource '{resource}' is not namespace scoped{}",
                    in_group(group)
                )
            }
            Self::UnknownResource { resource, group } => write!(
                f,
                "the server doesn't have a resource type '{resource}'{}",
                in_group(group)
            ),
            Self::UnknownVerb { verb } => write!(f, "verb '{verb}' is not a known verb"),
        }
    }
}
