//! From the method and URL of an HTTP request to the attributes that a decision needs.
//!
//! As upstream: apiserver, `pkg/endpoints/request/requestinfo.go`.

use std::error::Error;
use std::fmt::{self, Display, Formatter};

use serde::Serialize;

use super::canonical_path::{Ambiguity, find_path_ambiguity, find_query_ambiguity};
use super::field_selector::{FieldOperator, FieldRequirement};
use super::label_selector::LabelRequirement;
use super::query::{Query, decode};
use crate::admission::names;
use crate::request::{Request, ResourceRequest};
use crate::version::KubernetesVersion;

/// The attributes of an HTTP request to the API server. An absent attribute is the empty string.
///
/// ```
/// use k8s_rbac::{RequestInfo, ResourceRequest};
///
/// let info = RequestInfo::parse("GET", "/apis/apps/v1/namespaces/dev/deployments?watch=1")?;
/// let request = ResourceRequest::new("watch", "apps", "deployments").in_namespace("dev");
/// assert_eq!(info.request(), request.into());
///
/// // A router that splits before it decodes would call the handler for namespaces.
/// assert!(RequestInfo::parse("DELETE", "/api/v1/namespaces/dev%2Fpods%2Fweb").is_err());
/// # Ok::<(), k8s_rbac::RequestInfoError>(())
/// ```
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RequestInfo {
    /// Whether the request is for a resource. If not, only path and verb matter.
    #[serde(rename = "resourceRequest")]
    pub is_resource_request: bool,
    /// The path, decoded.
    pub path: String,
    /// The API verb, or the method in lower case.
    pub verb: String,
    /// `api` or `apis`.
    pub api_prefix: String,
    /// The API group.
    pub api_group: String,
    /// The API version.
    pub api_version: String,
    /// The namespace. For a Namespace object, that object itself.
    pub namespace: String,
    /// The resource.
    pub resource: String,
    /// The subresource.
    pub subresource: String,
    /// The object's name.
    pub name: String,
    /// The segments of the path, from the resource on.
    pub parts: Vec<String>,
    /// The `fieldSelector` parameter of `list`, `watch` and `deletecollection`, not parsed.
    pub field_selector: String,
    /// The `labelSelector` parameter of `list`, `watch` and `deletecollection`, not parsed.
    pub label_selector: String,
}

impl RequestInfo {
    /// Parses the method and URL of a request: a path that starts with `/`, and its query.
    ///
    /// Use it in front of any server other than kube-apiserver. It refuses a URL that another
    /// reader, such as the router behind it, may read differently. A URL that it accepts has the
    /// attributes that kube-apiserver gives it.
    ///
    /// A `list` or `watch` with `fieldSelector=metadata.name=NAME` has that name, so that a rule with
    /// `resourceNames` can allow it. Its handler must apply the selector.
    ///
    /// # Errors
    ///
    /// [`RequestInfoError::NotAPath`], [`RequestInfoError::Ambiguous`],
    /// [`RequestInfoError::NotText`].
    pub fn parse(method: &str, url: &str) -> Result<Self, RequestInfoError> {
        let (path, query) = split_query(url);
        if !path.starts_with('/') || url.contains(|c: char| c.is_ascii_control() || c == '#') {
            return Err(RequestInfoError::NotAPath);
        }
        match find_path_ambiguity(path).or_else(|| find_query_ambiguity(query)) {
            Some(ambiguity) => Err(RequestInfoError::Ambiguous(ambiguity)),
            // By the grammar of selectors that every version accepts.
            None => Self::parse_like_apiserver(KubernetesVersion::OLDEST, method, url),
        }
    }

    /// Parses the method and URL of a request exactly as a kube-apiserver of this version does, which
    /// decodes `%2F` before it splits the path, and ignores slashes at both ends. Some versions can
    /// read more label selectors than others. If a version cannot read the label selector,
    /// `fieldSelector` has no effect.
    ///
    /// Use it only to predict the behavior of a kube-apiserver. In front of any other router use
    /// [`parse`](Self::parse).
    ///
    /// # Errors
    ///
    /// [`RequestInfoError::NotAPath`], [`RequestInfoError::NotText`],
    /// [`RequestInfoError::MissingKind`].
    pub fn parse_like_apiserver(
        version: KubernetesVersion,
        method: &str,
        url: &str,
    ) -> Result<Self, RequestInfoError> {
        let (path, query) = split_query(url);
        let is_path = path.starts_with('/') || matches!(url, "" | "*");
        if !is_path || url.contains(|c: char| c.is_ascii_control()) {
            return Err(RequestInfoError::NotAPath);
        }
        let path = decode(path).ok_or(RequestInfoError::NotText)?;
        let mut info = Self {
            path: path.clone().into_owned(),
            verb: method.to_lowercase(),
            ..Self::default()
        };
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let (group, api_version, rest) = match parts.as_slice() {
            ["api", version, rest @ ..] if !rest.is_empty() => ("", *version, rest),
            ["apis", group, version, rest @ ..] if !rest.is_empty() => (*group, *version, rest),
            ["apis", _, _] => {
                // As upstream: not a resource request, but it has the prefix.
                "apis".clone_into(&mut info.api_prefix);
                return Ok(info);
            }
            _ => return Ok(info),
        };
        let prefix = parts.first().copied().unwrap_or_default();
        info.is_resource_request = true;
        prefix.clone_into(&mut info.api_prefix);
        group.clone_into(&mut info.api_group);
        api_version.clone_into(&mut info.api_version);
        match rest {
            ["proxy" | "watch"] => {
                return Err(RequestInfoError::MissingKind {
                    url: url.to_owned(),
                });
            }
            [verb @ ("proxy" | "watch"), rest @ ..] => {
                // As upstream: a verb in the path replaces the verb of the method, and such a
                // request has no selectors.
                (*verb).clone_into(&mut info.verb);
                info.set_parts(rest);
                return Ok(info);
            }
            _ => {}
        }
        verb_of(method).clone_into(&mut info.verb);
        info.set_parts(rest);
        let query = Query::parse(query);
        if info.name.is_empty() {
            info.apply_list_options(version, &query);
        }
        if matches!(info.verb.as_str(), "list" | "watch" | "deletecollection") {
            let text = |name| query.first(name).unwrap_or_default().to_owned();
            info.field_selector = text("fieldSelector");
            info.label_selector = text("labelSelector");
        }
        Ok(info)
    }

    /// Returns the request to decide on.
    #[must_use]
    pub fn request(&self) -> Request<'_> {
        if !self.is_resource_request {
            return Request::path(&self.verb, &self.path);
        }
        ResourceRequest::new(&self.verb, &self.api_group, &self.resource)
            .in_namespace(&self.namespace)
            .with_name(&self.name)
            .with_subresource(&self.subresource)
            .into()
    }

    // The segments after the version: `namespaces/NS/RESOURCE/NAME/SUBRESOURCE/…` in every group.
    // `status` and `finalize` are subresources of the namespace itself.
    fn set_parts(&mut self, parts: &[&str]) {
        let parts = match parts {
            ["namespaces", namespace, rest @ ..] => {
                (*namespace).clone_into(&mut self.namespace);
                match rest {
                    [] | ["status" | "finalize", ..] => parts,
                    _ => rest,
                }
            }
            _ => parts,
        };
        self.parts = parts.iter().map(|&part| part.to_owned()).collect();
        let mut parts = parts.iter().copied();
        let mut next = || parts.next().unwrap_or_default().to_owned();
        self.resource = next();
        self.name = next();
        if self.verb != "proxy" {
            self.subresource = next();
        }
    }

    // Only for requests that name no object in their path.
    fn apply_list_options(&mut self, version: KubernetesVersion, query: &Query<'_>) {
        match self.verb.as_str() {
            "delete" => "deletecollection".clone_into(&mut self.verb),
            "get" => {
                // As upstream: any value except these two means yes, even the empty value.
                let watch = query.first("watch").map(str::to_ascii_lowercase);
                let is_watch = !matches!(watch.as_deref(), None | Some("false" | "0"));
                (if is_watch { "watch" } else { "list" }).clone_into(&mut self.verb);
                self.name = selected_name(version, query).unwrap_or_default();
            }
            _ => {}
        }
    }
}

/// Parses method and URL with [`RequestInfo::parse`].
///
/// Routers that nest other routers may change `uri`: use the original `uri`.
#[cfg(feature = "http")]
impl TryFrom<&::http::request::Parts> for RequestInfo {
    type Error = RequestInfoError;

    fn try_from(parts: &::http::request::Parts) -> Result<Self, Self::Error> {
        let url = parts
            .uri
            .path_and_query()
            .ok_or(RequestInfoError::NotAPath)?;
        Self::parse(parts.method.as_str(), url.as_str())
    }
}

/// Why a method and a URL are not a request.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum RequestInfoError {
    /// Another reader may read the URL differently. Only [`RequestInfo::parse`] refuses it.
    Ambiguous(Ambiguity),
    /// Nothing follows `watch` or `proxy` in the path. Prints as kube-apiserver's error.
    MissingKind {
        /// The URL.
        url: String,
    },
    /// The URL does not start with `/`, or it contains a control character. (kube-apiserver also
    /// takes `*` and the empty URL.)
    NotAPath,
    /// An escape in the path is malformed, or the decoded path is not UTF-8.
    NotText,
}

impl RequestInfoError {
    /// Returns a short, stable name of the error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Ambiguous(_) => "ambiguous-url",
            Self::MissingKind { .. } => "missing-kind",
            Self::NotAPath => "not-a-path",
            Self::NotText => "not-text",
        }
    }
}

impl Display for RequestInfoError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ambiguous(ambiguity) => ambiguity.fmt(f),
            Self::MissingKind { url } => {
                write!(f, "unable to determine kind and namespace from url, {url}")
            }
            Self::NotAPath => f.write_str("the URL is not a path that starts with `/`"),
            Self::NotText => f.write_str("the path of the URL does not decode to text"),
        }
    }
}

impl Error for RequestInfoError {}

fn split_query(url: &str) -> (&str, &str) {
    url.split_once('?').unwrap_or((url, ""))
}

fn verb_of(method: &str) -> &'static str {
    match method {
        "POST" => "create",
        "GET" | "HEAD" => "get",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" => "delete",
        _ => "",
    }
}

/// Returns the object name that the field selector of a list requires.
///
/// As upstream: if any of the `ListOptions` cannot be parsed, the API server ignores all of them
/// except `watch`.
fn selected_name(version: KubernetesVersion, query: &Query<'_>) -> Option<String> {
    for number in ["limit", "timeoutSeconds"] {
        if let Some(value) = query.first(number) {
            value.parse::<i64>().ok()?;
        }
    }
    let labels = query.first("labelSelector").unwrap_or_default();
    LabelRequirement::parse_in(version, labels).ok()?;
    let fields = FieldRequirement::parse(query.first("fieldSelector")?).ok()?;
    let requirement = fields.into_iter().find(|requirement| {
        requirement.field == "metadata.name" && requirement.operator == FieldOperator::Equals
    })?;
    let name = requirement.value;
    names::path_segment(&name).is_empty().then_some(name)
}
