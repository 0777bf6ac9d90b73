//! Questions about a request.

use k8s_rbac::api_resources::find;
use k8s_rbac::{Request, ResourceRequest};
use k8s_rbac_analysis::can_i;
use printable_text::Printable;

use crate::cluster::Cluster;
use crate::no_answer::NoAnswer;
use crate::source::Unrecognized;

/// A question about a request, in the grammar of `kubectl auth can-i`: `VERB TYPE`, `VERB TYPE/NAME` or
/// `VERB /PATH`, with `-n NAMESPACE`, `-A` and `--subresource NAME`.
///
/// Without a namespace it is about `default`, or about the cluster if the resource is cluster-scoped.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Question {
    inner: can_i::Question,
}

impl Question {
    /// Parses a question from words that a shell has split.
    ///
    /// # Errors
    ///
    /// [`NoAnswer::Question`].
    pub fn from_words<'w>(words: impl IntoIterator<Item = &'w str>) -> Result<Self, NoAnswer> {
        let inner = can_i::Question::from_words_without_context(words)?;
        Ok(Self { inner })
    }

    /// Parses a question from one line, such as `list pods -n dev`.
    ///
    /// # Errors
    ///
    /// [`NoAnswer::Question`].
    pub fn parse(line: &str) -> Result<Self, NoAnswer> {
        let inner = can_i::Question::parse_without_context(line)?;
        Ok(Self { inner })
    }

    /// Returns the request.
    #[must_use]
    pub fn request(&self) -> Request<'_> {
        self.inner.request()
    }

    /// Returns the warnings of `kubectl`, in its order.
    pub(crate) fn warnings(&self) -> impl Iterator<Item = String> {
        let is_wrong = |warning: &&can_i::Warning| {
            // kubectl says that the server lacks it, which is true.
            matches!(warning, can_i::Warning::UnknownResource { resource, group }
                if can_i::is_impersonated(group, resource))
        };
        let warnings = self.inner.warnings().iter();
        warnings
            .filter(move |warning| !is_wrong(warning))
            .map(|warning| Printable::new(&warning.to_string()).to_string())
    }

    /// Checks that the names of the question are known to Kubernetes or to the cluster. An answer about
    /// another name would be about a typing error.
    pub(crate) fn check(&self, cluster: &Cluster) -> Result<(), NoAnswer> {
        let (policy, kinds) = (cluster.policy(), cluster.unrecognized());
        // `Widget.example.com` is a kind with its group.
        let kinds = kinds.iter().map(Unrecognized::kind);
        let kinds = kinds.map(|kind| kind.split_once('.').map_or(kind, |(kind, _)| kind));
        if let Some(unknown) = self.inner.unknown_resource(policy, kinds) {
            return Err(NoAnswer::Unknown(unknown.to_string()));
        }
        match self.inner.mistyped(policy) {
            None => Ok(()),
            Some(mistyped) => Err(NoAnswer::Unknown(mistyped.to_string())),
        }
    }
}

/// Writes a request in one line: `list deployments.apps in namespace dev`.
pub(crate) fn written(request: &Request<'_>) -> String {
    let request = match request {
        Request::Path(path) => {
            let (verb, path) = (Printable::new(path.verb()), Printable::new(path.path()));
            return format!("{verb} {path}");
        }
        Request::Resource(request) => request,
    };
    let mut text = format!(
        "{} {}",
        Printable::new(request.verb()),
        Printable::new(request.resource())
    );
    if !request.group().is_empty() {
        text.push('.');
        text.push_str(&Printable::new(request.group()).to_string());
    }
    for (before, part) in [("/", request.subresource()), (" named ", request.name())] {
        if let Some(part) = part {
            text.push_str(before);
            text.push_str(&Printable::new(part).to_string());
        }
    }
    match request.namespace() {
        Some(namespace) => {
            text.push_str(" in namespace ");
            text.push_str(&Printable::new(namespace).to_string());
        }
        None if is_namespaced(request) => text.push_str(" in all namespaces"),
        None => {}
    }
    text
}

/// Returns whether a resource has namespaces. A resource that Kubernetes does not ship is assumed to
/// have them.
pub(crate) fn is_namespaced(request: &ResourceRequest<'_>) -> bool {
    !can_i::is_impersonated(request.group(), request.resource())
        && find(request.resource(), request.group()).is_none_or(|known| known.is_namespaced)
}
