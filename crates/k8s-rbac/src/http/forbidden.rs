//! kube-apiserver's response to a request that is not allowed.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter, Write};

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::go_text::quote::{JsonText, Quoted};
use crate::request::Request;

/// A refusal in the API server's wording. Prints as the message.
///
/// As upstream: apiserver, pkg/endpoints/handlers/responsewriters/errors.go, `Forbidden`, and
/// apimachinery, pkg/api/errors/errors.go, `NewForbidden`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forbidden<'a> {
    user: &'a str,
    request: Request<'a>,
    reason: &'a str,
}

impl<'a> Forbidden<'a> {
    /// Builds the refusal of a request. The reason comes from the authorizer
    /// ([`Response::reason`](crate::Response::reason)) and is empty if it gave no reason. Without a
    /// user, the username is empty.
    #[must_use]
    pub const fn new(user: &'a str, request: Request<'a>, reason: &'a str) -> Self {
        Self {
            user,
            request,
            reason,
        }
    }

    /// Returns the details about the object that the API server sends with the message.
    #[must_use]
    pub fn details(&self) -> ForbiddenDetails<'a> {
        match self.request {
            Request::Path(_) => ForbiddenDetails::default(),
            Request::Resource(request) => ForbiddenDetails {
                name: request.name().unwrap_or_default(),
                group: request.group(),
                kind: request.resource(),
            },
        }
    }

    /// Returns the body of the response: a `Status` in JSON, byte for byte as the API server
    /// writes it.
    #[must_use]
    pub fn body(&self) -> String {
        let ForbiddenDetails { name, group, kind } = self.details();
        let details: Vec<String> = [("name", name), ("group", group), ("kind", kind)]
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(field, value)| format!("\"{field}\":{}", JsonText(value)))
            .collect();
        format!(
            "{{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{{}},\"status\":\"Failure\",\
             \"message\":{},\"reason\":\"Forbidden\",\"details\":{{{}}},\"code\":403}}\n",
            JsonText(&self.to_string()),
            details.join(","),
        )
    }

    fn fmt_cause(&self, f: &mut impl Write) -> fmt::Result {
        write!(
            f,
            "User {} cannot {} ",
            Quoted(self.user),
            self.request.verb()
        )?;
        let request = match self.request {
            Request::Path(request) => return write!(f, "path {}", Quoted(request.path())),
            Request::Resource(request) => request,
        };
        let resource = match request.subresource() {
            Some(subresource) => format!("{}/{subresource}", request.resource()),
            None => request.resource().to_owned(),
        };
        write!(
            f,
            "resource {} in API group {}",
            Quoted(&resource),
            Quoted(request.group())
        )?;
        match request.namespace() {
            Some(namespace) => write!(f, " in the namespace {}", Quoted(namespace)),
            None => f.write_str(" at the cluster scope"),
        }
    }
}

/// Serializes as the `Status` of [`body`](Forbidden::body), with the same fields in the same order.
impl Serialize for Forbidden<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut status = serializer.serialize_struct("Status", 8)?;
        status.serialize_field("kind", "Status")?;
        status.serialize_field("apiVersion", "v1")?;
        status.serialize_field("metadata", &BTreeMap::<&str, &str>::new())?;
        status.serialize_field("status", "Failure")?;
        status.serialize_field("message", &self.to_string())?;
        status.serialize_field("reason", "Forbidden")?;
        status.serialize_field("details", &self.details())?;
        status.serialize_field("code", &403)?;
        status.end()
    }
}

impl Display for Forbidden<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let details = self.details();
        f.write_str(details.kind)?;
        if !details.group.is_empty() {
            write!(f, ".{}", details.group)?;
        }
        if !details.kind.is_empty() || !details.group.is_empty() {
            f.write_str(" ")?;
            if !details.name.is_empty() {
                write!(f, "{} ", Quoted(details.name))?;
            }
            f.write_str("is ")?;
        }
        f.write_str("forbidden: ")?;
        let mut cause = String::new();
        self.fmt_cause(&mut cause)?;
        // Only the cause is escaped, for browsers, not the names before it or the reason.
        f.write_str(
            &cause
                .replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;"),
        )?;
        if !self.reason.is_empty() {
            write!(f, ": {}", self.reason)?;
        }
        Ok(())
    }
}

/// The object of a refused request. All fields are empty for a path.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ForbiddenDetails<'a> {
    /// The object's name.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub name: &'a str,
    /// The API group.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub group: &'a str,
    /// The resource, which the API calls `kind` here.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub kind: &'a str,
}
