//! The documents of logins: each contains a method, a URL, headers and a body, and has its own
//! encoding.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use eks_auth::sts_presign::{ForwardedRequest, MAX_FORWARDED_HEADERS};
use serde_json::{Map, Value};

/// The form of a login's document.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum LoginForm {
    /// The body of Consul's `POST /v1/acl/login`: `BearerToken` is a text with the document of
    /// [`Vault`](Self::Vault) (consul-awsauth, `token.go`).
    Consul,
    /// The HTTP request in base64, as `stsIdentityRequest` (Teleport,
    /// `RegisterUsingIAMMethodRequest`, in the JSON form of Protocol Buffers).
    Teleport,
    /// The body of Vault's `POST /v1/auth/aws/login`: `iam_http_request_method`, and in base64
    /// `iam_request_url`, `iam_request_body` and `iam_request_headers`, which is JSON (Vault API, "AWS auth
    /// method", "Login").
    Vault,
}

/// A request as a login forwards it.
pub(crate) struct Forwarded {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Forwarded {
    /// Returns the value of the only header of this name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self
            .headers
            .iter()
            .filter(|(own, _)| own.eq_ignore_ascii_case(name));
        let (Some((_, value)), None) = (values.next(), values.next()) else {
            return None;
        };
        Some(value)
    }

    pub(crate) fn headers(&self) -> Vec<(&str, &str)> {
        let headers = self.headers.iter();
        headers
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect()
    }

    pub(crate) fn request<'r>(&'r self, headers: &'r [(&'r str, &'r str)]) -> ForwardedRequest<'r> {
        ForwardedRequest {
            method: &self.method,
            url: &self.url,
            headers,
            body: &self.body,
        }
    }
}

impl LoginForm {
    /// Reads a document.
    ///
    /// # Errors
    ///
    /// The reason. It quotes no part of the document.
    pub(crate) fn read(self, document: &[u8]) -> Result<Forwarded, &'static str> {
        let document = object(document)?;
        match self {
            Self::Vault => vault(&document),
            Self::Consul => {
                let token = text(&document, "BearerToken").ok_or("`BearerToken` is not a text")?;
                vault(&object(token.as_bytes())?)
            }
            Self::Teleport => {
                let request = decoded(&document, "stsIdentityRequest")
                    .ok_or("`stsIdentityRequest` is not text in base64")?;
                wire(&request)
            }
        }
    }
}

fn object(document: &[u8]) -> Result<Map<String, Value>, &'static str> {
    match serde_json::from_slice(document) {
        Ok(Value::Object(document)) => Ok(document),
        _ => Err("the login is not a JSON object"),
    }
}

fn text<'d>(document: &'d Map<String, Value>, key: &str) -> Option<&'d str> {
    document.get(key)?.as_str()
}

/// Decodes text in base64.
fn decoded(document: &Map<String, Value>, key: &str) -> Option<String> {
    let bytes = STANDARD.decode(text(document, key)?).ok()?;
    String::from_utf8(bytes).ok()
}

fn vault(document: &Map<String, Value>) -> Result<Forwarded, &'static str> {
    let headers = match document.get("iam_request_headers") {
        // Vault's CLI sends text in base64; its API takes an object too.
        Some(Value::Object(headers)) => headers.clone(),
        _ => {
            let text = decoded(document, "iam_request_headers")
                .ok_or("`iam_request_headers` is neither an object nor text in base64")?;
            object(text.as_bytes()).map_err(|_| "`iam_request_headers` is not a JSON object")?
        }
    };
    let mut list = Vec::new();
    for (name, value) in headers {
        // As in Go's `http.Header`, each name has a list; Vault takes a single text too.
        let values = match value {
            Value::Array(values) => values,
            value => vec![value],
        };
        for value in values {
            let Value::String(value) = value else {
                return Err("a header in `iam_request_headers` is not a text");
            };
            list.push((name.clone(), value));
        }
    }
    Ok(Forwarded {
        method: text(document, "iam_http_request_method")
            .ok_or("`iam_http_request_method` is not a text")?
            .to_owned(),
        url: decoded(document, "iam_request_url").ok_or("`iam_request_url` is not in base64")?,
        headers: list,
        body: decoded(document, "iam_request_body").ok_or("`iam_request_body` is not in base64")?,
    })
}

/// Reads an HTTP/1.1 request.
fn wire(text: &str) -> Result<Forwarded, &'static str> {
    let wrong = "`stsIdentityRequest` is not an HTTP/1.1 request";
    let mut headers = [httparse::EMPTY_HEADER; MAX_FORWARDED_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let Ok(httparse::Status::Complete(head)) = request.parse(text.as_bytes()) else {
        return Err(wrong);
    };
    let (Some(method), Some(path), Some(1)) = (request.method, request.path, request.version)
    else {
        return Err(wrong);
    };
    let mut list = Vec::new();
    for header in request.headers {
        let value = str::from_utf8(header.value).map_err(|_| wrong)?;
        list.push((header.name.to_owned(), value.to_owned()));
    }
    let mut forwarded = Forwarded {
        method: method.to_owned(),
        url: String::new(),
        headers: list,
        body: text.get(head..).ok_or(wrong)?.to_owned(),
    };
    let host = forwarded.header("host").ok_or(wrong)?;
    forwarded.url = format!("https://{host}{path}");
    Ok(forwarded)
}
