//! The `ExecCredential` document that a credential plugin prints for kubectl.
//!
//! The document is the same as from `aws eks get-token` (awscli 1.46), byte for byte. Its version is
//! chosen in the same way: kubectl passes the version of the kubeconfig in the environment variable
//! `KUBERNETES_EXEC_INFO`, and refuses a document of any other version.
//!
//! ```
//! use eks_token::Token;
//! use eks_token::exec_credential::{ApiVersion, ExecCredential};
//!
//! let info = r#"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1"}"#;
//! let choice = ApiVersion::requested(Some(info));
//! assert_eq!((choice.version(), choice.warning()), (ApiVersion::V1, None));
//!
//! let token = Token::encode("https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity")?;
//! let mut document = Vec::new();
//! ExecCredential::new(choice.version(), &token, "2026-11-23T09:14:00Z")
//!     .write_json(&mut document)?;
//! assert!(document.starts_with(b"{\n    \"kind\": \"ExecCredential\",\n"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;
use std::io;

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{PrettyFormatter, Serializer};

use crate::token::Token;

/// A version of the API group `client.authentication.k8s.io`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ApiVersion {
    /// `v1`, since Kubernetes 1.22.
    V1,
    /// `v1alpha1`, which Kubernetes dropped in 1.24. Supported because old kubeconfigs ask for it.
    V1Alpha1,
    /// `v1beta1`, the default of awscli.
    V1Beta1,
}

impl ApiVersion {
    /// Chooses the version from the value of the environment variable `KUBERNETES_EXEC_INFO`; `None` if
    /// it is not set.
    ///
    /// Never fails, since a document with a warning serves kubectl better than an error. The rules are
    /// the same as in `aws eks get-token` (awscli, `customizations/eks/get_token.py`):
    ///
    /// | value | version | warning |
    /// |---|---|---|
    /// | unset or empty | `v1beta1` | |
    /// | asks for `v1` or `v1beta1` | that | |
    /// | asks for `v1alpha1` | that | [`Warning::Deprecated`] |
    /// | asks for anything else | `v1beta1` | [`Warning::UnknownVersion`] |
    /// | not a JSON object | `v1beta1` | [`Warning::Malformed`] |
    #[must_use]
    pub fn requested(exec_info: Option<&str>) -> Requested {
        let info = match exec_info {
            None | Some("") => {
                return Requested {
                    version: Self::V1Beta1,
                    warning: None,
                };
            }
            Some(info) => info,
        };
        // DIFFERENCE: for JSON that is not an object awscli ends with an error.
        let Ok(Value::Object(info)) = serde_json::from_str(info) else {
            return Requested {
                version: Self::V1Beta1,
                warning: Some(Warning::Malformed),
            };
        };
        let asked = info.get("apiVersion").and_then(Value::as_str);
        match [Self::V1, Self::V1Alpha1, Self::V1Beta1]
            .into_iter()
            .find(|version| asked == Some(version.as_str()))
        {
            Some(Self::V1Alpha1) => Requested {
                version: Self::V1Alpha1,
                warning: Some(Warning::Deprecated),
            },
            Some(version) => Requested {
                version,
                warning: None,
            },
            None => Requested {
                version: Self::V1Beta1,
                warning: Some(Warning::UnknownVersion),
            },
        }
    }

    /// Returns the API group and version, as documents spell it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "client.authentication.k8s.io/v1",
            Self::V1Alpha1 => "client.authentication.k8s.io/v1alpha1",
            Self::V1Beta1 => "client.authentication.k8s.io/v1beta1",
        }
    }
}

/// The version of the document and a warning for the user; see [`ApiVersion::requested`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Requested {
    version: ApiVersion,
    warning: Option<Warning>,
}

impl Requested {
    /// Returns the version of the document.
    #[must_use]
    pub const fn version(self) -> ApiVersion {
        self.version
    }

    /// Returns the warning to print to standard error, if any.
    #[must_use]
    pub const fn warning(self) -> Option<Warning> {
        self.warning
    }
}

/// A problem with the requested version.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// The kubeconfig asks for `v1alpha1`.
    Deprecated,
    /// `KUBERNETES_EXEC_INFO` is not a JSON object.
    Malformed,
    /// `KUBERNETES_EXEC_INFO` names an unknown version, or no version.
    UnknownVersion,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Deprecated => {
                "the kubeconfig asks for client.authentication.k8s.io/v1alpha1, which is deprecated; \
                 write v1 in its `exec` section"
            }
            Self::Malformed => {
                "KUBERNETES_EXEC_INFO is not a JSON object, which is a fault of the Kubernetes client; \
                 using client.authentication.k8s.io/v1beta1"
            }
            Self::UnknownVersion => {
                "KUBERNETES_EXEC_INFO names no known apiVersion; \
                 using client.authentication.k8s.io/v1beta1"
            }
        })
    }
}

/// The document: a token, and the time at which kubectl should request another.
pub struct ExecCredential<'a> {
    version: ApiVersion,
    token: &'a Token<'a>,
    expiration_timestamp: &'a str,
}

impl<'a> ExecCredential<'a> {
    /// Builds a document. The time is RFC 3339 in UTC. For credentials that outlive the token, it is 14
    /// minutes after signing, one minute before the token expires.
    #[must_use]
    pub const fn new(
        version: ApiVersion,
        token: &'a Token<'a>,
        expiration_timestamp: &'a str,
    ) -> Self {
        Self {
            version,
            token,
            expiration_timestamp,
        }
    }

    /// Writes the document as awscli does: the same order of fields, an indentation of four spaces, a
    /// final line break.
    ///
    /// # Errors
    ///
    /// Only errors of `out`.
    pub fn write_json(&self, mut out: impl io::Write) -> io::Result<()> {
        let document = Document {
            kind: "ExecCredential",
            api_version: self.version.as_str(),
            spec: Spec {},
            status: Status {
                expiration_timestamp: self.expiration_timestamp,
                token: self.token.expose(),
            },
        };
        let formatter = PrettyFormatter::with_indent(b"    ");
        document.serialize(&mut Serializer::with_formatter(&mut out, formatter))?;
        out.write_all(b"\n")
    }
}

impl fmt::Debug for ExecCredential<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExecCredential")
            .field("version", &self.version)
            .field("token", self.token)
            .field("expiration_timestamp", &self.expiration_timestamp)
            .finish()
    }
}

/// The serialized form. It is a separate type, so that [`ExecCredential`] is not serialized by
/// accident.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    kind: &'a str,
    api_version: &'a str,
    spec: Spec,
    status: Status<'a>,
}

/// An empty object, as awscli writes it.
#[derive(Serialize)]
struct Spec {}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Status<'a> {
    expiration_timestamp: &'a str,
    token: &'a str,
}
