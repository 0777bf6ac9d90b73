//! What an HTTP request asks for: from method and URL to the attributes of a decision.
//!
//! As upstream: apiserver, `pkg/endpoints/request/requestinfo.go`.

use std::fmt::{self, Display, Formatter};

use serde::Serialize;

use crate::admission::names;
use crate::go_text::query::{Query, decode};
use crate::http::field_selector::{FieldOperator, FieldRequirement};
use crate::http::label_selector::LabelRequirement;
use crate::request::{Request, ResourceRequest};

/// What an HTTP request asks for, as the API server reads it. The empty text is what is not there.
///
/// ```
/// use k8s_rbac::{RequestInfo, ResourceRequest};
///
/// let info = RequestInfo::read("GET", "/apis/apps/v1/namespaces/dev/deployments?watch=1")?;
/// let request = ResourceRequest::new("watch", "apps", "deployments").in_namespace("dev");
/// assert_eq!(info.request(), request.into());
/// # Ok::<(), k8s_rbac::RequestInfoError<'static>>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RequestInfo {
    /// Whether it is for a resource. If not, path and verb are what counts.
    #[serde(rename = "resourceRequest")]
    pub is_resource_request: bool,
    /// The path, decoded.
    pub path: String,
    /// The API's verb, or the method in lower case.
    pub verb: String,
    /// `api` or `apis`.
    pub api_prefix: String,
    /// The API group.
    pub api_group: String,
    /// The version of the API.
    pub api_version: String,
    /// The namespace. Of a Namespace object it is the object itself.
    pub namespace: String,
    /// The resource.
    pub resource: String,
    /// The subresource.
    pub subresource: String,
    /// The object's name.
    pub name: String,
    /// The path from the resource on.
    pub parts: Vec<String>,
    /// `fieldSelector` as it is written, of list, watch and deletecollection.
    pub field_selector: String,
    /// `labelSelector`, the same.
    pub label_selector: String,
}

impl RequestInfo {
    /// Reads method and URL: a path from `/` on, with its query.
    ///
    /// Where list and watch ask for one object (`fieldSelector=metadata.name=web`), that is the
    /// name, so that a rule with `resourceNames` can allow them.
    ///
    /// # Errors
    ///
    /// [`RequestInfoError::NotAPath`], [`RequestInfoError::NotText`],
    /// [`RequestInfoError::MissingKind`].
    pub fn read<'u>(method: &str, url: &'u str) -> Result<Self, RequestInfoError<'u>> {
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
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
        let trimmed = path.trim_matches('/');
        let parts: Vec<&str> = trimmed.split('/').collect();
        let (group, version, rest) = match parts.as_slice() {
            ["api", version, rest @ ..] if !rest.is_empty() => ("", version, rest),
            ["apis", group, version, rest @ ..] if !rest.is_empty() => (*group, version, rest),
            ["apis", _, _] => {
                // As upstream: not enough for a resource, but the prefix is taken.
                "apis".clone_into(&mut info.api_prefix);
                return Ok(info);
            }
            _ => return Ok(info),
        };
        let prefix = parts.first().copied().unwrap_or_default();
        info.is_resource_request = true;
        prefix.clone_into(&mut info.api_prefix);
        group.clone_into(&mut info.api_group);
        (*version).clone_into(&mut info.api_version);
        let rest = match rest {
            ["proxy" | "watch"] => return Err(RequestInfoError::MissingKind { url }),
            [verb @ ("proxy" | "watch"), rest @ ..] => {
                (*verb).clone_into(&mut info.verb);
                info.read_parts(rest);
                // As upstream: a verb in the path is not looked at again, and has no selectors.
                return Ok(info);
            }
            _ => rest,
        };
        verb_of(method).clone_into(&mut info.verb);
        info.read_parts(rest);
        if info.name.is_empty() {
            info.read_query(&Query::read(query));
        }
        if matches!(info.verb.as_str(), "list" | "watch" | "deletecollection") {
            let query = Query::read(query);
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

    // What follows the group's version: `namespaces/NS/RESOURCE/NAME/SUBRESOURCE/…`. It is so in
    // every group, and `status` and `finalize` are always subresources of the namespace itself.
    fn read_parts(&mut self, parts: &[&str]) {
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

    // Of a request for no object in particular.
    fn read_query(&mut self, query: &Query<'_>) {
        match self.verb.as_str() {
            "delete" => "deletecollection".clone_into(&mut self.verb),
            "get" => {
                // As upstream: every word but these two is yes, and so is none.
                let watch = query.first("watch").map(str::to_ascii_lowercase);
                let is_watch = !matches!(watch.as_deref(), None | Some("false" | "0"));
                (if is_watch { "watch" } else { "list" }).clone_into(&mut self.verb);
                self.name = exact_name(query).unwrap_or_default();
            }
            _ => {}
        }
    }
}

/// Why a method and a URL are no request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum RequestInfoError<'u> {
    /// After `watch` or `proxy` in the path nothing follows. Prints as kube-apiserver's error.
    MissingKind {
        /// The URL.
        url: &'u str,
    },
    /// The URL is neither empty nor `*` and does not start with `/`, or it holds a control
    /// character.
    NotAPath,
    /// An escape of the path is broken, or the decoded path is not UTF-8.
    NotText,
}

impl Display for RequestInfoError<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingKind { url } => {
                write!(f, "unable to determine kind and namespace from url, {url}")
            }
            Self::NotAPath => f.write_str("the url is no path that starts with `/`"),
            Self::NotText => f.write_str("the path of the url cannot be decoded to text"),
        }
    }
}

impl std::error::Error for RequestInfoError<'_> {}

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

/// Finds the name that list options ask for, if they can all be read.
///
/// As upstream: what cannot be read of `ListOptions` makes the API server forget all of them, but
/// for `watch`.
fn exact_name(query: &Query<'_>) -> Option<String> {
    for number in ["limit", "timeoutSeconds"] {
        if let Some(value) = query.first(number) {
            value.parse::<i64>().ok()?;
        }
    }
    LabelRequirement::parse(query.first("labelSelector").unwrap_or_default()).ok()?;
    let fields = FieldRequirement::parse(query.first("fieldSelector")?).ok()?;
    let mut fields = fields.into_iter().filter(|requirement| {
        requirement.field == "metadata.name" && requirement.operator == FieldOperator::Equals
    });
    let name = fields.next()?.value;
    names::path_segment(&name).is_empty().then_some(name)
}
