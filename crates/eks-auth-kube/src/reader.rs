//! The objects of a cluster that decide about access, listed once.

mod error;
mod list;
mod resource;

use std::time::Duration;

use http::header::ACCEPT;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use kube::Client;
use kube::client::Body;
use printable_text::Causes;
use serde_json::Value;
use tokio::time::timeout;

pub use self::error::ReadError;

use self::list::ListText;
use self::resource::{ACCESS, Resource, WORKLOADS};

/// How many objects one request asks for: 500, as kubectl (`--chunk-size`).
const PAGE: usize = 500;

/// The maximum size of one answer of the API server: 256 MiB. Our choice: 500 objects of the average size of a
/// large pod, 20 kB, have 10 MB, and etcd refuses objects over 1.5 MB.
const MAX_ANSWER_BYTES: usize = 256 * 1024 * 1024;

/// How many objects of one kind are read: 200,000. Kubernetes itself is made for at most 150,000 pods
/// ("Considerations for large clusters").
pub const MAX_OBJECTS: usize = 200_000;

/// How long one request may take: two minutes. Our choice: kube-apiserver ends a request after one.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(120);

/// How often a list is read again from the start because the API server has forgotten its next page
/// (`410 Gone`). Our choice: a page is kept for five minutes, so even one restart is rare.
const MAX_RESTARTS: usize = 3;

/// Lists the objects of a cluster that decide about access: the ConfigMap with the mapping, `IAMIdentityMapping`
/// objects, roles and bindings, and the workloads with their service accounts. Only reads.
///
/// The client needs the verb `get` on the ConfigMap, and `list` on each other kind, in all namespaces. The kinds are
/// listed one after the other, so a change in between may be in one list and not in another.
#[derive(Clone)]
pub struct ClusterReader {
    client: Client,
    namespace: String,
    config_map: String,
    has_workloads: bool,
}

/// The objects of a cluster, as text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ClusterObjects {
    version: String,
    documents: Vec<(String, String)>,
}

/// The progress of a [`ClusterReader`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// The resource that is read, such as `clusterroles`.
    pub resource: &'static str,
    /// How many of its objects were read.
    pub objects: usize,
}

impl ClusterObjects {
    /// Returns the version of Kubernetes, such as `1.34`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Returns the name and the text of each list that is not empty.
    ///
    /// The name is the resource, such as `clusterroles`, and for the ConfigMap `configmaps/NAME`. The text of roles,
    /// bindings, mappings and the ConfigMap has the same lines as `kubectl get NAME --all-namespaces --output json`,
    /// so that a place in one can be found in the other. Of workloads and service accounts, only the namespace, the
    /// name and the service account are kept.
    #[must_use]
    pub fn documents(&self) -> &[(String, String)] {
        &self.documents
    }

    /// Returns the [`documents`](Self::documents), without a copy.
    #[must_use]
    pub fn into_documents(self) -> Vec<(String, String)> {
        self.documents
    }
}

impl std::fmt::Debug for ClusterReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClusterReader")
            .field("namespace", &self.namespace)
            .field("config_map", &self.config_map)
            .field("has_workloads", &self.has_workloads)
            .finish_non_exhaustive()
    }
}

/// An answer of the API server.
enum Answer {
    Ok(Value),
    Failed { status: StatusCode, message: String },
}

impl ClusterReader {
    /// Reads with this client: the ConfigMap `kube-system/aws-auth`, and workloads.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self {
            client,
            namespace: "kube-system".to_owned(),
            config_map: "aws-auth".to_owned(),
            has_workloads: true,
        }
    }

    /// Sets the ConfigMap.
    #[must_use]
    pub fn with_config_map(self, namespace: &str, name: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            config_map: name.to_owned(),
            ..self
        }
    }

    /// Leaves out workloads and service accounts, which are most of the objects of a cluster.
    #[must_use]
    pub fn without_workloads(self) -> Self {
        Self {
            has_workloads: false,
            ..self
        }
    }

    /// Reads everything. `progress` is called after each answer.
    ///
    /// A ConfigMap that does not exist is left out, as are `IAMIdentityMapping`s in a cluster without that kind.
    ///
    /// # Errors
    ///
    /// The first [`ReadError`]. Then no list is returned: a missing list must not look like an empty
    /// list.
    pub async fn read(
        &self,
        mut progress: impl FnMut(Progress),
    ) -> Result<ClusterObjects, ReadError> {
        let version = self.version().await?;
        let mut documents = Vec::new();
        documents.extend(self.config_map().await?);
        progress(Progress {
            resource: "configmaps",
            objects: documents.len(),
        });
        let workloads: &[Resource] = match self.has_workloads {
            true => &WORKLOADS,
            false => &[],
        };
        for resource in ACCESS.iter().chain(workloads) {
            let text = self.list(resource, &mut progress).await?;
            documents.extend(text.map(|text| (resource.name.to_owned(), text)));
        }
        Ok(ClusterObjects { version, documents })
    }

    async fn version(&self) -> Result<String, ReadError> {
        let resource = "version";
        let answer = self.get(resource, "/version").await?;
        let answer = answer.or_refuse(resource)?;
        let number = |field: &str| {
            let text = answer.get(field)?.as_str()?;
            // EKS and others write `34+`.
            let digits = text.trim_end_matches('+');
            let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| digits.to_owned())
        };
        match (number("major"), number("minor")) {
            (Some(major), Some(minor)) => Ok(format!("{major}.{minor}")),
            _ => Err(ReadError::Malformed { resource }),
        }
    }

    async fn config_map(&self) -> Result<Option<(String, String)>, ReadError> {
        let resource = "configmaps";
        let (namespace, name) = (encode(&self.namespace), encode(&self.config_map));
        let path = format!("/api/v1/namespaces/{namespace}/configmaps/{name}");
        let answer = self.get(resource, &path).await?;
        if answer.is_not_found() {
            return Ok(None);
        }
        let object = answer.or_refuse(resource)?;
        let text = list::object(resource, "v1", "ConfigMap", object)?;
        Ok(Some((format!("configmaps/{}", self.config_map), text)))
    }

    /// Lists the objects of one kind. `None` if there are no objects.
    async fn list(
        &self,
        resource: &Resource,
        progress: &mut impl FnMut(Progress),
    ) -> Result<Option<String>, ReadError> {
        // A client that may not list a kind is refused even if the kind does not exist, but every client may ask
        // for the groups.
        if let Some(group) = resource.group {
            let answer = self.get(resource.name, group).await?;
            if answer.is_not_found() {
                return Ok(None);
            }
            answer.or_refuse(resource.name)?;
        }
        for _ in 0..MAX_RESTARTS {
            if let Some(text) = self.list_once(resource, progress).await? {
                return Ok(text.finish());
            }
        }
        Err(ReadError::Changing {
            resource: resource.name,
        })
    }

    /// Lists the objects of one kind, page by page. `None` if a page is gone.
    async fn list_once(
        &self,
        resource: &Resource,
        progress: &mut impl FnMut(Progress),
    ) -> Result<Option<ListText>, ReadError> {
        let mut text = ListText::new(resource);
        let mut next: Option<String> = None;
        loop {
            let path = match &next {
                None => format!("{}?limit={PAGE}", resource.path),
                Some(next) => format!("{}?limit={PAGE}&continue={}", resource.path, encode(next)),
            };
            let answer = self.get(resource.name, &path).await?;
            if next.is_some() && answer.is_gone() {
                return Ok(None);
            }
            let page = answer.or_refuse(resource.name)?;
            next = text.add_page(page)?;
            progress(Progress {
                resource: resource.name,
                objects: text.len(),
            });
            if next.is_none() {
                return Ok(Some(text));
            }
        }
    }

    async fn get(&self, resource: &'static str, path: &str) -> Result<Answer, ReadError> {
        let unreachable = |why: String| ReadError::Unreachable { resource, why };
        let request = Request::get(path)
            .header(ACCEPT, "application/json")
            .body(Body::empty())
            .map_err(|why| unreachable(why.to_string()))?;
        let exchange = async {
            let response = self
                .client
                .send(request)
                .await
                .map_err(|why| error::of_client(resource, &why))?;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, MAX_ANSWER_BYTES).collect().await;
            let body = body.map_err(|why| match why.downcast_ref::<LengthLimitError>() {
                Some(_) => ReadError::TooLarge { resource },
                None => unreachable(Causes::new(why.as_ref()).to_string()),
            })?;
            Ok((head.status, body.to_bytes()))
        };
        let (status, body) = timeout(REQUEST_TIMEOUT, exchange)
            .await
            .map_err(|_| unreachable(format!("no answer in {REQUEST_TIMEOUT:?}")))??;
        let value: Option<Value> = serde_json::from_slice(&body).ok();
        if status.is_success() {
            return value
                .map(Answer::Ok)
                .ok_or(ReadError::Malformed { resource });
        }
        let message = value
            .as_ref()
            .and_then(|status| status.get("message")?.as_str());
        Ok(Answer::Failed {
            status,
            message: error::shorten(message.unwrap_or_default()),
        })
    }
}

impl Answer {
    fn has_status(&self, code: StatusCode) -> bool {
        matches!(self, Self::Failed { status, .. } if *status == code)
    }

    fn is_not_found(&self) -> bool {
        self.has_status(StatusCode::NOT_FOUND)
    }

    fn is_gone(&self) -> bool {
        self.has_status(StatusCode::GONE)
    }

    fn or_refuse(self, resource: &'static str) -> Result<Value, ReadError> {
        match self {
            Self::Ok(value) => Ok(value),
            Self::Failed { status, message } => Err(ReadError::Refused {
                resource,
                status: status.as_u16(),
                message,
            }),
        }
    }
}

/// Percent-encodes a part of a path or query.
fn encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}
