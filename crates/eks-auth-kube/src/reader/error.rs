//! Why a cluster could not be read.

use std::error::Error as StdError;

use kube::client::AuthError;
use printable_text::{Causes, Printable};
use thiserror::Error;

/// How much of a message of the API server is kept, in characters: 500. Our choice: the longest known message, of a
/// forbidden request, is half as long.
const MAX_MESSAGE: usize = 500;

/// Why a cluster could not be read. Messages of the API server are shortened, and escaped for one
/// line.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum ReadError {
    /// The API server answered with an error: 401 if it does not know the client, 403 if the client may not read the
    /// resource.
    #[error("{resource}: the API server answers {status}: {message}")]
    Refused {
        /// The resource, such as `clusterroles`.
        resource: &'static str,
        /// The HTTP status.
        status: u16,
        /// The message of the API server. Empty if it has none.
        message: String,
    },
    /// There is no answer.
    #[error("{resource}: the API server cannot be reached: {why}")]
    Unreachable {
        /// The resource.
        resource: &'static str,
        /// The cause, such as `tcp connect error: Connection refused`.
        why: String,
    },
    /// The client has no token to send, so the API server was not asked.
    #[error("{resource}: no token for the API server: {why}")]
    NoToken {
        /// The resource.
        resource: &'static str,
        /// The cause, such as `no AWS credentials`.
        why: String,
    },
    /// The answer does not come from an API server.
    #[error("{resource}: the answer is not that of an API server")]
    Malformed {
        /// The resource.
        resource: &'static str,
    },
    /// An answer is longer than 256 MiB.
    #[error("{resource}: an answer is too long")]
    TooLarge {
        /// The resource.
        resource: &'static str,
    },
    /// There are more than [`MAX_OBJECTS`](super::MAX_OBJECTS) objects.
    #[error("{resource}: there are more than {} objects", super::MAX_OBJECTS)]
    TooMany {
        /// The resource.
        resource: &'static str,
    },
    /// The list was read several times from the start, and each time the API server had forgotten
    /// its next page.
    #[error("{resource}: the list does not end before the API server forgets it")]
    Changing {
        /// The resource.
        resource: &'static str,
    },
}

impl ReadError {
    /// Returns the resource that was read when the error occurred.
    #[must_use]
    pub const fn resource(&self) -> &'static str {
        match self {
            Self::Refused { resource, .. }
            | Self::Unreachable { resource, .. }
            | Self::NoToken { resource, .. }
            | Self::Malformed { resource }
            | Self::TooLarge { resource }
            | Self::TooMany { resource }
            | Self::Changing { resource } => resource,
        }
    }
}

/// Converts an error of the client: it had no token to send, or the API server did not answer.
pub(super) fn of_client(resource: &'static str, error: &kube::Error) -> ReadError {
    let inner: &(dyn StdError + 'static) = match error {
        kube::Error::Service(inner) => inner.as_ref(),
        _ => error,
    };
    if let Some(why) = without_token(inner) {
        return ReadError::NoToken { resource, why };
    }
    // The error of hyper has only the step that failed, such as `client error (Connect)`.
    let cause = inner.source().unwrap_or(inner);
    ReadError::Unreachable {
        resource,
        why: Causes::new(cause).to_string(),
    }
}

/// Returns why there is no token. `None` if the error has another cause.
fn without_token(error: &(dyn StdError + 'static)) -> Option<String> {
    #[cfg(feature = "token-source")]
    if let Some(error) = error.downcast_ref::<eks_mint::MintError>() {
        // Its message leaves out the parts of the provider's error that may be secret.
        return Some(Printable::new(&error.to_string()).to_string());
    }
    let error = match error.downcast_ref() {
        Some(kube::Error::Auth(error)) => error,
        _ => error.downcast_ref::<AuthError>()?,
    };
    // The messages of these errors contain the output of the command, which may contain the token.
    Some(match error {
        AuthError::AuthExecRun { out, .. } => {
            format!("the command for it failed with {}", out.status)
        }
        AuthError::AuthExecParse(_) => {
            "the command for it did not print an ExecCredential".to_owned()
        }
        _ => Causes::new(error).to_string(),
    })
}

/// Shortens a text, and escapes it for one line.
pub(super) fn shorten(text: &str) -> String {
    let start: String = text.chars().take(MAX_MESSAGE).collect();
    Printable::new(&start).to_string()
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use kube::config::{AuthInfo, ExecConfig};
    use kube::{Client, Config};
    use serde_json::json;

    use super::of_client;

    /// Returns the error of a client whose command for the token is this script of a shell.
    fn error_of(script: &str) -> kube::Error {
        let exec: ExecConfig = serde_json::from_value(json!({
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": "sh",
            "args": ["-c", script],
            "interactiveMode": "Never",
        }))
        .expect("a command");
        let mut config = Config::new(http::Uri::from_static("http://127.0.0.1:1"));
        config.auth_info = AuthInfo {
            exec: Some(exec),
            ..AuthInfo::default()
        };
        Client::try_from(config).err().expect("an error")
    }

    #[tokio::test]
    async fn no_output_of_a_command_is_shown() {
        for (script, why) in [
            (
                "echo k8s-aws-v1.SECRET; exit 7",
                "the command for it failed with exit status: 7",
            ),
            (
                "echo k8s-aws-v1.SECRET >&2; exit 7",
                "the command for it failed with exit status: 7",
            ),
            (
                "echo '\"k8s-aws-v1.SECRET\"'",
                "the command for it did not print an ExecCredential",
            ),
            (
                "echo '{\"kind\": \"ExecCredential\", \"status\": \"k8s-aws-v1.SECRET\"}'",
                "the command for it did not print an ExecCredential",
            ),
        ] {
            let error = error_of(script);
            let text = of_client("version", &error).to_string();
            let want = format!("version: no token for the API server: {why}");
            assert_eq!(text, want, "{script}");
            // As it comes from a request.
            let error = kube::Error::Service(Box::new(error));
            assert_eq!(of_client("version", &error).to_string(), want, "{script}");
        }
    }
}
