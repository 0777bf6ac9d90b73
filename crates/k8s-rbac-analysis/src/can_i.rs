//! Questions in the grammar of `kubectl auth can-i`, parsed without a cluster.
//!
//! ```
//! use k8s_rbac_analysis::can_i::Question;
//! use k8s_rbac::ResourceRequest;
//!
//! let question = Question::parse("list deploy -n dev", "default")?;
//! let request = ResourceRequest::new("list", "apps", "deployments").in_namespace("dev");
//! assert_eq!(question.request(), request.into());
//! assert!(question.warnings().is_empty());
//! # Ok::<(), k8s_rbac_analysis::can_i::Error>(())
//! ```

mod arguments;
mod list;
mod mistyped;
mod type_argument;
mod unknown_resource;
mod warning;

use k8s_rbac::api_resources::ApiResource;
use k8s_rbac::{Policy, Request, ResourceRequest};
use thiserror::Error as ThisError;

pub use list::RuleTable;
pub use mistyped::Mistyped;
pub use unknown_resource::UnknownResource;
pub use warning::Warning;

use crate::can_i::arguments::Arguments;
use crate::can_i::type_argument::Type;

/// The verbs of resources for which `kubectl` does not warn.
///
/// As upstream: kubectl, `pkg/cmd/auth/cani.go`.
const RESOURCE_VERBS: [&str; 16] = [
    "get",
    "list",
    "watch",
    "create",
    "update",
    "patch",
    "delete",
    "deletecollection",
    "use",
    "bind",
    "impersonate",
    "*",
    "approve",
    "sign",
    "escalate",
    "attest",
];

/// The verbs of paths for which `kubectl` does not warn.
const PATH_VERBS: [&str; 8] = [
    "get", "put", "post", "head", "options", "delete", "patch", "*",
];

/// A parsed question.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Question {
    verb: String,
    about: About,
    warnings: Vec<Warning>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum About {
    Path(String),
    Resource {
        group: String,
        resource: String,
        subresource: String,
        name: String,
        namespace: String,
    },
}

impl Question {
    /// Parses the arguments of `kubectl auth can-i` from a line: `VERB TYPE`, `VERB TYPE/NAME` or
    /// `VERB /PATH`, and the flags `-n`, `--namespace`, `-A`, `--all-namespaces` and
    /// `--subresource`.
    ///
    /// `TYPE` is the plural, singular or short name of a resource, optionally with its group
    /// or a prefix of the group (`deployments.apps`, `deploy.v1.apps`, `ingress.networking`). A resource that Kubernetes does
    /// not ship needs its group: `resource.group` or `resource.version.group`. `namespace` is the default namespace of the
    /// question; `kubectl` takes it from the context.
    ///
    /// # Errors
    ///
    /// In the order of the arguments, [`Error::UnknownFlag`], [`Error::MissingValue`] and
    /// [`Error::NotABoolean`]; then [`Error::BothNamespaces`], [`Error::Arguments`],
    /// [`Error::SubresourceOfPath`], [`Error::EmptyResource`], [`Error::PathInName`].
    pub fn parse(line: &str, namespace: &str) -> Result<Self, Error> {
        Self::from_words(arguments::split(line), namespace)
    }

    /// Parses a question from arguments that a shell has split.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    pub fn from_words<'w>(
        words: impl IntoIterator<Item = &'w str>,
        namespace: &str,
    ) -> Result<Self, Error> {
        Self::read(Arguments::read(words)?, Namespace::Named(namespace))
    }

    /// Parses a line without a context that sets a namespace. A question without a namespace is about
    /// `default`, or about the cluster scope if the resource is cluster-scoped, as the real request
    /// would be.
    ///
    /// DIFFERENCE: `kubectl` sends a namespace in both cases, so a RoleBinding may allow a request
    /// for nodes.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    pub fn parse_without_context(line: &str) -> Result<Self, Error> {
        Self::read(Arguments::read(arguments::split(line))?, Namespace::ByScope)
    }

    /// Parses arguments that a shell has split, without a context, as
    /// [`parse_without_context`](Self::parse_without_context) does.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    pub fn from_words_without_context<'w>(
        words: impl IntoIterator<Item = &'w str>,
    ) -> Result<Self, Error> {
        Self::read(Arguments::read(words)?, Namespace::ByScope)
    }

    fn read(words: Arguments<'_>, unnamed: Namespace<'_>) -> Result<Self, Error> {
        if words.namespace.is_some() && words.is_in_all_namespaces {
            return Err(Error::BothNamespaces);
        }
        let [verb, about] = words.arguments.as_slice() else {
            return Err(Error::Arguments);
        };
        if about.starts_with('/') {
            return match words.subresource {
                "" => Ok(Self::about_path(verb, about)),
                _ => Err(Error::SubresourceOfPath),
            };
        }
        let (written, name) = about.split_once('/').unwrap_or((about, ""));
        let asked = Type::parse(written).ok_or(Error::EmptyResource)?;
        if name.contains('/') {
            return Err(Error::PathInName);
        }
        let namespace = match words.namespace {
            _ if words.is_in_all_namespaces => Namespace::Named(""),
            None | Some("") => unnamed,
            Some(namespace) => Namespace::Named(namespace),
        };
        let mut question = Self::about_resource(verb, asked, name, namespace);
        if let About::Resource { subresource, .. } = &mut question.about {
            words.subresource.clone_into(subresource);
        }
        question.warn_of_name(name, words.subresource);
        // As upstream: with all namespaces, scope and verb are not checked.
        if !words.is_in_all_namespaces {
            question.warn_of_verb(&RESOURCE_VERBS);
        }
        Ok(question)
    }

    /// Returns the request of the question.
    #[must_use]
    pub fn request(&self) -> Request<'_> {
        match &self.about {
            About::Path(path) => Request::path(&self.verb, path),
            About::Resource {
                group,
                resource,
                subresource,
                name,
                namespace,
            } => ResourceRequest::new(&self.verb, group, resource)
                .in_namespace(namespace)
                .with_name(name)
                .with_subresource(subresource)
                .into(),
        }
    }

    /// Returns the resource if the question names no group with it, and neither Kubernetes nor a rule of
    /// the policy has it. `kinds` are the kinds of further objects of the cluster.
    ///
    /// An answer to such a question says nothing: the name is mistyped, or needs its group.
    #[must_use]
    pub fn unknown_resource<'k>(
        &self,
        policy: &Policy,
        kinds: impl IntoIterator<Item = &'k str>,
    ) -> Option<UnknownResource> {
        match &self.about {
            About::Resource {
                group, resource, ..
            } if group.is_empty() && !is_expected(resource) => {
                match is_impersonated(IMPERSONATION_GROUP, resource) {
                    true => Some(UnknownResource::of_group(resource, IMPERSONATION_GROUP)),
                    false => UnknownResource::find(resource, policy, kinds),
                }
            }
            _ => None,
        }
    }

    /// Returns the verb or the subresource if neither Kubernetes nor a rule of the policy has it, but
    /// Kubernetes has a similar word.
    #[must_use]
    pub fn mistyped(&self, policy: &Policy) -> Option<Mistyped> {
        match &self.about {
            About::Path(_) => Mistyped::verb(&self.verb, &PATH_VERBS, policy),
            About::Resource { subresource, .. } => {
                Mistyped::verb(&self.verb, &RESOURCE_VERBS, policy)
                    .or_else(|| Mistyped::subresource(subresource, policy))
            }
        }
    }

    /// Returns the warnings, in `kubectl`'s order.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    fn about_path(verb: &str, path: &str) -> Self {
        let about = About::Path(path.to_owned());
        let mut question = Self {
            verb: verb.to_owned(),
            about,
            warnings: Vec::new(),
        };
        question.warn_of_verb(&PATH_VERBS);
        question
    }

    fn about_resource(verb: &str, asked: Type, name: &str, namespace: Namespace<'_>) -> Self {
        let mut warnings = Vec::new();
        let is_by_scope = matches!(namespace, Namespace::ByScope);
        let namespace = match (namespace, &asked) {
            (Namespace::Named(namespace), _) => namespace,
            (Namespace::ByScope, Type::Known(known)) if is_in_itself(known, verb) => name,
            (Namespace::ByScope, Type::Known(known)) if !known.is_namespaced => "",
            (
                Namespace::ByScope,
                Type::Unknown {
                    resource, group, ..
                },
            ) if is_impersonated(group, resource) => "",
            (Namespace::ByScope, _) => DEFAULT_NAMESPACE,
        };
        let (group, resource) = match asked {
            Type::Known(known) => {
                if !known.is_namespaced && !namespace.is_empty() && !is_by_scope {
                    let (resource, group) = (known.name.to_owned(), known.group.to_owned());
                    warnings.push(Warning::NotNamespaced { resource, group });
                    let is_own = is_in_itself(known, verb) && !name.is_empty();
                    let real = is_own.then(|| name.to_owned());
                    let asked = namespace.to_owned();
                    if real.as_ref() != Some(&asked) {
                        warnings.push(Warning::AskedInNamespace { asked, real });
                    }
                }
                (known.group.to_owned(), known.name.to_owned())
            }
            Type::Unknown {
                resource,
                group,
                written: (written, written_group),
            } => {
                let is_expected = match resource.as_str() {
                    "*" => true,
                    resource => group.is_empty() && is_expected(resource),
                };
                if !is_expected {
                    warnings.push(Warning::UnknownResource {
                        resource: written,
                        group: written_group,
                    });
                }
                (group, resource)
            }
        };
        let about = About::Resource {
            group,
            resource,
            subresource: String::new(),
            name: name.to_owned(),
            namespace: namespace.to_owned(),
        };
        Self {
            verb: verb.to_owned(),
            about,
            warnings,
        }
    }

    /// Returns a warning about a name that was probably meant to be a subresource, or about a name in
    /// a create.
    fn warn_of_name(&mut self, name: &str, subresource: &str) {
        let About::Resource { resource, .. } = &self.about else {
            return;
        };
        if name.is_empty() || !subresource.is_empty() {
            return;
        }
        if is_subresource(resource, name) {
            let (resource, name) = (resource.clone(), name.to_owned());
            self.warnings
                .push(Warning::SubresourceAsName { resource, name });
        } else if self.verb == "create" {
            let (resource, name) = (resource.clone(), name.to_owned());
            self.warnings.push(Warning::NameInCreate { resource, name });
        }
    }

    fn warn_of_verb(&mut self, known: &[&str]) {
        if !known.contains(&self.verb.as_str()) {
            self.warnings.push(Warning::UnknownVerb {
                verb: self.verb.clone(),
            });
        }
    }
}

/// Returns whether this is a name that `kubectl` accepts although it is not a resource.
///
/// As upstream: `users` and `groups` are not resources, but are impersonated.
fn is_expected(resource: &str) -> bool {
    matches!(resource, "*" | "users" | "groups")
}

/// The group of the resources that only impersonation knows, beside `users` and `groups`.
const IMPERSONATION_GROUP: &str = "authentication.k8s.io";

/// Returns whether this is a resource that no API serves, but about which the API server asks for an
/// impersonation, without a namespace. A service account is a resource of its namespace.
///
/// As upstream: apiserver, `pkg/endpoints/filters/impersonation.go`.
#[must_use]
pub fn is_impersonated(group: &str, resource: &str) -> bool {
    match group {
        "" => matches!(resource, "groups" | "users"),
        IMPERSONATION_GROUP => matches!(resource, "groups" | "uids" | "userextras" | "users"),
        _ => false,
    }
}

/// The verbs whose path has no name. A list of one object by its name uses a field selector.
const COLLECTION_VERBS: [&str; 4] = ["create", "deletecollection", "list", "watch"];

/// Returns whether a request for an object is in the namespace with the object's name: the path of a Namespace
/// object is also a path into that namespace.
///
/// As upstream: apiserver, `RequestInfoFactory::NewRequestInfo`, which for a collection takes the name from the field
/// selector and leaves the namespace empty.
fn is_in_itself(resource: &ApiResource, verb: &str) -> bool {
    resource.name == "namespaces" && !COLLECTION_VERBS.contains(&verb)
}

/// Returns whether Kubernetes has a subresource of this name.
fn is_subresource(resource: &str, name: &str) -> bool {
    let names: &[&str] = match resource {
        "pods" => &[
            "attach",
            "binding",
            "ephemeralcontainers",
            "eviction",
            "exec",
            "log",
            "portforward",
            "proxy",
            "resize",
        ],
        "services" | "nodes" => &["proxy"],
        "serviceaccounts" => &["token"],
        "namespaces" => &["finalize"],
        // The key of an extra.
        "userextras" => return true,
        "certificatesigningrequests" => &["approval"],
        "deployments" | "replicasets" | "replicationcontrollers" | "statefulsets" => &["scale"],
        _ => &[],
    };
    name == "status" || names.contains(&name)
}

/// The namespace that `kubectl` uses if its context has none.
const DEFAULT_NAMESPACE: &str = "default";

/// The namespace of a question.
#[derive(Clone, Copy)]
enum Namespace<'n> {
    /// The default namespace, or no namespace if the resource is cluster-scoped.
    ByScope,
    /// This namespace, from the question or the context.
    Named(&'n str),
}

/// Why a line is not a question. Arguments are counted from one.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, ThisError)]
#[non_exhaustive]
pub enum Error {
    /// More or fewer than two arguments.
    #[error("expected two arguments: `VERB TYPE`, `VERB TYPE/NAME` or `VERB /PATH`")]
    Arguments,
    /// Both a namespace and all namespaces.
    #[error("a namespace and all namespaces exclude each other")]
    BothNamespaces,
    /// No resource before the group.
    #[error("the resource is empty")]
    EmptyResource,
    /// A flag without its value.
    #[error("the flag at word {0} needs a value")]
    MissingValue(usize),
    /// A value that is not a boolean.
    #[error("the flag at word {0} takes `true` or `false`")]
    NotABoolean(usize),
    /// A name that contains a slash.
    #[error("an object's name has no `/`; a subresource is asked for with `--subresource`")]
    PathInName,
    /// A subresource of a path.
    #[error("a path has no subresource")]
    SubresourceOfPath,
    /// A flag that a question without a cluster does not support.
    #[error(
        "the flag at word {0} is not known; there are `-n`, `--namespace`, `-A`, \
         `--all-namespaces` and `--subresource`"
    )]
    UnknownFlag(usize),
}
